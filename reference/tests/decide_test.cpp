// A login that is answered later: Admission::pending and Broker::decide().
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Decide : public BothVersions {
protected:
    static Settings undecided(std::vector<LinkId>& asked) {
        Settings s;
        s.login = [&asked](const Credentials& c) {
            asked.push_back(c.link);
            return Admission::pending;
        };
        return s;
    }
    Client& greet(const char* id, const char* user = "u") { return net.greet(v, {.id = id, .user = user, .password = "p"}); }
    void decide(const Client& c, Admission a) {
        net.broker.decide(c.link, a, net.now);
        net.flush();
    }
    std::vector<LinkId> asked;
    Net net{undecided(asked)};
};

TEST_P(Decide, NothingIsSaidBefore) {
    Client& c = greet("a");
    EXPECT_EQ(asked, std::vector{c.link});
    EXPECT_TRUE(c.quiet());
    EXPECT_FALSE(net.broker.reads(c.link));
    EXPECT_EQ(net.broker.counts().sessions, 0u);
    decide(c, Admission::granted);
    EXPECT_EQ(c.take<mqtt::Connack>().code, 0);
    EXPECT_TRUE(net.broker.reads(c.link));
    EXPECT_TRUE(c.answers_ping());
    EXPECT_EQ(asked.size(), 1u) << "asked once";
}

TEST_P(Decide, RefusalsHaveTheirCodes) {
    const std::tuple<Admission, int, int> all[]{{Admission::bad_login, 4, 0x86}, {Admission::busy, 3, 0x89}};
    for (const auto& [answer, v3, in5] : all) {
        Client& c = greet("a");
        decide(c, answer);
        EXPECT_EQ(c.take<mqtt::Connack>().code, v5() ? in5 : v3);
        EXPECT_TRUE(c.closed);
    }
}

TEST_P(Decide, WhatFollowsConnectIsServedAfterwards) {
    Client& c = greet("a");
    c.send(mqtt::Pingreq{});
    const std::string publish = mqtt::encode(message("t", "x", QoS::at_least_once, 9), v);
    c.raw(publish.substr(0, 3));
    EXPECT_TRUE(c.quiet());
    decide(c, Admission::granted);
    c.take<mqtt::Connack>();
    c.take<mqtt::Pingresp>();
    c.raw(publish.substr(3));
    EXPECT_EQ(c.take<mqtt::Puback>().packet_id, 9);
}

TEST_P(Decide, ConnectInPieces) {
    Client& c = net.dial(v);
    mqtt::Connect connect{.level = static_cast<std::uint8_t>(v), .clean_start = true};
    connect.client_id = "pieces";
    const std::string wire = mqtt::encode(connect, v) + mqtt::encode(mqtt::Pingreq{}, v);
    for (char octet : wire) c.raw(std::string(1, octet));
    decide(c, Admission::granted);
    c.take<mqtt::Connack>();
    c.take<mqtt::Pingresp>();
}

TEST_P(Decide, ALinkThatWentIsForgotten) {
    Client& c = greet("a");
    c.cut();
    decide(c, Admission::granted);
    Client& d = greet("a");
    EXPECT_NE(c.link, d.link);
    decide(c, Admission::granted);
    EXPECT_TRUE(d.quiet()) << "an answer is for the link that asked";
    EXPECT_EQ(net.broker.counts().links, 1u);
}

TEST_P(Decide, AnswersNobodyWaitsForAreHarmless) {
    Client& c = greet("a");
    decide(c, Admission::pending);
    EXPECT_TRUE(c.quiet());
    decide(c, Admission::granted);
    c.take<mqtt::Connack>();
    decide(c, Admission::bad_login);
    decide(c, Admission::granted);
    EXPECT_TRUE(c.answers_ping());
    net.broker.decide(4711, Admission::granted, net.now);
    EXPECT_TRUE(net.broker.dirty().empty());
}

TEST_P(Decide, TheTimeToConnectHolds) {
    Client& c = greet("a");
    net.pass(21s);
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
    decide(c, Admission::granted);
    EXPECT_EQ(net.broker.counts().links, 0u);
}

TEST_P(Decide, WhatIsKeptIsBounded) {
    Client& c = greet("a");
    for (int i = 0; i < 16 && !c.closed; ++i) c.raw(std::string(64u << 10, '\xc0'));
    EXPECT_TRUE(c.closed);
}

TEST_P(Decide, AtTheEndTheyAreClosed) {
    Client& c = greet("a");
    net.broker.shut_down(net.now);
    net.flush();
    EXPECT_TRUE(c.closed);
    EXPECT_TRUE(c.quiet());
}

TEST_P(Decide, WhatMayNotConnectIsNotAsked) {
    net.broker.set_available(false);
    Client& c = greet("a");
    EXPECT_EQ(c.take<mqtt::Connack>().code, code(3, 0x88));
    EXPECT_TRUE(asked.empty());
}

TEST_P(Decide, ATakeoverHappensWithTheDecision) {
    Client& first = greet("same");
    decide(first, Admission::granted);
    first.take<mqtt::Connack>();
    Client& second = greet("same");
    EXPECT_TRUE(first.answers_ping()) << "nobody is thrown out by who is not let in";
    decide(second, Admission::granted);
    EXPECT_TRUE(first.closed);
    EXPECT_EQ(second.take<mqtt::Connack>().code, 0);
}

BOTH_VERSIONS(Decide);

}  // namespace
}  // namespace reference::test
