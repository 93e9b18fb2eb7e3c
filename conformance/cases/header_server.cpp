// 2 MQTT Control Packet format: what the server itself writes, and the properties of SUBSCRIBE and UNSUBSCRIBE.
// Packet identifiers are in identifiers.cpp, the properties of PUBLISH in properties_rules.cpp.
#include "conformance/cases/connect_octets.hpp"
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// Fixed-header flags as the tables have them; PUBLISH uses its own.
unsigned flags_due(Type type) { return type == Type::pubrel ? 2 : 0; }

/// Every packet type a server sends in the course of a session, once or more.
Task<void> all_exchanges(Test& test, Peer* client) {
    const Text topic = test.topic();
    co_await test.subscribe(client, topic, QoS::exactly_once);
    for (const QoS qos : levels(test)) {
        co_await test.publish(client, topic, "payload", qos);
        co_await test.receive(client);
    }
    co_await test.unsubscribe(client, topic);
    co_await client->fence();
}

}  // namespace

CASE(header, server_flags, "The fixed-header flags of the server's packets are those of their types",
     {.v3_1_1 = {"MQTT-2.2.2-1"}, .v5 = {"MQTT-2.1.3-1"}}) {
    auto* client = co_await test.connect("client");
    co_await all_exchanges(test, client);
    for (const std::string_view octets : client->frames()) {
        const auto head = std::uint8_t(octets[0]);
        const Type type = Type(head >> 4);
        if (type == Type::publish) continue;
        test.equal(head & 0x0f, flags_due(type), "flags of the server's " + std::string(name(type)));
    }
}

CASE(header, server_lengths, "The server writes lengths and Subscription Identifiers in as few octets as they need",
     {.v5 = {"MQTT-1.5.5-1"}, .needs = {Need::subscription_identifiers}}) {
    const Text topic = test.topic();
    auto *client = co_await test.connect("client"), *speaker = co_await test.connect("speaker");
    Subscribe::Entry entries[1];
    entries[0].filter = topic;
    for (const std::uint32_t identifier : {1u, 127u, 128u, 16383u, 16384u, 268435455u}) {
        Subscribe request;
        request.properties = test.with({}, {property::subscription_identifier, identifier});
        request.entries = entries;
        co_await test.subscribe_raw(client, request);
        for (const std::size_t size : {10u, 100u, 1000u, 17000u}) {
            if (size + 200 > test.offers.maximum_packet_size.value_or(UINT32_MAX)) continue;
            const Text payload = test.text(std::string(size, 'x'));
            co_await test.publish(speaker, topic, payload);
            const auto delivery = co_await test.receive(client);  // the codec knows padding
            const auto came = find(delivery.properties, property::subscription_identifier);
            test.check(came.has_value(), "the delivery has no Subscription Identifier");
            test.equal(came->number, identifier, "Subscription Identifier");
        }
    }
    auto* padder = co_await test.connect("padder");
    padder->send_bytes("\xC0\x80\x00"sv);  // no answer to padding is laid down
    const bool open = co_await padder->stays_open_through_ping();
    if (open) test.warn("a padded Remaining Length is accepted");
}

CASE(header, property_length_is_there, "A packet without its property length ends the connection",
     {.v5 = {"MQTT-2.2.2-1"}}) {
    // 300 octets of filter: its length, taken for a property length, is followed by what is no property.
    const Text topic = test.topic(std::string(300 - test.topic("").size(), '='));
    const auto w = co_await watch(test, topic, topic);
    const std::string id = "\x12\x34", filter = field(topic);
    const std::string subscribe = "\x82" + measured(id + filter + '\0'), unsubscribe = "\xA2" + measured(id + filter);
    co_await closes(test, subscribe, "a SUBSCRIBE without a property length", reasons(0x81, 0x82));
    co_await closes(test, unsubscribe, "an UNSUBSCRIBE without a property length", reasons(0x81, 0x82));
    const std::string publish = "\x30" + measured(filter), qos_1 = "\x32" + measured(filter + id);
    co_await closes_unheard(test, w, publish, "a PUBLISH without a property length", reasons(0x81, 0x82));
    co_await closes_unheard(test, w, qos_1, "a QoS 1 PUBLISH without a property length", reasons(0x81, 0x82));
}

namespace {

/// SUBSCRIBE or UNSUBSCRIBE for one filter with these properties, as octets.
std::string request(Test& test, bool subscribe, std::string_view properties) {
    const std::string start = "\x12\x34" + measured(properties) + field(test.topic());
    return subscribe ? "\x82" + measured(start + '\0') : "\xA2" + measured(start);
}
constexpr Text alias("\x23\x00\x01", 3), expiry("\x11\x00\x00\x00\x01", 5), identifier("\x0B\x01", 2),
    unknown("\x7F\x01", 2), long_unknown("\x80\x01\x01", 3), identifier_twice("\x0B\x01\x0B\x01", 4);

}  // namespace

CASE(header, property_of_another_packet, "A SUBSCRIBE or UNSUBSCRIBE with a foreign property ends the connection",
     {.v5 = {"X-2.2.2-property-not-allowed"}}) {
    co_await closes(test, request(test, true, alias), "a SUBSCRIBE with a Topic Alias", reasons(0x81, 0x82));
    co_await closes(test, request(test, true, expiry), "a SUBSCRIBE with an expiry interval", reasons(0x81, 0x82));
    co_await closes(test, request(test, false, alias), "an UNSUBSCRIBE with a Topic Alias", reasons(0x81, 0x82));
    const std::string what = "an UNSUBSCRIBE with a Subscription Identifier";
    co_await closes(test, request(test, false, identifier), what, reasons(0x81, 0x82));
}

CASE(header, unknown_property, "A SUBSCRIBE or UNSUBSCRIBE with a property that is none ends the connection",
     {.v5 = {"X-2.2.2-property-unknown"}}) {
    for (const bool subscribe : {true, false}) {
        const std::string what = subscribe ? "a SUBSCRIBE with " : "an UNSUBSCRIBE with ";
        co_await closes(test, request(test, subscribe, unknown), what + "the property 0x7f", reasons(0x81, 0x82));
        const std::string longer = request(test, subscribe, long_unknown);
        co_await closes(test, longer, what + "a property identifier of two octets", reasons(0x81, 0x82));
    }
}

CASE(header, property_twice, "A SUBSCRIBE with two Subscription Identifiers ends the connection",
     {.v5 = {"X-2.2.2-property-twice"}}) {
    const std::string octets = request(test, true, identifier_twice);
    co_await closes(test, octets, "a SUBSCRIBE with two Subscription Identifiers", reasons(0x82, 0x81, 0xA1));
}

}  // namespace conformance
