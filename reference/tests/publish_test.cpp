#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Publishing : public BothVersions {};
BOTH_VERSIONS(Publishing);

TEST_P(Publishing, QosIsTheLowerOfPublishedAndGranted) {
    for (unsigned granted = 0; granted <= 2; ++granted)
        for (unsigned published = 0; published <= 2; ++published) {
            Net net;
            Client& ear = net.connect(v, "ear");
            ear.subscribe("t", QoS(granted));
            Client& mouth = net.connect(v, "mouth");
            mouth.send(message("t", "x", QoS(published), 7));
            const auto p = ear.take<mqtt::Publish>();
            EXPECT_EQ(unsigned(p.qos), std::min(granted, published));
            EXPECT_EQ(p.payload, "x");
            EXPECT_FALSE(p.dup);
            EXPECT_FALSE(p.retain);
            EXPECT_TRUE(ear.quiet());
        }
}

TEST_P(Publishing, IsAcknowledgedByQos) {
    Net net;
    Client& c = net.connect(v, "a");
    c.send(message("t", "x"));
    EXPECT_TRUE(c.quiet());
    c.send(message("t", "x", QoS::at_least_once, 65'535));
    const auto puback = c.take<mqtt::Puback>();
    EXPECT_EQ(puback.packet_id, 65'535);
    EXPECT_EQ(puback.reason, code(0, 0x10));
    c.send(message("t", "x", QoS::exactly_once, 1));
    EXPECT_EQ(c.take<mqtt::Pubrec>().packet_id, 1);
    c.send(mqtt::Pubrel{1});
    const auto pubcomp = c.take<mqtt::Pubcomp>();
    EXPECT_EQ(pubcomp.packet_id, 1);
    EXPECT_EQ(pubcomp.reason, 0);
}

TEST_P(Publishing, ARepeatAtQos2IsDeliveredOnce) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::at_most_once);
    Client& mouth = net.connect(v, "mouth");
    auto p = message("t", "x", QoS::exactly_once, 9);
    mouth.send(p);
    p.dup = true;
    mouth.send(p);
    mouth.take<mqtt::Pubrec>();
    mouth.take<mqtt::Pubrec>();
    EXPECT_EQ(ear.frames.size(), 1u);
    mouth.send(mqtt::Pubrel{9});
    mouth.take<mqtt::Pubcomp>();
    mouth.send(message("t", "y", QoS::exactly_once, 9));  // the identifier is free again
    EXPECT_EQ(ear.frames.size(), 2u);
}

TEST_P(Publishing, AnOpenQos2IdentifierSurvivesTheConnection) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::at_most_once);
    Client& before = net.persistent(v, "mouth");
    before.send(message("t", "x", QoS::exactly_once, 9));
    before.cut();
    Client& after = net.persistent(v, "mouth");
    auto p = message("t", "x", QoS::exactly_once, 9);
    p.dup = true;
    after.send(p);
    EXPECT_EQ(after.take<mqtt::Pubrec>().reason, 0);
    EXPECT_EQ(ear.frames.size(), 1u);
    after.send(mqtt::Pubrel{9});
    EXPECT_EQ(after.take<mqtt::Pubcomp>().reason, 0);
}

TEST_P(Publishing, AtQos1TheSameIdentifierIsANewMessage) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::at_most_once);
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("t", "x", QoS::at_least_once, 9));
    auto p = message("t", "y", QoS::at_least_once, 9);
    p.dup = true;
    mouth.send(p);
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "x");
    const auto second = ear.take<mqtt::Publish>();
    EXPECT_EQ(second.payload, "y");
    EXPECT_FALSE(second.dup);
}

TEST_P(Publishing, Qos2MayWaitForPubrel) {
    Settings settings;
    settings.style.deliver_qos2 = Release::on_pubrel;
    Net net(settings);
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::at_most_once);
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("t", "x", QoS::exactly_once, 9));
    EXPECT_TRUE(ear.quiet());
    mouth.send(mqtt::Pubrel{9});
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "x");
}

