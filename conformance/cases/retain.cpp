// 3.3.1.3 PUBLISH RETAIN: what is kept, what takes its place, what removes it.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

/// A new client subscribes and gets that one retained message. It is waited for: a fence may overtake it.
Task<void> newcomer_gets(Test& test, Peer* speaker, Text topic, Text payload) {
    auto* newcomer = co_await test.connect("newcomer");
    co_await test.subscribe(newcomer, topic);
    const auto delivery = co_await test.receive(newcomer);
    test.equal(delivery.payload, payload, "payload of the retained message");
    co_await test.hears_nothing(newcomer, speaker, topic, "a second message comes besides the retained one");
    co_await test.leave(newcomer);
}
Task<void> newcomer_gets_nothing(Test& test, Peer* speaker, Text topic, std::string what) {
    auto* newcomer = co_await test.connect("newcomer");
    co_await test.subscribe(newcomer, topic);
    co_await test.hears_nothing(newcomer, speaker, topic, what);
    co_await test.leave(newcomer);
}

}  // namespace

CASE(retain, kept_with_its_qos,
     "A retained message reaches a later subscriber at its own QoS, or at the lower granted one",
     {.v3_1_1 = {"MQTT-3.3.1-5", "MQTT-3.3.1-6"}, .v5 = {"MQTT-3.3.1-5"}, .needs = {Need::retain, Need::qos1}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS published : levels(test, QoS::at_least_once)) {
        const Text topic = test.topic(test.text("qos" + std::to_string(unsigned(published))));
        co_await test.retain(speaker, topic, "kept", published);
        for (const QoS wished : levels(test)) {
            auto* newcomer = co_await test.connect("newcomer");
            const QoS granted = co_await test.subscribe(newcomer, topic, wished);
            const auto delivery = co_await test.receive(newcomer);
            test.equal(delivery.payload, "kept"sv, "payload of the retained message");
            test.equal(delivery.qos, std::min(published, granted),
                       "QoS of a message retained at " + in_words(published) + ", granted " + in_words(granted));
            co_await test.leave(newcomer);
        }
    }
}

CASE(retain, latest_takes_the_place, "A retained message takes the place of the one before",
     {.v3_1_1 = {"MQTT-3.3.1-5", "MQTT-3.3.1-6"}, .v5 = {"MQTT-3.3.1-5"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "A");
    co_await newcomer_gets(test, speaker, topic, "A");
    co_await test.retain(speaker, topic, "B");
    co_await newcomer_gets(test, speaker, topic, "B");
}

CASE(retain, qos_0_takes_the_place, "A message retained at QoS 0 displaces the one before, even if it is not kept",
     {.v3_1_1 = {"MQTT-3.3.1-7"}, .v5 = {"MQTT-3.3.1-5"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "A");
    co_await newcomer_gets(test, speaker, topic, "A");
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic);
    co_await test.retain(speaker, topic, "B", QoS::at_most_once);
    co_await test.up_to_fence(listener, speaker, topic);  // the broker has worked it off
    auto* newcomer = co_await test.connect("newcomer");
    co_await test.subscribe(newcomer, topic);
    const auto heard = co_await test.up_to_fence(newcomer, speaker, topic);
    if (heard.empty()) test.warn("the message retained at QoS 0 is not kept");
    for (const Publish& delivery : heard) test.equal(delivery.payload, "B"sv, "payload of the retained message");
}

CASE(retain, each_matching_topic, "A new subscription gets the latest retained message of each topic that matches",
     {.v3_1_1 = {"MQTT-3.3.1-6"}, .v5 = {"MQTT-3.3.1-9"}, .needs = {Need::retain, Need::qos1, Need::wildcard}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const Text tail : {"a"sv, "a/b"sv, "a/c"sv, "a/b/c"sv}) {
        co_await test.retain(speaker, test.topic(tail), "old");
        co_await test.retain(speaker, test.topic(tail), tail);
    }
    for (const Text filter : {"a/b"sv, "a/+"sv, "a/#"sv, "+/b/c"sv}) {
        auto* newcomer = co_await test.connect("newcomer");
        co_await test.subscribe(newcomer, test.topic(filter));
        std::multiset<std::string> due, got;
        for (const Text tail : {"a"sv, "a/b"sv, "a/c"sv, "a/b/c"sv})
            if (matches(filter, tail)) due.emplace(tail);
        while (got.size() < due.size()) {
            const auto delivery = co_await test.receive(newcomer);
            got.emplace(delivery.payload);
        }
        test.check(got == due, "the retained messages for .../" + std::string(filter) + " are not those due");
        const Text fence = test.topic(*due.begin());
        co_await test.hears_nothing(newcomer, speaker, fence, "more than the latest retained messages come");
        co_await test.leave(newcomer);
    }
}

CASE(retain, empty_message_removes, "An empty retained PUBLISH reaches subscribers and removes what is retained",
     {.v3_1_1 = {"MQTT-3.3.1-10"}, .v5 = {"MQTT-3.3.1-6"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "A");
    co_await newcomer_gets(test, speaker, topic, "A");
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic);
    co_await test.receive(listener);
    co_await test.publish(speaker, topic, "", QoS::at_least_once, true);
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.payload, ""sv, "payload of the message that removes");
    test.equal(delivery.retain, false, "RETAIN of a message sent to a subscription that was there");
    co_await newcomer_gets_nothing(test, speaker, topic, "a removed message is sent to a new subscriber");
}

