// What subscriptions mean for the verdicts: copies for overlapping ones, what is held, what was never subscribed.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;

constexpr std::uint16_t no_id = 0;

/// Two subscriptions match, "a/#" at QoS 0 and "a/+" at QoS 1; `qualities`: of the copies that the capture has.
Script overlapping(const std::vector<QoS>& qualities, int times = 1) {
    Script s;
    s.join("ear")
        .subscribe("ear", "a/#", QoS::at_most_once, 1)
        .subscribe("ear", "a/+", QoS::at_least_once, 2)
        .join("mouth");
    std::uint16_t id = 10;
    for (std::uint16_t n = 1; n <= times; ++n) {
        s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = n, .payload = "x"})
            .expect("mouth", mqtt::Puback{.packet_id = n});
        for (const auto q : qualities) {
            ++id;
            s.expect("ear",
                     mqtt::Publish{
                         .qos = q, .topic = "a/b", .packet_id = q == QoS::at_most_once ? no_id : id, .payload = "x"});
            if (q == QoS::at_least_once) s.send("ear", mqtt::Puback{.packet_id = id});
        }
    }
    return s.leave("mouth").leave("ear");
}

reference::Settings copying() {
    reference::Settings s;
    s.style.overlap = reference::Overlap::copy_each;
    return s;
}

/// 3.3.4-2, 3.3.5-1: one copy has the highest QoS, whatever the number of copies.
TEST(Copies, one_has_the_highest_qos) {
    const std::vector<QoS> merged{QoS::at_least_once}, each{QoS::at_most_once, QoS::at_least_once},
        turned{QoS::at_least_once, QoS::at_most_once};
    for (const auto& captured : {merged, each, turned})
        for (const int times : {1, 3}) {
            EXPECT_EQ(play(overlapping(captured, times)).differences(), Names{});
            EXPECT_EQ(play(overlapping(captured, times), copying()).differences(), Names{});
            const auto lowest = play(overlapping(captured, times), breaking(reference::Break::overlap_has_lowest_qos));
            EXPECT_EQ(lowest.differences(), Names(std::size_t(times), "changed PUBLISH QoS"));
        }
    EXPECT_EQ(
        play(overlapping(each), breaking(reference::Break::overlap_has_lowest_qos), {.rules = {.ignore = {"QoS"}}})
            .differences(),
        Names{});
}

/// A server that merges: each of ten messages alike has its own cause, so none may be left out.
TEST(Copies, merged_ones_are_one_for_each_message) {
    const auto s = overlapping({QoS::at_least_once}, 10);
    const Plan p = plan(s.scenario, {});
    std::set<std::size_t> causes;
    for (const auto& it : p.items)
        if (it.role == Role::expect && it.type == mqtt::Type::publish) causes.insert(it.cause);
    EXPECT_EQ(causes.size(), 10u);
    const auto two = overlapping({QoS::at_most_once, QoS::at_least_once}, 10);
    const Plan q = plan(two.scenario, {});
    std::map<std::size_t, int> copies;
    for (const auto& it : q.items)
        if (it.role == Role::expect && it.type == mqtt::Type::publish) ++copies[it.cause];
    EXPECT_EQ(copies.size(), 10u);
    for (const auto& [cause, n] : copies) EXPECT_EQ(n, 2);
}

/// The same QoS 2 message sent twice is one: two copies are of it.
TEST(Copies, of_a_repeated_message) {
    Script s;
    s.join("ear")
        .subscribe("ear", "a/#", QoS::at_most_once, 1)
        .subscribe("ear", "a/+", QoS::exactly_once, 2)
        .join("mouth");
    mqtt::Publish message{.qos = QoS::exactly_once, .topic = "a/b", .packet_id = 9, .payload = "x"};
    s.send("mouth", message).expect("mouth", mqtt::Pubrec{.packet_id = 9});
    message.dup = true;
    s.send("mouth", message).expect("mouth", mqtt::Pubrec{.packet_id = 9});
    s.expect("ear", mqtt::Publish{.topic = "a/b", .payload = "x"});
    message.dup = false;
    s.expect("ear", message).send("ear", mqtt::Pubrec{.packet_id = 9}).expect("ear", mqtt::Pubrel{.packet_id = 9});
    s.send("ear", mqtt::Pubcomp{.packet_id = 9}).send("mouth", mqtt::Pubrel{.packet_id = 9});
    s.expect("mouth", mqtt::Pubcomp{.packet_id = 9}).leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, copying()).differences(), Names{});
}

