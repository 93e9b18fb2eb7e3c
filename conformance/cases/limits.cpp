// 3.2.2.3 and 3.1.2.11: Maximum QoS, Maximum Packet Size, Receive Maximum, of the server and of the client.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

Connect hello_with(Test& test, Text who, std::uint8_t property, std::uint32_t number) {
    Connect hello = test.hello(who);
    const Property one(property, number);
    hello.properties = test.with(hello.properties, one);
    return hello;
}

/// A PUBLISH of exactly so many octets.
std::string publish_of(Test& test, Text topic, std::size_t octets) {
    std::string payload;
    for (;;) {
        const std::string packet = test.octets(test.message(topic, payload));
        if (packet.size() >= octets) return packet;  // more only where the length takes up one more octet
        payload.append(octets - packet.size(), 'x');
        const std::string fuller = test.octets(test.message(topic, payload));
        if (fuller.size() > octets) payload.resize(payload.size() - (fuller.size() - octets));
    }
}

}  // namespace

CASE(limits, announced_qos_is_served, "Every QoS up to the Maximum QoS of CONNACK is taken; without it all three are",
     {.v5 = {"MQTT-3.2.2-9", "X-3.2.2-maximum-qos-value"}}) {
    auto* speaker = co_await test.connect("speaker");
    const auto maximum = number_or(test.connack(speaker).properties, property::maximum_qos, 2);
    if (find(test.connack(speaker).properties, property::maximum_qos))
        test.check(maximum < 2, "CONNACK has a Maximum QoS of " + std::to_string(maximum));
    for (unsigned qos = 0; qos <= maximum; ++qos) {
        co_await test.publish(speaker, test.topic(), "payload", QoS(qos));
        const bool open = co_await speaker->stays_open_through_ping();
        test.check(open, "a publish at QoS " + std::to_string(qos) + " ends the connection");
    }
}

CASE(limits, subscribing_above_maximum_qos,
     "A subscription that asks for more than Maximum QoS is granted at some level",
     {.v5 = {"MQTT-3.2.2-10"}, .needs = {Need::maximum_qos_below_2}}) {
    auto* client = co_await test.connect("client");
    for (const QoS wished : {QoS::at_least_once, QoS::exactly_once}) {
        const QoS granted = co_await test.subscribe(client, test.topic(in_words(wished)), wished);
        test.info(in_words(wished) + " is granted as " + in_words(granted));
    }
}

