// Findings that are expected, with reasons: only news fails, and what no longer fails is named.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "conformance/results.hpp"

namespace conformance {

/// One [[expected]] table of the file.
struct Expected {
    std::string name;  // of the case
    mqtt::Version protocol{};
    Verdict verdict = Verdict::fail;  // fail or warn
    std::string reason;
    bool operator==(const Expected&) const = default;
};
using Baseline = std::vector<Expected>;

/// Throws UsageError with file and line: a wrong type, a missing key, a key that is none, an entry that stands twice.
Baseline parse_baseline(std::string_view toml, const std::string& path);
Baseline read_baseline(const std::string& path);
std::string print_baseline(const Baseline&);

/// A run held against a baseline. The pointers are into the run and the baseline.
struct Judged {
    std::vector<const CaseResult*> news;                                  // findings that nobody expects
    std::vector<std::pair<const CaseResult*, const Expected*>> expected;  // findings and warns that are expected
    std::vector<const Expected*> gone;  // ran, and never came to that verdict or worse
};
/// A finding is a fail; with `strict` also a warn. An expected fail that has become a warn is expected still; an
/// expected warn that has become a fail is news.
Judged judge(const RunResult&, const Baseline&, bool strict);

/// What the file should say after this run: every fail and warn, with the reason it had; entries of cases that did not
/// run stay. Those without a reason get "not looked at yet: " and the message.
Baseline updated(const Baseline&, const RunResult&);

/// Exit code of a run (design: docs of the command line): 130, 3, 4, 1 or 0; never 0 where no case passed.
int exit_code(const RunResult&, const Judged&);

}  // namespace conformance
