// 3.15 AUTH, 4.12 Enhanced authentication (5.0). Where the profile declares no method, only what a server without one
// has to do can be seen.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

Property method(Text name) { return {property::authentication_method, name}; }

/// AUTH with the declared method, or another one, and data.
Auth step(Test& test, std::uint8_t reason, Text data, Text of_method = {}) {
    const Text name = of_method.empty() ? Text(*test.profile.auth_method) : of_method;
    Auth auth;
    auth.reason = reason;
    auth.properties = test.with({}, method(name));
    const Properties with_method = auth.properties;
    if (!data.empty()) auth.properties = test.with(with_method, {property::authentication_data, data});
    return auth;
}
Text good_data(const Test& test) { return test.profile.auth_data ? Text(*test.profile.auth_data) : Text(); }

void check_method(Test& test, const Properties& properties, std::string packet) {
    const auto named = find(properties, property::authentication_method);
    test.check(named.has_value(), packet + " does not name the authentication method");
    test.equal(named->text, *test.profile.auth_method, "the authentication method in " + packet);
}

/// A connection with CONNECT sent, by the declared method, with these data.
Task<Peer*> begin(Test& test, Text data, std::optional<std::uint32_t> maximum_packet_size = {}) {
    Connect c = test.hello("client");
    const Auth like = step(test, 0x18, data);
    for (const Property& p : like.properties) {
        const Properties before = c.properties;
        c.properties = test.with(before, p);
    }
    const Properties before = c.properties;
    if (maximum_packet_size) c.properties = test.with(before, {property::maximum_packet_size, *maximum_packet_size});
    auto* client = co_await test.open("client");
    client->send(c);
    co_return client;
}
/// The AUTH that asks for more, or nothing if the server settles it without.
Task<bool> is_asked_for_more(Test& test, Peer* client) {
    const auto answer = co_await client->next();
    const auto* auth = answer ? std::get_if<Auth>(&*answer) : nullptr;
    if (!auth) co_return false;
    test.equal(unsigned(auth->reason), 0x18u, "reason code of the AUTH before CONNACK");
    check_method(test, auth->properties, "AUTH");
    co_return true;
}
/// Answers every AUTH with the declared data until CONNACK 0 comes.
Task<Peer*> authenticated(Test& test) {
    auto* client = co_await begin(test, good_data(test));
    for (int steps = 0; steps < 10; ++steps) {
        const auto answer = co_await client->next();
        const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
        if (connack && connack->code == 0) {
            check_method(test, connack->properties, "CONNACK");
            co_return client;
        }
        const auto* auth = answer ? std::get_if<Auth>(&*answer) : nullptr;
        if (!auth) test.unreachable("the declared data are not enough for the declared authentication method");
        test.equal(unsigned(auth->reason), 0x18u, "reason code of an AUTH before CONNACK");
        check_method(test, auth->properties, "AUTH");
        client->send(step(test, 0x18, good_data(test)));
    }
    test.unreachable("the authentication exchange does not come to an end");
}

/// Where no method is declared AUTH is an error in any case, and tells little.
Task<Peer*> authenticated_if_possible(Test& test) {
    if (test.profile.auth_method) co_return co_await authenticated(test);
    co_return co_await test.connect("client");
}

/// The end of a connection that is not to be accepted: a close, an error CONNACK before it if the server cares to.
Task<void> refused(Test& test, Peer* client, std::string what, Reasons advice = {}) {
    const Ending end = co_await client->ending();
    for (const Packet& packet : end.packets) {
        const auto* connack = std::get_if<Connack>(&packet);
        test.check(connack && connack->code >= 0x80, what + " is answered by " + print(packet, test.version));
        const bool advised = advice.empty() || std::find(advice.begin(), advice.end(), connack->code) != advice.end();
        if (!advised) test.warn("CONNACK after " + what + " has the reason " + in_hex(connack->code));
    }
}

}  // namespace

