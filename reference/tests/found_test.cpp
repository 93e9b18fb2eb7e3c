// What the model and the simulation found: one test per bug.
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

Client& taker(Net& net, std::string id, std::uint32_t expiry, std::string_view filter, QoS qos, std::uint32_t identifier) {
    Client& c = net.connect(Version::v5, {.id = std::move(id), .clean = false,
                                          .properties = {{property::session_expiry_interval, expiry}}});
    const mqtt::Subscribe::Entry entries[]{{filter, qos}};
    const Property ids[]{{property::subscription_identifier, identifier}};
    c.send(mqtt::Subscribe{7, ids, entries});
    c.take<mqtt::Suback>();
    return c;
}

// 5.0, 3.3.2-5: released by PUBREL after it has expired, it is not delivered; the exchange goes on (4.3.3-13).
TEST(Found, ExpiredBeforeItsPubrel) {
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once}) {
        Settings settings;
        settings.style.deliver_qos2 = Release::on_pubrel;
        Net net(settings);
        Client& ear = net.connect(Version::v5, "ear");
        ear.subscribe("t", qos);
        Client& mouth = net.connect(Version::v5, "mouth");
        const Property expiry[]{{property::message_expiry_interval, 2u}};
        auto p = message("t", "late", QoS::exactly_once, 1);
        p.properties = expiry;
        mouth.send(p);
        mouth.take<mqtt::Pubrec>();
        net.pass(3s);
        mouth.send(mqtt::Pubrel{1});
        EXPECT_EQ(mouth.take<mqtt::Pubcomp>().reason, 0);
        EXPECT_TRUE(ear.quiet());
    }
}

// 5.0, 4.8.2-3, 3.3.4-3: who takes over a message of a share gets it by its own subscription.
TEST(Found, AShareMovesByTheNewMembersSubscription) {
    Settings settings;
    settings.style.share_qos1 = ShareQos1::moves_at_end;
    Net net(settings);
    Client& first = taker(net, "first", 0, "$share/g/t", QoS::at_least_once, 1);
    net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    EXPECT_EQ(first.take<mqtt::Publish>().qos, QoS::at_least_once);
    Client& second = taker(net, "second", 0, "$share/g/t", QoS::at_most_once, 2);
    first.cut();
    const auto moved = second.take<mqtt::Publish>();
    EXPECT_EQ(moved.qos, QoS::at_most_once);
    EXPECT_EQ(mqtt::number_or(moved.properties, property::subscription_identifier, 0), 2u);
}

// 4.9.0-1: PUBRELs of an earlier connection give back no quota, whether PUBLISHes are repeated before them or after.
TEST(Found, PubrelsAfterPublishesGiveBackNoQuota) {
    Settings settings;
    settings.style.acknowledge_flow_before_resume = false;
    Net net(settings);
    Client& ear = net.persistent(Version::v5, "ear");
    ear.subscribe("#");
    Client& mouth = net.connect(Version::v5, "mouth");
    mouth.send(message("t", "released", QoS::exactly_once, 1));
    ear.send(mqtt::Pubrec{ear.take<mqtt::Publish>().packet_id});
    const auto id = ear.take<mqtt::Pubrel>().packet_id;
    ear.cut();
    for (std::uint16_t i = 2; i < 20; ++i) mouth.send(message("t", "waits", QoS::at_least_once, i));
    Client& again = net.persistent(Version::v5, "ear");
    for (int i = 2; i < 20; ++i) again.send(mqtt::Puback{again.take<mqtt::Publish>().packet_id});
    EXPECT_EQ(again.take<mqtt::Pubrel>().packet_id, id);
    again.send(mqtt::Pubcomp{id});
    mouth.send(message("t", "next", QoS::at_least_once, 20));
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "next");
}

// 5.0, 3.3.2-5: nor is what has expired meanwhile.
TEST(Found, NothingExpiredMovesInAShare) {
    Settings settings;
    settings.style.share_qos1 = ShareQos1::moves_at_end;
    Net net(settings);
    Client& first = taker(net, "first", 0, "$share/g/t", QoS::at_least_once, 1);
    const Property expiry[]{{property::message_expiry_interval, 2u}};
    auto p = message("t", "x", QoS::at_least_once, 1);
    p.properties = expiry;
    net.connect(Version::v5, "mouth").send(p);
    first.take<mqtt::Publish>();
    Client& second = taker(net, "second", 0, "$share/g/t", QoS::at_most_once, 2);
    net.pass(3s);
    first.cut();
    EXPECT_TRUE(second.quiet());
}

// 4.6.0-6, 5.0: 4.6.0-5: what is kept of QoS 0 is not overtaken while the window is full.
TEST(Found, KeptQos0IsNotOvertaken) {
    Settings settings;
    settings.style.queue_qos0 = true;
    Net net(settings);
    Client& ear = net.persistent(Version::v5, "ear");
    ear.subscribe("#");
    ear.cut();
    Client& mouth = net.connect(Version::v5, "mouth");
    for (std::uint16_t i = 1; i < 3; ++i) mouth.send(message("q", "fills", QoS::at_least_once, i));
    mouth.send(message("t", "first"));
    Client& again = net.connect(Version::v5, {.id = "ear", .clean = false, .properties = {{property::receive_maximum, 1u}}});
    mouth.send(message("t", "second"));
    for (int i = 0; i < 2; ++i) again.send(mqtt::Puback{again.take<mqtt::Publish>().packet_id});
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "first");
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "second");
}

}  // namespace
}  // namespace reference::test
