// What only 5.0 has: aliases, expiry, sizes, properties, enhanced authentication.
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

constexpr Version v5 = Version::v5;

mqtt::Publish aliased(std::string_view topic, const std::vector<Property>& alias) {
    auto p = message(topic, "x");
    p.properties = std::span<const Property>(alias);
    return p;
}
std::vector<Property> alias(std::uint32_t n) { return {{property::topic_alias, n}}; }

TEST(TopicAlias, StandsForItsTopic) {
    Net net;
    Client& ear = net.connect(v5, "ear");
    ear.subscribe("#");
    Client& mouth = net.connect(v5, "mouth");
    const auto one = alias(1), most = alias(16);
    mouth.send(aliased("a", one));
    mouth.send(aliased("b", most));
    mouth.send(aliased("", one));
    mouth.send(aliased("c", one));
    mouth.send(aliased("", one));
    mouth.send(aliased("", most));
    std::string topics;
    while (!ear.quiet()) {
        const auto p = ear.take<mqtt::Publish>();
        topics += p.topic;
        EXPECT_FALSE(mqtt::find(p.properties, property::topic_alias));
    }
    EXPECT_EQ(topics, "abaccb");
}

TEST(TopicAlias, OutOfBoundsCloses) {
    for (std::uint32_t n : {0u, 17u, 65'535u}) {
        Net net;
        Client& c = net.connect(v5, "c");
        const auto bad = alias(n);
        c.send(aliased("t", bad));
        EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x94) << n;
        EXPECT_TRUE(c.closed);
    }
}

TEST(TopicAlias, IsForgottenWithTheConnection) {
    Net net;
    const auto one = alias(1);
    Client& before = net.persistent(v5, "c");
    before.send(aliased("t", one));
    before.cut();
    Client& after = net.persistent(v5, "c");
    after.send(aliased("", one));
    EXPECT_EQ(after.take<mqtt::Disconnect>().reason, 0x82);
}

TEST(TopicAlias, OutboundAsFarAsAllowed) {
    Settings settings;
    settings.style.outbound_topic_aliases = true;
    Net net(settings);
    Client& ear = net.connect(v5, {.id = "e", .properties = {{property::topic_alias_maximum, 1u}}});
    Client& plain = net.connect(v5, "plain");
    ear.subscribe("#");
    plain.subscribe("#");
    Client& mouth = net.connect(v5, "mouth");
    for (const char* topic : {"a", "a", "b"}) mouth.send(message(topic, "x"));
    const auto first = ear.take<mqtt::Publish>(), second = ear.take<mqtt::Publish>(), third = ear.take<mqtt::Publish>();
    EXPECT_EQ(first.topic, "a");
    EXPECT_EQ(mqtt::number_or(first.properties, property::topic_alias, 0), 1u);
    EXPECT_EQ(second.topic, "");
    EXPECT_EQ(mqtt::number_or(second.properties, property::topic_alias, 0), 1u);
    EXPECT_EQ(third.topic, "b");
    EXPECT_FALSE(mqtt::find(third.properties, property::topic_alias));
    EXPECT_FALSE(mqtt::find(plain.take<mqtt::Publish>().properties, property::topic_alias));
}

TEST(MessageExpiry, CountsTheWaitingTime) {
    Net net;
    Client& ear = net.persistent(v5, "ear");
    ear.subscribe("t");
    ear.cut();
    Client& mouth = net.connect(v5, "mouth");
    const Property ten[]{{property::message_expiry_interval, 10u}}, two[]{{property::message_expiry_interval, 2u}};
    auto p = message("t", "stays", QoS::at_least_once, 1);
    p.properties = ten;
    mouth.send(p);
    p.properties = two;
    p.payload = "goes";
    mouth.send(p);
    net.pass(3s);
    Client& again = net.persistent(v5, "ear");
    const auto got = again.take<mqtt::Publish>();
    EXPECT_EQ(got.payload, "stays");
    EXPECT_EQ(mqtt::number_or(got.properties, property::message_expiry_interval, 0), 7u);
    EXPECT_TRUE(again.quiet());
}

TEST(MessageExpiry, DoesNotEndAnExchangeBegun) {
    Net net;
    Client& ear = net.persistent(v5, "ear");
    ear.subscribe("t");
    const Property two[]{{property::message_expiry_interval, 2u}};
    auto p = message("t", "x", QoS::exactly_once, 1);
    p.properties = two;
    Client& mouth = net.connect(v5, "mouth");
    mouth.send(p);
    const auto id = ear.take<mqtt::Publish>().packet_id;
    net.pass(5s);
    ear.cut();
    Client& again = net.persistent(v5, "ear");
    EXPECT_EQ(again.take<mqtt::Publish>().packet_id, id);
    again.send(mqtt::Pubrec{id});
    again.take<mqtt::Pubrel>();
    mouth.take<mqtt::Pubrec>();
    mouth.send(mqtt::Pubrel{1});
    EXPECT_EQ(mouth.take<mqtt::Pubcomp>().reason, 0);
}

