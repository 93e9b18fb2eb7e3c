// 3.4 PUBACK, 3.5 PUBREC, 3.6 PUBREL, 3.7 PUBCOMP: reason codes, properties, and the flags of the broker's
// PUBREL (for wrong flags in a client's see header.cpp).
#include "conformance/cases/exchanges.hpp"

namespace conformance {

CASE(acks, pubrel_flags_of_the_broker, "The broker's own PUBREL has the flags 0010",
     {.v3_1_1 = {"MQTT-3.6.1-1"}, .v5 = {"MQTT-3.6.1-1"}, .needs = {Need::qos2}}) {
    const auto e = co_await bring_to(test, "client", Type::pubcomp);
    for (const std::string_view frame : e.client->frames()) {
        const auto head = std::uint8_t(frame.front());
        if (Type(head >> 4) == Type::pubrel) test.equal(head & 15u, 2u, "flags of PUBREL");
    }
}

namespace {

/// The reason code of PUBACK or PUBREC for a message to `topic`.
Task<std::uint8_t> reason_for(Test& test, Peer* speaker, Text topic, QoS qos) {
    const Publish m = test.message(topic, "payload", qos);
    speaker->send(m);
    std::uint8_t reason = 0;
    if (qos == QoS::at_least_once) {
        const auto puback = co_await speaker->expect<Puback>();
        reason = puback.reason;
    } else {
        const auto pubrec = co_await speaker->expect<Pubrec>();
        reason = pubrec.reason;
        if (reason >= 0x80) co_return reason;
        speaker->send_bytes(acknowledgement(test, Type::pubrel, m.packet_id));
        co_await speaker->expect<Pubcomp>();
    }
    co_return reason;
}

Task<void> judge_reasons(Test& test, QoS qos) {
    const Text heard = test.topic("heard"), unheard = test.topic("unheard");
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await test.subscribe(listener, heard);
    const auto with = co_await reason_for(test, speaker, heard, qos);
    test.check(with == 0 || with == 0x10, "reason code " + std::to_string(with) + " for a good message");
    if (with == 0x10) test.warn("No matching subscribers is said of a message that somebody gets");
    const auto without = co_await reason_for(test, speaker, unheard, qos);
    test.check(without == 0 || without == 0x10, "reason code " + std::to_string(without) + " for a good message");
    test.info(without ? "the broker tells that nobody gets a message"
                      : "the broker does not tell that nobody gets a message");
}

}  // namespace

CASE(acks, puback_reason, "PUBACK for a good message has reason 0x00, or 0x10 where nobody gets it",
     {.v5 = {"MQTT-3.4.2-1"}, .needs = {Need::qos1}}) {
    co_await judge_reasons(test, QoS::at_least_once);
}

CASE(acks, pubrec_reason, "PUBREC for a good message has reason 0x00, or 0x10 where nobody gets it",
     {.v5 = {"MQTT-3.5.2-1"}, .needs = {Need::qos2}}) {
    co_await judge_reasons(test, QoS::exactly_once);
}

CASE(acks, pubrel_reason, "PUBREL has reason 0x00, or 0x92 in answer to a PUBREC nobody waits for",
     {.v5 = {"MQTT-3.6.2-1", "MQTT-2.2.1-5"}, .needs = {Need::qos2}}) {
    const auto e = co_await bring_to(test, "client", Type::pubrec);
    e.client->send_bytes(acknowledgement(test, Type::pubrec, e.packet_id));
    const auto due = co_await e.client->expect<Pubrel>();
    test.equal(due.packet_id, e.packet_id, "PUBREL packet identifier");
    test.equal(due.reason, 0, "reason code of a PUBREL that is due");

    const std::uint16_t unknown = std::uint16_t(e.packet_id ^ 0x4000u);
    e.client->send_bytes(acknowledgement(test, Type::pubrec, unknown));
    e.client->send(Pingreq{});
    const auto answer = co_await e.client->next();
    const auto* pubrel = answer ? std::get_if<Pubrel>(&*answer) : nullptr;
    if (!pubrel) {
        test.info(answer && type_of(*answer) == Type::pingresp ? "an unknown PUBREC is ignored"
                                                               : "an unknown PUBREC ends it");
        co_return;
    }
    test.equal(pubrel->packet_id, unknown, "packet identifier of the PUBREL for an unknown PUBREC");
    test.check(pubrel->reason == 0 || pubrel->reason == 0x92, "PUBREL has reason " + std::to_string(pubrel->reason));
}

CASE(acks, pubrel_for_an_unknown_id, "PUBREL for an identifier that is not in use is answered by PUBCOMP",
     {.v3_1_1 = {"MQTT-4.3.3-2"}, .v5 = {"MQTT-3.7.2-1", "MQTT-4.3.3-11"}, .needs = {Need::qos2}}) {
    auto* client = co_await test.connect("client");
    const std::uint16_t unknown = 12345;
    client->send_bytes(acknowledgement(test, Type::pubrel, unknown));
    const auto answer = co_await client->next();
    if (!answer || type_of(*answer) == Type::disconnect) {
        test.warn("PUBREL for an unknown identifier ends the connection");
        co_return;
    }
    const auto* pubcomp = std::get_if<Pubcomp>(&*answer);
    test.check(pubcomp, "PUBREL for an unknown identifier is answered by " + print(*answer, test.version));
    test.equal(pubcomp->packet_id, unknown, "PUBCOMP packet identifier");
    test.check(pubcomp->reason == 0 || pubcomp->reason == 0x92,
               "PUBCOMP has reason " + std::to_string(pubcomp->reason));
}

CASE(acks, undefined_reason, "An acknowledgement with a reason code that is in no table ends the connection",
     {.v5 = {"MQTT-3.4.2-1", "MQTT-3.5.2-1", "MQTT-3.6.2-1", "MQTT-3.7.2-1"}, .needs = {Need::qos1}}) {
    for (const Type type : acknowledgements(test)) {
        const auto e = co_await bring_to(test, "client", type);
        e.client->send_bytes(acknowledgement(test, type, e.packet_id, 0x7f));
        const bool open = co_await e.client->stays_open_through_ping();
        const std::string what = std::string(name(type)) + " with the reason code 0x7f";
        if (open)
            test.warn("no close after " + what);  // it binds the sender, and nothing is passed on
        else
            co_await test.must_close(e.client, what, reasons(0x81, 0x82));
        if (open) co_await test.leave(e.client);
    }
}

namespace {

/// Each acknowledgement in a running exchange, with these properties: the connection ends.
Task<void> bad_properties_close(Test& test, Properties properties, std::string what) {
    for (const Type type : acknowledgements(test)) {
        const auto e = co_await bring_to(test, "client", type);
        const std::string octets = acknowledgement(test, type, e.packet_id, 0, properties);
        co_await test.must_close_on(e.client, octets, std::string(name(type)) + " with " + what, reasons(0x81, 0x82));
    }
}

}  // namespace

CASE(acks, unknown_property, "An acknowledgement with a property identifier that is none ends the connection",
     {.v5 = {"X-2.2.2-property-unknown", "MQTT-4.13.1-1"}, .needs = {Need::qos1}}) {
    for (const Type type : acknowledgements(test)) {
        const auto e = co_await bring_to(test, "client", type);
        std::string octets = acknowledgement(test, type, e.packet_id);
        octets.resize(4);
        octets[1] = 6;
        octets += std::string("\0\2\x7f\0", 4);  // reason 0x00, two octets of properties
        const std::string what = std::string(name(type)) + " with an unknown property";
        co_await test.must_close_on(e.client, octets, what, reasons(0x81, 0x82));
    }
}

CASE(acks, property_of_another_packet, "An acknowledgement with a property of another packet ends the connection",
     {.v5 = {"X-2.2.2-property-not-allowed", "MQTT-4.13.1-1"}, .needs = {Need::qos1}}) {
    const Property foreign(property::content_type, "a"sv);
    const auto list = test.with({}, foreign);
    co_await bad_properties_close(test, list, "a Content Type");
}

CASE(acks, property_twice, "An acknowledgement with two Reason Strings ends the connection",
     {.v5 = {"X-2.2.2-property-twice", "MQTT-4.13.1-1"}, .needs = {Need::qos1}}) {
    const Property reason_string(property::reason_string, "a"sv);
    const auto list = test.with(test.with({}, reason_string), reason_string);
    co_await bad_properties_close(test, list, "two Reason Strings");
}

}  // namespace conformance
