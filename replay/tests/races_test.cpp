// What two clients do at the same time, and messages alike of several publishers: neither outcome is a difference.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using mqtt::QoS;
using Names = std::vector<std::string>;

mqtt::Publish message(QoS qos, std::string_view payload = "x", std::uint16_t id = 7, bool retain = false) {
    return {.qos = qos,
            .retain = retain,
            .topic = "t",
            .packet_id = qos == QoS::at_most_once ? std::uint16_t(0) : id,
            .payload = payload};
}

Script& subscribe_only(Script& s, const std::string& who) {
    const mqtt::Subscribe::Entry entry{"t", QoS::at_least_once};
    return s.send(who, mqtt::Subscribe{.packet_id = 1, .entries = {std::span(&entry, 1)}});
}
Script& granted(Script& s, const std::string& who) {
    const mqtt::Suback::Code code{1};
    return s.expect(who, mqtt::Suback{.packet_id = 1, .codes = {std::span(&code, 1)}});
}

/// The capture has the deliveries of two devices, one at QoS 1 and one at QoS 0, in the other order than the target.
TEST(Alike, two_publishers_at_different_qos_are_told_apart) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::exactly_once).join("slow").join("fast");
    s.send("slow", message(QoS::at_least_once, "on"))
        .send("fast", message(QoS::at_most_once, "on"))
        .expect("ear", message(QoS::at_most_once, "on"))
        .expect("ear", message(QoS::at_least_once, "on", 1))
        .send("ear", mqtt::Puback{.packet_id = 1})
        .expect("slow", mqtt::Puback{.packet_id = 7});
    s.leave("slow").leave("fast").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_FALSE(play(s, breaking(reference::Break::delivery_has_granted_qos)).differences().empty());
}

/// One publisher, QoS 2 then QoS 0 alike: the capture's server delivers at PUBREL, ours at PUBLISH.
TEST(Alike, one_publisher_at_different_qos) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::exactly_once).join("mouth");
    s.send("mouth", message(QoS::exactly_once, "on"))
        .send("mouth", message(QoS::at_most_once, "off"))
        .send("mouth", message(QoS::at_most_once, "on"))
        .expect("mouth", mqtt::Pubrec{.packet_id = 7})
        .expect("ear", message(QoS::at_most_once, "off"))
        .expect("ear", message(QoS::at_most_once, "on"))
        .send("mouth", mqtt::Pubrel{.packet_id = 7})
        .expect("mouth", mqtt::Pubcomp{.packet_id = 7})
        .expect("ear", message(QoS::exactly_once, "on", 1))
        .send("ear", mqtt::Pubrec{.packet_id = 1})
        .expect("ear", mqtt::Pubrel{.packet_id = 1})
        .send("ear", mqtt::Pubcomp{.packet_id = 1});
    s.leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
}

/// PUBLISH, then SUBSCRIBE of another before the PUBLISH was read: the capture has it delivered.
TEST(Races, qos0_crossing_a_subscribe) {
    for (const bool delivered : {true, false}) {
        Script s;
        s.join("ear").join("mouth").send("mouth", message(QoS::at_most_once));
        granted(subscribe_only(s, "ear"), "ear");
        if (delivered) s.expect("ear", message(QoS::at_most_once));
        s.leave("mouth").leave("ear");
        const auto played = play(s);
        EXPECT_EQ(played.differences(), Names{}) << delivered;
        EXPECT_EQ(played.count(Verdict::inconclusive), std::size_t(delivered));
    }
}

/// Long after the PUBLISH it is no race.
TEST(Races, a_publish_long_before_the_subscribe_is_none) {
    Script s;
    s.join("ear").join("mouth").send("mouth", message(QoS::at_most_once)).wait(std::chrono::seconds(2));
    granted(subscribe_only(s, "ear"), "ear").expect("ear", message(QoS::at_most_once)).leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{"missing PUBLISH"});
}

/// Nor after an answer to what the publisher sent later.
TEST(Races, a_publish_that_was_surely_read_is_none) {
    Script s;
    s.join("ear")
        .join("mouth")
        .send("mouth", message(QoS::at_most_once))
        .subscribe("mouth", "other", QoS::at_most_once);
    granted(subscribe_only(s, "ear"), "ear").expect("ear", message(QoS::at_most_once)).leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{"missing PUBLISH"});
}

