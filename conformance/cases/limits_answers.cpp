// Reason String and User Property are left out where the answer would be larger than the client takes (5.0: 3.2.2.3.9,
// 3.4.2.2.2, 3.5.2.2.2, 3.6.2.2.2, 3.7.2.2.2, 3.9.2.1.2, 3.11.2.1.2, 3.14.2.2.3). Each case first sees how large the
// answer is to a client that takes anything: what the broker never sends cannot be too large.
#include "conformance/cases/exchanges.hpp"

namespace conformance {
namespace {

/// Brings the broker to send the packet in question; comes back when it has answered or closed.
using Provoke = Task<void> (*)(Test&, Peer*);

/// The largest packet of that type which the peer got with a Reason String or a User Property; 0 where none was.
std::size_t size_with_reason(const Peer* peer, Type type) {
    std::size_t largest = 0;
    for (const std::string_view frame : peer->frames()) {
        if (Type(std::uint8_t(frame.front()) >> 4) != type) continue;
        Packet packet;
        if (!decode_leniently(packet, octets(frame), Version::v5)) continue;
        const auto properties = std::visit(
            [](const auto& p) {
                if constexpr (requires { p.properties; })
                    return p.properties;
                else
                    return Properties{};
            },
            packet);
        const bool talks = find(properties, property::reason_string) || find(properties, property::user_property);
        if (talks) largest = std::max(largest, frame.size());
    }
    return largest;
}
std::size_t connack_size(const Peer* peer) { return peer->frames().front().size(); }

Connect small_hello(Test& test, Text who, std::size_t maximum) {
    Connect hello = test.hello(who);
    const Property maximum_packet_size(property::maximum_packet_size, std::uint32_t(maximum));
    hello.properties = test.with(hello.properties, maximum_packet_size);
    return hello;
}
void judge_sizes(Test& test, const Peer* peer, std::size_t maximum) {
    for (const std::string_view frame : peer->frames())
        test.check(frame.size() <= maximum, std::string(name(Type(std::uint8_t(frame.front()) >> 4))) + " of " +
                                                std::to_string(frame.size()) +
                                                " octets is sent to a client that takes " + std::to_string(maximum));
}

/// Provokes the answer without a maximum, then with one that is one octet below.
Task<void> answer_keeps_to_the_maximum(Test& test, Type type, Provoke provoke) {
    auto* control = co_await test.connect("control");
    co_await provoke(test, control);
    const std::size_t size = size_with_reason(control, type);
    if (size == 0)
        test.unreachable("the broker sends no Reason String or User Property in " + std::string(name(type)) + " here");
    const std::size_t maximum = size - 1;
    if (connack_size(control) > maximum)
        test.unreachable("CONNACK has " + std::to_string(connack_size(control)) + " octets, more than that " +
                         std::string(name(type)));
    auto* client = co_await test.open("client");
    client->send(small_hello(test, "client", maximum));
    const auto answer = co_await client->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    judge_sizes(test, client, maximum);
    if (!connack || connack->code != 0) test.unreachable("the broker does not serve so small a client");
    co_await provoke(test, client);
    judge_sizes(test, client, maximum);
}

/// Sends, and waits until the broker has worked it off or closed.
template <class P>
Task<void> ask(Peer* peer, P packet) {
    peer->send(packet);
    co_await peer->stays_open_through_ping();
}

/// A message nobody gets, then one that is refused if the profile has such a topic.
Task<void> publish_in_vain(Test& test, Peer* peer, QoS qos) {
    const Publish nobody = test.message(test.topic("nobody"), "payload", qos);
    co_await ask(peer, nobody);
    if (!test.profile.denied_publish || !peer->is_open()) co_return;
    const Publish denied = test.message(*test.profile.denied_publish, "payload", qos);
    co_await ask(peer, denied);
}
Task<void> puback(Test& test, Peer* peer) { return publish_in_vain(test, peer, QoS::at_least_once); }
Task<void> pubrec(Test& test, Peer* peer) { return publish_in_vain(test, peer, QoS::exactly_once); }
Task<void> pubrel(Test&, Peer* peer) {
    Pubrec unknown;
    unknown.packet_id = 12345;
    co_await ask(peer, unknown);
}
Task<void> pubcomp(Test&, Peer* peer) {
    Pubrel unknown;
    unknown.packet_id = 12345;
    co_await ask(peer, unknown);
}

Task<void> suback(Test& test, Peer* peer) {
    std::vector<Text> filters{test.topic("granted")};
    if (test.profile.denied_subscribe) filters.push_back(*test.profile.denied_subscribe);
    for (const Text filter : filters) {
        Subscribe::Entry entry;
        entry.filter = filter;
        Subscribe request;
        request.packet_id = test.next_id();
        request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
        if (peer->is_open()) co_await ask(peer, request);
    }
}
Task<void> unsuback(Test& test, Peer* peer) {
    const Unsubscribe::Filter never{test.topic("never/subscribed")};
    Unsubscribe request;
    request.packet_id = test.next_id();
    request.filters = List<Unsubscribe::Filter>(std::span<const Unsubscribe::Filter>(&never, 1));
    co_await ask(peer, request);
}
Task<void> disconnect(Test&, Peer* peer) {
    peer->send_bytes("\x36\x05\x00\x01t\x00\x01"sv);  // a PUBLISH at QoS 3
    co_await peer->ending();
}

}  // namespace

CASE(limits, connack_reason,
     "A refusing CONNACK with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.2.2-19", "MQTT-3.2.2-20"}}) {
    std::size_t size = 0;
    for (const Text who : {"control"sv, "client"sv}) {
        auto* client = co_await test.open(who);
        Connect hello = size ? small_hello(test, who, size - 1) : test.hello(who);
        const Property method(property::authentication_method, "mqttspec: no such method"sv);
        hello.properties = test.with(hello.properties, method);
        client->send(hello);
        co_await client->ending();
        if (size)
            judge_sizes(test, client, size - 1);
        else
            size = size_with_reason(client, Type::connack);
        if (!size) test.unreachable("the broker sends no Reason String or User Property in a refusing CONNACK");
    }
}

