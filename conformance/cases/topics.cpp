// 4.7 Topic Names and Topic Filters.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// A listener with one filter, and a fence of its own.
struct Listener {
    Peer* peer = nullptr;
    Text fence{};
};
Task<Listener> listen(Test& test, Text filter) {
    Listener l;
    l.peer = co_await test.connect("listener");
    l.fence = test.topic("the fence");
    co_await test.subscribe(l.peer, filter, QoS::at_most_once);
    co_await test.subscribe(l.peer, l.fence, QoS::at_most_once);
    co_return l;
}

/// Publishes to each name and checks that those come which match, and no other.
Task<void> gets_what_matches(Test& test, Peer* speaker, Text filter, std::vector<Text> names) {
    const Text whole = test.topic(filter);
    const Listener l = co_await listen(test, whole);
    std::multiset<std::string> due, got;
    for (const Text name : names) {
        const Text topic = test.topic(name);
        if (matches(whole, topic)) due.emplace(topic);
        co_await test.publish(speaker, topic, name);
    }
    const auto heard = co_await test.up_to_fence(l.peer, speaker, l.fence);
    for (const Publish& delivery : heard) got.emplace(delivery.topic);
    for (const std::string& t : due) test.check(got.contains(t), quoted(whole) + " does not get " + quoted(t));
    for (const std::string& t : got) test.check(due.contains(t), quoted(whole) + " gets " + quoted(t));
    co_await test.leave(l.peer);
}

}  // namespace

CASE(topics, hash_fills_the_last_level, "A filter with # beside other characters or before the end is not granted",
     {.v3_1_1 = {"MQTT-4.7.1-2"}, .v5 = {"MQTT-4.7.1-1"}, .needs = {Need::wildcard}}) {
    for (const Text tail : {"a#"sv, "a/#/b"sv, "#/"sv, "##"sv, "a/##"sv, "#a"sv, "a/b#"sv})
        co_await is_not_granted(test, test.topic(tail));
}

CASE(topics, plus_fills_a_level, "A filter with + beside other characters of its level is not granted",
     {.v3_1_1 = {"MQTT-4.7.1-3"}, .v5 = {"MQTT-4.7.1-2"}, .needs = {Need::wildcard}}) {
    for (const Text tail : {"a+"sv, "+a/b"sv, "a/b+"sv, "a/+b/c"sv, "++"sv, "a/++"sv})
        co_await is_not_granted(test, test.topic(tail));
}

CASE(topics, hash_matches, "A # at the end matches the level before it and all levels below",
     {.v3_1_1 = {"MQTT-4.7.1-2", "MQTT-4.5.0-1"}, .v5 = {"MQTT-4.7.1-1", "MQTT-4.5.0-1"}, .needs = {Need::wildcard}}) {
    auto* speaker = co_await test.connect("speaker");
    const std::vector<Text> names{"a", "a/", "a/b", "a/b/c", "ab", "b/a", "A", "/a"};
    for (const Text filter : {"a/#"sv, "a/b/#"sv, "+/#"sv}) co_await gets_what_matches(test, speaker, filter, names);
}

CASE(topics, plus_matches, "A + matches one level, first, last and empty ones too",
     {.v3_1_1 = {"MQTT-4.7.1-3", "MQTT-3.3.2-3"}, .v5 = {"MQTT-4.7.1-2", "MQTT-3.3.2-3"}, .needs = {Need::wildcard}}) {
    auto* speaker = co_await test.connect("speaker");
    const std::vector<Text> names{"a", "a/", "a/b", "a/b/c", "/b", "b/b", "a//c", "a/b/c/d", "/"};
    for (const Text filter : {"+"sv, "a/+"sv, "+/b"sv, "a/+/c"sv, "+/+"sv, "+/+/#"sv})
        co_await gets_what_matches(test, speaker, filter, names);
    const Text topic = test.topic("a");
    auto* listener = co_await test.connect("first level");
    co_await test.subscribe(listener, test.text("+" + std::string(topic.substr(topic.find('/')))), QoS::at_most_once);
    co_await test.publish(speaker, topic, "payload");
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.topic, topic, "topic of the delivery for a + in the first level");
}

