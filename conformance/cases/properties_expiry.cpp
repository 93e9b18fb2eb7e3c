// 3.3.2.3.3 PUBLISH Message Expiry Interval.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

constexpr auto long_enough = 3s;  // for an interval of 1 s to be over on brokers that count whole seconds

Publish expiring(Test& test, Text topic, Text payload, std::uint32_t seconds, bool retain = false) {
    Publish m = test.message(topic, payload, QoS::at_least_once, retain);
    const Property interval(property::message_expiry_interval, seconds);
    m.properties = test.with({}, interval);
    return m;
}

/// 60 s less what the message has waited, two seconds either way, and never the whole of it after a wait.
void judge_rest(Test& test, const Publish& delivery, net::Time published, std::string from) {
    const auto rest = find(delivery.properties, property::message_expiry_interval);
    test.check(rest.has_value(), "Message Expiry Interval is missing in the copy from " + from);
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(test.now() - published).count();
    const auto due = 60 - waited;
    test.check(rest->number + 2 >= due && rest->number <= due + 2, "Message Expiry Interval in the copy from " + from +
                                                                       " is " + std::to_string(rest->number) +
                                                                       " after " + std::to_string(waited) + " of 60 s");
}

}  // namespace

CASE(properties, expired_in_the_queue, "A message whose expiry passes while the client is away is not delivered",
     {.v5 = {"MQTT-3.3.2-5"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto* listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(listener, topic);
    co_await test.leave(listener);
    auto* speaker = co_await test.connect("speaker");
    const Publish brief = expiring(test, topic, "1 s", 1), lasting = expiring(test, topic, "300 s", 300);
    co_await test.publish_with(speaker, brief);
    co_await test.publish(speaker, topic, "no expiry", QoS::at_least_once);
    co_await test.publish_with(speaker, lasting);
    co_await test.wait(speaker, long_enough);

    auto* back = co_await test.resume("listener");
    for (const Text due : {"no expiry"sv, "300 s"sv}) {
        const auto delivery = co_await test.receive(back);
        test.equal(delivery.payload, due, "payload of what is delivered after 3 s");
    }
    co_await test.hears_nothing(back, speaker, topic, "an expired message is delivered");
}

CASE(properties, expired_in_the_retained_store,
     "A retained message whose expiry has passed is not sent to a subscriber",
     {.v5 = {"MQTT-3.3.2-5"}, .needs = {Need::qos1, Need::retain}}) {
    const Text topic = test.topic("brief"), other = test.topic("lasting");
    auto* speaker = co_await test.connect("speaker");
    const Publish brief = expiring(test, topic, "1 s", 1, true), lasting = expiring(test, other, "300 s", 300, true);
    co_await test.publish_with(speaker, brief);
    co_await test.publish_with(speaker, lasting);
    co_await test.wait(speaker, long_enough);

    auto* newcomer = co_await test.connect("newcomer");
    co_await test.subscribe(newcomer, topic);
    co_await test.subscribe(newcomer, other);
    const auto delivery = co_await test.receive(newcomer);
    test.equal(delivery.payload, "300 s"sv, "payload of what is sent at subscribe after 3 s");
    co_await test.hears_nothing(newcomer, speaker, topic, "an expired retained message is sent");
}

CASE(properties, expiry_counts_down, "A message is forwarded with its expiry less the time it has waited",
     {.v5 = {"MQTT-3.3.2-6"}, .needs = {Need::qos1, Need::kept_sessions}}) {
    const Text topic = test.topic();
    auto *live = co_await test.connect("live"), *listener = co_await test.connect("listener", Keep::yes);
    co_await test.subscribe(live, topic);
    co_await test.subscribe(listener, topic);
    co_await test.leave(listener);
    auto* speaker = co_await test.connect("speaker");
    const Publish m = expiring(test, topic, "60 s", 60);
    const auto published = test.now();
    co_await test.publish_with(speaker, m);
    const auto at_once = co_await test.receive(live);
    judge_rest(test, at_once, published, "a live subscription");
    test.check(number_or(at_once.properties, property::message_expiry_interval, 0) <= 60,
               "Message Expiry Interval grows on the way");
    co_await test.wait(speaker, long_enough);

    auto* back = co_await test.resume("listener");
    const auto late = co_await test.receive(back);
    judge_rest(test, late, published, "the queue");
}

CASE(properties, retained_expiry_counts_down, "A retained message is sent with its expiry less the time it was stored",
     {.v5 = {"MQTT-3.3.2-6"}, .needs = {Need::qos1, Need::retain}}) {
    const Text topic = test.topic();
    auto* speaker = co_await test.connect("speaker");
    const Publish m = expiring(test, topic, "60 s", 60, true);
    const auto published = test.now();
    co_await test.publish_with(speaker, m);
    co_await test.wait(speaker, long_enough);

    auto* newcomer = co_await test.connect("newcomer");
    co_await test.subscribe(newcomer, topic);
    const auto delivery = co_await test.receive(newcomer);
    judge_rest(test, delivery, published, "the retained store");
}

}  // namespace conformance
