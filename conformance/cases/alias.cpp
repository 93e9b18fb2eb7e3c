// 3.3.2.3.4 PUBLISH Topic Alias, both ways; Topic Alias Maximum of CONNECT (3.1.2.11.5) and CONNACK (3.2.2.3.8).
#include <map>

#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

/// A QoS 0 PUBLISH with a Topic Alias; the topic may be empty.
Publish aliased(Test& test, Text topic, std::uint16_t alias, Text payload) {
    Publish m = test.message(topic, payload);
    const Property topic_alias(property::topic_alias, alias);
    m.properties = test.with({}, topic_alias);
    return m;
}
/// The speaker says it, and the listener has to get it under `topic`.
Task<void> arrives_under(Test& test, Peer* speaker, Peer* listener, Publish m, Text topic, std::string what) {
    speaker->send(m);
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.payload, m.payload, "payload of " + what);
    test.equal(delivery.topic, topic, "topic name of " + what);
}
Connect hello_with_aliases(Test& test, Text who, std::uint16_t maximum) {
    Connect hello = test.hello(who);
    const Property topic_alias_maximum(property::topic_alias_maximum, maximum);
    hello.properties = test.with(hello.properties, topic_alias_maximum);
    return hello;
}

}  // namespace

CASE(alias, every_alias_is_accepted, "The server takes every Topic Alias from 1 to the maximum it gave",
     {.v5 = {"MQTT-3.3.2-12"}, .needs = {Need::topic_alias}}) {
    const std::uint16_t maximum = test.offers.topic_alias_maximum;
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    std::vector<std::uint16_t> aliases;
    for (int a = 1; a <= std::min<int>(maximum, 16); ++a) aliases.push_back(std::uint16_t(a));
    if (maximum > 16) aliases.push_back(maximum);
    for (const auto alias : aliases) {
        const std::string what = "topic alias " + std::to_string(alias);
        const Text topic = test.topic(test.text(std::to_string(alias)));
        co_await test.subscribe(listener, topic, QoS::at_most_once);
        const Publish setting = aliased(test, topic, alias, test.text("sets " + what));
        co_await arrives_under(test, speaker, listener, setting, topic, "the message that sets " + what);
    }
    for (const auto alias : aliases) {  // all of them at once
        const std::string what = "topic alias " + std::to_string(alias);
        const Text topic = test.topic(test.text(std::to_string(alias)));
        const Publish using_it = aliased(test, "", alias, test.text("uses " + what));
        co_await arrives_under(test, speaker, listener, using_it, topic, "a message with " + what + " alone");
    }
}

CASE(alias, may_be_set_anew, "A Topic Alias that is sent with another topic name stands for that one from then on",
     {.v5 = {"MQTT-3.3.2-12"}, .needs = {Need::topic_alias}}) {
    const Text one = test.topic("one"), two = test.topic("two");
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await test.subscribe(listener, one, QoS::at_most_once);
    co_await test.subscribe(listener, two, QoS::at_most_once);
    for (const Text topic : {one, two, one}) {
        const Publish setting = aliased(test, topic, 1, "sets it"), using_it = aliased(test, "", 1, "uses it");
        co_await arrives_under(test, speaker, listener, setting, topic, "the message that sets the alias");
        co_await arrives_under(test, speaker, listener, using_it, topic, "a message with the alias alone");
        co_await arrives_under(test, speaker, listener, using_it, topic, "another message with the alias alone");
    }
}

CASE(alias, is_of_one_connection, "A Topic Alias stands for what its own connection set it to",
     {.v5 = {"MQTT-3.3.2-12"}, .needs = {Need::topic_alias}}) {
    const Text one = test.topic("one"), two = test.topic("two");
    auto *first = co_await test.connect("first"), *second = co_await test.connect("second");
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, one, QoS::at_most_once);
    co_await test.subscribe(listener, two, QoS::at_most_once);
    const Publish to_one = aliased(test, one, 1, "sets it"), to_two = aliased(test, two, 1, "sets it"),
                  using_it = aliased(test, "", 1, "uses it");
    co_await arrives_under(test, first, listener, to_one, one, "the message that sets the first client's alias");
    co_await arrives_under(test, second, listener, to_two, two, "the message that sets the second client's alias");
    co_await arrives_under(test, first, listener, using_it, one, "a message with the first client's alias");
    co_await arrives_under(test, second, listener, using_it, two, "a message with the second client's alias");
}

