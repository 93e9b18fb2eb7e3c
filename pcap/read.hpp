// Captures from elsewhere than a path: octets that were begun to be read.
#pragma once
#include "pcap/source.hpp"

namespace pcap {

/// As read_capture of a path; `name` is what the lines say. `decrypted`: what tshark makes of it, if it is asked to.
void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener,
                  std::unique_ptr<Source> decrypted = nullptr);

}  // namespace pcap
