// 2 MQTT Control Packet format: packet types, flags and lengths of the fixed header, packets longer or shorter than
// their fields. The flags of SUBSCRIBE, UNSUBSCRIBE, DISCONNECT and AUTH are in their own files.
#include "conformance/cases/connect_octets.hpp"
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// A client with one delivery of that QoS open.
Task<Peer*> with_delivery(Test& test, Peer* speaker, Text topic, QoS qos, Publish& delivery) {
    auto* client = co_await test.connect("offender");
    co_await test.subscribe(client, topic, qos);
    co_await test.publish(speaker, topic, "payload", qos);
    delivery = co_await client->expect<Publish>();
    co_return client;
}

/// Whether a connection goes on; the right answer has been given on it.
Task<void> control(Test& test, Peer* client, std::string what) {
    const bool open = co_await client->stays_open_through_ping();
    test.check(open, "the connection ends after a right " + what);
    co_await test.leave(client);
}

constexpr unsigned wrong_flags[]{1, 2, 4, 8, 15};

/// The packet with another number of octets of its body, and a Remaining Length that is true to them.
std::string cut_to(std::string_view octets, std::size_t body) {
    return packet_of(std::uint8_t(octets[0]), octets.substr(2, body));
}
std::string longer(std::string_view octets) {
    return packet_of(std::uint8_t(octets[0]), std::string(octets.substr(2)) + '\0');
}

std::string shortened(Text packet, std::size_t body) {
    const std::string article = packet.starts_with("U") ? "an " : "a ";
    return article + std::string(packet) + " cut to " + std::to_string(body) + " octets after the fixed header";
}

/// A fault that the text does not name: going on as if nothing had been is a warning (the depth of checking is open).
Task<void> should_close(Test& test, Peer* offender, std::string what) {
    const bool open = co_await offender->stays_open_through_ping();
    if (open) test.warn(what + " is taken, where a close is due");
}

}  // namespace

CASE(header, connect_flags, "A CONNECT with wrong flags in the fixed header is refused",
     {.v3_1_1 = {"MQTT-2.2.2-2"}, .v5 = {"MQTT-2.1.3-1"}}) {
    const std::string right = test.octets(test.hello("client"));
    const bool good = co_await admitted(test, right);
    test.check(good, "the CONNECT with the right flags is refused");
    for (unsigned flags = 1; flags <= 15; ++flags) {
        const std::string octets = with_head(right, 0x10 | flags);
        co_await test.must_refuse(octets, "a CONNECT with the first octet " + in_hex(0x10 | flags));
    }
}

CASE(header, pingreq_flags, "A PINGREQ with wrong flags in the fixed header ends the connection",
     {.v3_1_1 = {"MQTT-2.2.2-2"}, .v5 = {"MQTT-2.1.3-1"}}) {
    for (unsigned flags = 1; flags <= 15; ++flags) {
        const std::string octets = packet_of(0xC0 | flags, "");
        co_await closes(test, octets, "a PINGREQ with the first octet " + in_hex(0xC0 | flags), reasons(0x81));
    }
}

CASE(header, puback_flags, "A PUBACK with wrong flags in the fixed header ends the connection",
     {.v3_1_1 = {"MQTT-2.2.2-2"}, .v5 = {"MQTT-2.1.3-1"}, .needs = {Need::qos1}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const unsigned flags : {0u, 1u, 2u, 4u, 8u, 15u}) {
        Publish delivery;
        auto* client = co_await with_delivery(test, speaker, test.topic(), QoS::at_least_once, delivery);
        const std::string right = test.octets(Puback{.packet_id = delivery.packet_id});
        client->send_bytes(with_head(right, 0x40 | flags));
        const std::string what = "PUBACK with the first octet " + in_hex(0x40 | flags);
        if (flags == 0) co_await control(test, client, what);
        else co_await test.must_close(client, "a " + what, reasons(0x81));
    }
}

CASE(header, pubrec_flags, "A PUBREC with wrong flags in the fixed header ends the connection",
     {.v3_1_1 = {"MQTT-2.2.2-2"}, .v5 = {"MQTT-2.1.3-1"}, .needs = {Need::qos2}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const unsigned flags : wrong_flags) {
        Publish delivery;
        auto* client = co_await with_delivery(test, speaker, test.topic(), QoS::exactly_once, delivery);
        const std::string right = test.octets(Pubrec{.packet_id = delivery.packet_id});
        client->send_bytes(with_head(right, 0x50 | flags));
        co_await test.must_close(client, "a PUBREC with the first octet " + in_hex(0x50 | flags), reasons(0x81));
    }
}

