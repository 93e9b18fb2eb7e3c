// 4.3.2 QoS 1: at least once. The broker as receiver, then as sender.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {

CASE(qos, qos1_is_acknowledged, "A QoS 1 PUBLISH is answered by PUBACK and delivered",
     {.v3_1_1 = {"MQTT-4.3.2-2", "MQTT-3.3.4-1", "MQTT-2.3.1-6"},
      .v5 = {"MQTT-4.3.2-4", "MQTT-3.3.4-1", "MQTT-2.2.1-5"},
      .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    for (const Text payload : numbers(test, 3)) {
        co_await test.publish(t.speaker, t.topic, payload, QoS::at_least_once);
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload");
    }
}

CASE(qos, qos1_identifier_is_free_after_puback, "After PUBACK the same identifier is a new message, whatever DUP says",
     {.v3_1_1 = {"MQTT-4.3.2-2"}, .v5 = {"MQTT-4.3.2-5"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::at_least_once);
    Publish m = test.message(t.topic, "first", QoS::at_least_once);
    const std::pair<Text, bool> uses[]{{"first", false}, {"second, DUP 0", false}, {"third, DUP 1", true}};
    for (const auto& [payload, dup] : uses) {
        m.payload = payload;
        m.dup = dup;
        co_await test.publish_with(t.speaker, m);
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload of the message with an identifier used before");
    }
}

CASE(qos, qos1_first_delivery, "A QoS 1 message is first sent with QoS 1 and DUP 0, on line and when it was kept",
     {.v3_1_1 = {"MQTT-4.3.2-1"}, .v5 = {"MQTT-4.3.2-2"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    co_await check_first_deliveries(test, QoS::at_least_once);
}

CASE(qos, qos1_is_open_until_puback, "A QoS 1 delivery is sent again at every return of the client until PUBACK",
     {.v3_1_1 = {"MQTT-4.3.2-1", "MQTT-4.4.0-1", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.3.2-3", "MQTT-4.4.0-1", "MQTT-3.1.2-5"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::at_least_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "not acknowledged", QoS::at_least_once);
    const auto first = co_await open_delivery(test, t.listener, "not acknowledged", QoS::at_least_once);
    test.cut(t.listener);
    auto* back = co_await test.resume("listener");
    co_await repeated_delivery(test, back, first);
    co_await leave_settled(test, back);
    back = co_await test.resume("listener");
    co_await repeated_delivery(test, back, first);
}

CASE(qos, qos1_is_settled_by_puback, "A QoS 1 delivery that PUBACK has answered is not sent again",
     {.v3_1_1 = {"MQTT-4.3.2-1"}, .v5 = {"MQTT-4.4.0-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::at_least_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "acknowledged", QoS::at_least_once);
    const auto delivery = co_await test.receive(t.listener);
    test.equal(delivery.payload, "acknowledged", "payload");
    co_await leave_settled(test, t.listener);
    auto* back = co_await test.resume("listener");
    co_await gets_nothing(test, back, t.speaker, t.topic, "sent again in spite of PUBACK");
}

}  // namespace conformance