/// Messages alike of three QoS, delivered in another order: each copy belongs to one whose QoS it may have.
TEST(Copies, of_messages_alike_at_three_qos) {
    const auto message = [](unsigned qos, std::uint16_t id) {
        return mqtt::Publish{.qos = QoS(qos), .topic = "a/b", .packet_id = qos ? id : no_id, .payload = "x"};
    };
    for (const unsigned copies : {1u, 2u}) {
        Script s;
        s.join("ear")
            .subscribe("ear", "a/#", QoS::exactly_once, 1)
            .subscribe("ear", "a/+", QoS::exactly_once, 2)
            .join("mouth");
        s.send("mouth", message(2, 1)).send("mouth", message(1, 2)).send("mouth", message(0, 0));
        s.expect("mouth", mqtt::Pubrec{.packet_id = 1}).expect("mouth", mqtt::Puback{.packet_id = 2});
        std::uint16_t id = 0;
        for (unsigned n = 0; n < copies; ++n)
            for (const unsigned qos : {0u, 1u, 2u}) {
                s.expect("ear", message(qos, ++id));
                if (qos == 1) s.send("ear", mqtt::Puback{.packet_id = id});
                if (qos != 2) continue;
                s.send("ear", mqtt::Pubrec{.packet_id = id}).expect("ear", mqtt::Pubrel{.packet_id = id});
                s.send("ear", mqtt::Pubcomp{.packet_id = id});
            }
        s.send("mouth", mqtt::Pubrel{.packet_id = 1}).expect("mouth", mqtt::Pubcomp{.packet_id = 1});
        s.leave("mouth").leave("ear");
        EXPECT_EQ(play(s).differences(), Names{}) << copies;
        EXPECT_EQ(play(s, copying()).differences(), Names{}) << copies;
    }
}

/// Published before the second subscription: its one delivery is no copy.
TEST(Copies, only_of_what_was_published_while_subscriptions_overlapped) {
    const mqtt::Publish message{.topic = "a/b", .payload = "x"};
    Script s;
    s.join("ear").subscribe("ear", "a/#", QoS::at_most_once, 1).join("mouth");
    s.send("mouth", message).expect("ear", message).subscribe("ear", "a/+", QoS::at_most_once, 2);
    s.send("mouth", message).expect("ear", message).expect("ear", message).leave("mouth").leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, copying()).differences(), Names{});
}

/// Refused: it brings no copy, so a second one is unexpected. What was granted before stays.
TEST(Copies, of_refused_filters_there_are_none) {
    for (const bool granted_before : {false, true}) {
        Script s;
        const mqtt::Subscribe::Entry entry{"a/+", QoS::at_most_once};
        const mqtt::Suback::Code refused{0x80};
        s.join("ear").subscribe("ear", "a/#", QoS::at_most_once, 1);
        if (granted_before) s.subscribe("ear", "a/+", QoS::at_most_once, 2);
        s.send("ear", mqtt::Subscribe{.packet_id = 3, .entries = {std::span(&entry, 1)}})
            .expect("ear", mqtt::Suback{.packet_id = 3, .codes = {std::span(&refused, 1)}});
        s.join("mouth").send("mouth", mqtt::Publish{.topic = "a/b", .payload = "x"});
        s.expect("ear", mqtt::Publish{.topic = "a/b", .payload = "x"}).leave("mouth").leave("ear");
        const Plan p = plan(s.scenario, {});
        for (const auto& it : p.items) {
            if (it.role != Role::expect || it.type != mqtt::Type::publish) continue;
            EXPECT_EQ(it.matching, granted_before ? 2u : 1u);
        }
        const auto played = play(s, copying());  // grants it: that is the difference, and all that follows from it
        EXPECT_EQ(played.differences(), Names{"changed SUBACK codes"});
        EXPECT_EQ(played.reasons().size(), granted_before ? 0u : 1u);
    }
}

