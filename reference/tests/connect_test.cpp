#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Connecting : public BothVersions {};
BOTH_VERSIONS(Connecting);

TEST_P(Connecting, IsAccepted) {
    Net net;
    net.connect(v, "a");
    EXPECT_FALSE(net.connack.session_present);
    EXPECT_EQ(net.broker.counts().sessions, 1u);
}

TEST_P(Connecting, WorksOctetByOctet) {
    Net net;
    Client& c = net.dial(v);
    for (char octet : mqtt::encode(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .client_id = "a"}, v))
        c.raw(std::string_view(&octet, 1));
    EXPECT_EQ(c.take<mqtt::Connack>().code, 0);
}

TEST_P(Connecting, PacketsBehindConnectInOneReadAreServed) {
    Net net;
    Client& c = net.dial(v);
    c.raw(mqtt::encode(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .client_id = "a"}, v) +
          std::string("\xc0\0", 2));
    c.take<mqtt::Connack>();
    c.take<mqtt::Pingresp>();
}

TEST_P(Connecting, AnythingElseFirstCloses) {
    Net net;
    Client& c = net.dial(v);
    c.raw(std::string_view("\xc0\0", 2));
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
}

TEST_P(Connecting, TwiceCloses) {
    Net net;
    Client& c = net.connect(v, "a");
    c.send(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .client_id = "a"});
    EXPECT_TRUE(c.closed);
    if (v5()) { EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x82); }
    EXPECT_TRUE(c.quiet());
}

TEST_P(Connecting, SilenceBeforeConnectIsBounded) {
    Net net;
    Client& c = net.dial(v);
    net.pass(19s);
    EXPECT_FALSE(c.closed);
    net.pass(2s);
    EXPECT_TRUE(c.closed);
    EXPECT_EQ(net.broker.counts().links, 0u);
}

TEST_P(Connecting, AnEmptyIdIsAssigned) {
    Net net;
    Client& a = net.connect(v, "");
    const auto first = mqtt::find(net.connack.properties, property::assigned_client_identifier);
    Client& b = net.connect(v, "");
    const auto second = mqtt::find(net.connack.properties, property::assigned_client_identifier);
    EXPECT_TRUE(a.answers_ping());
    EXPECT_TRUE(b.answers_ping());
    EXPECT_EQ(first.has_value(), v5());
    if (v5()) { EXPECT_NE(first->text, second->text); }
}

TEST_P(Connecting, AnEmptyIdWithACleanSession0) {
    Net net;
    Client& c = net.greet(v, {.id = "", .clean = false});
    EXPECT_EQ(c.take<mqtt::Connack>().code, code(2, 0));
    EXPECT_EQ(c.closed, !v5());
}

TEST_P(Connecting, EmptyIdsMayBeRefused) {
    Settings settings;
    settings.style.empty_client_ids = false;
    Net net(settings);
    Client& c = net.greet(v, {.id = ""});
    EXPECT_EQ(c.take<mqtt::Connack>().code, code(2, 0x85));
    EXPECT_TRUE(c.closed);
}

TEST_P(Connecting, LoginDecides) {
    Settings settings;
    settings.login = [](const Credentials& c) {
        if (c.user_name != "u") return Admission::bad_login;
        return c.password == "p" ? Admission::granted : Admission::not_authorized;
    };
    Net net(settings);
    net.connect(v, {.id = "a", .user = "u", .password = "p"});
    Client& wrong = net.greet(v, {.id = "b", .user = "x", .password = "p"});
    EXPECT_EQ(wrong.take<mqtt::Connack>().code, code(4, 0x86));
    EXPECT_TRUE(wrong.closed);
    Client& denied = net.greet(v, {.id = "b", .user = "u", .password = "x"});
    EXPECT_EQ(denied.take<mqtt::Connack>().code, code(5, 0x87));
    EXPECT_TRUE(denied.closed);
    EXPECT_EQ(net.broker.counts().sessions, 1u);
}

TEST_P(Connecting, UnavailableWhenToldToBe) {
    Net net;
    net.broker.set_available(false);
    Client& c = net.greet(v, {});
    EXPECT_EQ(c.take<mqtt::Connack>().code, code(3, 0x88));
    EXPECT_TRUE(c.closed);
    net.broker.set_available(true);
    net.connect(v, "c");
}

TEST_P(Connecting, WhatFollowsARefusalIsIgnored) {
    Settings settings;
    settings.login = [](const Credentials& c) {
        return c.client_id == "bad" ? Admission::bad_login : Admission::granted;
    };
    for (bool lies : {false, true}) {
        if (lies) settings.policy.violate(Break::refused_connect_served);
        Net net(settings);
        Client& watcher = net.connect(v, "w");
        watcher.subscribe("t");
        Client& c = net.dial(v);
        c.raw(mqtt::encode(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .client_id = "bad"}, v) +
              mqtt::encode(message("t", "x"), v));
        EXPECT_EQ(watcher.quiet(), !lies);
    }
}

