// Differences that are expected, with reasons: only news fails, and what is no more is named.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "replay/result.hpp"

namespace replay {

/// One [[expected]] table: the difference by its place in the capture and its kind.
struct Expected {
    std::string session, type, topic, verdict, fields;
    std::size_t step = 0;  // 0: of a packet that was not captured
    std::string reason;
    bool operator==(const Expected&) const = default;
};
using Baseline = std::vector<Expected>;

/// Throws conformance::UsageError with file and line.
Baseline parse_baseline(std::string_view toml, const std::string& path);
std::string print_baseline(const Baseline&);

struct Judged {
    std::vector<const Answer*> news;  // differences that nobody expects
    std::vector<std::pair<const Answer*, const Expected*>> expected;
    std::vector<const Expected*> gone;
};
Judged judge(const Result&, const Baseline&);
/// What the file should say after this replay; known reasons stay.
Baseline updated(const Baseline&, const Result&);

/// "QoS, RETAIN"
std::string joined(const std::vector<std::string>&);
/// 130, 3, 1 or 0; never 0 where nothing matched.
int exit_code(const Result&, const Judged&);

}  // namespace replay
