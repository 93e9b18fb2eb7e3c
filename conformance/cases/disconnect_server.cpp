// 3.14 DISCONNECT from the server (5.0): when it may come, what may be in it, and that it is the last packet.
#include "conformance/cases/connect_octets.hpp"
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// What is not allowed on a connection, by name.
struct Fault {
    std::string octets, name;
};
std::vector<Fault> faults(Test& test) {
    std::string qos_3 = test.octets(test.message(test.topic(), "QoS 3", QoS::exactly_once));
    return {{test.octets(test.hello("offender")), "a second CONNECT"},
            {with_head(std::move(qos_3), 0x36), "a PUBLISH with QoS 3"},
            {packet_of(0x00, ""), "a packet of type 0"}};
}

/// How that ends; nothing where the server does not notice the fault, which other cases judge.
Task<std::optional<Ending>> ending_after(Test& test, Peer* offender, Fault f) {
    offender->send_bytes(f.octets);
    std::optional<Ending> end;
    try {
        end = co_await offender->ending();
    } catch (const Failure&) {
        if (offender->disconnect()) throw Failure("the connection stays open after the server's DISCONNECT");
        test.info(f.name + " goes unnoticed");
    }
    co_return end;
}

}  // namespace

CASE(disconnect, none_before_connack, "The server sends no DISCONNECT to a client it has not accepted",
     {.v5 = {"MQTT-3.14.0-1"}}) {
    const std::string right = test.octets(test.hello("client"));
    Connect unknown_method = test.hello("client"), twice = test.hello("client");
    const Property method(property::authentication_method, "mqttspec-made-up"), maximum(property::receive_maximum, 10u);
    unknown_method.properties = test.with({}, method);
    const Properties one = test.with({}, maximum);
    twice.properties = test.with(one, maximum);
    const std::vector<Fault> first{{with_head(right, 0x11), "a CONNECT with wrong flags"},
                                   {test.octets(unknown_method), "a CONNECT with an unknown authentication method"},
                                   {test.octets(twice), "a CONNECT with a property twice"},
                                   {right.substr(0, 2) + "\0\4MQTX"s + right.substr(8), "another protocol name"},
                                   {test.octets(Pingreq{}), "a PINGREQ before CONNECT"},
                                   {packet_of(0xF0, ""), "an AUTH before CONNECT"},
                                   {packet_of(0xE0, ""), "a DISCONNECT before CONNECT"}};
    for (const Fault& f : first) co_await test.must_refuse(f.octets, f.name);
}

CASE(disconnect, of_the_server_is_well_formed, "A DISCONNECT of the server has a reason servers may give and no expiry",
     {.v5 = {"MQTT-3.14.2-1", "MQTT-3.14.2-2"}}) {
    std::vector<Disconnect> seen;
    const auto all = faults(test);
    for (const Fault& f : all) {
        auto* offender = co_await test.connect("offender");
        const auto end = co_await ending_after(test, offender, f);
        if (end && end->disconnect) seen.push_back(*end->disconnect);
    }
    auto* first = co_await test.connect("twin");
    co_await test.connect("twin");
    const Ending end = co_await test.must_close(first, "a takeover", reasons(0x8E));
    if (end.disconnect) seen.push_back(*end.disconnect);
    if (seen.empty()) test.unreachable("the server sends no DISCONNECT");
    for (const Disconnect& d : seen) {
        test.check(d.reason != 0x04, "the server's DISCONNECT has the reason 0x04, which is for clients");
        const auto expiry = find(d.properties, property::session_expiry_interval);
        test.check(!expiry, "the server's DISCONNECT has a Session Expiry Interval");
    }
}

CASE(disconnect, of_the_server_is_the_last, "Nothing follows a DISCONNECT of the server but its close",
     {.v5 = {"MQTT-3.14.4-1", "MQTT-3.14.4-2", "MQTT-4.13.2-1"}}) {
    const Text topic = test.topic();
    auto *victim = co_await test.connect("twin"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(victim, topic, QoS::at_most_once);
    for (int n = 0; n < 20; ++n) speaker->send(test.message(topic, "before"));
    victim->send(Pingreq{});
    co_await victim->expect<Pingresp>();
    auto* other = co_await test.open("twin");
    other->send(test.hello("twin"));
    for (int n = 0; n < 20; ++n) speaker->send(test.message(topic, "meanwhile"));
    victim->send(Pingreq{});
    const Ending end = co_await victim->ending();
    if (!end.disconnect) test.unreachable("the server sends no DISCONNECT at a takeover");
    test.check(type_of(end.packets.back()) == Type::disconnect,
               "the last packet before the close is " + std::string(name(type_of(end.packets.back()))));
}

CASE(disconnect, of_the_server_closes, "The server closes the connection after its own DISCONNECT",
     {.v5 = {"MQTT-3.14.4-2", "MQTT-4.13.2-1"}}) {
    const auto all = faults(test);
    bool said = false;
    for (const Fault& f : all) {
        auto* offender = co_await test.connect("offender");
        const Fault and_more{f.octets + "\xC0\x00"s, f.name};  // PINGREQ: what comes after is not to be served
        const auto end = co_await ending_after(test, offender, and_more);
        if (!end || !end->disconnect) continue;
        said = true;
        test.check(type_of(end->packets.back()) == Type::disconnect, "a packet follows the DISCONNECT after " + f.name);
    }
    if (!said) test.unreachable("the server sends no DISCONNECT");
}

}  // namespace conformance
