// 4.5 Message receipt: an accepted message goes into the session of every client with a matching subscription.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {

CASE(delivery, every_subscriber_gets_it, "A message reaches every client with a matching subscription",
     {.v3_1_1 = {"MQTT-4.5.0-1"}, .v5 = {"MQTT-4.5.0-1"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic("a/b");
    std::vector<Text> filters{topic, topic};
    if (test.offers.wildcard) filters.insert(filters.end(), {test.topic("#"), test.topic("a/+"), test.topic("a/b/#")});
    std::vector<Peer*> listeners;
    for (const Text filter : filters) {
        auto* listener = co_await test.connect(test.text("listener" + std::to_string(listeners.size())));
        co_await test.subscribe(listener, filter);
        listeners.push_back(listener);
    }
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text payload = test.text("for all, at " + in_words(qos));
        co_await test.publish(speaker, topic, payload, qos);
        for (Peer* listener : listeners) {
            const auto delivery = co_await test.receive(listener);
            test.equal(delivery.payload, payload, "payload that " + listener->name() + " gets");
            test.equal(delivery.topic, topic, "topic that " + listener->name() + " gets");
        }
    }
}

CASE(delivery, absent_clients_get_it_later, "A message is kept for an absent client, whichever way it went",
     {.v3_1_1 = {"MQTT-4.5.0-1", "MQTT-3.1.2-5", "MQTT-3.1.2-4", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.5.0-1", "MQTT-3.1.2-23", "MQTT-3.1.2-5"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    auto* polite = co_await test.connect("polite", Keep::yes);
    co_await test.subscribe(polite, topic);
    auto* rude = co_await test.connect("rude", Keep::yes);
    co_await test.subscribe(rude, topic);
    co_await leave_settled(test, polite);
    co_await worked_off(test, rude);
    test.cut(rude);
    const auto qos_levels = levels(test, QoS::at_least_once);
    for (const QoS qos : qos_levels) co_await test.publish(speaker, topic, test.text(in_words(qos)), qos);
    for (const Text who : {"polite"sv, "rude"sv}) {
        auto* back = co_await test.resume(who);
        std::vector<Publish> heard;
        for (std::size_t n = 0; n < qos_levels.size(); ++n) {
            const auto delivery = co_await test.receive(back);
            heard.push_back(delivery);
        }
        for (const QoS qos : qos_levels)
            test.equal(copies(heard, in_words(qos)), 1u,
                       "deliveries of what was published at " + in_words(qos) + " to " + std::string(who));
    }
}

CASE(delivery, present_and_absent_clients_both_get_it, "A message reaches the clients on line and the absent ones",
     {.v3_1_1 = {"MQTT-4.5.0-1", "MQTT-3.1.2-5"},
      .v5 = {"MQTT-4.5.0-1"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    auto* away = co_await test.connect("away", Keep::yes);
    co_await test.subscribe(away, t.topic, QoS::at_least_once);
    co_await leave_settled(test, away);
    const auto payloads = numbers(test, 10);
    for (const Text payload : payloads) {
        co_await test.publish(t.speaker, t.topic, payload, QoS::at_least_once);
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload at the client on line");
    }
    auto* back = co_await test.resume("away");
    for (const Text payload : payloads) {
        const auto delivery = co_await test.receive(back);
        test.equal(delivery.payload, payload, "payload at the client that was away");
    }
}

CASE(delivery, publisher_gets_its_own, "A client that subscribes to what it publishes gets it",
     {.v3_1_1 = {"MQTT-4.5.0-1"}, .v5 = {"MQTT-4.5.0-1"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    auto* client = co_await test.connect("client");
    co_await test.subscribe(client, topic);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text payload = test.text("to myself at " + in_words(qos));
        co_await test.publish(client, topic, payload, qos);
        const auto delivery = co_await test.receive(client);
        test.equal(delivery.payload, payload, "payload");
    }
}

CASE(delivery, publisher_may_leave, "An acknowledged message is delivered although its publisher has gone",
     {.v3_1_1 = {"MQTT-4.5.0-1", "MQTT-3.1.2-5"}, .v5 = {"MQTT-4.5.0-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(listener, topic);
    co_await leave_settled(test, listener);
    const auto qos_levels = levels(test, QoS::at_least_once);
    for (const QoS qos : qos_levels) {
        auto* speaker = co_await test.connect("speaker");
        co_await test.publish(speaker, topic, test.text(in_words(qos)), qos);
        co_await test.leave(speaker);
    }
    auto* back = co_await test.resume("listener");
    std::vector<Publish> heard;
    for (std::size_t n = 0; n < qos_levels.size(); ++n) {
        const auto delivery = co_await test.receive(back);
        heard.push_back(delivery);
    }
    for (const QoS qos : qos_levels)
        test.equal(copies(heard, in_words(qos)), 1u, "deliveries of what was published at " + in_words(qos));
}

CASE(delivery, subscription_outlives_the_connection, "A subscription of a kept session goes on at the next connection",
     {.v3_1_1 = {"MQTT-3.1.2-4", "MQTT-4.1.0-1", "MQTT-4.5.0-1"},
      .v5 = {"MQTT-3.1.2-5", "MQTT-3.1.2-23", "MQTT-4.5.0-1"},
      .needs = {Need::kept_sessions, Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once, Keep::yes);
    Peer* listener = t.listener;
    for (const Text payload : numbers(test, 2)) {
        co_await test.leave(listener);
        listener = co_await test.resume("listener");
        co_await test.publish(t.speaker, t.topic, payload, QoS::at_least_once);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.payload, payload, "payload");
    }
}

}  // namespace conformance
