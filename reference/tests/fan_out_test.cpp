// One message, many receivers: what is remembered and what is encoded once must not be seen.
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

TEST(Matches, AreForgottenWithEveryChange) {
    Net net;
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    Client& a = net.connect(Version::v3_1_1, "a");
    a.subscribe("t/+");
    mouth.send(message("t/1", "to a"));
    EXPECT_EQ(a.take<mqtt::Publish>().payload, "to a");
    Client& b = net.connect(Version::v5, "b");
    b.subscribe("t/1");
    mouth.send(message("t/1", "to both"));
    EXPECT_EQ(a.take<mqtt::Publish>().payload, "to both");
    EXPECT_EQ(b.take<mqtt::Publish>().payload, "to both");
    const mqtt::Unsubscribe::Filter filter{"t/+"};
    a.send(mqtt::Unsubscribe{.packet_id = 2, .filters = std::span(&filter, 1)});
    a.take<mqtt::Unsuback>();
    mouth.send(message("t/1", "to b"));
    EXPECT_TRUE(a.quiet());
    EXPECT_EQ(b.take<mqtt::Publish>().payload, "to b");
    b.cut();  // its session ends, and its subscription with it
    mouth.send(message("t/1", "to nobody"));
    EXPECT_TRUE(mouth.answers_ping());
}

TEST(Matches, OfManyTopicsAreBounded) {
    Net net;
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    Client& ear = net.connect(Version::v3_1_1, "ear");
    ear.subscribe("#");
    for (int i = 0; i < 30'000; ++i) {
        const auto topic = "topic/" + std::to_string(i);
        mouth.send(message(topic, "x"));
        ASSERT_EQ(ear.take<mqtt::Publish>().topic, topic);
        ear.kept.clear();
        net.log.clear();
    }
}

TEST(FanOut, GivesEachItsOwnForm) {
    Net net;
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    Client& old = net.connect(Version::v3_1_1, "old");
    Client& older = net.connect(Version::v3_1, "older");
    Client& plain = net.connect(Version::v5, "plain");
    Client& numbered = net.connect(Version::v5, "numbered");
    Client& small = net.connect(Version::v5, Hello{.id = "small", .properties = {{property::maximum_packet_size, 20u}}});
    for (Client* each : {&old, &older, &plain, &small}) each->subscribe("t");
    const mqtt::Subscribe::Entry entry{.filter = "t", .qos = QoS::exactly_once};
    const Property identifier[]{{property::subscription_identifier, 9u}};
    numbered.send(mqtt::Subscribe{.packet_id = 1, .properties = identifier, .entries = std::span(&entry, 1)});
    numbered.take<mqtt::Suback>();
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once}) {
        mouth.send(message("t", "more than twenty octets", qos, qos == QoS::at_most_once ? 0 : 7));
        for (Client* each : {&old, &older, &plain, &numbered}) {
            const auto got = each->take<mqtt::Publish>();
            EXPECT_EQ(got.topic, "t");
            EXPECT_EQ(got.payload, "more than twenty octets");
            EXPECT_EQ(got.qos, qos);
            EXPECT_FALSE(got.dup);
            EXPECT_EQ(got.packet_id, qos == QoS::at_most_once ? 0 : 1);  // its own, not the publisher's 7
            EXPECT_EQ(!got.properties.empty(), each == &numbered);
        }
        EXPECT_TRUE(small.quiet());  // 5.0, 3.1.2-24
    }
}

TEST(FanOut, CountsPacketIdentifiersForEach) {
    Net net;
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    Client& a = net.connect(Version::v3_1_1, "a");
    a.subscribe("only/a");
    mouth.send(message("only/a", "1", QoS::at_least_once, 7));
    EXPECT_EQ(a.take<mqtt::Publish>().packet_id, 1);
    Client& b = net.connect(Version::v3_1_1, "b");
    for (Client* each : {&a, &b}) each->subscribe("t");
    mouth.send(message("t", "2", QoS::at_least_once, 7));
    EXPECT_EQ(a.take<mqtt::Publish>().packet_id, 2);
    EXPECT_EQ(b.take<mqtt::Publish>().packet_id, 1);
}

// 3.1.1 does not forbid a padded Remaining Length of a client, but what goes out has the shortest.
TEST(AsItCame, IsNotWhatIsPadded) {
    Net net;
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    Client& ear = net.connect(Version::v3_1_1, "ear");
    ear.subscribe("t");
    net.log.clear();
    mouth.raw(std::string("\x30\x85\x00\x00\x01txy", 8));
    const std::string shortest("\x30\x05\x00\x01txy", 7);
    if (mouth.closed) return;  // refused: right as well
    EXPECT_NE(net.log.find(shortest), net.log.npos);
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "xy");
}

TEST(AsItCame, IsNotWhatHasATopicAlias) {
    Net net;
    Client& mouth = net.connect(Version::v5, "mouth");
    Client& ear = net.connect(Version::v5, "ear");
    ear.subscribe("t");
    const Property alias[]{{property::topic_alias, 3u}};
    mouth.send(mqtt::Publish{.topic = "t", .properties = alias, .payload = "1"});
    mouth.send(mqtt::Publish{.topic = "", .properties = alias, .payload = "2"});
    for (const char* payload : {"1", "2"}) {
        const auto got = ear.take<mqtt::Publish>();
        EXPECT_EQ(got.topic, "t");
        EXPECT_EQ(got.payload, payload);
        EXPECT_TRUE(got.properties.empty());
    }
}

TEST(AsItCame, HoldsForAllSizes) {
    for (const Version v : {Version::v3_1_1, Version::v5}) {
        Net net;
        Client& mouth = net.connect(v, "mouth");
        Client& ear = net.connect(v, "ear");
        ear.subscribe("t");
        for (std::size_t size = 100; size < 140; ++size) {
            const std::string payload(size, char('a' + size % 26));
            mouth.send(message("t", payload));
            EXPECT_EQ(ear.take<mqtt::Publish>().payload, payload);
        }
        EXPECT_TRUE(ear.quiet());
    }
}

}  // namespace
}  // namespace reference::test
