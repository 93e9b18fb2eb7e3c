// 3.10 UNSUBSCRIBE, 3.11 UNSUBACK.
#include "conformance/cases/connect_octets.hpp"
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// UNSUBSCRIBE for these filters; the UNSUBACK with its identifier.
Task<Unsuback> unsubscribe_all(Test& test, Peer* client, std::vector<Text> filters) {
    std::vector<Unsubscribe::Filter> list;
    for (const Text f : filters) list.push_back({f});
    Unsubscribe request;
    request.packet_id = test.next_id();
    request.filters = List<Unsubscribe::Filter>(std::span<const Unsubscribe::Filter>(list));
    client->send(request);
    const auto unsuback = co_await client->expect<Unsuback>();
    test.equal(unsuback.packet_id, request.packet_id, "packet identifier of UNSUBACK");
    if (test.v5()) test.equal(unsuback.codes.count(), filters.size(), "number of codes in UNSUBACK");
    co_return unsuback;
}
std::vector<std::uint8_t> codes_of(const Unsuback& unsuback) {
    std::vector<std::uint8_t> codes;
    for (const Unsuback::Code& c : unsuback.codes) codes.push_back(c.value);
    return codes;
}

/// The speaker publishes to `topic`, and the listener gets it.
Task<void> heard(Test& test, Peer* listener, Peer* speaker, Text topic, QoS qos = QoS::at_most_once) {
    co_await test.publish(speaker, topic, "payload", qos);
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.topic, topic, "topic of the delivery");
}

}  // namespace

CASE(unsubscribe, flags, "An UNSUBSCRIBE whose flags are not 0010 ends the connection",
     {.v3_1_1 = {"MQTT-3.10.1-1", "MQTT-2.2.2-2"}, .v5 = {"MQTT-3.10.1-1", "MQTT-2.1.3-1"}}) {
    for (unsigned flags = 0; flags <= 15; ++flags) {
        if (flags == 2) continue;
        const std::string octets = with_head(unsubscribe_octets(test, test.topic()), 0xA0 | flags);
        co_await closes(test, octets, "an UNSUBSCRIBE with the first octet " + in_hex(0xA0 | flags), reasons(0x81));
    }
}

CASE(unsubscribe, at_least_one_filter, "An UNSUBSCRIBE without a filter ends the connection",
     {.v3_1_1 = {"MQTT-3.10.3-2"}, .v5 = {"MQTT-3.10.3-2"}}) {
    const std::string body = "\x12\x34"s + (test.v5() ? std::string(1, '\0') : "");
    co_await closes(test, packet_of(0xA2, body), "an UNSUBSCRIBE without a filter", reasons(0x82, 0x81));
}

CASE(unsubscribe, filters_are_strings, "The filters of UNSUBSCRIBE stand one after another, each with its length",
     {.v3_1_1 = {"MQTT-3.10.3-1", "X-2.0-packet-length"}, .v5 = {"MQTT-3.10.3-1", "X-2.0-packet-length"}}) {
    auto* client = co_await test.connect("client");
    const std::vector<Text> several{test.topic("a"), test.topic("b"), test.topic("c")};
    co_await unsubscribe_all(test, client, several);
    std::string body = "\x12\x34"s + (test.v5() ? std::string(1, '\0') : "");
    body += field(test.topic("a"));
    const std::string cut = body + std::string("\x00\x20", 2) + "too short";
    co_await closes(test, packet_of(0xA2, cut), "an UNSUBSCRIBE whose second filter is cut off", reasons(0x81));
}

CASE(unsubscribe, is_answered, "Each UNSUBSCRIBE is answered by one UNSUBACK with its packet identifier",
     {.v3_1_1 = {"MQTT-3.10.4-4", "MQTT-2.3.1-7"}, .v5 = {"MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-2.2.1-6"}}) {
    auto* client = co_await test.connect("client");
    std::set<std::uint16_t> due{300, 65535, 1, 299};
    for (const std::uint16_t id : due)
        co_await test.subscribe(client, test.topic(std::to_string(id)), QoS::at_most_once);
    for (const std::uint16_t id : due) {
        std::string octets = unsubscribe_octets(test, test.topic(std::to_string(id)));
        octets[2] = char(id >> 8);
        octets[3] = char(id & 0xff);
        client->send_bytes(octets);
    }
    while (!due.empty()) {
        const auto unsuback = co_await client->expect<Unsuback>();
        test.check(due.erase(unsuback.packet_id) == 1,
                   "UNSUBACK has the packet identifier " + std::to_string(unsuback.packet_id) + ", which is not due");
    }
    co_await client->fence();
}

