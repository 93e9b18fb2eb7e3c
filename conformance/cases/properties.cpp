// 3.3.2.3 PUBLISH Properties: what a publisher sends along reaches every subscriber unchanged.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

/// A message as one kind of subscriber got it.
struct Copy {
    std::string from;  // "a live subscription", "the queue", "the retained store"
    Publish delivery;
};

/// The next delivery of `peer`, added to the copies.
Task<void> collect(Test& test, Peer* peer, std::string from, std::vector<Copy>& copies) {
    Copy copy;
    copy.from = std::move(from);
    copy.delivery = co_await test.receive(peer);
    copies.push_back(copy);
}

/// Publishes with the properties; the copies of a live subscriber and, where that is on offer, of one who was away and
/// of one who came later. `name`: short, other in each call of a case.
Task<std::vector<Copy>> publish_to_all(Test& test, Text name, const Properties& properties, Text payload = "payload") {
    const bool stores = up_to(test, QoS::at_least_once) == QoS::at_least_once;
    const bool queues = stores && test.offers.kept_sessions && test.offers.session_expiry != 0u;
    const bool retains = stores && test.offers.retain;
    const Text topic = test.topic(name), away = test.text("away" + std::string(name));
    auto* live = co_await test.connect("live");
    co_await test.subscribe(live, topic);
    if (queues) {
        auto* leaving = co_await test.connect(away, Keep::yes);
        co_await test.subscribe(leaving, topic);
        co_await test.leave(leaving);
    }
    auto* speaker = co_await test.connect("speaker");
    Publish m = test.message(topic, payload, up_to(test, QoS::at_least_once), retains);
    m.properties = properties;
    co_await test.publish_with(speaker, m);
    std::vector<Copy> copies;
    co_await collect(test, live, "a live subscription", copies);
    if (queues) {
        auto* back = co_await test.resume(away);
        co_await collect(test, back, "the queue", copies);
    }
    if (retains) {
        auto* newcomer = co_await test.connect("newcomer");
        co_await test.subscribe(newcomer, topic);
        co_await collect(test, newcomer, "the retained store", copies);
    }
    for (const Copy& c : copies) test.equal(c.delivery.payload, payload, "payload of the copy from " + c.from);
    co_return copies;
}

/// Each copy has that text or binary property, as it was published.
void same_text(Test& test, const std::vector<Copy>& copies, std::uint8_t id, Text published) {
    const std::string what = std::string(row(id).name) + " of " + std::to_string(published.size()) + " octets";
    for (const Copy& c : copies) {
        const auto found = find(c.delivery.properties, id);
        test.check(found.has_value(), what + " is missing in the copy from " + c.from);
        test.equal(found->text, published, what + " in the copy from " + c.from);
    }
}

using Pairs = std::vector<std::pair<std::string, std::string>>;
Pairs user_properties(const Properties& list) {
    Pairs pairs;
    for (const Property& p : list)
        if (p.id == property::user_property) pairs.emplace_back(p.text, p.value);
    return pairs;
}
Properties as_properties(Test& test, const Pairs& pairs) {
    Properties list;
    for (const auto& [name, value] : pairs) list = test.with(list, Property(property::user_property, name, value));
    return list;
}
std::string listed(const Pairs& pairs) {
    std::string words;
    for (const auto& [name, value] : pairs) words += (words.empty() ? "" : ", ") + quoted(name) + "=" + quoted(value);
    return words.empty() ? "none" : words;
}

}  // namespace

CASE(properties, payload_format_indicator, "Payload Format Indicator is passed on as it was published",
     {.v5 = {"MQTT-3.3.2-4"}}) {
    for (const int published : {-1, 0, 1}) {
        Properties properties;
        if (published >= 0) {
            const Property indicator(property::payload_format_indicator, unsigned(published));
            properties = test.with(properties, indicator);
        }
        const Text name = published < 0 ? "none" : published == 0 ? "zero" : "one";
        const auto copies = co_await publish_to_all(test, name, properties, "caf\xC3\xA9");
        for (const Copy& c : copies) {
            const auto found = find(c.delivery.properties, property::payload_format_indicator);
            const auto number = found ? int(found->number) : -1;
            test.equal(std::max(number, 0), std::max(published, 0), "Payload Format Indicator from " + c.from);
            if (number != published) test.warn("Payload Format Indicator 0 is turned into none or none into 0");
        }
    }
}