/// One race excuses one delivery: here the will, and not a second one of it.
TEST(Races, excuse_one_delivery_each) {
    Script s;
    s.join("ear");
    const mqtt::Will will{.topic = "t", .payload = "x"};
    s.session("mute");
    s.step("mute", scenario::Step::Kind::open)
        .send("mute", mqtt::Connect{.protocol = "MQTT", .level = 4, .client_id = "mute", .will = will})
        .expect("mute", mqtt::Connack{});
    subscribe_only(s, "ear").close("mute");
    granted(s, "ear").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(reference::Break::will_twice)).differences(), Names{"unexpected PUBLISH"});
}

/// The end of QoS 2 is PUBCOMP: between PUBREC and PUBREL the message may be delivered or not yet be.
TEST(Races, qos2_ends_with_pubcomp) {
    Script s;
    s.join("ear").join("mouth").send("mouth", message(QoS::exactly_once)).expect("mouth", mqtt::Pubrec{.packet_id = 7});
    granted(subscribe_only(s, "ear"), "ear")
        .send("mouth", mqtt::Pubrel{.packet_id = 7})
        .expect("mouth", mqtt::Pubcomp{.packet_id = 7})
        .expect("ear", message(QoS::at_least_once, "x", 1))
        .send("ear", mqtt::Puback{.packet_id = 1})
        .leave("mouth")
        .leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::inconclusive), 1u);
}

/// PUBLISH before SUBACK: the capture has no delivery, the target delivers. After SUBACK it has to be the same.
TEST(Races, no_delivery_in_the_capture) {
    for (const bool crossed : {true, false}) {
        Script s;
        s.join("ear").join("mouth");
        subscribe_only(s, "ear");
        if (!crossed) granted(s, "ear");
        s.send("mouth", message(QoS::at_least_once)).expect("mouth", mqtt::Puback{.packet_id = 7});
        if (crossed) granted(s, "ear");
        s.leave("mouth").leave("ear");
        const auto played = play(s);
        EXPECT_EQ(played.differences(), crossed ? Names{} : Names{"unexpected PUBLISH"});
    }
}

/// One connection's packets are read in their order: SUBSCRIBE and a PUBLISH behind it do not race.
TEST(Races, not_of_one_connection) {
    Script s;
    s.join("both");
    subscribe_only(s, "both").send("both", message(QoS::exactly_once)).expect("both", mqtt::Pubrec{.packet_id = 7});
    granted(s, "both").send("both", mqtt::Pubrel{.packet_id = 7}).expect("both", mqtt::Pubcomp{.packet_id = 7});
    s.leave("both");
    EXPECT_EQ(play(s).differences(), Names{"unexpected PUBLISH"});
}

/// UNSUBSCRIBE and PUBLISH crossed; the capture's server delivered before it read UNSUBSCRIBE.
TEST(Races, unsubscribe) {
    Script s;
    const mqtt::Unsubscribe::Filter filter{"t"};
    s.join("ear")
        .subscribe("ear", "t", QoS::at_least_once)
        .join("mouth")
        .send("ear", mqtt::Unsubscribe{.packet_id = 2, .filters = {std::span(&filter, 1)}})
        .send("mouth", message(QoS::at_least_once))
        .expect("mouth", mqtt::Puback{.packet_id = 7})
        .expect("ear", message(QoS::at_least_once, "x", 1))
        .expect("ear", mqtt::Unsuback{.packet_id = 2})
        .send("ear", mqtt::Puback{.packet_id = 1})
        .leave("mouth")
        .leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
}

/// Two retain at once: the capture kept the first one, the target the last one.
TEST(Races, two_retained_at_once) {
    for (const bool crossed : {true, false}) {
        Script s;
        s.join("a").join("b").send("a", message(QoS::at_least_once, "slow", 7, true));
        if (!crossed) s.expect("a", mqtt::Puback{.packet_id = 7});
        s.send("b", message(QoS::at_least_once, "fast", 7, true)).expect("b", mqtt::Puback{.packet_id = 7});
        if (crossed) s.expect("a", mqtt::Puback{.packet_id = 7});
        s.join("ear")
            .subscribe("ear", "t", QoS::at_most_once)
            .expect("ear", message(QoS::at_most_once, "slow", 0, true))
            .leave("ear")
            .leave("a")
            .leave("b");
        EXPECT_EQ(play(s).differences(), crossed ? Names{} : Names{"changed PUBLISH payload"});
    }
}

/// QoS 2 without PUBREL: ours delivers at PUBLISH, others never.
TEST(Races, an_unreleased_publish_may_be_delivered_or_not) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("mouth", mqtt::Version::v3_1_1, false);
    s.send("mouth", message(QoS::exactly_once)).expect("mouth", mqtt::Pubrec{.packet_id = 7}).close("mouth");
    s.join("again", mqtt::Version::v3_1_1, true, false, "mouth").leave("again").leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("4.3.3"), std::string::npos);
}