TEST_P(Publishing, UnknownAcknowledgements) {
    Net net;
    Client& c = net.connect(v, "a");
    c.send(mqtt::Puback{5});
    c.send(mqtt::Pubcomp{5});
    EXPECT_TRUE(c.quiet());
    c.send(mqtt::Pubrel{5});
    EXPECT_EQ(c.take<mqtt::Pubcomp>().reason, code(0, 0x92));
    c.send(mqtt::Pubrec{5});
    EXPECT_EQ(c.take<mqtt::Pubrel>().reason, code(0, 0x92));
    EXPECT_TRUE(c.answers_ping());
}

TEST_P(Publishing, FaultsCloseAndForwardNothing) {
    const std::string faults[]{
        mqtt::encode(message("t/#", "x"), v),
        mqtt::encode(message("t", "x", QoS(3), 1), v),
        mqtt::encode(message("t", "x", QoS::at_least_once, 0), v),
        mqtt::encode(message(std::string_view("t\0", 2), "x"), v),
        mqtt::encode(message("t\xff", "x"), v),
        mqtt::encode(message("", "x"), v),
        std::string("\xc1\0", 2),
        std::string("\0\0", 2),
        std::string("\x60\2\0\1", 4),
        std::string("\x30\xff\xff\xff\xff", 5),
        mqtt::encode(mqtt::Connack{}, v),
        mqtt::encode(mqtt::Pingresp{}, v),
    };
    for (const auto& fault : faults) {
        Net net;
        Client& ear = net.connect(v, "ear");
        ear.subscribe("#");
        Client& mouth = net.connect(v, "mouth");
        mouth.raw(fault);
        EXPECT_TRUE(mouth.closed) << testing::PrintToString(fault);
        EXPECT_EQ(mouth.frames.size(), v5() ? 1u : 0u);
        if (v5()) { EXPECT_GE(mouth.take<mqtt::Disconnect>().reason, 0x80); }
        EXPECT_TRUE(ear.quiet());
        EXPECT_TRUE(ear.answers_ping());
    }
}

TEST_P(Publishing, AclMaySayNo) {
    Settings settings;
    settings.allowed = [](const Request& r) { return r.action != Action::publish || r.topic != "no"; };
    Net net(settings);
    Client& ear = net.connect(v, "ear");
    ear.subscribe("#");
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("no", "x"));
    EXPECT_TRUE(mouth.quiet());
    mouth.send(message("no", "x", QoS::at_least_once, 1));
    EXPECT_EQ(mouth.take<mqtt::Puback>().reason, code(0, 0x87));
    mouth.send(message("no", "x", QoS::exactly_once, 2));
    EXPECT_EQ(mouth.take<mqtt::Pubrec>().reason, code(0, 0x87));
    EXPECT_TRUE(ear.quiet());
    mouth.send(message("yes", "x", QoS::exactly_once, 2));
    if (v5()) { EXPECT_EQ(ear.take<mqtt::Publish>().payload, "x"); }  // free again after an error PUBREC (4.3.3-9)
}

TEST_P(Publishing, AclMayClose) {
    Settings settings;
    settings.allowed = [](const Request&) { return false; };
    settings.style.refused_publish = Refusal::close;
    Net net(settings);
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("no", "x", QoS::at_least_once, 1));
    EXPECT_TRUE(mouth.closed);
}

TEST_P(Publishing, OrderIsKept) {
    Net net;
    Client& ear = net.persistent(v, "ear");
    ear.subscribe("t");
    Client& mouth = net.connect(v, "mouth");
    const auto say = [&](int n) { mouth.send(message("t", std::to_string(n), QoS::at_least_once, std::uint16_t(n))); };
    for (int n = 1; n <= 5; ++n) say(n);
    for (int n = 1; n <= 5; ++n) {
        const auto p = ear.take<mqtt::Publish>();
        EXPECT_EQ(p.payload, std::to_string(n));
        ear.send(mqtt::Puback{p.packet_id});
    }
    ear.cut();
    for (int n = 6; n <= 9; ++n) say(n);
    Client& again = net.persistent(v, "ear");
    for (int n = 6; n <= 9; ++n) EXPECT_EQ(again.take<mqtt::Publish>().payload, std::to_string(n));
}

