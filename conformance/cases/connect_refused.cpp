// 3.1.4: what follows a refused CONNECT is ignored, and what was in it leaves no trace.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

/// Makes it one that no server takes: another protocol name (3.1.1 demands a close for a bad level only).
RawConnect spoilt(RawConnect raw) {
    if (raw.version == Version::v5) raw.protocol = field("MQTX");
    else raw.level = 1;
    return raw;
}
std::vector<std::string> refusable(Test& test) {
    RawConnect reserved = raw_connect(test);
    reserved.flags |= connect_flag::reserved;
    return {spoilt(raw_connect(test)).octets(), reserved.octets()};
}

/// The server does not serve these octets of a CONNECT, closed or not.
Task<bool> is_refused(Test& test, std::string octets) {
    auto* client = co_await test.open("refused");
    client->tolerant = true;  // the answer may be in another version's form
    client->send_bytes(octets);
    try {
        co_await client->ending();
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        client->reset();
    }
    co_return !was_accepted(client);
}

/// Sends each with these octets behind it, save what is accepted against the rules: that is the affair of other cases.
Task<void> refuse_all(Test& test, std::string behind) {
    int refused = 0;
    for (const std::string& connect : refusable(test)) {
        if (!co_await is_refused(test, connect)) continue;
        ++refused;
        co_await is_refused(test, connect + behind);
    }
    if (refused == 0) test.unreachable("the server accepts every CONNECT that was to be refused");
}

}  // namespace

CASE(connect, packets_after_a_refused_connect_are_ignored, "A PUBLISH behind a refused CONNECT is not delivered",
     {.v3_1_1 = {"MQTT-3.1.4-5"}, .v5 = {"MQTT-3.1.4-6"}}) {
    const Text topic = test.topic("news");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, topic);
    const std::string publish = test.octets(test.message(topic, "not to be heard"));
    co_await refuse_all(test, publish);
    co_await test.hears_nothing(watcher, speaker, topic, "a PUBLISH behind a refused CONNECT is delivered");
}

CASE(connect, refused_connect_retains_nothing, "A retained PUBLISH behind a refused CONNECT is not kept",
     {.v3_1_1 = {"MQTT-3.1.4-5"}, .v5 = {"MQTT-3.1.4-6"}, .needs = {Need::retain}}) {
    const Text topic = test.topic("news");
    const std::string publish = test.octets(test.message(topic, "not to be kept", QoS::at_most_once, true));
    test.forget_later(topic);
    co_await refuse_all(test, publish);
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.hears_nothing(watcher, speaker, topic, "a retained PUBLISH behind a refused CONNECT is kept");
}

CASE(connect, refused_connect_leaves_no_will, "The will of a refused CONNECT is not published",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-7"}}) {
    const Text topic = test.topic("will");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, topic);
    RawConnect raw = raw_connect(test);
    add_will(raw, topic);
    const bool refused = co_await is_refused(test, spoilt(raw).octets());
    if (!refused) test.unreachable("the server accepts the CONNECT that was to be refused");
    co_await test.hears_nothing(watcher, speaker, topic, "the will of a refused CONNECT is published");
}

}  // namespace conformance
