// 3.2 CONNACK: first of all, Session Present, the acknowledge flags, refusals.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

/// A CONNECT that is likely to be refused by a CONNACK: a bad level (3.1.1), an unknown Authentication Method (5.0).
std::string refusable(Test& test, Text who, Keep keep) {
    Connect c = test.hello(who, keep);
    if (test.v5())
        c.properties = test.with(c.properties, {property::authentication_method, "mqttspec-unknown-method"sv});
    else c.level = 1;
    return test.octets(c);
}

/// The CONNACK that refuses, taken; none where the connection is closed without a word (5.0 alone leaves that open).
Task<std::optional<Connack>> refusal(Test& test, Peer* p, std::string connect_octets) {
    p->send_bytes(connect_octets);
    const auto answer = co_await p->next();
    if (!answer) co_return std::nullopt;
    const auto* connack = std::get_if<Connack>(&*answer);
    if (!connack) test.fail("CONNECT is answered by " + print(*answer, test.version));
    if (connack->code == 0) test.unreachable("the CONNECT that was to be refused is accepted");
    co_return *connack;
}

}  // namespace

CASE(connack, comes_before_other_answers, "CONNACK comes first, though SUBSCRIBE and PINGREQ came along with CONNECT",
     {.v3_1_1 = {"MQTT-3.2.0-1"}, .v5 = {"MQTT-3.2.0-1"}}) {
    const Subscribe::Entry entry{.filter = test.topic("news")};
    Subscribe subscribe;
    subscribe.packet_id = test.next_id();
    subscribe.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    auto* client = co_await test.open("client");
    client->send_bytes(test.octets(test.hello("client")) + test.octets(subscribe) + test.octets(Pingreq()));
    const auto first = co_await client->next();
    test.check(first && std::holds_alternative<Connack>(*first), "the first packet from the server is no CONNACK");
    test.equal(std::get<Connack>(*first).code, 0, "CONNACK code");
    co_await client->expect<Suback>();
    co_await client->expect<Pingresp>();
}

CASE(connack, comes_before_queued_messages, "CONNACK comes before the messages of a resumed session",
     {.v3_1_1 = {"MQTT-3.2.0-1"}, .v5 = {"MQTT-3.2.0-1"}, .needs = {Need::kept_sessions, Need::qos1}}) {
    const Text topic = test.topic("news");
    auto* client = co_await test.connect("client", Keep::yes);
    const QoS granted = co_await test.subscribe(client, topic, QoS::at_least_once);
    if (granted == QoS::at_most_once) test.skip("the subscription is granted QoS 0, so nothing has to be queued");
    co_await test.leave(client);
    auto* speaker = co_await test.connect("speaker");
    co_await test.publish(speaker, topic, "queued", QoS::at_least_once);

    client = co_await test.open("client");
    client->send(test.hello("client", Keep::yes));
    const auto first = co_await client->next();
    test.check(first && std::holds_alternative<Connack>(*first), "the first packet from the server is no CONNACK");
    const auto queued = co_await test.receive(client);
    test.equal(Text(queued.payload), Text("queued"), "payload of the queued message");
}

CASE(connack, flags_are_zero_but_session_present, "Bits 7 to 1 of the acknowledge flags are 0",
     {.v3_1_1 = {"X-3.2.2-acknowledge-flags"}, .v5 = {"MQTT-3.2.2-1"}}) {
    for (Keep keep : {Keep::no, Keep::yes, Keep::yes}) {
        auto* client = co_await test.connect("client", keep);
        const std::string_view connack = client->frames().at(0);
        Fault fault;
        const Frame header = frame(octets(connack), test.version, fault);
        test.equal(std::uint8_t(connack.at(header.body)) & 0xfe, 0, "bits 7 to 1 of the acknowledge flags");
        co_await test.leave(client);
    }
}

CASE(connack, clean_session_has_session_present_0, "CONNECT with clean session 1 gets Session Present 0",
     {.v3_1_1 = {"MQTT-3.2.2-1"}, .v5 = {"MQTT-3.2.2-2"}, .needs = {Need::kept_sessions}}) {
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.leave(client);
    client = co_await test.connect("client", Keep::yes);
    if (!test.connack(client).session_present) test.unreachable("the session is not there on return");
    co_await test.leave(client);
    client = co_await test.connect("client", Keep::no);
    test.equal(test.connack(client).session_present, false, "Session Present with clean session 1");
}

CASE(connack, kept_session_has_session_present_1, "On return to a kept session, subscribed or not, it is 1",
     {.v3_1_1 = {"MQTT-3.2.2-2"}, .v5 = {"MQTT-3.2.2-3"}, .needs = {Need::kept_sessions}}) {
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.leave(client);
    client = co_await test.resume("client");
    co_await test.subscribe(client, test.topic("news"), QoS::at_most_once);
    test.cut(client);
    co_await test.resume("client");
}

CASE(connack, fresh_client_has_session_present_0, "A fresh identifier with clean session 0 gets Session Present 0",
     {.v3_1_1 = {"MQTT-3.2.2-3"}, .v5 = {"MQTT-3.2.2-3"}}) {
    auto* client = co_await test.connect("client", Keep::yes);
    test.equal(test.connack(client).session_present, false, "Session Present for a fresh identifier");
}

CASE(connack, refusal_has_session_present_0, "A CONNACK that refuses has Session Present 0, for a stored session too",
     {.v3_1_1 = {"MQTT-3.2.2-4"}, .v5 = {"MQTT-3.2.2-6"}, .needs = {Need::kept_sessions}}) {
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.leave(client);
    client = co_await test.open("client");
    client->tolerant = true;  // Session Present 1 is a fault of the packet as well
    const std::string octets = refusable(test, "client", Keep::yes);
    const auto connack = co_await refusal(test, client, octets);
    if (!connack) test.unreachable("the refusal is a bare close");
    test.equal(connack->session_present, false, "Session Present in a refusal");
}

CASE(connack, refusal_is_followed_by_close, "A CONNACK that refuses is followed by the server's close",
     {.v3_1_1 = {"MQTT-3.2.2-5"}, .v5 = {"MQTT-3.2.2-7"}}) {
    auto* client = co_await test.open("client");
    const std::string octets = refusable(test, "client", Keep::no);
    const auto connack = co_await refusal(test, client, octets);
    if (!connack) test.unreachable("the refusal is a bare close");
    const Ending end = co_await client->ending();
    for (const Packet& p : end.packets) test.fail("after a refusal comes " + print(p, test.version));
}

CASE(connack, code_is_of_the_table, "The code of a CONNACK is one of the table, in refusals too",
     {.v3_1_1 = {"MQTT-3.2.2-6"}, .v5 = {"MQTT-3.2.2-8"}}) {
    RawConnect reserved = raw_connect(test);
    reserved.flags |= connect_flag::reserved;
    const std::string greetings[]{test.octets(test.hello("client")), refusable(test, "client", Keep::no),
                                  reserved.octets()};
    for (const std::string& octets : greetings) {
        auto* client = co_await test.open("client");  // decoding checks the code, and a wrong one ends the wait
        client->send_bytes(octets);
        const auto answer = co_await client->next();
        if (answer) test.check(std::holds_alternative<Connack>(*answer), "CONNECT is answered by another packet");
    }
}

}  // namespace conformance
