// 4.9 Flow control (5.0): the broker keeps within the client's Receive Maximum, and goes on with all else.
#include <deque>

#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// Connects with a Receive Maximum.
Task<Peer*> connect_taking(Test& test, Text who, std::uint32_t maximum, Keep keep = Keep::no) {
    Connect hello = test.hello(who, keep);
    hello.properties = test.with(hello.properties, {property::receive_maximum, maximum});
    co_return co_await test.connect_as(who, hello);
}

/// Sees to it that no more than `maximum` deliveries are open: `open` and what else comes before a PINGRESP.
Task<void> count_open(Test& test, Peer* listener, std::deque<Publish>& open, std::size_t maximum) {
    const auto more = co_await listener->fence();
    open.insert(open.end(), more.begin(), more.end());
    test.check(open.size() <= maximum, std::to_string(open.size()) + " deliveries are open where the client takes " +
                                           std::to_string(maximum));
}

/// Takes `count` deliveries, and settles the oldest only when as many as allowed, or as ever come, are open.
Task<std::vector<Publish>> take_within(Test& test, Peer* listener, std::size_t count, std::size_t maximum) {
    std::vector<Publish> taken;
    std::deque<Publish> open;
    while (taken.size() < count) {
        while (open.size() < maximum && taken.size() + open.size() < count) {
            std::optional<Publish> next;
            if (open.empty()) next = co_await listener->expect<Publish>();
            else next = co_await maybe_delivery(listener);
            if (!next) break;
            open.push_back(*next);
        }
        co_await count_open(test, listener, open, maximum);
        const Publish oldest = open.front();
        if (oldest.qos == QoS::exactly_once) {
            co_await receive_pubrel(test, listener, oldest.packet_id);
            co_await count_open(test, listener, open, maximum);  // open until PUBCOMP
            listener->send(Pubcomp{.packet_id = oldest.packet_id});
        } else {
            listener->acknowledge(oldest);
        }
        open.pop_front();
        taken.push_back(oldest);
    }
    co_return taken;
}

/// At every QoS a listener with that Receive Maximum gets six messages, never more than that open at once.
Task<void> check_receive_maximum(Test& test, std::uint32_t maximum) {
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await connect_taking(test, who, maximum);
        co_await test.subscribe(listener, topic, qos);
        auto* speaker = co_await test.connect("speaker");
        const auto due = numbers(test, 6);
        co_await publish_all(test, speaker, topic, due, qos);
        const auto taken = co_await take_within(test, listener, due.size(), maximum);
        for (std::size_t n = 0; n < due.size(); ++n)
            test.equal(taken[n].payload, due[n], "payload at " + in_words(qos));
    }
}

}  // namespace

CASE(flow, receive_maximum_1, "With a Receive Maximum of 1 one delivery is open at a time",
     {.v5 = {"MQTT-3.3.4-9", "MQTT-4.9.0-1", "MQTT-4.9.0-2"}, .needs = {Need::qos1}}) {
    co_await check_receive_maximum(test, 1);
}

CASE(flow, receive_maximum_2, "With a Receive Maximum of 2 two deliveries are open at most",
     {.v5 = {"MQTT-3.3.4-9", "MQTT-4.9.0-1", "MQTT-4.9.0-2"}, .needs = {Need::qos1}}) {
    co_await check_receive_maximum(test, 2);
}

