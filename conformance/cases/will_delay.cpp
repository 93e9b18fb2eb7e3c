// 5.0, 3.1.3.2.2: the Will Delay Interval, its end by time, by the end of the session, and by a return.
#include "conformance/cases/timing.hpp"
#include "conformance/cases/wills.hpp"

namespace conformance {
namespace {

using namespace property;

Connect with_delay(Test& test, Text who, Text topic, std::uint32_t delay, std::uint32_t expiry) {
    Connect c = with_will(test, who, topic, "gone");
    c.clean_start = false;
    c.properties = expiry ? test.with({}, {session_expiry_interval, expiry}) : Properties();
    c.will->properties = test.with({}, {will_delay_interval, delay});
    return c;
}
/// connect_as(), where the server grants a session longer than the delay.
Task<Peer*> kept_beyond(Test& test, Text who, const Connect& c, std::uint32_t delay) {
    auto* client = co_await test.connect_as(who, c);
    const auto asked = find(c.properties, session_expiry_interval)->number;
    const auto granted = number_or(test.connack(client).properties, session_expiry_interval, asked);
    if (granted <= delay) test.unreachable("the server keeps sessions for " + std::to_string(granted) + " s only");
    co_return client;
}

}  // namespace

CASE(will, delay_holds_it_back, "A will with a delay is published when the delay has run out, and not before",
     {.v5 = {"MQTT-3.1.2-8"}, .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_delay(test, "client", topic, 2, 60);
    auto* client = co_await kept_beyond(test, "client", c, 2);
    const auto cut = test.now();
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "gone", "a cut and a delay of 2 s", 2s + tolerance(test));
    const auto waited = std::chrono::duration_cast<milliseconds>(test.now() - cut);
    test.check(waited >= 1s, "a will with a delay of 2 s comes after " + std::to_string(waited.count()) + " ms");
}

CASE(will, delay_ends_with_the_session, "A will whose delay outlasts the session is published when the session ends",
     {.v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    for (std::uint32_t expiry : {0u, 1u}) {
        const Connect c = with_delay(test, "client", topic, 600, expiry);
        auto* client = co_await test.connect_as("client", c);
        const auto granted = number_or(test.connack(client).properties, session_expiry_interval, expiry);
        if (granted > 2) test.unreachable("the server keeps sessions for " + std::to_string(granted) + " s");
        test.cut(client);
        const auto what = "the end of a session with expiry " + std::to_string(granted) + " s and will delay 600 s";
        const auto within = std::chrono::seconds(granted) + tolerance(test);
        co_await hears_will(test, a.watcher, topic, "gone", what, within);
    }
}

CASE(will, return_in_time_stops_it, "A return to the session before the delay has run out stops the will",
     {.v5 = {"MQTT-3.1.3-9"}, .needs = {Need::kept_sessions}}) {
    const Text cut_topic = test.topic("cut"), taken_topic = test.topic("taken"), late_topic = test.topic("late");
    const Audience a = co_await audience(test, cut_topic);
    co_await test.subscribe(a.watcher, taken_topic, QoS::at_most_once);
    co_await test.subscribe(a.watcher, late_topic, QoS::at_most_once);
    const Connect cut = with_delay(test, "cut", cut_topic, 2, 60);
    const Connect taken = with_delay(test, "taken", taken_topic, 2, 60);
    const Connect late = with_delay(test, "late", late_topic, 2, 60);
    auto* client = co_await kept_beyond(test, "cut", cut, 2);
    test.cut(client);
    co_await test.resume("cut");
    co_await test.connect_as("taken", taken);
    co_await test.resume("taken");  // by takeover
    client = co_await test.connect_as("late", late);
    test.cut(client);  // the control: it stays away
    const auto will = co_await a.watcher->expect<Publish>(2s + tolerance(test));
    test.equal(will.topic, late_topic, "topic of the first will to come, that of the client that stayed away");
    co_await test.wait(a.speaker, 1s);  // servers may count in whole seconds
    co_await test.hears_nothing(a.watcher, a.speaker, cut_topic, "a will is published although its client came back");
}

CASE(will, clean_return_publishes_it, "A clean return ends the session, and with it the delay of the will",
     {.v5 = {"MQTT-3.1.2-8"}, .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_delay(test, "client", topic, 30, 60);
    auto* client = co_await kept_beyond(test, "client", c, 30);
    test.cut(client);
    co_await test.connect("client", Keep::no);
    const auto before = co_await test.up_to_fence(a.watcher, a.speaker, topic);
    if (!before.empty()) co_return;
    try {
        co_await a.watcher->expect<Publish>(1s);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        test.warn("a delayed will is not published when Clean Start 1 ends its session");
    }
}

CASE(will, disconnect_may_end_the_delay, "A DISCONNECT 0x04 that ends the session publishes a delayed will at once",
     {.v5 = {"MQTT-3.1.2-8"}, .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_delay(test, "client", topic, 30, 60);
    auto* client = co_await kept_beyond(test, "client", c, 30);
    Disconnect farewell;
    farewell.reason = 0x04;
    farewell.properties = test.with({}, {session_expiry_interval, 0u});
    client->send(farewell);
    client->half_close();
    co_await client->ending();
    co_await hears_will(test, a.watcher, topic, "gone", "a DISCONNECT that ended the session", tolerance(test));
}

}  // namespace conformance
