// JUnit XML, as CI servers read it.
#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/statement_results.hpp"
#include "conformance/reports/text.hpp"

namespace conformance {
namespace {

void set(pugi::xml_node node, const char* key, const std::string& value) { node.append_attribute(key) = value.c_str(); }

std::string evidence(const CaseResult& c) {
    std::string out = printable(c.message) + "\n";
    for (const auto& id : c.statements) {
        const Statement* s = find_statement(id, c.protocol);
        out += fmt::format("demanded: {} {}\n", id, s ? s->summary : "");
    }
    if (!c.expected.empty()) out += "expected: " + printable(c.expected) + "\n";
    if (!c.actual.empty()) out += "actual:   " + printable(c.actual) + "\n";
    for (const auto& line : c.ladder) out += printable(line) + "\n";
    return out;
}

/// A child with the message, and everything else as its text.
void add_outcome(pugi::xml_node test, const char* element, const CaseResult& c, const std::string& message) {
    auto node = test.append_child(element);
    set(node, "message", printable(message));
    set(node, "type", std::string(name(c.verdict)));
    node.text() = evidence(c).c_str();
}

const Expected* expected_as(const Judged& judged, const CaseResult& c) {
    for (const auto& [result, entry] : judged.expected)
        if (result == &c) return entry;
    return nullptr;
}

bool is_news(const Judged& judged, const CaseResult& c) {
    return std::find(judged.news.begin(), judged.news.end(), &c) != judged.news.end();
}

void add_case(pugi::xml_node suite, const CaseResult& c, const Judged& judged) {
    auto test = suite.append_child("testcase");
    const auto dot = c.name.find('.');
    set(test, "classname", "mqtt-" + std::string(mqtt::name(c.protocol)) + "." + c.name.substr(0, dot));
    set(test, "name", dot == std::string::npos ? c.name : c.name.substr(dot + 1));
    set(test, "time", fmt::format("{:.3f}", c.duration_ms / 1000));
    if (is_news(judged, c)) return add_outcome(test, "failure", c, c.message);
    if (const Expected* e = expected_as(judged, c)) return add_outcome(test, "skipped", c, "expected: " + e->reason);
    if (c.verdict == Verdict::error) return add_outcome(test, "error", c, c.message);
    if (c.verdict == Verdict::skip || c.verdict == Verdict::unreachable)
        return add_outcome(test, "skipped", c, std::string(name(c.verdict)) + ": " + c.message);
    if (c.verdict != Verdict::pass)
        test.append_child("system-out").text() = (std::string(name(c.verdict)) + ": " + evidence(c)).c_str();
}

void add_incomplete(pugi::xml_node suites, const std::string& why) {
    auto suite = suites.append_child("testsuite");
    set(suite, "name", "run");
    set(suite, "tests", "1");
    set(suite, "errors", "1");
    auto test = suite.append_child("testcase");
    set(test, "classname", "run");
    set(test, "name", "complete");
    set(test.append_child("error"), "message", printable(why));
}

void add_suite(pugi::xml_node suites, const RunResult& run, const Judged& judged, mqtt::Version v) {
    if (std::none_of(run.cases.begin(), run.cases.end(), [v](const auto& c) { return c.protocol == v; })) return;
    auto suite = suites.append_child("testsuite");
    double time = 0;
    for (const auto& c : run.cases)
        if (c.protocol == v) add_case(suite, c, judged), time += c.duration_ms;
    const auto number = [&](const char* element) {
        const auto found = suite.select_nodes((std::string("testcase/") + element).c_str());
        return std::to_string(found.size());
    };
    set(suite, "name", "MQTT " + std::string(mqtt::name(v)));
    set(suite, "tests", std::to_string(suite.select_nodes("testcase").size()));
    set(suite, "failures", number("failure"));
    set(suite, "errors", number("error"));
    set(suite, "skipped", number("skipped"));
    set(suite, "time", fmt::format("{:.3f}", time / 1000));
    set(suite, "timestamp", iso_time(run.started).substr(0, 19));
    set(suite, "hostname", printable(run.target_url));
}

}  // namespace

std::string incomplete(const RunResult& run) {
    if (run.interrupted) return "interrupted: only what had run by then is reported";
    if (!run.lost.empty()) return "the target was lost midway: " + run.lost;
    return {};
}

std::string junit_report(const RunResult& run, const Judged& judged) {
    pugi::xml_document doc;
    auto declaration = doc.append_child(pugi::node_declaration);
    set(declaration, "version", "1.0");
    set(declaration, "encoding", "UTF-8");
    auto suites = doc.append_child("testsuites");
    set(suites, "name", "mqttspec " + printable(run.target_url));
    set(suites, "time", fmt::format("{:.3f}", run.duration_s));
    for (const auto v : {mqtt::Version::v3_1_1, mqtt::Version::v5}) add_suite(suites, run, judged, v);
    if (const auto why = incomplete(run); !why.empty()) add_incomplete(suites, why);
    std::ostringstream out;
    doc.save(out, "  ");
    return out.str();
}

}  // namespace conformance
