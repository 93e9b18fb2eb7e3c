// 2.2.2 Properties on PUBLISH: unknown, misplaced, repeated, with values they cannot have. 3.3.2.3.5 to 3.3.2.3.9: text.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

/// A QoS 0 PUBLISH whose property list is these octets; its length says `length` where it is given. All are short.
std::string publish_octets(Text topic, const std::string& properties, int length = -1) {
    std::string body{'\0', char(topic.size())};
    body += topic;
    body += char(length < 0 ? int(properties.size()) : length);
    body += properties + "payload";
    return "\x30" + std::string(1, char(body.size())) + body;
}
std::string publish_octets(const Test& test, Text topic, const Properties& properties) {
    Publish m;
    m.topic = topic;
    m.payload = "payload";
    m.properties = properties;
    return test.octets(m);
}

/// A value the property may have in its own place.
Property sample(const PropertyRow& r) {
    const bool number = r.wire == Wire::byte || r.wire == Wire::two || r.wire == Wire::four || r.wire == Wire::varint;
    if (number) return Property(r.id, 1);
    return Property(r.id, "a", r.wire == Wire::pair ? "b" : "");
}
std::string called(const PropertyRow& r) { return std::string(r.name); }

}  // namespace

CASE(properties, unknown, "A PUBLISH with a property identifier that is none ends the connection, unheard",
     {.v5 = {"X-2.2.2-property-unknown", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const Text unknown :
         {Text("\0", 1), "\x04"sv, "\x2b"sv, "\x7f"sv, Text("\x80\x01", 2), Text("\xff\xff\x7f", 3)}) {
        const std::string octets = publish_octets(topic, std::string(unknown) + '\0');
        const std::string what = "a PUBLISH with the property identifier " + hex(mqtt::octets(unknown));
        co_await closes_unheard(test, w, octets, what, reasons(0x81, 0x82));
    }
}

CASE(properties, not_for_publish, "A PUBLISH with a property of another packet ends the connection, unheard",
     {.v5 = {"X-2.2.2-property-not-allowed", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const PropertyRow& r : property_table) {
        if (r.where & in(Type::publish)) continue;
        const Property foreign = sample(r);
        const std::string octets = publish_octets(test, topic, test.with({}, foreign));
        co_await closes_unheard(test, w, octets, "a PUBLISH with " + called(r), reasons(0x81, 0x82));
    }
}

CASE(properties, twice, "A PUBLISH that has a property twice ends the connection, unheard",
     {.v5 = {"X-2.2.2-property-twice", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const PropertyRow& r : property_table) {
        const bool once = (r.where & in(Type::publish)) && !(r.repeats & in(Type::publish));
        if (!once || (r.id == property::topic_alias && test.offers.topic_alias_maximum == 0)) continue;
        const Property one = sample(r);
        const std::string octets = publish_octets(test, topic, test.with(test.with({}, one), one));
        co_await closes_unheard(test, w, octets, "a PUBLISH with two of " + called(r), reasons(0x81, 0x82));
    }
}

CASE(properties, payload_format_value, "A Payload Format Indicator is 0 or 1, and no other value is passed on",
     {.v5 = {"X-2.2.2-boolean-value"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    w.listener->tolerant = true;  // the value passed on is malformed for us, yet 3.3.2-4 wants it unaltered: a warning
    for (const int value : {2, 255}) {
        auto* offender = co_await test.connect("offender");
        const Property indicator(property::payload_format_indicator, unsigned(value));
        offender->send_bytes(publish_octets(test, topic, test.with({}, indicator)));
        const std::string what = "a Payload Format Indicator of " + std::to_string(value);
        const bool open = co_await offender->stays_open_through_ping();
        if (open)
            test.warn("no close after " + what);
        else
            co_await test.must_close(offender, what, reasons(0x81, 0x82, 0x99));
        const auto heard = co_await test.up_to_fence(w.listener, w.speaker, topic);
        for (const Publish& delivery : heard)
            if (number_or(delivery.properties, property::payload_format_indicator, 0) > 1)
                test.warn(what + " is passed on");
    }
}

CASE(properties, length_fits, "A PUBLISH whose properties run over their length or over its end is refused by a close",
     {.v5 = {"MQTT-2.2.2-1", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string expiry("\x02\0\0\0\x3c", 5), content_type("\x03\0\x01y", 4);
    const std::string too_long = publish_octets(topic, expiry, 100), too_short = publish_octets(topic, expiry, 3),
                      cut = publish_octets(topic, content_type, 3);
    co_await closes_unheard(test, w, too_long, "a PUBLISH whose properties run over its end", reasons(0x81));
    co_await closes_unheard(test, w, too_short, "a PUBLISH with half a four-octet property", reasons(0x81));
    co_await closes_unheard(test, w, cut, "a PUBLISH with half a text property", reasons(0x81));
}

CASE(properties, subscription_identifier,
     "A client's PUBLISH with a Subscription Identifier ends the connection, unheard",
     {.v5 = {"MQTT-3.3.4-6", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const Property identifier(property::subscription_identifier, 7);
    const auto list = test.with({}, identifier);
    for (const QoS qos : levels(test)) {
        Publish bad = test.message(topic, "payload", qos);
        bad.properties = list;
        const std::string octets = test.octets(bad);
        co_await closes_unheard(test, w, octets, "a PUBLISH with a Subscription Identifier", reasons(0x82));
    }
}

namespace {

/// A PUBLISH with that text property ill-formed in several ways.
Task<void> ill_formed_closes(Test& test, std::uint8_t id) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const Text ill : {"\xC3\x28"sv, "\xED\xA0\x80"sv, "\xC0\xAF"sv, "\xFF"sv, Text("a\0b", 3)}) {
        const Property property(id, ill);
        const std::string octets = publish_octets(test, topic, test.with({}, property));
        const std::string what = called(row(id)) + " with the octets " + hex(mqtt::octets(ill));
        co_await closes_unheard(test, w, octets, what, reasons(0x81, 0x82));
    }
}

}  // namespace

CASE(properties, response_topic_is_utf8, "A Response Topic that is ill-formed UTF-8 ends the connection, unheard",
     {.v5 = {"MQTT-3.3.2-13", "MQTT-1.5.4-1"}}) {
    co_await ill_formed_closes(test, property::response_topic);
}

CASE(properties, content_type_is_utf8, "A Content Type that is ill-formed UTF-8 ends the connection, unheard",
     {.v5 = {"MQTT-3.3.2-19", "MQTT-1.5.4-1"}}) {
    co_await ill_formed_closes(test, property::content_type);
}

CASE(properties, response_topic_without_wildcards, "A Response Topic with a wildcard ends the connection, unheard",
     {.v5 = {"MQTT-3.3.2-14"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const Text wildcard : {"answers/#"sv, "+"sv, "a/+/b"sv}) {
        const Property response_topic(property::response_topic, wildcard);
        Publish bad = test.message(topic, "payload", up_to(test, QoS::at_least_once));
        bad.properties = test.with({}, response_topic);
        const std::string what = "a Response Topic " + quoted(wildcard);
        co_await closes_or_refuses(test, w, bad, what, reasons(0x81, 0x82, 0x90));
    }
}

}  // namespace conformance