CASE(properties, payload_format_is_not_forced,
     "A payload that breaks its Payload Format Indicator is refused or passed on whole",
     {.v5 = {"MQTT-3.3.2-4"}, .needs = {Need::qos1}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    auto* speaker = co_await test.connect("speaker");
    Publish m = test.message(topic, "\xFF\xFE", QoS::at_least_once);
    const Property indicator(property::payload_format_indicator, 1);
    m.properties = test.with({}, indicator);
    speaker->send(m);
    const auto answer = co_await speaker->next();
    const auto* puback = answer ? std::get_if<Puback>(&*answer) : nullptr;
    if (!puback || puback->reason >= 0x80) {
        if (!puback) co_await test.must_close(speaker, "a payload that is not UTF-8", reasons(0x99));
        test.info("the broker checks payloads against Payload Format Indicator 1");
        co_await unheard(test, w, "a message that was refused");
        co_return;
    }
    const auto delivery = co_await test.receive(w.listener);
    test.equal(delivery.payload, "\xFF\xFE"sv, "payload");
    test.equal(number_or(delivery.properties, property::payload_format_indicator, 0), 1, "Payload Format Indicator");
}

CASE(properties, content_type, "Content Type is passed on unchanged", {.v5 = {"MQTT-3.3.2-20"}}) {
    const Text type = "application/json; x=\xC3\xBC";
    const Property content_type(property::content_type, type);
    const auto sent = test.with({}, content_type);
    const auto copies = co_await publish_to_all(test, "json", sent);
    same_text(test, copies, property::content_type, type);

    const Property empty(property::content_type, ""sv);
    const auto sent_empty = test.with({}, empty);
    const auto empty_copies = co_await publish_to_all(test, "empty", sent_empty);
    for (const Copy& c : empty_copies) {
        const auto found = find(c.delivery.properties, property::content_type);
        if (!found)
            test.warn("an empty Content Type is missing in the copy from " + c.from);
        else
            test.equal(found->text, ""sv, "Content Type in the copy from " + c.from);
    }
}

CASE(properties, response_topic, "Response Topic is passed on unchanged", {.v5 = {"MQTT-3.3.2-15"}}) {
    const Text answers = test.topic("answers/\xE2\x82\xAC");
    const Property response_topic(property::response_topic, answers);
    const auto sent = test.with({}, response_topic);
    const auto copies = co_await publish_to_all(test, "question", sent);
    same_text(test, copies, property::response_topic, answers);
}

CASE(properties, correlation_data, "Correlation Data is passed on octet by octet", {.v5 = {"MQTT-3.3.2-16"}}) {
    const bool roomy = test.offers.maximum_packet_size.value_or(65536) >= 2048;
    std::string binary;
    for (int n = 0; n < (roomy ? 1024 : 64); ++n) binary += char(n * 7);
    for (const Text data : {Text("\0\0", 2), Text(binary), ""sv}) {
        const Property correlation(property::correlation_data, data);
        const auto sent = test.with({}, correlation);
        const Text name = test.text(std::to_string(data.size()));
        const auto copies = co_await publish_to_all(test, name, sent);
        same_text(test, copies, property::correlation_data, data);
    }
}

CASE(properties, user_properties, "Every User Property is passed on unchanged", {.v5 = {"MQTT-3.3.2-17"}}) {
    const Pairs sent{{"name", "value"}, {"name", "other value"}, {"", ""}, {"empty", ""}, {"\xC3\xA9", "\xE2\x82\xAC"}};
    const auto properties = as_properties(test, sent);
    const auto copies = co_await publish_to_all(test, "t", properties);
    for (const Copy& c : copies) {
        const auto received = user_properties(c.delivery.properties);
        for (const auto& pair : sent) {
            const auto left = std::count(received.begin(), received.end(), pair);
            test.check(left == 1, "User Property " + listed({pair}) + " comes " + std::to_string(left) +
                                      " times in the copy from " + c.from);
        }
        if (received.size() > sent.size()) test.info("the broker adds User Properties of its own");
    }
}

CASE(properties, user_properties_in_order, "User Properties keep their order", {.v5 = {"MQTT-3.3.2-18"}}) {
    const Pairs sent{{"b", "1"}, {"a", "2"}, {"b", "0"}, {"c", "3"}, {"a", "1"}, {"b", "1"}};
    const auto properties = as_properties(test, sent);
    const auto copies = co_await publish_to_all(test, "t", properties);
    for (const Copy& c : copies) {
        auto received = user_properties(c.delivery.properties);
        std::erase_if(received, [&](auto& p) { return std::find(sent.begin(), sent.end(), p) == sent.end(); });
        const std::string now = listed(received), before = listed(sent);
        test.equal(Text(now), Text(before), "User Properties in the copy from " + c.from);
    }
}

CASE(properties, all_together, "A PUBLISH with all properties of a message reaches the subscriber with all of them",
     {.v5 = {"MQTT-3.3.2-4", "MQTT-3.3.2-15", "MQTT-3.3.2-16", "MQTT-3.3.2-17", "MQTT-3.3.2-20"}}) {
    const Property list[]{{property::user_property, "a"sv, "b"sv},  {property::correlation_data, "\1\2"sv},
                          {property::message_expiry_interval, 600}, {property::content_type, "text/plain"sv},
                          {property::response_topic, "answers"sv},  {property::user_property, "c"sv, "d"sv},
                          {property::payload_format_indicator, 1}};
    const auto copies = co_await publish_to_all(test, "t", Properties(list));
    same_text(test, copies, property::correlation_data, "\1\2");
    same_text(test, copies, property::content_type, "text/plain");
    same_text(test, copies, property::response_topic, "answers");
    for (const Copy& c : copies) {
        test.equal(number_or(c.delivery.properties, property::payload_format_indicator, 0), 1,
                   "Payload Format Indicator in the copy from " + c.from);
        test.check(number_or(c.delivery.properties, property::message_expiry_interval, 0) > 590,
                   "Message Expiry Interval is lost in the copy from " + c.from);
        const Pairs pairs{{"a", "b"}, {"c", "d"}};
        test.check(user_properties(c.delivery.properties) == pairs,
                   "User Properties differ in the copy from " + c.from);
    }
}

}  // namespace conformance
