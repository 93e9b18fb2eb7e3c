// `mqttspec list --json`.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "conformance/listing.hpp"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;
constexpr mqtt::Version both[] = {mqtt::Version::v3_1_1, mqtt::Version::v5};

Json statement_json(const StatementEntry& e) {
    const Statement& s = *e.statement;
    return {{"id", s.id},
            {"protocol", mqtt::name(s.protocol)},
            {"section", s.section},
            {"obliged", s.obliged},
            {"testable", s.testable},
            {"severity", s.severity},
            {"summary", s.summary},
            {"cases", e.cases},
            {"violations", e.violations},
            {"state", name(e.state)},
            {"reason", e.reason}};
}

Json case_json(const CaseInfo& c) {
    Json protocols = Json::array(), covered = Json::object();
    for (const auto v : both) {
        if (c.runs_in(v)) protocols.push_back(mqtt::name(v));
        covered[std::string(mqtt::name(v))] = c.statements(v);
    }
    return {
        {"case", c.name}, {"title", c.title}, {"protocols", protocols}, {"statements", covered}, {"needs", c.needs}};
}

Json violation_json(const ViolationInfo& violation, std::string_view id, const std::vector<mqtt::Version>& in,
                    const Catalogue& catalogue) {
    Json protocols = Json::array(), expected = Json::array();
    for (const auto v : in) protocols.push_back(mqtt::name(v));
    for (const auto& c : catalogue.cases) {
        const auto covers = [&](mqtt::Version v) {
            const auto& ids = c.statements(v);
            return std::find(ids.begin(), ids.end(), id) != ids.end();
        };
        if (std::any_of(in.begin(), in.end(), covers)) expected.push_back(c.name);
    }
    return {{"id", violation.id},
            {"statement", id},
            {"protocols", protocols},
            {"effect", violation.effect},
            {"expected_cases", expected}};
}

/// One row; two where the versions number the demand differently.
void add_violation(Json& list, const ViolationInfo& violation, const Catalogue& catalogue) {
    const auto [old_id, new_id] = violation.statements;
    if (!old_id.empty() && old_id == new_id) {
        list.push_back(violation_json(violation, old_id, {both[0], both[1]}, catalogue));
        return;
    }
    if (!old_id.empty()) list.push_back(violation_json(violation, old_id, {both[0]}, catalogue));
    if (!new_id.empty()) list.push_back(violation_json(violation, new_id, {both[1]}, catalogue));
}

}  // namespace

std::string list_json(const Catalogue& catalogue) {
    Json out{{"statements", Json::array()}, {"cases", Json::array()}, {"violations", Json::array()}};
    for (const auto& e : statement_entries(catalogue)) out["statements"].push_back(statement_json(e));
    for (const auto& c : catalogue.cases) out["cases"].push_back(case_json(c));
    for (const auto& v : catalogue.violations) add_violation(out["violations"], v, catalogue);
    return out.dump(2) + "\n";
}

}  // namespace conformance
