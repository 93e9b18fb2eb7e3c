#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Wills : public BothVersions {
protected:
    Settings settings{};
    std::unique_ptr<Net> net;
    Client* watcher = nullptr;

    void start() {
        net = std::make_unique<Net>(settings);
        watcher = &net->connect(v, "watcher");
        watcher->subscribe("#");
    }
    Client& mortal(std::uint32_t delay = 0, std::uint32_t expiry = 0, bool clean = true) {
        properties = {{property::will_delay_interval, delay}};
        Hello hello{.id = "mortal", .clean = clean, .keep_alive = 10};
        if (v5() && expiry != 0) hello.properties = {{property::session_expiry_interval, expiry}};
        hello.will = mqtt::Will{.qos = QoS::at_least_once, .retain = retain, .topic = "will", .payload = "gone"};
        if (v5() && delay != 0) hello.will->properties = std::span<const Property>(properties);
        return net->connect(v, hello);
    }
    bool retain = false;
    std::vector<Property> properties;
};
BOTH_VERSIONS(Wills);
class DelayedWills : public Wills {};
INSTANTIATE_TEST_SUITE_P(, DelayedWills, testing::Values(Version::v5));

TEST_P(Wills, ComeWhenTheConnectionIsCut) {
    start();
    Client& c = mortal();
    EXPECT_TRUE(watcher->quiet());
    c.cut();
    const auto p = watcher->take<mqtt::Publish>();
    EXPECT_EQ(p.topic, "will");
    EXPECT_EQ(p.payload, "gone");
    EXPECT_EQ(p.qos, QoS::at_least_once);
    EXPECT_FALSE(p.retain);
    EXPECT_TRUE(watcher->quiet());
    EXPECT_EQ(net->broker.counts().retained, 0u);
}

TEST_P(Wills, ComeWhenKeepAliveLapses) {
    start();
    mortal();
    net->pass(15100ms);
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
}

TEST_P(Wills, ComeAfterAProtocolError) {
    start();
    mortal().raw(std::string_view("\xd0\0", 2));
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
}

TEST_P(Wills, ComeAtATakeover) {
    start();
    mortal();
    net->connect(v, "mortal");
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
    net->by_link.rbegin()->second->cut();
    EXPECT_TRUE(watcher->quiet());  // the new connection has none
}

TEST_P(Wills, DoNotComeAfterDisconnect) {
    start();
    mortal().send(mqtt::Disconnect{});
    net->pass(1h);
    EXPECT_TRUE(watcher->quiet());
}

TEST_P(Wills, MayBeRetained) {
    retain = true;
    start();
    mortal().cut();
    EXPECT_FALSE(watcher->take<mqtt::Publish>().retain);
    Client& late = net->connect(v, "late");
    late.subscribe("will");
    EXPECT_TRUE(late.take<mqtt::Publish>().retain);
}

TEST_P(Wills, NeedLeaveToPublish) {
    settings.allowed = [](const Request& r) { return r.topic != "will"; };
    start();
    mortal().cut();
    EXPECT_TRUE(watcher->quiet());
}

TEST_P(Wills, ViolationsShow) {
    struct Row {
        Break violation;
        std::size_t after_cut, after_disconnect;
    };
    for (const Row& row : {Row{Break::will_missing_on_cut, 0, 0}, Row{Break::will_after_disconnect, 1, 1},
                           Row{Break::will_twice, 2, 0}}) {
        settings.policy = Policy{}.violate(row.violation);
        start();
        mortal().cut();
        EXPECT_EQ(watcher->frames.size(), row.after_cut);
        watcher->frames.clear();
        mortal().send(mqtt::Disconnect{});
        EXPECT_EQ(watcher->frames.size(), row.after_disconnect);
    }
}

TEST_P(DelayedWills, ComeInTime) {
    start();
    mortal(5, 60).cut();
    net->pass(4900ms);
    EXPECT_TRUE(watcher->quiet());
    net->pass(200ms);
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
    net->pass(1h);
    EXPECT_TRUE(watcher->quiet());
}

TEST_P(DelayedWills, AreStoppedByTheReturn) {
    start();
    mortal(5, 60).cut();
    net->pass(3s);
    Client& back =
        net->connect(v, {.id = "mortal", .clean = false, .properties = {{property::session_expiry_interval, 60u}}});
    EXPECT_TRUE(net->connack.session_present);
    net->pass(1min);
    EXPECT_TRUE(watcher->quiet());
    EXPECT_TRUE(back.answers_ping());
}

TEST_P(DelayedWills, EndWithTheSession) {
    start();
    mortal(60, 5).cut();
    net->pass(5100ms);
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
    mortal(60, 300).cut();
    EXPECT_TRUE(watcher->quiet());
    net->connect(v, "mortal");  // Clean Start ends the session
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
    mortal(60, 0).cut();
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
}

TEST_P(DelayedWills, ComeAfterDisconnectWithWill) {
    start();
    mortal().send(mqtt::Disconnect{0x04});
    EXPECT_EQ(watcher->take<mqtt::Publish>().payload, "gone");
}

TEST(Wills5, KeepTheirProperties) {
    Net net;
    Client& watcher = net.connect(Version::v5, "w");
    watcher.subscribe("t");
    const Property properties[]{{property::user_property, "k", "1"}, {property::message_expiry_interval, 30u},
                                {property::content_type, "text"},    {property::user_property, "k", "2"},
                                {property::will_delay_interval, 0u}};
    net.connect(Version::v5, {.will = mqtt::Will{.properties = properties, .topic = "t", .payload = "x"}}).cut();
    const auto p = watcher.take<mqtt::Publish>();
    std::string pairs;
    for (const auto& q : p.properties)
        if (q.id == property::user_property) pairs += q.value;
    EXPECT_EQ(pairs, "12");
    EXPECT_EQ(mqtt::find(p.properties, property::content_type)->text, "text");
    EXPECT_EQ(mqtt::number_or(p.properties, property::message_expiry_interval, 0), 30u);
    EXPECT_FALSE(mqtt::find(p.properties, property::will_delay_interval));
}

}  // namespace
}  // namespace reference::test
