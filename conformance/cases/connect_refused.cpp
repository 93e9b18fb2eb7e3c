// 3.1.4: what follows a refused CONNECT is ignored, a refusal stores nothing and is followed by a close.
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

}  // namespace

CASE(connect, packets_after_a_refused_connect_are_ignored, "A PUBLISH behind a refused CONNECT is not delivered",
     {.v3_1_1 = {"MQTT-3.1.4-5"}, .v5 = {"MQTT-3.1.4-6"}}) {
    const Text topic = test.topic("news");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, topic);
    const std::string publish = test.octets(test.message(topic, "not to be heard"));
    for (const std::string& refused : refusable(test)) {
        auto* client = co_await test.open("refused");
        client->tolerant = true;
        client->send_bytes(refused + publish);
        co_await client->ending();
    }
    co_await test.hears_nothing(watcher, speaker, topic, "a PUBLISH behind a refused CONNECT is delivered");
}

CASE(connect, refused_connect_retains_nothing, "A retained PUBLISH behind a refused CONNECT is not kept",
     {.v3_1_1 = {"MQTT-3.1.4-5"}, .v5 = {"MQTT-3.1.4-6"}, .needs = {Need::retain}}) {
    const Text topic = test.topic("news");
    const std::string publish = test.octets(test.message(topic, "not to be kept", QoS::at_most_once, true));
    test.forget_later(topic);
    for (const std::string& refused : refusable(test)) {
        auto* client = co_await test.open("refused");
        client->tolerant = true;
        client->send_bytes(refused + publish);
        co_await client->ending();
    }
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
    auto* client = co_await test.open("refused");
    client->tolerant = true;
    client->send_bytes(spoilt(raw).octets());
    co_await client->ending();
    co_await test.hears_nothing(watcher, speaker, topic, "the will of a refused CONNECT is published");
}

}  // namespace conformance
