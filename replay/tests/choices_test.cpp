// What servers are free in is no change; what cannot be known is inconclusive; aliases, ids, shares, pacing.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::Property;
using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;
namespace property = mqtt::property;

/// Two subscriptions match; the capture has that many copies.
Script overlapping(int copies) {
    Script s;
    s.join("ear").subscribe("ear", "a/#", QoS::at_most_once, 1).subscribe("ear", "a/+", QoS::at_most_once, 2).join("mouth");
    s.send("mouth", mqtt::Publish{.topic = "a/b", .payload = "x"});
    for (int i = 0; i < copies; ++i) s.expect("ear", mqtt::Publish{.topic = "a/b", .payload = "x"});
    return s.leave("mouth").leave("ear");
}

TEST(Choices, overlapping_subscriptions_may_be_merged_or_not) {
    reference::Settings each;
    each.style.overlap = reference::Overlap::copy_each;
    for (const int copies : {1, 2})
        for (const auto& settings : {reference::Settings{}, each}) {
            const auto played = play(overlapping(copies), settings);
            const bool same = (copies == 2) == (settings.style.overlap == reference::Overlap::copy_each);
            EXPECT_EQ(played.differences(), Names{}) << copies;
            EXPECT_LT(played.took, 1s);  // a copy that need not come is not waited for
            EXPECT_EQ(played.choices().find("overlapping") == std::string::npos, same) << copies;
        }
    EXPECT_EQ(play(overlapping(2), {}, {.rules = {.diff = Diff::strict}}).differences(), Names{"missing PUBLISH"});
    EXPECT_EQ(play(overlapping(1), each, {.rules = {.diff = Diff::strict}}).differences(), Names{"unexpected PUBLISH"});
}

/// The same message again and again: the copy that did not come takes nobody's place.
TEST(Choices, merged_copies_of_messages_alike) {
    Script s;
    s.join("ear").subscribe("ear", "a/#", QoS::at_most_once, 1).subscribe("ear", "a/+", QoS::at_most_once, 2).join("mouth");
    for (int i = 0; i < 20; ++i) {
        s.send("mouth", mqtt::Publish{.topic = "a/b", .payload = "x"});
        for (int copy = 0; copy < 2; ++copy) s.expect("ear", mqtt::Publish{.topic = "a/b", .payload = "x"});
    }
    s.leave("mouth").leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_LT(played.took, 1s);
}

/// Four jobs; the capture's server gave all of them to one worker.
Script jobs() {
    Script s;
    for (const char* w : {"w1", "w2"}) s.join(w, Version::v5).subscribe(w, "$share/g/job/+", QoS::at_least_once);
    s.join("mouth", Version::v5);
    for (std::uint16_t i = 1; i <= 4; ++i) {
        const auto topic = std::string_view("job/1job/2job/3job/4").substr(std::size_t(i - 1) * 5, 5);
        s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = topic, .packet_id = i})
            .expect("mouth", mqtt::Puback{.packet_id = i})
            .expect("w1", mqtt::Publish{.qos = QoS::at_least_once, .topic = topic, .packet_id = i})
            .send("w1", mqtt::Puback{.packet_id = i});
    }
    return s.leave("w1").leave("w2").leave("mouth");
}

TEST(Choices, any_member_of_a_shared_subscription_may_get_it) {
    const auto played = play(jobs());
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("member of a shared subscription"), std::string::npos);
    const auto both = play(jobs(), breaking(reference::Break::share_delivers_to_all));
    EXPECT_EQ(both.count(Verdict::unexpected), 4u);
}

TEST(Choices, no_subscribers_may_be_told_or_not) {
    Script s;
    s.join("mouth", Version::v5).send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1})
        .expect("mouth", mqtt::Puback{.packet_id = 1}).leave("mouth");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_NE(played.choices().find("no subscribers"), std::string::npos);
    EXPECT_EQ(play(s, {}, {.rules = {.diff = Diff::strict}}).differences().at(1), "changed PUBACK reason code reason string");
}

