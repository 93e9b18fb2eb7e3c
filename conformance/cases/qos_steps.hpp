// What the cases about QoS 1 and 2 share: a listener and a speaker, open deliveries, the steps of an exchange by hand.
#pragma once
#include <optional>

#include "conformance/cases/publishing.hpp"

namespace conformance {

/// A listener with one subscription, and who speaks on its topic.
struct Talk {
    Peer* listener = nullptr;
    Peer* speaker = nullptr;
    Text topic{};
    QoS granted{};
};
/// The listener's id is that of "listener", for resume().
inline Task<Talk> talk(Test& test, QoS qos, Keep keep = Keep::no) {
    Talk t;
    t.topic = test.topic();
    t.listener = co_await test.connect("listener", keep);
    t.granted = co_await test.subscribe(t.listener, t.topic, qos);
    t.speaker = co_await test.connect("speaker");
    co_return t;
}

/// PINGREQ, PINGRESP: the broker has worked off what was sent before.
inline Task<void> worked_off(Test& test, Peer* peer) {
    const bool open = co_await peer->stays_open_through_ping();
    test.check(open, "the broker ends the connection of " + peer->name());
}

/// The listener goes with DISCONNECT once the broker has worked off what it sent.
inline Task<void> leave_settled(Test& test, Peer* peer) {
    co_await worked_off(test, peer);
    co_await test.leave(peer);
}

/// PUBREC of that identifier, and no refusal.
inline Task<void> expect_pubrec(Test& test, Peer* peer, std::uint16_t id) {
    const auto pubrec = co_await peer->expect<Pubrec>();
    test.equal(pubrec.packet_id, id, "PUBREC packet identifier");
    test.check(pubrec.reason < 0x80, "PUBREC refuses the message with reason " + std::to_string(pubrec.reason));
}
/// PUBREL, answered by PUBCOMP of that identifier.
inline Task<void> release(Test& test, Peer* peer, std::uint16_t id) {
    peer->send(Pubrel{.packet_id = id});
    const auto pubcomp = co_await peer->expect<Pubcomp>();
    test.equal(pubcomp.packet_id, id, "PUBCOMP packet identifier");
}
/// A delivery is answered by PUBREC, and that by PUBREL of the same identifier. PUBCOMP is left to be sent.
inline Task<void> receive_pubrel(Test& test, Peer* peer, std::uint16_t id) {
    peer->send(Pubrec{.packet_id = id});
    const auto pubrel = co_await peer->expect<Pubrel>();
    test.equal(pubrel.packet_id, id, "PUBREL packet identifier");
}

/// The next delivery, which is left open.
inline Task<Publish> open_delivery(Test& test, Peer* listener, Text payload, QoS qos) {
    const auto delivery = co_await listener->expect<Publish>();
    test.equal(delivery.payload, payload, "payload");
    test.equal(delivery.qos, qos, "QoS of the delivery");
    co_return delivery;
}
/// The same delivery once more, after a reconnect: left open. DUP is for the cases on 3.3.1-1.
inline Task<Publish> repeated_delivery(Test& test, Peer* listener, Publish first) {
    const auto again = co_await listener->expect<Publish>();
    test.equal(again.payload, first.payload, "payload of the delivery sent again");
    test.equal(again.topic, first.topic, "topic of the delivery sent again");
    test.equal(again.packet_id, first.packet_id, "packet identifier of the delivery sent again");
    test.equal(again.qos, first.qos, "QoS of the delivery sent again");
    co_return again;
}

/// The next delivery, or nullopt after 500 ms: a broker may hold it back until others are settled.
inline Task<std::optional<Publish>> maybe_delivery(Peer* listener) {
    std::optional<Publish> delivery;
    try {
        delivery = co_await listener->expect<Publish>(500ms);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
    }
    co_return delivery;
}
/// Deliveries that are open at the same time: the first one must come; up to `most`, fewer where the broker holds back.
inline Task<std::vector<Publish>> open_deliveries(Peer* listener, std::size_t most) {
    std::vector<Publish> open;
    const auto first = co_await listener->expect<Publish>();
    open.push_back(first);
    while (open.size() < most) {
        const auto next = co_await maybe_delivery(listener);
        if (!next) break;
        open.push_back(*next);
    }
    co_return open;
}
/// That many open at once, or the case cannot be judged here.
inline Task<std::vector<Publish>> need_open_deliveries(Test& test, Peer* listener, std::size_t n) {
    const auto open = co_await open_deliveries(listener, n);
    if (open.size() < n) test.unreachable("the broker keeps only " + std::to_string(open.size()) + " deliveries open");
    co_return open;
}

/// The listener leaves, `m` is published, and the listener is back: the delivery, seen through. A broker may notice
/// late that a client has gone, and what it sends into the dying connection counts as the first time: where DUP is 1
/// the same is done once more, with time to notice.
inline Task<Publish> kept_delivery(Test& test, Talk t, Publish m) {
    Publish delivery;
    for (const auto time_to_notice : {0ms, 2000ms}) {
        co_await leave_settled(test, t.listener);
        co_await test.wait(t.speaker, time_to_notice);
        co_await test.publish_with(t.speaker, m);
        t.listener = co_await test.resume("listener");
        delivery = co_await open_delivery(test, t.listener, m.payload, m.qos);
        co_await t.listener->complete(delivery);
        if (!delivery.dup) break;
    }
    co_return delivery;
}
/// First deliveries at one QoS: one to a listener on line, one kept while it was away after DISCONNECT.
inline Task<void> check_first_deliveries(Test& test, QoS qos) {
    const auto t = co_await talk(test, qos, Keep::yes);
    co_await test.publish(t.speaker, t.topic, "on line", qos);
    const auto live = co_await open_delivery(test, t.listener, "on line", qos);
    test.equal(live.dup, false, "DUP of the first delivery to a client on line");
    co_await t.listener->complete(live);
    const Publish m = test.message(t.topic, "kept", qos);
    const auto kept = co_await kept_delivery(test, t, m);
    test.equal(kept.dup, false, "DUP of the first delivery of a kept message");
}

/// All that comes to `listener` before a fence that `speaker` publishes; nothing is answered.
inline Task<std::vector<Packet>> packets_up_to_fence(Test& test, Peer* listener, Peer* speaker, Text topic) {
    const Text fence = "that is all";
    co_await test.publish(speaker, topic, fence);
    std::vector<Packet> before;
    for (;;) {
        const auto packet = co_await listener->next();
        if (!packet) test.fail("the broker ends the connection of " + listener->name());
        const auto* delivery = std::get_if<Publish>(&*packet);
        if (delivery && delivery->payload == fence) break;
        before.push_back(*packet);
    }
    co_return before;
}
/// Nothing at all comes, no PUBREL either.
inline Task<void> gets_nothing(Test& test, Peer* listener, Peer* speaker, Text topic, std::string why) {
    const auto packets = co_await packets_up_to_fence(test, listener, speaker, topic);
    if (!packets.empty()) test.fail(why + ": " + print(packets.front(), test.version));
}

/// "1", "2" ... "n", kept by the test.
inline std::vector<Text> numbers(Test& test, unsigned n) {
    std::vector<Text> all;
    for (unsigned i = 1; i <= n; ++i) all.push_back(test.text(std::to_string(i)));
    return all;
}
inline Task<void> publish_all(Test& test, Peer* speaker, Text topic, std::vector<Text> payloads, QoS qos) {
    for (const Text payload : payloads) co_await test.publish(speaker, topic, payload, qos);
}

/// How often a payload is among deliveries.
inline std::size_t copies(const std::vector<Publish>& deliveries, Text payload) {
    return std::size_t(std::ranges::count(deliveries, payload, &Publish::payload));
}

}  // namespace conformance
