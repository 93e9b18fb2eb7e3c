// What the cases about PUBLISH share: QoS levels on offer, a watcher that is not blind, closes nobody hears of.
#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "conformance/kit.hpp"

namespace conformance {

/// The levels from `lowest` on that the broker both takes and grants.
inline std::vector<QoS> levels(const Test& test, QoS lowest = QoS::at_most_once) {
    const unsigned highest = std::min(test.offers.maximum_qos, test.offers.granted_qos);
    std::vector<QoS> all;
    for (unsigned q = unsigned(lowest); q <= highest && q <= 2; ++q) all.push_back(QoS(q));
    return all;
}
/// The level wished for, or the highest the broker both takes and grants.
inline QoS up_to(const Test& test, QoS wished) {
    return QoS(std::min({unsigned(wished), unsigned(test.offers.maximum_qos), unsigned(test.offers.granted_qos)}));
}
/// "QoS 1".
inline std::string in_words(QoS q) { return "QoS " + std::to_string(unsigned(q)); }

/// Everything below the case's own topics where there are wildcards, otherwise the one topic.
inline Text all_topics(Test& test, Text topic) { return test.offers.wildcard ? test.topic("#") : topic; }

/// A listener that has been seen to hear `topic`, and who speaks there.
struct Watch {
    Peer* listener = nullptr;
    Peer* speaker = nullptr;
    Text topic{};
};
inline Task<Watch> watch(Test& test, Text filter, Text topic, QoS qos = QoS::at_most_once) {
    Watch w;
    w.topic = topic;
    w.listener = co_await test.connect("watcher");
    co_await test.subscribe(w.listener, filter, qos);
    w.speaker = co_await test.connect("fence");
    co_await test.up_to_fence(w.listener, w.speaker, topic);
    co_return w;
}
/// The watcher hears nothing of `what`.
inline Task<void> unheard(Test& test, Watch w, std::string what) {
    const std::string delivered = what + " is delivered";
    co_await test.hears_nothing(w.listener, w.speaker, w.topic, delivered);
}

/// A client of its own sends `octets`, is closed for it, and the watcher hears nothing.
inline Task<void> closes_unheard(Test& test, Watch w, std::string octets, std::string what, Reasons advice) {
    auto* offender = co_await test.connect("offender");
    co_await test.must_close_on(offender, octets, what, advice);
    co_await unheard(test, w, what);
}

/// Whether the broker has closed by then, which is not counted as late: 500 ms after it answered something later.
inline Task<bool> closes_soon(Peer* peer) {
    try {
        co_await peer->ending(500ms);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        co_return false;
    }
    co_return true;
}

/// The same for faults where 5.0 brokers are known to refuse the message and keep the connection (choices.md, B): an
/// error reason above QoS 0 and silence at QoS 0 are warned about there. In 3.1.1 the close is a must (4.8.0-1).
inline Task<void> closes_or_refuses(Test& test, Watch w, Publish bad, std::string what, Reasons advice) {
    auto* offender = co_await test.connect("offender");
    offender->send(bad);
    if (bad.qos == QoS::at_most_once) offender->send(Pingreq{});
    const auto answer = co_await offender->next();
    const auto* puback = answer ? std::get_if<Puback>(&*answer) : nullptr;
    const auto* pubrec = answer ? std::get_if<Pubrec>(&*answer) : nullptr;
    const bool refused = (puback && puback->reason >= 0x80) || (pubrec && pubrec->reason >= 0x80);
    const bool pong = answer && type_of(*answer) == Type::pingresp;
    const bool ends = !answer || type_of(*answer) == Type::disconnect;
    if (!ends && !pong && !(test.v5() && refused))
        throw Failure("the connection stays open after " + what, "a close", print(*answer, test.version));
    if (ends || !test.v5()) {
        co_await test.must_close(offender, what, advice);  // PINGRESP may have come before it
    } else {
        const bool closed = co_await closes_soon(offender);
        if (!closed) test.warn("no close after " + what);
    }
    co_await unheard(test, w, what);
}

}  // namespace conformance
