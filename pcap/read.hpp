// Captures from elsewhere than a path: octets that were begun to be read.
#pragma once
#include "pcap/source.hpp"

namespace pcap {

/// As read_capture of a path; `name` is what the lines say. `decrypted`: what tshark makes of it, if it is asked to.
void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener,
                  std::unique_ptr<Source> decrypted = nullptr);

/// What goes over a network interface from now on, as the octets of a pcap file; it ends when `stop` says true, which is
/// asked ten times a second. Throws CaptureError where there is no such interface, or no permission.
std::unique_ptr<Source> open_interface(const std::string& name, std::function<bool()> stop);

}  // namespace pcap
