// 1.5 Data representation: UTF-8 strings in every field that PUBLISH, SUBSCRIBE and UNSUBSCRIBE have, string pairs.
// The fields of CONNECT are in the connect files, ill-formed topic names of PUBLISH in publish_topic.cpp.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

constexpr Text broken_texts[]{"\xC0\xAF"sv, "\xE2\x82"sv, "\xED\xA0\x80"sv, "\x80"sv, "\xF4\x90\x80\x80"sv, "\xFF"sv};
// A character of each length and the neighbours of the surrogates; non-characters are a permitted choice.
constexpr Text well_formed[]{"caf\xC3\xA9"sv, "\xE2\x82\xAC"sv, "\xF0\x9F\x8C\x8D"sv, "\xED\x9F\xBB"sv,
                             "\xEE\x80\x80"sv};
constexpr Text null_character("\0", 1);
constexpr Text byte_order_mark = "\xEF\xBB\xBF";

std::string named(Text field, Text octets_in_it) {
    return std::string(field) + " with the octets " + hex(octets(octets_in_it));
}

/// The places for a string among the properties of a PUBLISH, with a bad one there.
using Places = std::vector<std::pair<std::string, Property>>;
Places plain_properties(Text bad) {
    return {{"a Content Type", {property::content_type, bad}}, {"a Response Topic", {property::response_topic, bad}}};
}
Places user_properties(Text bad) {
    return {{"a User Property with a name", {property::user_property, bad, "value"}},
            {"a User Property with a value", {property::user_property, "name", bad}}};
}

/// Each of them in a PUBLISH of its own: a close, and the watcher hears nothing.
Task<void> refused_in_publish(Test& test, Watch w, Places places, Text bad) {
    for (const auto& [field, faulty] : places) {
        Publish m = test.message(w.topic, "faulty");
        m.properties = test.with({}, faulty);
        const std::string what = named("a PUBLISH that has " + field, bad);
        co_await closes_unheard(test, w, test.octets(m), what, reasons(0x81, 0x82, 0x90, 0x99));
    }
}

}  // namespace

CASE(strings, well_formed_is_served, "Strings of well-formed UTF-8 of one to four octets a character are served",
     {.v3_1_1 = {"MQTT-1.5.3-1"}, .v5 = {"MQTT-1.5.4-1"}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    for (const Text good : well_formed) {
        const Text topic = test.topic(good);
        co_await test.subscribe(listener, topic, QoS::at_most_once);
        co_await test.publish(speaker, topic, good);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.topic, topic, "topic name");
        co_await test.unsubscribe(listener, topic);
    }
}

CASE(strings, ill_formed_filter_in_subscribe, "A SUBSCRIBE with a filter of ill-formed UTF-8 ends the connection",
     {.v3_1_1 = {"MQTT-1.5.3-1", "MQTT-3.8.3-1"}, .v5 = {"MQTT-1.5.4-1", "MQTT-3.8.3-1"}}) {
    for (const Text bad : broken_texts) {
        const std::string octets = subscribe_octets(test, test.topic(bad));
        co_await closes(test, octets, named("a SUBSCRIBE to a filter", bad), reasons(0x81, 0x8F));
    }
}

CASE(strings, ill_formed_filter_in_unsubscribe, "An UNSUBSCRIBE with a filter of ill-formed UTF-8 ends the connection",
     {.v3_1_1 = {"MQTT-1.5.3-1", "MQTT-3.10.3-1"}, .v5 = {"MQTT-1.5.4-1", "MQTT-3.10.3-1"}}) {
    for (const Text bad : broken_texts) {
        const std::string octets = unsubscribe_octets(test, test.topic(bad));
        co_await closes(test, octets, named("an UNSUBSCRIBE of a filter", bad), reasons(0x81, 0x8F));
    }
}

CASE(strings, null_in_topic_name, "A PUBLISH whose topic name holds U+0000 ends the connection, unheard",
     {.v3_1_1 = {"MQTT-1.5.3-2", "MQTT-4.7.3-2"}, .v5 = {"MQTT-1.5.4-2", "MQTT-4.7.3-2"}}) {
    const Text topic = test.topic("a");
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    for (const Text tail : {"a\0"sv, "\0b"sv, "a\0b"sv, "a/\0/b"sv}) {
        const std::string octets = test.octets(test.message(test.topic(tail), "null character"));
        co_await closes_unheard(test, w, octets, named("a PUBLISH to a name", tail), reasons(0x81, 0x90));
    }
}

CASE(strings, null_in_subscribe, "A SUBSCRIBE with a filter that holds U+0000 ends the connection",
     {.v3_1_1 = {"MQTT-1.5.3-2", "MQTT-4.7.3-2"}, .v5 = {"MQTT-1.5.4-2", "MQTT-4.7.3-2"}}) {
    for (const Text tail : {"a\0"sv, "\0b"sv, "a\0b"sv, "a/\0/b"sv}) {
        const std::string octets = subscribe_octets(test, test.topic(tail));
        co_await closes(test, octets, named("a SUBSCRIBE to a filter", tail), reasons(0x81, 0x8F));
    }
}

CASE(strings, null_in_unsubscribe, "An UNSUBSCRIBE with a filter that holds U+0000 ends the connection",
     {.v3_1_1 = {"MQTT-1.5.3-2", "MQTT-4.7.3-2"}, .v5 = {"MQTT-1.5.4-2", "MQTT-4.7.3-2"}}) {
    for (const Text tail : {"a\0"sv, "\0b"sv, "a\0b"sv}) {
        const std::string octets = unsubscribe_octets(test, test.topic(tail));
        co_await closes(test, octets, named("an UNSUBSCRIBE of a filter", tail), reasons(0x81, 0x8F));
    }
}

