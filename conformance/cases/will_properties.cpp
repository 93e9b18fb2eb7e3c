// 5.0, 3.1.3.2: the properties of a will, and wills with a DISCONNECT that asks for them.
#include "conformance/cases/wills.hpp"

namespace conformance {
namespace {

using namespace property;

/// The will of a client that is cut, as the watcher hears it.
Task<Publish> will_with(Test& test, Text topic, Properties properties) {
    const Audience a = co_await audience(test, topic);
    Connect c = with_will(test, "client", topic, "gone");
    c.will->properties = properties;
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_return co_await hears_will(test, a.watcher, topic, "gone", "a cut");
}

/// The client leaves with that reason, and its will comes.
Task<void> will_after_disconnect(Test& test, Peer* watcher, Text topic, std::uint8_t reason) {
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    Disconnect farewell;
    farewell.reason = reason;
    client->send(farewell);
    client->half_close();
    co_await client->ending();
    co_await hears_will(test, watcher, topic, "gone", "DISCONNECT with reason " + std::to_string(reason));
}

}  // namespace

CASE(will, disconnect_with_will_publishes_it, "DISCONNECT 0x04 leads to the will", {.v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    co_await will_after_disconnect(test, a.watcher, topic, 0x04);
}

CASE(will, disconnect_with_an_error_publishes_it, "A DISCONNECT that tells of an error leads to the will",
     {.v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    for (unsigned reason : {0x80u, 0x81u, 0x83u, 0x93u, 0x97u})
        co_await will_after_disconnect(test, a.watcher, topic, std::uint8_t(reason));
}

CASE(will, malformed_disconnect_publishes_it, "A DISCONNECT of an undefined reason leads to the will",
     {.v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    client->send_bytes("\xE0\x01\x05"sv);
    client->half_close();
    co_await client->ending();
    co_await hears_will(test, a.watcher, topic, "gone", "DISCONNECT with the undefined reason 5");
}

CASE(will, user_properties_keep_their_order, "The User Properties of a will are published in their order",
     {.v5 = {"MQTT-3.1.3-10"}}) {
    const Property pairs[]{{user_property, "b"sv, "1"sv}, {user_property, "a"sv, "2"sv}, {user_property, "b"sv, "3"sv},
                           {user_property, "b"sv, "1"sv}, {user_property, ""sv, ""sv}};
    const auto will = co_await will_with(test, test.topic("will"), Properties(std::span<const Property>(pairs)));
    std::string sent, heard;
    for (const Property& p : pairs) sent += std::string(p.text) + "=" + std::string(p.value) + " ";
    for (const Property& p : will.properties)
        if (p.id == user_property) heard += std::string(p.text) + "=" + std::string(p.value) + " ";
    test.equal(Text(heard), Text(sent), "User Properties of the will");
}

CASE(will, properties_are_published, "The properties of a will are those of its message",
     {.v5 = {"MQTT-3.1.2-7", "MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-20"}}) {
    const Property sent[]{{payload_format_indicator, 1u},
                          {message_expiry_interval, 600u},
                          {content_type, "text/plain"sv},
                          {response_topic, test.topic("answers")},
                          {correlation_data, "\x00\xFF\x01"sv},
                          {will_delay_interval, 0u}};
    const auto will = co_await will_with(test, test.topic("will"), Properties(std::span<const Property>(sent)));
    for (const Property& p : sent) {
        const auto heard = find(will.properties, p.id);
        const std::string named(row(p.id).name);
        if (p.id == will_delay_interval) {
            test.check(!heard, "the Will Delay Interval is published along with the will");
            continue;
        }
        test.check(heard.has_value(), "the " + named + " of the will does not arrive");
        test.equal(heard->text, p.text, named + " of the will");
        if (p.id == message_expiry_interval)
            test.check(heard->number <= 600 && heard->number > 500, named + " of the will is altered");
        else test.equal(heard->number, p.number, named + " of the will");
    }
}

CASE(will, faulty_properties_are_refused, "A will property that is foreign or repeated is met by a close",
     {.v5 = {"X-2.2.2-property-twice", "X-2.2.2-property-not-allowed", "MQTT-3.1.4-1"}}) {
    const Property delay{will_delay_interval, 1u}, format{payload_format_indicator, 1u}, answer{response_topic, "a"sv};
    const std::vector<Property> faulty[]{{delay, delay},
                                         {format, format},
                                         {answer, answer},
                                         {{session_expiry_interval, 1u}},
                                         {{topic_alias, 1u}},
                                         {{reason_string, "why"sv}}};
    for (const std::vector<Property>& properties : faulty) {
        Connect c = with_will(test, "client", test.topic("will"), "gone");
        c.will->properties = Properties(std::span<const Property>(properties));
        std::string names;
        for (const Property& p : properties) names += (names.empty() ? "" : " and ") + std::string(row(p.id).name);
        const std::string octets = test.octets(c);
        co_await test.must_refuse(octets, "a CONNECT with the will properties " + names);
    }
}

}  // namespace conformance