CASE(flow, kept_messages_respect_it, "What was kept for a client comes within the Receive Maximum of its return",
     {.v5 = {"MQTT-3.3.4-9", "MQTT-4.9.0-2"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::at_least_once, Keep::yes);
    co_await leave_settled(test, t.listener);
    const auto due = numbers(test, 6);
    co_await publish_all(test, t.speaker, t.topic, due, QoS::at_least_once);
    auto* back = co_await connect_taking(test, "listener", 2, Keep::yes);
    test.equal(test.connack(back).session_present, true, "Session Present on return to a kept session");
    const auto taken = co_await take_within(test, back, due.size(), 2);
    for (std::size_t n = 0; n < due.size(); ++n) test.equal(taken[n].payload, due[n], "payload");
}

CASE(flow, repeats_respect_it, "Deliveries sent again come within the Receive Maximum of the new connection",
     {.v5 = {"MQTT-3.3.4-9", "MQTT-4.9.0-2", "MQTT-4.4.0-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        auto* speaker = co_await test.connect("speaker");
        co_await publish_all(test, speaker, topic, numbers(test, 3), qos);
        const auto open = co_await open_deliveries(listener, 3);
        test.cut(listener);
        auto* back = co_await connect_taking(test, who, 1, Keep::yes);
        test.equal(test.connack(back).session_present, true, "Session Present on return to a kept session");
        const auto taken = co_await take_within(test, back, 3, 1);
        for (const Publish& first : open)
            test.check(std::ranges::count(taken, first.packet_id, &Publish::packet_id) >= 1,
                       "the delivery " + std::to_string(first.packet_id) + " is not sent again");
    }
}

CASE(flow, quota_is_fresh_on_each_connection, "What was open on the last connection uses up no quota of the next",
     {.v5 = {"MQTT-4.9.0-1", "MQTT-4.4.0-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await connect_taking(test, who, 1, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        co_await publish_all(test, speaker, topic, numbers(test, 2), qos);
        const auto first = co_await open_delivery(test, listener, "1", qos);
        const bool second = qos == QoS::exactly_once;
        if (second) co_await receive_pubrel(test, listener, first.packet_id);
        test.cut(listener);
        auto* back = co_await connect_taking(test, who, 1, Keep::yes);
        if (second) {
            const auto pubrel = co_await back->expect<Pubrel>();
            test.equal(pubrel.packet_id, first.packet_id, "identifier of the PUBREL sent again");
            back->send(Pubcomp{.packet_id = first.packet_id});
        } else {
            const auto again = co_await repeated_delivery(test, back, first);
            co_await back->complete(again);
        }
        const auto next = co_await test.receive(back);
        test.equal(next.payload, "2", "payload of the delivery that waited");
    }
}

CASE(flow, refusal_ends_the_wait, "A delivery that the client refuses makes room for the next one",
     {.v5 = {"MQTT-4.4.0-2"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto qos = up_to(test, QoS::exactly_once);
    auto* listener = co_await connect_taking(test, "listener", 1, Keep::yes);
    const Text topic = test.topic();
    co_await test.subscribe(listener, topic, qos);
    auto* speaker = co_await test.connect("speaker");
    co_await publish_all(test, speaker, topic, numbers(test, 2), qos);
    const auto refused = co_await open_delivery(test, listener, "1", qos);
    if (qos == QoS::exactly_once) listener->send(Pubrec{.packet_id = refused.packet_id, .reason = 0x80});
    else listener->send(Puback{.packet_id = refused.packet_id, .reason = 0x80});
    const auto next = co_await open_delivery(test, listener, "2", qos);
    test.cut(listener);
    auto* back = co_await test.resume("listener");
    const auto again = co_await repeated_delivery(test, back, next);
    co_await back->complete(again);
    co_await gets_nothing(test, back, speaker, topic, "sent although it was refused");
}

CASE(flow, qos0_uses_up_nothing, "QoS 0 deliveries use up nothing of the Receive Maximum",
     {.v5 = {"MQTT-4.9.0-2"}, .needs = {Need::qos1}}) {
    auto* listener = co_await connect_taking(test, "listener", 1);
    const Text topic = test.topic();
    co_await test.subscribe(listener, topic, QoS::at_least_once);
    auto* speaker = co_await test.connect("speaker");
    for (const Text payload : numbers(test, 3)) {
        co_await test.publish(speaker, topic, payload, QoS::at_most_once);
        const auto delivery = co_await listener->expect<Publish>();
        test.equal(delivery.payload, payload, "payload of the QoS 0 delivery");
    }
    co_await test.publish(speaker, topic, "at QoS 1", QoS::at_least_once);
    co_await open_delivery(test, listener, "at QoS 1", QoS::at_least_once);
}

CASE(flow, other_packets_go_on, "With the client's Receive Maximum used up, all its other packets are answered",
     {.v5 = {"MQTT-3.3.4-10", "MQTT-4.9.0-3"}, .needs = {Need::qos1}}) {
    const auto highest = up_to(test, QoS::exactly_once);
    const Text topic = test.topic(), other = test.topic("other");
    auto* listener = co_await connect_taking(test, "listener", 1);
    co_await test.subscribe(listener, topic);
    auto* speaker = co_await test.connect("speaker");
    co_await publish_all(test, speaker, topic, numbers(test, 3), highest);
    const auto open = co_await open_delivery(test, listener, "1", highest);

    co_await worked_off(test, listener);
    co_await test.subscribe(listener, other, QoS::at_most_once);
    for (const QoS qos : levels(test, QoS::at_least_once))
        co_await test.publish(listener, test.topic("unheard"), "payload", qos);
    co_await test.unsubscribe(listener, other);
    if (highest == QoS::exactly_once) co_await receive_pubrel(test, listener, open.packet_id);
    co_await worked_off(test, listener);
}

CASE(flow, announced_window_is_there, "As many QoS 2 publishes may be open as the broker announces, again and again",
     {.v5 = {"MQTT-4.3.3-8", "MQTT-4.3.3-11"}, .needs = {Need::qos2, Need::limited_receive_maximum}}) {
    const std::size_t window = test.offers.receive_maximum;
    if (window > 300) test.unreachable("the broker's Receive Maximum is too large to be filled here");
    auto* speaker = co_await test.connect("speaker");
    const Text topic = test.topic();
    for (int round = 0; round < 2; ++round) {
        std::vector<std::uint16_t> ids;
        for (std::size_t n = 0; n < window; ++n) {
            const Publish m = test.message(topic, "payload", QoS::exactly_once);
            speaker->send(m);
            ids.push_back(m.packet_id);
        }
        for (std::size_t n = 0; n < window; ++n) {
            const auto pubrec = co_await speaker->expect<Pubrec>();
            test.check(pubrec.reason < 0x80, "PUBREC refuses a message with reason " + std::to_string(pubrec.reason));
        }
        for (const std::uint16_t id : ids) speaker->send(Pubrel{.packet_id = id});
        for (std::size_t n = 0; n < window; ++n) co_await speaker->expect<Pubcomp>();
    }
}

}  // namespace conformance
