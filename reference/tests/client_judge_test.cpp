// What the judge of clients tells, and what it does not.
#include <algorithm>

#include "reference/tests/judge_scene.hpp"

namespace reference::test {
namespace {

using mqtt::Auth, mqtt::Connack, mqtt::Connect, mqtt::Disconnect, mqtt::Pingreq, mqtt::Publish, mqtt::Suback,
    mqtt::Subscribe, mqtt::Text, mqtt::encode;

std::string list(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) out += one + " ";
    return out;
}

TEST(ClientJudge, TellsEachBreak) {
    for (const auto& b : broken_rules()) {
        Scene s(b.version);
        b.play(s);
        ASSERT_FALSE(s.told.empty()) << mqtt::name(b.version) << " " << b.statement;
        const bool also_too_large = s.told.front() == "MQTT-3.2.2-15" && s.told.size() == 2;
        EXPECT_EQ(s.told.back(), b.statement) << mqtt::name(b.version) << " " << list(s.told);
        EXPECT_TRUE(s.told.size() == 1 || also_too_large)
            << mqtt::name(b.version) << " " << b.statement << ": " << list(s.told);
    }
}

TEST(ClientJudge, TellsEachFormat) {
    for (const auto& b : broken_formats()) {
        Scene s(b.version);
        b.play(s);
        EXPECT_TRUE(std::ranges::count(s.told, b.statement))
            << mqtt::name(b.version) << " " << b.statement << ": " << list(s.told);
    }
}

/// A client that does right, however odd it looks. Each is the near miss of a break.
class NearMiss : public testing::TestWithParam<Version> {
protected:
    Version v = GetParam();
    Scene s{v};
    void TearDown() override { EXPECT_EQ(list(s.told), ""); }
    void subscribe(std::uint16_t id) {
        const Subscribe::Entry entries[]{{"t", QoS::at_most_once}};
        s.c(Subscribe{id, {}, entries});
    }
    void suback(std::uint16_t id) {
        const Suback::Code codes[]{{0}};
        s.s(Suback{id, {}, codes});
    }
};
INSTANTIATE_TEST_SUITE_P(, NearMiss, testing::Values(v4, v5),
                         [](const auto& i) { return i.param == v5 ? "v5" : "v3_1_1"; });

TEST_P(NearMiss, IdentifiersAreFreeAgain) {
    s.hello();
    s.publish(q1, 1), s.s(Puback{1}), s.publish(q1, 1, false, "new");
    s.publish(q2, 2), s.s(Pubrec{2}), s.c(Pubrel{2}), s.s(Pubcomp{2}), s.publish(q2, 2);
    subscribe(3), suback(3), subscribe(3);
    subscribe(4), suback(4), s.publish(q1, 4);
    s.publish(q1, 5), s.s(Puback{5}), subscribe(5);
}

TEST_P(NearMiss, RefusedPublishesAreDoneWith) {
    if (v == v4) return;
    s.hello();
    s.publish(q2, 1), s.s(Pubrec{1, 0x87}), s.publish(q2, 1, false, "new");
    s.publish(q1, 2), s.s(Puback{2, 0x87}), s.publish(q1, 2);
}

TEST_P(NearMiss, BeforeV5RepeatsMayComeAtAnyTime) {
    if (v == v5) return;
    s.hello();
    s.publish(q1, 1), s.publish(q1, 1, true), s.s(Puback{1});
    s.publish(q1, 1, true);  // crossed the PUBACK
    s.publish(q2, 2), s.publish(q2, 2, true), s.s(Pubrec{2}), s.s(Pubrec{2});
    s.c(Pubrel{2}), s.c(Pubrel{2}), s.s(Pubcomp{2}), s.c(Pubrel{2});
    s.publish(q2, 3), s.publish(q2, 4), s.s(Pubrec{3}), s.s(Pubrec{4}), s.s(Pubrec{3});
    s.c(Pubrel{3}), s.c(Pubrel{4}), s.publish(q2, 5), s.s(Pubrec{5}), s.c(Pubrel{5});
}

TEST_P(NearMiss, BeforeV5WhatWasSentBeforeConnackMayBeRepeated) {
    if (v == v5) return;
    const Publish early{.qos = q1, .topic = "t", .packet_id = 2, .payload = "x"};
    s.raw(encode(Connect{.level = 4, .client_id = "c"}, v) + encode(early, v));
    s.s(Connack{}), s.publish(q1, 2, true);
}

TEST_P(NearMiss, RepeatsInASessionThatIsKept) {
    s.keep(true);
    s.publish(q1, 1), s.publish(q2, 2), s.publish(q2, 3), s.s(Pubrec{3}), s.c(Pubrel{3});
    s.come_back();
    s.c(Pubrel{3}), s.publish(q1, 1, true), s.publish(q2, 2, true);
    s.s(Pubcomp{3}), s.s(Puback{1}), s.s(Pubrec{2}), s.c(Pubrel{2}), s.s(Pubcomp{2});
    s.now += 20s;
    s.c(Disconnect{});
}

TEST_P(NearMiss, RepeatsOfWhatTheServerHadAcknowledged) {
    s.keep(true);
    s.publish(q1, 1), s.s(Puback{1});  // which was lost with the connection
    s.publish(q2, 2), s.s(Pubrec{2}), s.c(Pubrel{2}), s.s(Pubcomp{2});
    s.come_back();
    s.publish(q1, 1, true), s.c(Pubrel{2});
}

TEST_P(NearMiss, RepeatsOfWhatWasNotWatched) {
    s.keep(false, true);
    s.publish(q1, 1, true), s.c(Pubrel{2}), s.publish(q2, 3, true);
    s.c(Puback{4}), s.c(Pubrec{5}), s.c(Pubcomp{6});
}

TEST_P(NearMiss, WhoLeavesAtOnceRepeatsLater) {
    s.keep(true);
    s.publish(q1, 1);
    s.come_back();
    s.c(Disconnect{});
}

TEST_P(NearMiss, TheSessionIsNewAndSoAreTheIdentifiers) {
    s.keep(true);
    s.publish(q1, 1), s.publish(q2, 2);
    s.dial();
    s.keep(true);
    s.publish(q1, 1, false, "new"), s.publish(q2, 2, false, "new");
    s.come_back(false);  // the server has lost it
    s.publish(q1, 1, false, "newer");
    if (v == v4) s.publish(q2, 7, true);  // it may have kept its state
}

TEST_P(NearMiss, AcknowledgementsInOrderOfTheirKind) {
    s.hello();
    s.deliver(q2, 1), s.deliver(q1, 2), s.deliver(q2, 3), s.deliver(q1, 4);
    s.c(Puback{2}), s.c(Puback{4}), s.c(Pubrec{1}), s.c(Pubrec{3});
    s.s(Pubrel{3}), s.s(Pubrel{1}), s.c(Pubcomp{1}), s.c(Pubcomp{3});
    s.deliver(q1, 2), s.c(Puback{2}), s.deliver(q2, 1), s.c(Pubrec{1});
}

TEST_P(NearMiss, DeliveriesMayStayUnanswered) {
    s.hello();
    s.deliver(q1, 1), s.deliver(q2, 2);
    s.c(Disconnect{});
}

TEST_P(NearMiss, AfterAReconnectAnswersMayBeToOldDeliveries) {
    s.keep(true);
    s.deliver(q1, 1), s.deliver(q2, 2), s.c(Pubrec{2});
    s.come_back();
    s.c(Puback{1}), s.s(Pubrel{2}), s.c(Pubcomp{2});
}

TEST_P(NearMiss, TheServerAnswersAnUnknownPubrec) {
    s.keep(false, true);
    s.c(Pubrec{9}), s.s(Pubrel{9}), s.c(Pubcomp{9});
}

TEST_P(NearMiss, PublishesBeforeConnack) {
    const Connect connect{.level = std::uint8_t(v), .client_id = "c"};
    s.raw(encode(connect, v) + encode(Publish{.qos = q2, .topic = "t", .packet_id = 1}, v));
    s.raw(encode(Publish{.qos = q1, .topic = "t", .packet_id = 2}, v));
    s.s(Connack{}), s.s(Pubrec{1}), s.s(Puback{2}), s.c(Pubrel{1}), s.s(Pubcomp{1}), s.publish(q1, 2, false, "new");
}

TEST_P(NearMiss, KeepAliveIsKept) {
    s.connect({.keep_alive = 10, .client_id = "c"});
    s.now += 14s;
    s.c(Pingreq{});
    s.now += 20s;  // and then two at once: the network stood still
    s.raw(encode(Pingreq{}, v) + encode(Pingreq{}, v));
    s.dial(), s.connect({.keep_alive = 0, .client_id = "c"});
    s.now += 1000s;
    s.c(Pingreq{});
}

TEST_P(NearMiss, AfterTheServersEndNothingIsTold) {
    s.c(Connect{.level = std::uint8_t(v), .client_id = "c"});
    s.s(Connack{false, 5, {}});
    s.c(Pubrel{3}), s.hello();
    if (v == v4) return;
    s.dial(), s.hello(), s.s(Disconnect{0x8b}), s.c(Pubrel{3}), s.raw("\xf0\xff\xff");
}

TEST_P(NearMiss, AServerThatBreaksRulesExcuses) {
    s.hello();
    s.judge->sent(mqtt::octets(std::string_view("\x36\x02\0\0", 4)), s.now);
    s.c(Pubrel{3});
}

TEST_P(NearMiss, VersionsWithoutATableAreLeftAlone) {
    s.raw(encode(Connect{.protocol = "MQIsdp", .level = 3, .client_id = "c"}, Version::v3_1));
    s.raw("\x11\x22\x33");
    for (const int level : {0x84, 6, 9}) {
        s.dial();
        std::string wire = encode(Connect{.level = 4, .client_id = "c"}, v4);
        wire[8] = char(level);
        s.raw(wire), s.raw("\x11\x22\x33");
    }
}

TEST_P(NearMiss, OctetByOctet) {
    Scene whole(v);
    std::string wire = encode(Connect{.level = std::uint8_t(v), .client_id = "c"}, v);
    for (char octet : wire) s.raw(std::string(1, octet));
    s.s(Connack{});
    for (char octet : encode(Publish{.qos = q1, .topic = "t", .packet_id = 1}, v)) s.raw(std::string(1, octet));
    s.s(Puback{1}), s.c(Disconnect{});
}

class NearMiss5 : public NearMiss {};
INSTANTIATE_TEST_SUITE_P(, NearMiss5, testing::Values(v5));

TEST_P(NearMiss5, LimitsAreKept) {
    s.hello({{property::maximum_qos, 1u},
             {property::receive_maximum, 2u},
             {property::maximum_packet_size, 30u},
             {property::topic_alias_maximum, 1u}});
    s.publish(q1, 1), s.publish(q1, 2), s.s(Puback{1}), s.publish(q1, 3);
    s.publish(QoS::at_most_once, 0, false, std::string(20, 'x'));
    const Property alias[]{{property::topic_alias, 1u}};
    s.c(Publish{.topic = "t", .properties = alias}), s.c(Publish{.properties = alias});
    s.c(Publish{.qos = QoS::at_most_once, .retain = true, .topic = "t"});
}

TEST_P(NearMiss5, QuotaComesBackWithPubcompOrARefusal) {
    s.hello({{property::receive_maximum, 1u}});
    s.publish(q2, 1), s.s(Pubrec{1}), s.c(Pubrel{1}), s.s(Pubcomp{1}), s.publish(q2, 2), s.s(Pubrec{2, 0x97}),
        s.publish(q1, 3);
    s.dial();
    s.keep(true, false, {{property::receive_maximum, 1u}});
    s.publish(q1, 1);
    s.come_back(true, {{property::receive_maximum, 1u}});
    s.publish(q1, 1, true), s.s(Puback{1}), s.publish(q1, 2);
    s.dial();
    s.keep(true, false, {{property::receive_maximum, 1u}});
    s.publish(q2, 1), s.s(Pubrec{1});
    s.come_back(true, {{property::receive_maximum, 1u}});
    s.c(Pubrel{1}), s.s(Pubcomp{1}), s.publish(q1, 2);
}

TEST_P(NearMiss5, WhoHasNotSeenConnackKnowsNoLimits) {
    const auto impatient = encode(Connect{.client_id = "c"}, v5) +
                           encode(Publish{.qos = q2, .retain = true, .topic = "t", .packet_id = 1}, v5);
    s.raw(impatient);
    const Property limits[]{{property::maximum_qos, 0u}, {property::retain_available, 0u}};
    s.s(Connack{false, 0, limits});
    s.publish(q2, 2);  // may have been sent before CONNACK came, too
    s.options.grace = 50ms;
    s.dial();
    s.hello({{property::maximum_qos, 0u}});
    s.publish(q1, 1);
}

TEST(ClientJudgeGrace, EndsWithTimeOrAReaction) {
    Scene s(v5, {.grace = 50ms});
    s.hello({{property::maximum_qos, 1u}});
    s.now += 50ms;
    s.publish(q2, 1);
    EXPECT_EQ(list(s.told), "MQTT-3.2.2-11 ");
    s.dial(), s.told.clear();
    s.c(Connect{.client_id = "c"});
    const Property limits[]{{property::maximum_qos, 1u}};
    s.s(Connack{false, 0, limits});
    s.deliver(q1, 1), s.c(Puback{1});  // so it has seen CONNACK
    s.publish(q2, 1);
    EXPECT_EQ(list(s.told), "MQTT-3.2.2-11 ");
}

TEST_P(NearMiss5, WhatExpiredUnrepeatedGivesItsIdentifierBack) {
    const Property soon[]{{property::message_expiry_interval, 1u}};
    s.keep(true, false);
    s.c(Publish{.qos = q1, .topic = "t", .packet_id = 1, .properties = soon, .payload = "old"});
    s.come_back(true);
    s.publish(q1, 1, false, "new"), s.s(Puback{1});
}

TEST(ClientJudgeSlack, IsForPacketsThatWaited) {
    Scene s(v5, {.slack = 5s});
    s.connect({.keep_alive = 10, .client_id = "c"});
    s.now += 19s;
    s.c(Pingreq{});
    EXPECT_EQ(list(s.told), "");
    s.now += 20s;
    s.c(Pingreq{});
    EXPECT_EQ(list(s.told), "MQTT-3.1.2-20 ");
}

TEST_P(NearMiss5, Authentication) {
    const Property method[]{{property::authentication_method, Text("S")}};
    s.c(Connect{.properties = method, .client_id = "c"});
    s.s(Auth{0x18, method}), s.c(Auth{0x18, method}), s.s(Connack{false, 0, method});
    s.c(Auth{0x19, method}), s.s(Auth{0x18, method}), s.publish(QoS::at_most_once, 0), s.c(Auth{0x18, method});
    s.s(Auth{0, method}), s.c(Pingreq{});
    s.dial();
    s.c(Connect{.properties = method, .client_id = "c"}), s.c(Disconnect{0});
}

TEST_P(NearMiss5, SessionExpiryMayChange) {
    const Property expiry[]{{property::session_expiry_interval, 7u}}, none[]{{property::session_expiry_interval, 0u}};
    s.keep(true), s.c(Disconnect{0, expiry});
    s.dial(), s.hello(), s.c(Disconnect{0, none});
    s.dial(), s.keep(true), s.publish(q1, 1), s.c(Disconnect{0, none});
    s.come_back(true), s.publish(q1, 1, false, "new");  // not known any more: silence
}

TEST_P(NearMiss5, WhatMayExpireNeedNotBeRepeated) {
    const Property expiry[]{{property::message_expiry_interval, 1u}};
    s.keep(true);
    s.c(Publish{.qos = q1, .topic = "t", .packet_id = 1, .properties = expiry});
    s.come_back();
    s.now += 20s;
    s.c(Disconnect{});
}

// ---- what is said of it ---------------------------------------------------------------------------------------------

TEST(ClientJudge, SaysWhoAndShowsThePacket) {
    Scene s(v5);
    s.connect({.client_id = ""}, false, {{property::assigned_client_identifier, Text("given")}});
    s.c(Puback{9});
    EXPECT_EQ(s.last.client, "given");
    EXPECT_EQ(s.last.what, "an answer to no PUBLISH of the server's");
    EXPECT_EQ(s.last.packet, encode(Puback{9}, v5));
}

TEST(ClientJudge, SecretsAreNotShown) {
    for (const bool secret : {false, true}) {
        Scene s(v4);
        Connect connect{.level = 4, .client_id = "c"};
        if (secret) connect.user_name = "u", connect.password = "hush";
        std::string wire = encode(connect, v4);
        wire[9] |= 1;  // a reserved flag
        s.raw(wire);
        EXPECT_EQ(s.told.size(), 1u);
        EXPECT_EQ(s.last.packet.empty(), secret);
    }
    Scene s(v5);
    const Property list[]{{property::authentication_data, Text("hush")}};
    s.hello(), s.c(Auth{0x19, list});
    EXPECT_EQ(s.told.size(), 1u);
    EXPECT_TRUE(s.last.packet.empty());
}

TEST(ClientJudge, AccusationsAreBounded) {
    Scene s(v4);
    s.hello();
    for (int i = 0; i < 500; ++i) s.c(Puback{9});
    EXPECT_EQ(s.told.size(), 100u);
}

TEST(ClientJudge, MemoryIsBounded) {
    ClientMemory memory(2);
    for (const char* id : {"a", "b", "c"}) memory.keep(id, std::make_shared<ClientSession>());
    EXPECT_FALSE(memory.find("a"));
    EXPECT_TRUE(memory.find("b"));
    memory.keep("d", std::make_shared<ClientSession>());
    EXPECT_FALSE(memory.find("c")) << "b was used later";
    EXPECT_TRUE(memory.find("b"));
    Scene s(v4);
    s.keep(true);
    for (std::uint16_t i = 1; i < 3000; ++i) s.publish(q1, i);
    s.publish(q1, 2000), s.c(Pubrel{4000});
    EXPECT_TRUE(s.told.empty()) << "what did not fit in is not known";
}

}  // namespace
}  // namespace reference::test