CASE(topics, compared_as_they_are, "Topics are compared as they are, without folding or normalising",
     {.v3_1_1 = {"MQTT-4.7.3-4"}, .v5 = {"MQTT-4.7.3-4"}}) {
    auto* speaker = co_await test.connect("speaker");
    const std::vector<Text> names{"a/b", "A/b", "a/B",  "/a/b", "a/b/",           "a//b",            "a/ b",
                                  "a/b ", "%61/b", "a/./b", "\xC3\xA9", "e\xCC\x81", "\xCD\xB8"};
    for (const Text filter : names) co_await gets_what_matches(test, speaker, filter, names);
}

CASE(topics, no_wildcard_in_names, "A PUBLISH to a name with a wildcard ends the connection, unheard",
     {.v3_1_1 = {"MQTT-4.7.1-1", "MQTT-3.3.2-2"}, .v5 = {"MQTT-4.7.0-1", "MQTT-3.3.2-2"}}) {
    const Text topic = test.topic("a/b");
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    for (const Text tail : {"a/+"sv, "a/#"sv, "a+"sv, "#"sv}) {
        const Publish bad = test.message(test.topic(tail), "wildcard");
        const std::string what = "a PUBLISH to .../" + std::string(tail);
        co_await closes_or_refuses(test, w, bad, what, reasons(0x81, 0x82, 0x90));
    }
}

CASE(topics, no_wildcard_in_will_topics, "A will for a topic with a wildcard is refused, or never published",
     {.v3_1_1 = {"MQTT-4.7.1-1"}, .v5 = {"MQTT-4.7.0-1"}}) {
    const Text topic = test.topic("a/b");
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    for (const Text tail : {"a/+"sv, "a/#"sv}) {
        Connect c = test.hello("testator");
        Will will;
        will.topic = test.topic(tail);
        will.payload = "will";
        c.will = will;
        auto* testator = co_await test.open("testator");
        testator->send(c);
        const auto answer = co_await testator->next();
        const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
        test.check(!answer || connack, "CONNECT is answered by another packet than CONNACK");
        const bool accepted = connack && connack->code == 0;
        if (accepted) test.warn("a will for .../" + std::string(tail) + " is accepted");
        if (accepted) test.cut(testator);
        else if (answer) co_await testator->ending();
        co_await w.speaker->fence();
        co_await unheard(test, w, "a will for a topic with a wildcard");
    }
}

CASE(topics, not_empty_in_publish, "A topic name of one character is served, one of none ends the connection",
     {.v3_1_1 = {"MQTT-4.7.3-1"}, .v5 = {"MQTT-4.7.3-1", "X-3.3.2-no-topic-no-alias"}}) {
    const Text payload = test.topic("only mine");  // others may be at it too
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(listener, "/", QoS::at_most_once);
    co_await test.publish(speaker, "/", payload);
    for (bool mine = false; !mine;) {
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.topic, "/"sv, "topic of the delivery");
        mine = delivery.payload == payload;
    }
    for (const QoS qos : levels(test)) {
        const std::string octets = test.octets(test.message("", "payload", qos));
        const std::string what = "a PUBLISH with an empty topic name at " + in_words(qos);
        co_await closes(test, octets, what, reasons(0x82, 0x81, 0x90));
    }
}

CASE(topics, not_empty_in_subscribe, "An empty filter is not granted",
     {.v3_1_1 = {"MQTT-4.7.3-1"}, .v5 = {"MQTT-4.7.3-1"}}) {
    co_await is_not_granted(test, "");
}

CASE(topics, not_empty_in_unsubscribe, "An UNSUBSCRIBE with an empty filter ends the connection",
     {.v3_1_1 = {"MQTT-4.7.3-1"}, .v5 = {"MQTT-4.7.3-1"}}) {
    auto* client = co_await test.connect("offender");
    client->send_bytes(unsubscribe_octets(test, ""));
    const auto answer = co_await client->next();
    const bool answered = answer && type_of(*answer) == Type::unsuback;
    if (answered) test.warn("an UNSUBSCRIBE with an empty filter is answered, where a close is due");
    else co_await test.must_close(client, "an UNSUBSCRIBE with an empty filter", reasons(0x81, 0x82, 0x8F));
}

}  // namespace conformance
