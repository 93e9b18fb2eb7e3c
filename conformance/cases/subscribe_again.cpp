// 3.8.4 SUBSCRIBE Actions: a subscription that takes the place of another. 3.8.3.1: subscription options of 5.0.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// One SUBSCRIBE with a Subscription Identifier (5.0; 0: none).
Task<std::vector<std::uint8_t>> subscribe_as(Test& test, Peer* client, Text filter, QoS qos, std::uint32_t identifier) {
    Subscribe::Entry entry;
    entry.filter = filter;
    entry.qos = qos;
    Subscribe request;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    if (identifier != 0) request.properties = test.with({}, {property::subscription_identifier, identifier});
    co_return co_await test.subscribe_raw(client, request);
}

Subscribe::Entry no_local(Text filter) {
    Subscribe::Entry entry;
    entry.filter = filter;
    entry.no_local = true;
    return entry;
}

/// "message 7": a number that is easy to miss.
Text numbered(Test& test, int n) { return test.text("message " + std::to_string(n)); }

std::string with_identifier_0(Test& test) {
    return subscribe_octets(test, test.topic("bad"), test.with({}, {property::subscription_identifier, 0}));
}

}  // namespace

CASE(subscribe, again_replaces, "A second SUBSCRIBE to the same filter takes the place of the first",
     {.v3_1_1 = {"MQTT-3.8.4-3"}, .v5 = {"MQTT-3.8.4-3"}}) {
    const Text topic = test.topic();
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const QoS highest = up_to(test, QoS::exactly_once);
    for (const QoS wished : {QoS::exactly_once, QoS::at_most_once, QoS::at_least_once}) {
        const QoS granted = co_await test.subscribe(listener, topic, wished);
        co_await test.publish(speaker, topic, "payload", highest);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.qos, std::min(highest, granted), "QoS of the delivery, granted " + in_words(granted));
        const auto more = co_await test.up_to_fence(listener, speaker, topic);
        const bool twice_is_right = granted == QoS::at_most_once && highest != granted;  // 3.8.4
        test.check(twice_is_right || more.empty(), "the older subscription delivers beside the newer one");
    }
    co_await test.unsubscribe(listener, topic);
    const Text fence = test.topic("fence");
    co_await test.subscribe(listener, fence, QoS::at_most_once);
    co_await test.publish(speaker, topic, "unwanted");
    co_await test.hears_nothing(listener, speaker, fence, "the older subscription outlives UNSUBSCRIBE");
}

CASE(subscribe, again_replaces_the_identifier, "A second SUBSCRIBE to a filter brings its own Subscription Identifier",
     {.v5 = {"MQTT-3.8.4-3"}, .needs = {Need::subscription_identifiers}}) {
    const Text topic = test.topic();
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    for (const std::uint32_t identifier : {11u, 22u, 0u}) {
        co_await subscribe_as(test, listener, topic, QoS::at_most_once, identifier);
        co_await test.publish(speaker, topic, "payload");
        const auto delivery = co_await test.receive(listener);
        const auto came = number_or(delivery.properties, property::subscription_identifier, 0);
        test.equal(came, identifier, "Subscription Identifier (0: none) of the newer subscription");
        co_await test.hears_nothing(listener, speaker, topic, "the older subscription delivers beside the newer one");
    }
}

CASE(subscribe, again_sends_retained, "A second SUBSCRIBE to the same filter sends the retained message once more",
     {.v3_1_1 = {"MQTT-3.8.4-3"}, .v5 = {"MQTT-3.8.4-4"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, topic, "retained");
    for (const QoS wished : {QoS::at_least_once, QoS::at_least_once, QoS::exactly_once}) {
        co_await test.subscribe(listener, topic, wished);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.payload, "retained"sv, "payload of the retained message");
        co_await test.hears_nothing(listener, speaker, topic, "the retained message comes twice for one SUBSCRIBE");
    }
}