TEST(Properties, ArePassedOnInOrder) {
    Net net;
    Client& ear = net.connect(v5, "ear");
    ear.subscribe("t");
    const std::vector<Property> properties{{property::user_property, "a", "1"},
                                           {property::payload_format_indicator, 1u},
                                           {property::content_type, "text"},
                                           {property::response_topic, "r/t"},
                                           {property::user_property, "a", "2"},
                                           {property::correlation_data, std::string_view("\0\1", 2)},
                                           {property::user_property, "", ""}};
    net.connect(v5, "mouth").send(aliased("t", properties));
    const auto p = ear.take<mqtt::Publish>();
    std::vector<Property> got;
    for (const auto& q : p.properties) got.push_back(q);
    EXPECT_EQ(got, properties);
}

TEST(Properties, AClientMayNotSendASubscriptionIdentifier) {
    Net net;
    Client& c = net.connect(v5, "c");
    c.send(aliased("t", {{property::subscription_identifier, 1u}}));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x82);
}

TEST(Properties, TwiceCloses) {
    Net net;
    Client& c = net.connect(v5, "c");
    c.send(aliased("t", {{property::content_type, "a"}, {property::content_type, "b"}}));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x82);
}

TEST(PacketSize, OfTheClientIsKept) {
    Net net;
    Client& ear = net.connect(v5, {.id = "e", .properties = {{property::maximum_packet_size, 40u}}});
    ear.subscribe("t");
    Client& mouth = net.connect(v5, "mouth");
    mouth.send(message("t", std::string(100, 'x'), QoS::at_least_once, 1));
    EXPECT_TRUE(ear.quiet());
    EXPECT_EQ(mouth.take<mqtt::Puback>().reason, 0);
    mouth.send(message("t", "fits", QoS::at_least_once, 2));
    EXPECT_EQ(ear.take<mqtt::Publish>().payload, "fits");  // nothing is held up
    EXPECT_EQ(net.broker.counts().queued, 1u);
}

TEST(PacketSize, OfOursClosesOnTheHeader) {
    Net net;
    Client& c = net.connect(v5, "c");
    c.raw(std::string_view("\x30\xff\xff\x7f", 4));  // 2 MiB announced
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x95);
    EXPECT_TRUE(c.closed);
}

TEST(ReasonString, OnlyWhereWantedAndWhereItFits) {
    struct Row {
        std::vector<Property> connect;
        bool there;
    };
    for (const Row& row : {Row{{}, true}, Row{{{property::request_problem_information, 0u}}, false},
                           Row{{{property::maximum_packet_size, 25u}}, false}}) {
        Net net;
        Client& c = net.connect(v5, {.properties = row.connect});
        c.send(message("t", "x", QoS::at_least_once, 1));
        const auto puback = c.take<mqtt::Puback>();
        EXPECT_EQ(puback.reason, 0x10);
        EXPECT_EQ(mqtt::find(puback.properties, property::reason_string).has_value(), row.there);
        c.send(mqtt::Pubrel{5});
        EXPECT_EQ(mqtt::find(c.take<mqtt::Pubcomp>().properties, property::reason_string).has_value(), row.there);
    }
}

TEST(ReasonString, TooLongOnPurpose) {
    Settings settings;
    settings.policy.violate(Break::puback_reason_too_long);
    Net net(settings);
    Client& c = net.connect(v5, {.properties = {{property::maximum_packet_size, 25u}}});
    c.send(message("t", "x", QoS::at_least_once, 1));
    EXPECT_GT(c.frames.front().size(), 25u);
}

TEST(MaximumQos, IsEnforced) {
    Settings settings;
    settings.offer.maximum_qos = QoS::at_least_once;
    Net net(settings);
    Client& c = net.connect(v5, "c");
    EXPECT_EQ(c.subscribe("t"), std::string(1, '\1'));
    c.send(message("t", "x", QoS::exactly_once, 1));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x9b);
    Client& will = net.greet(v5, {.will = mqtt::Will{.qos = QoS::exactly_once, .topic = "t"}});
    EXPECT_EQ(will.take<mqtt::Connack>().code, 0x9b);
}

TEST(Disconnecting, IsTheLastPacketAndCloses) {
    Net net;
    Client& c = net.connect(v5, "c");
    c.subscribe("t");
    c.raw(std::string_view("\xe1\0", 2) );
    c.raw(std::string_view("\xc0\0", 2));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x81);
    EXPECT_TRUE(c.quiet());
    EXPECT_TRUE(c.closed);
}

