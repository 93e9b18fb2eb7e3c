// 4.3.3 QoS 2: exactly once. The broker as receiver of what a client publishes.
#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// The listener gets `payload` once, and nothing more.
Task<void> heard_once(Test& test, Talk t, Text payload) {
    const auto delivery = co_await test.receive(t.listener);
    test.equal(delivery.payload, payload, "payload");
    auto* other = co_await test.connect("fence");
    co_await test.hears_nothing(t.listener, other, t.topic, "a second delivery of one QoS 2 message");
}

/// Who publishes out of a kept session. A subscription makes sure that there is one: some brokers keep none without.
Task<Peer*> kept_sender(Test& test) {
    auto* sender = co_await test.connect("sender", Keep::yes);
    co_await test.subscribe(sender, test.topic("sender"), QoS::at_most_once);
    co_return sender;
}

/// PUBREL once more: PUBCOMP is due with 0x00 or 0x92; a close can trap a client that lost PUBCOMP.
Task<void> release_again(Test& test, Peer* speaker, std::uint16_t id) {
    speaker->send(Pubrel{.packet_id = id});
    const auto answer = co_await speaker->next();
    if (!answer || type_of(*answer) == Type::disconnect) {
        test.warn("a repeated PUBREL ends the connection");
        co_return;
    }
    const auto* pubcomp = std::get_if<Pubcomp>(&*answer);
    test.check(pubcomp, "a repeated PUBREL is answered by " + print(*answer, test.version));
    test.equal(pubcomp->packet_id, id, "PUBCOMP packet identifier");
}

}  // namespace

