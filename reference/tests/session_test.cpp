#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Sessions : public BothVersions {};
BOTH_VERSIONS(Sessions);

TEST_P(Sessions, AreResumed) {
    Net net;
    net.persistent(v, "a").subscribe("t");
    EXPECT_FALSE(net.connack.session_present);
    net.clients.front()->cut();
    Client& mouth = net.connect(v, "mouth");
    for (unsigned q = 0; q <= 2; ++q) mouth.send(message("t", std::to_string(q), QoS(q), 1));
    Client& c = net.persistent(v, "a");
    EXPECT_TRUE(net.connack.session_present);
    const auto one = c.take<mqtt::Publish>();
    EXPECT_EQ(one.payload, "1");
    EXPECT_FALSE(one.dup);
    EXPECT_EQ(c.take<mqtt::Publish>().payload, "2");
    EXPECT_TRUE(c.quiet());
    mouth.send(message("t", "live"));
    EXPECT_EQ(c.take<mqtt::Publish>().payload, "live");
}

TEST_P(Sessions, Qos0ForTheAbsentMayBeKept) {
    Settings settings;
    settings.style.queue_qos0 = true;
    Net net(settings);
    Client& a = net.persistent(v, "a");
    a.subscribe("t");
    a.cut();
    net.connect(v, "mouth").send(message("t", "0"));
    EXPECT_EQ(net.persistent(v, "a").take<mqtt::Publish>().payload, "0");
}