TEST(Disconnecting, MayBeBare) {
    Settings settings;
    settings.style.disconnect_on_error = settings.style.disconnect_on_takeover = false;
    Net net(settings);
    Client& c = net.connect(v5, "c");
    c.raw(std::string_view("\xe1\0", 2));
    EXPECT_TRUE(c.quiet());
    EXPECT_TRUE(c.closed);
    Client& old = net.connect(v5, "d");
    net.connect(v5, "d");
    EXPECT_TRUE(old.quiet());
    EXPECT_TRUE(old.closed);
}

// ---- enhanced authentication
// -----------------------------------------------------------------------------------------

class EnhancedAuthentication : public testing::Test {
protected:
    // Asks for a second word; "pass" then "word" is right.
    static Settings settings() {
        Settings s;
        s.authenticators["TWO-WORDS"] = [](std::string_view) {
            return [step = 0](std::string_view data) mutable -> AuthStep {
                if (step++ == 0 && data == "pass") return {AuthStep::Outcome::more, "and?", {}};
                if (step == 2 && data == "word") return {AuthStep::Outcome::success, "welcome", "user"};
                return {};
            };
        };
        return s;
    }
    Net net{settings()};
    Client& greet(std::string_view method, std::string_view data) {
        Hello hello{.id = "a"};
        hello.properties = {{property::authentication_method, method}, {property::authentication_data, data}};
        return net.greet(v5, hello);
    }
    static void auth(Client& c, std::uint8_t reason, std::string_view data, std::string_view method = "TWO-WORDS") {
        const Property list[]{{property::authentication_method, method}, {property::authentication_data, data}};
        c.send(mqtt::Auth{reason, list});
    }
    static std::string_view data_of(const mqtt::Properties& p) {
        return mqtt::find(p, property::authentication_data)->text;
    }
};

TEST_F(EnhancedAuthentication, GoesToAndFro) {
    Client& c = greet("TWO-WORDS", "pass");
    const auto more = c.take<mqtt::Auth>();
    EXPECT_EQ(more.reason, 0x18);
    EXPECT_EQ(data_of(more.properties), "and?");
    auth(c, 0x18, "word");
    const auto connack = c.take<mqtt::Connack>();
    EXPECT_EQ(connack.code, 0);
    EXPECT_EQ(mqtt::find(connack.properties, property::authentication_method)->text, "TWO-WORDS");
    EXPECT_EQ(data_of(connack.properties), "welcome");
    EXPECT_TRUE(c.answers_ping());
    auth(c, 0x19, "pass");  // again
    EXPECT_EQ(c.take<mqtt::Auth>().reason, 0x18);
    EXPECT_TRUE(c.answers_ping());
    auth(c, 0x18, "word");
    EXPECT_EQ(c.take<mqtt::Auth>().reason, 0x00);
    EXPECT_TRUE(c.answers_ping());
}

TEST_F(EnhancedAuthentication, RefusesWhatIsWrong) {
    Client& unknown = greet("OTHER", "pass");
    EXPECT_EQ(unknown.take<mqtt::Connack>().code, 0x8c);
    EXPECT_TRUE(unknown.closed);
    Client& wrong = greet("TWO-WORDS", "nonsense");
    EXPECT_EQ(wrong.take<mqtt::Connack>().code, 0x87);
    EXPECT_TRUE(wrong.closed);
    EXPECT_EQ(net.broker.counts().sessions, 0u);
}

TEST_F(EnhancedAuthentication, AllowsNothingElseMeanwhile) {
    Client& c = greet("TWO-WORDS", "pass");
    c.take<mqtt::Auth>();
    c.send(message("t", "x"));
    EXPECT_EQ(c.take<mqtt::Connack>().code, 0x82);
    EXPECT_TRUE(c.closed);
    Client& other = greet("TWO-WORDS", "pass");
    other.take<mqtt::Auth>();
    auth(other, 0x18, "word", "OTHER");
    EXPECT_TRUE(other.closed);
    Client& slow = greet("TWO-WORDS", "pass");
    net.pass(21s);
    EXPECT_TRUE(slow.closed);
}

TEST_F(EnhancedAuthentication, AFailedRepeatCloses) {
    Client& c = greet("TWO-WORDS", "pass");
    c.take<mqtt::Auth>();
    auth(c, 0x18, "word");
    c.take<mqtt::Connack>();
    auth(c, 0x19, "nonsense");
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x87);
    EXPECT_TRUE(c.closed);
}

TEST_F(EnhancedAuthentication, AuthWithoutAMethodCloses) {
    Client& c = net.connect(v5, "c");
    auth(c, 0x19, "pass");
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x82);
    EXPECT_TRUE(c.closed);
}

}  // namespace
}  // namespace reference::test