TEST_P(Connecting, ReservedFlagClosesWithoutService) {
    for (bool lies : {false, true}) {
        Settings settings;
        if (lies) settings.policy.violate(Break::connect_reserved_flag_ignored);
        Net net(settings);
        Client& c = net.dial(v);
        auto bytes = mqtt::encode(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .client_id = "a"}, v);
        bytes[9] = static_cast<char>(bytes[9] | 1);
        c.raw(bytes);
        EXPECT_EQ(c.closed, !lies);
        if (lies) { EXPECT_EQ(c.take<mqtt::Connack>().code, 0); }
        else if (v5()) { EXPECT_EQ(c.take<mqtt::Connack>().code, 0x81); }
        EXPECT_TRUE(c.quiet());
    }
}

TEST_P(Connecting, TakesOver) {
    Net net;
    Client& old = net.connect(v, "a");
    Client& fresh = net.connect(v, "a");
    EXPECT_TRUE(old.closed);
    if (v5()) { EXPECT_EQ(old.take<mqtt::Disconnect>().reason, 0x8e); }
    EXPECT_TRUE(old.quiet());
    EXPECT_TRUE(fresh.answers_ping());
    EXPECT_EQ(net.broker.counts().links, 1u);
}

TEST_P(Connecting, TakeoverCanKeepTheOldOnPurpose) {
    Settings settings;
    settings.policy.violate(Break::takeover_keeps_old);
    Net net(settings);
    Client& old = net.connect(v, "a");
    Client& fresh = net.connect(v, "a");
    EXPECT_TRUE(old.answers_ping());
    EXPECT_TRUE(fresh.answers_ping());
    old.cut();
    EXPECT_EQ(net.broker.counts().sessions, 1u);
}

TEST_P(Connecting, KeepAliveTimesOneAndAHalf) {
    Net net;
    Client& c = net.connect(v, {.id = "a", .keep_alive = 10});
    net.pass(14s);
    EXPECT_TRUE(c.answers_ping());
    net.pass(14900ms);
    EXPECT_FALSE(c.closed);
    net.pass(200ms);
    EXPECT_TRUE(c.closed);
    if (v5()) { EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x8d); }
}

TEST_P(Connecting, KeepAliveIsNotFedByDeliveries) {
    for (bool lies : {false, true}) {
        Settings settings;
        if (lies) settings.policy.violate(Break::keep_alive_fed_by_deliveries);
        Net net(settings);
        Client& c = net.connect(v, {.id = "a", .keep_alive = 2});
        c.subscribe("t");
        Client& speaker = net.connect(v, "s");
        for (int i = 0; i < 4; ++i) {
            net.pass(1s);
            speaker.send(message("t", "x"));
        }
        EXPECT_EQ(c.closed, !lies);
    }
}

TEST_P(Connecting, KeepAliveZeroWaitsForEver) {
    Net net;
    Client& c = net.connect(v, "a");
    net.pass(24h);
    EXPECT_TRUE(c.answers_ping());
    EXPECT_FALSE(net.broker.deadline());
}

TEST(ConnectingOld, MqttThreeOne) {
    Net net;
    Client& c = net.connect(Version::v3_1, "old");
    c.subscribe("t");
    c.send(message("t", "x", QoS::at_least_once, 5));
    EXPECT_EQ(c.take<mqtt::Publish>().payload, "x");
    EXPECT_EQ(c.take<mqtt::Puback>().packet_id, 5);
    Client& nobody = net.greet(Version::v3_1, {.id = ""});
    EXPECT_EQ(nobody.take<mqtt::Connack>().code, 2);
    Client& longwinded = net.greet(Version::v3_1, {.id = std::string(24, 'x')});
    EXPECT_EQ(longwinded.take<mqtt::Connack>().code, 2);
}

TEST(ConnectingOld, SessionPresentCameWithThreeOneOne) {
    Net net;
    net.persistent(Version::v3_1, "a").cut();
    net.persistent(Version::v3_1, "a").cut();
    EXPECT_FALSE(net.connack.session_present);
    net.persistent(Version::v3_1_1, "a");
    EXPECT_TRUE(net.connack.session_present);
}