CASE(alias, ends_with_the_connection, "A Topic Alias has no meaning on the next connection of the session",
     {.v5 = {"MQTT-3.3.2-7", "X-3.3.2-alias-unknown"}, .needs = {Need::topic_alias}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    auto* speaker = co_await test.connect("speaker", Keep::yes);
    const Publish setting = aliased(test, topic, 1, "sets it");
    co_await arrives_under(test, speaker, w.listener, setting, topic, "the message that sets the alias");
    test.cut(speaker);

    auto* back = co_await test.connect("speaker", Keep::yes);
    const std::string octets = test.octets(aliased(test, "", 1, "uses it"));
    co_await test.must_close_on(back, octets, "a topic alias of an earlier connection", reasons(0x82, 0x94));
    co_await unheard(test, w, "a message with a topic alias of an earlier connection");
}

CASE(alias, unknown, "A Topic Alias that was never set ends the connection",
     {.v5 = {"X-3.3.2-alias-unknown", "MQTT-4.13.1-1"}, .needs = {Need::topic_alias}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string octets = test.octets(aliased(test, "", 1, "nowhere"));
    co_await closes_unheard(test, w, octets, "a topic alias that was never set", reasons(0x82, 0x94));
}

CASE(alias, no_topic_and_no_alias, "A PUBLISH with an empty topic name and no Topic Alias ends the connection",
     {.v5 = {"X-3.3.2-no-topic-no-alias", "MQTT-4.7.3-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const QoS qos : levels(test)) {
        const std::string octets = test.octets(test.message("", "nowhere", qos));
        const std::string what = "an empty topic name without an alias at " + in_words(qos);
        co_await closes_unheard(test, w, octets, what, reasons(0x81, 0x82, 0x90));
    }
}

CASE(alias, zero, "The Topic Alias 0 ends the connection", {.v5 = {"MQTT-3.3.2-8", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string octets = test.octets(aliased(test, topic, 0, "alias 0"));
    co_await closes_unheard(test, w, octets, "the topic alias 0", reasons(0x94, 0x82));
}

CASE(alias, above_the_maximum, "A Topic Alias above the server's maximum ends the connection",
     {.v5 = {"MQTT-3.3.2-9", "MQTT-3.2.2-17"}, .needs = {Need::topic_alias}}) {
    const std::uint16_t maximum = test.offers.topic_alias_maximum;
    if (maximum == 65535) test.unreachable("no topic alias is above the maximum of 65535");
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const int alias : {maximum + 1, 65535}) {
        const std::string octets = test.octets(aliased(test, topic, std::uint16_t(alias), "too high"));
        const std::string what = "the topic alias " + std::to_string(alias) + " above " + std::to_string(maximum);
        co_await closes_unheard(test, w, octets, what, reasons(0x94));
    }
}

CASE(alias, where_none_is_offered, "Any Topic Alias ends the connection where the server gave no maximum",
     {.v5 = {"MQTT-3.2.2-18", "MQTT-3.3.2-9"}, .needs = {Need::no_topic_alias}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string octets = test.octets(aliased(test, topic, 1, "alias 1"));
    co_await closes_unheard(test, w, octets, "a topic alias where none is offered", reasons(0x94));
}

namespace {

constexpr std::string_view tails[]{"a", "b", "c", "d"};

/// Many messages on several topics, in turns; each payload is the topic it was published to.
Task<std::vector<Publish>> many_topics(Test& test, Peer* listener) {
    auto* speaker = co_await test.connect("speaker");
    for (const Text tail : tails) co_await test.subscribe(listener, test.topic(tail), QoS::at_most_once);
    std::vector<Publish> heard;
    for (int turn = 0; turn < 4; ++turn) {
        for (const Text tail : tails) {
            const Text topic = test.topic(tail);
            Publish m = test.message(topic, topic);
            if (test.offers.topic_alias_maximum > 0 && tail == "b") m = aliased(test, turn ? ""sv : topic, 1, topic);
            speaker->send(m);
            const auto delivery = co_await test.receive(listener);
            heard.push_back(delivery);
        }
    }
    co_return heard;
}

/// No alias above the maximum, and each resolves to the topic of the message.
void judge_aliases(Test& test, const std::vector<Publish>& heard, std::uint16_t maximum) {
    std::map<unsigned, Text> known;
    for (const Publish& delivery : heard) {
        const unsigned alias = number_or(delivery.properties, property::topic_alias, 0);
        test.check(alias <= maximum, "the server uses the topic alias " + std::to_string(alias) +
                                         ", the client's maximum is " + std::to_string(maximum));
        if (alias && !delivery.topic.empty()) known[alias] = delivery.topic;
        const Text topic = delivery.topic.empty() ? known[alias] : delivery.topic;
        test.equal(topic, delivery.payload, "topic of a delivery with alias " + std::to_string(alias));
    }
    if (known.empty()) test.info("the server uses no topic aliases");
}

}  // namespace

CASE(alias, server_keeps_to_the_maximum, "The server's aliases stay within the client's Topic Alias Maximum",
     {.v5 = {"MQTT-3.1.2-26", "MQTT-3.3.2-11"}}) {
    for (const std::uint16_t maximum : {std::uint16_t(1), std::uint16_t(2)}) {
        const auto hello = hello_with_aliases(test, "listener", maximum);
        auto* listener = co_await test.connect_as("listener", hello);
        const auto heard = co_await many_topics(test, listener);
        judge_aliases(test, heard, maximum);
    }
}

CASE(alias, server_uses_none_unasked,
     "Without a Topic Alias Maximum from the client, or with 0, the server uses no alias", {.v5 = {"MQTT-3.1.2-27"}}) {
    auto* silent = co_await test.connect("silent");
    const auto to_the_silent = co_await many_topics(test, silent);
    judge_aliases(test, to_the_silent, 0);
    const auto hello = hello_with_aliases(test, "zero", 0);
    auto* zero = co_await test.connect_as("zero", hello);
    const auto to_zero = co_await many_topics(test, zero);
    judge_aliases(test, to_zero, 0);
}

}  // namespace conformance
