// 4.7.2 Topics beginning with $.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// A filter that begins with a wildcard hears the fence and may not hear the topic with the $.
struct Dollar {
    Text topic{};    // $mqttspec/INNER
    Text fence{};    // mqttspec/INNER
    Text inner{};    // this test's own
};
Dollar dollar(Test& test) {
    const std::string inner(test.topic("dollar"));
    return {test.text("$mqttspec/" + inner), test.text("mqttspec/" + inner), test.text(inner)};
}
std::vector<Text> wildcards(Test& test, const Dollar& d) {
    return {test.text("+/" + std::string(d.inner)), test.text("+/" + std::string(d.inner) + "/#"), "#"};
}

/// No retained messages of everybody's where that can be asked for; # hears what other cases do too.
Task<Peer*> listen(Test& test, Text filter, std::uint8_t retain_handling) {
    auto* listener = co_await test.connect("listener");
    listener->tolerant = true;  // what others provoke is not this case's business
    Subscribe::Entry entry;
    entry.filter = filter;
    if (test.v5()) entry.retain_handling = retain_handling;
    co_await test.subscribe_with(listener, entry);
    co_return listener;
}

Task<void> hears_no_dollar(Test& test, Peer* listener, Peer* speaker, Text fence, std::string filter) {
    const auto heard = co_await test.up_to_fence(listener, speaker, fence);
    for (const Publish& delivery : heard)
        test.check(!delivery.topic.starts_with("$"), filter + " gets a message on " + quoted(delivery.topic));
    co_await test.leave(listener);
}

/// $SYS topics that the broker keeps or sends of itself.
Task<bool> has_sys_topics(Test& test) {
    auto* client = co_await test.connect("reader");
    client->tolerant = true;
    co_await test.subscribe(client, "$SYS/#", QoS::at_most_once);
    const auto heard = co_await client->fence();
    co_await test.leave(client);
    co_return !heard.empty();
}

/// A message of the speaker's own on a $ topic: the control hears it, the wildcards do not.
Task<void> own_topic(Test& test, Peer* speaker, const Dollar& d) {
    auto* control = co_await test.connect("control");
    co_await test.subscribe(control, d.topic, QoS::at_most_once);
    auto filters = wildcards(test, d);
    if (test.offers.shared) filters.push_back(test.text("$share/group/" + std::string(filters[0])));
    for (const Text filter : filters) {
        auto* listener = co_await listen(test, filter, 2);
        co_await test.publish(speaker, d.topic, "for those who spell it out");
        co_await test.receive(control);
        co_await hears_no_dollar(test, listener, speaker, d.fence, quoted(filter));
    }
}

}  // namespace

CASE(topics, dollar_is_not_for_wildcards, "A filter that begins with a wildcard does not get topics that begin with $",
     {.v3_1_1 = {"MQTT-4.7.2-1"}, .v5 = {"MQTT-4.7.2-1"}, .needs = {Need::wildcard}}) {
    const Dollar d = dollar(test);
    auto* speaker = co_await test.connect("speaker");
    if (test.offers.dollar_topics) co_await own_topic(test, speaker, d);
    const bool sys = co_await has_sys_topics(test);
    if (!sys && !test.offers.dollar_topics) test.unreachable("there is no topic that begins with $ to be heard");
    for (const Text filter : {"#"sv, "+/#"sv}) {
        if (!sys) continue;
        auto* listener = co_await listen(test, filter, 0);
        co_await hears_no_dollar(test, listener, speaker, d.fence, quoted(filter));
    }
}

CASE(topics, dollar_retained, "A retained message on a topic that begins with $ is not sent for a wildcard there",
     {.v3_1_1 = {"MQTT-4.7.2-1"},
      .v5 = {"MQTT-4.7.2-1"},
      .needs = {Need::wildcard, Need::dollar_topics, Need::retain, Need::qos1}}) {
    const Dollar d = dollar(test);
    auto* speaker = co_await test.connect("speaker");
    co_await test.retain(speaker, d.topic, "retained");
    auto* control = co_await test.connect("control");
    co_await test.subscribe(control, d.topic, QoS::at_most_once);
    co_await test.receive(control);
    auto filters = wildcards(test, d);
    filters.pop_back();  // # gets everybody's retained messages
    for (const Text filter : filters) {
        auto* listener = co_await listen(test, filter, 0);
        co_await hears_no_dollar(test, listener, speaker, d.fence, quoted(filter));
    }
}

}  // namespace conformance
