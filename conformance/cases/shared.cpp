// 4.8.2 Shared Subscriptions (5.0).
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// "$share/group/" and the topic.
Text share(Test& test, Text topic, Text group = "group") {
    return test.text("$share/" + std::string(group) + "/" + std::string(topic));
}

/// Who of the group got the next message; it is not acknowledged. Nobody else may get it too.
struct Held {
    std::size_t member = 0;
    Publish delivery{};
};
Task<Held> holder(Test& test, std::vector<Peer*> members) {
    for (int round = 0; round < 200; ++round) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            const auto heard = co_await members[i]->fence();
            if (heard.empty()) continue;
            Held held;
            held.member = i;
            held.delivery = heard.front();
            co_return held;
        }
        if (round >= 3) co_await test.wait(members[0], 10ms);  // two peers cannot be waited for at once
    }
    test.fail("no member of the group gets the message");
}

/// Two members with kept sessions, each with a topic of its own for fences, and a QoS 2 message that one of them holds.
struct Group {
    Peer* speaker = nullptr;
    std::vector<Peer*> members{};
    std::vector<Text> names{"one", "two"};
    Held held{};
    Peer* other() const { return members[1 - held.member]; }
    Text holder_name() const { return names[held.member]; }
    Text other_topic(Test& test) const { return test.topic(names[1 - held.member]); }
};
Task<Group> group_with_open_message(Test& test, QoS qos) {
    Group g;
    g.speaker = co_await test.connect("speaker");
    for (const Text name : g.names) {
        auto* member = co_await test.connect(name, Keep::yes);
        co_await test.subscribe(member, test.topic(name), QoS::at_most_once);
        co_await test.subscribe(member, share(test, test.topic("shared")), qos);
        g.members.push_back(member);
    }
    co_await test.publish(g.speaker, test.topic("shared"), "held", qos);
    g.held = co_await holder(test, g.members);
    test.equal(g.held.delivery.qos, qos, "QoS of the delivery");
    co_return g;
}
/// The member that does not hold the message hears nothing of it.
Task<void> other_is_spared(Test& test, Group g, std::string what) {
    co_await test.hears_nothing(g.other(), g.speaker, g.other_topic(test), what);
}

}  // namespace

CASE(shared, share_name_is_not_empty, "A shared subscription without a share name is not granted",
     {.v5 = {"MQTT-4.8.2-1"}, .needs = {Need::shared}}) {
    co_await is_not_granted(test, share(test, test.topic(), ""));
}

CASE(shared, form, "A shared subscription without a filter, or with a wildcard in its name, is not granted",
     {.v5 = {"MQTT-4.8.2-2"}, .needs = {Need::shared}}) {
    for (const Text bad : {"$share/group"sv, "$share/group/"sv}) co_await is_not_granted(test, bad);
    for (const Text name : {"group+"sv, "+"sv, "#"sv, "group#"sv, "g+p"sv})
        co_await is_not_granted(test, share(test, test.topic(), name));
}