TEST(ConnectingLevels, UnknownOnes) {
    Net net;
    Client& low = net.dial(Version::v3_1_1);
    low.raw(std::string_view("\x10\x0d\0\4MQTT\1\2\0\0\0\1a", 15));
    EXPECT_EQ(low.frames.size(), 1u);
    EXPECT_EQ(low.frames.front(), std::string("\x20\2\0\1", 4));
    EXPECT_TRUE(low.closed);
    Client& high = net.dial(Version::v5);
    high.raw(std::string_view("\x10\x0e\0\4MQTT\7\2\0\0\0\0\1a", 16));
    EXPECT_EQ(high.take<mqtt::Connack>().code, 0x84);
    EXPECT_TRUE(high.closed);
}

TEST(ConnectingLevels, AVersionMayBeSwitchedOff) {
    Settings settings;
    settings.offer.v5 = false;
    Net net(settings);
    Client& c = net.greet(Version::v5, {});
    EXPECT_EQ(c.frames.front(), std::string("\x20\2\0\1", 4));
    EXPECT_TRUE(c.closed);
    net.connect(Version::v3_1_1, "a");
}

TEST(ConnectingLevels, AWrongNameIsNoService) {
    Net net;
    Client& c = net.dial(Version::v3_1_1);
    c.raw(std::string_view("\x10\x0d\0\4MQTX\4\2\0\0\0\1a", 15));
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
}

TEST(MalformedConnect, GetsNoConnackIn311) {
    Net net;
    Client& c = net.dial(Version::v3_1_1);
    c.raw(std::string_view("\x10\x0d\0\4MQTT\4\x42\0\0\0\1a", 15));  // a password without a user name
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
}

TEST(MalformedConnect, MayBeClosedBareIn5) {
    Settings settings;
    settings.style.connack_on_error = false;
    Net net(settings);
    Client& c = net.dial(Version::v5);
    c.raw(std::string_view("\x10\x0e\0\4MQTT\5\3\0\0\0\0\1a", 16));
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
}

TEST(Connack, AnnouncesWhatIsOffered) {
    Settings settings;
    settings.offer.maximum_qos = QoS::at_least_once;
    settings.offer.retain = settings.offer.wildcards = settings.offer.shared_subscriptions = false;
    settings.offer.subscription_identifiers = false;
    settings.offer.server_keep_alive = 30;
    settings.offer.longest_session = 60;
    Net net(settings);
    net.connect(Version::v5, {.properties = {{property::session_expiry_interval, 100u}}});
    const auto told = [&](std::uint32_t id) { return mqtt::number_or(net.connack.properties, id, 99); };
    EXPECT_EQ(told(property::maximum_qos), 1u);
    EXPECT_EQ(told(property::retain_available), 0u);
    EXPECT_EQ(told(property::wildcard_subscription_available), 0u);
    EXPECT_EQ(told(property::shared_subscription_available), 0u);
    EXPECT_EQ(told(property::subscription_identifiers_available), 0u);
    EXPECT_EQ(told(property::server_keep_alive), 30u);
    EXPECT_EQ(told(property::session_expiry_interval), 60u);
    EXPECT_EQ(told(property::receive_maximum), 256u);
    EXPECT_EQ(told(property::maximum_packet_size), 1u << 20);
    EXPECT_EQ(told(property::topic_alias_maximum), 16u);
}

TEST(Connack, ResponseInformationOnlyWhenAsked) {
    Net net;
    net.connect(Version::v5, "a");
    EXPECT_FALSE(mqtt::find(net.connack.properties, property::response_information));
    net.connect(Version::v5, {.properties = {{property::request_response_information, 1u}}});
    EXPECT_TRUE(mqtt::find(net.connack.properties, property::response_information));
}

TEST(Connack, StaysWithinTheClientsMaximum) {
    Settings settings;
    settings.login = [](const Credentials&) { return Admission::bad_login; };
    Net net(settings);
    Client& roomy = net.greet(Version::v5, {});
    EXPECT_TRUE(mqtt::find(roomy.take<mqtt::Connack>().properties, property::reason_string));
    Client& tight = net.greet(Version::v5, {.properties = {{property::maximum_packet_size, 8u}}});
    EXPECT_FALSE(mqtt::find(tight.take<mqtt::Connack>().properties, property::reason_string));
    Client& hopeless = net.greet(Version::v5, {.properties = {{property::maximum_packet_size, 4u}}});
    EXPECT_TRUE(hopeless.quiet());
    EXPECT_TRUE(hopeless.closed);
}

TEST(ServerKeepAlive, TakesThePlaceOfTheClients) {
    Settings settings;
    settings.offer.server_keep_alive = 4;
    Net net(settings);
    Client& c = net.connect(Version::v5, {.keep_alive = 60});
    net.pass(5900ms);
    EXPECT_FALSE(c.closed);
    net.pass(200ms);
    EXPECT_TRUE(c.closed);
}

}  // namespace
}  // namespace reference::test
