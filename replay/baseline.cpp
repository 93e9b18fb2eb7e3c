#include "replay/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conformance/reports/text.hpp"
#include "conformance/run_options.hpp"
#include "conformance/toml.hpp"

namespace replay {
namespace {

using conformance::toml_text;
using conformance::TomlFile;
using conformance::UsageError;

Expected read_entry(const TomlFile& table) {
    const auto text = [&](const char* key) { return table.text(key).value_or(""); };
    Expected e{text("session"), text("type"), text("topic"), text("verdict"), text("fields"), 0, text("reason")};
    e.step = std::size_t(table.number("step", 0, 1'000'000'000).value_or(0));
    for (const auto& [key, value] : {std::pair("session", &e.session), std::pair("type", &e.type),
                                     std::pair("verdict", &e.verdict), std::pair("reason", &e.reason)})
        if (value->empty()) throw UsageError(table.where() + ": an [[expected]] entry without \"" + key + "\"");
    table.refuse_unknown();
    return e;
}

Expected key_of(const Answer& a) {
    return {a.session, a.type, a.topic, std::string(name(a.verdict)), joined(a.fields), a.step, {}};
}
bool same(const Expected& a, const Expected& b) {
    return a.session == b.session && a.step == b.step && a.type == b.type && a.topic == b.topic &&
           a.verdict == b.verdict && a.fields == b.fields;
}

}  // namespace

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& p : parts) out += (out.empty() ? "" : ", ") + p;
    return out;
}

Baseline parse_baseline(std::string_view toml, const std::string& path) {
    const TomlFile file(toml, path);
    Baseline all;
    for (const auto& table : file.tables("expected")) all.push_back(read_entry(table));
    file.refuse_unknown();
    return all;
}

std::string print_baseline(const Baseline& baseline) {
    std::string out = "# Expected differences, with reasons: `mqttspec replay --baseline` fails on others alone.\n";
    for (const auto& e : baseline)
        out += fmt::format(
            "\n[[expected]]\nsession = {}\nstep = {}\ntype = {}\ntopic = {}\nverdict = {}\nfields = {}\nreason = {}\n",
            toml_text(e.session), e.step, toml_text(e.type), toml_text(e.topic), toml_text(e.verdict),
            toml_text(e.fields), toml_text(e.reason));
    return out;
}

Judged judge(const Result& result, const Baseline& baseline) {
    Judged out;
    std::vector<bool> used(baseline.size());
    for (const auto& a : result.answers) {
        if (!is_difference(a.verdict)) continue;
        const auto key = key_of(a);
        std::size_t i = 0;
        while (i < baseline.size() && (used[i] || !same(baseline[i], key))) ++i;
        if (i == baseline.size()) {
            out.news.push_back(&a);
        } else {
            used[i] = true;
            out.expected.emplace_back(&a, &baseline[i]);
        }
    }
    for (std::size_t i = 0; i < baseline.size(); ++i)
        if (!used[i]) out.gone.push_back(&baseline[i]);
    return out;
}

Baseline updated(const Baseline& before, const Result& result) {
    Baseline out, left = before;
    for (const auto& a : result.answers) {
        if (!is_difference(a.verdict)) continue;
        auto e = key_of(a);
        const auto known = std::find_if(left.begin(), left.end(), [&](const auto& b) { return same(b, e); });
        e.reason = known != left.end()
                       ? known->reason
                       : "not looked at yet: " + conformance::printable(a.choice.empty() ? a.reason : a.choice);
        if (known != left.end()) left.erase(known);
        out.push_back(std::move(e));
    }
    return out;
}

int exit_code(const Result& result, const Judged& judged) {
    if (result.interrupted) return 130;
    if (!result.lost.empty()) return 3;
    const auto counts = count(result.answers);
    const bool any_match = counts[std::size_t(Verdict::match)] != 0;
    return !judged.news.empty() || (!any_match && result.diff != "none") ? 1 : 0;
}

}  // namespace replay