CASE(shared, one_member_gets_each, "Each message goes to one member of a group, and to every other subscription too",
     {.v5 = {"MQTT-4.5.0-1"}, .needs = {Need::shared}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *plain = co_await test.connect("plain");
    co_await test.subscribe(plain, topic, QoS::at_most_once);
    std::vector<Peer*> members;
    for (const Text name : {"one"sv, "two"sv, "three"sv}) {
        auto* member = co_await test.connect(name);
        co_await test.subscribe(member, share(test, topic), QoS::at_most_once);
        members.push_back(member);
    }
    auto* elsewhere = co_await test.connect("elsewhere");  // a group of its own
    co_await test.subscribe(elsewhere, share(test, topic, "elsewhere"), QoS::at_most_once);
    for (int n = 0; n < 9; ++n) {
        const Text payload = test.text("message " + std::to_string(n));
        co_await test.publish(speaker, topic, payload);
        for (auto* all : {plain, elsewhere}) {
            const auto delivery = co_await test.receive(all);
            test.equal(delivery.payload, payload, "payload outside the group");
        }
        const auto held = co_await holder(test, members);
        test.equal(held.delivery.payload, payload, "payload in the group");
        for (auto* member : members) {
            const auto more = co_await member->fence();
            test.check(more.empty(), "a message comes twice in one group");
        }
    }
}

CASE(shared, wildcards, "A shared subscription matches by the filter after its name",
     {.v5 = {"MQTT-4.5.0-1"}, .needs = {Need::shared, Need::wildcard}}) {
    auto *member = co_await test.connect("member"), *speaker = co_await test.connect("speaker");
    co_await test.subscribe(member, share(test, test.topic("a/+/c/#")), QoS::at_most_once);
    for (const Text tail : {"a/b/c"sv, "a/x/c"sv, "a/x/c/d"sv}) {
        const Text topic = test.topic(tail);
        co_await test.publish(speaker, test.topic("a/b"), "no match");
        co_await test.publish(speaker, topic, "match");
        const auto delivery = co_await test.receive(member);
        test.equal(delivery.topic, topic, "topic of the delivery");
    }
}

CASE(shared, granted_qos, "Each member of a group gets messages within the QoS granted to it",
     {.v5 = {"MQTT-4.8.2-3"}, .needs = {Need::shared, Need::qos1}}) {
    const Text topic = test.topic();
    const QoS highest = up_to(test, QoS::exactly_once);
    auto* speaker = co_await test.connect("speaker");
    for (const QoS wished : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        auto* alone = co_await test.connect("alone");
        const QoS granted = co_await test.subscribe(alone, share(test, topic), wished);
        for (const QoS published : levels(test)) {
            co_await test.publish(speaker, topic, "payload", published);
            const auto delivery = co_await test.receive(alone);
            test.equal(delivery.qos, std::min(published, granted), "QoS of the delivery, granted " + in_words(granted));
        }
        co_await test.leave(alone);
    }
    std::vector<Peer*> members;
    std::vector<QoS> grants;
    for (const QoS wished : {QoS::at_most_once, highest}) {
        auto* member = co_await test.connect(test.text("member" + std::to_string(unsigned(wished))));
        const QoS granted = co_await test.subscribe(member, share(test, topic), wished);
        members.push_back(member);
        grants.push_back(granted);
    }
    for (int n = 0; n < 6; ++n) {
        co_await test.publish(speaker, topic, "for either", highest);
        const auto held = co_await holder(test, members);
        test.equal(held.delivery.qos, std::min(highest, grants[held.member]), "QoS of a delivery within the group");
        co_await members[held.member]->complete(held.delivery);
    }
}

CASE(shared, qos2_is_finished_on_return, "A QoS 2 delivery that breaks off is finished with that member on its return",
     {.v5 = {"MQTT-4.8.2-4"}, .needs = {Need::shared, Need::qos2, Need::kept_sessions}}) {
    const auto g = co_await group_with_open_message(test, QoS::exactly_once);
    test.cut(g.members[g.held.member]);
    co_await other_is_spared(test, g, "another member gets a QoS 2 message that is held");
    auto* back = co_await test.resume(g.holder_name());
    const auto again = co_await back->expect<Publish>();
    test.equal(again.packet_id, g.held.delivery.packet_id, "packet identifier of the delivery sent again");
    test.equal(again.payload, "held"sv, "payload of the delivery sent again");
    co_await back->complete(again);
    co_await other_is_spared(test, g, "another member gets a QoS 2 message that is done");
}

CASE(shared, qos2_release_on_return, "A QoS 2 delivery that breaks off after PUBREC goes on with PUBREL",
     {.v5 = {"MQTT-4.8.2-4"}, .needs = {Need::shared, Need::qos2, Need::kept_sessions}}) {
    const auto g = co_await group_with_open_message(test, QoS::exactly_once);
    auto* member = g.members[g.held.member];
    member->acknowledge(g.held.delivery);
    co_await member->expect<Pubrel>();
    test.cut(member);
    auto* back = co_await test.resume(g.holder_name());
    const auto release = co_await back->expect<Pubrel>();
    test.equal(release.packet_id, g.held.delivery.packet_id, "packet identifier of PUBREL sent again");
    back->send(Pubcomp{.packet_id = release.packet_id});
    co_await other_is_spared(test, g, "another member gets a QoS 2 message that is done");
}

CASE(shared, qos2_ends_with_the_session, "A QoS 2 message of a member whose session ends goes to no other member",
     {.v5 = {"MQTT-4.8.2-5"}, .needs = {Need::shared, Need::qos2, Need::kept_sessions}}) {
    const auto g = co_await group_with_open_message(test, QoS::exactly_once);
    test.cut(g.members[g.held.member]);
    auto* fresh = co_await test.connect(g.holder_name());  // Clean Start 1 ends the session before
    co_await fresh->fence();
    co_await other_is_spared(test, g, "another member gets a QoS 2 message that was held");
}

CASE(shared, refused_message_is_dropped, "A message that a member refuses is offered to no other member",
     {.v5 = {"MQTT-4.8.2-6"}, .needs = {Need::shared, Need::qos1, Need::kept_sessions}}) {
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const auto g = co_await group_with_open_message(test, qos);
        auto* member = g.members[g.held.member];
        const auto id = g.held.delivery.packet_id;
        if (qos == QoS::at_least_once) member->send(Puback{.packet_id = id, .reason = 0x83});
        else member->send(Pubrec{.packet_id = id, .reason = 0x83});
        co_await member->stays_open_through_ping();
        const std::string what = "a message refused by one member comes again at " + in_words(qos);
        co_await other_is_spared(test, g, what);
        co_await test.hears_nothing(member, g.speaker, test.topic(g.holder_name()), what);
        for (auto* m : g.members) co_await test.leave(m);
        for (const Text name : g.names) {  // ends the sessions
            auto* fresh = co_await test.connect(name);
            co_await test.leave(fresh);
        }
    }
}

