// Ends of connections, wills at the end, faulty packets, and what comes again too early.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;

const mqtt::Will lost{.topic = "lost", .payload = "bye"};

/// A client with a will, and this Keep Alive in seconds.
Script& join_with_will(Script& s, const std::string& who, std::uint16_t alive, mqtt::Will will = lost) {
    s.session(who);
    s.step(who, scenario::Step::Kind::open);
    return s
        .send(who, mqtt::Connect{.protocol = "MQTT", .level = 4, .keep_alive = alive, .client_id = who, .will = will})
        .expect(who, mqtt::Connack{});
}

/// The will comes before the FIN of its connection, as servers send it; another client goes on meanwhile.
Script silent(std::uint16_t alive, bool told_early) {
    Script s;
    s.join("ear").subscribe("ear", "lost", QoS::at_most_once).join("busy");
    join_with_will(s, "mute", alive);
    for (int n = 0; n < 3; ++n) s.wait(1s).send("busy", mqtt::Publish{.topic = "other"});
    s.wait(std::chrono::seconds(alive + alive / 2));
    if (!told_early) s.close("mute", scenario::Side::server);
    s.expect("ear", mqtt::Publish{.topic = "lost", .payload = "bye"});
    if (told_early) s.close("mute", scenario::Side::server);
    return s.leave("busy").leave("ear");
}

TEST(Silence, is_cut_after_one_and_a_half_keep_alives) {
    for (const bool early : {true, false})
        for (const auto alive : std::initializer_list<std::uint16_t>{4, 60}) {
            const auto played = play(silent(alive, early), {}, {.patience = 1s});
            EXPECT_EQ(played.differences(), Names{}) << early << alive;
            EXPECT_EQ(played.reasons(), Names{}) << early << alive;
            const auto none = play(silent(alive, early), breaking(reference::Break::keep_alive_will_missing), {.patience = 1s});
            EXPECT_EQ(none.differences(), Names{"missing PUBLISH"}) << early << alive;
        }
}

TEST(Silence, of_many_minutes_is_not_waited_for) {
    for (const bool early : {true, false}) {
        const auto played = play(silent(600, early), {}, {.patience = 1s});
        EXPECT_EQ(played.differences(), Names{}) << early;
        const std::string why = "its Keep Alive of 600 s was not waited for";
        const Names reasons{"PUBLISH: " + why, "CLOSE: " + why};
        EXPECT_EQ(played.reasons(), early ? reasons : Names(reasons.rbegin(), reasons.rend())) << early;
        EXPECT_LT(played.took, 200s);
    }
}

/// A will told long before its connection ended has another publisher.
TEST(Silence, a_will_just_before_the_end_is_that_one) {
    Script s;
    s.join("ear").subscribe("ear", "lost", QoS::at_most_once);
    join_with_will(s, "mute", 4).expect("ear", mqtt::Publish{.topic = "lost", .payload = "bye"});
    s.wait(6s).close("mute", scenario::Side::server).leave("ear");
    EXPECT_EQ(plan(s.scenario, {}).items[8].soft, "its publisher is not in the capture");
}

/// SUBSCRIBE with wrong flags; the capture's server answered it.
TEST(Faulty, packets_have_their_answers) {
    Script s;
    const mqtt::Subscribe::Entry entry{"t", QoS::at_most_once};
    const mqtt::Suback::Code code{};
    s.join("ear").send("ear", mqtt::Subscribe{.packet_id = 5, .entries = {std::span(&entry, 1)}});
    s.scenario.steps.back().octets[0] = char(0x80);
    s.expect("ear", mqtt::Suback{.packet_id = 5, .codes = {std::span(&code, 1)}});
    s.subscribe("ear", "u", QoS::at_most_once, 5).leave("ear");
    const auto played = play(s, breaking(reference::Break::subscribe_flags_ignored));
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::match), 3u);
    EXPECT_EQ(play(s).differences(), Names{"unexpected CLOSE"});
}

