// 3.3.2.1 PUBLISH Topic Name.
#include "conformance/cases/publishing.hpp"

namespace conformance {

CASE(publish, topic_name_is_whole, "A PUBLISH whose topic name does not end within the packet ends the connection",
     {.v3_1_1 = {"MQTT-3.3.2-1"}, .v5 = {"MQTT-3.3.2-1", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    std::string overrun = test.octets(test.message(topic, "payload"));
    overrun[2] = 1;  // the high octet of the length: 256 octets more than there are
    co_await closes_unheard(test, w, overrun, "a PUBLISH whose topic name runs over its end", reasons(0x81));
    const std::string half_a_length("\x30\x01\x00", 3), nothing("\x30\x00", 2);
    co_await closes_unheard(test, w, half_a_length, "a PUBLISH with half a topic length", reasons(0x81));
    co_await closes_unheard(test, w, nothing, "a PUBLISH of Remaining Length 0", reasons(0x81));
}

CASE(publish, topic_name_is_utf8, "A PUBLISH whose topic name is ill-formed UTF-8 ends the connection, unheard",
     {.v3_1_1 = {"MQTT-3.3.2-1", "MQTT-1.5.3-1"}, .v5 = {"MQTT-3.3.2-1", "MQTT-1.5.4-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, all_topics(test, topic), topic);
    for (const Text ill : {"\xC3\x28"sv, "\xED\xA0\x80"sv, "\xC0\xAF"sv, "\xF4\x90\x80\x80"sv, "\xFF"sv}) {
        const Text name = test.topic(ill);
        const std::string octets = test.octets(test.message(name, "ill-formed"));
        const std::string what = "a PUBLISH to a topic name with the octets " + hex(mqtt::octets(ill));
        co_await closes_unheard(test, w, octets, what, reasons(0x81, 0x90));
    }
}

CASE(publish, topic_name_without_wildcards, "A PUBLISH to a name with a wildcard ends the connection, unheard",
     {.v3_1_1 = {"MQTT-3.3.2-2"}, .v5 = {"MQTT-3.3.2-2", "MQTT-4.7.0-1"}, .needs = {Need::wildcard}}) {
    const Text topic = test.topic("a/b");
    const auto w = co_await watch(test, test.topic("#"), topic);
    for (const QoS qos : levels(test)) {
        for (const Text tail : {"a/+"sv, "a/#"sv, "+/b"sv}) {
            const Publish bad = test.message(test.topic(tail), "wildcard", qos);
            const std::string what = "a PUBLISH to .../" + std::string(tail) + " at " + in_words(qos);
            co_await closes_or_refuses(test, w, bad, what, reasons(0x81, 0x82, 0x90));
        }
    }
}

namespace {

/// A listener with one filter, whose deliveries have to fit it.
struct Subscriber {
    Peer* peer = nullptr;
    Text filter{};
};

void judge(Test& test, const Subscriber& l, Text end, const std::vector<Publish>& heard, std::size_t& fitting) {
    for (const Publish& delivery : heard) {
        const bool own = delivery.topic.starts_with(test.topic(""));  // others: the server's own doing (4.5)
        if (!own) continue;
        test.check(matches(l.filter, delivery.topic) || delivery.topic == end,
                   "a subscriber of " + quoted(l.filter) + " gets a message on " + quoted(delivery.topic));
        ++fitting;
    }
}

}  // namespace

CASE(publish, delivered_topic_matches, "A message is delivered under a topic name that matches the subscription",
     {.v3_1_1 = {"MQTT-3.3.2-3"}, .v5 = {"MQTT-3.3.2-3"}}) {
    const Text end = test.topic("end");
    std::vector<Text> tails{"a/b"sv, "a"sv, "A/B"sv, "a/b/"sv, "\xC3\xA9/b"sv};
    if (test.offers.wildcard) tails.insert(tails.end(), {"a/+"sv, "a/#"sv, "+/b"sv, "+/+/c"sv});
    std::vector<Subscriber> listeners;
    for (const Text tail : tails) {
        const Text who = test.text("listener" + std::to_string(listeners.size()));
        Subscriber l;
        l.filter = test.topic(tail);
        l.peer = co_await test.connect(who);
        co_await test.subscribe(l.peer, l.filter, QoS::at_most_once);
        co_await test.subscribe(l.peer, end, QoS::at_most_once);
        listeners.push_back(l);
    }
    auto* speaker = co_await test.connect("speaker");
    for (const Text name :
         {"a"sv, "a/b"sv, "A/B"sv, "a/b/"sv, "a/b/c"sv, "b"sv, "a/ b"sv, "\xC3\xA9/b"sv, "e\xCC\x81/b"sv})
        co_await test.publish(speaker, test.topic(name), name, up_to(test, QoS::at_least_once));
    std::size_t fitting = 0;
    for (const Subscriber& l : listeners) {
        const auto heard = co_await test.up_to_fence(l.peer, speaker, end);
        judge(test, l, end, heard, fitting);
    }
    test.check(fitting > 0, "no subscriber gets any of the messages");
}

CASE(publish, delivered_payload_and_topic, "Topic name and payload are delivered octet by octet as they were published",
     {.v3_1_1 = {"MQTT-3.3.2-1", "MQTT-3.3.2-3"}, .v5 = {"MQTT-3.3.2-1", "MQTT-3.3.2-3"}}) {
    const Text topic = test.topic("caf\xC3\xA9/ \xF0\x9F\x93\xA1/Z");
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic);
    auto* speaker = co_await test.connect("speaker");
    std::string every_octet;
    for (int n = 0; n < 256; ++n) every_octet += char(n);
    for (const QoS qos : levels(test)) {
        for (const Text payload : {Text(every_octet), ""sv}) {
            co_await test.publish(speaker, topic, payload, qos);
            const auto delivery = co_await test.receive(listener);
            test.equal(delivery.topic, topic, "topic name of the delivery");
            test.equal(delivery.payload, payload, "payload of the delivery");
        }
    }
}

}  // namespace conformance
