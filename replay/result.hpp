// What a replay came to: a verdict for every packet of the server. Plain values, owned strings.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace replay {

enum class Verdict : std::uint8_t { match, changed, missing, unexpected, late, inconclusive };
inline constexpr std::array<std::string_view, 6> verdict_names{"match",      "changed", "missing",
                                                               "unexpected", "late",    "inconclusive"};
constexpr std::string_view name(Verdict v) { return verdict_names[static_cast<std::size_t>(v)]; }
constexpr bool is_difference(Verdict v) { return v != Verdict::match && v != Verdict::inconclusive; }

/// One packet of the server, captured, received, or both; or the end of a connection, of type "CLOSE".
struct Answer {
    std::string session;   // as the capture names the connection
    std::string client;    // its client id there
    std::size_t step = 0;  // of the scenario, from 1; 0: was not captured
    std::string type, topic;
    Verdict verdict = Verdict::match;
    std::vector<std::string> fields;         // that changed
    std::string expected, actual;            // JSON objects of the fields; empty: none
    std::string expected_text, actual_text;  // one line each, of what is no match
    std::string choice;                      // the free choice of servers that explains a difference
    std::string reason;                      // for people
    double late_s = 0;                       // after it was given up
    std::vector<std::string> ladder;         // the last packets of the connection, of differences
};

/// What was not sent, and why.
struct Skipped {
    std::string session;
    std::size_t step = 0;  // 0: the whole session
    std::string what, why;
};

struct Result {
    std::string source, target_url;  // secrets masked
    std::string diff = "semantic";
    std::uint64_t sent = 0;  // packets of the captured clients
    std::chrono::system_clock::time_point started{};
    double duration_s = 0;
    std::vector<Answer> answers;  // in the order of the capture, unexpected ones where they came
    std::vector<Skipped> skipped;
    bool interrupted = false;
    std::string lost;  // why the target was lost midway
};

using Counts = std::array<std::size_t, verdict_names.size()>;
inline Counts count(const std::vector<Answer>& answers) {
    Counts counts{};
    for (const auto& a : answers) ++counts[static_cast<std::size_t>(a.verdict)];
    return counts;
}

}  // namespace replay
