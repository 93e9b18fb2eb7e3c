// The machine-readable reports. Keys are a contract: docs/schemas.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/statement_results.hpp"
#include "conformance/reports/text.hpp"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value) { return std::round(value * 1000) / 1000; }

/// Two spaces of indent; ill-formed UTF-8 cannot make it throw.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json tool_json(std::uint64_t seed) { return {{"version", tool().version}, {"commit", tool().commit}, {"seed", seed}}; }

/// The keys that results, probe and the later formats share.
template <class Result>
Json head(const char* schema, const Result& r) {
    return {{"schema", schema},
            {"tool", tool_json(r.seed)},
            {"target", {{"url", printable(r.target_url)}, {"name", printable(r.target_name)}}},
            {"started", iso_time(r.started)},
            {"duration_s", rounded(r.duration_s)}};
}

Json case_json(const CaseResult& c) {
    return {{"case", c.name},
            {"protocol", mqtt::name(c.protocol)},
            {"transport", c.transport},
            {"statements", c.statements},
            {"verdict", name(c.verdict)},
            {"duration_ms", rounded(c.duration_ms)},
            {"message", printable(c.message)},
            {"expected", printable(c.expected)},
            {"actual", printable(c.actual)},
            {"evidence", printable(c.evidence)}};
}

Json statement_json(const StatementResult& r) {
    return {{"id", r.statement->id},
            {"protocol", mqtt::name(r.statement->protocol)},
            {"verdict", r.verdict_name()},
            {"cases", r.cases},
            {"reason", printable(r.reason)}};
}

Json counts_json(const Counts& n) {
    Json out;
    for (std::size_t i = 0; i < n.size(); ++i) out[std::string(verdict_names[i])] = n[i];
    return out;
}

Json proof_row_json(const ProofRow& r) {
    return {{"violation", r.violation},
            {"protocol", mqtt::name(r.protocol)},
            {"caught_by", r.caught_by},
            {"also_failed", r.also_failed},
            {"verdict", r.caught() ? "caught" : "missed"}};
}

/// The cases alone: for people each has its reason behind a colon.
Json case_names(const std::vector<std::string>& accusations) {
    Json names = Json::array();
    for (const auto& text : accusations) names.push_back(text.substr(0, text.find(':')));
    return names;
}

template <class List, class Predicate>
std::size_t number_of(const List& list, Predicate is) {
    return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), is));
}

}  // namespace

std::string json_report(const RunResult& run) {
    Json out = head("mqttspec.results/1", run);
    out["capabilities"] = Json::parse(run.capabilities_json);
    out["cases"] = Json::array();
    for (const auto& c : run.cases) out["cases"].push_back(case_json(c));
    out["statements"] = Json::array();
    for (const auto& r : statement_results(run)) out["statements"].push_back(statement_json(r));
    out["summary"] = counts_json(count(run.cases));
    if (const auto why = incomplete(run); !why.empty()) out["incomplete"] = printable(why);
    return dump(out);
}

std::string proof_json(const ProofResult& p) {
    Json out{{"schema", "mqttspec.proof/1"},
             {"rows", Json::array()},
             {"idle_cases", p.idle_cases},
             {"variations", Json::array()}};
    for (const auto& r : p.rows) out["rows"].push_back(proof_row_json(r));
    for (const auto& v : p.variations)
        out["variations"].push_back(
            {{"id", v.id}, {"protocol", mqtt::name(v.protocol)}, {"accused_by", case_names(v.accused_by)}});
    const auto caught = number_of(p.rows, [](const auto& r) { return r.caught(); });
    out["summary"] = {{"violations", p.rows.size()},
                      {"caught", caught},
                      {"missed", p.rows.size() - caught},
                      {"idle_cases", p.idle_cases.size()},
                      {"variations", p.variations.size()},
                      {"accused", number_of(p.variations, [](const auto& v) { return !v.accused_by.empty(); })}};
    return dump(out);
}

std::string probe_json(const ProbeResult& p) {
    Json out = head("mqttspec.probe/1", p);
    Json list = Json::array(), spoken = Json::array(), refused = Json::array();
    for (const auto& f : p.findings) {
        list.push_back({{"protocol", mqtt::name(f.protocol)},
                        {"name", f.name},
                        {"value", Json::parse(f.value)},
                        {"note", printable(f.note)}});
        if (f.name == "spoken") (f.value == "true" ? spoken : refused).push_back(mqtt::name(f.protocol));
    }
    out["capabilities"] = std::move(list);
    out["summary"] = {{"spoken", std::move(spoken)}, {"refused", std::move(refused)}};
    return dump(out);
}

}  // namespace conformance