CASE(retain, empty_message_is_not_kept, "An empty PUBLISH with RETAIN 1 is not kept as a retained message",
     {.v3_1_1 = {"MQTT-3.3.1-11"}, .v5 = {"MQTT-3.3.1-7"}, .needs = {Need::retain}}) {
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    for (const QoS qos : levels(test)) {
        const Text fresh = test.topic(test.text("fresh" + std::to_string(unsigned(qos))));
        co_await test.subscribe(listener, fresh);
        co_await test.publish(speaker, fresh, "", qos, true);
        co_await test.up_to_fence(listener, speaker, fresh);  // the broker has worked it off
        co_await newcomer_gets_nothing(test, speaker, fresh, "an empty message is kept where nothing was retained");
        const Text used = test.topic(test.text("used" + std::to_string(unsigned(qos))));
        co_await test.subscribe(listener, used);
        co_await test.retain(speaker, used, "A", qos);
        co_await test.publish(speaker, used, "", qos, true);
        co_await test.up_to_fence(listener, speaker, used);
        co_await newcomer_gets_nothing(test, speaker, used, "an empty message takes the place of another");
    }
}

CASE(retain, flag_0_changes_nothing, "A PUBLISH with RETAIN 0 is not retained and leaves alone what is",
     {.v3_1_1 = {"MQTT-3.3.1-12"}, .v5 = {"MQTT-3.3.1-8"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic("used"), fresh = test.topic("fresh");
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "A");
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, fresh);
    for (const QoS qos : levels(test)) {
        for (const Text payload : {"B"sv, ""sv}) {
            co_await test.publish(speaker, topic, payload, qos);
            co_await test.publish(speaker, fresh, payload, qos);
            co_await test.up_to_fence(listener, speaker, fresh);  // the broker has worked them off
            co_await newcomer_gets(test, speaker, topic, "A");
            co_await newcomer_gets_nothing(test, speaker, fresh, "a message with RETAIN 0 is retained");
        }
    }
}

CASE(retain, not_available, "Where Retain Available is 0 a PUBLISH with RETAIN 1 ends the connection",
     {.v5 = {"MQTT-3.2.2-14", "MQTT-4.13.1-1"}, .needs = {Need::no_retain}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string retained = test.octets(test.message(topic, "retained", QoS::at_most_once, true));
    co_await closes_unheard(test, w, retained, "a PUBLISH with RETAIN 1", reasons(0x9A));
}

CASE(retain, will_not_available, "Where Retain Available is 0 a CONNECT with a retained will is refused",
     {.v5 = {"MQTT-3.2.2-13"}, .needs = {Need::no_retain}}) {
    auto hello = test.hello("client");
    Will will;
    will.retain = true;
    will.topic = test.topic("will");
    will.payload = "retained";
    hello.will = will;
    const std::string octets = test.octets(hello);
    co_await test.must_refuse(octets, "a CONNECT with a retained will");
}

}  // namespace conformance
