// 4.6 Message ordering: within one publisher, topic and QoS; of repeats and of PUBRELs too.
#include <map>

#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

/// "3, 1, 2".
std::string listed(const std::vector<Text>& payloads) {
    std::string text;
    for (const Text payload : payloads) text.append(text.empty() ? "" : ", ").append(payload);
    return text;
}
/// In 5.0 the order of repeats and PUBRELs is worded for clients: a difference is a warning there.
enum class Weight { must, advice_in_v5 };
void in_order(Test& test, const std::vector<Text>& heard, const std::vector<Text>& due, std::string what,
              Weight weight = Weight::must) {
    if (heard == due) return;
    what += " come in the order " + listed(heard) + " in place of " + listed(due);
    if (weight == Weight::advice_in_v5 && test.v5()) test.warn(what);
    else test.fail(what);
}

/// The next `n` deliveries, seen through.
Task<std::vector<Text>> hear(Test& test, Peer* listener, std::size_t n) {
    std::vector<Text> heard;
    while (heard.size() < n) {
        const auto delivery = co_await test.receive(listener);
        heard.push_back(delivery.payload);
    }
    co_return heard;
}

/// PUBREC for each, in any order; PUBREL for each, in the order published; PUBCOMP for each.
Task<void> see_qos2_through(Test& test, Peer* speaker, const std::vector<Publish>& sent) {
    std::vector<std::uint16_t> ids;
    for (std::size_t n = 0; n < sent.size(); ++n) {
        const auto pubrec = co_await speaker->expect<Pubrec>();
        test.check(pubrec.reason < 0x80, "PUBREC refuses a message with reason " + std::to_string(pubrec.reason));
        ids.push_back(pubrec.packet_id);
    }
    if (!std::ranges::equal(ids, sent, {}, {}, &Publish::packet_id))
        test.info("PUBRECs come in another order than the PUBLISH packets");
    for (const Publish& m : sent) speaker->send(Pubrel{.packet_id = m.packet_id});
    for (std::size_t n = 0; n < sent.size(); ++n) co_await speaker->expect<Pubcomp>();
}
/// One behind the other without waiting in between, as far as the broker's window allows.
Task<void> publish_in_one_go(Test& test, Peer* speaker, Text topic, std::vector<Text> payloads, QoS qos) {
    const std::size_t most = std::min<std::size_t>(test.offers.receive_maximum, 10);
    const std::size_t window = qos == QoS::at_most_once ? payloads.size() : most;
    for (std::size_t at = 0; at < payloads.size(); at += window) {
        std::vector<Publish> sent;
        for (std::size_t i = at; i < std::min(at + window, payloads.size()); ++i)
            sent.push_back(test.message(topic, payloads[i], qos));
        for (const Publish& m : sent) speaker->send(m);
        if (qos == QoS::at_least_once)
            for (std::size_t n = 0; n < sent.size(); ++n) co_await speaker->expect<Puback>();
        if (qos == QoS::exactly_once) co_await see_qos2_through(test, speaker, sent);
    }
}

}  // namespace

CASE(order, online, "Messages of one publisher, topic and QoS come in the order they were published",
     {.v3_1_1 = {"MQTT-4.6.0-6", "MQTT-4.6.0-5"}, .v5 = {"MQTT-4.6.0-5", "MQTT-4.6.0-6"}}) {
    const auto due = numbers(test, 10);
    for (const QoS qos : levels(test)) {
        const Text topic = test.topic(in_words(qos));
        auto* listener = co_await test.connect(test.text("listener" + std::to_string(unsigned(qos))));
        co_await test.subscribe(listener, topic, qos);
        auto* speaker = co_await test.connect("speaker");
        co_await publish_in_one_go(test, speaker, topic, due, qos);
        const auto heard = co_await hear(test, listener, due.size());
        in_order(test, heard, due, "deliveries at " + in_words(qos));
        co_await test.leave(speaker);
    }
}

CASE(order, topics_apart, "Messages on several topics, published by turns, are in order on each topic",
     {.v3_1_1 = {"MQTT-4.6.0-5", "MQTT-4.6.0-6"}, .v5 = {"MQTT-4.6.0-6", "MQTT-4.6.0-5"}, .needs = {Need::qos1}}) {
    const std::vector<Text> topics{test.topic("a"), test.topic("b"), test.topic("c")};
    auto* listener = co_await test.connect("listener", test.offers.kept_sessions ? Keep::yes : Keep::no);
    for (const Text topic : topics) co_await test.subscribe(listener, topic, QoS::at_least_once);
    if (test.offers.kept_sessions) co_await leave_settled(test, listener);
    auto* speaker = co_await test.connect("speaker");
    const auto due = numbers(test, 4);
    for (const Text payload : due)
        for (const Text topic : topics) co_await test.publish(speaker, topic, payload, QoS::at_least_once);
    if (test.offers.kept_sessions) listener = co_await test.resume("listener");
    std::map<Text, std::vector<Text>> heard;
    for (std::size_t n = 0; n < due.size() * topics.size(); ++n) {
        const auto delivery = co_await test.receive(listener);
        heard[delivery.topic].push_back(delivery.payload);
    }
    for (const Text topic : topics) in_order(test, heard[topic], due, "deliveries on one of three topics");
}

