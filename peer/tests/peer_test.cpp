// A Peer against a scripted other side, in virtual time.
#include "peer/peer.hpp"

#include "peer/tests/fake_loop.hpp"

namespace peer::test {
namespace {

using namespace std::chrono_literals;
using namespace mqtt;
using Cause = Failure::Cause;

Publish delivery(std::string_view topic, QoS qos = QoS::at_most_once, std::uint16_t id = 0) {
    return Publish{.qos = qos, .topic = topic, .packet_id = id};
}
Task<void> await_connack(Peer& p, Connack& to) { to = co_await p.expect<Connack>(); }
Task<void> await_puback(Peer& p) { co_await p.expect<Puback>(); }
Task<void> await_publish(Peer& p, std::vector<std::string>& to) {
    const Publish came = co_await p.expect<Publish>();
    to.emplace_back(came.topic);
}
Task<void> await_opened(Peer& p) { co_await p.opened(); }
Task<void> await_ending(Peer& p, Ending& to) { to = co_await p.ending(); }
Task<void> await_ping(Peer& p, bool& to) { to = co_await p.stays_open_through_ping(); }
Task<void> await_fence(Peer& p, std::vector<Publish>& to) { to = co_await p.fence(); }
Task<void> await_complete(Peer& p, Publish d) { co_await p.complete(d); }

TEST_F(PeerTest, OpenedWaitsForTheConnectionOrThrowsLinkError) {
    run(await_opened(*peer));
    EXPECT_FALSE(ended);
    loop.open();
    EXPECT_TRUE(ended);
    EXPECT_EQ(failure, "");
    EXPECT_TRUE(peer->is_open());

    peer = make();
    run(await_opened(*peer));
    loop.end(net::End::refused);
    EXPECT_EQ(link_error, net::End::refused);

    peer = make();
    run(await_opened(*peer));
    loop.advance(2s);
    EXPECT_EQ(link_error, net::End::timed_out);
    Connack connack;
    loop.end(net::End::unreachable);
    run(await_connack(*peer, connack));
    EXPECT_EQ(link_error, net::End::unreachable);
}

TEST_F(PeerTest, ExpectTakesAPacketHoweverItIsCut) {
    loop.open();
    Connack connack;
    run(await_connack(*peer, connack));
    const Connack answer{.session_present = true};
    for (const char octet : encode(answer, Version::v5)) {
        EXPECT_FALSE(ended);
        loop.bytes(std::string_view(&octet, 1));
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(failure, "");
    EXPECT_TRUE(connack.session_present);
    ASSERT_EQ(peer->frames().size(), 1u);
    EXPECT_EQ(peer->frames()[0], encode(answer, Version::v5));
}

TEST_F(PeerTest, DeliveriesDoNotDisturbAnswersNorAnswersDeliveries) {
    loop.open();
    const auto all = encode(delivery("a"), Version::v5) + encode(Pubrel{.packet_id = 9}, Version::v5) +
                     encode(Puback{.packet_id = 1}, Version::v5) + encode(delivery("b"), Version::v5);
    loop.bytes(all);
    std::vector<std::string> topics;
    run(await_puback(*peer));
    EXPECT_EQ(failure, "");
    run(await_publish(*peer, topics));
    run(await_publish(*peer, topics));
    EXPECT_EQ(topics, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(ended);
    EXPECT_FALSE(peer->delivered());
    EXPECT_EQ(peer->waiting_deliveries(), 0u);
}

TEST_F(PeerTest, AnotherPacketInTheLaneIsAFailureAndStays) {
    loop.open();
    run(await_puback(*peer));
    const Connack refused{.code = 0x87};
    loop.packet(refused);
    EXPECT_EQ(cause, Cause::other_packet);
    EXPECT_EQ(expected, "PUBACK");
    EXPECT_TRUE(actual.starts_with("CONNACK")) << actual;
    EXPECT_NE(failure.find("client: expected PUBACK, received CONNACK"), std::string::npos) << failure;
    Connack connack;
    run(await_connack(*peer, connack));
    EXPECT_EQ(connack.code, 0x87);
}

TEST_F(PeerTest, ATimeoutSaysWhatWasAwaitedHowLongAndWhatCame) {
    loop.open();
    run(await_puback(*peer));
    loop.packet(delivery("news"));
    loop.advance(1999ms);
    EXPECT_FALSE(ended);
    loop.advance(1ms);
    EXPECT_EQ(cause, Cause::timeout);
    EXPECT_TRUE(failure.starts_with("client: PUBACK did not come within 2000 ms (not taken: PUBLISH")) << failure;
    EXPECT_TRUE(loop.timers.empty());
}

TEST_F(PeerTest, TheDeadlineOfTheCaseBoundsEveryWait) {
    peer = make(500ms);
    loop.open();
    run(await_puback(*peer));
    loop.advance(500ms);
    EXPECT_EQ(cause, Cause::timeout);
    EXPECT_NE(failure.find("within 500 ms, the case's deadline has come"), std::string::npos) << failure;
    const auto body = [](Peer& p) -> Task<void> { co_await p.pause(100ms); };
    run(body(*peer));
    EXPECT_EQ(cause, Cause::timeout);
}

TEST_F(PeerTest, TheEndOfTheStreamEndsAWaitAndSaysHow) {
    loop.open();
    run(await_puback(*peer));
    const Disconnect goodbye{.reason = 0x8e};
    std::vector<std::string> topics;
    loop.end(net::End::reset);
    EXPECT_EQ(cause, Cause::ended);
    EXPECT_NE(failure.find("the stream ended by RST"), std::string::npos) << failure;

    peer = make();
    loop.open();
    run(await_publish(*peer, topics));
    loop.packet(goodbye);  // no delivery follows a DISCONNECT: no need to wait for more
    EXPECT_EQ(cause, Cause::ended);
    EXPECT_TRUE(actual.starts_with("DISCONNECT")) << actual;
}

TEST_F(PeerTest, NextGivesEverythingInOrderAndNothingAtTheEnd) {
    loop.open();
    std::vector<Type> types;
    const auto body = [](Peer& p, std::vector<Type>& to) -> Task<void> {
        for (;;) {
            const std::optional<Packet> packet = co_await p.next();
            if (!packet) break;
            to.push_back(type_of(*packet));
        }
    };
    run(body(*peer, types));
    loop.packet(Puback{.packet_id = 1});
    loop.packet(delivery("a"));
    loop.packet(Pubrel{.packet_id = 1});
    loop.end(net::End::fin);
    EXPECT_TRUE(ended);
    EXPECT_EQ(failure, "");
    EXPECT_EQ(types, (std::vector<Type>{Type::puback, Type::publish, Type::pubrel}));
}

TEST_F(PeerTest, EndingTellsHowAndWhatCameBefore) {
    loop.open();
    Ending ending;
    loop.packet(delivery("a"));
    run(await_ending(*peer, ending));
    loop.packet(Puback{.packet_id = 3});
    const Disconnect goodbye{.reason = 0x81};
    loop.packet(goodbye);
    EXPECT_FALSE(ended);
    loop.end(net::End::fin);
    EXPECT_TRUE(ended);
    EXPECT_EQ(ending.how, net::End::fin);
    ASSERT_TRUE(ending.disconnect);
    EXPECT_EQ(ending.disconnect->reason, 0x81);
    ASSERT_EQ(ending.packets.size(), 3u);
    EXPECT_EQ(type_of(ending.packets[0]), Type::publish);
    EXPECT_EQ(type_of(ending.packets[2]), Type::disconnect);
    EXPECT_TRUE(peer->ended());
}

TEST_F(PeerTest, EndingOfAStreamThatStaysOpenIsAFailure) {
    loop.open();
    Ending ending;
    run(await_ending(*peer, ending));
    loop.packet(Pingresp());
    loop.advance(2s);
    EXPECT_EQ(cause, Cause::timeout);
    EXPECT_TRUE(failure.starts_with("client: still open after 2000 ms (not taken: PINGRESP")) << failure;
}

TEST_F(PeerTest, APingTellsWhetherItStaysOpen) {
    loop.open();
    bool open = false;
    run(await_ping(*peer, open));
    ASSERT_EQ(loop.sent.size(), 1u);
    EXPECT_EQ(loop.sent[0], encode(Pingreq(), Version::v5));
    loop.packet(Puback{.packet_id = 1});
    EXPECT_FALSE(ended);
    loop.packet(Pingresp());
    EXPECT_TRUE(ended && open);
    run(await_ping(*peer, open));
    loop.end(net::End::fin);
    EXPECT_TRUE(ended);
    EXPECT_FALSE(open);
    EXPECT_EQ(failure, "");
}

TEST_F(PeerTest, AFenceTakesTheDeliveriesBeforeItAndNoOther) {
    loop.open();
    std::vector<Publish> before;
    loop.packet(delivery("a"));
    run(await_fence(*peer, before));
    loop.packet(Puback{.packet_id = 1});
    loop.packet(delivery("b"));
    loop.bytes(encode(Pingresp(), Version::v5) + encode(delivery("c"), Version::v5));
    EXPECT_TRUE(ended);
    ASSERT_EQ(before.size(), 2u);
    EXPECT_EQ(before[1].topic, "b");
    EXPECT_EQ(peer->waiting_deliveries(), 1u);
    run(await_puback(*peer));
    EXPECT_EQ(failure, "");
}

TEST_F(PeerTest, CompleteGoesThroughTheHandshakeOfEachQoS) {
    loop.open();
    run(await_complete(*peer, delivery("a")));
    EXPECT_TRUE(ended);
    EXPECT_TRUE(loop.sent.empty());
    run(await_complete(*peer, delivery("a", QoS::at_least_once, 7)));
    EXPECT_TRUE(ended);
    EXPECT_EQ(loop.sent.back(), encode(Puback{.packet_id = 7}, Version::v5));
    run(await_complete(*peer, delivery("a", QoS::exactly_once, 8)));
    EXPECT_EQ(loop.sent.back(), encode(Pubrec{.packet_id = 8}, Version::v5));
    loop.packet(Pubrel{.packet_id = 99});
    EXPECT_FALSE(ended);
    loop.packet(Pubrel{.packet_id = 8});
    EXPECT_TRUE(ended);
    EXPECT_EQ(loop.sent.back(), encode(Pubcomp{.packet_id = 8}, Version::v5));
}

TEST_F(PeerTest, MalformedOctetsEndTheNextWaitButNotWhatCameBefore) {
    loop.open();
    loop.bytes(encode(Puback{.packet_id = 1}, Version::v5) + std::string("\x40\x02\x00\x00", 4));
    loop.packet(Puback{.packet_id = 2});
    run(await_puback(*peer));
    EXPECT_EQ(failure, "");
    run(await_puback(*peer));
    EXPECT_EQ(cause, Cause::malformed);
    ASSERT_TRUE(peer->fault());
    EXPECT_EQ(peer->fault()->first.field, "packet identifier");
    EXPECT_EQ(peer->fault()->first.offset, 2u);
    EXPECT_FALSE(peer->fault()->all.empty());
    EXPECT_NE(failure.find("40 02 00 00"), std::string::npos) << failure;
    EXPECT_EQ(peer->frames().size(), 3u);
}

TEST_F(PeerTest, ATolerantPeerTakesWhatHasTheRightShape) {
    peer->tolerant = true;
    loop.open();
    loop.bytes(std::string("\x40\x02\x00\x00", 4));
    run(await_puback(*peer));
    EXPECT_TRUE(ended);
    EXPECT_EQ(failure, "");
    EXPECT_TRUE(peer->fault());
    loop.bytes(std::string("\x30\x80\x80\x80\x80\x01", 6));  // the framing is lost
    loop.bytes("anything");
    Ending ending;
    run(await_ending(*peer, ending));
    EXPECT_FALSE(ended);
    loop.end(net::End::fin);
    EXPECT_TRUE(ended);
    EXPECT_EQ(failure, "");
    EXPECT_TRUE(ending.packets.empty());
}

TEST_F(PeerTest, SendsAnythingInTheVersionItHasAtThatMoment) {
    loop.open();
    const Connect connect{.client_id = "x"};
    peer->send(connect);
    peer->version = Version::v3_1_1;
    peer->send(Packet(connect));
    peer->send_bytes("\xff");
    peer->send_chunks("abcde", 2);
    peer->half_close();
    ASSERT_EQ(loop.sent.size(), 6u);
    EXPECT_EQ(loop.sent[0], encode(connect, Version::v5));
    EXPECT_EQ(loop.sent[1], encode(connect, Version::v3_1_1));
    EXPECT_EQ(loop.sent[5], "e");
    peer->close();
    peer->close();
    EXPECT_EQ(loop.calls, "half_close close ");
    EXPECT_TRUE(peer->ended());
    run(await_puback(*peer));
    EXPECT_NE(failure.find("closed by the tester itself"), std::string::npos);
}

TEST_F(PeerTest, TaskAndPeerMayGoInEitherOrderWhileOneWaits) {
    loop.open();
    run(await_puback(*peer));
    running.abandon();
    EXPECT_TRUE(loop.timers.empty());
    loop.packet(Puback{.packet_id = 1});
    run(await_puback(*peer));
    EXPECT_TRUE(ended);

    run(await_puback(*peer));
    peer.reset();
    loop.advance(5s);
    EXPECT_FALSE(ended);
    running.abandon();
    EXPECT_TRUE(loop.timers.empty());
}

TEST_F(PeerTest, ViewsStayGoodAndTheTranscriptTellsAll) {
    std::vector<Publish> seen;
    loop.open();
    for (int i = 0; i < 1000; ++i) {
        const std::string topic = "t/" + std::to_string(i);
        loop.packet(delivery(topic));
        seen.push_back(*peer->delivered());
    }
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(seen[std::size_t(i)].topic, "t/" + std::to_string(i));
    EXPECT_EQ(transcript->entries().size(), 1001u);
}

}  // namespace
}  // namespace peer::test
