#include <fmt/format.h>

#include <map>

#include "conformance/reports/text.hpp"
#include "replay/reports.hpp"

namespace replay {
namespace {

using conformance::counted;
using conformance::printable;

void add(std::string& out, const char* key, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {:<9} {}\n", key, printable(value));
}

std::string finding(const Answer& a) {
    std::string out =
        fmt::format("{:<12} {} {} of {}", name(a.verdict), a.type, printable(a.topic), printable(a.client));
    out += a.step ? fmt::format(" (step {}, {})\n", a.step, printable(a.session))
                  : fmt::format(" ({})\n", printable(a.session));
    add(out, "changed", joined(a.fields));
    add(out, "expected", a.expected_text);
    add(out, "actual", a.actual_text);
    if (a.late_s > 0) out += fmt::format("  late      by {:.3f} s\n", a.late_s);
    add(out, "choice", a.choice);
    add(out, "because", a.reason);
    for (const auto& line : a.ladder) out += "    " + printable(line) + "\n";
    return out;
}

/// Reasons and choices, each once, with how often.
std::string counted_reasons(const Result& r, bool choices) {
    std::map<std::string, std::size_t> all;
    for (const auto& a : r.answers) {
        if (choices && a.verdict == Verdict::match && !a.choice.empty())
            ++all[a.choice.substr(0, a.choice.find("; here"))];
        if (!choices && a.verdict == Verdict::inconclusive) ++all[a.reason];
    }
    std::string out;
    for (const auto& [why, n] : all)
        out += fmt::format("  {:>6} {}: {}\n", n, choices ? "choice" : "inconclusive", printable(why));
    return out;
}

std::string skipped(const Result& r) {
    std::map<std::string, std::size_t> all;
    for (const auto& s : r.skipped) ++all[s.what + ": " + s.why];
    std::string out;
    for (const auto& [why, n] : all) out += fmt::format("  {:>6} not sent: {}\n", n, printable(why));
    return out;
}

std::string summary(const Result& r, const Judged& judged) {
    const auto counts = count(r.answers);
    std::string out = fmt::format("{} of clients sent, {} in {:.1f} s:", counted(r.sent, "packet"),
                                  counted(r.answers.size(), "answer"), r.duration_s);
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] || i == 0)
            out += fmt::format(" {} {}{}", counts[i], verdict_names[i], i + 1 < counts.size() ? "" : "");
    out += "\n" + counted_reasons(r, true) + counted_reasons(r, false) + skipped(r);
    if (!judged.expected.empty()) out += fmt::format("  {:>6} expected by the baseline\n", judged.expected.size());
    return out;
}

}  // namespace

std::string text_report(const Result& r, const Judged& judged, const TextStyle& style) {
    std::string out;
    std::size_t shown = 0;
    for (const auto* a : judged.news)
        if (++shown <= style.most || style.verbose) out += finding(*a);
    if (shown > style.most && !style.verbose)
        out += fmt::format("... {} more; --verbose, or --report, has them all\n", shown - style.most);
    if (style.verbose)
        for (const auto& a : r.answers)
            if (!is_difference(a.verdict) && (!a.choice.empty() || a.verdict == Verdict::inconclusive))
                out += finding(a);
    for (const auto* e : judged.gone)
        out += fmt::format("gone         {} {} (step {}): expected by the baseline: {}\n", e->type, printable(e->topic),
                           e->step, printable(e->reason));
    return style.quiet ? out : out + summary(r, judged);
}

std::string inspection(const Plan& plan, const std::vector<std::string>& remarks) {
    struct Row {
        std::size_t sent = 0, skipped = 0, answers = 0, inconclusive = 0, gaps = 0;
        std::map<std::string, std::size_t> reasons{};
    };
    std::vector<Row> rows(plan.connections.size());
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const Item& it = plan.items[i];
        Row& row = rows[plan.scenario->steps[i].session];
        const bool sends = it.role == Role::send || it.role == Role::ack;
        row.sent += sends;
        row.skipped += sends && !it.skip.empty();
        row.answers += it.role == Role::expect;
        row.inconclusive += it.role == Role::expect && (!it.soft.empty() || !it.skip.empty());
        const auto kind = plan.scenario->steps[i].kind;
        row.gaps += kind == scenario::Step::Kind::gap || kind == scenario::Step::Kind::truncated;
        const auto& why = it.skip.empty() ? it.soft : it.skip;
        if (!why.empty() && plan.connections[plan.scenario->steps[i].session].replayed) ++row.reasons[why];
    }
    std::string out;
    std::size_t replayed = 0;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const auto& c = plan.connections[n];
        const auto& s = plan.scenario->sessions[n];
        replayed += c.replayed;
        out += fmt::format("{}  {}  MQTT {}  {} sent, {} answers, {} gaps{}\n", printable(s.name), printable(c.client),
                           mqtt::name(s.version), rows[n].sent, rows[n].answers, rows[n].gaps,
                           c.replayed ? "" : ": not replayed: " + c.why_not);
        for (const auto& [why, count] : rows[n].reasons) out += fmt::format("    {} {}\n", count, printable(why));
    }
    for (const auto& r : remarks) out += "note: " + printable(r) + "\n";
    return out + fmt::format("{}, {} can be replayed\n", counted(rows.size(), "session"), replayed);
}

}  // namespace replay
