// 4.2 Network connections (5.0), 7.1.1 (3.1.1): an ordered, lossless stream of octets, in which packets have no borders
// but their own.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// CONNECT, SUBSCRIBE, PUBLISH to itself and PINGREQ as one run of octets.
struct Opening {
    std::string octets;
    Publish own{};
    std::uint16_t subscribe_id = 0;
};
Opening opening(Test& test, Text who, QoS qos) {
    Opening o;
    o.own = test.message(test.topic(who), "to myself", qos);
    const Subscribe::Entry entries[]{{.filter = o.own.topic, .qos = qos}};
    Subscribe subscribe;
    subscribe.packet_id = o.subscribe_id = test.next_id();
    subscribe.entries = entries;
    o.octets = test.octets(test.hello(who)) + test.octets(subscribe) + test.octets(o.own) + test.octets(Pingreq{});
    return o;
}

/// CONNACK comes first; then all the rest is answered, and the message delivered.
Task<void> all_is_answered(Test& test, Peer* client, Opening o) {
    const auto first = co_await client->next();
    test.check(first.has_value(), "the broker closes the connection");
    const auto* connack = std::get_if<Connack>(&*first);
    test.check(connack, "CONNACK is not the first packet, but " + print(*first, test.version));
    test.equal(connack->code, 0, "CONNACK code");
    const bool plain = o.own.qos == QoS::at_most_once;  // may be lost, and is not acknowledged
    bool subscribed = false, acknowledged = plain, delivered = plain, pinged = false;
    while (!subscribed || !acknowledged || !delivered || !pinged) {
        const auto packet = co_await client->next();
        test.check(packet.has_value(), "the broker closes the connection");
        if (const auto* suback = std::get_if<Suback>(&*packet)) {
            test.equal(suback->packet_id, o.subscribe_id, "SUBACK packet identifier");
            subscribed = true;
        } else if (const auto* puback = std::get_if<Puback>(&*packet)) {
            test.equal(puback->packet_id, o.own.packet_id, "PUBACK packet identifier");
            acknowledged = true;
        } else if (const auto* delivery = std::get_if<Publish>(&*packet)) {
            test.equal(delivery->payload, o.own.payload, "payload of the delivery");
            client->acknowledge(*delivery);
            delivered = true;
        } else {
            test.check(type_of(*packet) == Type::pingresp, "unexpected: " + print(*packet, test.version));
            pinged = true;
        }
    }
}

/// Between a listener and a speaker who both write in pieces of `size` octets.
Task<void> converse_in_pieces(Test& test, std::size_t size) {
    const auto qos = up_to(test, QoS::at_least_once);
    const auto o = opening(test, test.text("client" + std::to_string(size)), qos);
    auto* client = co_await test.open("client");
    client->send_chunks(o.octets, size);
    co_await all_is_answered(test, client, o);
    const Publish farewell = test.message(test.topic("nobody"), std::string_view("\x00\xff\x30\xc0\x00", 5), qos);
    client->send_chunks(test.octets(farewell) + test.octets(Pingreq{}), size);
    bool acknowledged = qos == QoS::at_most_once, pinged = false;
    while (!acknowledged || !pinged) {  // in any order
        const auto packet = co_await client->next();
        test.check(packet.has_value(), "the broker closes the connection");
        if (const auto* puback = std::get_if<Puback>(&*packet)) {
            test.equal(puback->packet_id, farewell.packet_id, "PUBACK packet identifier");
            acknowledged = true;
        }
        pinged = pinged || type_of(*packet) == Type::pingresp;
    }
    client->send_chunks(test.octets(Disconnect{}), size);
    client->half_close();
    co_await client->ending();
}

}  // namespace

CASE(transport, octet_by_octet, "Packets that arrive octet by octet are understood",
     {.v3_1_1 = {"MQTT-7.1.1-1"}, .v5 = {"MQTT-4.2.0-1"}}) {
    co_await converse_in_pieces(test, 1);
}

CASE(transport, borders_anywhere, "Packets may be cut and run together anywhere",
     {.v3_1_1 = {"MQTT-7.1.1-1"}, .v5 = {"MQTT-4.2.0-1"}}) {
    for (const std::size_t size : {2u, 3u, 7u, 20u, 33u}) co_await converse_in_pieces(test, size);
}