CASE(auth, unknown_method, "A CONNECT with a method the server does not support is refused by a close",
     {.v5 = {"MQTT-4.12.0-1"}}) {
    for (const bool with_data : {false, true}) {
        Connect c = test.hello("client");
        const Properties before = c.properties;
        c.properties = test.with(before, method("mqttspec-made-up"));
        const Properties named = c.properties;
        if (with_data) c.properties = test.with(named, {property::authentication_data, "data"sv});
        auto* client = co_await test.open("client");
        client->send(c);
        co_await refused(test, client, "a CONNECT with an unknown method", reasons(0x8C, 0x87));
    }
}

CASE(auth, not_without_method, "Without a method in CONNECT the server sends no AUTH and names no method",
     {.v5 = {"MQTT-4.12.0-6"}}) {
    const Text topic = test.topic();
    auto* client = co_await test.connect("client");
    const auto named = find(test.connack(client).properties, property::authentication_method);
    test.check(!named, "CONNACK names an authentication method");
    co_await test.subscribe(client, topic, QoS::at_most_once);
    co_await test.publish(client, topic, "payload");
    co_await test.receive(client);
    co_await client->fence();
    for (const std::string_view octets : client->frames())
        test.check(Type(std::uint8_t(octets[0]) >> 4) != Type::auth, "AUTH comes without a method in CONNECT");
}

CASE(auth, none_without_method, "An AUTH of a client whose CONNECT had no method ends the connection",
     {.v5 = {"MQTT-4.12.0-7"}}) {
    const Property made_up = method("mqttspec-made-up");
    Auth again;
    again.reason = 0x19;
    again.properties = test.with({}, made_up);
    Auth more = again;
    more.reason = 0x18;
    const std::string packets[]{test.octets(again), test.octets(more), test.octets(Auth{})};
    for (const std::string& octets : packets)
        co_await closes(test, octets, "an AUTH without a method in CONNECT", reasons(0x82));
}

CASE(auth, flags, "An AUTH whose flags are not 0000 ends the connection",
     {.v5 = {"MQTT-3.15.1-1", "MQTT-2.1.3-1"}}) {
    const bool telling = test.profile.auth_method.has_value();
    for (const unsigned flags : {1u, 2u, 4u, 8u, 15u}) {
        auto* client = co_await authenticated_if_possible(test);
        const std::string right = telling ? test.octets(step(test, 0x19, good_data(test))) : packet_of(0xF0, "");
        const std::string what = "an AUTH with the first octet " + in_hex(0xF0 | flags);
        co_await test.must_close_on(client, with_head(right, 0xF0 | flags), what, reasons(0x81, 0x82));
    }
}

CASE(auth, undefined_reason, "An AUTH with a reason that is none ends the connection", {.v5 = {"MQTT-3.15.2-1"}}) {
    const bool telling = test.profile.auth_method.has_value();
    for (const unsigned reason : {0x01u, 0x1Au, 0x80u, 0xFFu}) {
        auto* client = co_await authenticated_if_possible(test);
        const Auth bad = telling ? step(test, std::uint8_t(reason), good_data(test)) : Auth{};
        const std::string octets = telling ? test.octets(bad) : packet_of(0xF0, std::string(1, char(reason)));
        co_await test.must_close_on(client, octets, "an AUTH with the reason " + in_hex(reason), reasons(0x81, 0x82));
    }
}

CASE(auth, exchange, "The server asks for more by AUTH 0x18, and AUTH and CONNACK name the client's method",
     {.v5 = {"MQTT-4.12.0-2", "MQTT-4.12.0-5", "MQTT-3.15.2-1"}, .needs = {Need::authentication_method}}) {
    auto* client = co_await authenticated(test);
    const bool open = co_await client->stays_open_through_ping();
    test.check(open, "the connection ends after a successful authentication");
}

CASE(auth, client_continues, "An answer to AUTH 0x18 with another reason than 0x18 is refused",
     {.v5 = {"MQTT-4.12.0-3"}, .needs = {Need::authentication_method}}) {
    for (const unsigned reason : {0x00u, 0x19u}) {
        auto* client = co_await begin(test, good_data(test));
        const bool asked = co_await is_asked_for_more(test, client);
        if (!asked) test.unreachable("the server settles this method without AUTH");
        client->send(step(test, std::uint8_t(reason), good_data(test)));
        co_await refused(test, client, "an AUTH " + in_hex(reason) + " in place of 0x18");
    }
}

