// 3.1.3.1: client identifiers that have to be accepted, empty ones, and ones the server may refuse.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

constexpr std::string_view characters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

Connect without_id(Test& test, bool clean) {
    Connect c = test.hello("nobody");
    c.client_id = "";
    c.clean_start = clean;
    return c;
}

struct Reply {
    Peer* peer;
    std::optional<Packet> packet;  // none: the connection was closed
    const Connack* connack() const { return packet ? std::get_if<Connack>(&*packet) : nullptr; }
    bool accepted() const { return connack() && connack()->code == 0; }
};
Task<Reply> reply_to(Test& test, const Connect& c) {
    Reply reply;
    reply.peer = co_await test.open("client");
    reply.peer->send(c);
    reply.packet = co_await reply.peer->next();
    if (reply.packet && !reply.connack()) test.fail("CONNECT is answered by " + print(*reply.packet, test.version));
    co_return reply;
}

/// A client identifier refused for what it is: code 2 (3.1.1) or, as advice, 0x85 (5.0), and the close.
Task<void> is_refused_as_identifier(Test& test, Reply reply, std::string what) {
    const Connack* connack = reply.connack();
    if (connack && !test.v5()) test.equal(connack->code, 2, "CONNACK code that refuses " + what);
    if (connack && test.v5() && connack->code != 0x85)
        test.warn(what + " is refused with reason " + std::to_string(connack->code));
    if (!connack && !test.v5()) test.fail(what + " is refused by a bare close, without CONNACK 2");
    if (connack) test.check(!connack->session_present, "Session Present 1 in a CONNACK that refuses " + what);
    const Ending end = co_await reply.peer->ending();
    for (const Packet& p : end.packets) test.fail("after a refusal comes " + print(p, test.version));
}

}  // namespace

CASE(connect, plain_client_ids_are_accepted, "Client identifiers of 1 to 23 letters and digits are accepted",
     {.v3_1_1 = {"MQTT-3.1.3-5"}, .v5 = {"MQTT-3.1.3-5"}}) {
    const std::string unique(test.client_id(""));
    std::vector<std::string> ids{unique.substr(unique.size() - 1), unique};
    for (std::size_t at = 0; at < characters.size(); at += 11) {
        std::string id = unique + std::string(characters.substr(at, 11));
        id.resize(23, '0');
        ids.push_back(id);
    }
    for (const std::string& id : ids) {
        Connect c = test.hello("client");
        c.client_id = id;
        const Reply reply = co_await reply_to(test, c);
        test.check(reply.accepted(), "client identifier " + quoted(id) + " is not accepted");
        co_await test.leave(reply.peer);
    }
}

CASE(connect, empty_client_ids_get_their_own, "Clients with empty identifiers are told apart, or refused",
     {.v3_1_1 = {"MQTT-3.1.3-6"}, .v5 = {"MQTT-3.1.3-6", "MQTT-3.2.2-16"}}) {
    const Connect nameless = without_id(test, true);
    const Reply first = co_await reply_to(test, nameless);
    if (!first.accepted()) {
        test.info("empty client identifiers are refused");
        co_await is_refused_as_identifier(test, first, "an empty client identifier");
        co_return;
    }
    const Reply second = co_await reply_to(test, nameless);
    test.check(second.accepted(), "a second client with an empty identifier is refused");
    test.check(co_await first.peer->stays_open_through_ping(), "the first nameless client is thrown out by the second");
    test.check(co_await second.peer->stays_open_through_ping(), "the second nameless client is thrown out");
    if (test.v5()) {
        const auto one = find(first.connack()->properties, property::assigned_client_identifier);
        const auto two = find(second.connack()->properties, property::assigned_client_identifier);
        test.check(one && two, "a CONNACK to an empty client identifier has no Assigned Client Identifier");
        test.check(one->text != two->text, "two nameless clients share the identifier " + quoted(one->text));
        test.check(!one->text.empty() && !two->text.empty(), "the Assigned Client Identifier is empty");
    }
    const Text topic = test.topic("news");  // they work separately
    co_await test.subscribe(first.peer, topic, QoS::at_most_once);
    co_await test.publish(second.peer, topic, "hello");
    const auto delivery = co_await test.receive(first.peer);
    test.equal(Text(delivery.payload), Text("hello"), "payload");
    test.check(second.peer->waiting_deliveries() == 0, "a nameless client hears what another subscribed to");
}

CASE(connect, assigned_client_id_is_the_session_key, "A session begun without an id is found by the assigned one",
     {.v5 = {"MQTT-3.1.3-7"}, .needs = {Need::kept_sessions}}) {
    Connect c = without_id(test, true);
    c.properties = test.with({}, {property::session_expiry_interval, 60u});
    const Reply first = co_await reply_to(test, c);
    if (!first.accepted()) test.skip("empty client identifiers are refused");
    const auto assigned = find(first.connack()->properties, property::assigned_client_identifier);
    test.check(assigned.has_value(), "a CONNACK to an empty client identifier has no Assigned Client Identifier");
    const Text topic = test.topic("news");
    co_await test.subscribe(first.peer, topic, QoS::at_most_once);
    co_await test.leave(first.peer);

    Connect again = test.hello("client", Keep::yes);
    again.client_id = assigned->text;
    auto* client = co_await test.connect_as("client", again);
    test.equal(test.connack(client).session_present, true, "Session Present on return with the assigned identifier");
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(client, speaker, topic);
}

CASE(connect, empty_id_demands_clean_session, "An empty identifier with clean session 0 gets CONNACK 2 and a close",
     {.v3_1_1 = {"MQTT-3.1.3-8", "MQTT-3.1.3-7", "MQTT-3.2.2-4", "MQTT-3.2.2-5"}}) {
    const Connect kept = without_id(test, false);
    const Reply reply = co_await reply_to(test, kept);
    test.check(!reply.accepted(), "an empty client identifier with clean session 0 is accepted");
    co_await is_refused_as_identifier(test, reply, "an empty client identifier with clean session 0");
}

CASE(connect, unusual_client_ids_are_a_choice, "A long or odd identifier is accepted, or refused as an identifier",
     {.v3_1_1 = {"MQTT-3.1.3-9"}, .v5 = {"MQTT-3.1.3-8"}}) {
    const std::string unique(test.client_id("x"));
    const std::string unusual[]{unique + std::string(24 - unique.size(), 'x'), unique + std::string(300, 'x'),
                                unique + "-_.:", unique + "/a b", unique + "\xC3\xA9\xE2\x82\xAC"};
    for (const std::string& id : unusual) {
        Connect c = test.hello("client");
        c.client_id = id;
        const Reply reply = co_await reply_to(test, c);
        const auto what = "the client identifier " + quoted(id, 40);
        if (reply.accepted()) {
            test.check(co_await reply.peer->stays_open_through_ping(), what + " is accepted and then dropped");
            co_await test.leave(reply.peer);
            continue;
        }
        test.info(what + " is refused");
        const Connack* connack = reply.connack();
        if (connack && !test.v5() && connack->code == 5) continue;  // the login may not use it: no rejection of the id
        co_await is_refused_as_identifier(test, reply, what);
    }
}

}  // namespace conformance
