// Replays against the reference broker in virtual time: what matches, and what a broken rule looks like.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::QoS;
using mqtt::Version;
using reference::Break;
using Names = std::vector<std::string>;

/// One publishes at QoS 1 and 2 to another, who answers.
Script exchange(Version v = Version::v3_1_1) {
    Script s;
    s.join("ear", v).subscribe("ear", "news/+", QoS::exactly_once).join("mouth", v);
    s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "news/a", .packet_id = 700, .payload = "one"})
        .expect("mouth", mqtt::Puback{.packet_id = 700})
        .expect("ear", mqtt::Publish{.qos = QoS::at_least_once, .topic = "news/a", .packet_id = 40, .payload = "one"})
        .send("ear", mqtt::Puback{.packet_id = 40});
    s.send("mouth", mqtt::Publish{.qos = QoS::exactly_once, .topic = "news/a", .packet_id = 701, .payload = "two"})
        .expect("mouth", mqtt::Pubrec{.packet_id = 701})
        .send("mouth", mqtt::Pubrel{.packet_id = 701})
        .expect("mouth", mqtt::Pubcomp{.packet_id = 701})
        .expect("ear", mqtt::Publish{.qos = QoS::exactly_once, .topic = "news/a", .packet_id = 41, .payload = "two"})
        .send("ear", mqtt::Pubrec{.packet_id = 41})
        .expect("ear", mqtt::Pubrel{.packet_id = 41})
        .send("ear", mqtt::Pubcomp{.packet_id = 41});
    return s.leave("mouth").leave("ear");
}

TEST(Replay, of_the_same_behaviour_shows_no_difference) {
    for (const auto v : {Version::v3_1_1, Version::v5}) {
        const auto played = play(exchange(v));
        EXPECT_EQ(played.differences(), Names{});
        // CONNACK 2, SUBACK, PUBACK, PUBREC, PUBCOMP, two deliveries, PUBREL
        EXPECT_EQ(played.count(Verdict::match), 9u);
        EXPECT_EQ(played.result.answers.size(), 9u);
        EXPECT_EQ(played.result.skipped.size(), 0u);
        EXPECT_LT(played.took, 1s);  // virtual: nothing was waited for in vain
    }
}

TEST(Replay, shows_each_broken_rule_as_the_change_it_is) {
    const std::vector<std::pair<Break, Names>> rows{
        {Break::puback_missing, {"missing PUBACK"}},
        {Break::pubrec_missing, {"missing PUBREC"}},  // PUBCOMP had no PUBREL to answer
        {Break::pubcomp_missing, {"missing PUBCOMP"}},
        {Break::pubrel_missing, {"missing PUBREL"}},
        {Break::qos1_answered_by_pubrec, {"missing PUBACK", "unexpected PUBREC"}},
        {Break::pubrel_has_zero_flags, {"changed PUBREL format"}},
        {Break::delivery_has_published_qos, {}},  // here both are the same
    };
    for (const auto& [broken, expected] : rows)
        EXPECT_EQ(play(exchange(), breaking(broken)).differences(), expected) << reference::row(broken).id;
}

TEST(Replay, gives_up_what_does_not_come_and_goes_on) {
    const auto played = play(exchange(), breaking(Break::puback_missing), {.patience = 3s});
    EXPECT_GT(played.took, 3s);
    EXPECT_LT(played.took, 5s);
    EXPECT_EQ(played.count(Verdict::match), 8u);
}

/// The captured client uses identifier 1 twice; the first is never answered here, and a second 1 would be a repeat.
TEST(Replay, uses_no_identifier_that_is_in_use) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("mouth");
    for (const char* text : {"1", "2"})
        s.send("mouth", mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = 1, .payload = text})
            .expect("mouth", mqtt::Pubrec{.packet_id = 1})
            .send("mouth", mqtt::Pubrel{.packet_id = 1})
            .expect("mouth", mqtt::Pubcomp{.packet_id = 1})
            .expect("ear", mqtt::Publish{.topic = "t", .payload = text});
    s.leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(Break::pubrec_missing)).differences(), (Names{"missing PUBREC", "missing PUBREC"}));
}

/// The target reads one connection later than another: what was sent first has to be read first all the same.
TEST(Replay, waits_until_the_target_has_read) {
    Script s;
    s.join("mouth")
        .send("mouth", mqtt::Publish{.topic = "t", .payload = "early"})
        .join("ear")
        .subscribe("ear", "t", QoS::at_most_once)
        .send("mouth", mqtt::Publish{.topic = "t", .payload = "late"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "late"})
        .leave("ear")
        .leave("mouth");
    SlowNetwork network({}, 0, 50ms);
    const Plan p = plan(s.scenario, {});
    Engine engine(network, p, {.prepare = false});
    engine.start();
    network.network.run([&] { return engine.finished(); });
    const Played played{engine.take()};
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::match), 4u);
}