CASE(header, pubcomp_flags, "A PUBCOMP with wrong flags in the fixed header ends the connection",
     {.v3_1_1 = {"MQTT-2.2.2-2"}, .v5 = {"MQTT-2.1.3-1"}, .needs = {Need::qos2}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const unsigned flags : {0u, 1u, 2u, 4u, 8u, 15u}) {
        Publish delivery;
        auto* client = co_await with_delivery(test, speaker, test.topic(), QoS::exactly_once, delivery);
        client->acknowledge(delivery);
        co_await client->expect<Pubrel>();
        const std::string right = test.octets(Pubcomp{.packet_id = delivery.packet_id});
        client->send_bytes(with_head(right, 0x70 | flags));
        const std::string what = "PUBCOMP with the first octet " + in_hex(0x70 | flags);
        if (flags == 0) co_await control(test, client, what);
        else co_await test.must_close(client, "a " + what, reasons(0x81));
    }
}

CASE(header, pubrel_flags, "A PUBREL whose flags are not 0010 ends the connection",
     {.v3_1_1 = {"MQTT-3.6.1-1", "MQTT-2.2.2-2"}, .v5 = {"MQTT-3.6.1-1", "MQTT-2.1.3-1"}, .needs = {Need::qos2}}) {
    for (const unsigned flags : {0u, 1u, 3u, 6u, 10u, 15u}) {
        auto* client = co_await test.connect("offender");
        const Publish m = test.message(test.topic(), "payload", QoS::exactly_once);
        client->send(m);
        co_await client->expect<Pubrec>();
        const std::string right = test.octets(Pubrel{.packet_id = m.packet_id});
        client->send_bytes(with_head(right, 0x60 | flags));
        co_await test.must_close(client, "a PUBREL with the first octet " + in_hex(0x60 | flags), reasons(0x81));
    }
}

CASE(header, reserved_types, "A packet of a reserved type ends the connection",
     {.v3_1_1 = {"X-2.2.1-packet-type", "MQTT-4.8.0-1"}, .v5 = {"X-2.1.2-packet-type", "MQTT-4.13.1-1"}}) {
    co_await closes(test, packet_of(0x00, ""), "a packet of type 0", reasons(0x81, 0x82));
    co_await closes(test, packet_of(0x00, "body"), "a packet of type 0 with a body", reasons(0x81, 0x82));
    if (test.v5()) co_return;  // type 15 is AUTH there
    co_await closes(test, packet_of(0xF0, ""), "a packet of type 15", reasons());
    co_await closes(test, packet_of(0xF0, "body"), "a packet of type 15 with a body", reasons());
}

CASE(header, server_packets_from_a_client, "A packet that only servers send ends the connection",
     {.v3_1_1 = {"MQTT-4.8.0-1"}, .v5 = {"MQTT-4.13.1-1"}}) {
    const Suback::Code granted[]{{0}};
    const Unsuback::Code done[]{{0}};
    Suback suback;
    suback.packet_id = 1;
    suback.codes = granted;
    Unsuback unsuback;
    unsuback.packet_id = 1;
    unsuback.codes = done;
    const std::string packets[]{test.octets(Connack{}), test.octets(Pingresp{}), test.octets(suback),
                                test.octets(unsuback)};
    for (const std::string& octets : packets) {
        const std::string what = std::string(name(Type(std::uint8_t(octets[0]) >> 4))) + " from the client";
        auto* offender = co_await test.connect("offender");
        offender->send_bytes(octets);
        const bool open = co_await offender->stays_open_through_ping();
        if (open) test.warn(what + " is ignored, where a close is due");  // the depth of checking is open (4.13.1)
        else co_await test.must_close(offender, what, reasons(0x81, 0x82));
    }
}