CASE(limits, puback_reason, "A PUBACK with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.4.2-2", "MQTT-3.4.2-3"}, .needs = {Need::qos1}}) {
    co_await answer_keeps_to_the_maximum(test, Type::puback, &puback);
}

CASE(limits, pubrec_reason, "A PUBREC with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.5.2-2", "MQTT-3.5.2-3"}, .needs = {Need::qos2}}) {
    co_await answer_keeps_to_the_maximum(test, Type::pubrec, &pubrec);
}

CASE(limits, pubrel_reason, "A PUBREL with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.6.2-2", "MQTT-3.6.2-3"}, .needs = {Need::qos2}}) {
    co_await answer_keeps_to_the_maximum(test, Type::pubrel, &pubrel);
}

CASE(limits, pubcomp_reason, "A PUBCOMP with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.7.2-2", "MQTT-3.7.2-3"}, .needs = {Need::qos2}}) {
    co_await answer_keeps_to_the_maximum(test, Type::pubcomp, &pubcomp);
}

CASE(limits, suback_reason, "A SUBACK with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.9.2-1", "MQTT-3.9.2-2"}}) {
    co_await answer_keeps_to_the_maximum(test, Type::suback, &suback);
}

CASE(limits, unsuback_reason, "An UNSUBACK with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.11.2-1", "MQTT-3.11.2-2"}}) {
    co_await answer_keeps_to_the_maximum(test, Type::unsuback, &unsuback);
}

CASE(limits, disconnect_reason,
     "A DISCONNECT with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.14.2-3", "MQTT-3.14.2-4"}}) {
    co_await answer_keeps_to_the_maximum(test, Type::disconnect, &disconnect);
}

}  // namespace conformance
