// Captures from elsewhere than a path: octets that were begun to be read.
#pragma once
#include "pcap/source.hpp"

namespace pcap {

/// As read_capture of a path; `name` is what the lines say. `decrypted`: what tshark makes of it, if it is asked to.
void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener,
                  std::unique_ptr<Source> decrypted = nullptr);

/// How to capture from an interface.
struct Interface {
    std::string name;
    std::string filter;          // as pcap-filter(7); empty: all that may hold TCP
    std::function<bool()> stop;  // true ends it; asked ten times a second and more
    /// Told at the end: frames that came, and how many of them were lost for want of room.
    std::function<void(std::uint64_t come, std::uint64_t lost)> count{};
};
/// What goes over a network interface from now on, as the octets of a pcap file. Throws CaptureError where there is no
/// such interface, no permission, or where the filter is none.
std::unique_ptr<Source> open_interface(Interface interface);

}  // namespace pcap
