#include "conformance/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "conformance/reports/text.hpp"
#include "conformance/run_options.hpp"
#include "conformance/toml.hpp"
#include "conformance/versions.hpp"

namespace conformance {
namespace {

std::string required(const TomlFile& entry, const std::string& key) {
    auto value = entry.text(key);
    if (!value || value->empty()) throw UsageError(entry.where() + ": an [[expected]] entry without \"" + key + "\"");
    return *value;
}

Expected read_entry(const TomlFile& entry) {
    Expected e;
    e.name = required(entry, "case");
    const auto protocol = parse_version(required(entry, "protocol"));
    if (!protocol || *protocol == mqtt::Version::v3_1)
        throw UsageError(entry.where() + ": protocol: has to be \"3.1.1\" or \"5\"");
    e.protocol = *protocol;
    const std::string verdict = required(entry, "verdict");
    if (verdict != "fail" && verdict != "warn")
        throw UsageError(entry.where() + ": verdict: has to be \"fail\" or \"warn\"");
    e.verdict = verdict == "fail" ? Verdict::fail : Verdict::warn;
    e.reason = required(entry, "reason");
    entry.refuse_unknown();
    return e;
}

bool same_case(const Expected& e, const CaseResult& c) { return e.name == c.name && e.protocol == c.protocol; }

const Expected* find(const Baseline& baseline, const CaseResult& c) {
    const auto at = std::find_if(baseline.begin(), baseline.end(), [&](const auto& e) { return same_case(e, c); });
    return at == baseline.end() ? nullptr : &*at;
}

/// The worst of the runs of that case; nullptr: it did not run.
const CaseResult* worst_run(const RunResult& run, const Expected& e) {
    const CaseResult* worst = nullptr;
    for (const auto& c : run.cases)
        if (same_case(e, c) && (!worst || badness(c.verdict) > badness(worst->verdict))) worst = &c;
    return worst;
}

bool deviates(Verdict v) { return v == Verdict::fail || v == Verdict::warn; }

Expected entry_for(const CaseResult& c, const Expected* before) {
    return {c.name, c.protocol, c.verdict,
            before ? before->reason : "not looked at yet: " + printable(c.message.empty() ? c.title : c.message)};
}

}  // namespace

Baseline parse_baseline(std::string_view toml, const std::string& path) {
    const TomlFile file(toml, path);
    Baseline all;
    for (const auto& table : file.tables("expected")) {
        Expected e = read_entry(table);
        for (const auto& other : all)
            if (other.name == e.name && other.protocol == e.protocol)
                throw UsageError(table.where() + ": " + e.name + " stands twice for " +
                                 std::string(mqtt::name(e.protocol)));
        all.push_back(std::move(e));
    }
    file.refuse_unknown();
    return all;
}

Baseline read_baseline(const std::string& path) { return parse_baseline(read_file(path), path); }

std::string print_baseline(const Baseline& baseline) {
    std::string out = "# Expected findings, with reasons: `mqttspec test --baseline` fails on others alone.\n";
    for (const auto& e : baseline)
        out += fmt::format("\n[[expected]]\ncase = {}\nprotocol = {}\nverdict = {}\nreason = {}\n", toml_text(e.name),
                           toml_text(mqtt::name(e.protocol)), toml_text(name(e.verdict)), toml_text(e.reason));
    return out;
}

Judged judge(const RunResult& run, const Baseline& baseline, bool strict) {
    Judged out;
    for (const auto& c : run.cases) {
        if (!deviates(c.verdict)) continue;
        const Expected* e = find(baseline, c);
        if (e && badness(c.verdict) <= badness(e->verdict))
            out.expected.emplace_back(&c, e);
        else if (c.verdict == Verdict::fail || strict)
            out.news.push_back(&c);
    }
    for (const auto& e : baseline) {
        const CaseResult* worst = worst_run(run, e);
        const bool judged = worst && worst->verdict != Verdict::error;  // an error says nothing about the broker
        if (judged && badness(worst->verdict) < badness(e.verdict)) out.gone.push_back(&e);
    }
    return out;
}

Baseline updated(const Baseline& before, const RunResult& run) {
    std::map<std::pair<std::string_view, mqtt::Version>, Expected> worst;  // of the cases that ran and deviate
    std::vector<std::pair<std::string_view, mqtt::Version>> order;
    for (const auto& c : run.cases) {
        if (!deviates(c.verdict)) continue;
        const auto key = std::pair(std::string_view(c.name), c.protocol);
        const auto [at, fresh] = worst.try_emplace(key, entry_for(c, find(before, c)));
        if (fresh)
            order.push_back(key);
        else if (badness(c.verdict) > badness(at->second.verdict))
            at->second = entry_for(c, find(before, c));
    }
    Baseline out;
    for (const auto& key : order) out.push_back(worst.at(key));
    for (const auto& e : before)
        if (const CaseResult* ran = worst_run(run, e);
            !ran || (ran->verdict == Verdict::error && !worst.contains({e.name, e.protocol})))
            out.push_back(e);
    return out;
}

int exit_code(const RunResult& run, const Judged& judged) {
    const auto any = [&](Verdict v) {
        return std::any_of(run.cases.begin(), run.cases.end(), [v](const auto& c) { return c.verdict == v; });
    };
    if (run.interrupted) return 130;
    if (!run.lost.empty()) return 3;
    if (any(Verdict::error)) return 4;
    return !judged.news.empty() || !any(Verdict::pass) ? 1 : 0;
}

}  // namespace conformance
