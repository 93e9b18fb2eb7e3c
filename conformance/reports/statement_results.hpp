// From cases to statements: what a run says about every row of the tables.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/results.hpp"
#include "conformance/statements.hpp"

namespace conformance {

struct StatementResult {
    const Statement* statement;
    std::optional<Verdict> verdict;       // the worst of its cases; none: untested
    std::vector<std::string_view> cases;  // that ran, each once; views into the run
    std::string reason;                   // of the verdict, or why it is untested
    std::string_view verdict_name() const { return verdict ? name(*verdict) : "untested"; }
};
/// One for each row, in their order.
std::vector<StatementResult> statement_results(const RunResult&);

/// How many cases came to each verdict, in the order of `Verdict`.
using Counts = std::array<std::size_t, verdict_names.size()>;
Counts count(const std::vector<CaseResult>&);
Counts count(const std::vector<CaseResult>&, mqtt::Version);

}  // namespace conformance