/// Each SUBSCRIBE brings the retained message: two are no copies of one delivery.
TEST(Copies, of_retained_messages_belong_to_one_subscribe) {
    Script s;
    const mqtt::Publish kept{.qos = QoS::at_least_once, .retain = true, .topic = "a/b", .packet_id = 1, .payload = "x"};
    s.join("mouth").send("mouth", kept).expect("mouth", mqtt::Puback{.packet_id = 1}).leave("mouth").join("ear");
    for (const char* filter : {"a/#", "a/+"})
        s.subscribe("ear", filter, QoS::at_most_once, filter[2] == '#' ? 1 : 2)
            .expect("ear", mqtt::Publish{.retain = true, .topic = "a/b", .payload = "x"});
    s.leave("ear");
    EXPECT_EQ(play(s).differences(), Names{});
    for (const auto& it : plan(s.scenario, {}).items)
        if (it.role == Role::expect && it.type == mqtt::Type::publish) {
            EXPECT_EQ(it.matching, 1u);
            EXPECT_EQ(it.copies, none);
        }
}

/// Copies that were not acknowledged come again, on the next connection and on the same: those are others.
TEST(Copies, sent_again_are_apart) {
    Script s;
    s.join("ear", Version::v3_1_1, false)
        .subscribe("ear", "a/#", QoS::at_least_once, 1)
        .subscribe("ear", "a/+", QoS::at_least_once, 2);
    s.join("mouth").send("mouth",
                         mqtt::Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 1, .payload = "x"});
    s.expect("mouth", mqtt::Puback{.packet_id = 1});
    mqtt::Publish copy{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 1, .payload = "x"};
    s.expect("ear", copy);
    copy.dup = true;
    s.expect("ear", copy).close("ear").join("again", Version::v3_1_1, false, true, "ear").expect("again", copy);
    s.send("again", mqtt::Puback{.packet_id = 1}).leave("again").leave("mouth");
    const Plan p = plan(s.scenario, {});
    std::set<std::size_t> groups, causes;
    for (const auto& it : p.items)
        if (it.role == Role::expect && it.type == mqtt::Type::publish)
            groups.insert(it.copies), causes.insert(it.cause);
    EXPECT_EQ(groups.size(), 3u);
    EXPECT_EQ(causes.size(), 1u);
}

/// What was sent again takes no place of the next message alike.
TEST(Copies, what_is_sent_again_has_the_first_ones_cause) {
    Script s;
    s.join("ear", Version::v3_1_1, false).subscribe("ear", "t", QoS::at_least_once).join("mouth");
    mqtt::Publish message{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1, .payload = "x"};
    s.send("mouth", message).expect("mouth", mqtt::Puback{.packet_id = 1}).expect("ear", message).close("ear");
    message.packet_id = 2;
    s.send("mouth", message).expect("mouth", mqtt::Puback{.packet_id = 2});
    s.join("again", Version::v3_1_1, false, true, "ear");
    message.packet_id = 1, message.dup = true;
    s.expect("again", message).send("again", mqtt::Puback{.packet_id = 1});
    message.packet_id = 2, message.dup = false;
    s.expect("again", message).send("again", mqtt::Puback{.packet_id = 2}).leave("again").leave("mouth");
    const Plan p = plan(s.scenario, {});
    std::vector<std::size_t> causes;
    for (const auto& it : p.items)
        if (it.role == Role::expect && it.type == mqtt::Type::publish) causes.push_back(it.cause);
    ASSERT_EQ(causes.size(), 3u);
    EXPECT_EQ(causes[0], causes[1]);
    EXPECT_GT(causes[2], causes[1]);
    EXPECT_EQ(play(s).differences(), Names{});
}

