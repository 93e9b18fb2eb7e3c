// What people read: every finding with its evidence, then a table of counts.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/statement_results.hpp"
#include "conformance/reports/text.hpp"

namespace conformance {
namespace {

constexpr const char *red = "31;1", *yellow = "33", *green = "32", *faint = "2", *bold = "1";

class Writer {
public:
    Writer(const RunResult& run, const Judged& judged, const TerminalStyle& style)
        : run_(run), judged_(judged), style_(style) {}
    std::string write();

private:
    std::string paint(const std::string& text, const char* how) const {
        return style_.colour ? fmt::format("\033[{}m{}\033[0m", how, text) : text;
    }
    void line(const std::string& text) { out_ += text + "\n"; }
    void field(const char* name, const std::string& text) { line(fmt::format("  {:<9} {}", name, text)); }
    void finding(const CaseResult&);
    void demands(const CaseResult&);
    void packets(const CaseResult&);
    void brief(const CaseResult&, const char* colour, const std::string& note = "");
    void lesser();
    void against_baseline();
    void table();
    void closing();

    const RunResult& run_;
    const Judged& judged_;
    const TerminalStyle& style_;
    std::string out_;
};

std::string title(const CaseResult& c) {
    std::string ids;
    for (const auto& id : c.statements) ids += (ids.empty() ? "" : ", ") + id;
    return fmt::format("{}  (MQTT {}: {})", c.name, mqtt::name(c.protocol), ids);
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (auto& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

void Writer::demands(const CaseResult& c) {
    for (const auto& id : c.statements)
        if (const Statement* s = find_statement(id, c.protocol))
            field("demanded", fmt::format("{} {} [{}, section {}]", id, s->summary, s->severity, s->section));
}

void Writer::packets(const CaseResult& c) {
    if (c.ladder.empty()) return;
    const std::size_t shown = style_.verbose ? c.ladder.size() : std::min(style_.packets, c.ladder.size());
    field("packets", shown == c.ladder.size() ? counted(shown, "line")
                                              : fmt::format("the last {} of {} lines", shown, c.ladder.size()));
    for (std::size_t i = c.ladder.size() - shown; i < c.ladder.size(); ++i)
        line("    " + paint(printable(c.ladder[i]), faint));
}

void Writer::finding(const CaseResult& c) {
    line(paint(upper(name(c.verdict)), c.verdict == Verdict::warn ? yellow : red) + " " + paint(title(c), bold));
    line("  " + printable(c.title));
    demands(c);
    if (!c.message.empty()) field("found", printable(c.message));
    if (!c.expected.empty()) field("expected", printable(c.expected));
    if (!c.actual.empty()) field("actual", printable(c.actual));
    packets(c);
    if (!c.evidence.empty()) field("evidence", printable(c.evidence));
    field("again", fmt::format("{} -V {} --only {}", style_.again, mqtt::name(c.protocol), shell_quoted(c.name)));
    line("");
}

void Writer::brief(const CaseResult& c, const char* colour, const std::string& note) {
    const std::string& text = note.empty() ? c.message : note;
    line(paint(fmt::format("{:<5}", name(c.verdict)), colour) +
         fmt::format(" {} ({}): {}", c.name, mqtt::name(c.protocol), printable(text)));
}

/// One line each for what is no finding: warns always, the rest with --verbose.
void Writer::lesser() {
    const auto before = out_.size();
    for (const auto& c : run_.cases) {
        const bool finding = std::find(judged_.news.begin(), judged_.news.end(), &c) != judged_.news.end();
        const bool expected =
            std::any_of(judged_.expected.begin(), judged_.expected.end(), [&](const auto& e) { return e.first == &c; });
        if (finding || expected || c.verdict == Verdict::error) continue;
        if (c.verdict == Verdict::warn)
            brief(c, yellow);
        else if (style_.verbose)
            brief(c, c.verdict == Verdict::pass ? green : faint);
    }
    if (out_.size() != before) line("");
}

void Writer::against_baseline() {
    const auto before = out_.size();
    if (style_.verbose)
        for (const auto& [c, e] : judged_.expected) brief(*c, faint, "expected: " + e->reason);
    for (const Expected* e : judged_.gone)
        line(paint("gone ", green) + fmt::format(" {} ({}): the baseline expects {}, and it did not come ({})", e->name,
                                                 mqtt::name(e->protocol), name(e->verdict), printable(e->reason)));
    if (out_.size() != before) line("");
}

void Writer::table() {
    std::string head = fmt::format("{:<9}", "MQTT");
    for (const auto verdict : verdict_names) head += fmt::format("{:>12}", verdict);
    line(paint(head, bold));
    for (const auto v : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
        const Counts n = count(run_.cases, v);
        if (std::all_of(n.begin(), n.end(), [](auto k) { return k == 0; })) continue;
        std::string row = fmt::format("{:<9}", mqtt::name(v));
        for (std::size_t i = 0; i < n.size(); ++i) {
            const bool bad = n[i] && (i == std::size_t(Verdict::fail) || i == std::size_t(Verdict::error));
            row += paint(fmt::format("{:>12}", n[i]), bad ? red : n[i] ? "0" : faint);
        }
        line(row);
    }
}

void Writer::closing() {
    const auto all = statement_results(run_);
    const auto tested = std::count_if(all.begin(), all.end(), [](const auto& s) { return s.verdict.has_value(); });
    line(fmt::format("{} in {:.1f} s, {} of {} statements judged, seed {}, {}{}", counted(run_.cases.size(), "case"),
                     run_.duration_s, tested, all.size(), run_.seed, printable(run_.target_url),
                     run_.target_name.empty() ? "" : " (" + printable(run_.target_name) + ")"));
    if (!judged_.expected.empty()) line(counted(judged_.expected.size(), "expected finding") + " (baseline)");
    if (const Counts n = count(run_.cases); n[std::size_t(Verdict::pass)] == 0) line(paint("no case passed", red));
    if (const auto why = incomplete(run_); !why.empty()) line(paint("INCOMPLETE ", red) + printable(why));
}

std::string Writer::write() {
    for (const auto& c : run_.cases)
        if (c.verdict == Verdict::error) finding(c);
    for (const CaseResult* c : judged_.news) finding(*c);
    if (!style_.quiet) lesser();
    against_baseline();
    if (!style_.quiet) table(), closing();
    return std::move(out_);
}

}  // namespace

std::string terminal_report(const RunResult& run, const Judged& judged, const TerminalStyle& style) {
    return Writer(run, judged, style).write();
}

}  // namespace conformance
