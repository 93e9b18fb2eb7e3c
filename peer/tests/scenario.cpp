#include "peer/tests/scenario.hpp"

#include <gtest/gtest.h>

namespace peer::test {
namespace {

using namespace mqtt;

Task<Peer*> connect(Stage& stage, std::string name, std::string client_id) {
    Peer& peer = stage.dial(name);
    co_await peer.opened();
    const Connect packet{.level = std::uint8_t(stage.version), .client_id = client_id};
    peer.send(packet);
    const Connack connack = co_await peer.expect<Connack>();
    EXPECT_EQ(connack.code, 0);
    co_return &peer;
}

Task<void> subscribe(Peer& peer, QoS qos) {
    const Subscribe::Entry entries[]{{.filter = "news/+", .qos = qos}};
    const Subscribe packet{.packet_id = 10, .entries = entries};
    peer.send(packet);
    const Suback suback = co_await peer.expect<Suback>();
    EXPECT_EQ(suback.packet_id, 10);
    EXPECT_EQ((*suback.codes.begin()).value, std::uint8_t(qos));
}

/// Publishes and brings its own side to the end.
Task<void> publish(Peer& peer, QoS qos, std::uint16_t id, std::string payload) {
    const Publish packet{.qos = qos, .topic = "news/today", .packet_id = id, .payload = payload};
    peer.send(packet);
    if (qos == QoS::at_least_once) {
        const Puback puback = co_await peer.expect<Puback>();
        EXPECT_EQ(puback.packet_id, id);
    }
    if (qos != QoS::exactly_once) co_return;
    const Pubrec pubrec = co_await peer.expect<Pubrec>();
    EXPECT_EQ(pubrec.packet_id, id);
    const Pubrel pubrel{.packet_id = id};
    peer.send(pubrel);
    const Pubcomp pubcomp = co_await peer.expect<Pubcomp>();
    EXPECT_EQ(pubcomp.packet_id, id);
}

Task<void> deliveries(Peer& listener, Peer& speaker) {
    const QoS all[]{QoS::at_most_once, QoS::at_least_once, QoS::exactly_once};
    std::uint16_t id = 100;
    for (const QoS qos : all) {
        co_await publish(speaker, qos, ++id, "payload");
        const Publish came = co_await listener.expect<Publish>();
        EXPECT_EQ(came.qos, qos);
        EXPECT_EQ(came.topic, "news/today");
        EXPECT_EQ(came.payload, "payload");
        co_await listener.complete(came);
        const std::vector<Publish> more = co_await listener.fence();
        EXPECT_TRUE(more.empty());
    }
}

Task<void> unsubscribed(Peer& listener, Peer& speaker) {
    const Unsubscribe::Filter filters[]{{"news/+"}};
    const Unsubscribe packet{.packet_id = 11, .filters = filters};
    listener.send(packet);
    co_await listener.expect<Unsuback>();
    co_await publish(speaker, QoS::at_least_once, 200, "nobody hears it");
    const std::vector<Publish> heard = co_await listener.fence();
    EXPECT_TRUE(heard.empty());
}

}  // namespace

Task<void> conversation(Stage& stage) {
    Peer* listener = co_await connect(stage, "listener", "listener");
    co_await subscribe(*listener, QoS::exactly_once);
    Peer* speaker = co_await connect(stage, "speaker", "speaker");
    co_await deliveries(*listener, *speaker);
    co_await unsubscribed(*listener, *speaker);
    const bool open = co_await listener->stays_open_through_ping();
    EXPECT_TRUE(open);

    Peer* heir = co_await connect(stage, "heir", "listener");  // a takeover
    const Ending taken = co_await listener->ending();
    EXPECT_EQ(taken.how, net::End::fin);
    EXPECT_EQ(taken.disconnect.has_value(), stage.version == Version::v5);

    const std::string whole = encode(Subscribe{.packet_id = 1}, stage.version);
    heir->send_bytes(std::string_view(whole).substr(0, whole.size() - 1));
    heir->half_close();
    const Ending cut = co_await heir->ending();
    EXPECT_EQ(cut.how, net::End::fin);

    const Disconnect goodbye;
    speaker->send(goodbye);
    const Ending gone = co_await speaker->ending();
    EXPECT_EQ(gone.how, net::End::fin);
    EXPECT_TRUE(gone.packets.empty());
}

}  // namespace peer::test
