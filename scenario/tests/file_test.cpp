// Scenario files: written, read, edited, and what is wrong with them.
#include <gtest/gtest.h>

#include "codec/hex.hpp"
#include "scenario/scenario.hpp"

namespace scenario {
namespace {

using namespace std::chrono_literals;
using Kind = Step::Kind;

Step packet(Kind kind, Time at, std::string octets) {
    Step s;
    s.kind = kind;
    s.at = at;
    s.octets = std::move(octets);
    s.side = kind == Kind::expect ? Side::server : Side::client;
    return s;
}

Scenario sample() {
    Scenario s;
    s.title = "one publish";
    s.source = "a.pcap";
    s.sessions = {{"c1", mqtt::Version::v5, false, "note"}, {"c2", mqtt::Version::v3_1_1, true}};
    Step open, gap, cut, close;
    gap.kind = Kind::gap, gap.side = Side::server, gap.missing = 1448, gap.session = 1, gap.at = 2s;
    cut.kind = Kind::truncated, cut.octets = "0", cut.missing = 9, cut.session = 1, cut.at = 2s, cut.reason = "snaplen";
    close.kind = Kind::close, close.how = How::reset, close.side = Side::server, close.at = 3s;
    s.steps = {
        open,
        packet(Kind::send, 1ms, mqtt::encode(mqtt::Connect{.client_id = "c", .password = "secret"}, mqtt::Version::v5)),
        packet(Kind::expect, 2ms, *mqtt::from_hex("20 03 00 00 00")),
        packet(Kind::send, 1s, *mqtt::from_hex("36 03 00 01 61")),
        gap,
        cut,
        close};
    return s;
}

TEST(File, comes_back_as_it_was_written) {
    const Scenario before = sample();
    const Scenario after = read(write(before, Secrets::shown), "file");
    EXPECT_EQ(after.title, before.title);
    EXPECT_EQ(after.source, before.source);
    ASSERT_EQ(after.sessions.size(), 2u);
    EXPECT_EQ(after.sessions[0].version, mqtt::Version::v5);
    EXPECT_EQ(after.sessions[0].note, "note");
    EXPECT_TRUE(after.sessions[1].midstream);
    ASSERT_EQ(after.steps.size(), before.steps.size());
    for (std::size_t i = 0; i < after.steps.size(); ++i) {
        const Step &a = after.steps[i], &b = before.steps[i];
        EXPECT_EQ(a.kind, b.kind) << i;
        EXPECT_EQ(a.at, b.at) << i;
        EXPECT_EQ(a.octets, b.octets) << i;
        EXPECT_EQ(a.side, b.side) << i;
        EXPECT_EQ(a.how, b.how) << i;
        EXPECT_EQ(a.missing, b.missing) << i;
        EXPECT_EQ(a.session, b.session) << i;
        EXPECT_EQ(a.reason, b.reason) << i;
        EXPECT_EQ(a.line, i + 4) << i;
    }
    EXPECT_TRUE(after.steps[3].raw);
    EXPECT_FALSE(after.steps[1].raw);
}

TEST(File, has_no_secret_in_it) {
    const auto text = write(sample(), Secrets::masked);
    EXPECT_EQ(text.find("secret"), std::string::npos);
    EXPECT_NE(text.find("\"password\":\"***\""), std::string::npos);
    EXPECT_TRUE(is_scenario(text));
}

/// A CONNECT with octets left over is written as hex.
TEST(File, has_no_secret_in_its_hex) {
    auto s = sample();
    auto& octets = s.steps[1].octets;
    octets += "secret";
    octets[1] = char(octets[1] + 6);
    EXPECT_NE(write(s, Secrets::shown).find("736563726574"), std::string::npos);
    EXPECT_EQ(write(s, Secrets::masked).find("736563726574"), std::string::npos);
}

TEST(File, may_be_written_by_hand) {
    const auto s = read(R"({"schema":"mqttspec.scenario/1"}

{"session":"a"}
{"step":"open","session":"a"}
{"step":"send","session":"a","type":"SUBSCRIBE","fields":{"packet identifier":1,"subscriptions":[{"topic filter":"x"}]}}
{"at":0.5,"step":"close","session":"a"}
)",
                        "file");
    ASSERT_EQ(s.steps.size(), 3u);
    EXPECT_EQ(mqtt::hex(mqtt::octets(s.steps[1].octets)), "82 06 00 01 00 01 78 00");
    EXPECT_EQ(s.steps[1].at, 0s);
    EXPECT_EQ(s.steps[2].at, 500ms);
    EXPECT_EQ(s.steps[2].how, How::fin);
}

std::string refusal(const std::string& lines) {
    try {
        read("{\"schema\":\"mqttspec.scenario/1\"}\n{\"session\":\"a\"}\n" + lines, "f");
    } catch (const ScenarioError& e) {
        return e.what();
    }
    return "none";
}

TEST(File, mistakes_are_named_with_their_line) {
    EXPECT_EQ(refusal("nonsense"), "f:3: is no JSON object in one line");
    EXPECT_EQ(refusal("{\"session\":\"a\"}"), "f:3: session: \"a\" stands twice");
    EXPECT_EQ(refusal("{\"session\":\"b\",\"step\":\"open\"}"),
              "f:3: session: \"b\" is not known; a line {\"session\":...} has to come before");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"jump\"}"),
              "f:3: step: \"jump\" is none of open, send, expect, close, gap, truncated");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"open\",\"when\":1}"), "f:3: when: is no member of this line");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"send\",\"hex\":\"3\"}"),
              "f:3: hex: has to be pairs of hex digits");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"send\"}"), "f:3: type: is missing; or give hex");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"send\",\"type\":\"PUBLISH\",\"fields\":{\"QoS\":4}}"),
              "f:3: QoS: 4 is no number from 0 to 3");
    EXPECT_EQ(refusal("{\"session\":\"a\",\"step\":\"open\",\"at\":-1}"),
              "f:3: at: has to be a time in seconds, 0 or more");
    EXPECT_EQ(
        refusal("{\"session\":\"a\",\"step\":\"open\",\"at\":2}\n{\"session\":\"a\",\"step\":\"close\",\"at\":1}"),
        "f:4: at: goes back in time; steps stand in their order");
    EXPECT_EQ(refusal("{\"session\":\"b\",\"version\":\"6\"}"), "f:3: version: \"6\" is none of 3.1, 3.1.1, 5");
    EXPECT_EQ(refusal(""), "none");
    EXPECT_THROW(read("", "f"), ScenarioError);
    EXPECT_THROW(read("{\"schema\":\"mqttspec.scenario/2\"}", "f"), ScenarioError);
}

}  // namespace
}  // namespace scenario
