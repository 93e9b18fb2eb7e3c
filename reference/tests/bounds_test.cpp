// Limits of octets, not of numbers alone: what one client can make the broker hold or do.
#include <random>

#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

const std::string payload_of_300(300, 'x');

Settings tight() {
    Settings s;
    s.limits.queued_octets = 1'000;
    s.limits.outbox_octets = 1'000;
    return s;
}

class Bounds : public BothVersions {};
BOTH_VERSIONS(Bounds);

TEST_P(Bounds, AnUnacknowledgedWindowIsBoundedInOctets) {
    Net net{tight()};
    Client& ear = net.connect(v, "ear");
    Client& mouth = net.connect(v, "mouth");
    ear.subscribe("t", QoS::at_least_once);
    for (std::uint16_t i = 1; i <= 20; ++i) {
        mouth.send(message("t", std::to_string(i) + payload_of_300, QoS::at_least_once, i));
        mouth.take<mqtt::Puback>();
    }
    // Open: until the octets are above the bound, so 4 of 300. Waiting: at most the bound, so 3. The rest is dropped.
    ASSERT_EQ(ear.frames.size(), 4u);
    for (int i = 1; i <= 7; ++i) {
        const auto p = ear.take<mqtt::Publish>();
        EXPECT_EQ(p.payload, std::to_string(i) + payload_of_300);
        ear.send(mqtt::Puback{p.packet_id});
    }
    EXPECT_TRUE(ear.quiet());
    mouth.send(message("t", payload_of_300, QoS::at_least_once, 21));  // what was settled counts no more
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, payload_of_300);
}