CASE(shared, no_retained_messages, "A new shared subscription is not sent retained messages",
     {.v5 = {"X-4.8.2-retained-on-shared"}, .needs = {Need::shared, Need::retain, Need::qos1}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *control = co_await test.connect("control");
    co_await test.retain(speaker, topic, "retained");
    co_await test.subscribe(control, topic);
    const auto kept = co_await test.receive(control);
    test.equal(kept.payload, "retained"sv, "payload for a subscription that is not shared");
    auto* member = co_await test.connect("member");
    co_await test.subscribe(member, share(test, topic));
    const auto heard = co_await test.up_to_fence(member, speaker, topic);
    if (!heard.empty()) test.warn("a retained message is sent to a new shared subscription");
}

CASE(shared, ends_with_unsubscribe, "A member that unsubscribes by the whole filter gets no more messages of the group",
     {.v5 = {"MQTT-3.10.4-1", "MQTT-3.10.4-2"}, .needs = {Need::shared}}) {
    const Text topic = test.topic();
    auto *speaker = co_await test.connect("speaker"), *stays = co_await test.connect("stays");
    auto* goes = co_await test.connect("goes");
    const Text fence = test.topic("fence");
    for (auto* member : {stays, goes}) co_await test.subscribe(member, share(test, topic), QoS::at_most_once);
    co_await test.subscribe(goes, fence, QoS::at_most_once);
    co_await test.unsubscribe(goes, share(test, topic));
    for (int n = 0; n < 6; ++n) {
        co_await test.publish(speaker, topic, "payload");
        co_await test.receive(stays);
    }
    co_await test.hears_nothing(goes, speaker, fence, "a member gets a message after UNSUBSCRIBE");
}

}  // namespace conformance
