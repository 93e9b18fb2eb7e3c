// What the cases about wills share: a will in a CONNECT, and somebody who hears it.
#pragma once
#include "conformance/kit.hpp"

namespace conformance {

/// hello() with a will.
inline Connect with_will(Test& test, Text who, Text topic, Text payload, Keep keep = Keep::no) {
    Connect c = test.hello(who, keep);
    c.will = Will{};
    c.will->topic = topic;
    c.will->payload = payload;
    return c;
}

struct Audience {
    Peer* watcher = nullptr;  // hears `topic`
    Peer* speaker = nullptr;
    QoS granted{};
};
/// A watcher that has proved that it hears what is published to `topic`.
inline Task<Audience> audience(Test& test, Text topic) {
    Audience a;
    a.watcher = co_await test.connect("watcher");
    a.granted = co_await test.subscribe(a.watcher, topic, QoS::exactly_once);
    a.speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(a.watcher, a.speaker, topic);
    co_return a;
}

/// The will comes in that time, with that payload.
inline Task<Publish> hears_will(Test& test, Peer* watcher, Text topic, Text payload, std::string after,
                                net::Duration within = peer::by_default) {
    Publish will;
    try {
        will = co_await watcher->expect<Publish>(within);
        co_await watcher->complete(will);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        throw Failure("no will is published after " + after, "the will on " + quoted(topic), f.actual);
    }
    test.equal(will.topic, topic, "topic of the will after " + after);
    test.equal(Text(will.payload), payload, "payload of the will after " + after);
    co_return will;
}

/// The server closes, or there is no will to wait for: what makes it close is the affair of other cases.
inline Task<void> is_closed_by_server(Test& test, Peer* client, std::string after) {
    try {
        co_await client->ending();
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        test.unreachable("the server does not close after " + after);
    }
}

/// By now the server has seen the cuts made so far: another client's will, cut later, has come to `watcher`.
inline Task<void> cuts_are_seen(Test& test, Peer* watcher) {
    const Text topic = test.topic("marker");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    const Connect marker = with_will(test, "marker", topic, "marker");
    auto* client = co_await test.connect_as("marker", marker);
    test.cut(client);
    co_await hears_will(test, watcher, topic, "marker", "a cut");
}

}  // namespace conformance
