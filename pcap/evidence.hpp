// The evidence of a finding, as files: a capture, the octets, the transcript, and the command that runs the case again.
#pragma once
#include <string>

#include "conformance/results.hpp"

namespace pcap {

/// A folder that files can be made in; made where it is missing. Throws conformance::UsageError, which names it.
void claim_folder(const std::string& folder);

/// Writes FOLDER/CASE-VERSION[-N]/{packets.pcapng, hex.txt, transcript.txt, again.sh} for each finding whose packets were
/// kept, and notes the folder in it. `again` runs a case again, but for its version and name. Files that are there are
/// replaced. Throws conformance::FileError.
void write_evidence(conformance::RunResult& result, const std::string& folder, const std::string& again);

}  // namespace pcap
