// TLS decrypted by tshark, a process of its own: what it gives are the octets in the TLS records, as frames of pcapng.
#pragma once
#include <memory>

#include "pcap/source.hpp"

namespace pcap {

/// The output of tshark on the capture at `path`. Throws CaptureError where tshark or the keylog file is missing, and
/// in read() where tshark stands still or fails. It is ended with the source.
std::unique_ptr<Source> decrypted_by_tshark(const std::string& path, const Options& options);

}  // namespace pcap
