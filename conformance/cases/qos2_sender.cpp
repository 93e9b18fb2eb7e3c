// 4.3.3 QoS 2: exactly once. The broker as sender of deliveries.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {

CASE(qos, qos2_first_delivery, "A QoS 2 message is first sent with QoS 2 and DUP 0, on line and when it was kept",
     {.v3_1_1 = {"MQTT-4.3.3-1"}, .v5 = {"MQTT-4.3.3-2"}, .needs = {Need::qos2, Need::kept_sessions}}) {
    co_await check_first_deliveries(test, QoS::exactly_once);
}

CASE(qos, qos2_is_open_until_pubrec, "A QoS 2 delivery is sent again at every return of the client until PUBREC",
     {.v3_1_1 = {"MQTT-4.3.3-1", "MQTT-4.4.0-1", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.3.3-3", "MQTT-4.4.0-1", "MQTT-3.1.2-5"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "no PUBREC", QoS::exactly_once);
    const auto first = co_await open_delivery(test, t.listener, "no PUBREC", QoS::exactly_once);
    test.cut(t.listener);
    auto* back = co_await test.resume("listener");
    co_await repeated_delivery(test, back, first);
    co_await leave_settled(test, back);
    back = co_await test.resume("listener");
    const auto again = co_await repeated_delivery(test, back, first);
    co_await back->complete(again);
}

CASE(qos, qos2_is_released_until_pubcomp, "After PUBREC it is PUBREL that is sent again until PUBCOMP, not PUBLISH",
     {.v3_1_1 = {"MQTT-4.3.3-1", "MQTT-4.4.0-1", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.3.3-5", "MQTT-4.3.3-6", "MQTT-4.4.0-1"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "no PUBCOMP", QoS::exactly_once);
    const auto first = co_await open_delivery(test, t.listener, "no PUBCOMP", QoS::exactly_once);
    co_await receive_pubrel(test, t.listener, first.packet_id);
    Peer* listener = t.listener;
    for (int n = 0; n < 2; ++n) {
        test.cut(listener);
        listener = co_await test.resume("listener");
        const auto pubrel = co_await listener->expect<Pubrel>();
        test.equal(pubrel.packet_id, first.packet_id, "identifier of the PUBREL sent again");
    }
    listener->send(Pubcomp{.packet_id = first.packet_id});
    co_await worked_off(test, listener);
    co_await gets_nothing(test, listener, t.speaker, t.topic, "sent after PUBREL");
}

CASE(qos, qos2_pubrec_on_next_connection, "PUBREC on the next connection, after the PUBLISH was repeated, gets PUBREL",
     {.v3_1_1 = {"MQTT-4.3.3-1", "MQTT-2.3.1-6"},
      .v5 = {"MQTT-4.3.3-4", "MQTT-2.2.1-5"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "in two connections", QoS::exactly_once);
    const auto first = co_await open_delivery(test, t.listener, "in two connections", QoS::exactly_once);
    test.cut(t.listener);
    auto* back = co_await test.resume("listener");
    co_await repeated_delivery(test, back, first);
    co_await receive_pubrel(test, back, first.packet_id);
    back->send(Pubcomp{.packet_id = first.packet_id});
    co_await worked_off(test, back);
}

CASE(qos, qos2_is_settled_by_pubcomp, "Nothing of a QoS 2 delivery that PUBCOMP has settled is sent again",
     {.v3_1_1 = {"MQTT-4.3.3-1"}, .v5 = {"MQTT-4.4.0-1"}, .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "settled", QoS::exactly_once);
    const auto delivery = co_await test.receive(t.listener);
    test.equal(delivery.payload, "settled", "payload");
    co_await leave_settled(test, t.listener);
    auto* back = co_await test.resume("listener");
    co_await gets_nothing(test, back, t.speaker, t.topic, "sent again in spite of PUBCOMP");
}

namespace {

/// A delivery at QoS 2 that expires after 2 s, taken and left open.
Task<Publish> expiring_delivery(Test& test, Talk t) {
    Publish m = test.message(t.topic, "expires after 2 s", QoS::exactly_once);
    m.properties = test.with({}, {property::message_expiry_interval, 2});
    co_await test.publish_with(t.speaker, m);
    std::optional<Publish> delivery;
    try {
        delivery = co_await t.listener->expect<Publish>(2000ms);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
    }
    if (!delivery) test.unreachable("a message expires before the broker sends it");
    test.equal(delivery->payload, m.payload, "payload");
    co_return *delivery;
}
constexpr auto expiry_is_over = 3100ms;

}  // namespace

CASE(qos, qos2_expiry_does_not_stop_pubrel, "PUBREC gets PUBREL although the message has expired",
     {.v5 = {"MQTT-4.3.3-7"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    const auto delivery = co_await expiring_delivery(test, t);
    co_await test.wait(t.listener, expiry_is_over);
    co_await receive_pubrel(test, t.listener, delivery.packet_id);
    t.listener->send(Pubcomp{.packet_id = delivery.packet_id});
    co_await worked_off(test, t.listener);
}

CASE(qos, qos2_expiry_does_not_stop_repeat, "A QoS 2 delivery is sent again although the message has expired",
     {.v5 = {"MQTT-4.3.3-7"}, .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    const auto first = co_await expiring_delivery(test, t);
    test.cut(t.listener);
    co_await test.wait(t.speaker, expiry_is_over);
    auto* back = co_await test.resume("listener");
    const auto again = co_await repeated_delivery(test, back, first);
    co_await back->complete(again);
}

}  // namespace conformance
