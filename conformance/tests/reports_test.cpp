#include "conformance/reports/reports.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "conformance/reports/file.hpp"
#include "conformance/reports/statement_results.hpp"
#include "conformance/reports/text.hpp"
#include "conformance/run_options.hpp"
#include "conformance/tests/sample_table.hpp"
#include "conformance/toml.hpp"

namespace conformance {
namespace {

using mqtt::Version;
using nlohmann::json;

RunResult sample_run() {
    RunResult run;
    run.target_url = "mqtt://127.0.0.1:1883";
    run.target_name = "a \x1b[31mbroker";
    run.seed = 17;
    run.started = std::chrono::system_clock::from_time_t(1767225600);
    run.duration_s = 3.25;
    run.capabilities_json = R"({"5": {"spoken": true}})";
    run.cases = {sample_result("connect.alpha", Version::v3_1_1, Verdict::pass),
                 sample_result("connect.alpha", Version::v5, Verdict::fail),
                 sample_result("connect.delta", Version::v5, Verdict::warn),
                 sample_result("connect.beta", Version::v5, Verdict::skip, "MQTT-3.1.4-1")};
    run.cases[1].message = "no close \xff\x01 came";
    run.cases[1].expected = "<closed>";
    run.cases[1].actual = "PINGRESP & \"more\"";
    for (int i = 0; i < 20; ++i) run.cases[1].ladder.push_back("packet line " + std::to_string(i) + ".");
    return run;
}

TEST(Text, IsHarmless) {
    EXPECT_EQ(printable("a\x1b\n\xff\xc3\xa9\xc0\x80"), "a\\x1B\\x0A\\xFF\xc3\xa9\\xC0\\x80");
    EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xaex\xc2\xa0"), "\\xC2\\x9B\\xE2\\x80\\xAEx\xc2\xa0");
    EXPECT_EQ(printable("\xed\xa0\x80\xf0\x9f\x98\x80\xef\xbf\xbf"), "\\xED\\xA0\\x80\xf0\x9f\x98\x80\\xEF\\xBF\\xBF");
    EXPECT_EQ(shell_quoted("connect.alpha"), "connect.alpha");
    EXPECT_EQ(shell_quoted("it's *"), "'it'\\''s *'");
    EXPECT_EQ(shell_quoted(""), "''");
    EXPECT_EQ(iso_time(std::chrono::system_clock::from_time_t(1767225600)), "2026-01-01T00:00:00Z");
}

TEST(JsonReport, HasTheKeysOfTheContract) {
    const json r = json::parse(json_report(sample_run()));
    EXPECT_EQ(r["schema"], "mqttspec.results/1");
    EXPECT_EQ(r["tool"]["seed"], 17);
    EXPECT_EQ(r["tool"]["version"], tool().version);
    EXPECT_EQ(r["target"]["url"], "mqtt://127.0.0.1:1883");
    EXPECT_EQ(r["target"]["name"], "a \\x1B[31mbroker");
    EXPECT_EQ(r["started"], "2026-01-01T00:00:00Z");
    EXPECT_EQ(r["duration_s"], 3.25);
    EXPECT_EQ(r["capabilities"]["5"]["spoken"], true);
    const json& c = r["cases"][1];
    EXPECT_EQ(c["case"], "connect.alpha");
    EXPECT_EQ(c["protocol"], "5");
    EXPECT_EQ(c["transport"], "tcp");
    EXPECT_EQ(c["statements"], json::array({"MQTT-3.1.0-2"}));
    EXPECT_EQ(c["verdict"], "fail");
    EXPECT_EQ(c["duration_ms"], 4.1);
    EXPECT_EQ(c["message"], "no close \\xFF\\x01 came");
    EXPECT_EQ(c["evidence"], "");
    EXPECT_EQ(c.size(), 10u);
    EXPECT_EQ(
        r["summary"],
        json({{"pass", 1}, {"fail", 1}, {"warn", 1}, {"info", 0}, {"skip", 1}, {"unreachable", 0}, {"error", 0}}));
    EXPECT_FALSE(r.contains("incomplete"));
}

TEST(JsonReport, SaysWhenItIsNotWhole) {
    RunResult run = sample_run();
    run.lost = "connection refused";
    EXPECT_EQ(json::parse(json_report(run))["incomplete"], "the target was lost midway: connection refused");
}

TEST(StatementResults, AreTheWorstOfTheirCases) {
    const RunResult run = sample_run();
    const auto all = statement_results(run);
    ASSERT_EQ(all.size(), statements().size());
    const auto find = [&](std::string_view id, Version v) {
        return *std::find_if(all.begin(), all.end(),
                             [&](const auto& r) { return r.statement->id == id && r.statement->protocol == v; });
    };
    EXPECT_EQ(find("MQTT-3.1.0-2", Version::v5).verdict, Verdict::fail);
    EXPECT_EQ(find("MQTT-3.1.0-2", Version::v5).cases.size(), 2u);
    EXPECT_EQ(find("MQTT-3.1.0-2", Version::v3_1_1).verdict, Verdict::pass);
    EXPECT_EQ(find("MQTT-3.1.4-1", Version::v5).reason, "the message");
    EXPECT_EQ(find("MQTT-3.14.4-2", Version::v3_1_1).verdict_name(), "untested");
    EXPECT_EQ(find("MQTT-3.14.4-2", Version::v3_1_1).reason.find("excused: "), 0u);
}

TEST(StatementResults, RankAsTheContractSays) {
    const Verdict order[] = {Verdict::fail, Verdict::error, Verdict::warn, Verdict::unreachable,
                             Verdict::skip, Verdict::info,  Verdict::pass};
    for (std::size_t i = 1; i < std::size(order); ++i) EXPECT_GT(badness(order[i - 1]), badness(order[i]));
}

TEST(JunitReport, IsXmlWithCounts) {
    const RunResult run = sample_run();
    pugi::xml_document doc;
    ASSERT_TRUE(doc.load_string(junit_report(run, judge(run, {}, false)).c_str()));
    const auto suites = doc.child("testsuites");
    EXPECT_EQ(suites.select_nodes("testsuite").size(), 2u);
    const auto five = suites.select_node("testsuite[@name='MQTT 5']").node();
    EXPECT_STREQ(five.attribute("tests").value(), "3");
    EXPECT_STREQ(five.attribute("failures").value(), "1");
    EXPECT_STREQ(five.attribute("skipped").value(), "1");
    const auto failed = five.select_node("testcase[@name='alpha']/failure").node();
    EXPECT_STREQ(failed.attribute("message").value(), "no close \\xFF\\x01 came");
    EXPECT_NE(std::string(failed.text().get()).find("PINGRESP & \"more\""), std::string::npos);
    EXPECT_TRUE(five.select_node("testcase[@name='delta']/system-out"));
}

TEST(JunitReport, ExpectedFindingsAreSkippedAndStrictWarnsFail) {
    const RunResult run = sample_run();
    const Baseline baseline{{"connect.alpha", Version::v5, Verdict::fail, "we know"}};
    pugi::xml_document doc;
    ASSERT_TRUE(doc.load_string(junit_report(run, judge(run, baseline, true)).c_str()));
    EXPECT_STREQ(doc.select_node("//testcase[@name='alpha']/skipped").node().attribute("message").value(),
                 "expected: we know");
    EXPECT_TRUE(doc.select_node("//testcase[@name='delta']/failure"));
}

TEST(JunitReport, AnInterruptedRunIsAnError) {
    RunResult run = sample_run();
    run.interrupted = true;
    pugi::xml_document doc;
    ASSERT_TRUE(doc.load_string(junit_report(run, judge(run, {}, false)).c_str()));
    EXPECT_TRUE(doc.select_node("//testsuite[@name='run' and @errors='1']/testcase/error"));
}

TEST(TerminalReport, ShowsAFindingInFull) {
    const RunResult run = sample_run();
    const std::string text =
        terminal_report(run, judge(run, {}, false), {.again = "mqttspec test mqtt://127.0.0.1:1883"});
    for (const char* part :
         {"FAIL connect.alpha  (MQTT 5: MQTT-3.1.0-2)", "demanded  MQTT-3.1.0-2", "expected  <closed>",
          "actual    PINGRESP", "the last 12 of 20 lines", "packet line 19.", "warn  connect.delta (5): the message",
          "again     mqttspec test mqtt://127.0.0.1:1883 -V 5 --only connect.alpha", "4 cases in 3.2 s", "seed 17"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    EXPECT_EQ(text.find("packet line 7."), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(TerminalReport, QuietHasFindingsAndNoSummary) {
    const RunResult run = sample_run();
    const std::string text = terminal_report(run, judge(run, {}, false), {.quiet = true});
    EXPECT_NE(text.find("FAIL connect.alpha"), std::string::npos);
    EXPECT_EQ(text.find("seed"), std::string::npos);
    EXPECT_EQ(text.find("warn  connect.delta"), std::string::npos);
}

TEST(TerminalReport, ColourOnlyWhenAsked) {
    const RunResult run = sample_run();
    EXPECT_NE(terminal_report(run, judge(run, {}, false), {.colour = true}).find("\x1b[31;1mFAIL"), std::string::npos);
}

TEST(TerminalReport, NamesWhatIsGoneAndWhatIsNotWhole) {
    RunResult run = sample_run();
    run.interrupted = true;
    const Baseline baseline{{"connect.alpha", Version::v3_1_1, Verdict::fail, "was so"}};
    const std::string text = terminal_report(run, judge(run, baseline, false), {});
    EXPECT_NE(text.find("gone  connect.alpha (3.1.1): the baseline expects fail"), std::string::npos) << text;
    EXPECT_NE(text.find("INCOMPLETE interrupted"), std::string::npos);
}

ProofResult sample_proof() {
    ProofResult p;
    p.rows = {{"one", Version::v5, "MQTT-3.1.0-2", {"connect.alpha"}, {}},
              {"two", Version::v5, "MQTT-3.1.0-2", {}, {"connect.beta"}}};
    p.idle_cases = {"publish.gamma"};
    p.variations = {{"no_retain", Version::v5, {}}, {"slow", Version::v3_1_1, {"connect.alpha"}}};
    return p;
}

TEST(Proof, JsonCountsRows) {
    const json r = json::parse(proof_json(sample_proof()));
    EXPECT_EQ(r["schema"], "mqttspec.proof/1");
    EXPECT_EQ(r["rows"][0]["verdict"], "caught");
    EXPECT_EQ(r["rows"][1]["verdict"], "missed");
    EXPECT_EQ(
        r["summary"],
        json({{"violations", 2}, {"caught", 1}, {"missed", 1}, {"idle_cases", 1}, {"variations", 2}, {"accused", 1}}));
    const std::string text = proof_text(sample_proof(), false);
    for (const char* part :
         {"missed   two", "idle     publish.gamma", "accused  slow", "2 violations in 2 runs: 1 caught, 1 missed"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(Proof, ExitCodeWantsAllThree) {
    ProofResult p;
    EXPECT_EQ(exit_code(p), 1);
    p.rows = {{"one", Version::v5, "MQTT-3.1.0-2", {"connect.alpha"}, {}}};
    EXPECT_EQ(exit_code(p), 0);
    auto idle = p, missed = p, accused = p, stopped = p;
    idle.idle_cases = {"a"};
    missed.rows[0].caught_by.clear();
    accused.variations = {{"x", Version::v5, {"a"}}};
    stopped.interrupted = true;
    EXPECT_EQ(exit_code(idle), 1);
    EXPECT_EQ(exit_code(missed), 1);
    EXPECT_EQ(exit_code(accused), 1);
    EXPECT_EQ(exit_code(stopped), 130);
    auto wide = p;
    wide.unexplained = 1;
    EXPECT_EQ(exit_code(wide), 1);
    auto broken = p;
    broken.broken = 1;
    EXPECT_EQ(exit_code(broken), 4);
}

TEST(Probe, JsonIsAListOfFlatObjects) {
    ProbeResult p;
    p.findings = {{Version::v3_1, "spoken", "false", "closed"},
                  {Version::v5, "spoken", "true", ""},
                  {Version::v5, "receive_maximum", "20", ""}};
    const json r = json::parse(probe_json(p));
    EXPECT_EQ(r["schema"], "mqttspec.probe/1");
    EXPECT_EQ(r["capabilities"][2],
              json({{"protocol", "5"}, {"name", "receive_maximum"}, {"value", 20}, {"note", ""}}));
    EXPECT_EQ(r["summary"], json({{"spoken", {"5"}}, {"refused", {"3.1"}}}));
    EXPECT_NE(probe_text(p).find("receive_maximum"), std::string::npos);
}

class ReportFiles : public testing::Test {
protected:
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("mqttspec_files_" + std::to_string(::getpid()));
    void SetUp() override { std::filesystem::create_directory(folder); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
    }
};

TEST_F(ReportFiles, AreWholeOrNotThere) {
    const std::string path = folder / "r.json";
    {
        ReportFile file(path);
        EXPECT_FALSE(std::filesystem::exists(path));
        file.commit("first");
    }
    EXPECT_EQ(read_file(path), "first");
    {
        ReportFile dropped(path);
    }
    EXPECT_EQ(read_file(path), "first");
    EXPECT_EQ(entries(), 1u);
}

TEST_F(ReportFiles, UnwritablePlacesAreRefusedAtOnce) {
    EXPECT_THROW(ReportFile(folder / "no" / "r.json"), UsageError);
    EXPECT_THROW(ReportFile(folder.string()), UsageError);
}

TEST_F(ReportFiles, AFullDiskIsAnError) {
    ReportFile file("/dev/full");
    EXPECT_THROW(file.commit("text"), FileError);
}

TEST_F(ReportFiles, FollowSymbolicLinks) {
    std::ofstream(folder / "real") << "old";
    std::filesystem::create_symlink(folder / "real", folder / "link");
    ReportFile(folder / "link").commit("new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_EQ(read_file(folder / "real"), "new");
}

}  // namespace
}  // namespace conformance
