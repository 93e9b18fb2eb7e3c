// Results as text, in every format there is. Nothing here writes files (file.hpp) or decides exit codes (baseline.hpp).
#pragma once
#include <string>

#include "conformance/baseline.hpp"
#include "conformance/results.hpp"

namespace conformance {

/// What goes into the head of every report.
struct Tool {
    std::string version, commit;
};
const Tool& tool();  // of this build

/// Schema "mqttspec.results/1" (docs/schemas). A run that is not whole has one key more, "incomplete": why.
std::string json_report(const RunResult&);
/// One suite per version. Expected findings are skipped with their reason; a run that is not whole has an error more.
std::string junit_report(const RunResult&, const Judged&);
/// Why the run is not whole; empty: it is.
std::string incomplete(const RunResult&);

struct TerminalStyle {
    bool colour = false, verbose = false, quiet = false;  // quiet: findings, no summary
    std::string again{};       // "mqttspec test mqtt://host:1883": the command that runs a case again, less the case
    std::size_t packets = 12;  // of the ladder, the last ones
};
std::string terminal_report(const RunResult&, const Judged&, const TerminalStyle&);

/// Schema "mqttspec.proof/1".
std::string proof_json(const ProofResult&);
std::string proof_text(const ProofResult&, bool quiet);
/// 130 interrupted, 1 missed, idle or accused, else 0; never 0 where nothing was caught.
int exit_code(const ProofResult&);

/// Schema "mqttspec.probe/1".
std::string probe_json(const ProbeResult&);
std::string probe_text(const ProbeResult&);

}  // namespace conformance