TEST_P(Bounds, RepeatsWaitForTheOutbox) {
    Settings settings = tight();
    settings.limits.queued_octets = 10'000;
    Net net{settings};
    Client& first = net.persistent(v, "ear");
    Client& mouth = net.connect(v, "mouth");
    first.subscribe("t", QoS::at_least_once);
    for (std::uint16_t i = 1; i <= 10; ++i)
        mouth.send(message("t", std::to_string(i) + payload_of_300, QoS::at_least_once, i));
    ASSERT_EQ(first.frames.size(), 10u);
    first.cut();

    Client& again = net.dial(v);
    mqtt::Connect connect{.level = static_cast<std::uint8_t>(v), .clean_start = false};
    connect.client_id = "ear";
    const Property forever[]{{property::session_expiry_interval, 0xffffffffu}};
    if (v5()) connect.properties = forever;
    net.broker.receive(again.link, mqtt::octets(mqtt::encode(connect, v)), net.now);
    EXPECT_GE(net.broker.waiting(again.link), 1'000u);
    EXPECT_LT(net.broker.waiting(again.link), 1'000u + 400u) << "the bound, and what was begun below it";
    net.flush();
    EXPECT_TRUE(again.take<mqtt::Connack>().session_present);
    for (int i = 1; i <= 10; ++i) {
        const auto p = again.take<mqtt::Publish>();
        EXPECT_TRUE(p.dup);
        EXPECT_EQ(p.payload, std::to_string(i) + payload_of_300);
    }
    EXPECT_TRUE(again.quiet());
}

TEST_P(Bounds, AStormOfFiltersOverManyRetainedMessages) {
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once}) {
        Settings settings;
        settings.limits.retained_steps = 300;
        Net net{settings};
        Client& mouth = net.connect(v, "mouth");
        for (int i = 0; i < 100; ++i) mouth.send(message("t/" + std::to_string(i), "x", {}, 0, true));
        Client& storm = net.connect(v, "storm");
        const std::vector<mqtt::Subscribe::Entry> entries(5'000, mqtt::Subscribe::Entry{.filter = "+/+", .qos = qos});
        storm.send(mqtt::Subscribe{1, {}, std::span(entries)});
        EXPECT_EQ(storm.take<mqtt::Suback>().codes.count(), 5'000u);
        // A time through costs 102 steps: the root, "t" and what is below it. Three of 5,000 are begun below the bound.
        EXPECT_EQ(storm.frames.size(), 300u);
        const std::vector<mqtt::Subscribe::Entry> in_vain(5'000,
                                                          mqtt::Subscribe::Entry{.filter = "+/+/none", .qos = qos});
        storm.frames.clear();
        storm.send(mqtt::Subscribe{1, {}, std::span(in_vain)});
        storm.take<mqtt::Suback>();
        EXPECT_TRUE(storm.answers_ping());
    }
}

TEST_P(Bounds, FiltersCountByTheirOctets) {
    Settings settings;
    settings.limits.filter_octets = 1'000;
    Net net{settings};
    Client& c = net.persistent(v, "c");
    const std::string long_one(600, 'a'), other(600, 'b'), fits(400, 'c');
    const std::string granted("\2", 1), refused(1, static_cast<char>(code(0x80, 0x97)));
    EXPECT_EQ(c.subscribe(long_one), granted);
    EXPECT_EQ(c.subscribe(other), refused);
    EXPECT_EQ(c.subscribe(long_one), granted) << "it is there already";
    EXPECT_EQ(c.subscribe(fits), granted);
    EXPECT_EQ(c.subscribe("d"), refused);
    const mqtt::Unsubscribe::Filter gone[]{{long_one}};
    c.send(mqtt::Unsubscribe{5, {}, gone});
    c.take<mqtt::Unsuback>();
    EXPECT_EQ(c.subscribe(other), granted);
}

TEST_P(Bounds, AFullQueueMayEndTheConnection) {
    for (const bool cuts : {false, true}) {
        Settings settings = tight();
        settings.limits.cut_when_full = cuts;
        Net net{settings};
        Client& ear = net.persistent(v, "ear");
        Client& mouth = net.connect(v, "mouth");
        ear.subscribe("t", QoS::at_least_once);
        for (std::uint16_t i = 1; i <= 8; ++i) mouth.send(message("t", payload_of_300, QoS::at_least_once, i));
        net.pass(1ms);
        EXPECT_EQ(ear.closed, cuts) << "four are open, three wait, there is no room for the eighth";
        ear.frames.erase(ear.frames.begin(), ear.frames.begin() + 4);
        if (cuts && v5()) {
            EXPECT_EQ(ear.take<mqtt::Disconnect>().reason, 0x97);
        }
        EXPECT_TRUE(ear.quiet());
        // Who is absent is not ended: what comes then is dropped.
        Client& away = net.persistent(v, "away");
        away.subscribe("u", QoS::at_least_once);
        away.cut();
        for (std::uint16_t i = 20; i <= 30; ++i) mouth.send(message("u", payload_of_300, QoS::at_least_once, i));
        net.pass(1ms);
        Client& back = net.persistent(v, "away");
        EXPECT_TRUE(net.connack.session_present);
        EXPECT_EQ(back.frames.size(), 3u);
    }
}

TEST(OldSessions, EndInTheirTimeWhereThatIsLimited) {
    Settings settings;
    settings.limits.v3_session = 10;
    Net net{settings};
    net.persistent(Version::v3_1_1, "c").cut();
    net.pass(9s);
    net.persistent(Version::v3_1_1, "c").cut();
    EXPECT_TRUE(net.connack.session_present);
    net.pass(11s);
    net.persistent(Version::v3_1_1, "c");
    EXPECT_FALSE(net.connack.session_present);
}

TEST_P(Bounds, AnotherServerIsNamed) {
    Settings settings;
    settings.server_reference = "other.example:1883";
    Net net{settings};
    Client& c = net.greet(v, Hello{});
    const auto connack = c.take<mqtt::Connack>();
    EXPECT_EQ(connack.code, code(3, 0x9c));
    EXPECT_TRUE(c.closed);
    if (!v5()) return;
    const auto reference = mqtt::find(connack.properties, property::server_reference);
    ASSERT_TRUE(reference);
    EXPECT_EQ(reference->text, "other.example:1883");
    Client& small = net.greet(v, Hello{.properties = {{property::maximum_packet_size, 10u}}});
    EXPECT_EQ(mqtt::find(small.take<mqtt::Connack>().properties, property::server_reference), std::nullopt)
        << "no room for it";
}

TEST_P(Bounds, SubscriptionsOfOneFilterEndInAnyOrder) {
    Net net;
    Client& mouth = net.connect(v, "mouth");
    std::vector<Client*> ears;
    for (int i = 0; i < 50; ++i) {
        ears.push_back(&net.connect(v, ("ear" + std::to_string(i)).c_str()));
        ears.back()->subscribe("t");
        if (v5() && i % 2) ears.back()->subscribe("$share/g/s");
    }
    std::mt19937 dice(4711);
    while (!ears.empty()) {
        mouth.send(message("t", "x"));
        mouth.send(message("s", "y"));
        std::size_t shared = 0;
        for (Client* ear : ears) {
            EXPECT_EQ(ear->take<mqtt::Publish>().payload, "x");
            for (; !ear->quiet(); ++shared) EXPECT_EQ(ear->take<mqtt::Publish>().payload, "y");
        }
        EXPECT_LE(shared, 1u);
        const auto which = dice() % ears.size();
        ears[which]->cut();
        ears.erase(ears.begin() + std::ptrdiff_t(which));
    }
    EXPECT_EQ(net.broker.counts().subscriptions, 0u);
}

}  // namespace
}  // namespace reference::test