/// QoS 0 of one client, then another subscribes: what was published before must not reach it live.
TEST(Replay, qos0_is_read_before_others_go_on) {
    Script s;
    s.join("mouth").join("ear");
    for (int i = 0; i < 50; ++i) s.send("mouth", mqtt::Publish{.topic = "t", .payload = "before"});
    s.subscribe("ear", "t", QoS::at_most_once);
    s.send("mouth", mqtt::Publish{.topic = "t", .payload = "after"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "after"})
        .leave("mouth")
        .leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.result.sent, 2u + 50 + 1 + 1 + 2);
}

Script retained() {
    Script s;
    s.join("mouth")
        .send("mouth",
              mqtt::Publish{.qos = QoS::at_least_once, .retain = true, .topic = "r", .packet_id = 1, .payload = "kept"})
        .expect("mouth", mqtt::Puback{.packet_id = 1})
        .join("ear")
        .subscribe("ear", "#", QoS::at_least_once)
        .expect(
            "ear",
            mqtt::Publish{.qos = QoS::at_least_once, .retain = true, .topic = "r", .packet_id = 1, .payload = "kept"})
        .send("ear", mqtt::Puback{.packet_id = 1})
        .leave("mouth")
        .leave("ear");
    return s;
}

TEST(Replay, of_retained_messages) {
    EXPECT_EQ(play(retained()).differences(), Names{});
    EXPECT_EQ(play(retained(), breaking(Break::retained_not_stored)).differences(), Names{"missing PUBLISH"});
    EXPECT_EQ(play(retained(), breaking(Break::retain_flag_missing_at_subscribe)).differences(),
              Names{"changed PUBLISH RETAIN"});
    EXPECT_EQ(play(retained(), breaking(Break::retained_loses_qos)).differences(), Names{"changed PUBLISH QoS"});
}

/// A second replay to the same broker finds what the first one found.
TEST(Replay, clears_what_an_earlier_one_left) {
    Script s;
    s.join("keeper", Version::v3_1_1, false).subscribe("keeper", "r", QoS::at_least_once).leave("keeper");
    s.join("mouth")
        .send("mouth",
              mqtt::Publish{.qos = QoS::at_least_once, .retain = true, .topic = "r", .packet_id = 1, .payload = "kept"})
        .expect("mouth", mqtt::Puback{.packet_id = 1})
        .leave("mouth");
    conformance::VirtualNetwork network({});
    const Plan p = plan(s.scenario, {});
    for (const bool prepare : {true, true, false}) {
        Engine engine(network, p, {.prepare = prepare});
        engine.start();
        network.run([&] { return engine.finished(); });
        Played played{engine.take()};
        if (prepare)
            EXPECT_EQ(played.differences(), Names{});
        else  // the session is still there with a message for it, and so is the retained one
            EXPECT_EQ(played.differences(),
                      (Names{"changed CONNACK session present", "unexpected PUBLISH", "unexpected PUBLISH"}));
    }
}

Script resumed() {
    Script s;
    s.join("sleeper", Version::v3_1_1, false).subscribe("sleeper", "t", QoS::at_least_once).leave("sleeper");
    s.join("mouth");
    for (std::uint16_t i = 1; i <= 3; ++i)
        s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once,
                                      .topic = "t",
                                      .packet_id = i,
                                      .payload = i == 1   ? "1"
                                                 : i == 2 ? "2"
                                                          : "3"})
            .expect("mouth", mqtt::Puback{.packet_id = i});
    s.session("sleeper again");
    s.join("sleeper again", Version::v3_1_1, false, true, "sleeper");
    for (std::uint16_t i = 1; i <= 3; ++i)
        s.expect("sleeper again", mqtt::Publish{.qos = QoS::at_least_once,
                                                .topic = "t",
                                                .packet_id = std::uint16_t(i + 9),
                                                .payload = i == 1   ? "1"
                                                           : i == 2 ? "2"
                                                                    : "3"});
    for (std::uint16_t i = 1; i <= 3; ++i) s.send("sleeper again", mqtt::Puback{.packet_id = std::uint16_t(i + 9)});
    return s.leave("sleeper again").leave("mouth");
}

TEST(Replay, of_sessions_that_are_resumed) {
    EXPECT_EQ(play(resumed()).differences(), Names{});
    EXPECT_EQ(play(resumed(), breaking(Break::persistent_session_lost)).differences(),
              (Names{"changed CONNACK session present", "missing PUBLISH", "missing PUBLISH", "missing PUBLISH"}));
    EXPECT_EQ(play(resumed(), breaking(Break::offline_order_reversed)).differences(),
              (Names{"changed PUBLISH order", "changed PUBLISH order"}));
    EXPECT_EQ(play(resumed(), breaking(Break::offline_order_reversed), {.rules = {.ignore = {"order"}}}).differences(),
              Names{});
}

/// A delivery that the client never answered comes again, and is answered then.
TEST(Replay, keeps_back_answers_that_the_client_kept_back) {
    Script s;
    const mqtt::Publish first{.qos = QoS::at_least_once, .topic = "t", .packet_id = 5, .payload = "x"};
    auto again = first;
    again.dup = true;
    s.join("ear", Version::v3_1_1, false)
        .subscribe("ear", "t", QoS::at_least_once)
        .join("mouth")
        .send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1, .payload = "x"})
        .expect("mouth", mqtt::Puback{.packet_id = 1})
        .expect("ear", first)
        .close("ear");
    s.join("ear again", Version::v3_1_1, false, true, "ear")
        .expect("ear again", again)
        .send("ear again", mqtt::Puback{.packet_id = 5})
        .leave("ear again")
        .leave("mouth");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::match), 7u);
}

