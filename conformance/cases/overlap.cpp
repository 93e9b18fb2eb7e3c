// 3.3.4 (5.0), 3.3.5 (3.1.1) PUBLISH Actions: subscriptions of one client that overlap, and Subscription Identifiers.
#include "conformance/cases/publishing.hpp"

namespace conformance {
namespace {

/// One subscription of the listener, made by a SUBSCRIBE of its own; identifier 0: none.
struct Wish {
    Text filter{};
    QoS qos{};
    std::uint32_t identifier = 0;
    QoS granted{};
};

Task<void> subscribe(Test& test, Peer* listener, Wish& wish) {
    Subscribe::Entry entry;
    entry.filter = wish.filter;
    entry.qos = wish.qos;
    Subscribe request;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    const Property identifier(property::subscription_identifier, wish.identifier);
    if (wish.identifier) request.properties = test.with({}, identifier);
    const auto codes = co_await test.subscribe_raw(listener, request);
    test.check(codes.at(0) <= 2, "SUBACK refuses " + quoted(wish.filter));
    wish.granted = QoS(codes.at(0));
}

/// All copies of one message published at QoS `published`. Two fences: copies of several QoS may overtake one another.
Task<std::vector<Publish>> copies_of_one(Test& test, Peer* listener, Text topic, QoS published) {
    auto* speaker = co_await test.connect("speaker");
    co_await test.publish(speaker, topic, "overlap", published);
    std::vector<Publish> copies;
    for (int fence = 0; fence < 2; ++fence) {
        const auto heard = co_await test.up_to_fence(listener, speaker, topic, published);
        for (const Publish& delivery : heard)
            if (delivery.payload == "overlap") copies.push_back(delivery);
    }
    co_return copies;
}

std::vector<std::uint32_t> identifiers(const Publish& delivery) {
    std::vector<std::uint32_t> all;
    for (const Property& p : delivery.properties)
        if (p.id == property::subscription_identifier) all.push_back(p.number);
    std::sort(all.begin(), all.end());
    return all;
}
std::string listed(const std::vector<std::uint32_t>& numbers) {
    std::string words;
    for (const auto n : numbers) words += (words.empty() ? "" : ", ") + std::to_string(n);
    return words.empty() ? "none" : words;
}

/// One copy at the highest QoS; further ones each at the QoS of a further subscription.
void judge_qos(Test& test, const std::vector<Publish>& copies, QoS published, const std::vector<Wish>& wishes,
               const std::string& where) {
    std::multiset<QoS> due;
    for (const Wish& w : wishes) due.insert(std::min(published, w.granted));
    const QoS highest = *due.rbegin();
    test.check(!copies.empty(), where + ": no copy of a message that two subscriptions match");
    test.check(std::any_of(copies.begin(), copies.end(), [&](auto& c) { return c.qos == highest; }),
               where + ": no copy comes at " + in_words(highest) + ", the highest one granted, but " +
                   std::to_string(copies.size()) + " at " + in_words(copies.front().qos));
    for (const Publish& copy : copies) {
        const auto one = due.find(copy.qos);
        test.check(one != due.end(),
                   where + ": a copy at " + in_words(copy.qos) + " belongs to none of the subscriptions");
        due.erase(one);
    }
    if (copies.size() > 1) test.info("several copies for overlapping subscriptions");
}

}  // namespace

CASE(overlap, highest_qos, "A message that several filters of a client match comes at the highest QoS granted for them",
     {.v3_1_1 = {"MQTT-3.3.5-1"}, .v5 = {"MQTT-3.3.4-2"}, .needs = {Need::wildcard, Need::qos1}}) {
    const QoS high = up_to(test, QoS::exactly_once), low = QoS(unsigned(high) - 1);
    const Text wide_first = "wide/first", narrow_first = "narrow/first";
    for (const Text order : {wide_first, narrow_first}) {
        for (const QoS qos_of_first : {high, low}) {
            const Text topic = test.topic(test.text(std::string(order) + "/" + in_words(qos_of_first)));
            const Text wide = test.text(std::string(topic.substr(0, topic.rfind('/'))) + "/#");
            auto* listener = co_await test.connect("listener");
            std::vector<Wish> wishes(2);
            wishes[0].filter = order == wide_first ? wide : topic;
            wishes[1].filter = order == wide_first ? topic : wide;
            wishes[0].qos = qos_of_first;
            wishes[1].qos = qos_of_first == high ? low : high;
            for (Wish& w : wishes) co_await subscribe(test, listener, w);
            const auto copies = co_await copies_of_one(test, listener, topic, high);
            const std::string where =
                std::string(order == wide_first ? "wide" : "narrow") + " filter at " + in_words(wishes[0].granted) +
                " and then " + (order == wide_first ? "narrow" : "wide") + " one at " + in_words(wishes[1].granted);
            judge_qos(test, copies, high, wishes, where);
            co_await test.leave(listener);
        }
    }
}

CASE(overlap, every_identifier, "The identifiers of all overlapping subscriptions come with the message",
     {.v5 = {"MQTT-3.3.4-3", "MQTT-3.3.4-4", "MQTT-3.3.4-5"},
      .needs = {Need::wildcard, Need::subscription_identifiers}}) {
    const Text topic = test.topic("a/b");
    auto* listener = co_await test.connect("listener");
    std::vector<Wish> wishes{{test.topic("a/#"), up_to(test, QoS::at_least_once), 10},
                             {test.topic("+/b"), QoS::at_most_once, 268'435'455},
                             {topic, QoS::at_most_once}};
    for (Wish& w : wishes) co_await subscribe(test, listener, w);
    const auto copies = co_await copies_of_one(test, listener, topic, up_to(test, QoS::at_least_once));
    const std::vector<std::uint32_t> due{10, 268'435'455};
    std::vector<std::uint32_t> all;
    for (const Publish& copy : copies) {
        const auto one = identifiers(copy);
        all.insert(all.end(), one.begin(), one.end());
        test.check(copies.size() == 1 || one.size() <= 1,
                   "one of " + std::to_string(copies.size()) + " copies carries the identifiers " + listed(one));
    }
    std::sort(all.begin(), all.end());
    const std::string came = listed(all), wanted = listed(due);
    test.equal(Text(came), Text(wanted), "Subscription Identifiers over " + std::to_string(copies.size()) + " copies");
}

CASE(overlap, identifier_of_one, "A subscription's identifier comes with its messages, and with no other's",
     {.v5 = {"MQTT-3.3.4-3", "MQTT-3.3.4-5"}, .needs = {Need::subscription_identifiers}}) {
    const Text with = test.topic("with"), without = test.topic("without");
    auto *listener = co_await test.connect("listener"), *other = co_await test.connect("other");
    auto* speaker = co_await test.connect("speaker");
    for (const std::uint32_t number : {1u, 128u, 268'435'455u}) {
        std::vector<Wish> wishes{{with, QoS::at_most_once, number}, {without, QoS::at_most_once}};
        for (Wish& w : wishes) co_await subscribe(test, listener, w);
        co_await subscribe(test, other, wishes[1]);
        co_await test.publish(speaker, with, "with");
        const auto first = co_await test.receive(listener);
        co_await test.publish(speaker, without, "without");
        const auto second = co_await test.receive(listener), third = co_await test.receive(other);
        const std::string came = listed(identifiers(first)), wanted = std::to_string(number);
        test.equal(Text(came), Text(wanted), "Subscription Identifiers of a subscription made with one");
        test.check(identifiers(second).empty(), "a Subscription Identifier comes for a subscription without one");
        test.check(identifiers(third).empty(), "a Subscription Identifier comes to another client");
    }
}

CASE(overlap, identifier_of_the_retained,
     "A retained message sent at subscribe carries the identifier of the subscription",
     {.v5 = {"MQTT-3.3.4-3"}, .needs = {Need::subscription_identifiers, Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *listener = co_await test.connect("listener");
    co_await test.retain(speaker, topic, "kept");
    Wish wish{topic, QoS::at_most_once, 42};
    co_await subscribe(test, listener, wish);
    const auto delivery = co_await test.receive(listener);
    const std::string came = listed(identifiers(delivery));
    test.equal(Text(came), "42"sv, "Subscription Identifiers of the retained message");
}

}  // namespace conformance