TEST(Choices, qos0_for_an_absent_client_may_be_dropped_or_kept) {
    for (const bool kept : {false, true}) {
        Script s;
        s.join("ear", Version::v3_1_1, false).subscribe("ear", "t", QoS::at_most_once).leave("ear").join("mouth")
            .send("mouth", mqtt::Publish{.topic = "t", .payload = "x"}).join("ear again", Version::v3_1_1, false, true, "ear");
        if (kept) s.expect("ear again", mqtt::Publish{.topic = "t", .payload = "x"});
        s.leave("ear again").leave("mouth");
        for (const bool keeps : {false, true}) {
            reference::Settings settings;
            settings.style.queue_qos0 = keeps;
            const auto played = play(s, settings);
            EXPECT_EQ(played.differences(), Names{}) << kept << keeps;
            EXPECT_EQ(played.choices().find("QoS 0 for an absent client") == std::string::npos, kept == keeps);
        }
    }
}

TEST(Choices, a_lower_grant_is_a_change_that_says_it_is_legal) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::exactly_once).leave("ear");
    reference::Settings settings;
    settings.style.grant_at_most = QoS::at_least_once;
    const auto played = play(s, settings);
    EXPECT_EQ(played.differences(), Names{"changed SUBACK codes"});
    EXPECT_NE(played.choices().find("3.8.4"), std::string::npos);
}

// ---- what the target negotiates otherwise ---------------------------------------------------------------------------

TEST(Mapping, topic_aliases_are_spelt_out_where_the_target_takes_none) {
    Script s;
    const Property alias{property::topic_alias, 3u};
    const mqtt::Properties with{std::span(&alias, 1)};
    s.join("ear", Version::v5).subscribe("ear", "t", QoS::at_most_once).join("mouth", Version::v5)
        .send("mouth", mqtt::Publish{.topic = "t", .properties = with, .payload = "1"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "1"})
        .send("mouth", mqtt::Publish{.properties = with, .payload = "2"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "2"}).leave("mouth").leave("ear");
    for (const auto most : std::initializer_list<std::uint16_t>{0, 2, 3}) {
        reference::Settings settings;
        settings.offer.topic_alias_maximum = most;
        EXPECT_EQ(play(s, settings).differences(), Names{}) << most;
    }
}

TEST(Mapping, aliases_of_the_server_are_read) {
    Script s;
    const Property most{property::topic_alias_maximum, 5u};
    s.session("ear", Version::v5);
    s.step("ear", scenario::Step::Kind::open)
        .send("ear", mqtt::Connect{.properties = mqtt::Properties{std::span(&most, 1)}, .client_id = "ear"})
        .expect("ear", mqtt::Connack{}).subscribe("ear", "t", QoS::at_most_once).join("mouth", Version::v5);
    for (const char* text : {"1", "2"})
        s.send("mouth", mqtt::Publish{.topic = "t", .payload = text}).expect("ear", mqtt::Publish{.topic = "t", .payload = text});
    s.leave("mouth").leave("ear");
    reference::Settings settings;
    settings.style.outbound_topic_aliases = true;
    EXPECT_EQ(play(s, settings).differences(), Names{});
}

/// The capture's server called an empty client id "theirs-77"; it comes back under that name.
TEST(Mapping, assigned_client_ids_are_those_of_now) {
    Script s;
    const Property expiry{property::session_expiry_interval, 100u}, name{property::assigned_client_identifier, "theirs-77"};
    const mqtt::Properties kept{std::span(&expiry, 1)};
    s.session("first", Version::v5), s.session("second", Version::v5);
    s.step("first", scenario::Step::Kind::open).send("first", mqtt::Connect{.properties = kept})
        .expect("first", mqtt::Connack{.properties = mqtt::Properties{std::span(&name, 1)}}).leave("first");
    s.step("second", scenario::Step::Kind::open)
        .send("second", mqtt::Connect{.clean_start = false, .properties = kept, .client_id = "theirs-77"})
        .expect("second", mqtt::Connack{.session_present = true}).leave("second");
    EXPECT_EQ(play(s).differences(), Names{});
}