CASE(auth, other_method_in_exchange, "An AUTH with another method than CONNECT had is refused",
     {.v5 = {"MQTT-4.12.0-5"}, .needs = {Need::authentication_method}}) {
    auto* client = co_await begin(test, good_data(test));
    const bool asked = co_await is_asked_for_more(test, client);
    if (!asked) test.unreachable("the server settles this method without AUTH");
    client->send(step(test, 0x18, good_data(test), "mqttspec-made-up"));
    co_await refused(test, client, "an AUTH with another method");
}

CASE(auth, wrong_data, "A client that fails the authentication is refused by a close",
     {.v5 = {"MQTT-4.12.0-4"}, .needs = {Need::authentication_method}}) {
    if (!test.profile.auth_wrong_data) test.skip("no data to be refused are declared (profile: [authentication])");
    auto* client = co_await begin(test, *test.profile.auth_wrong_data);
    const auto answer = co_await client->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    test.check(!connack || connack->code >= 0x80, "a failed authentication is accepted");
    const bool asked = answer && type_of(*answer) == Type::auth;
    if (asked) client->send(step(test, 0x18, *test.profile.auth_wrong_data));
    co_await refused(test, client, "a failed authentication");
}

CASE(auth, re_authentication, "A client may authenticate again, by the method it connected with only",
     {.v5 = {"MQTT-4.12.1-1", "MQTT-4.12.0-5"}, .needs = {Need::authentication_method}}) {
    auto* client = co_await authenticated(test);
    client->send(step(test, 0x19, good_data(test)));
    for (int steps = 0;; ++steps) {
        const auto auth = co_await client->expect<Auth>();
        check_method(test, auth.properties, "AUTH");
        if (auth.reason == 0) break;
        test.equal(unsigned(auth.reason), 0x18u, "reason code of an AUTH that asks for more");
        test.check(steps < 10, "the authentication exchange does not come to an end");
        client->send(step(test, 0x18, good_data(test)));
    }
    const bool open = co_await client->stays_open_through_ping();
    test.check(open, "the connection ends after a successful re-authentication");
    client->send(step(test, 0x19, good_data(test), "mqttspec-made-up"));
    co_await test.must_close(client, "an AUTH 0x19 with another method", reasons(0x82, 0x8C));
}

CASE(auth, failed_re_authentication, "A client that fails to authenticate again is cut off",
     {.v5 = {"MQTT-4.12.1-2"}, .needs = {Need::authentication_method}}) {
    if (!test.profile.auth_wrong_data) test.skip("no data to be refused are declared (profile: [authentication])");
    auto* client = co_await authenticated(test);
    client->send(step(test, 0x19, *test.profile.auth_wrong_data));
    const auto answer = co_await client->next();
    const bool asked = answer && type_of(*answer) == Type::auth;
    if (asked) client->send(step(test, 0x18, *test.profile.auth_wrong_data));
    else if (answer) test.check(type_of(*answer) == Type::disconnect, "a failed re-authentication is answered");
    const Ending end = co_await test.must_close(client, "a failed re-authentication", reasons(0x87, 0x8C));
    if (!end.disconnect) test.warn("no DISCONNECT comes before the close after a failed re-authentication");
}

CASE(auth, reason_fits, "An AUTH with a Reason String or User Property is not larger than the client takes",
     {.v5 = {"MQTT-3.15.2-2", "MQTT-3.15.2-3"}, .needs = {Need::authentication_method}}) {
    auto* free = co_await begin(test, good_data(test));
    const auto answer = co_await free->next();
    const auto* auth = answer ? std::get_if<Auth>(&*answer) : nullptr;
    const auto has = [&](auto id) { return auth && find(auth->properties, id).has_value(); };
    const bool wordy = has(property::reason_string) || has(property::user_property);
    if (!wordy) test.unreachable("no AUTH with a Reason String or User Property comes");
    const std::size_t most = free->frames().front().size() - 1;
    auto* limited = co_await begin(test, good_data(test), std::uint32_t(most));
    const auto second = co_await limited->next();
    for (const std::string_view octets : limited->frames())
        test.check(octets.size() <= most, "an AUTH is larger than the client takes");
    test.check(second.has_value(), "no AUTH comes where it would fit without its Reason String");
}

}  // namespace conformance
