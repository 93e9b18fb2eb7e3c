// What a restart brings back, and what time does while the broker is down.
#include <algorithm>

#include "reference/tests/store_kit.hpp"

namespace reference::test {
namespace {

struct Restart : testing::Test {
    /// kill -9, and a while until the broker is there again.
    Life& restart(Time down = 0s, Settings settings = {}) {
        const auto wall = lives.back()->wall() + down.count();
        copy_store(lives.back()->path, file.string() + std::to_string(lives.size()));
        lives.push_back(std::make_unique<Life>(file.string() + std::to_string(lives.size()), wall, 7s, settings));
        return *lives.back();
    }
    Life& first(Settings settings = {}) {
        lives.push_back(std::make_unique<Life>(file, wall_at_start, some_time, settings));
        return *lives.back();
    }
    static Client& with_expiry(Net& net, const char* id, std::uint32_t expiry, std::uint32_t delay = 0,
                               QoS will = QoS::at_least_once) {
        const Property delays[]{{property::will_delay_interval, delay}};
        Hello hello{.id = id, .clean = false, .properties = {{property::session_expiry_interval, expiry}}};
        hello.will = mqtt::Will{will, false, {}, "will", id};
        hello.will->properties = std::span<const Property>(delays);
        return net.connect(Version::v5, hello);
    }
    Folder folder;
    fs::path file = folder.path / "store";
    std::vector<std::unique_ptr<Life>> lives;
};

TEST_F(Restart, WhatIsNotCommittedNeverWas) {
    Life& life = first();
    Client& c = life.net.persistent(Version::v3_1_1, "c");
    c.subscribe("a");
    life.commit();
    const mqtt::Subscribe::Entry entries[]{{"b"}};
    const auto subscribe = mqtt::encode(mqtt::Subscribe{2, {}, entries}, Version::v3_1_1);
    life.net.broker.receive(c.link, mqtt::octets(subscribe), life.net.now);
    EXPECT_FALSE(life.net.broker.dirty().empty()) << "there is a SUBACK, but nobody has it";
    Life& again = restart();
    EXPECT_EQ(again.net.broker.counts().sessions, 1u);
    EXPECT_EQ(again.net.broker.counts().subscriptions, 1u);
}

TEST_F(Restart, TheBrokersOwnMessagesAreNotKept) {
    Life& life = first();
    for (const char* value : {"1", "2"}) life.net.broker.publish("$SYS/broker/uptime", value, true, life.net.now);
    life.commit();
    EXPECT_EQ(life.net.broker.counts().retained, 1u);
    EXPECT_EQ(restart().net.broker.counts().retained, 0u);
}

TEST_F(Restart, WillsOfThoseThatWereThere) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    for (const QoS qos : {QoS::at_least_once, QoS::exactly_once})
        life.net.connect(Version::v3_1_1, Hello{.id = "w" + std::to_string(int(qos)),
                                                .will = mqtt::Will{qos, false, {}, "will", "now"}});
    with_expiry(life.net, "delayed", 100, 10);
    with_expiry(life.net, "outlived", 5, 10);
    with_expiry(life.net, "left", 100).send(mqtt::Disconnect{});
    life.commit();
    Life& again = restart(1h);  // however long it was down: a delay starts at the restart
    Client& heir = again.net.persistent(Version::v5, "heir");
    const auto will = [&] { return std::string(heir.quiet() ? "" : heir.take<mqtt::Publish>().payload); };
    EXPECT_EQ(will() + will(), "nownow");
    again.net.pass(4s);
    EXPECT_TRUE(heir.quiet());
    again.net.pass(1s);
    EXPECT_EQ(will(), "outlived");
    again.net.pass(4s);
    EXPECT_TRUE(heir.quiet());
    again.net.pass(1s);
    EXPECT_EQ(will(), "delayed");
    again.commit();
    Life& third = restart();  // once
    EXPECT_EQ(third.net.broker.counts().queued, 4u);
    EXPECT_EQ(third.net.broker.counts().sessions, 2u) << "heir and delayed; left had its time while nobody was there";
}

TEST_F(Restart, ReturnInTimeStopsTheWill) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    with_expiry(life.net, "c", 100, 10);
    life.commit();
    Life& again = restart();
    again.net.pass(9s);
    again.net.persistent(Version::v5, "c");
    again.net.pass(100s);
    EXPECT_TRUE(again.net.persistent(Version::v5, "heir").quiet());
}

TEST_F(Restart, SessionsOfThoseThatWereAwayAge) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    with_expiry(life.net, "short", 50, 60).cut();
    with_expiry(life.net, "long", 100, 60).cut();
    life.net.pass(20s);
    with_expiry(life.net, "there", 50, 0, QoS::at_most_once);
    life.commit();
    Life& again = restart(35s);  // 55 s since the cut
    again.net.pass(0s);
    EXPECT_EQ(again.net.broker.counts().sessions, 3u) << "heir, long, there";
    Client& heir = again.net.persistent(Version::v5, "heir");
    EXPECT_EQ(heir.take<mqtt::Publish>().payload, "short");
    EXPECT_TRUE(heir.quiet());
    again.net.pass(5s);
    EXPECT_EQ(heir.take<mqtt::Publish>().payload, "long");
    again.net.pass(40s);
    EXPECT_EQ(again.net.broker.counts().sessions, 2u) << "heir, there";
    again.net.pass(10s);
    EXPECT_EQ(again.net.broker.counts().sessions, 1u) << "there has had its 50 s since the restart";
}