CASE(strings, byte_order_mark_is_kept, "The octets EF BB BF in a topic are a character like any other, and kept",
     {.v3_1_1 = {"MQTT-1.5.3-3"}, .v5 = {"MQTT-1.5.4-3"}}) {
    const std::string mark(byte_order_mark);
    const Text first = test.text(mark + std::string(test.topic("first"))), inside = test.topic(mark + "inside");
    const Text bare_first = test.topic("first"), bare_inside = test.topic("inside");
    auto *with = co_await test.connect("with"), *without = co_await test.connect("without");
    auto* speaker = co_await test.connect("speaker");
    for (const Text topic : {first, inside}) co_await test.subscribe(with, topic, QoS::at_most_once);
    for (const Text topic : {bare_first, bare_inside}) co_await test.subscribe(without, topic, QoS::at_most_once);
    for (const Text topic : {first, inside}) {
        co_await test.publish(speaker, topic, "marked");
        const auto delivery = co_await test.receive(with);
        test.equal(delivery.topic, topic, "topic name");
        co_await test.hears_nothing(without, speaker, bare_first, "the filter without the mark gets the message");
    }
}

CASE(strings, byte_order_mark_in_properties, "The octets EF BB BF in the strings of properties are passed on",
     {.v5 = {"MQTT-1.5.4-3"}}) {
    const Text topic = test.topic(), marked = test.text(std::string(byte_order_mark) + "marked");
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(listener, topic, QoS::at_most_once);
    const Property properties[]{{property::content_type, marked},
                                {property::response_topic, marked},
                                {property::user_property, marked, marked}};
    Publish m = test.message(topic, "payload");
    m.properties = properties;
    co_await test.publish_with(speaker, m);
    const auto delivery = co_await test.receive(listener);
    for (const Property& sent : properties) {
        const auto came = find(delivery.properties, sent.id);
        test.check(came.has_value(), "the " + std::string(row(sent.id).name) + " is not passed on");
        test.equal(came->text, sent.text, std::string(row(sent.id).name));
        test.equal(came->value, sent.value, std::string(row(sent.id).name) + ", its value");
    }
}

CASE(strings, ill_formed_user_property, "A PUBLISH with an ill-formed User Property ends the connection, unheard",
     {.v5 = {"MQTT-1.5.7-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const Text bad : {"\xC0\xAF"sv, "\xED\xA0\x80"sv, "\xFF"sv}) {
        const Text text = test.text("text" + std::string(bad));
        co_await refused_in_publish(test, w, user_properties(text), bad);
    }
}

CASE(strings, null_in_properties, "A PUBLISH with U+0000 in a string of a property ends the connection, unheard",
     {.v5 = {"MQTT-1.5.4-2"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const Text text = "text\0"sv;
    co_await refused_in_publish(test, w, plain_properties(text), null_character);
    co_await refused_in_publish(test, w, user_properties(text), null_character);
}

CASE(strings, user_property_of_requests, "A SUBSCRIBE or UNSUBSCRIBE with a faulty User Property ends the connection",
     {.v5 = {"MQTT-1.5.7-1"}}) {
    for (const Text bad : {"\xC0\xAF"sv, "\xED\xA0\x80"sv, null_character}) {
        for (const bool in_name : {true, false}) {
            const Property pair{property::user_property, in_name ? bad : "name"sv, in_name ? "value"sv : bad};
            const Properties list = test.with({}, pair);
            const Text where = in_name ? "name" : "value";
            const std::string what = named("a User Property whose " + std::string(where) + " is a string", bad);
            const std::string subscribe = subscribe_octets(test, test.topic(), list);
            co_await closes(test, subscribe, "a SUBSCRIBE that has " + what, reasons(0x81));
            const std::string unsubscribe = unsubscribe_octets(test, test.topic(), list);
            co_await closes(test, unsubscribe, "an UNSUBSCRIBE that has " + what, reasons(0x81));
        }
    }
}

CASE(strings, user_property_of_connect, "A CONNECT with a faulty string in a User Property is refused",
     {.v5 = {"MQTT-1.5.7-1"}}) {
    for (const Text bad : {"\xC0\xAF"sv, "\xED\xA0\x80"sv, null_character}) {
        for (const bool in_name : {true, false}) {
            const Property pair{property::user_property, in_name ? bad : "name"sv, in_name ? "value"sv : bad};
            Connect c = test.hello("client");
            c.properties = test.with(c.properties, pair);
            const std::string what = named("a CONNECT whose User Property has a string", bad);
            co_await test.must_refuse(test.octets(c), what);
        }
    }
}

CASE(strings, reason_string_of_puback, "A PUBACK whose Reason String is ill-formed UTF-8 ends the connection",
     {.v5 = {"MQTT-1.5.4-1"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    for (const Text bad : {"\xC0\xAF"sv, "\xED\xA0\x80"sv}) {
        auto* offender = co_await test.connect("offender");
        co_await test.subscribe(offender, topic, QoS::at_least_once);
        co_await test.publish(speaker, topic, "payload", QoS::at_least_once);
        const auto delivery = co_await offender->expect<Publish>();
        Puback answer;
        answer.packet_id = delivery.packet_id;
        answer.properties = test.with({}, Property(property::reason_string, bad));
        const std::string what = named("a PUBACK with a Reason String", bad);
        co_await test.must_close_on(offender, test.octets(answer), what, reasons(0x81));
    }
}

}  // namespace conformance