TEST_P(Sessions, CleanOnesLeaveNothing) {
    Net net;
    Client& kept = net.persistent(v, "a");
    kept.subscribe("t");
    kept.cut();
    net.connect(v, "a").cut();  // clean
    EXPECT_FALSE(net.connack.session_present);
    Client& c = net.persistent(v, "a");
    EXPECT_FALSE(net.connack.session_present);
    net.connect(v, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    EXPECT_TRUE(c.quiet());
}

TEST_P(Sessions, EndWithACleanConnection) {
    Net net;
    Client& c = net.connect(v, "a");
    c.subscribe("t");
    c.send(mqtt::Disconnect{});
    EXPECT_TRUE(c.closed);
    EXPECT_EQ(net.broker.counts().sessions, 0u);
    EXPECT_EQ(net.broker.counts().subscriptions, 0u);
}

TEST_P(Sessions, AreToldApartByCase) {
    Net net;
    Client& a = net.persistent(v, "abc");
    net.persistent(v, "ABC");
    EXPECT_FALSE(net.connack.session_present);
    EXPECT_TRUE(a.answers_ping());
}

TEST_P(Sessions, OpenPublishesAreRepeatedInOrderWithDup) {
    Net net;
    Client& ear = net.persistent(v, "ear");
    ear.subscribe("t");
    Client& mouth = net.connect(v, "mouth");
    std::vector<std::uint16_t> ids;
    for (std::uint16_t n = 1; n <= 4; ++n) {
        mouth.send(message("t", std::to_string(n), n % 2 ? QoS::at_least_once : QoS::exactly_once, n));
        ids.push_back(ear.take<mqtt::Publish>().packet_id);
    }
    ear.send(mqtt::Puback{ids[0]});
    EXPECT_TRUE(ear.quiet());
    ear.cut();
    Client& again = net.persistent(v, "ear");
    for (std::uint16_t n = 2; n <= 4; ++n) {
        const auto p = again.take<mqtt::Publish>();
        EXPECT_EQ(p.payload, std::to_string(n));
        EXPECT_EQ(p.packet_id, ids[n - 1u]);
        EXPECT_TRUE(p.dup);
    }
    EXPECT_TRUE(again.quiet());
}

TEST_P(Sessions, OpenPubrelsAreRepeatedInOrderOfPubrecs) {
    Net net;
    Client& ear = net.persistent(v, "ear");
    ear.subscribe("t");
    Client& mouth = net.connect(v, "mouth");
    for (std::uint16_t n = 1; n <= 3; ++n) mouth.send(message("t", "x", QoS::exactly_once, n));
    const auto one = ear.take<mqtt::Publish>().packet_id, two = ear.take<mqtt::Publish>().packet_id;
    const auto three = ear.take<mqtt::Publish>().packet_id;
    for (auto id : {three, one, two}) {
        ear.send(mqtt::Pubrec{id});
        EXPECT_EQ(ear.take<mqtt::Pubrel>().packet_id, id);
    }
    ear.send(mqtt::Pubcomp{one});
    ear.cut();
    Client& again = net.persistent(v, "ear");
    EXPECT_EQ(again.take<mqtt::Pubrel>().packet_id, three);
    EXPECT_EQ(again.take<mqtt::Pubrel>().packet_id, two);
    EXPECT_TRUE(again.quiet());
    again.send(mqtt::Pubcomp{two});
    again.send(mqtt::Pubcomp{three});
    EXPECT_EQ(net.broker.counts().queued, 0u);
}

TEST_P(Sessions, NothingIsRepeatedWhileConnected) {
    Net net;
    Client& ear = net.persistent(v, "ear");
    ear.subscribe("t");
    net.connect(v, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    ear.take<mqtt::Publish>();
    net.pass(1h);
    EXPECT_TRUE(ear.answers_ping());
    EXPECT_TRUE(ear.quiet());
}

TEST_P(Sessions, AnotherVersionMayResume) {
    Net net;
    Client& a = net.persistent(v, "a");
    a.subscribe("t");
    a.cut();
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("t", "x", QoS::at_least_once, 1));
    Client& b = net.persistent(v5() ? Version::v3_1_1 : Version::v5, "a");
    EXPECT_TRUE(net.connack.session_present);
    EXPECT_EQ(b.take<mqtt::Publish>().payload, "x");
}

TEST_P(Sessions, ABrokenConnackOrderShows) {
    Settings settings;
    settings.policy.violate(Break::connack_not_first);
    Net net(settings);
    Client& a = net.persistent(v, "a");
    a.subscribe("t");
    a.cut();
    net.connect(v, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    Client& again = net.dial(v);
    const Property expiry[]{{property::session_expiry_interval, 100u}};
    mqtt::Connect c{.level = static_cast<std::uint8_t>(v), .clean_start = false, .client_id = "a"};
    if (v5()) c.properties = expiry;
    again.send(c);
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "x");
    EXPECT_TRUE(again.take<mqtt::Connack>().session_present);
    EXPECT_TRUE(again.quiet());
}

TEST(SessionExpiry, EndsTheSessionInTime) {
    Net net;
    const Hello hello{.id = "a", .clean = false, .properties = {{property::session_expiry_interval, 10u}}};
    net.connect(Version::v5, hello).cut();
    net.pass(9s);
    net.connect(Version::v5, hello).cut();
    EXPECT_TRUE(net.connack.session_present);
    net.pass(11s);
    EXPECT_EQ(net.broker.counts().sessions, 0u);
    net.connect(Version::v5, hello);
    EXPECT_FALSE(net.connack.session_present);
}

TEST(SessionExpiry, DoesNotRunWhileConnected) {
    Net net;
    Client& a = net.connect(Version::v5, {.id = "a", .properties = {{property::session_expiry_interval, 1u}}});
    a.subscribe("t");
    net.pass(1min);
    net.connect(Version::v5, "mouth").send(message("t", "x"));
    EXPECT_EQ(a.take<mqtt::Publish>().payload, "x");
}

TEST(SessionExpiry, MayBeChangedByDisconnect) {
    Net net;
    const Property longer[]{{property::session_expiry_interval, 100u}};
    net.connect(Version::v5, {.id = "a", .properties = {{property::session_expiry_interval, 5u}}})
        .send(mqtt::Disconnect{0, longer});
    net.pass(50s);
    EXPECT_EQ(net.broker.counts().sessions, 1u);
    Client& b = net.connect(Version::v5, "b");
    b.send(mqtt::Disconnect{0, longer});  // not to be raised from 0
    EXPECT_EQ(b.take<mqtt::Disconnect>().reason, 0x82);
    EXPECT_EQ(net.broker.counts().sessions, 1u);
}

TEST(SessionExpiry, IsCapped) {
    Settings settings;
    settings.offer.longest_session = 10;
    Net net(settings);
    net.persistent(Version::v5, "a").cut();
    net.pass(11s);
    EXPECT_EQ(net.broker.counts().sessions, 0u);
}

TEST(ReceiveMaximum, OfTheClientIsKept) {
    Net net;
    Client& ear = net.connect(Version::v5, {.id = "e", .properties = {{property::receive_maximum, 2u}}});
    ear.subscribe("t");
    Client& mouth = net.connect(Version::v5, "mouth");
    for (std::uint16_t n = 1; n <= 5; ++n) mouth.send(message("t", std::to_string(n), QoS::exactly_once, n));
    ASSERT_EQ(ear.frames.size(), 2u);
    mouth.send(message("t", "zero"));  // QoS 0 needs no room
    ASSERT_EQ(ear.frames.size(), 3u);
    const auto one = ear.take<mqtt::Publish>().packet_id;
    const auto two = ear.take<mqtt::Publish>().packet_id;
    ear.take<mqtt::Publish>();
    EXPECT_TRUE(ear.answers_ping());
    ear.send(mqtt::Pubrec{one});
    ear.take<mqtt::Pubrel>();
    EXPECT_TRUE(ear.quiet());  // open until PUBCOMP
    ear.send(mqtt::Pubcomp{one});
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "3");
    ear.send(mqtt::Pubrec{two, 0x80});  // an error settles it too
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "4");
}