TEST(Replay, of_wills) {
    Script s;
    s.join("ear").subscribe("ear", "lost", QoS::at_most_once);
    s.session("goner");
    s.step("goner", scenario::Step::Kind::open)
        .send("goner", mqtt::Connect{.protocol = "MQTT",
                                     .level = 4,
                                     .client_id = "goner",
                                     .will = mqtt::Will{.topic = "lost", .payload = "bye"}})
        .expect("goner", mqtt::Connack{})
        .close("goner")
        .expect("ear", mqtt::Publish{.topic = "lost", .payload = "bye"})
        .leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(Break::will_missing_on_cut)).differences(), Names{"missing PUBLISH"});
    EXPECT_EQ(play(s, breaking(Break::will_twice)).differences(), Names{"unexpected PUBLISH"});
}

TEST(Replay, of_a_server_that_ends_the_connection) {
    Script s;
    s.join("twice")
        .send("twice", mqtt::Connect{.protocol = "MQTT", .level = 4, .client_id = "twice"})
        .close("twice", scenario::Side::server);
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s).result.answers.back().type, "CLOSE");
    const auto open = play(s, breaking(Break::second_connect_ignored));
    EXPECT_EQ(open.differences(), Names{"missing CLOSE"});
}

TEST(Replay, an_end_that_nobody_expects_is_one_difference) {
    Script s;  // the capture's broker took a filter that is malformed
    s.join("a").send("a", mqtt::Subscribe{.packet_id = 1, .entries = {std::span<const mqtt::Subscribe::Entry>()}});
    s.expect("a", mqtt::Suback{.packet_id = 1});
    s.send("a", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 2})
        .expect("a", mqtt::Puback{.packet_id = 2})
        .leave("a");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{"unexpected CLOSE"});
    ASSERT_FALSE(played.result.skipped.empty());
    EXPECT_EQ(played.result.skipped[0].why, "its connection had ended");
}

/// What only follows from that end is no difference of its own, for nobody.
TEST(Replay, what_follows_from_a_difference_is_inconclusive) {
    Script s;
    s.join("ear")
        .subscribe("ear", "t", QoS::at_most_once)
        .join("a")
        .send("a", mqtt::Subscribe{.packet_id = 1, .entries = {std::span<const mqtt::Subscribe::Entry>()}})
        .expect("a", mqtt::Suback{.packet_id = 1})
        .send("a", mqtt::Publish{.topic = "t", .payload = "x"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"})
        .leave("a")
        .leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{"unexpected CLOSE"});
    EXPECT_EQ(played.reasons(), (Names{"SUBACK: the connection had ended",
                                       "PUBLISH: what it came from was not sent, or not read"}));
    EXPECT_LT(played.took, 1s);
}

/// A first packet that gets no answer does not make a dead target of one that was heard before.
TEST(Replay, goes_on_after_a_client_that_gets_no_answer) {
    Script s;
    s.session("odd");
    s.step("odd", scenario::Step::Kind::open)
        .step("odd", scenario::Step::Kind::send, "\x10")
        .step("odd", scenario::Step::Kind::expect, mqtt::encode(mqtt::Connack{}, Version::v3_1_1),
              scenario::Side::server)
        .join("even")
        .leave("even");
    const auto played = play(s, {}, {.patience = 1s});
    EXPECT_EQ(played.result.lost, "");
    EXPECT_EQ(played.differences(), Names{"missing CONNACK"});
    EXPECT_EQ(played.count(Verdict::match), 1u);
}

TEST(Replay, a_lower_qos_has_no_release) {
    reference::Settings settings;
    settings.style.grant_at_most = QoS::at_least_once;
    const auto played = play(exchange(), settings);
    EXPECT_EQ(played.differences(), (Names{"changed SUBACK codes", "changed PUBLISH QoS"}));
    EXPECT_EQ(played.reasons(), Names{"PUBREL: its PUBLISH did not come, or not at QoS 2"});
}

TEST(Replay, of_many_sessions_at_once) {
    Script s;
    constexpr int devices = 1000;
    s.join("ear").subscribe("ear", "d/+", QoS::at_most_once);
    for (int i = 0; i < devices; ++i) s.join("d" + std::to_string(i));
    std::deque<std::string> topics;
    for (int i = 0; i < devices; ++i) {
        const auto& topic = topics.emplace_back("d/" + std::to_string(i));
        s.send("d" + std::to_string(i), mqtt::Publish{.topic = topic, .payload = "x"})
            .expect("ear", mqtt::Publish{.topic = topic, .payload = "x"});
    }
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::match), 2u + 2u * devices);
    EXPECT_EQ(played.connects, 2u * (devices + 1));  // each once to clear its session
}

}  // namespace
}  // namespace replay