CASE(transport, all_in_one_write, "CONNECT and what follows may come in one write, and is served",
     {.v3_1_1 = {"MQTT-7.1.1-1", "MQTT-3.2.0-1", "MQTT-3.1.4-4"},
      .v5 = {"MQTT-4.2.0-1", "MQTT-3.2.0-1", "MQTT-3.1.4-5"}}) {
    const auto o = opening(test, "client", up_to(test, QoS::at_least_once));
    auto* client = co_await test.open("client");
    client->send_bytes(o.octets);
    co_await all_is_answered(test, client, o);
}

CASE(transport, publish_right_behind_connect, "A PUBLISH sent before CONNACK came is delivered",
     {.v3_1_1 = {"MQTT-7.1.1-1", "MQTT-4.5.0-1"}, .v5 = {"MQTT-4.2.0-1", "MQTT-4.5.0-1"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    const Publish m = test.message(t.topic, "right behind CONNECT", QoS::at_least_once);
    auto* hasty = co_await test.open("hasty");
    hasty->send(test.hello("hasty"));
    hasty->send(m);
    const auto connack = co_await hasty->expect<Connack>();
    test.equal(connack.code, 0, "CONNACK code");
    const auto puback = co_await hasty->expect<Puback>();
    test.equal(puback.packet_id, m.packet_id, "PUBACK packet identifier");
    const auto delivery = co_await test.receive(t.listener);
    test.equal(delivery.payload, m.payload, "payload");
}

CASE(transport, many_packets_in_one_write, "Every packet of a long write is served, in its order",
     {.v3_1_1 = {"MQTT-7.1.1-1"}, .v5 = {"MQTT-4.2.0-1"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    const auto due = numbers(test, std::min<unsigned>(test.offers.receive_maximum, 10));
    std::string octets;
    for (const Text payload : due)
        octets += test.octets(test.message(t.topic, payload, QoS::at_least_once)) + test.octets(Pingreq{});
    t.speaker->send_bytes(octets);
    unsigned pings = 0, acknowledgements = 0;
    while (pings < due.size() || acknowledgements < due.size()) {
        const auto packet = co_await t.speaker->next();
        test.check(packet.has_value(), "the broker closes the connection");
        pings += type_of(*packet) == Type::pingresp;
        acknowledgements += type_of(*packet) == Type::puback;
    }
    for (const Text payload : due) {
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload");
    }
}

CASE(transport, long_payload, "A payload of 100,000 octets, every value of an octet among them, arrives as it was",
     {.v3_1_1 = {"MQTT-7.1.1-1"}, .v5 = {"MQTT-4.2.0-1"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    const std::size_t room = test.offers.maximum_packet_size.value_or(200'000), overhead = 200;
    if (room <= overhead) test.skip("the broker takes packets of " + std::to_string(room) + " octets at most");
    std::string payload(std::min<std::size_t>(100'000, room - overhead), '\0');
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = char(i % 251 ^ i >> 8);
    const Publish m = test.message(t.topic, payload, QoS::at_least_once);
    t.speaker->send_chunks(test.octets(m), 1400);
    const auto answer = co_await t.speaker->next();
    if (!answer || type_of(*answer) == Type::disconnect) {  // in 3.1.1 a limit cannot be announced
        test.warn("a PUBLISH of " + std::to_string(payload.size()) + " octets ends the connection");
        co_return;
    }
    test.check(type_of(*answer) == Type::puback, "PUBACK is due, " + print(*answer, test.version) + " comes");
    const auto delivery = co_await test.receive(t.listener);
    test.check(delivery.payload == payload, "the payload of " + std::to_string(payload.size()) + " octets is changed");
}

CASE(transport, plain_client_is_served, "A client that uses nothing beyond the standard can use all that is offered",
     {.v3_1_1 = {"MQTT-7.0.0-2", "MQTT-4.5.0-1"}, .v5 = {"MQTT-4.5.0-1", "MQTT-3.1.4-5"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    for (const QoS qos : levels(test)) {
        const Text payload = test.text("published at " + in_words(qos));
        co_await test.publish(t.speaker, t.topic, payload, qos);
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload");
    }
    co_await test.unsubscribe(t.listener, t.topic);
    co_await worked_off(test, t.listener);
    co_await test.leave(t.listener);
    co_await test.leave(t.speaker);
}

}  // namespace conformance
