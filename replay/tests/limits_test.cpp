// What the target does not take: text that is none, and more than it can hold at once.
#include <nlohmann/json.hpp>

#include "replay/reports.hpp"
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;

/// Hears one packet that is no text, where the capture has another, or the other way round.
Played ill_formed(bool in_capture) {
    const std::string good = "t/good", bad = "t/\xff\xfe";
    Script s;
    s.join("ear").subscribe("ear", "t/#", QoS::at_most_once).join("mouth");
    s.send("mouth", mqtt::Publish{.topic = good, .payload = "x"});
    s.expect("ear", mqtt::Publish{.topic = in_capture ? bad : good, .payload = "x"});
    s.leave("mouth").leave("ear");
    if (in_capture) return play(s);
    const Plan p = plan(s.scenario, {});
    Judge judge(p, {}, [](auto) { return Names{}; });
    const auto octets = mqtt::encode(mqtt::Publish{.topic = bad, .payload = "x"}, Version::v3_1_1);
    Played out;
    judge.unexpected({0, Version::v3_1_1, octets, bad});
    for (std::size_t i = 0; i < p.items.size(); ++i)
        if (p.items[i].type == mqtt::Type::publish && p.items[i].role == Role::expect) judge.give_up(i);
    out.result.answers = judge.finish();
    return out;
}

TEST(Limits, topics_that_are_no_text_are_reported) {
    for (const bool in_capture : {true, false}) {
        auto played = ill_formed(in_capture);
        const auto found = std::find_if(played.result.answers.begin(), played.result.answers.end(),
                                        [](const auto& a) { return a.verdict == Verdict::changed; });
        ASSERT_NE(found, played.result.answers.end());
        EXPECT_EQ(found->fields.front(), "topic name");
        const auto& said = in_capture ? found->expected : found->actual;
        EXPECT_NE(said.find(R"("topic name":{"hex":"742ffffe","length":4})"), std::string::npos) << said;
        EXPECT_TRUE(nlohmann::json::accept(json_report(played.result)));
        const auto judged = judge(played.result, {});
        EXPECT_FALSE(html_report(played.result, judged).empty());
        EXPECT_FALSE(print_baseline(updated({}, played.result)).empty());
    }
}

/// Publishes at QoS 2 and never releases, on several connections: each has the whole Receive Maximum (4.9).
TEST(Limits, receive_maximum_counts_anew_on_each_connection) {
    Script s;
    std::uint16_t id = 0;
    for (const char* name : {"1", "2", "3"}) {
        s.join(name, Version::v5, true, false, "mouth");
        for (int i = 0; i < 8; ++i) {
            s.send(name, mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = ++id})
                .expect(name, mqtt::Pubrec{.packet_id = id, .reason = 0x10});
        }
        s.leave(name);
    }
    reference::Settings settings;
    settings.offer.receive_maximum = 10;
    const auto played = play(s, settings);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.result.skipped.size(), 0u);
    EXPECT_LT(played.took, 1s);
}

/// More at once than the target takes, which is asked to close the connection then: they are left out (3.3.4).
TEST(Limits, no_more_is_sent_than_the_receive_maximum_allows) {
    Script s;
    s.join("mouth", Version::v5);
    for (std::uint16_t id = 1; id <= 12; ++id)
        s.send("mouth", mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = id})
            .expect("mouth", mqtt::Pubrec{.packet_id = id, .reason = 0x10});
    s.leave("mouth");
    reference::Settings settings;
    settings.offer.receive_maximum = 10;
    const auto played = play(s, settings, {.patience = 2s});
    EXPECT_EQ(played.differences(), Names{});
    ASSERT_EQ(played.result.skipped.size(), 2u);
    EXPECT_EQ(played.result.skipped[0].why, "the target has not answered as many as its Receive Maximum allows");
    EXPECT_GT(played.took, 2s);
    EXPECT_LT(played.took, 3s);  // the second one is not waited for
}

}  // namespace
}  // namespace replay