CASE(header, length_of_five_octets, "A Remaining Length of five octets ends the connection",
     {.v3_1_1 = {"X-2.2.3-remaining-length"}, .v5 = {"X-1.5.5-five-octets"}}) {
    const std::string ping("\xC0\x80\x80\x80\x80\x00", 6), publish("\x30\xFF\xFF\xFF\xFF\x01\x00\x01\x61", 9);
    co_await closes(test, ping, "a PINGREQ with a Remaining Length of five octets", reasons(0x81));
    co_await closes(test, publish, "a PUBLISH with a Remaining Length of five octets", reasons(0x81));
}

CASE(header, property_length_of_five_octets, "A property length of five octets ends the connection",
     {.v5 = {"X-1.5.5-five-octets"}}) {
    const std::string entry = field(test.topic()) + '\0', padded("\x80\x80\x80\x80\x00", 5);
    const std::string subscribe = packet_of(0x82, "\x12\x34" + padded + entry);
    co_await closes(test, subscribe, "a SUBSCRIBE with a property length of five octets", reasons(0x81));
    const std::string unsubscribe = packet_of(0xA2, "\x12\x34" + padded + field(test.topic()));
    co_await closes(test, unsubscribe, "an UNSUBSCRIBE with a property length of five octets", reasons(0x81));
}

CASE(header, cut_off_inside_a_field, "A packet whose Remaining Length ends inside a field ends the connection",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length"}}) {
    const std::string subscribe = subscribe_octets(test, test.topic());
    const std::string unsubscribe = unsubscribe_octets(test, test.topic());
    for (const std::size_t body : {std::size_t(0), std::size_t(1), subscribe.size() / 2, subscribe.size() - 3})
        co_await closes(test, cut_to(subscribe, body), shortened("SUBSCRIBE", body), reasons(0x81, 0x82));
    for (const std::size_t body : {std::size_t(0), std::size_t(1), unsubscribe.size() / 2, unsubscribe.size() - 3})
        co_await closes(test, cut_to(unsubscribe, body), shortened("UNSUBSCRIBE", body), reasons(0x81, 0x82));
}

CASE(header, publish_cut_off, "A PUBLISH whose Remaining Length ends inside a field ends the connection, unheard",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    const std::string whole = test.octets(test.message(topic, "", QoS::at_least_once));
    const std::size_t topic_end = 2 + topic.size();
    const std::size_t bodies[]{0, 1, 2, topic_end - 1, topic_end, topic_end + 1};
    for (const std::size_t body : bodies)
        co_await closes_unheard(test, w, cut_to(whole, body), shortened("PUBLISH", body), reasons(0x81, 0x82, 0x90));
}

CASE(header, acknowledgement_cut_off, "A PUBACK without a whole packet identifier ends the connection",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length"}, .needs = {Need::qos1}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const std::size_t body : {std::size_t(0), std::size_t(1)}) {
        Publish delivery;
        auto* client = co_await with_delivery(test, speaker, test.topic(), QoS::at_least_once, delivery);
        const std::string right = test.octets(Puback{.packet_id = delivery.packet_id});
        co_await test.must_close_on(client, cut_to(right, body), shortened("PUBACK", body), reasons(0x81));
    }
}

CASE(header, octets_left_over, "A packet with octets after its last field ends the connection",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length"}}) {
    const std::string subscribe = subscribe_octets(test, test.topic());
    const std::string unsubscribe = unsubscribe_octets(test, test.topic());
    auto* pinger = co_await test.connect("pinger");
    pinger->send_bytes(packet_of(0xC0, std::string(1, '\0')));
    co_await should_close(test, pinger, "a PINGREQ with an octet more");
    co_await closes(test, longer(subscribe), "a SUBSCRIBE with an octet more", reasons(0x81, 0x82));
    co_await closes(test, longer(unsubscribe), "an UNSUBSCRIBE with an octet more", reasons(0x81, 0x82));
}

CASE(header, acknowledgement_with_octets_left_over, "A PUBACK with octets after its last field ends the connection",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length"}, .needs = {Need::qos1}}) {
    auto* speaker = co_await test.connect("speaker");
    Publish delivery;
    auto* client = co_await with_delivery(test, speaker, test.topic(), QoS::at_least_once, delivery);
    std::string right = test.octets(Puback{.packet_id = delivery.packet_id});
    if (test.v5()) right.append("\0\0", 2);  // reason code and property length, or an octet more would be a field
    client->send_bytes(longer(right));
    co_await should_close(test, client, "a PUBACK with an octet more");
}

}  // namespace conformance
