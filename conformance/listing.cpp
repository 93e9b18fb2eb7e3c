#include "conformance/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/patterns.hpp"
#include "conformance/run_options.hpp"

namespace conformance {
namespace {

constexpr mqtt::Version both[] = {mqtt::Version::v3_1_1, mqtt::Version::v5};

bool names(const std::vector<std::string_view>& ids, std::string_view id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

StatementEntry entry_of(const Statement& s, const Catalogue& catalogue) {
    StatementEntry e{&s, {}, {}, State::planned, "no row in corpus/statements/excuses.tsv"};
    for (const auto& c : catalogue.cases)
        if (names(c.statements(s.protocol), s.id)) e.cases.push_back(c.name);
    for (const auto& v : catalogue.violations)
        if (v.statements.in(s.protocol) == s.id) e.violations.push_back(v.id);
    if (!e.cases.empty()) {
        e.state = State::covered;
        e.reason = {};
    } else if (const Excuse* excuse = find_excuse(s.id, s.protocol)) {
        e.state = excuse->planned ? State::planned : State::excused;
        e.reason = excuse->reason;
    }
    return e;
}

// ---- text --------------------------------------------------------------------------------------------------------

std::string joined(const std::vector<std::string_view>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string explain_statement(const StatementEntry& e) {
    const Statement& s = *e.statement;
    std::string out =
        fmt::format("{}  MQTT {}, section {}\n  demands   {} [{}; binds {}; testable: {}]\n  observed  {}\n", s.id,
                    mqtt::name(s.protocol), s.section, s.summary, s.severity, s.obliged, s.testable, s.how);
    out += fmt::format("  state     {}{}\n", name(e.state), e.reason.empty() ? "" : ": " + std::string(e.reason));
    for (const auto c : e.cases) out += fmt::format("  case      {}\n", c);
    for (const auto v : e.violations) out += fmt::format("  violation {}\n", v);
    return out + "\n";
}

std::string demands(const std::vector<std::string_view>& ids, mqtt::Version v) {
    std::string out;
    for (const auto id : ids)
        if (const Statement* s = find_statement(id, v))
            out += fmt::format("  {:<9} {} {}\n            observed: {}\n", "MQTT " + std::string(mqtt::name(v)), id,
                               s->summary, s->how);
    return out;
}

std::string explain_case(const CaseInfo& c, const Catalogue& catalogue) {
    std::string out = fmt::format("{}\n  {}\n", c.name, c.title);
    for (const auto v : both) out += demands(c.statements(v), v);
    if (!c.needs.empty()) out += "  needs     " + joined(c.needs) + "\n";
    for (const auto& violation : catalogue.violations)
        if (names(c.v3_1_1, violation.statements.v3_1_1) || names(c.v5, violation.statements.v5))
            out += fmt::format("  violation {}: {}\n", violation.id, violation.effect);
    return out;
}

std::string explain_violation(const ViolationInfo& violation, const Catalogue& catalogue) {
    std::string out = fmt::format("{}\n  {}\n", violation.id, violation.effect);
    for (const auto v : both) {
        const auto id = violation.statements.in(v);
        if (id.empty()) continue;
        out += demands({id}, v);
        for (const auto& c : catalogue.cases)
            if (names(c.statements(v), id)) out += fmt::format("  case      {}\n", c.name);
    }
    return out + fmt::format("  try       mqttspec broker --violate {}\n", violation.id);
}

[[noreturn]] void unknown(const Catalogue& catalogue, std::string_view id) {
    std::vector<std::string_view> known;
    for (const auto& s : statements()) known.push_back(s.id);
    for (const auto& c : catalogue.cases) known.push_back(c.name);
    for (const auto& v : catalogue.violations) known.push_back(v.id);
    throw UsageError(fmt::format("{}: is no statement, case or violation{}", id, suggestion(id, known)));
}

}  // namespace

Catalogue catalogue() { return {case_table(), reference::violations()}; }

std::vector<StatementEntry> statement_entries(const Catalogue& catalogue) {
    std::vector<StatementEntry> all;
    for (const auto& s : statements()) all.push_back(entry_of(s, catalogue));
    return all;
}

std::string list_text(const Catalogue& catalogue) {
    std::string out;
    mqtt::Version last{};
    std::size_t states[3]{}, all = 0;
    for (const auto& e : statement_entries(catalogue)) {
        const Statement& s = *e.statement;
        if (s.protocol != last) out += fmt::format("MQTT {}\n", mqtt::name(last = s.protocol));
        out += fmt::format("  {:<42} {:<8} {}\n", s.id, name(e.state),
                           e.cases.empty() ? std::string(e.reason) : joined(e.cases));
        ++states[static_cast<std::size_t>(e.state)], ++all;
    }
    out += "cases\n";
    for (const auto& c : catalogue.cases)
        out += fmt::format("  {:<42} {:<8} {}\n", c.name,
                           c.runs_in(both[0]) ? c.runs_in(both[1]) ? "3.1.1 5" : "3.1.1" : "5", c.title);
    return out + fmt::format("{} statements: {} covered, {} planned, {} excused; {} cases; {} violations\n", all,
                             states[0], states[1], states[2], catalogue.cases.size(), catalogue.violations.size());
}

std::string explain(const Catalogue& catalogue, std::string_view id) {
    std::string out;
    for (const auto v : both)
        if (const Statement* s = find_statement(id, v)) out += explain_statement(entry_of(*s, catalogue));
    for (const auto& c : catalogue.cases)
        if (c.name == id) out += explain_case(c, catalogue);
    for (const auto& violation : catalogue.violations)
        if (violation.id == id) out += explain_violation(violation, catalogue);
    if (out.empty()) unknown(catalogue, id);
    return out;
}

}  // namespace conformance
