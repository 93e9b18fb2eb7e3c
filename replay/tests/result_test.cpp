// Results: files and back, baselines, exit codes, two runs; and captures as scenarios.
#include "conformance/run_options.hpp"
#include "replay/diff_runs.hpp"
#include "replay/from_capture.hpp"
#include "replay/reports.hpp"
#include "replay/tests/script.hpp"

namespace replay {
namespace {

Answer answer(Verdict v, std::size_t step, std::string actual, std::string topic = "t") {
    Answer a;
    a.session = "c1";
    a.client = "client";
    a.step = step;
    a.type = "PUBLISH";
    a.topic = std::move(topic);
    a.verdict = v;
    a.actual = std::move(actual);
    if (v == Verdict::changed) a.fields = {"QoS"};
    return a;
}

Result result(std::vector<Answer> answers) {
    Result r;
    r.source = "a.pcap";
    r.target_url = "mqtt://h:1883";
    r.answers = std::move(answers);
    return r;
}

TEST(Result, exit_codes) {
    const auto code = [](Result r, const Baseline& b = {}) { return exit_code(r, judge(r, b)); };
    EXPECT_EQ(code(result({answer(Verdict::match, 1, "{}")})), 0);
    EXPECT_EQ(code(result({answer(Verdict::match, 1, "{}"), answer(Verdict::inconclusive, 2, "{}")})), 0);
    for (const auto v : {Verdict::changed, Verdict::missing, Verdict::unexpected, Verdict::late})
        EXPECT_EQ(code(result({answer(Verdict::match, 1, "{}"), answer(v, 2, "{}")})), 1) << name(v);
    EXPECT_EQ(code(result({answer(Verdict::inconclusive, 1, "")})), 1);  // nothing matched
    auto lost = result({answer(Verdict::changed, 1, "{}")});
    lost.lost = "gone";
    EXPECT_EQ(code(lost), 3);
    lost.interrupted = true;
    EXPECT_EQ(code(lost), 130);
}

TEST(Result, comes_back_from_its_file) {
    auto before = result({answer(Verdict::changed, 3, R"({"QoS":1})"), answer(Verdict::missing, 4, "")});
    before.answers[1].expected = R"({"QoS":2})";
    const auto after = read_report(json_report(before));
    EXPECT_EQ(after.source, "a.pcap");
    ASSERT_EQ(after.answers.size(), 2u);
    EXPECT_EQ(after.answers[0].verdict, Verdict::changed);
    EXPECT_EQ(after.answers[0].actual, R"({"QoS":1})");
    EXPECT_EQ(after.answers[0].step, 3u);
    EXPECT_EQ(after.answers[1].actual, "");
    EXPECT_EQ(after.answers[1].expected, R"({"QoS":2})");
    for (const char* bad : {"", "{}", "[1]", R"({"schema":"mqttspec.results/1"})", R"({"schema":"mqttspec.replay/1"})"})
        EXPECT_THROW(read_report(bad), std::runtime_error) << bad;
}

TEST(Baseline, expects_so_many_and_names_what_is_gone) {
    const auto r = result({answer(Verdict::match, 1, "{}"), answer(Verdict::changed, 2, "{}"), answer(Verdict::unexpected, 0, "{}"),
                           answer(Verdict::unexpected, 0, "{}")});
    auto b = updated({}, r);
    ASSERT_EQ(b.size(), 3u);
    EXPECT_TRUE(judge(r, b).news.empty());
    EXPECT_EQ(exit_code(r, judge(r, b)), 0);
    b[0].reason = "known";
    EXPECT_EQ(parse_baseline(print_baseline(b), "f"), b);
    EXPECT_EQ(updated(b, r)[0].reason, "known");
    EXPECT_EQ(judge(r, {b[0], b[1]}).news.size(), 1u);  // the second unexpected one
    const auto better = result({answer(Verdict::match, 1, "{}"), answer(Verdict::match, 2, "{}")});
    EXPECT_EQ(judge(better, b).gone.size(), 3u);
    auto other = r;
    other.answers[1].fields = {"RETAIN"};
    EXPECT_EQ(judge(other, b).news.size(), 1u);
    EXPECT_THROW(parse_baseline("[[expected]]\nsession = \"s\"\n", "f"), conformance::UsageError);
}

TEST(Runs, are_compared_by_place_and_content) {
    const auto before = result({answer(Verdict::match, 1, R"({"QoS":1,"packet identifier":1})"), answer(Verdict::match, 2, R"({"QoS":1})"),
                                answer(Verdict::missing, 3, ""), answer(Verdict::unexpected, 0, R"({"payload":"x"})")});
    EXPECT_EQ(exit_code(diff_runs(before, before, {}), {}), 0);
    auto after = before;
    after.answers[0].actual = R"({"QoS":1,"packet identifier":9})";
    after.answers[1].actual = R"({"QoS":0})";
    after.answers[2].actual = R"({"QoS":1})";
    after.answers[3].actual = R"({"payload":"y"})";
    const auto out = diff_runs(before, after, {});
    std::vector<std::string> said;
    for (const auto& a : out.answers) said.push_back(std::string(name(a.verdict)) + " " + std::to_string(a.step));
    EXPECT_EQ(said, (std::vector<std::string>{"match 1", "changed 2", "unexpected 3", "unexpected 0", "missing 0"}));
    EXPECT_EQ(out.answers[1].fields, std::vector<std::string>{"QoS"});
}

TEST(Pages, hold_no_markup_of_others) {
    auto r = result({answer(Verdict::changed, 1, "{}", "<script>|x|")});
    r.answers[0].actual_text = "<b>";
    const auto judged = judge(r, {});
    EXPECT_EQ(html_report(r, judged).find("<script>"), std::string::npos);
    EXPECT_NE(html_report(r, judged).find("&lt;script&gt;"), std::string::npos);
    EXPECT_NE(markdown_report(r, judged).find("\\|x\\|"), std::string::npos);
    EXPECT_EQ(junit_report(r, judged).find("<b>"), std::string::npos);
}

const std::string captures = std::string(MQTTSPEC_CORPUS) + "/captures/";

/// captures.tsv has 1425 packets; of the server, by tshark -Y "mqtt && tcp.srcport==55137", 696.
TEST(Capture, becomes_a_scenario) {
    const auto c = from_capture(captures + "own__devices_lo.pcap", {});
    EXPECT_EQ(c.scenario.sessions.size(), 61u);
    std::size_t sent = 0, came = 0;
    for (const auto& s : c.scenario.steps) {
        sent += s.kind == scenario::Step::Kind::send;
        came += s.kind == scenario::Step::Kind::expect;
    }
    EXPECT_EQ(sent + came, 1425u);
    EXPECT_EQ(came, 696u);
    EXPECT_THROW(from_capture(captures + "own__devices_lo.pcap", {}, 50'000), pcap::CaptureError);
}

/// What --extract writes says all that the capture does.
TEST(Capture, comes_back_from_its_scenario) {
    for (const char* name : {"own__devices_lo.pcap", "own__tcp_v5_lo.pcapng", "own__d_drop2pct.pcap", "zeek__mqtt.pcap", "arkime__pcap_mqtt_big.pcap",
                             "suricata-verify__mqtt-events-invalid-qos_input.pcap"}) {
        const auto c = from_capture(captures + name, {}).scenario;
        const auto again = scenario::read(scenario::write(c, scenario::Secrets::shown), name);
        ASSERT_EQ(again.steps.size(), c.steps.size()) << name;
        for (std::size_t i = 0; i < c.steps.size(); ++i) {
            EXPECT_EQ(again.steps[i].octets, c.steps[i].octets) << name << " " << i;
            EXPECT_EQ(again.steps[i].kind, c.steps[i].kind) << name << " " << i;
        }
    }
}

}  // namespace
}  // namespace replay
