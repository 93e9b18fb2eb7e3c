// 3.3.1 PUBLISH fixed header: DUP and QoS. 3.3.4 the answer to a PUBLISH.
#include "conformance/cases/publishing.hpp"

namespace conformance {

CASE(publish, redelivery_has_dup_1, "A PUBLISH that is sent again on a resumed session has DUP 1",
     {.v3_1_1 = {"MQTT-3.3.1-1"}, .v5 = {"MQTT-3.3.1-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        co_await test.publish(speaker, topic, "unacknowledged", qos);
        const auto first = co_await listener->expect<Publish>();
        test.equal(first.dup, false, "DUP of the first delivery at " + in_words(qos));
        test.cut(listener);

        auto* back = co_await test.resume(who);
        const auto again = co_await back->expect<Publish>();
        test.equal(again.packet_id, first.packet_id, "packet identifier of the delivery sent again");
        test.equal(again.dup, true, "DUP of the delivery sent again at " + in_words(qos));
        co_await back->complete(again);
    }
}

CASE(publish, qos_0_has_dup_0, "A delivery at QoS 0 has DUP 0, whatever QoS and DUP it was published with",
     {.v3_1_1 = {"MQTT-3.3.1-2", "MQTT-4.3.1-1"}, .v5 = {"MQTT-3.3.1-2", "MQTT-4.3.1-1"}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test)) {
        Publish m = test.message(topic, "payload", qos);
        m.dup = qos != QoS::at_most_once;
        co_await test.publish_with(speaker, m);
        const auto heard = co_await test.up_to_fence(listener, speaker, topic);
        if (heard.empty())
            test.info("a message published at " + in_words(qos) + " does not come where QoS 0 was granted");
        for (const Publish& delivery : heard) {
            test.equal(delivery.qos, QoS::at_most_once, "QoS delivered where QoS 0 was granted");
            test.equal(delivery.dup, false, "DUP at QoS 0 of a message published at " + in_words(qos));
        }
    }
}

CASE(publish, qos_0_with_dup_1_is_a_fault,
     "A QoS 0 PUBLISH with DUP 1 ends the connection and is not passed on as it is",
     {.v3_1_1 = {"MQTT-3.3.1-2"}, .v5 = {"MQTT-3.3.1-2"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    auto* offender = co_await test.connect("offender");
    Publish bad = test.message(topic, "DUP 1");
    bad.dup = true;
    offender->send(bad);
    const bool open = co_await offender->stays_open_through_ping();
    if (open)
        test.warn("a QoS 0 PUBLISH with DUP 1 is accepted");
    else
        co_await test.must_close(offender, "a QoS 0 PUBLISH with DUP 1", reasons(0x81, 0x82));
    const auto heard = co_await test.up_to_fence(w.listener, w.speaker, topic);
    for (const Publish& delivery : heard) test.equal(delivery.dup, false, "DUP of the QoS 0 delivery");
}

CASE(publish, dup_is_not_passed_on, "DUP of an incoming PUBLISH does not show in the first delivery",
     {.v3_1_1 = {"MQTT-3.3.1-3"}, .v5 = {"MQTT-3.3.1-3"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener");
    co_await test.subscribe(listener, topic);
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        Publish m = test.message(topic, "sent with DUP 1", qos);
        m.dup = true;
        co_await test.publish_with(speaker, m);
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.payload, m.payload, "payload");
        test.equal(delivery.dup, false, "DUP of the first delivery at " + in_words(delivery.qos));
    }
}

CASE(publish, qos_3_closes, "A PUBLISH with both QoS bits set ends the connection and is delivered to nobody",
     {.v3_1_1 = {"MQTT-3.3.1-4", "MQTT-2.2.2-2"}, .v5 = {"MQTT-3.3.1-4", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    test.forget_later(topic);  // two of them have RETAIN 1
    for (const int head : {0x36, 0x37, 0x3e, 0x3f}) {
        std::string octets = test.octets(test.message(topic, "QoS 3", QoS::exactly_once));
        octets[0] = char(head);
        co_await closes_unheard(test, w, octets, "a PUBLISH that begins with " + std::to_string(head), reasons(0x81));
    }
}

CASE(publish, answer_fits_the_qos, "A PUBLISH gets no answer at QoS 0, PUBACK at QoS 1 and PUBREC at QoS 2",
     {.v3_1_1 = {"MQTT-3.3.4-1"}, .v5 = {"MQTT-3.3.4-1"}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test)) {
        const Publish m = test.message(test.topic(), "payload", qos);
        speaker->send(m);
        if (qos == QoS::at_most_once) {
            speaker->send(Pingreq{});
            const auto first = co_await speaker->next();
            test.check(first.has_value(), "the connection ends after a QoS 0 PUBLISH");
            test.check(type_of(*first) == Type::pingresp,
                       "a QoS 0 PUBLISH is answered: " + print(*first, test.version));
        } else if (qos == QoS::at_least_once) {
            const auto puback = co_await speaker->expect<Puback>();
            test.equal(puback.packet_id, m.packet_id, "PUBACK packet identifier");
        } else {
            const auto pubrec = co_await speaker->expect<Pubrec>();
            test.equal(pubrec.packet_id, m.packet_id, "PUBREC packet identifier");
        }
    }
}

namespace {

/// Publishes where the login may not, and judges the answer.
Task<void> publish_denied(Test& test, Peer* speaker, QoS qos) {
    const Publish m = test.message(*test.profile.denied_publish, "denied", qos);
    speaker->send(m);
    if (qos == QoS::at_most_once) speaker->send(Pingreq{});
    const auto answer = co_await speaker->next();
    if (!answer || type_of(*answer) == Type::disconnect) {
        co_await test.must_close(speaker, "a publish that is not permitted", reasons(0x87));
        co_return;
    }
    const auto* puback = std::get_if<Puback>(&*answer);
    const auto* pubrec = std::get_if<Pubrec>(&*answer);
    const Type due = qos == QoS::at_most_once    ? Type::pingresp
                     : qos == QoS::at_least_once ? Type::puback
                                                 : Type::pubrec;
    test.check(type_of(*answer) == due,
               "a denied publish at " + in_words(qos) + " is answered by " + print(*answer, test.version));
    if (qos == QoS::at_most_once) co_return;
    test.equal(puback ? puback->packet_id : pubrec->packet_id, m.packet_id, "packet identifier of the answer");
    if (test.v5() && (puback ? puback->reason : pubrec->reason) < 0x80)
        test.warn("a denied publish at " + in_words(qos) + " is acknowledged as a success");
}

/// Who listens on `own`, and where publishing is denied if the broker lets anybody.
Task<Watch> eavesdrop(Test& test, Text own) {
    auto w = co_await watch(test, own, own);
    try {
        co_await test.subscribe(w.listener, *test.profile.denied_publish);
    } catch (const Failure&) {
        test.info("nobody may subscribe to the topic of the denied publish: delivery is not judged");
        w.listener = nullptr;
    }
    co_return w;
}

}  // namespace

CASE(publish, denied, "A publish that is not permitted is acknowledged by its QoS or ends the connection",
     {.v3_1_1 = {"MQTT-3.3.5-2"}, .v5 = {"MQTT-3.3.4-1"}, .needs = {Need::denied_publish}}) {
    const Text own = test.topic("own");
    const auto w = co_await eavesdrop(test, own);
    for (const QoS qos : levels(test)) {
        auto* speaker = co_await test.connect("speaker");
        co_await publish_denied(test, speaker, qos);
        if (!w.listener) continue;
        const auto heard = co_await test.up_to_fence(w.listener, w.speaker, own);
        for (const Publish& delivery : heard)
            if (delivery.payload == "denied" && !delivery.retain)
                test.warn("the denied publish at " + in_words(qos) + " is delivered");
    }
}

}  // namespace conformance