TEST_P(Publishing, TwentyThousandUnderWayAreKept) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::at_least_once);
    Client& mouth = net.connect(v, "mouth");
    for (int n = 1; n <= 20'000; ++n)
        mouth.send(message("t", std::to_string(n), QoS::at_least_once, static_cast<std::uint16_t>(n)));
    for (int n = 1; n <= 20'000; ++n) {
        const auto p = ear.take<mqtt::Publish>();
        ASSERT_EQ(p.payload, std::to_string(n));
        ASSERT_NE(p.packet_id, 0);
        ear.send(mqtt::Puback{p.packet_id});
    }
    EXPECT_TRUE(ear.quiet());
    EXPECT_EQ(net.broker.counts().queued, 0u);
}

TEST(Limits, BoundTheQueue) {
    Settings settings;
    settings.limits.queued_messages = 3;
    Net net(settings);
    Client& ear = net.persistent(Version::v3_1_1, "ear");
    ear.subscribe("t");
    ear.cut();
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    for (std::uint16_t n = 1; n <= 9; ++n) mouth.send(message("t", "x", QoS::at_least_once, n));
    EXPECT_EQ(net.broker.counts().queued, 3u);
}

TEST(Limits, DropTheOldestWhereThatIsWanted) {
    Settings settings;
    settings.limits.queued_messages = 3;
    settings.limits.drop_oldest = true;
    Net net(settings);
    net.persistent(Version::v3_1_1, "ear").subscribe("t");
    net.clients.front()->cut();
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    for (std::uint16_t n = 1; n <= 9; ++n) mouth.send(message("t", std::to_string(n), QoS::at_least_once, n));
    EXPECT_EQ(net.broker.counts().queued, 3u);
    Client& ear = net.persistent(Version::v3_1_1, "ear");
    for (const char* n : {"7", "8", "9"}) EXPECT_EQ(ear.take<mqtt::Publish>().payload, n);
}

TEST(Limits, BoundTheConnections) {
    Settings settings;
    settings.limits.connections = 2;
    Net net(settings);
    Client& a = net.connect(Version::v5, "a");
    net.connect(Version::v5, "b");
    Client& one_more = net.dial(Version::v5);
    net.flush();
    EXPECT_TRUE(one_more.closed);
    a.cut();
    EXPECT_TRUE(net.connect(Version::v5, "c").answers_ping());
}

TEST(Limits, BoundTheOutbox) {
    Settings settings;
    settings.limits.outbox_octets = 100;
    Net net(settings);
    Client& ear = net.connect(Version::v3_1_1, "ear");
    ear.subscribe("t");
    const LinkId mouth = net.connect(Version::v3_1_1, "mouth").link;
    std::string burst;
    for (std::uint16_t n = 1; n <= 40; ++n)
        burst += mqtt::encode(message("t", "0123456789", QoS::at_least_once, n), Version::v3_1_1);
    net.broker.receive(mouth, mqtt::octets(burst), net.now);
    bool close = false;
    EXPECT_LT(net.broker.take(ear.link, close).size(), 150u);
    net.flush();  // each take makes room for more
    EXPECT_GT(ear.frames.size(), 30u);
}

TEST(Limits, ThreeOneOneTakesLargePackets) {
    Net net;
    Client& ear = net.connect(Version::v3_1_1, "ear");
    ear.subscribe("t", QoS::at_most_once);
    const std::string large(3u << 20, 'x');
    net.connect(Version::v3_1_1, "mouth").send(message("t", large));
    EXPECT_EQ(ear.take<mqtt::Publish>().payload.size(), large.size());
}

TEST(Garbage, NeverHurts) {
    std::uint32_t seed = 1;
    const auto random = [&] { return seed = seed * 1664525u + 1013904223u, seed >> 16; };
    for (int round = 0; round < 3'000; ++round) {
        Net net;
        const Version v = random() % 2 ? Version::v5 : Version::v3_1_1;
        Client& c = net.connect(v, "c");
        std::string bytes = mqtt::encode(message("a/b", "payload", QoS(random() % 3), std::uint16_t(random() % 5)), v);
        const mqtt::Subscribe::Entry entries[]{{.filter = "a/#"}, {.filter = "$share/g/+", .qos = QoS::exactly_once}};
        bytes += mqtt::encode(mqtt::Subscribe{3, {}, entries}, v) + mqtt::encode(mqtt::Pubrel{2}, v);
        for (unsigned n = random() % 6; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
        c.raw(bytes);
        net.connect(v, "d").send(message("a/b", "x"));
        net.pass(30s);
    }
}

}  // namespace
}  // namespace reference::test