/// One subscription, then two, then one: each delivery has its own cause.
TEST(Copies, begin_behind_the_single_deliveries) {
    const mqtt::Publish message{.topic = "a/b", .payload = "x"};
    Script s;
    s.join("ear").subscribe("ear", "a/#", QoS::at_most_once, 1).join("mouth");
    for (int n = 0; n < 3; ++n) s.send("mouth", message).expect("ear", message);
    s.subscribe("ear", "a/+", QoS::at_most_once, 2);
    for (int n = 0; n < 3; ++n) s.send("mouth", message).expect("ear", message);
    const mqtt::Unsubscribe::Filter filter{"a/+"};
    s.send("ear", mqtt::Unsubscribe{.packet_id = 3, .filters = {std::span(&filter, 1)}})
        .expect("ear", mqtt::Unsuback{.packet_id = 3});
    for (int n = 0; n < 3; ++n) s.send("mouth", message).expect("ear", message);
    s.leave("mouth").leave("ear");
    std::vector<std::size_t> sent, causes;
    const Plan p = plan(s.scenario, {});
    for (std::size_t i = 0; i < p.items.size(); ++i) {
        if (p.items[i].type != mqtt::Type::publish) continue;
        if (p.items[i].role == Role::send) sent.push_back(i);
        if (p.items[i].role == Role::expect) causes.push_back(p.items[i].cause);
    }
    EXPECT_EQ(causes, sent);
}

/// Alike, one behind the other: which copy is whose is not known, so there is no order to keep.
TEST(Copies, of_messages_alike_have_no_order) {
    const mqtt::Publish message{.topic = "a/b", .payload = "x"};
    Script s;
    s.join("ear")
        .subscribe("ear", "a/#", QoS::at_most_once, 1)
        .subscribe("ear", "a/+", QoS::at_most_once, 2)
        .join("mouth");
    for (int n = 0; n < 4; ++n) s.send("mouth", message);
    for (int n = 0; n < 8; ++n) s.expect("ear", message);
    s.leave("mouth").leave("ear");
    EXPECT_EQ(play(s, copying()).differences(), Names{});
    EXPECT_EQ(play(s).differences(), Names{});
}

/// One filter with Retain As Published, one without: a merged copy may have either RETAIN.
TEST(Copies, may_have_either_retain) {
    for (const bool retain : {false, true}) {
        Script s;
        const mqtt::Subscribe::Entry entries[]{{.filter = "a/#", .retain_as_published = true}, {.filter = "a/+"}};
        const mqtt::Suback::Code codes[]{{0}, {0}};
        s.join("ear", Version::v5)
            .send("ear", mqtt::Subscribe{.packet_id = 1, .entries = {std::span(entries)}})
            .expect("ear", mqtt::Suback{.packet_id = 1, .codes = {std::span(codes)}})
            .join("mouth", Version::v5)
            .send("mouth", mqtt::Publish{.retain = true, .topic = "a/b", .payload = "x"})
            .expect("ear", mqtt::Publish{.retain = retain, .topic = "a/b", .payload = "x"})
            .leave("mouth")
            .leave("ear");
        EXPECT_EQ(play(s).differences(), Names{}) << retain;
        EXPECT_EQ(play(s, copying()).differences(), Names{}) << retain;
    }
}

/// A client that acknowledges nothing: the capture's server stopped after two, ours does not.
TEST(Window, how_many_come_before_others_are_acknowledged) {
    for (const bool acknowledges : {false, true}) {
        Script s;
        s.join("ear").subscribe("ear", "t", QoS::at_least_once).join("mouth");
        for (std::uint16_t n = 1; n <= 4; ++n) {
            const char text[]{char('0' + n), 0};
            const mqtt::Publish message{.qos = QoS::at_least_once, .topic = "t", .packet_id = n, .payload = text};
            s.send("mouth", message).expect("mouth", mqtt::Puback{.packet_id = n});
            if (n <= 2) s.expect("ear", message);
            if (n <= 2 && acknowledges) s.send("ear", mqtt::Puback{.packet_id = n});
        }
        s.leave("mouth").leave("ear");
        EXPECT_EQ(play(s).differences(), acknowledges ? Names(2, "unexpected PUBLISH") : Names{});
    }
}

const mqtt::Unsubscribe::Filter t_filter{"t"};

Script& unsubscribe(Script& s, std::uint8_t code, std::uint16_t id = 2) {
    const mqtt::Unsuback::Code answer{code};
    return s.send("ear", mqtt::Unsubscribe{.packet_id = id, .filters = {std::span(&t_filter, 1)}})
        .expect("ear", mqtt::Unsuback{.packet_id = id, .codes = {std::span(&answer, 1)}});
}