CASE(qos, qos2_is_delivered_once, "A QoS 2 PUBLISH gets PUBREC, its PUBREL gets PUBCOMP, and it is delivered once",
     {.v3_1_1 = {"MQTT-4.3.3-2", "MQTT-3.3.4-1", "MQTT-2.3.1-6"},
      .v5 = {"MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-3.3.4-1", "MQTT-2.2.1-5"},
      .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    const Publish m = test.message(t.topic, "exactly once", QoS::exactly_once);
    t.speaker->send(m);
    co_await expect_pubrec(test, t.speaker, m.packet_id);
    co_await release(test, t.speaker, m.packet_id);
    co_await heard_once(test, t, m.payload);
}

CASE(qos, qos2_publish_gets_pubrec, "A QoS 2 PUBLISH is answered by PUBREC, whatever QoS is granted to subscribers",
     {.v3_1_1 = {"MQTT-3.3.4-1"}, .v5 = {"MQTT-3.3.4-1", "MQTT-4.3.3-8"}}) {
    if (test.offers.maximum_qos < 2) test.skip("the broker takes no QoS 2");
    auto* speaker = co_await test.connect("speaker");
    const Publish m = test.message(test.topic(), "payload", QoS::exactly_once);
    speaker->send(m);
    const auto answer = co_await speaker->next();
    if (!answer) {  // 3.1.1 gives a broker without QoS 2 no way to say so
        test.warn("a QoS 2 PUBLISH ends the connection");
        co_return;
    }
    const auto* pubrec = std::get_if<Pubrec>(&*answer);
    test.check(pubrec, "a QoS 2 PUBLISH is answered by " + print(*answer, test.version));
    test.equal(pubrec->packet_id, m.packet_id, "PUBREC packet identifier");
    test.check(pubrec->reason < 0x80, "PUBREC refuses the message with reason " + std::to_string(pubrec->reason));
}

CASE(qos, qos2_repeat_after_reconnect, "A QoS 2 PUBLISH repeated before PUBREL gets PUBREC and no second delivery",
     {.v3_1_1 = {"MQTT-4.3.3-2", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.3.3-10", "MQTT-3.1.2-5"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    auto* speaker = co_await kept_sender(test);
    Publish m = test.message(t.topic, "repeated", QoS::exactly_once);
    speaker->send(m);
    co_await expect_pubrec(test, speaker, m.packet_id);
    m.dup = true;
    for (int n = 0; n < 2; ++n) {
        test.cut(speaker);
        speaker = co_await test.resume("sender");
        speaker->send(m);
        co_await expect_pubrec(test, speaker, m.packet_id);
    }
    co_await release(test, speaker, m.packet_id);
    co_await heard_once(test, t, m.payload);
}

CASE(qos, qos2_repeat_on_the_same_connection, "A QoS 2 PUBLISH repeated on its own connection is not delivered twice",
     {.v3_1_1 = {"MQTT-4.3.3-2"}, .v5 = {"MQTT-4.3.3-10"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    auto* sender = co_await test.connect("sender");
    Publish m = test.message(t.topic, "repeated", QoS::exactly_once);
    sender->send(m);
    co_await expect_pubrec(test, sender, m.packet_id);
    m.dup = true;
    sender->send(m);
    const auto answer = co_await sender->next();
    const auto* pubrec = answer ? std::get_if<Pubrec>(&*answer) : nullptr;
    const bool closed = !answer || type_of(*answer) == Type::disconnect;
    if (closed) test.check(test.v5(), "a repeated QoS 2 PUBLISH ends the connection, where PUBREC is due");
    else test.check(pubrec, "a repeated QoS 2 PUBLISH is answered by " + print(*answer, test.version));
    if (pubrec) test.equal(pubrec->packet_id, m.packet_id, "packet identifier of the second PUBREC");
    const bool refused = pubrec && pubrec->reason >= 0x80;
    if (closed || refused) {  // 5.0: a repeat while connected is the client's own fault (4.4.0-1)
        test.warn("a QoS 2 PUBLISH repeated on its connection " + (closed ? "ends it"s : "is refused by PUBREC"s));
        const auto heard = co_await test.up_to_fence(t.listener, t.speaker, t.topic);
        test.check(copies(heard, m.payload) <= 1, "one QoS 2 message is delivered twice");
        co_return;
    }
    co_await release(test, sender, m.packet_id);
    co_await heard_once(test, t, m.payload);
}

CASE(qos, qos2_pubrel_after_reconnect, "PUBREL on the next connection of a kept session gets PUBCOMP",
     {.v3_1_1 = {"MQTT-4.3.3-2", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-4.3.3-11", "MQTT-3.1.2-5"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    auto* sender = co_await kept_sender(test);
    const Publish m = test.message(t.topic, "released later", QoS::exactly_once);
    sender->send(m);
    co_await expect_pubrec(test, sender, m.packet_id);
    test.cut(sender);
    sender = co_await test.resume("sender");
    co_await release(test, sender, m.packet_id);
    test.cut(sender);
    sender = co_await test.resume("sender");
    co_await release_again(test, sender, m.packet_id);
    co_await heard_once(test, t, m.payload);
}

CASE(qos, qos2_identifier_is_free_after_pubcomp, "After PUBCOMP the same identifier is a new message",
     {.v3_1_1 = {"MQTT-4.3.3-2"}, .v5 = {"MQTT-4.3.3-12"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    Publish m = test.message(t.topic, "", QoS::exactly_once);
    for (const Text payload : numbers(test, 3)) {
        m.payload = payload;
        co_await test.publish_with(t.speaker, m);
        const auto delivery = co_await test.receive(t.listener);
        test.equal(delivery.payload, payload, "payload of the message with an identifier used before");
    }
}

CASE(qos, qos2_identifier_is_free_after_refusal, "After a PUBREC that refuses, the same identifier is a new message",
     {.v5 = {"MQTT-4.3.3-9"}, .needs = {Need::qos2, Need::denied_publish}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    Publish m = test.message(*test.profile.denied_publish, "denied", QoS::exactly_once);
    t.speaker->send(m);
    const auto answer = co_await t.speaker->next();
    const auto* pubrec = answer ? std::get_if<Pubrec>(&*answer) : nullptr;
    if (!pubrec || pubrec->reason < 0x80) test.unreachable("the denied publish is not refused by PUBREC");
    m.topic = t.topic;
    m.payload = "allowed";
    co_await test.publish_with(t.speaker, m);
    co_await heard_once(test, t, m.payload);
}

CASE(qos, qos2_exchanges_overlap, "Two QoS 2 exchanges may be open, and are released in any order",
     {.v3_1_1 = {"MQTT-4.3.3-2"}, .v5 = {"MQTT-4.3.3-11", "MQTT-4.3.3-8"}, .needs = {Need::qos2}}) {
    if (test.offers.receive_maximum < 2) test.skip("the broker takes one open publish");
    const auto t = co_await talk(test, QoS::exactly_once);
    const Publish one = test.message(t.topic, "one", QoS::exactly_once);
    const Publish two = test.message(t.topic, "two", QoS::exactly_once);
    t.speaker->send(one);
    co_await expect_pubrec(test, t.speaker, one.packet_id);
    t.speaker->send(two);
    co_await expect_pubrec(test, t.speaker, two.packet_id);
    co_await release(test, t.speaker, two.packet_id);
    co_await release(test, t.speaker, one.packet_id);
    std::vector<Publish> heard;
    for (int n = 0; n < 2; ++n) {
        const auto delivery = co_await test.receive(t.listener);
        heard.push_back(delivery);
    }
    test.equal(copies(heard, "one"), 1u, "deliveries of the first message");
    test.equal(copies(heard, "two"), 1u, "deliveries of the second message");
}

CASE(qos, qos2_clean_start_forgets, "In a clean session, open QoS 2 identifiers of the last one are new messages",
     {.v3_1_1 = {"MQTT-3.1.2-6"}, .v5 = {"MQTT-3.1.2-4"}, .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    auto* sender = co_await test.connect("sender", Keep::yes);
    Publish m = test.message(t.topic, "of the old session", QoS::exactly_once);
    sender->send(m);
    co_await expect_pubrec(test, sender, m.packet_id);
    co_await test.leave(sender);
    sender = co_await test.connect("sender");
    test.equal(test.connack(sender).session_present, false, "Session Present of a clean session");
    m.payload = "of the new session";
    co_await test.publish_with(sender, m);
    auto delivery = co_await test.receive(t.listener);  // the old one may have been delivered on PUBLISH already
    if (delivery.payload == "of the old session") delivery = co_await test.receive(t.listener);
    test.equal(delivery.payload, "of the new session", "payload");
}

CASE(qos, qos2_goes_on_after_expiry, "PUBREL gets PUBCOMP although the message has expired",
     {.v5 = {"MQTT-4.3.3-13"}, .needs = {Need::qos2}}) {
    auto* speaker = co_await test.connect("speaker");
    Publish m = test.message(test.topic(), "expires after 1 s", QoS::exactly_once);
    m.properties = test.with({}, {property::message_expiry_interval, 1});
    speaker->send(m);
    co_await expect_pubrec(test, speaker, m.packet_id);
    co_await test.wait(speaker, 2100ms);
    co_await release(test, speaker, m.packet_id);
}

}  // namespace conformance