CASE(unsubscribe, unknown_filter_is_answered, "An UNSUBSCRIBE that removes nothing is answered by UNSUBACK",
     {.v3_1_1 = {"MQTT-3.10.4-5"}, .v5 = {"MQTT-3.10.4-5", "MQTT-3.11.3-2"}}) {
    auto* client = co_await test.connect("client");
    const std::vector<Text> never_held{test.topic("never held")};
    const auto unsuback = co_await unsubscribe_all(test, client, never_held);
    for (const std::uint8_t code : codes_of(unsuback)) {
        if (code == 0x00) test.info("UNSUBACK for a filter never held has the code 0x00");
        else if (code != 0x11) test.warn("UNSUBACK for a filter never held has the code " + in_hex(code));
    }
}

CASE(unsubscribe, exact_match_only, "UNSUBSCRIBE removes the subscription with the very same filter and no other",
     {.v3_1_1 = {"MQTT-3.10.4-1"}, .v5 = {"MQTT-3.10.4-1"}, .needs = {Need::wildcard}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const Text topic = test.topic("a/b"), held = test.topic("a/+"), fence = test.topic("fence");
    co_await test.subscribe(listener, held, QoS::at_most_once);
    co_await test.subscribe(listener, fence, QoS::at_most_once);
    for (const Text tail : {"a/b"sv, "a/#"sv, "#"sv, "A/+"sv, "a/+/"sv, "a/+/c"sv, "+/b"sv, "a"sv}) {
        const std::vector<Text> other{test.topic(tail)};
        co_await unsubscribe_all(test, listener, other);
        co_await heard(test, listener, speaker, topic);
    }
    const std::vector<Text> same{held};
    co_await unsubscribe_all(test, listener, same);
    co_await test.publish(speaker, topic, "unwanted");
    co_await test.hears_nothing(listener, speaker, fence, "a message comes though its subscription is removed");
}

CASE(unsubscribe, stops_deliveries, "No message published after UNSUBACK is delivered for that filter",
     {.v3_1_1 = {"MQTT-3.10.4-2"}, .v5 = {"MQTT-3.10.4-2"}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const Text fence = test.topic("fence");
    co_await test.subscribe(listener, fence, QoS::at_most_once);
    for (const QoS qos : levels(test)) {
        const Text topic = test.topic(in_words(qos));
        co_await test.subscribe(listener, topic, qos);
        co_await heard(test, listener, speaker, topic, qos);
        co_await test.unsubscribe(listener, topic);
        co_await test.publish(speaker, topic, "unwanted", qos);
        co_await test.hears_nothing(listener, speaker, fence, "a message comes after UNSUBACK, at " + in_words(qos));
    }
}

CASE(unsubscribe, lasts_over_a_return, "A subscription that was removed is not in the session any more",
     {.v3_1_1 = {"MQTT-3.10.4-2"}, .v5 = {"MQTT-3.10.4-2"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic(), kept = test.topic("kept");
    auto* speaker = co_await test.connect("speaker");
    auto* listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(listener, topic, QoS::at_least_once);
    co_await test.subscribe(listener, kept, QoS::at_least_once);
    co_await test.unsubscribe(listener, topic);
    test.cut(listener);
    co_await test.publish(speaker, topic, "unwanted", QoS::at_least_once);
    co_await test.publish(speaker, kept, "wanted", QoS::at_least_once);
    auto* back = co_await test.resume("listener");
    const auto delivery = co_await test.receive(back);
    test.equal(delivery.payload, "wanted"sv, "payload of what was kept");
    co_await test.hears_nothing(back, speaker, kept, "a message comes for a removed subscription");
}

CASE(unsubscribe, begun_deliveries_are_finished, "A QoS 2 delivery that has begun goes on to its end after UNSUBSCRIBE",
     {.v3_1_1 = {"MQTT-3.10.4-3"}, .v5 = {"MQTT-3.10.4-3"}, .needs = {Need::qos2}}) {
    const Text topic = test.topic();
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(listener, topic, QoS::exactly_once);
    co_await test.publish(speaker, topic, "begun", QoS::exactly_once);
    const auto delivery = co_await listener->expect<Publish>();
    co_await test.unsubscribe(listener, topic);
    listener->acknowledge(delivery);
    const auto release = co_await listener->expect<Pubrel>();
    test.equal(release.packet_id, delivery.packet_id, "packet identifier of PUBREL");
    test.equal(unsigned(release.reason), 0u, "reason code of PUBREL");
    listener->send(Pubcomp{.packet_id = release.packet_id});
    const bool open = co_await listener->stays_open_through_ping();
    test.check(open, "the connection ends while a delivery of a removed subscription is finished");
}

CASE(unsubscribe, begun_deliveries_come_again, "A delivery that has begun is sent again in spite of UNSUBSCRIBE",
     {.v3_1_1 = {"MQTT-3.10.4-3"}, .v5 = {"MQTT-3.10.4-3"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who, Keep::yes);
        co_await test.subscribe(listener, test.topic("stays"), qos);
        co_await test.subscribe(listener, topic, qos);
        co_await test.publish(speaker, topic, "begun", qos);
        const auto first = co_await listener->expect<Publish>();
        co_await test.unsubscribe(listener, topic);
        test.cut(listener);
        auto* back = co_await test.resume(who);
        const auto again = co_await back->expect<Publish>();
        test.equal(again.packet_id, first.packet_id, "packet identifier of the delivery sent again");
        test.equal(again.payload, "begun"sv, "payload of the delivery sent again");
        co_await back->complete(again);
    }
}

CASE(unsubscribe, several_filters, "An UNSUBSCRIBE with several filters gets one UNSUBACK and removes them all",
     {.v3_1_1 = {"MQTT-3.10.4-6"}, .v5 = {"MQTT-3.10.4-6", "MQTT-3.11.3-2"}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const std::vector<Text> filters{test.topic("a"), test.topic("b"), test.topic("c")};
    const Text fence = test.topic("fence");
    co_await test.subscribe(listener, fence, QoS::at_most_once);
    for (const Text f : filters) co_await test.subscribe(listener, f, QoS::at_most_once);
    for (const Text f : filters) co_await heard(test, listener, speaker, f);
    co_await unsubscribe_all(test, listener, filters);
    listener->send(Pingreq{});
    co_await listener->expect<Pingresp>();  // a second UNSUBACK would come before it
    for (const Text f : filters) co_await test.publish(speaker, f, "unwanted");
    co_await test.hears_nothing(listener, speaker, fence, "a message comes for one of the filters removed together");
}

CASE(unsubscribe, codes_in_order, "The codes of UNSUBACK are in the order of the filters",
     {.v5 = {"MQTT-3.11.3-1", "MQTT-3.11.3-2"}}) {
    auto* client = co_await test.connect("client");
    const Text held = test.topic("held"), also_held = test.topic("also held");
    const std::vector<Text> known{held}, unknown{test.topic("never held")};
    co_await test.subscribe(client, held, QoS::at_most_once);
    const auto removed = co_await unsubscribe_all(test, client, known);
    const auto missed = co_await unsubscribe_all(test, client, unknown);
    const auto yes = codes_of(removed).at(0), no = codes_of(missed).at(0);
    test.equal(unsigned(yes), 0u, "code of UNSUBACK for a subscription that is removed");
    if (yes == no) test.unreachable("the server does not tell filters it removes from those it never held");
    for (const Text filter : {held, also_held}) co_await test.subscribe(client, filter, QoS::at_most_once);
    const std::vector<Text> mixed{held, unknown[0], also_held, test.topic("nor this")};
    const auto both = co_await unsubscribe_all(test, client, mixed);
    const std::vector<std::uint8_t> due{yes, no, yes, no}, came = codes_of(both);
    test.check(came == due, "the codes of UNSUBACK are " + hex(came) + ", those due in order are " + hex(due));
}

}  // namespace conformance
