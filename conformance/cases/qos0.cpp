// 4.3.1 QoS 0: at most once. 3.8.4: the QoS of a delivery under each grant.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// The delivery of `payload`; a second copy of the one before may come where QoS 0 was granted (3.8.4).
Task<Publish> receive_copy(Test& test, Peer* listener, Text payload, Text before) {
    for (;;) {
        const auto delivery = co_await test.receive(listener);
        if (delivery.payload == payload) co_return delivery;
        test.equal(delivery.payload, before, "payload of the delivery");
    }
}

}  // namespace

CASE(qos, qos0_has_qos_0_and_dup_0, "What was published at QoS 0 is delivered with QoS 0 and DUP 0",
     {.v3_1_1 = {"MQTT-4.3.1-1", "MQTT-3.3.1-2"}, .v5 = {"MQTT-4.3.1-1", "MQTT-3.3.1-2"}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    for (const Text payload : numbers(test, 3)) {
        co_await test.publish(t.speaker, t.topic, payload, QoS::at_most_once);
        const auto delivery = co_await t.listener->expect<Publish>();
        test.equal(delivery.payload, payload, "payload");
        test.equal(delivery.qos, QoS::at_most_once, "QoS of what was published at QoS 0");
        test.equal(delivery.dup, false, "DUP of a QoS 0 delivery");
    }
}

CASE(qos, delivery_has_the_lower_qos, "A delivery has the lower of the QoS it was published with and the one granted",
     {.v3_1_1 = {"MQTT-3.8.4-6"}, .v5 = {"MQTT-3.8.4-8"}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    for (const QoS asked : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        auto* listener = co_await test.connect(test.text("listener" + std::to_string(unsigned(asked))));
        const QoS granted = co_await test.subscribe(listener, topic, asked);
        Text before{};
        // 3.1.1 has no Maximum QoS: what is not granted may not be taken either
        const unsigned highest = test.v5() ? test.offers.maximum_qos : unsigned(up_to(test, QoS::exactly_once));
        for (unsigned published = 0; published <= highest; ++published) {
            const Text payload = test.text(in_words(asked) + " is asked for, published at " + in_words(QoS(published)));
            co_await test.publish(speaker, topic, payload, QoS(published));
            const auto delivery = co_await receive_copy(test, listener, payload, before);
            test.equal(delivery.qos, std::min(QoS(published), granted),
                       "QoS where " + in_words(granted) + " is granted and " + in_words(QoS(published)) + " published");
            before = payload;
        }
        co_await test.leave(listener);
    }
}

CASE(qos, kept_delivery_has_the_lower_qos, "The same holds for messages that were kept for an absent client",
     {.v3_1_1 = {"MQTT-3.8.4-6", "MQTT-3.1.2-5"},
      .v5 = {"MQTT-3.8.4-8", "MQTT-4.5.0-1"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS asked : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(asked))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        const QoS granted = co_await test.subscribe(listener, topic, asked);
        co_await leave_settled(test, listener);
        const auto published = levels(test, QoS::at_least_once);
        for (const QoS qos : published) co_await test.publish(speaker, topic, test.text(in_words(qos)), qos);
        auto* back = co_await test.resume(who);
        for (std::size_t n = 0; n < published.size(); ++n) {  // in any order: it is bound within a QoS only
            const auto delivery = co_await test.receive(back);
            const QoS qos = delivery.payload == in_words(QoS::at_least_once) ? QoS::at_least_once : QoS::exactly_once;
            test.equal(delivery.qos, std::min(qos, granted),
                       "QoS where " + in_words(granted) + " is granted and " + in_words(qos) + " published");
        }
    }
}

}  // namespace conformance
