// 3.1.2.7 Will Retain; and will topics that no message may have.
#include "conformance/cases/wills.hpp"

namespace conformance {
namespace {

/// The highest QoS that may be used, up to 1: retained messages of QoS 0 may be dropped at any time.
QoS one_if_possible(const Test& test) { return QoS(std::min<unsigned>(1, test.offers.maximum_qos)); }

Task<Peer*> later_subscriber(Test& test, Text topic) {
    auto* later = co_await test.connect("later");
    co_await test.subscribe(later, topic, QoS::at_least_once);
    co_return later;
}

}  // namespace

CASE(will, retained_will_is_kept, "A will with will retain 1 is published as a retained message",
     {.v3_1_1 = {"MQTT-3.1.2-17", "MQTT-3.1.2-9"}, .v5 = {"MQTT-3.1.2-15"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic("will");
    test.forget_later(topic);
    const Audience a = co_await audience(test, topic);
    Connect c = with_will(test, "client", topic, "gone");
    c.will->retain = true;
    c.will->qos = QoS::at_least_once;
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    const auto live = co_await hears_will(test, a.watcher, topic, "gone", "a cut");
    test.equal(live.retain, false, "RETAIN of the will to a subscription that was there before");
    auto* later = co_await later_subscriber(test, topic);
    const auto kept = co_await hears_will(test, later, topic, "gone", "a subscription made later");
    test.equal(kept.retain, true, "RETAIN of the will to a later subscription");
}

CASE(will, ordinary_will_is_not_kept, "A will with will retain 0 is not retained",
     {.v3_1_1 = {"MQTT-3.1.2-16"}, .v5 = {"MQTT-3.1.2-14"}}) {
    const Text topic = test.topic("will");
    test.forget_later(topic);
    const Audience a = co_await audience(test, topic);
    Connect c = with_will(test, "client", topic, "gone");
    c.will->qos = one_if_possible(test);
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "gone", "a cut");
    auto* later = co_await later_subscriber(test, topic);
    co_await test.hears_nothing(later, a.speaker, topic, "a will with will retain 0 is retained");
}

CASE(will, ordinary_will_leaves_the_retained, "A will with will retain 0 leaves what is retained on its topic",
     {.v3_1_1 = {"MQTT-3.1.2-16"}, .v5 = {"MQTT-3.1.2-14"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    co_await test.retain(a.speaker, topic, "older");
    co_await test.receive(a.watcher);
    for (Text payload : {"gone"sv, ""sv}) {
        const Connect c = with_will(test, "client", topic, payload);
        auto* client = co_await test.connect_as("client", c);
        test.cut(client);
        co_await hears_will(test, a.watcher, topic, payload, "a cut");
    }
    auto* later = co_await later_subscriber(test, topic);
    const auto kept = co_await test.receive(later);
    test.equal(Text(kept.payload), Text("older"), "payload of the retained message");
}

CASE(will, topic_has_no_wildcard, "A will topic with a wildcard is refused, or at least never published to",
     {.v3_1_1 = {"MQTT-4.7.1-1"}, .v5 = {"MQTT-4.7.0-1"}, .needs = {Need::wildcard}}) {
    const Text control = test.topic("w/control");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, test.topic("w/#"), QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, control);
    for (Text tail : {"w/+/a"sv, "w/#"sv}) {
        const Connect c = with_will(test, "client", test.topic(tail), "gone");
        auto* client = co_await test.open("client");
        client->send(c);
        const auto answer = co_await client->next();
        const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
        if (!connack || connack->code != 0) continue;
        test.warn("a CONNECT with the will topic " + quoted(tail) + " is accepted");
        test.cut(client);
    }
    co_await cuts_are_seen(test, watcher);
    co_await test.hears_nothing(watcher, speaker, control, "a will is published to a topic with a wildcard");
}

CASE(will, topic_is_not_empty, "A will with an empty topic is refused",
     {.v3_1_1 = {"MQTT-4.7.3-1"}, .v5 = {"MQTT-4.7.3-1"}}) {
    const Connect c = with_will(test, "client", "", "gone");
    auto* client = co_await test.open("client");
    client->send(c);
    const auto answer = co_await client->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    if (!connack || connack->code != 0) co_return;
    test.warn("a CONNECT with an empty will topic is accepted");  // no sentence names the will topic
    co_await test.leave(client);
}

}  // namespace conformance