/// 3.11.3: "no subscription existed" is free where none did, and wrong where one does.
TEST(Unsuback, no_subscription_existed_is_no_choice_where_one_does) {
    const mqtt::Unsubscribe::Filter both[]{{"t"}, {"other"}};
    const mqtt::Unsuback::Code first[]{{0}, {0x11}};
    Script held;
    held.join("ear", Version::v5).subscribe("ear", "t", QoS::at_most_once);
    held.send("ear", mqtt::Unsubscribe{.packet_id = 2, .filters = {std::span(both)}})
        .expect("ear", mqtt::Unsuback{.packet_id = 2, .codes = {std::span(first)}})
        .leave("ear");
    EXPECT_EQ(play(held).differences(), Names{});
    const auto turned =
        breaking(reference::Break::unsuback_codes_reversed);  // 0x11 for what there is, 0 for what there is not
    EXPECT_EQ(play(held, turned).differences(), Names{"changed UNSUBACK codes"});
    EXPECT_EQ(play(held, turned, {.rules = {.ignore = {"codes"}}}).differences(), Names{});

    Script twice;
    twice.join("ear", Version::v5).subscribe("ear", "t", QoS::at_most_once);
    unsubscribe(unsubscribe(twice, 0), 0, 3).leave("ear");  // the capture's server did not tell
    const auto played = play(twice);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("that there was none"), std::string::npos);
}

/// What the target refused or lost it does not hold: that was told by itself.
TEST(Unsuback, of_what_the_target_does_not_hold) {
    Script s;
    s.join("ear", Version::v5, false).subscribe("ear", "t", QoS::at_most_once).close("ear");
    s.join("again", Version::v5, false, true, "ear");
    const mqtt::Unsuback::Code deleted{0};
    s.send("again", mqtt::Unsubscribe{.packet_id = 2, .filters = {std::span(&t_filter, 1)}})
        .expect("again", mqtt::Unsuback{.packet_id = 2, .codes = {std::span(&deleted, 1)}})
        .leave("again");
    EXPECT_EQ(play(s).differences(), Names{});
    EXPECT_EQ(play(s, breaking(reference::Break::persistent_session_lost)).differences(),
              Names{"changed CONNACK session present"});
}

/// Nothing was heard between UNSUBACK and the end; still what was unsubscribed may not come.
TEST(Ending, what_was_unsubscribed_is_no_excuse) {
    for (const bool unsubscribes : {true, false}) {
        Script s;
        s.join("ear").subscribe("ear", "t", QoS::at_most_once);
        if (unsubscribes)
            s.send("ear", mqtt::Unsubscribe{.packet_id = 2, .filters = {std::span(&t_filter, 1)}})
                .expect("ear", mqtt::Unsuback{.packet_id = 2});
        s.join("mouth").send("mouth", mqtt::Publish{.topic = "t", .payload = "x"}).leave("ear").leave("mouth");
        const auto played =
            play(s, unsubscribes ? breaking(reference::Break::unsubscribe_ineffective) : reference::Settings{});
        EXPECT_EQ(played.differences(), unsubscribes ? Names{"unexpected PUBLISH"} : Names{});
    }
}

/// Asked for again before UNSUBACK: it is held.
TEST(Ending, what_was_asked_for_again_may_have_been_on_its_way) {
    Script s;
    const mqtt::Subscribe::Entry entry{"t", QoS::at_most_once};
    const mqtt::Suback::Code code{};
    s.join("ear").subscribe("ear", "t", QoS::at_most_once);
    s.send("ear", mqtt::Unsubscribe{.packet_id = 2, .filters = {std::span(&t_filter, 1)}})
        .send("ear", mqtt::Subscribe{.packet_id = 3, .entries = {std::span(&entry, 1)}})
        .expect("ear", mqtt::Unsuback{.packet_id = 2})
        .expect("ear", mqtt::Suback{.packet_id = 3, .codes = {std::span(&code, 1)}});
    s.join("mouth").send("mouth", mqtt::Publish{.topic = "t", .payload = "x"}).leave("ear").leave("mouth");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("ending"), std::string::npos);
}

}  // namespace
}  // namespace replay