TEST_F(Restart, MessagesAgeWhileTheBrokerIsDown) {
    Life& life = first();
    Client& ear = life.net.persistent(Version::v5, "ear");
    ear.subscribe("t");
    ear.cut();
    Client& mouth = life.net.connect(Version::v5, "mouth");
    for (const std::uint32_t expiry : {10u, 30u}) {
        const Property expires[]{{property::message_expiry_interval, expiry}};
        const std::string text = std::to_string(expiry);
        for (const char* topic : {"t", "kept"}) {
            auto p = message(topic, text, QoS::at_least_once, 1, topic[0] == 'k');
            p.properties = std::span<const Property>(expires);
            mouth.send(p);
        }
    }
    life.commit();
    Life& again = restart(12s);
    Client& back = again.net.persistent(Version::v5, "ear");
    const auto p = back.take<mqtt::Publish>();
    EXPECT_EQ(p.payload, "30");
    EXPECT_EQ(mqtt::number_or(p.properties, property::message_expiry_interval, 0), 18u);
    EXPECT_TRUE(back.quiet());
    back.subscribe("kept");
    EXPECT_EQ(back.take<mqtt::Publish>().payload, "30");
    Life& third = restart(30s);
    Client& late = third.net.persistent(Version::v5, "late");
    late.subscribe("kept");
    EXPECT_TRUE(late.quiet());
}

TEST_F(Restart, WhatAFullQueueDropsIsGone) {
    Settings settings;
    settings.limits.queued_messages = 3;
    Life& life = first(settings);
    Client& ear = life.net.persistent(Version::v5, "ear");
    ear.subscribe("t");
    ear.cut();
    Client& mouth = life.net.connect(Version::v5, "mouth");
    const Property expires[]{{property::message_expiry_interval, 10u}};
    for (const bool soon : {true, true, true, false}) {
        auto p = message("t", soon ? "soon" : "kept", QoS::at_least_once, 1);
        if (soon)
            p.properties = std::span<const Property>(expires);
        else
            life.net.pass(20s);
        mouth.send(p);
    }
    life.commit();
    Life& again = restart(0s, settings);
    EXPECT_EQ(again.net.broker.counts().queued, 1u);
    EXPECT_EQ(again.net.persistent(Version::v5, "ear").take<mqtt::Publish>().payload, "kept");
}

TEST_F(Restart, WhatWasTakenIsCommitted) {
    Life& life = first();
    life.net.persistent(Version::v3_1_1, "c").subscribe("a");
    EXPECT_EQ(restart().net.broker.counts().subscriptions, 1u);
}

// Where identifiers fall on one slot of the small ring, it has to grow.
TEST_F(Restart, OpenDeliveriesKeepTheirIdentifiers) {
    Life& life = first();
    Client& ear = life.net.persistent(Version::v3_1_1, "ear");
    ear.subscribe("t", QoS::at_least_once);
    Client& mouth = life.net.connect(Version::v3_1_1, "mouth");
    std::vector<std::uint16_t> open;
    for (int n = 1; n <= 600; ++n) {
        mouth.send(message("t", std::to_string(n), QoS::at_least_once, 1));
        const auto p = ear.take<mqtt::Publish>();
        if (n % 60 == 0)
            open.push_back(p.packet_id);
        else
            ear.send(mqtt::Puback{p.packet_id});
    }
    life.commit();
    Life& again = restart();
    Client& back = again.net.persistent(Version::v3_1_1, "ear");
    for (std::size_t n = 0; n < open.size(); ++n) {
        const auto p = back.take<mqtt::Publish>();
        EXPECT_EQ(p.packet_id, open[n]);
        EXPECT_TRUE(p.dup);
        EXPECT_EQ(p.payload, std::to_string(60 * (n + 1)));
    }
    again.net.connect(Version::v3_1_1, "mouth").send(message("t", "new", QoS::at_least_once, 1));
    EXPECT_FALSE(std::ranges::count(open, back.take<mqtt::Publish>().packet_id));
}

TEST_F(Restart, SharesAreHandedOn) {
    Settings settings;
    settings.style.share_qos1 = ShareQos1::moves_at_end;
    Life& life = first(settings);
    Client& first = with_expiry(life.net, "first", 10);
    first.subscribe("$share/g/t");
    life.net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    Client& second = life.net.persistent(Version::v5, "second");
    second.subscribe("$share/g/t");
    life.commit();
    Life& again = restart(0s, settings);
    Client& back = again.net.persistent(Version::v5, "second");
    EXPECT_TRUE(back.quiet());
    again.net.pass(10s);
    EXPECT_EQ(back.take<mqtt::Publish>().payload, "x");
    again.commit();
    EXPECT_EQ(restart(0s, settings).net.broker.counts().queued, 1u);
}

}  // namespace
}  // namespace reference::test
