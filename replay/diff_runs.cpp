#include "replay/diff_runs.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace replay {
namespace {

using nlohmann::json;

mqtt::Type type_of(const std::string& word) {
    for (int t = 1; t < 16; ++t)
        if (mqtt::name(mqtt::Type(t)) == word) return mqtt::Type(t);
    return {};
}

/// Of captured packets their place; of others what they say. Their connection and topic go before.
using Key = std::tuple<std::string, std::size_t, std::string, std::string, std::string>;
Key key_of(const Answer& a) {
    std::string content;
    if (a.step == 0 && !a.actual.empty()) {
        auto j = json::parse(a.actual, nullptr, false);
        if (j.is_object() && j.contains("payload")) content = object_text(j["payload"]);
    }
    return {a.session, a.step, a.type, a.topic, content};
}

Answer compared(const Answer* before, const Answer* after, const Rules& rules) {
    Answer out = after ? *after : *before;
    const bool came_before = before && !before->actual.empty(), came_now = after && !after->actual.empty();
    out.expected = before ? before->actual : "";
    out.actual = after ? after->actual : "";
    out.expected_text = out.expected;
    out.actual_text = out.actual;
    out.fields.clear();
    out.verdict = Verdict::match;
    if (came_before && came_now && out.type != "CLOSE") {
        auto difference = compare(type_of(out.type), json::parse(out.expected), json::parse(out.actual), rules);
        out.fields = std::move(difference.fields);
        if (!difference.choice.empty()) out.choice = std::move(difference.choice);
        if (!out.fields.empty()) out.verdict = Verdict::changed;
    }
    if (came_before && !came_now) out.verdict = Verdict::missing;
    if (!came_before && came_now) out.verdict = Verdict::unexpected;
    const bool either_unknown =
        (before && before->verdict == Verdict::inconclusive) || (after && after->verdict == Verdict::inconclusive);
    const bool explained = (!came_before || !came_now) && !out.choice.empty();
    if (is_difference(out.verdict) && explained) out.verdict = Verdict::match;
    if (is_difference(out.verdict) && either_unknown) out.verdict = Verdict::inconclusive;
    if (!is_judged(type_of(out.type), rules)) out.verdict = Verdict::inconclusive, out.reason = "not judged";
    return out;
}

}  // namespace

Result diff_runs(const Result& before, const Result& after, const Rules& rules) {
    std::multimap<Key, const Answer*> known;
    for (const auto& a : before.answers) known.emplace(key_of(a), &a);
    Result out;
    out.source = before.target_url;
    out.target_url = after.target_url;
    out.diff = name(rules.diff);
    out.started = std::chrono::system_clock::now();
    for (const auto& a : after.answers) {
        const auto at = known.find(key_of(a));
        out.answers.push_back(compared(at == known.end() ? nullptr : at->second, &a, rules));
        if (at != known.end()) known.erase(at);
    }
    for (const auto& [key, a] : known) out.answers.push_back(compared(a, nullptr, rules));
    return out;
}

}  // namespace replay
