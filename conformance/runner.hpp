// The three things the suite can do. Implemented by runner.cpp, capabilities.cpp and proof.cpp.
#pragma once
#include <cstddef>

#include "conformance/results.hpp"
#include "conformance/run_options.hpp"
#include "net/loop.hpp"

namespace conformance {

/// Told while it goes on, on the thread that called.
class Progress {
public:
    virtual ~Progress() = default;
    virtual void begin(std::size_t total) = 0;                // cases (or violations) to come
    virtual void done(const std::string& what, Verdict) = 0;  // one of them
    virtual void end() = 0;
};

/// What a loop dials; reads the files of TLS. Throws UsageError.
net::Target net_target(const Target&);

/// Runs the selected cases. Throws TargetError where the target cannot be judged at all; a target lost midway is
/// RunResult::lost, with everything that ran before.
RunResult run(const RunOptions&, Progress&);
/// Finds out what the target offers. Throws TargetError where no version is served.
ProbeResult probe(const ProbeOptions&);
/// Runs every violation (and legal variation) of the reference broker in this process, in virtual time.
ProofResult prove(const ProofOptions&, Progress&);

}  // namespace conformance