CASE(subscribe, again_loses_nothing, "No message is lost while a subscription takes the place of another",
     {.v3_1_1 = {"MQTT-3.8.4-3"}, .v5 = {"MQTT-3.8.4-4"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(listener, topic, QoS::at_least_once);
    std::set<std::string> due;
    for (int n = 0; n < 30; ++n) {
        const Text payload = numbered(test, n);
        due.emplace(payload);
        const Publish m = test.message(topic, payload, QoS::at_least_once);
        speaker->send(m);
        if (n % 3 == 1) co_await test.subscribe(listener, topic, n % 2 ? QoS::exactly_once : QoS::at_least_once);
        const auto puback = co_await speaker->expect<Puback>();
        test.equal(puback.packet_id, m.packet_id, "PUBACK packet identifier");
    }
    while (!due.empty()) {
        const auto delivery = co_await test.receive(listener);
        due.erase(std::string(delivery.payload));
    }
}

CASE(subscribe, no_local, "With No Local a client does not get what it publishes itself",
     {.v5 = {"MQTT-3.8.3-3"}}) {
    const Text topic = test.topic();
    auto *client = co_await test.connect("client"), *other = co_await test.connect("other");
    const auto options = no_local(topic);
    co_await test.subscribe_with(client, options);
    for (const QoS qos : levels(test)) {
        co_await test.publish(client, topic, "my own", qos);
        co_await client->stays_open_through_ping();  // what came back is there now
        const std::string what = "a message of the client's own comes back at " + in_words(qos);
        co_await test.hears_nothing(client, other, topic, what);
    }
}

CASE(subscribe, no_local_after_return, "No Local goes by the client identifier, over a new connection too",
     {.v5 = {"MQTT-3.8.3-3"}, .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* client = co_await test.connect("client", Keep::yes);
    auto* other = co_await test.connect("other");
    const auto options = no_local(topic);
    co_await test.subscribe_with(client, options);
    test.cut(client);
    auto* back = co_await test.resume("client");
    co_await test.publish(back, topic, "my own");
    co_await back->stays_open_through_ping();
    co_await test.hears_nothing(back, other, topic, "a message of the client's own comes back");
}

CASE(subscribe, local_by_default, "Without No Local a client gets what it publishes itself",
     {.v3_1_1 = {"MQTT-4.5.0-1"}, .v5 = {"MQTT-4.5.0-1"}}) {
    const Text topic = test.topic();
    auto* client = co_await test.connect("client");
    co_await test.subscribe(client, topic, QoS::at_most_once);
    co_await test.publish(client, topic, "my own");
    const auto delivery = co_await test.receive(client);
    test.equal(delivery.payload, "my own"sv, "payload");
}

CASE(subscribe, no_local_on_a_share, "No Local on a shared subscription ends the connection",
     {.v5 = {"MQTT-3.8.3-4"}, .needs = {Need::shared}}) {
    const auto options = no_local(test.text("$share/group/" + std::string(test.topic())));
    Subscribe request;
    request.packet_id = test.next_id();
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&options, 1));
    co_await closes(test, test.octets(request), "No Local on a shared subscription", reasons(0x82, 0x81));
}

CASE(subscribe, retain_handling_3, "A SUBSCRIBE with Retain Handling 3 ends the connection",
     {.v5 = {"X-3.8.3-retain-handling-three"}}) {
    Subscribe::Entry entry;
    entry.filter = test.topic();
    entry.retain_handling = 3;
    Subscribe request;
    request.packet_id = test.next_id();
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    co_await closes(test, test.octets(request), "a SUBSCRIBE with Retain Handling 3", reasons(0x82, 0x81));
}

CASE(subscribe, identifier_0, "A SUBSCRIBE with the Subscription Identifier 0 ends the connection",
     {.v5 = {"X-3.8.2-subscription-identifier-zero"}, .needs = {Need::subscription_identifiers}}) {
    const std::string octets = with_identifier_0(test);
    co_await closes(test, octets, "a SUBSCRIBE with the Subscription Identifier 0", reasons(0x82, 0x81));
}

}  // namespace conformance