TEST(Mapping, receive_maximum_of_the_target_is_kept) {
    Script s;
    s.join("mouth", Version::v5);
    for (std::uint16_t i = 1; i <= 6; ++i) s.send("mouth", mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = i});
    for (std::uint16_t i = 1; i <= 6; ++i)
        s.expect("mouth", mqtt::Pubrec{.packet_id = i}).send("mouth", mqtt::Pubrel{.packet_id = i})
            .expect("mouth", mqtt::Pubcomp{.packet_id = i});
    for (std::uint16_t i = 1; i <= 6; ++i)
        s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = i}).expect("mouth", mqtt::Puback{.packet_id = i});
    s.leave("mouth");
    reference::Settings settings;
    settings.offer.receive_maximum = 2;
    const auto played = play(s, settings);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_LT(played.took, 1s);
}

TEST(Mapping, prefixes_and_topics) {
    Script s = jobs();
    PlanOptions how{.client_id_prefix = "R-", .topic_map = {{"job/", "test/job/"}}};
    const auto played = play(s, {}, {}, how);
    EXPECT_EQ(played.differences(), Names{});
    const Plan p = plan(s.scenario, how);
    EXPECT_EQ(std::get<mqtt::Connect>(p.items[1].packet).client_id, "R-w1");
    EXPECT_EQ((*std::get<mqtt::Subscribe>(p.items[3].packet).entries.begin()).filter, "$share/g/test/job/+");
    EXPECT_EQ(p.items[13].topic, "test/job/1");
    EXPECT_EQ(played.result.answers[4].topic.substr(0, 4), "");
}

// ---- what cannot be known -------------------------------------------------------------------------------------------

TEST(Unknown, publishers_that_are_not_in_the_capture) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).expect("ear", mqtt::Publish{.topic = "t", .payload = "from afar"}).leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.reasons(), Names{"PUBLISH: its publisher is not in the capture"});
    EXPECT_LT(played.took, 2s);
}

TEST(Unknown, sessions_and_payloads_that_are_not_whole_are_never_sent) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).join("mouth");
    s.send("mouth", mqtt::Publish{.topic = "t", .payload = std::string_view(std::string(64, '\0'))});
    s.session("stranger");
    s.scenario.sessions.back().midstream = true;
    s.send("stranger", mqtt::Publish{.topic = "t", .payload = "y"}).expect("ear", mqtt::Publish{.topic = "t", .payload = "y"});
    s.step("mouth", scenario::Step::Kind::truncated, "\x30\x20");
    s.leave("mouth").leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    ASSERT_EQ(played.result.skipped.size(), 2u);
    EXPECT_EQ(played.result.skipped[0].why, "its CONNECT is not known");
    EXPECT_EQ(played.result.skipped[1].why, "a payload of zeros alone: the capture was filled up");
    EXPECT_EQ(played.result.sent, 5u);  // CONNECT, SUBSCRIBE, CONNECT, DISCONNECT, DISCONNECT
    EXPECT_EQ(played.reasons(), Names{"PUBLISH: what it came from is not sent: its CONNECT is not known"});
}

TEST(Unknown, what_was_retained_before) {
    Script s;
    s.join("ear").subscribe("ear", "#", QoS::at_most_once).expect("ear", mqtt::Publish{.retain = true, .topic = "old", .payload = "x"}).leave("ear");
    EXPECT_EQ(play(s).reasons(), Names{"PUBLISH: retained before the capture began, or by a client that is not in it"});
}

/// A message like one that was retained before: the live one is the live one.
TEST(Unknown, what_was_retained_before_takes_no_other_place) {
    Script s;
    s.join("ear").subscribe("ear", "t", QoS::at_most_once).expect("ear", mqtt::Publish{.retain = true, .topic = "t", .payload = "x"})
        .join("mouth").send("mouth", mqtt::Publish{.topic = "t", .payload = "x"})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"}).leave("mouth").leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::inconclusive), 1u);
    EXPECT_EQ(played.result.answers[2].verdict, Verdict::inconclusive);
}