CASE(limits, publishing_above_maximum_qos, "A PUBLISH above Maximum QoS ends the connection, unheard",
     {.v5 = {"MQTT-3.2.2-11", "MQTT-4.13.1-1"}, .needs = {Need::maximum_qos_below_2}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (unsigned qos = test.offers.maximum_qos + 1u; qos <= 2; ++qos) {
        const std::string octets = test.octets(test.message(topic, "too high", QoS(qos)));
        co_await closes_unheard(test, w, octets, "a PUBLISH at " + in_words(QoS(qos)), reasons(0x9B));
    }
}

CASE(limits, will_above_maximum_qos, "A CONNECT with a will above Maximum QoS is refused",
     {.v5 = {"MQTT-3.2.2-12"}, .needs = {Need::maximum_qos_below_2}}) {
    for (unsigned qos = test.offers.maximum_qos + 1u; qos <= 2; ++qos) {
        auto hello = test.hello("client");
        Will will;
        will.qos = QoS(qos);
        will.topic = test.topic("will");
        hello.will = will;
        const std::string octets = test.octets(hello);
        co_await test.must_refuse(octets, "a CONNECT with a will at " + in_words(QoS(qos)));
    }
}

CASE(limits, packet_above_the_server_maximum,
     "A packet above the server's Maximum Packet Size ends the connection, unheard",
     {.v5 = {"MQTT-3.2.2-15", "MQTT-4.13.1-1"}, .needs = {Need::limited_packet_size}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string octets = publish_of(test, topic, std::size_t(*test.offers.maximum_packet_size) + 1);
    const std::string what = "a PUBLISH of " + std::to_string(octets.size()) + " octets";
    co_await closes_unheard(test, w, octets, what, reasons(0x95));
}

namespace {

constexpr std::uint32_t small = 200;  // octets; CONNACKs are well below, and the topics here take 40

/// A client that takes packets of 200 octets, subscribed to the topic; the case ends if the server refuses it.
Task<Peer*> small_client(Test& test, Text topic, QoS qos, std::uint16_t receive_maximum = 0) {
    auto* client = co_await test.open("small");
    Connect hello = hello_with(test, "small", property::maximum_packet_size, small);
    const Property window(property::receive_maximum, receive_maximum);
    if (receive_maximum) hello.properties = test.with(hello.properties, window);
    client->send(hello);
    const auto answer = co_await client->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    if (!connack || connack->code != 0) test.unreachable("the server does not serve a client that takes 200 octets");
    co_await test.subscribe(client, topic, qos);
    co_return client;
}
void judge_sizes(Test& test, const Peer* client) {
    for (const std::string_view frame : client->frames())
        test.check(frame.size() <= small, "a packet of " + std::to_string(frame.size()) + " octets that begins with " +
                                              hex(mqtt::octets(frame.substr(0, 2))) +
                                              " is sent to a client that takes 200");
}
std::size_t large_payload(const Test& test) {  // octets, inside what the server takes
    return std::min<std::size_t>(1500, test.offers.maximum_packet_size.value_or(65536) - 100);
}

}  // namespace

CASE(limits, client_maximum_packet_size, "No packet is larger than the client's Maximum Packet Size",
     {.v5 = {"MQTT-3.1.2-24"}}) {
    const Text topic = test.topic();
    auto* client = co_await small_client(test, topic, QoS::exactly_once);
    auto* speaker = co_await test.connect("speaker");
    for (const std::size_t size : {std::size_t(60), std::size_t(small), std::size_t(small + 1), large_payload(test)}) {
        speaker->send_bytes(publish_of(test, topic, size));
        for (const QoS qos : levels(test, QoS::at_least_once)) {
            const std::string payload(size, 'x');
            co_await test.publish(speaker, topic, payload, qos);
        }
    }
    const auto heard = co_await test.up_to_fence(client, speaker, topic);
    test.check(!heard.empty(), "the client does not get the messages that fit either");
    judge_sizes(test, client);
}

CASE(limits, too_large_is_as_if_delivered, "A message too large for a client is passed over, and the next one comes",
     {.v5 = {"MQTT-3.1.2-25"}, .needs = {Need::qos1}}) {
    const std::string large(large_payload(test), 'x');
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text topic = test.topic(in_words(qos));
        auto* control = co_await test.connect("control");
        co_await test.subscribe(control, topic, qos);
        auto* client = co_await small_client(test, topic, qos, 1);
        auto* speaker = co_await test.connect("speaker");
        for (const Text payload : {Text(large), Text(large), "first"sv, Text(large), "second"sv}) {
            co_await test.publish(speaker, topic, payload, qos);
            const auto shown = co_await test.receive(control);
            test.equal(shown.payload.size(), payload.size(), "octets of the payload that the other client gets");
        }
        for (const Text due : {"first"sv, "second"sv}) {
            const auto delivery = co_await test.receive(client);
            test.equal(delivery.payload, due, "payload of the delivery after one too large");
        }
        judge_sizes(test, client);
    }
}

CASE(limits, too_large_in_the_queue, "A queued message that is too large for the client on its return is passed over",
     {.v5 = {"MQTT-3.1.2-25"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(listener, topic, QoS::at_least_once);
    co_await test.leave(listener);
    auto* speaker = co_await test.connect("speaker");
    const std::string large(large_payload(test), 'x');
    co_await test.publish(speaker, topic, large, QoS::at_least_once);
    co_await test.publish(speaker, topic, "small", QoS::at_least_once);

    Connect hello = test.hello("listener", Keep::yes);
    const Property maximum(property::maximum_packet_size, small);
    hello.properties = test.with(hello.properties, maximum);
    auto* back = co_await test.connect_as("listener", hello);
    const auto delivery = co_await test.receive(back);
    test.equal(delivery.payload, "small"sv, "payload of the delivery after one too large");
    judge_sizes(test, back);
}

CASE(limits, server_receive_maximum,
     "One open QoS 2 PUBLISH more than the server's Receive Maximum ends the connection",
     {.v5 = {"MQTT-3.3.4-7", "MQTT-4.13.1-1"}, .needs = {Need::limited_receive_maximum, Need::qos2}}) {
    const unsigned window = test.offers.receive_maximum;
    if (window > 4096) test.unreachable("a Receive Maximum of " + std::to_string(window) + " is too high to fill here");
    auto* client = co_await test.connect("client");
    for (unsigned n = 0; n < window; ++n) client->send(test.message(test.topic(), "open", QoS::exactly_once));
    for (unsigned n = 0; n < window; ++n) {
        const auto pubrec = co_await client->expect<Pubrec>();
        if (pubrec.reason >= 0x80) test.unreachable("the window cannot be filled: PUBREC refuses a message in it");
    }
    const std::string octets = test.octets(test.message(test.topic(), "one too many", QoS::exactly_once));
    co_await test.must_close_on(client, octets, "a PUBLISH above the Receive Maximum", reasons(0x93));
}

}  // namespace conformance
