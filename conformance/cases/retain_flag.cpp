// 3.3.1.3 PUBLISH RETAIN: the flag on deliveries, and the subscription options Retain Handling and Retain As Published.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

Subscribe::Entry entry(Text filter, std::uint8_t retain_handling, bool retain_as_published = false) {
    Subscribe::Entry e;
    e.filter = filter;
    e.qos = QoS::at_most_once;
    e.retain_handling = retain_handling;
    e.retain_as_published = retain_as_published;
    return e;
}

/// Retains "kept" on the topic, and sees that a plain subscription gets it.
Task<void> retain_for_all_to_see(Test& test, Peer* speaker, Text topic) {
    co_await test.retain(speaker, topic, "kept");
    auto* control = co_await test.connect("control");
    co_await test.subscribe(control, topic);
    const auto delivery = co_await test.receive(control);
    test.equal(delivery.payload, "kept"sv, "payload of the retained message");
    co_await test.leave(control);
}

/// Subscribes, and the retained message has to come. It is waited for: a fence may overtake it.
Task<void> sent_at_subscribe(Test& test, Peer* listener, Peer* speaker, Subscribe::Entry e, std::string what) {
    co_await test.subscribe_with(listener, e);
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.payload, "kept"sv, "payload of the retained message for " + what);
    co_await test.hears_nothing(listener, speaker, e.filter, "more than one message comes for " + what);
}
Task<void> none_at_subscribe(Test& test, Peer* listener, Peer* speaker, Subscribe::Entry e, std::string what) {
    co_await test.subscribe_with(listener, e);
    co_await test.hears_nothing(listener, speaker, e.filter, "a retained message is sent for " + what);
}

}  // namespace

CASE(retain, flag_is_1_at_subscribe, "A retained message sent because of a new subscription has RETAIN 1",
     {.v3_1_1 = {"MQTT-3.3.1-8"}, .v5 = {"MQTT-3.3.1-9"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "kept");
    for (const bool as_published : {false, true}) {
        auto* newcomer = co_await test.connect("newcomer");
        const auto options = entry(topic, 0, as_published && test.v5());
        co_await test.subscribe_with(newcomer, options);
        const auto delivery = co_await test.receive(newcomer);
        test.equal(delivery.payload, "kept"sv, "payload of the retained message");
        if (!test.v5())
            test.equal(delivery.retain, true, "RETAIN of a message sent at subscribe");
        else if (!delivery.retain)
            test.warn("a retained message sent at subscribe has RETAIN 0 (3.8.3.1)");
        co_await test.leave(newcomer);
    }
}

CASE(retain, flag_is_0_for_the_rest, "A message sent to a subscription that was there has RETAIN 0",
     {.v3_1_1 = {"MQTT-3.3.1-9"}, .v5 = {"MQTT-3.3.1-12"}, .needs = {Need::retain}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic);
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test)) {
        co_await test.retain(speaker, topic, "retained", qos);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.payload, "retained"sv, "payload");
        test.equal(delivery.retain, false, "RETAIN of a message published at " + in_words(qos));
    }
}

CASE(retain, flag_is_0_when_queued,
     "A message queued for an absent client has RETAIN 0, though published with RETAIN 1",
     {.v3_1_1 = {"MQTT-3.3.1-9"}, .v5 = {"MQTT-3.3.1-12"}, .needs = {Need::retain, Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(listener, topic, QoS::at_least_once);
    co_await test.leave(listener);
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "queued");
    auto* back = co_await test.resume("listener");
    const auto delivery = co_await test.receive(back);
    test.equal(delivery.payload, "queued"sv, "payload");
    test.equal(delivery.retain, false, "RETAIN of the queued message");
}

CASE(retain, as_published, "With Retain As Published 1 a message keeps the RETAIN flag it was published with",
     {.v5 = {"MQTT-3.3.1-13"}, .needs = {Need::retain}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener");
    const auto options = entry(topic, 2, true);
    co_await test.subscribe_with(listener, options);
    auto* speaker = co_await test.connect("speaker");
    for (const bool flag : {false, true, false}) {
        co_await test.publish(speaker, topic, "payload", QoS::at_most_once, flag);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.retain, flag, "RETAIN with Retain As Published 1");
    }
}

CASE(retain, not_as_published, "With Retain As Published 0 a message is forwarded with RETAIN 0",
     {.v5 = {"MQTT-3.3.1-12"}, .needs = {Need::retain}}) {
    const Text topic = test.topic();
    auto *with = co_await test.connect("with"), *without = co_await test.connect("without");
    const auto kept = entry(topic, 2, true), cleared = entry(topic, 2, false);
    co_await test.subscribe_with(with, kept);
    co_await test.subscribe_with(without, cleared);
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "payload", up_to(test, QoS::at_least_once));
    const auto left = co_await test.receive(without);
    test.equal(left.retain, false, "RETAIN with Retain As Published 0");
    const auto right = co_await test.receive(with);  // each subscriber by its own option
    test.equal(right.retain, true, "RETAIN with Retain As Published 1");
}

CASE(retain, handling_0_sends_each_time, "With Retain Handling 0 each SUBSCRIBE gets the retained message",
     {.v5 = {"MQTT-3.3.1-9"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await retain_for_all_to_see(test, speaker, topic);
    const auto each_time = entry(topic, 0);
    co_await sent_at_subscribe(test, listener, speaker, each_time, "a new subscription with option 0");
    co_await sent_at_subscribe(test, listener, speaker, each_time, "the same subscription with option 0");
}

CASE(retain, handling_1_sends_to_the_new, "With Retain Handling 1 only a subscription that is new gets the message",
     {.v5 = {"MQTT-3.3.1-10"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await retain_for_all_to_see(test, speaker, topic);
    const auto if_new = entry(topic, 1);
    co_await sent_at_subscribe(test, listener, speaker, if_new, "a new subscription with option 1");
    co_await none_at_subscribe(test, listener, speaker, if_new, "the same subscription with option 1");
    co_await test.unsubscribe(listener, topic);
    co_await sent_at_subscribe(test, listener, speaker, if_new, "a subscription with option 1 after UNSUBSCRIBE");
}

CASE(retain, handling_2_sends_none, "With Retain Handling 2 no retained message is sent at subscribe",
     {.v5 = {"MQTT-3.3.1-11"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await retain_for_all_to_see(test, speaker, topic);
    const auto never = entry(topic, 2), each_time = entry(topic, 0);
    co_await none_at_subscribe(test, listener, speaker, never, "a subscription with option 2");
    co_await sent_at_subscribe(test, listener, speaker, each_time, "a subscription with option 0 after it");
}

}  // namespace conformance
