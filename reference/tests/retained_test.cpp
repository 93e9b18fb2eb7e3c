#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class RetainedMessages : public BothVersions {};
BOTH_VERSIONS(RetainedMessages);

mqtt::Publish retained(std::string_view topic, std::string_view payload, QoS qos = QoS::at_most_once,
                       std::uint16_t id = 0) {
    return message(topic, payload, qos, id, true);
}

TEST_P(RetainedMessages, AreSentToNewSubscriptions) {
    Net net;
    Client& mouth = net.connect(v, "mouth");
    mouth.send(retained("t", "old", QoS::exactly_once, 1));
    mouth.send(retained("t", "new", QoS::at_least_once, 2));
    mouth.cut();  // they do not belong to the session
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t", QoS::exactly_once);
    const auto p = ear.take<mqtt::Publish>();
    EXPECT_EQ(p.payload, "new");
    EXPECT_EQ(p.qos, QoS::at_least_once);
    EXPECT_TRUE(p.retain);
    EXPECT_FALSE(p.dup);
    EXPECT_TRUE(ear.quiet());
}

TEST_P(RetainedMessages, ComeWithRetain0ToExistingSubscriptions) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t");
    net.connect(v, "mouth").send(retained("t", "x"));
    EXPECT_FALSE(ear.take<mqtt::Publish>().retain);
}

TEST_P(RetainedMessages, AreRemovedByAnEmptyOneThatIsForwarded) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("t");
    Client& mouth = net.connect(v, "mouth");
    mouth.send(retained("t", "x"));
    mouth.send(retained("t", ""));
    ear.take<mqtt::Publish>();
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "");
    EXPECT_EQ(net.broker.counts().retained, 0u);
    Client& late = net.connect(v, "late");
    late.subscribe("#");
    EXPECT_TRUE(late.quiet());
}

TEST_P(RetainedMessages, AreLeftAloneByOthers) {
    Net net;
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("t", "never"));
    mouth.send(retained("u", "x"));
    mouth.send(message("u", "y"));
    mouth.send(message("u", ""));
    Client& ear = net.connect(v, "ear");
    ear.subscribe("#");
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "x");
    EXPECT_TRUE(ear.quiet());
}

TEST_P(RetainedMessages, Qos0OnesMayBeThrownAway) {
    Settings settings;
    settings.style.keep_retained_qos0 = false;
    Net net(settings);
    Client& mouth = net.connect(v, "mouth");
    mouth.send(retained("t", "x", QoS::at_least_once, 1));
    mouth.send(retained("t", "y"));
    EXPECT_EQ(net.broker.counts().retained, 0u);  // the old one goes in any case
}

TEST_P(RetainedMessages, MayComeBeforeSuback) {
    Settings settings;
    settings.style.retained_before_suback = true;
    Net net(settings);
    net.connect(v, "mouth").send(retained("t", "x"));
    Client& ear = net.connect(v, "ear");
    const mqtt::Subscribe::Entry entries[]{{.filter = "t"}};
    ear.send(mqtt::Subscribe{1, {}, entries});
    ear.take<mqtt::Publish>();
    ear.take<mqtt::Suback>();
}

TEST_P(RetainedMessages, AreBounded) {
    Settings settings;
    settings.limits.retained = 2;
    Net net(settings);
    Client& mouth = net.connect(v, "mouth");
    mouth.send(retained("a", "x"));
    mouth.send(retained("b", "x"));
    mouth.send(retained("b", "y"));
    mouth.send(retained("c", "x", QoS::at_least_once, 7));
    EXPECT_EQ(net.broker.counts().retained, 2u);
    if (v5()) { EXPECT_EQ(mouth.take<mqtt::Puback>().reason, 0x97); }
    EXPECT_EQ(mouth.closed, !v5());
}

TEST_P(RetainedMessages, ManyArriveWhole) {
    Net net;
    Client& mouth = net.connect(v, "mouth");
    for (int i = 0; i < 3'000; ++i) mouth.send(retained("many/" + std::to_string(i), "x", QoS::at_least_once, 1));
    Client& ear = net.connect(v, "ear");
    ear.subscribe("many/+");
    for (int i = 0; i < 3'000; ++i) ear.send(mqtt::Puback{ear.take<mqtt::Publish>().packet_id});
    EXPECT_TRUE(ear.quiet());
}

TEST(Retained5, NotOfferedCloses) {
    Settings settings;
    settings.offer.retain = false;
    Net net(settings);
    Client& c = net.connect(Version::v5, "c");
    c.send(retained("t", "x"));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x9a);
    Client& will = net.greet(Version::v5, {.will = mqtt::Will{.retain = true, .topic = "t", .payload = "x"}});
    EXPECT_EQ(will.take<mqtt::Connack>().code, 0x9a);
    EXPECT_TRUE(will.closed);
}

TEST(Retained5, Expire) {
    Net net;
    auto p = retained("t", "x");
    const Property expiry[]{{property::message_expiry_interval, 10u}};
    p.properties = expiry;
    net.connect(Version::v5, "mouth").send(p);
    net.pass(4s);
    Client& early = net.connect(Version::v5, "early");
    early.subscribe("#");
    EXPECT_EQ(mqtt::number_or(early.take<mqtt::Publish>().properties, property::message_expiry_interval, 0), 6u);
    net.pass(6s);
    Client& late = net.connect(Version::v5, "late");
    late.subscribe("#");
    EXPECT_TRUE(late.quiet());
    EXPECT_EQ(net.broker.counts().retained, 0u);
}

}  // namespace
}  // namespace reference::test