/// Octets are lacking: of messages alike nobody knows which ones came.
TEST(Order, is_not_judged_where_octets_are_lacking) {
    for (const bool lacking : {true, false}) {
        Script s;
        s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("mouth");
        for (const char* text : {"1", "2"}) s.send("mouth", mqtt::Publish{.topic = "t", .payload = text});
        if (lacking) s.step("ear", scenario::Step::Kind::gap, {}, scenario::Side::server);
        for (const char* text : {"2", "1"}) s.expect("ear", mqtt::Publish{.topic = "t", .payload = text});
        s.leave("mouth").leave("ear");
        EXPECT_EQ(play(s).differences(), lacking ? Names{} : Names{"changed PUBLISH order"});
    }
}

/// The same client comes back while its DISCONNECT is still on the way: it would be taken for a takeover, with a will.
TEST(Pacing, a_client_comes_back_after_its_connection_is_over) {
    Script s;
    s.join("ear").subscribe("ear", "lost", QoS::at_most_once);
    join_with_will(s, "a", 0).leave("a").join("again", Version::v3_1_1, true, false, "a").leave("again").leave("ear");
    for (const auto pacing : {Pacing::causal, Pacing::clock}) {
        SlowNetwork network({}, 1, 50ms);
        const Plan p = plan(s.scenario, {});
        Engine engine(network, p, {.pacing = pacing, .prepare = false});
        engine.start();
        network.network.run([&] { return engine.finished(); });
        EXPECT_EQ(Played{engine.take()}.differences(), Names{});
    }
}

/// The connection of a client with a will ends, and another subscribes before the will was published, or after.
TEST(Races, wills) {
    for (const auto after : {0s, 2s}) {
        Script s;
        s.join("ear");
        join_with_will(s, "mute", 0).close("mute").wait(after);
        const mqtt::Subscribe::Entry entry{"lost", QoS::at_most_once};
        const mqtt::Suback::Code code{};
        s.send("ear", mqtt::Subscribe{.packet_id = 1, .entries = {std::span(&entry, 1)}})
            .expect("ear", mqtt::Suback{.packet_id = 1, .codes = {std::span(&code, 1)}})
            .expect("ear", mqtt::Publish{.topic = "lost", .payload = "bye"})
            .leave("ear");
        EXPECT_EQ(play(s).differences(), after == 0s ? Names{} : Names{"missing PUBLISH"});
    }
}

mqtt::Publish kept(std::string_view payload, std::uint16_t id) {
    return {.qos = QoS::at_least_once, .retain = true, .topic = "t", .packet_id = id, .payload = payload};
}

/// Two retain at once, later one of them deletes: from then on it is known that nothing is retained.
TEST(Races, of_retained_messages_end_with_the_next_one) {
    for (const bool deletes : {true, false}) {
        Script s;
        s.join("a").join("b").send("a", kept("slow", 7)).send("b", kept("fast", 7));
        s.expect("b", mqtt::Puback{.packet_id = 7}).expect("a", mqtt::Puback{.packet_id = 7});
        if (deletes) s.send("a", kept("", 8)).expect("a", mqtt::Puback{.packet_id = 8});
        s.wait(2s).join("ear").subscribe("ear", "t", QoS::at_most_once).leave("ear").leave("a").leave("b");
        const auto played = play(s, breaking(reference::Break::retained_empty_ignored));
        EXPECT_EQ(played.differences(), deletes ? Names{"unexpected PUBLISH"} : Names{});
        if (!deletes) continue;
        EXPECT_EQ(play(s).differences(), Names{});
    }
}

/// A retained will meets another retained message.
TEST(Races, retained_wills) {
    Script s;
    s.join("a");
    join_with_will(s, "mute", 0, {.retain = true, .topic = "t", .payload = "bye"}).close("mute");
    s.send("a", kept("here", 7)).expect("a", mqtt::Puback{.packet_id = 7});
    s.join("ear").subscribe("ear", "t", QoS::at_most_once);
    s.expect("ear", mqtt::Publish{.retain = true, .topic = "t", .payload = "bye"}).leave("ear").leave("a");
    EXPECT_EQ(play(s).differences(), Names{});
}

}  // namespace
}  // namespace replay
