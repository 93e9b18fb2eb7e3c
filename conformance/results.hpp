// The outcome of a run, a probe and a proof: what the runner fills in and every reporter reads. Plain values, owned strings.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/words.hpp"
#include "conformance/profile.hpp"
#include "conformance/verdict.hpp"

namespace peer {
struct Entry;
}

namespace conformance {

/// One case run once in one protocol version.
struct CaseResult {
    std::string name;  // "connect.second_connect_closes"
    std::string title;
    mqtt::Version protocol{};  // v3_1_1 or v5
    std::string transport = "tcp";
    std::vector<std::string> statements;
    Verdict verdict = Verdict::pass;
    double duration_ms = 0;
    std::string message;              // the reason of anything but a pass, one line
    std::string expected, actual;     // of a failed comparison
    std::vector<std::string> ladder;  // the transcript, a line per packet or event, oldest first
    double begun_s = 0;               // since the start of the run
    std::shared_ptr<const std::vector<peer::Entry>> packets;  // of findings, where they are wanted; secrets masked
    std::string evidence;                                     // the folder of its files; empty: there is none
};

/// What one run of the suite came to.
struct RunResult {
    std::string target_url, target_name;  // secrets masked
    std::uint64_t seed = 0;
    std::chrono::system_clock::time_point started{};
    double duration_s = 0;
    std::vector<CaseResult> cases;         // in the order of the standard, 3.1.1 before 5
    std::string capabilities_json = "{}";  // as probed, one member per version ("3.1.1", "5")
    bool interrupted = false;              // Ctrl-C: exit code 130
    std::string lost;                      // why the target was lost midway, empty if it was not: exit code 3
};

/// One thing probing found out, flat: "version 5" / "maximum_qos" / "2".
struct Finding {
    mqtt::Version protocol{};
    std::string name;   // "receive_maximum"
    std::string value;  // as JSON: 20, true, "text", null
    std::string note;   // for people, may be empty
};

/// What probing came to.
struct ProbeResult {
    std::string target_url, target_name;  // secrets masked
    std::uint64_t seed = 0;
    std::chrono::system_clock::time_point started{};
    double duration_s = 0;
    std::vector<Finding> findings;  // a version's together, in the order 3.1, 3.1.1, 5
    Profile profile;                // what --write-profile writes: as found, to be completed by hand
};

/// One violation, run in one version.
struct ProofRow {
    std::string violation;
    mqtt::Version protocol{};
    std::string statement;
    std::vector<std::string> caught_by;    // cases that name the statement and failed
    std::vector<std::string> also_failed;  // other cases that failed
    bool caught() const { return !caught_by.empty(); }
};
/// One legal choice of style, run in one version: no case may accuse it.
struct Variation {
    std::string id;
    mqtt::Version protocol{};
    std::vector<std::string> accused_by;  // "CASE" or "CASE: why"
};

/// What the proof came to.
struct ProofResult {
    std::uint64_t seed = 0;
    std::chrono::system_clock::time_point started{};
    double duration_s = 0;
    std::vector<ProofRow> rows;
    std::vector<std::string> idle_cases;  // caught nothing at all
    std::vector<Variation> variations;
    std::size_t unexplained = 0;     // violations with more than five in also_failed and no written reason
    std::size_t broken = 0;          // runs that the harness itself failed in
    std::vector<std::string> notes;  // for people: reasons for many also_failed, ...
    bool interrupted = false;
};

}  // namespace conformance
