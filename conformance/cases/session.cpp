// 3.1.2.4, 4.1: sessions are kept, resumed and thrown away.
#include "conformance/kit.hpp"

namespace conformance {
namespace {

/// Receives until each of these payloads has come; repeats are allowed, as the grant may be lower than the QoS.
Task<void> hears_all(Test& test, Peer* client, std::vector<std::string> awaited, std::string what) {
    while (!awaited.empty()) {
        const auto delivery = co_await test.receive(client);
        const auto it = std::find(awaited.begin(), awaited.end(), std::string(delivery.payload));
        if (it != awaited.end()) awaited.erase(it);
        else test.info("a further copy of " + quoted(delivery.payload) + " among " + what);
    }
}

/// Back to a kept session, where it is there: that it has to be is the affair of other cases.
Task<Peer*> back(Test& test, Text who) {
    auto* client = co_await test.connect(who, Keep::yes);
    if (!test.connack(client).session_present) test.unreachable("the session is not there on return");
    co_return client;
}

Task<QoS> subscribed_above_0(Test& test, Peer* client, Text topic) {
    const QoS granted = co_await test.subscribe(client, topic, QoS::exactly_once);
    if (granted == QoS::at_most_once) test.skip("the subscription is granted QoS 0, so nothing has to be queued");
    co_return granted;
}

}  // namespace

CASE(session, is_resumed, "A session kept over a DISCONNECT or a cut goes on with its subscriptions",
     {.v3_1_1 = {"MQTT-3.1.2-4", "MQTT-3.1.4-3"},
      .v5 = {"MQTT-3.1.2-5", "MQTT-3.1.2-23", "MQTT-3.1.4-4"},
      .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("news");
    auto* speaker = co_await test.connect("speaker");
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.subscribe(client, topic, QoS::at_most_once);
    co_await test.leave(client);
    client = co_await test.resume("client");
    co_await test.up_to_fence(client, speaker, topic);
    test.cut(client);
    client = co_await test.resume("client");
    co_await test.up_to_fence(client, speaker, topic);
}

CASE(session, is_made_where_none_is_stored, "With clean session 0 and nothing stored a new session is made, and serves",
     {.v3_1_1 = {"MQTT-3.1.2-4", "MQTT-3.2.2-3"}, .v5 = {"MQTT-3.1.2-6", "MQTT-3.2.2-3"}}) {
    Connect fresh = test.hello("client");
    fresh.clean_start = false;
    auto* client = co_await test.connect_as("client", fresh);
    test.equal(test.connack(client).session_present, false, "Session Present for a fresh identifier");
    const Text topic = test.topic("news");
    co_await test.subscribe(client, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(client, speaker, topic);
}

CASE(session, messages_wait_for_an_absent_client, "QoS 1 and 2 messages of a kept session wait for its client",
     {.v3_1_1 = {"MQTT-3.1.2-5", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-3.1.2-5", "MQTT-3.1.2-23"},
      .needs = {Need::kept_sessions, Need::qos1}}) {
    const Text topic = test.topic("news");
    auto* speaker = co_await test.connect("speaker");
    auto* client = co_await test.connect("client", Keep::yes);
    const QoS granted = co_await subscribed_above_0(test, client, topic);
    co_await test.leave(client);
    std::vector<std::string> sent;
    for (QoS qos : {QoS::at_least_once, QoS::exactly_once}) {
        if (qos > granted || unsigned(qos) > test.offers.maximum_qos) break;
        sent.push_back("at QoS " + std::to_string(unsigned(qos)));
        co_await test.publish(speaker, topic, sent.back(), qos);
    }
    client = co_await test.resume("client");
    co_await hears_all(test, client, sent, "what was kept");
}

CASE(session, state_lasts_over_many_returns, "A session lasts over one return after the other",
     {.v3_1_1 = {"MQTT-4.1.0-1", "MQTT-3.1.2-4"},
      .v5 = {"MQTT-3.1.2-23", "MQTT-3.1.2-5"},
      .needs = {Need::kept_sessions, Need::qos1}}) {
    const Text topic = test.topic("news");
    auto* speaker = co_await test.connect("speaker");
    auto* client = co_await test.connect("client", Keep::yes);
    co_await subscribed_above_0(test, client, topic);
    for (int round = 1; round <= 3; ++round) {
        co_await test.leave(client);
        std::vector<std::string> sent{"round " + std::to_string(round)};
        co_await test.publish(speaker, topic, sent[0], QoS::at_least_once);
        client = co_await test.resume("client");
        co_await hears_all(test, client, sent, "what was kept");
    }
}

CASE(session, open_delivery_comes_again, "A QoS 1 delivery left without PUBACK comes again in the resumed session",
     {.v3_1_1 = {"MQTT-3.1.2-4", "MQTT-4.4.0-1"},
      .v5 = {"MQTT-3.1.2-5", "MQTT-4.4.0-1"},
      .needs = {Need::kept_sessions, Need::qos1}}) {
    const Text topic = test.topic("news");
    auto* client = co_await test.connect("client", Keep::yes);
    co_await subscribed_above_0(test, client, topic);
    auto* speaker = co_await test.connect("speaker");
    co_await test.publish(speaker, topic, "hello", QoS::at_least_once);
    const auto first = co_await client->expect<Publish>();
    if (first.qos == QoS::at_most_once) test.skip("the delivery has QoS 0");
    test.cut(client);
    client = co_await test.resume("client");
    const auto again = co_await test.receive(client);
    test.equal(Text(again.payload), Text("hello"), "payload of the repeated delivery");
    test.equal(again.packet_id, first.packet_id, "packet identifier of the repeated delivery");
}

CASE(session, open_publish_is_remembered, "A QoS 2 PUBLISH left before PUBREL is no new message in the resumed session",
     {.v3_1_1 = {"MQTT-3.1.2-4", "MQTT-4.1.0-1", "MQTT-4.3.3-2"},
      .v5 = {"MQTT-3.1.2-5", "MQTT-4.3.3-10"},
      .needs = {Need::kept_sessions, Need::qos2}}) {
    const Text topic = test.topic("news");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::exactly_once);
    auto* client = co_await test.connect("client", Keep::yes);
    Publish m = test.message(topic, "hello", QoS::exactly_once);
    client->send(m);
    co_await client->expect<Pubrec>();
    test.cut(client);
    client = co_await test.resume("client");
    m.dup = true;
    co_await test.publish_with(client, m);
    const auto heard = co_await test.up_to_fence(watcher, client, topic);
    test.equal(heard.size(), 1u, "number of deliveries of one QoS 2 message, sent again after a return");
}

CASE(session, clean_session_discards_the_old, "Clean session 1 throws the stored session away for good",
     {.v3_1_1 = {"MQTT-3.1.2-6", "MQTT-3.1.4-3", "MQTT-3.2.2-1"},
      .v5 = {"MQTT-3.1.2-4", "MQTT-3.1.4-4", "MQTT-3.2.2-2"},
      .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("news"), control = test.topic("control");
    const QoS highest = QoS(std::min<unsigned>(1, test.offers.maximum_qos));
    auto* speaker = co_await test.connect("speaker");
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.subscribe(client, topic, QoS::at_least_once);
    co_await test.leave(client);
    client = co_await back(test, "client");
    co_await test.leave(client);
    co_await test.publish(speaker, topic, "queued for the old session", highest);

    client = co_await test.connect("client", Keep::no);
    test.equal(test.connack(client).session_present, false, "Session Present with clean session 1");
    co_await test.subscribe(client, control, QoS::at_most_once);
    co_await test.publish(speaker, topic, "for the old subscription", highest);
    co_await test.hears_nothing(client, speaker, control, "something of the old session is left");
    co_await test.leave(client);
    client = co_await test.connect("client", Keep::yes);
    test.equal(test.connack(client).session_present, false, "Session Present once clean session 1 has ended it");
}

CASE(session, clean_session_leaves_nothing, "A session that is not to be kept ends with its connection",
     {.v3_1_1 = {"MQTT-3.1.2-6"}, .v5 = {"MQTT-4.1.0-2"}}) {
    const Text topic = test.topic("news"), control = test.topic("control");
    auto* speaker = co_await test.connect("speaker");
    auto* client = co_await test.connect("client", Keep::no);
    co_await test.subscribe(client, topic, QoS::at_most_once);
    co_await test.up_to_fence(client, speaker, topic);
    co_await test.leave(client);
    client = co_await test.connect("client", Keep::yes);
    test.equal(test.connack(client).session_present, false, "Session Present after a session that was not kept");
    co_await test.subscribe(client, control, QoS::at_most_once);
    co_await test.publish(speaker, topic, "for the old subscription");
    co_await test.hears_nothing(client, speaker, control, "a subscription outlives its session");
}

CASE(session, retained_messages_outlive_it, "A retained message stays when the session that set it ends",
     {.v3_1_1 = {"MQTT-3.1.2-7"}, .needs = {Need::retain, Need::qos1}}) {
    const Text topic = test.topic("kept");
    auto* client = co_await test.connect("client", Keep::no);
    co_await test.retain(client, topic, "still here");
    co_await test.leave(client);
    auto* reader = co_await test.connect("reader");
    co_await test.subscribe(reader, topic, QoS::at_most_once);
    const auto kept = co_await test.receive(reader);
    test.equal(Text(kept.payload), Text("still here"), "payload of the retained message");
}

CASE(session, is_found_by_its_identifier, "Identifiers that differ in case only have sessions of their own",
     {.v3_1_1 = {"MQTT-3.1.3-2"}, .v5 = {"MQTT-3.1.3-2"}, .needs = {Need::kept_sessions}}) {
    const Text for_small = test.topic("small"), for_large = test.topic("large");
    auto* small = co_await test.connect("abc", Keep::yes);
    co_await test.subscribe(small, for_small, QoS::at_most_once);
    co_await test.leave(small);
    auto* large = co_await test.connect("ABC", Keep::yes);
    test.equal(test.connack(large).session_present, false, "Session Present for an identifier not seen before");
    co_await test.subscribe(large, for_large, QoS::at_most_once);
    co_await test.leave(large);

    small = co_await back(test, "abc");
    large = co_await back(test, "ABC");
    auto* speaker = co_await test.connect("speaker");
    co_await test.publish(speaker, for_large, "hello");
    co_await test.hears_nothing(small, speaker, for_small, "a session has the subscription of another identifier");
    const auto heard = co_await test.up_to_fence(large, speaker, for_large);
    test.equal(heard.size(), 1u, "number of deliveries to the other session");
}

}  // namespace conformance
