// 4.4 Message delivery retry: what is open comes again at a return to the session, and at no other time.
#include <map>

#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// Deliveries left open at every stage.
struct Open {
    std::map<std::uint16_t, Text> published;  // wait for PUBACK or PUBREC: payloads by identifier
    std::uint16_t released = 0;               // waits for PUBCOMP
};
/// One at QoS 1 without PUBACK, one at QoS 2 without PUBREC, one without PUBCOMP.
Task<Open> leave_open(Test& test, Talk t) {
    co_await test.publish(t.speaker, t.topic, "no PUBACK", QoS::at_least_once);
    co_await test.publish(t.speaker, t.topic, "no PUBREC", QoS::exactly_once);
    co_await test.publish(t.speaker, t.topic, "no PUBCOMP", QoS::exactly_once);
    Open open;
    const auto deliveries = co_await need_open_deliveries(test, t.listener, 3);
    for (const Publish& delivery : deliveries) {
        if (delivery.payload == "no PUBCOMP") open.released = delivery.packet_id;
        else open.published[delivery.packet_id] = delivery.payload;
    }
    test.equal(open.published.size(), 2u, "open deliveries with identifiers of their own");
    co_await receive_pubrel(test, t.listener, open.released);
    co_return open;
}

/// A packet that came after the return: takes it off `open`, or fails.
void take_off(Test& test, Open& open, const Packet& packet) {
    const auto what = print(packet, test.version);
    if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
        test.check(open.released != 0, "PUBREL comes twice: " + what);
        test.equal(pubrel->packet_id, open.released, "identifier of the PUBREL sent again");
        open.released = 0;
        return;
    }
    const auto* publish = std::get_if<Publish>(&packet);
    test.check(publish, "expected what was left open, received " + what);
    test.check(publish->packet_id != open.released, "PUBLISH is sent again after its PUBREL: " + what);
    const auto found = open.published.find(publish->packet_id);
    test.check(found != open.published.end(), "a delivery under an identifier that was not open: " + what);
    test.equal(publish->payload, found->second, "payload of the delivery sent again");
    test.equal(publish->dup, true, "DUP of the delivery sent again");
    open.published.erase(found);
}

/// A listener that left without DISCONNECT with the deliveries of leave_open, and is back.
struct Returned {
    Talk talk{};
    Open open{};
};
Task<Returned> cut_and_return(Test& test) {
    Returned r;
    r.talk = co_await talk(test, QoS::exactly_once, Keep::yes);
    r.open = co_await leave_open(test, r.talk);
    test.cut(r.talk.listener);
    r.talk.listener = co_await test.resume("listener");
    co_return r;
}

}  // namespace

