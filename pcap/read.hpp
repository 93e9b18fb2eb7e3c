// Captures from elsewhere than a path: octets that were begun to be read.
#pragma once
#include "pcap/source.hpp"

namespace pcap {

/// As read_capture of a path; `name` is what the lines say.
void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener);

}  // namespace pcap
