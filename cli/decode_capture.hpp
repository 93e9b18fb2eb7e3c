// mqttspec decode of captures: packets of every connection, with time, session and side.
#pragma once
#include <string>
#include <vector>

#include "pcap/source.hpp"

namespace cli {

struct CaptureCall {
    std::string file;                // "-": the standard input
    std::string interface{};         // in place of a file
    std::string filter{};            // of the interface
    std::vector<std::string> ports;  // --port-map
    std::string keylog, version;
    std::size_t max_packet = 16u << 20;
    /// For people.
    const std::string& place() const { return interface.empty() ? file : interface; }
    bool json = false, stats = false, verbose = false, quiet = false;
};

/// Tells all of it; the exit code. `first`: what was read of it before. Throws UsageError.
int decode_capture(const CaptureCall& call, std::string first);

}  // namespace cli