/// The other way round: the capture's server delivered at PUBLISH, the target waits for PUBREL.
TEST(Races, an_unreleased_publish_that_was_delivered) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("mouth", mqtt::Version::v3_1_1, false);
    s.send("mouth", message(QoS::exactly_once)).expect("mouth", mqtt::Pubrec{.packet_id = 7});
    s.expect("ear", message(QoS::at_most_once)).close("mouth");
    s.join("again", mqtt::Version::v3_1_1, true, false, "mouth").leave("again").leave("ear");
    reference::Settings late;
    late.style.deliver_qos2 = reference::Release::on_pubrel;
    const auto played = play(s, late);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("4.3.3"), std::string::npos);
}

/// One publisher's "1", "2", "1" and another's "1": which of the alike ones a delivery is, nobody knows.
TEST(Order, of_messages_alike_of_two_publishers_is_not_known) {
    for (const bool rivals : {true, false}) {
        Script s;
        s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("x").join("y");
        for (const char* text : {"1", "2", "1"}) s.send("x", message(QoS::at_most_once, text));
        s.send(rivals ? "y" : "x", message(QoS::at_most_once, "1"));
        for (const char* text : {"1", "1", "2", "1"}) s.expect("ear", message(QoS::at_most_once, text));
        s.leave("x").leave("y").leave("ear");
        EXPECT_EQ(play(s).differences(), rivals ? Names{} : Names{"changed PUBLISH order"});
    }
}

/// The publisher's QoS says whether a retained message may be thrown away, not that of its delivery.
TEST(Absent, a_retained_message_above_qos0_has_to_come) {
    for (const auto qos : {QoS::at_most_once, QoS::at_least_once}) {
        Script s;
        s.join("mouth").send("mouth", message(qos, "x", 7, true));
        if (qos == QoS::at_least_once) s.expect("mouth", mqtt::Puback{.packet_id = 7});
        s.leave("mouth").wait(std::chrono::seconds(2)).join("ear").subscribe("ear", "t", QoS::at_most_once);
        s.expect("ear", message(QoS::at_most_once, "x", 0, true)).leave("ear");
        const auto played = play(s, breaking(reference::Break::retained_not_stored));
        EXPECT_EQ(played.differences(), qos == QoS::at_least_once ? Names{"missing PUBLISH"} : Names{});
    }
}

/// What is sent again keeps its order (4.6.0-1).
TEST(Order, of_what_is_sent_again) {
    Script s;
    s.join("ear", mqtt::Version::v3_1_1, false).subscribe("ear", "t", QoS::at_least_once).join("mouth");
    for (const auto n : std::initializer_list<std::uint16_t>{1, 2})
        s.send("mouth", message(QoS::at_least_once, n == 1 ? "1" : "2", n))
            .expect("mouth", mqtt::Puback{.packet_id = n})
            .expect("ear", message(QoS::at_least_once, n == 1 ? "1" : "2", n));
    s.close("ear").join("again", mqtt::Version::v3_1_1, false, true, "ear");
    for (const auto n : std::initializer_list<std::uint16_t>{1, 2}) {
        auto repeated = message(QoS::at_least_once, n == 1 ? "1" : "2", n);
        repeated.dup = true;
        s.expect("again", repeated);
    }
    for (const auto n : std::initializer_list<std::uint16_t>{1, 2}) s.send("again", mqtt::Puback{.packet_id = n});
    s.leave("again").leave("mouth");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(reference::Break::repeats_reversed)).differences(), Names{"changed PUBLISH order"});
}

/// What a connection published for itself with No Local, and heard other things after, was not on its way at its end.
TEST(Ending, what_was_sent_long_before_is_no_excuse) {
    const mqtt::Subscribe::Entry entry{.filter = "t", .qos = QoS::at_most_once, .no_local = true};
    const mqtt::Suback::Code code{0};
    Script s;
    s.join("both", mqtt::Version::v5)
        .send("both", mqtt::Subscribe{.packet_id = 1, .entries = {std::span(&entry, 1)}})
        .expect("both", mqtt::Suback{.packet_id = 1, .codes = {std::span(&code, 1)}});
    s.send("both", message(QoS::at_most_once, "own"));
    s.join("mouth", mqtt::Version::v5)
        .send("mouth", message(QoS::at_most_once, "other"))
        .expect("both", message(QoS::at_most_once, "other"));
    s.leave("mouth").leave("both");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(reference::Break::no_local_ignored)).differences(), Names{"unexpected PUBLISH"});
}

}  // namespace
}  // namespace replay
