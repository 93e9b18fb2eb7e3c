// A capture as a scenario: who sent what, in the capture's order.
#pragma once
#include <string>
#include <vector>

#include "pcap/conversation.hpp"
#include "scenario/scenario.hpp"

namespace replay {

struct Captured {
    scenario::Scenario scenario;
    std::vector<std::string> remarks;  // about the capture: encrypted connections, a cut
};

/// Holds at most `most` octets of packets. Throws pcap::CaptureError.
Captured from_capture(const std::string& path, const pcap::Options& options, std::size_t most = 1u << 30);

}  // namespace replay
