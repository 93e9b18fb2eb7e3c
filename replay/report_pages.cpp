// Results for CI servers and for people: JUnit, Markdown, HTML.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "conformance/reports/text.hpp"
#include "replay/reports.hpp"

namespace replay {
namespace {

using conformance::printable;

void set(pugi::xml_node node, const char* key, const std::string& value) { node.append_attribute(key) = value.c_str(); }

std::string place(const Answer& a) {
    return printable(a.type + (a.topic.empty() ? "" : " " + a.topic)) +
           (a.step ? fmt::format(", step {}", a.step) : "");
}
std::string headline(const Answer& a) {
    return fmt::format("{}: {}{}", name(a.verdict), place(a),
                       a.fields.empty() ? "" : ": " + printable(joined(a.fields)));
}
std::string evidence(const Answer& a) {
    std::string out = headline(a) + "\n";
    for (const auto& [key, value] : {std::pair("expected", &a.expected_text), std::pair("actual", &a.actual_text),
                                     std::pair("choice", &a.choice), std::pair("because", &a.reason)})
        if (!value->empty()) out += fmt::format("{}: {}\n", key, printable(*value));
    for (const auto& line : a.ladder) out += printable(line) + "\n";
    return out;
}

const Expected* expected_as(const Judged& judged, const Answer* a) {
    for (const auto& [answer, entry] : judged.expected)
        if (answer == a) return entry;
    return nullptr;
}

using Sessions = std::map<std::string, std::vector<const Answer*>>;
Sessions by_session(const Result& r) {
    Sessions out;
    for (const auto& a : r.answers) out[a.session].push_back(&a);
    return out;
}

/// How many failures.
std::size_t add_session(pugi::xml_node suite, const std::vector<const Answer*>& answers, const Judged& judged) {
    auto test = suite.append_child("testcase");
    set(test, "classname", "replay." + printable(answers.front()->client));
    set(test, "name", printable(answers.front()->session));
    std::string expected;
    std::size_t failures = 0;
    for (const auto* a : answers) {
        if (!is_difference(a->verdict)) continue;
        if (const auto* e = expected_as(judged, a)) {
            expected += headline(*a) + ": expected: " + printable(e->reason) + "\n";
            continue;
        }
        ++failures;
        auto node = test.append_child("failure");
        set(node, "message", headline(*a));
        set(node, "type", std::string(name(a->verdict)));
        node.text() = evidence(*a).c_str();
    }
    if (!expected.empty()) test.append_child("system-out").text() = expected.c_str();
    return failures != 0;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : printable(text)) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

/// For a cell of a table.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : escaped(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

std::string counts_line(const Result& r) {
    const auto counts = count(r.answers);
    std::string out;
    for (std::size_t i = 0; i < counts.size(); ++i)
        out += fmt::format("{}{} {}", i ? ", " : "", counts[i], verdict_names[i]);
    return out;
}

std::string incomplete(const Result& r) {
    if (r.interrupted) return "interrupted: only what came by then is reported";
    return r.lost.empty() ? "" : "the target was lost: " + r.lost;
}

}  // namespace

std::string junit_report(const Result& r, const Judged& judged) {
    pugi::xml_document doc;
    auto declaration = doc.append_child(pugi::node_declaration);
    set(declaration, "version", "1.0");
    set(declaration, "encoding", "UTF-8");
    auto suites = doc.append_child("testsuites");
    set(suites, "name", "mqttspec replay " + printable(r.target_url));
    auto suite = suites.append_child("testsuite");
    std::size_t failures = 0, tests = 0, errors = 0;
    for (const auto& [name, answers] : by_session(r)) failures += add_session(suite, answers, judged), ++tests;
    if (const auto why = incomplete(r); !why.empty()) {
        auto test = suite.append_child("testcase");
        set(test, "classname", "replay");
        set(test, "name", "complete");
        set(test.append_child("error"), "message", printable(why));
        ++tests, ++errors;
    }
    set(suite, "name", printable(r.source));
    set(suite, "tests", std::to_string(tests));
    set(suite, "failures", std::to_string(failures));
    set(suite, "errors", std::to_string(errors));
    set(suite, "time", fmt::format("{:.3f}", r.duration_s));
    set(suite, "timestamp", conformance::iso_time(r.started).substr(0, 19));
    std::ostringstream out;
    doc.save(out, "  ");
    return out.str();
}

std::string markdown_report(const Result& r, const Judged& judged) {
    std::string out =
        fmt::format("# Replay of {} against {}\n\n{}\n", escaped(r.source), escaped(r.target_url), counts_line(r));
    if (const auto why = incomplete(r); !why.empty()) out += "\n**Not whole:** " + escaped(why) + "\n";
    if (judged.news.empty()) return out + "\nNo difference that is not expected.\n";
    out += "\n| verdict | client | packet | changed | expected | actual | choice |\n|---|---|---|---|---|---|---|\n";
    for (const auto* a : judged.news)
        out += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", name(a->verdict), cell(a->client), cell(place(*a)),
                           cell(joined(a->fields)), cell(a->expected_text), cell(a->actual_text), cell(a->choice));
    return out;
}

std::string html_report(const Result& r, const Judged& judged) {
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Replay of "
        "{0}</title>\n<style>body{{font-"
        "family:sans-serif;margin:2em}}td,th{{text-align:left;vertical-align:top;padding:.2em .6em;border-bottom:1px "
        "solid "
        "#ccc}}pre{{margin:0;white-space:pre-wrap}}.match{{color:#060}}.changed,.missing,.unexpected,.late{{color:#a00}"
        "}"
        "</style></head>\n<body><h1>Replay of {0}</h1>\n<p>against {1}, {2}</p>\n<p>{3}</p>\n",
        escaped(r.source), escaped(r.target_url), conformance::iso_time(r.started), counts_line(r));
    if (const auto why = incomplete(r); !why.empty()) out += "<p><b>Not whole:</b> " + escaped(why) + "</p>\n";
    out += "<table><tr><th>verdict</th><th>client</th><th>packet</th><th>evidence</th></tr>\n";
    for (const auto& a : r.answers) {
        if (!is_difference(a.verdict) && a.choice.empty()) continue;
        const auto* e = expected_as(judged, &a);
        out += fmt::format(
            "<tr><td class=\"{0}\">{0}{1}</td><td>{2}</td><td>{3}</td><td><pre>{4}</pre></td></tr>\n", name(a.verdict),
            e ? " (expected: " + escaped(e->reason) + ")" : "", escaped(a.client), escaped(place(a)),
            escaped(a.fields.empty() ? "" : joined(a.fields)) + "\n" + [&] {
                std::string text;
                std::istringstream lines(evidence(a));
                for (std::string line; std::getline(lines, line);) text += escaped(line) + "\n";
                return text;
            }());
    }
    return out + "</table></body></html>\n";
}

}  // namespace replay