TEST(ReceiveMaximum, CountsAfreshAfterAReconnect) {
    Net net;
    const Hello hello{.id = "e", .clean = false,
                      .properties = {{property::receive_maximum, 2u}, {property::session_expiry_interval, 100u}}};
    Client& ear = net.connect(Version::v5, {.id = "e", .properties = {{property::session_expiry_interval, 100u}}});
    ear.subscribe("t");
    Client& mouth = net.connect(Version::v5, "mouth");
    for (std::uint16_t n = 1; n <= 5; ++n) mouth.send(message("t", std::to_string(n), QoS::exactly_once, n));
    const auto one = ear.take<mqtt::Publish>().packet_id;
    ear.send(mqtt::Pubrec{one});
    ear.cut();
    Client& again = net.connect(Version::v5, hello);
    EXPECT_EQ(again.take<mqtt::Pubrel>().packet_id, one);
    const auto two = again.take<mqtt::Publish>();
    EXPECT_EQ(two.payload, "2");
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "3");
    EXPECT_TRUE(again.quiet());
    again.send(mqtt::Pubcomp{one});
    EXPECT_TRUE(again.quiet());
    again.send(mqtt::Pubrec{two.packet_id, 0x87});
    const auto four = again.take<mqtt::Publish>();
    EXPECT_EQ(four.payload, "4");
    EXPECT_TRUE(four.dup);
}

TEST(ReceiveMaximum, OfOursIsEnforced) {
    Settings settings;
    settings.offer.receive_maximum = 3;
    Net net(settings);
    Client& c = net.connect(Version::v5, "c");
    for (std::uint16_t n = 1; n <= 3; ++n) c.send(message("t", "x", QoS::exactly_once, n));
    c.send(mqtt::Pubrel{1});
    c.send(message("t", "x", QoS::exactly_once, 4));
    EXPECT_FALSE(c.closed);
    c.frames.clear();
    c.send(message("t", "x", QoS::exactly_once, 5));
    EXPECT_TRUE(c.closed);
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x93);
}

TEST(ReceiveMaximum, IsNotUsedUpByRepeats) {
    Settings settings;
    settings.offer.receive_maximum = 1;
    Net net(settings);
    Client& c = net.connect(Version::v5, "c");
    for (int i = 0; i < 3; ++i) c.send(message("t", "x", QoS::exactly_once, 1));
    EXPECT_FALSE(c.closed);
    c.send(message("t", "x", QoS::at_least_once, 1));
    EXPECT_TRUE(c.closed);
}

TEST(Resuming, DropsWhatHasBecomeTooLarge) {
    Net net;
    Client& ear = net.persistent(Version::v5, "e");
    ear.subscribe("t");
    Client& mouth = net.connect(Version::v5, "mouth");
    mouth.send(message("t", std::string(100, 'x'), QoS::at_least_once, 1));
    mouth.send(message("t", "small", QoS::at_least_once, 1));
    ear.cut();
    Client& again = net.connect(Version::v5, {.id = "e", .clean = false,
                                              .properties = {{property::maximum_packet_size, 50u},
                                                             {property::receive_maximum, 1u}}});
    EXPECT_EQ(again.take<mqtt::Publish>().payload, "small");
    EXPECT_EQ(net.broker.counts().queued, 1u);
}

TEST(Refused, DeliveriesAreNotRepeated) {
    Net net;
    Client& ear = net.persistent(Version::v5, "ear");
    ear.subscribe("t");
    Client& mouth = net.connect(Version::v5, "mouth");
    mouth.send(message("t", "1", QoS::at_least_once, 1));
    mouth.send(message("t", "2", QoS::exactly_once, 2));
    ear.send(mqtt::Puback{ear.take<mqtt::Publish>().packet_id, 0x80});
    ear.send(mqtt::Pubrec{ear.take<mqtt::Publish>().packet_id, 0x80});
    EXPECT_TRUE(ear.quiet());
    ear.cut();
    EXPECT_TRUE(net.persistent(Version::v5, "ear").quiet());
}

TEST(ShutDown, TellsAndCloses) {
    Net net;
    Client& a = net.connect(Version::v5, "a");
    Client& b = net.persistent(Version::v3_1_1, "b");
    net.broker.shut_down(net.now);
    net.flush();
    EXPECT_EQ(a.take<mqtt::Disconnect>().reason, 0x8b);
    EXPECT_TRUE(a.closed);
    EXPECT_TRUE(b.quiet());
    EXPECT_TRUE(b.closed);
    EXPECT_EQ(net.broker.counts().sessions, 1u);
}

TEST(SessionOwners, AreAskedForAgain) {
    Settings settings;
    settings.allowed = [](const Request& r) { return r.topic != "secret" || r.user_name == "a" || r.action == Action::publish; };
    Net net(settings);
    Hello hello{.id = "c", .clean = false, .user = "a"};
    net.connect(Version::v3_1_1, hello).subscribe("secret");
    net.clients.front()->cut();
    Client& mouth = net.connect(Version::v3_1_1, "mouth");
    mouth.send(message("secret", "1", QoS::at_least_once, 1));
    EXPECT_TRUE(net.connect(Version::v3_1_1, hello).take<mqtt::Publish>().payload == "1");
    EXPECT_TRUE(net.connack.session_present);
    hello.user = "b";
    Client& other = net.connect(Version::v3_1_1, hello);
    EXPECT_FALSE(net.connack.session_present);
    mouth.send(message("secret", "2", QoS::at_least_once, 2));
    EXPECT_TRUE(other.answers_ping());
}

}  // namespace
}  // namespace reference::test
