// What the suite is made of, without running it: `mqttspec list` and `mqttspec explain`.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case_table.hpp"
#include "conformance/statements.hpp"
#include "reference/policy.hpp"

namespace conformance {

using ViolationInfo = reference::Violation;

/// Everything a listing is made of; the program's own, or a test's.
struct Catalogue {
    std::span<const CaseInfo> cases;
    std::span<const ViolationInfo> violations;
};
Catalogue catalogue();

enum class State : std::uint8_t { covered, planned, excused };
constexpr std::string_view name(State s) {
    return s == State::covered ? "covered" : s == State::planned ? "planned" : "excused";
}

/// A statement with everything that refers to it.
struct StatementEntry {
    const Statement* statement;
    std::vector<std::string_view> cases, violations;
    State state;  // covered where a case names it, else as excuses.tsv says; a row it lacks is planned
    std::string_view reason;
};
std::vector<StatementEntry> statement_entries(const Catalogue&);

/// As `mqttspec list --json` prints it (docs/schemas/list.json).
std::string list_json(const Catalogue&);
std::string list_text(const Catalogue&);
/// A statement, a case or a violation in full. Throws UsageError for an id that is none, with what is near.
std::string explain(const Catalogue&, std::string_view id);

}  // namespace conformance