CASE(order, after_absence, "Messages kept for an absent client come in the order they were published",
     {.v3_1_1 = {"MQTT-4.6.0-6"}, .v5 = {"MQTT-4.6.0-5"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto due = numbers(test, 10);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        co_await leave_settled(test, listener);
        auto* speaker = co_await test.connect("speaker");
        co_await publish_in_one_go(test, speaker, topic, due, qos);
        auto* back = co_await test.resume(who);
        const auto heard = co_await hear(test, back, due.size());
        in_order(test, heard, due, "kept messages at " + in_words(qos));
        co_await test.leave(speaker);
    }
}

CASE(order, kept_before_new, "What was kept for a client comes before what is published after its return",
     {.v3_1_1 = {"MQTT-4.6.0-6"}, .v5 = {"MQTT-4.6.0-5"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const auto due = numbers(test, 8);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        co_await leave_settled(test, listener);
        auto* speaker = co_await test.connect("speaker");
        const std::vector<Text> kept(due.begin(), due.begin() + 4), fresh(due.begin() + 4, due.end());
        co_await publish_in_one_go(test, speaker, topic, kept, qos);
        auto* back = co_await test.resume(who);
        co_await publish_in_one_go(test, speaker, topic, fresh, qos);
        const auto heard = co_await hear(test, back, due.size());
        in_order(test, heard, due, "kept and new messages at " + in_words(qos));
        co_await test.leave(speaker);
    }
}

CASE(order, repeats, "Deliveries that are sent again come in the order of their first transmission",
     {.v3_1_1 = {"MQTT-4.6.0-1", "MQTT-4.6.0-6"}, .v5 = {"MQTT-4.6.0-1"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, topic, qos);
        auto* speaker = co_await test.connect("speaker");
        const auto all = numbers(test, 4);
        co_await publish_all(test, speaker, topic, all, qos);
        const auto open = co_await need_open_deliveries(test, listener, 4);
        std::vector<Text> due;
        for (const Publish& delivery : open) due.push_back(delivery.payload);
        test.cut(listener);
        auto* back = co_await test.resume(who);
        std::vector<Text> heard;
        for (std::size_t n = 0; n < due.size(); ++n) {
            const auto again = co_await back->expect<Publish>();
            heard.push_back(again.payload);
        }
        in_order(test, heard, due, "repeats at " + in_words(qos), Weight::advice_in_v5);
    }
}

namespace {

/// Payloads by identifier, for what is said about PUBRELs.
using Names = std::map<std::uint16_t, Text>;
Names names_of(const std::vector<Publish>& deliveries) {
    Names names;
    for (const Publish& delivery : deliveries) names[delivery.packet_id] = delivery.payload;
    return names;
}
/// A PUBREL for each, and no PUBLISH in its place.
Task<std::vector<Text>> hear_pubrels(Test& test, Peer* listener, Names names) {
    std::vector<Text> heard;
    while (heard.size() < names.size()) {
        const auto packet = co_await listener->next();
        const auto* pubrel = packet ? std::get_if<Pubrel>(&*packet) : nullptr;
        test.check(pubrel, "PUBREL is due, but " + (packet ? print(*packet, test.version) : "the end"s) + " comes");
        heard.push_back(names[pubrel->packet_id]);
    }
    co_return heard;
}

}  // namespace

CASE(order, pubrels, "PUBRELs are sent in the order in which the PUBRECs came",
     {.v3_1_1 = {"MQTT-4.6.0-4", "MQTT-4.6.0-6", "MQTT-4.3.3-1"},
      .v5 = {"MQTT-4.6.0-4", "MQTT-4.3.3-4"},
      .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    co_await publish_all(test, t.speaker, t.topic, numbers(test, 4), QoS::exactly_once);
    auto open = co_await need_open_deliveries(test, t.listener, 4);
    std::ranges::reverse(open);
    std::vector<Text> due;
    for (const Publish& delivery : open) {
        t.listener->send(Pubrec{.packet_id = delivery.packet_id});
        due.push_back(delivery.payload);
    }
    const auto heard = co_await hear_pubrels(test, t.listener, names_of(open));
    in_order(test, heard, due, "PUBRELs", Weight::advice_in_v5);
}

CASE(order, repeated_pubrels, "PUBRELs that are sent again come in the order of the PUBRECs",
     {.v3_1_1 = {"MQTT-4.6.0-4", "MQTT-4.6.0-6", "MQTT-4.3.3-1", "MQTT-4.4.0-1"},
      .v5 = {"MQTT-4.6.0-4", "MQTT-4.3.3-6", "MQTT-4.4.0-1"},
      .needs = {Need::qos2, Need::kept_sessions}}) {
    const auto t = co_await talk(test, QoS::exactly_once, Keep::yes);
    co_await publish_all(test, t.speaker, t.topic, numbers(test, 4), QoS::exactly_once);
    const auto open = co_await need_open_deliveries(test, t.listener, 4);
    std::vector<Text> due;
    for (const Publish& delivery : open) {
        co_await receive_pubrel(test, t.listener, delivery.packet_id);
        due.push_back(delivery.payload);
    }
    test.cut(t.listener);
    auto* back = co_await test.resume("listener");
    const auto heard = co_await hear_pubrels(test, back, names_of(open));
    in_order(test, heard, due, "repeated PUBRELs", Weight::advice_in_v5);
}

}  // namespace conformance
