// 5.0, 3.1.2.11.2 and 4.1: how long a session lasts; in both versions, that it lasts while its connection is up.
#include "conformance/cases/timing.hpp"

namespace conformance {
namespace {

/// To go on with the session if there is one, and to have it kept for so many seconds.
Connect returning(Test& test, std::uint32_t expiry) {
    Connect c = test.hello("client");
    c.clean_start = false;
    if (test.v5()) c.properties = test.with({}, {property::session_expiry_interval, expiry});
    return c;
}
/// What the server makes of the interval asked for, in seconds.
std::uint32_t granted(const Test& test, const Peer* client, std::uint32_t asked) {
    return number_or(test.connack(client).properties, property::session_expiry_interval, asked);
}

}  // namespace

CASE(session, lasts_while_connected, "A session does not end while its connection is up, however long that is",
     {.v3_1_1 = {"MQTT-4.1.0-2"}, .v5 = {"MQTT-4.1.0-1"}}) {
    const Text topic = test.topic("news");
    const Connect one_second = returning(test, 1);
    Peer* clients[2]{};
    clients[0] = co_await test.connect("bystander", Keep::no);
    clients[1] = co_await test.connect_as("client", one_second);
    for (Peer* client : clients) co_await test.subscribe(client, topic, QoS::at_most_once);
    for (int n = 0; n < 6; ++n) {
        co_await test.wait(clients[0], 400ms);
        for (Peer* client : clients) test.check(co_await client->stays_open_through_ping(), "the connection ends");
    }
    auto* speaker = co_await test.connect("speaker");
    for (Peer* client : clients) co_await test.up_to_fence(client, speaker, topic);
}

CASE(session, is_kept_for_its_expiry, "A session whose expiry has not come is there after a cut, with its messages",
     {.v5 = {"MQTT-3.1.2-23", "MQTT-3.1.2-5"}, .needs = {Need::kept_sessions, Need::qos1}}) {
    const Text topic = test.topic("news");
    auto* speaker = co_await test.connect("speaker");
    for (std::uint32_t expiry : {60u, 0xffff'ffffu}) {  // the latter: for ever
        Connect c = returning(test, expiry);
        c.client_id = test.client_id(expiry == 60 ? "minute" : "ever");
        auto* client = co_await test.connect_as("client", c);
        if (granted(test, client, expiry) < 10) test.unreachable("the server keeps sessions for a few seconds only");
        const QoS qos = co_await test.subscribe(client, topic, QoS::at_least_once);
        test.cut(client);
        co_await test.publish(speaker, topic, "hello", QoS::at_least_once);
        client = co_await test.connect_as("client", c);
        test.equal(test.connack(client).session_present, true,
                   "Session Present within a Session Expiry Interval of " + std::to_string(expiry) + " s");
        if (qos == QoS::at_most_once) continue;
        const auto kept = co_await test.receive(client);
        test.equal(Text(kept.payload), Text("hello"), "payload of the message that waited");
        co_await test.unsubscribe(client, topic);
    }
}

CASE(session, ends_with_its_expiry, "A session is gone once its client has been away for longer than its expiry",
     {.v5 = {"MQTT-4.1.0-2", "MQTT-3.2.2-3"}}) {
    const Text topic = test.topic("news"), control = test.topic("control");
    const Connect c = returning(test, 1);
    auto* client = co_await test.connect_as("client", c);
    const std::uint32_t lasts = granted(test, client, 1);
    if (lasts > 2) test.unreachable("the server keeps sessions for " + std::to_string(lasts) + " s");
    co_await test.subscribe(client, topic, QoS::at_least_once);
    co_await test.leave(client);
    auto* speaker = co_await test.connect("speaker");
    co_await test.wait(speaker, std::chrono::seconds(lasts) + tolerance(test));
    client = co_await test.connect_as("client", c);
    test.equal(test.connack(client).session_present, false, "Session Present after the Session Expiry Interval");
    co_await test.subscribe(client, control, QoS::at_most_once);
    co_await test.publish(speaker, topic, "for the old subscription");
    co_await test.hears_nothing(client, speaker, control, "a subscription outlives the Session Expiry Interval");
}

CASE(session, expiry_is_that_of_the_last_connect, "An expiry of 0 on return ends the session with that connection",
     {.v5 = {"MQTT-4.1.0-2"}, .needs = {Need::kept_sessions}}) {
    const Connect keep = returning(test, 60), drop = returning(test, 0);
    auto* client = co_await test.connect_as("client", keep);
    co_await test.leave(client);
    client = co_await test.connect_as("client", drop);
    test.equal(test.connack(client).session_present, true, "Session Present on return to a kept session");
    const std::uint32_t lasts = granted(test, client, 0);
    if (lasts != 0) test.unreachable("the server keeps sessions for " + std::to_string(lasts) + " s in place of 0");
    co_await test.leave(client);
    client = co_await test.connect_as("client", keep);
    test.equal(test.connack(client).session_present, false, "Session Present after an expiry of 0");
}

}  // namespace conformance