CASE(retry, every_stage_comes_again, "At a return all that is open comes again: PUBLISH, or PUBREL after PUBREC",
     {.v3_1_1 = {"MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-2.3.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1", "MQTT-3.1.2-4"},
      .v5 = {"MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.2-3", "MQTT-4.3.3-3", "MQTT-4.3.3-5", "MQTT-4.3.3-6",
             "MQTT-3.1.2-5"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto r = co_await cut_and_return(test);
    Open open = r.open;
    for (int n = 0; n < 3; ++n) {
        const auto packet = co_await r.talk.listener->next();
        if (!packet) test.fail("the broker ends the connection");
        take_off(test, open, *packet);
    }
    for (const auto& [id, payload] : r.open.published) {
        if (payload == "no PUBACK") r.talk.listener->send(Puback{.packet_id = id});
        else co_await receive_pubrel(test, r.talk.listener, id);
    }
    co_await worked_off(test, r.talk.listener);
}

CASE(retry, publish_comes_again, "A delivery is sent again with its identifier, its content and DUP 1",
     {.v3_1_1 = {"MQTT-3.3.1-1", "MQTT-4.4.0-1", "MQTT-2.3.1-4"},
      .v5 = {"MQTT-3.3.1-1", "MQTT-4.4.0-1"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        co_await test.publish(speaker, topic, "left open", qos);
        const auto first = co_await open_delivery(test, listener, "left open", qos);
        co_await test.leave(listener);
        auto* back = co_await test.resume(who);
        const auto again = co_await repeated_delivery(test, back, first);
        test.equal(again.dup, true, "DUP of the delivery sent again at " + in_words(qos));
        co_await back->complete(again);
        co_await worked_off(test, back);
    }
}

namespace {

/// A delivery is open, the client leaves and is back: DUP of a message that came in meanwhile, after `time_to_notice`.
Task<bool> dup_of_new_message(Test& test, net::Duration time_to_notice) {
    const auto t = co_await talk(test, QoS::at_least_once, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "open", QoS::at_least_once);
    const auto first = co_await open_delivery(test, t.listener, "open", QoS::at_least_once);
    co_await test.leave(t.listener);
    co_await test.wait(t.speaker, time_to_notice);
    co_await test.publish(t.speaker, t.topic, "new", QoS::at_least_once);
    auto* back = co_await test.resume("listener");
    bool dup = false;
    for (int n = 0; n < 2; ++n) {
        const auto delivery = co_await back->expect<Publish>();
        const bool repeat = delivery.packet_id == first.packet_id;
        test.equal(delivery.payload, repeat ? "open"sv : "new"sv,
                   repeat ? "payload under the identifier that was open" : "payload under another identifier");
        if (!repeat) dup = delivery.dup;
        co_await back->complete(delivery);
    }
    co_await leave_settled(test, back);
    co_return dup;
}

}  // namespace

CASE(retry, new_messages_are_no_repeats, "What comes in while the client is away and a delivery is open has DUP 0",
     {.v3_1_1 = {"MQTT-4.4.0-1", "MQTT-4.3.2-1", "MQTT-2.3.1-4"},
      .v5 = {"MQTT-4.4.0-1", "MQTT-4.3.2-2", "MQTT-2.2.1-4"},
      .needs = {Need::qos1, Need::kept_sessions}}) {
    bool dup = co_await dup_of_new_message(test, 0ms);
    if (dup) dup = co_await dup_of_new_message(test, 2000ms);  // it may have gone into the dying connection
    test.equal(dup, false, "DUP of a delivery never sent before");
}

CASE(retry, dup_of_the_publisher_is_not_kept, "DUP of an incoming PUBLISH is not kept for an absent client",
     {.v3_1_1 = {"MQTT-3.3.1-3"}, .v5 = {"MQTT-3.3.1-3"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto qos = up_to(test, QoS::exactly_once);
    const auto t = co_await talk(test, qos, Keep::yes);
    Publish m = test.message(t.topic, "sent with DUP 1", qos);
    m.dup = true;
    const auto delivery = co_await kept_delivery(test, t, m);
    test.equal(delivery.dup, false, "DUP of the first delivery at " + in_words(qos));
}

CASE(retry, nothing_comes_again_while_connected, "While the client stays connected, nothing that is open is sent again",
     {.v5 = {"MQTT-4.4.0-1"}, .needs = {Need::qos1}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    const auto highest = up_to(test, QoS::exactly_once);
    co_await test.publish(t.speaker, t.topic, "no PUBACK", QoS::at_least_once);
    co_await test.publish(t.speaker, t.topic, "no PUBREC", highest);
    const auto open = co_await open_deliveries(t.listener, 2);
    for (int n = 0; n < 3; ++n) {
        co_await test.wait(t.listener, 1000ms);
        const auto later = co_await t.listener->fence();
        for (const Publish& delivery : later)
            for (const Publish& before : open)
                test.check(delivery.packet_id != before.packet_id,
                           "sent again on the same connection: " + print(delivery, test.version));
    }
}

CASE(retry, refused_does_not_come_again, "What PUBACK or PUBREC refused is not sent again",
     {.v5 = {"MQTT-4.4.0-2"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text payload = test.text("refused at " + in_words(qos));
        co_await test.publish(t.speaker, t.topic, payload, qos);
        const auto refused = co_await open_delivery(test, t.listener, payload, qos);
        if (qos == QoS::at_least_once) t.listener->send(Puback{.packet_id = refused.packet_id, .reason = 0x83});
        else t.listener->send(Pubrec{.packet_id = refused.packet_id, .reason = 0x97});
        co_await worked_off(test, t.listener);
    }
    co_await test.publish(t.speaker, t.topic, "left open", QoS::at_least_once);
    const auto first = co_await open_delivery(test, t.listener, "left open", QoS::at_least_once);
    test.cut(t.listener);
    auto* back = co_await test.resume("listener");
    const auto again = co_await repeated_delivery(test, back, first);
    co_await back->complete(again);
    co_await gets_nothing(test, back, t.speaker, t.topic, "sent although it was refused");
}

CASE(retry, refused_gets_no_pubrel, "A PUBREC that refuses the delivery is not answered by PUBREL",
     {.v5 = {"MQTT-4.4.0-2", "MQTT-4.3.3-4"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    co_await test.publish(t.speaker, t.topic, "refused", QoS::exactly_once);
    const auto refused = co_await open_delivery(test, t.listener, "refused", QoS::exactly_once);
    t.listener->send(Pubrec{.packet_id = refused.packet_id, .reason = 0x97});
    co_await test.publish(t.speaker, t.topic, "taken", QoS::exactly_once);
    const auto taken = co_await t.listener->expect<Publish>();
    test.equal(taken.payload, "taken", "payload of the delivery after the refused one");
    t.listener->send(Pubrec{.packet_id = taken.packet_id});
    auto pubrel = co_await t.listener->expect<Pubrel>();
    if (pubrel.packet_id == refused.packet_id && refused.packet_id != taken.packet_id) {
        test.warn("a PUBREC of 0x97 is answered by PUBREL");
        pubrel = co_await t.listener->expect<Pubrel>();
    }
    test.equal(pubrel.packet_id, taken.packet_id, "PUBREL packet identifier");
    t.listener->send(Pubcomp{.packet_id = taken.packet_id});
}

CASE(retry, clean_session_gets_no_repeats, "A clean session is sent nothing of what was open in the session before",
     {.v3_1_1 = {"MQTT-3.1.2-6"}, .v5 = {"MQTT-3.1.2-4"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text payload = test.text("left open at " + in_words(qos));
        co_await test.publish(t.speaker, t.topic, payload, qos);
    }
    co_await t.listener->expect<Publish>();
    test.cut(t.listener);
    auto* fresh = co_await test.connect("listener");
    test.equal(test.connack(fresh).session_present, false, "Session Present of a clean session");
    co_await test.subscribe(fresh, t.topic, QoS::at_most_once);
    co_await gets_nothing(test, fresh, t.speaker, t.topic, "sent out of the session that was thrown away");
}

}  // namespace conformance
