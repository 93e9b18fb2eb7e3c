#include <algorithm>
#include <nlohmann/json.hpp>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/text.hpp"
#include "replay/reports.hpp"

namespace replay {
namespace {

using nlohmann::ordered_json;

std::string text(const std::string& s) { return conformance::printable(s); }

/// An object of fields, or null.
ordered_json fields(const std::string& object) {
    auto j = ordered_json::parse(object, nullptr, false);
    return object.empty() || j.is_discarded() ? ordered_json() : j;
}

ordered_json answer(const Answer& a) {
    return {{"session", text(a.session)},
            {"client", text(a.client)},
            {"step", a.step},
            {"type", a.type},
            {"topic", text(a.topic)},
            {"verdict", name(a.verdict)},
            {"fields", a.fields},
            {"choice", a.choice},
            {"reason", text(a.reason)},
            {"expected", a.verdict == Verdict::match && !a.actual.empty() && a.choice.empty() ? ordered_json()
                                                                                              : fields(a.expected)},
            {"actual", fields(a.actual)}};
}

ordered_json difference(const Answer& a) {
    std::string ladder;
    for (const auto& line : a.ladder) ladder += text(line) + "\n";
    return {{"session", text(a.session)},
            {"client", text(a.client)},
            {"step", a.step},
            {"type", a.type},
            {"topic", text(a.topic)},
            {"verdict", name(a.verdict)},
            {"fields", joined(a.fields)},
            {"expected", text(a.expected_text)},
            {"actual", text(a.actual_text)},
            {"choice", a.choice},
            {"reason", text(a.reason)},
            {"late_s", a.late_s},
            {"packets", ladder}};
}

}  // namespace

std::string json_report(const Result& r) {
    ordered_json out{{"schema", "mqttspec.replay/1"},
                     {"tool", {{"version", conformance::tool().version}, {"commit", conformance::tool().commit}}},
                     {"target", {{"url", text(r.target_url)}, {"name", ""}}},
                     {"source", text(r.source)},
                     {"started", conformance::iso_time(r.started)},
                     {"duration_s", r.duration_s},
                     {"diff", r.diff}};
    const auto counts = count(r.answers);
    ordered_json summary, differences = ordered_json::array(), answers = differences, skipped = differences;
    for (std::size_t i = 0; i < counts.size(); ++i) summary[std::string(verdict_names[i])] = counts[i];
    summary["choices"] = std::count_if(r.answers.begin(), r.answers.end(),
                                       [](const auto& a) { return a.verdict == Verdict::match && !a.choice.empty(); });
    summary["sent"] = r.sent;
    summary["skipped"] = r.skipped.size();
    for (const auto& a : r.answers) {
        if (is_difference(a.verdict)) differences.push_back(difference(a));
        answers.push_back(answer(a));
    }
    for (const auto& s : r.skipped)
        skipped.push_back({{"session", text(s.session)}, {"step", s.step}, {"what", s.what}, {"why", text(s.why)}});
    out["differences"] = std::move(differences);
    out["skipped"] = std::move(skipped);
    out["answers"] = std::move(answers);
    out["summary"] = std::move(summary);
    if (r.interrupted) out["incomplete"] = "interrupted";
    if (!r.lost.empty()) out["incomplete"] = "the target was lost: " + text(r.lost);
    return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result read_report(const std::string& json) {
    const auto j = ordered_json::parse(json, nullptr, false);
    if (!j.is_object() || j.value("schema", "") != "mqttspec.replay/1")
        throw std::runtime_error("is no result of `mqttspec replay --report json=FILE`");
    Result r;
    try {
        r.source = j.at("source");
        r.target_url = j.at("target").at("url");
        r.diff = j.at("diff");
        for (const auto& a : j.at("answers")) {
            Answer& out = r.answers.emplace_back();
            out.session = a.at("session");
            out.client = a.at("client");
            out.step = a.at("step");
            out.type = a.at("type");
            out.topic = a.at("topic");
            out.reason = a.at("reason");
            out.choice = a.at("choice");
            const auto verdict =
                std::find(verdict_names.begin(), verdict_names.end(), a.at("verdict").get<std::string>());
            if (verdict == verdict_names.end()) throw std::runtime_error("has an unknown verdict");
            out.verdict = Verdict(verdict - verdict_names.begin());
            if (!a.at("actual").is_null())
                out.actual = a.at("actual").dump(-1, ' ', false, ordered_json::error_handler_t::replace);
            if (!a.at("expected").is_null())
                out.expected = a.at("expected").dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        }
    } catch (const nlohmann::json::exception& e) {
        throw std::runtime_error(std::string("is damaged: ") + e.what());
    }
    return r;
}

}  // namespace replay
