// 3.1.2.10 Keep Alive; 5.0, 3.2.2.3.14 Server Keep Alive.
#include "conformance/cases/wills.hpp"

namespace conformance {
namespace {

/// The Keep Alive that holds on that connection, in milliseconds: the server's where it gives one.
milliseconds keep_alive_of(const Test& test, const Peer* client, std::uint16_t asked) {
    return 1000ms * number_or(test.connack(client).properties, property::server_keep_alive, asked);
}
/// When the server has to have closed, counted from the last packet of the client. The text knows no tolerance, but
/// some right-minded servers look at idle clients every few seconds only (mosquitto 2.0.11: every five).
net::Duration due(const Test& test, milliseconds keep_alive) {
    return keep_alive * 3 / 2 + milliseconds(test.profile.tolerance_ms.value_or(8000));
}

std::string in_ms(net::Duration d) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(d).count()) + " ms";
}

/// Longer ones would hold up the run.
void has_to_be_short(Test& test, milliseconds keep_alive) {
    if (keep_alive == 0ms) test.unreachable("the server does without Keep Alive");
    const auto length = std::to_string(keep_alive / 1s) + " s";
    if (keep_alive > 2s) test.unreachable("the server asks for a Keep Alive of " + length);
}

/// The server closes in time; sooner than in one and a half times Keep Alive it may, but need not.
Task<void> is_cut_off(Test& test, Peer* client, net::Time since, milliseconds keep_alive) {
    const auto last = since + due(test, keep_alive);
    Ending end;
    try {
        end = co_await client->ending(last - test.now());
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        throw Failure("a silent client is not cut off", "a close within " + in_ms(last - since), f.actual);
    }
    const auto waited = test.now() - since;
    if (waited < keep_alive) test.warn("cut off after " + in_ms(waited) + " of silence");
    if (end.disconnect && end.disconnect->reason != 0x8D)
        test.warn("a silent client gets DISCONNECT with reason " + std::to_string(end.disconnect->reason));
}

}  // namespace

CASE(keep_alive, silent_client_is_cut_off, "A client silent for 1.5 times its Keep Alive is closed, and its will comes",
     {.v3_1_1 = {"MQTT-3.1.2-24", "MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-22", "MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    Connect c = with_will(test, "client", topic, "gone");
    c.keep_alive = 1;
    auto* client = co_await test.connect_as("client", c);
    has_to_be_short(test, keep_alive_of(test, client, 1));
    co_await is_cut_off(test, client, test.now(), keep_alive_of(test, client, 1));
    co_await hears_will(test, a.watcher, topic, "gone", "the end of a silent client");
}

CASE(keep_alive, deliveries_are_no_sign_of_life, "What the server sends does not keep a silent client connected",
     {.v3_1_1 = {"MQTT-3.1.2-24"}, .v5 = {"MQTT-3.1.2-22"}}) {
    const Text topic = test.topic("news");
    Connect c = test.hello("client");
    c.keep_alive = 1;
    auto* client = co_await test.connect_as("client", c);
    const auto keep_alive = keep_alive_of(test, client, 1);
    has_to_be_short(test, keep_alive);
    auto* speaker = co_await test.connect("speaker");
    co_await test.subscribe(client, topic, QoS::at_most_once);
    const auto since = test.now();
    while (!client->ended()) {
        const bool hope = test.now() - since < due(test, keep_alive);
        test.check(hope, "a silent client that gets deliveries is not cut off");
        co_await test.publish(speaker, topic, "news");
        co_await test.wait(speaker, 200ms);
    }
    test.check(client->waiting_deliveries() > 0, "no delivery came to the silent client");
}

CASE(keep_alive, client_that_pings_stays, "A client that sends PINGREQ in time stays connected",
     {.v3_1_1 = {"MQTT-3.1.2-24"}, .v5 = {"MQTT-3.1.2-22"}}) {
    Connect c = test.hello("client");
    c.keep_alive = 1;
    auto* client = co_await test.connect_as("client", c);
    has_to_be_short(test, keep_alive_of(test, client, 1));
    for (int n = 0; n < 6; ++n) {
        co_await test.wait(client, 450ms);
        if (co_await client->stays_open_through_ping()) continue;
        test.warn("a client that pings within its Keep Alive is cut off");
        co_return;
    }
    co_await is_cut_off(test, client, test.now(), keep_alive_of(test, client, 1));
}

CASE(keep_alive, value_of_the_client_holds, "Without Server Keep Alive the client's value holds, each client's its own",
     {.v5 = {"MQTT-3.2.2-22"}}) {
    const auto since = test.now();
    Peer* clients[2]{};
    for (std::uint16_t n : {std::uint16_t(0), std::uint16_t(1)}) {
        Connect c = test.hello(n ? "second" : "first");
        c.keep_alive = std::uint16_t(n + 1);
        clients[n] = co_await test.connect_as(n ? "second" : "first", c);
        if (find(test.connack(clients[n]).properties, property::server_keep_alive))
            test.skip("CONNACK has a Server Keep Alive");
    }
    co_await is_cut_off(test, clients[0], since, 1s);
    co_await is_cut_off(test, clients[1], since, 2s);
}

}  // namespace conformance