/// SUBSCRIBE and PUBLISH cross; the capture's server saw SUBSCRIBE first.
TEST(Unknown, which_of_two_at_the_same_time_came_first) {
    Script s;
    const mqtt::Subscribe::Entry entry{"t", QoS::at_most_once};
    const mqtt::Suback::Code code{};
    s.join("ear").join("mouth");
    s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1, .payload = "x"})
        .send("ear", mqtt::Subscribe{.packet_id = 1, .entries = {std::span(&entry, 1)}})
        .expect("ear", mqtt::Suback{.packet_id = 1, .codes = {std::span(&code, 1)}})
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"})
        .expect("mouth", mqtt::Puback{.packet_id = 1}).leave("mouth").leave("ear");
    const auto played = play(s);
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::inconclusive), 1u);
    auto& octets = s.scenario.steps[6].octets;  // retained: here it comes with RETAIN 1, where the capture has 0
    octets[0] = char(octets[0] | 1);
    const auto retained = play(s);
    EXPECT_EQ(retained.differences(), Names{});
    EXPECT_EQ(retained.count(Verdict::inconclusive), 1u);
    EXPECT_EQ(retained.count(Verdict::unexpected), 0u);
}

// ---- time -----------------------------------------------------------------------------------------------------------

TEST(Pacing, max_takes_no_time_and_speeds_scale_it) {
    Script s;
    s.join("a").wait(8s).send("a", mqtt::Publish{.topic = "t"}).wait(2s).leave("a");
    EXPECT_LT(play(s).took, 1s);
    const auto real = play(s, {}, {.speed = 1, .max_gap = 60s}).took;
    EXPECT_GE(real, 10s);
    EXPECT_LT(real, 11s);
    const auto tenth = play(s, {}, {.speed = 10, .max_gap = 60s}).took;
    EXPECT_GE(tenth, 1s);
    EXPECT_LT(tenth, 2s);
    const auto capped = play(s, {}, {.speed = 1, .max_gap = 3s}).took;
    EXPECT_GE(capped, 5s);
    EXPECT_LT(capped, 6s);
    const auto clock = play(s, {}, {.pacing = Pacing::clock, .speed = 1, .max_gap = 60s}).took;
    EXPECT_GE(clock, 10s);
    EXPECT_LT(clock, 11s);
}

/// Keep alive is upheld, whatever PINGREQ the capture has.
TEST(Pacing, connections_are_kept_alive) {
    Script s;
    s.session("a");
    s.step("a", scenario::Step::Kind::open)
        .send("a", mqtt::Connect{.protocol = "MQTT", .level = 4, .keep_alive = 2, .client_id = "a"})
        .expect("a", mqtt::Connack{}).send("a", mqtt::Pingreq{}).expect("a", mqtt::Pingresp{}).wait(30s).leave("a");
    const auto played = play(s, {}, {.speed = 1, .max_gap = 60s});
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.result.answers.size(), 1u);  // PINGRESP is not compared
}

/// The will of a silent client takes one and a half keep alives.
TEST(Pacing, what_took_long_in_the_capture_may_take_long) {
    Script s;
    s.join("ear").subscribe("ear", "lost", QoS::at_most_once);
    s.session("mute");
    s.step("mute", scenario::Step::Kind::open)
        .send("mute", mqtt::Connect{.protocol = "MQTT", .level = 4, .keep_alive = 20, .client_id = "mute", .will = mqtt::Will{.topic = "lost"}})
        .expect("mute", mqtt::Connack{}).wait(30s).close("mute", scenario::Side::server)
        .expect("ear", mqtt::Publish{.topic = "lost"}).leave("ear");
    const auto played = play(s, {}, {.patience = 1s});
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_GE(played.took, 30s);
}

}  // namespace
}  // namespace replay
