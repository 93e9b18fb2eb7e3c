// Packet identifiers: 2.3.1 (3.1.1), 2.2.1 (5.0).
#include <set>

#include "conformance/cases/qos_steps.hpp"

namespace conformance {
namespace {

constexpr std::uint16_t unusual[]{1, 0x00ff, 0x0100, 0xffff};

}  // namespace

CASE(identifiers, zero_closes, "A packet with the identifier 0 ends the connection, and nothing comes of it",
     {.v3_1_1 = {"MQTT-2.3.1-1"}, .v5 = {"MQTT-2.2.1-3"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        Publish m = test.message(topic, "identifier 0", qos);
        m.packet_id = 0;
        co_await closes_unheard(test, w, test.octets(m), "a PUBLISH at " + in_words(qos) + " with the identifier 0",
                                reasons(0x81, 0x82));
    }
    const Subscribe::Entry entries[]{{.filter = topic}};
    Subscribe subscribe;
    subscribe.entries = entries;
    auto* subscriber = co_await test.connect("subscriber");
    co_await test.must_close_on(subscriber, test.octets(subscribe), "a SUBSCRIBE with the identifier 0",
                                reasons(0x81, 0x82));
    const Unsubscribe::Filter filters[]{{topic}};
    Unsubscribe unsubscribe;
    unsubscribe.filters = filters;
    auto* quitter = co_await test.connect("quitter");
    co_await test.must_close_on(quitter, test.octets(unsubscribe), "an UNSUBSCRIBE with the identifier 0",
                                reasons(0x81, 0x82));
}

CASE(identifiers, requests_are_answered_with_their_own, "SUBACK and UNSUBACK have the identifier of their request",
     {.v3_1_1 = {"MQTT-2.3.1-7", "MQTT-3.8.4-2"}, .v5 = {"MQTT-2.2.1-6", "MQTT-3.8.4-2"}}) {
    auto* client = co_await test.connect("client");
    const Subscribe::Entry entries[]{{.filter = test.topic()}};
    const Unsubscribe::Filter filters[]{{entries[0].filter}};
    for (const std::uint16_t id : unusual) {
        Subscribe subscribe;
        subscribe.packet_id = id;
        subscribe.entries = entries;
        client->send(subscribe);
        const auto suback = co_await client->expect<Suback>();
        test.equal(suback.packet_id, id, "SUBACK packet identifier");
        Unsubscribe unsubscribe;
        unsubscribe.packet_id = id;
        unsubscribe.filters = filters;
        client->send(unsubscribe);
        const auto unsuback = co_await client->expect<Unsuback>();
        test.equal(unsuback.packet_id, id, "UNSUBACK packet identifier");
    }
}

CASE(identifiers, every_request_has_its_answer, "Requests sent in one go are all answered, each with its identifier",
     {.v3_1_1 = {"MQTT-2.3.1-7", "MQTT-3.8.4-2"}, .v5 = {"MQTT-2.2.1-6", "MQTT-3.8.4-2"}}) {
    auto* client = co_await test.connect("client");
    const std::vector<std::uint16_t> asked{40001, 3, 40000};
    for (const std::uint16_t id : asked) {
        const Subscribe::Entry entries[]{{.filter = test.topic(std::to_string(id))}};
        Subscribe subscribe;
        subscribe.packet_id = id;
        subscribe.entries = entries;
        client->send(subscribe);
    }
    std::set<std::uint16_t> answered;
    while (answered.size() < asked.size()) {
        const auto suback = co_await client->expect<Suback>();
        test.check(answered.insert(suback.packet_id).second, "two SUBACKs have the same identifier");
    }
    test.check(answered == std::set(asked.begin(), asked.end()),
               "the identifiers of the SUBACKs are not those of the SUBSCRIBEs");
}

CASE(identifiers, qos1_answer_has_it, "PUBACK has the identifier of its PUBLISH",
     {.v3_1_1 = {"MQTT-2.3.1-6"}, .v5 = {"MQTT-2.2.1-5"}, .needs = {Need::qos1}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const std::uint16_t id : unusual) {
        Publish m = test.message(test.topic(), "payload", QoS::at_least_once);
        m.packet_id = id;
        speaker->send(m);
        const auto puback = co_await speaker->expect<Puback>();
        test.equal(puback.packet_id, id, "PUBACK packet identifier");
    }
}

CASE(identifiers, qos2_answers_have_it, "PUBREC and PUBCOMP have the identifier of their PUBLISH",
     {.v3_1_1 = {"MQTT-2.3.1-6", "MQTT-4.3.3-2"},
      .v5 = {"MQTT-2.2.1-5", "MQTT-4.3.3-8", "MQTT-4.3.3-11"},
      .needs = {Need::qos2}}) {
    auto* speaker = co_await test.connect("speaker");
    for (const std::uint16_t id : unusual) {
        Publish m = test.message(test.topic(), "payload", QoS::exactly_once);
        m.packet_id = id;
        speaker->send(m);
        co_await expect_pubrec(test, speaker, id);
        co_await release(test, speaker, id);
    }
}

CASE(identifiers, pubrel_has_it, "PUBREL has the identifier of the delivery that PUBREC answered",
     {.v3_1_1 = {"MQTT-2.3.1-6", "MQTT-4.3.3-1"}, .v5 = {"MQTT-2.2.1-5", "MQTT-4.3.3-4"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    for (const Text payload : numbers(test, 3)) {
        co_await test.publish(t.speaker, t.topic, payload, QoS::exactly_once);
        const auto delivery = co_await open_delivery(test, t.listener, payload, QoS::exactly_once);
        co_await receive_pubrel(test, t.listener, delivery.packet_id);
        t.listener->send(Pubcomp{.packet_id = delivery.packet_id});
    }
}

CASE(identifiers, qos0_has_none, "A QoS 0 delivery has no identifier: its payload is what was published",
     {.v3_1_1 = {"MQTT-2.3.1-5"}, .v5 = {"MQTT-2.2.1-2"}}) {
    const auto t = co_await talk(test, QoS::at_most_once);
    for (const QoS qos : levels(test)) {
        const Text payload = test.text("published at " + in_words(qos));
        co_await test.publish(t.speaker, t.topic, payload, qos);
        const auto delivery = co_await t.listener->expect<Publish>();
        test.equal(delivery.qos, QoS::at_most_once, "QoS delivered where QoS 0 was granted");
        test.equal(delivery.payload, payload, "payload of a QoS 0 delivery");
        test.equal(delivery.topic, t.topic, "topic of a QoS 0 delivery");
    }
}

CASE(identifiers, open_deliveries_have_different_ones, "Open deliveries have different identifiers other than 0",
     {.v3_1_1 = {"MQTT-2.3.1-4", "MQTT-2.3.1-1", "MQTT-4.3.2-1", "MQTT-4.3.3-1"},
      .v5 = {"MQTT-2.2.1-4", "MQTT-4.3.2-1", "MQTT-4.3.3-1"},
      .needs = {Need::qos1}}) {
    for (const QoS qos : levels(test, QoS::at_least_once)) {
        const Text who = test.text("listener" + std::to_string(unsigned(qos))), topic = test.topic(who);
        auto* listener = co_await test.connect(who);
        co_await test.subscribe(listener, topic, qos);
        auto* speaker = co_await test.connect("speaker");
        co_await publish_all(test, speaker, topic, numbers(test, 4), qos);
        std::set<std::uint16_t> ids;
        const auto open = co_await need_open_deliveries(test, listener, 4);
        for (const Publish& delivery : open) {
            test.check(delivery.packet_id != 0, "a delivery at " + in_words(qos) + " has the identifier 0");
            test.check(ids.insert(delivery.packet_id).second, "two open deliveries at " + in_words(qos) +
                                                                  " have the identifier " +
                                                                  std::to_string(delivery.packet_id));
        }
    }
}

CASE(identifiers, released_delivery_keeps_its_own, "An identifier is not used for a new delivery before PUBCOMP",
     {.v3_1_1 = {"MQTT-2.3.1-4", "MQTT-4.3.3-1"}, .v5 = {"MQTT-2.2.1-4", "MQTT-4.3.3-1"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    std::set<std::uint16_t> open;
    for (const Text payload : numbers(test, 4)) {
        co_await test.publish(t.speaker, t.topic, payload, QoS::exactly_once);
        std::optional<Publish> delivery;
        if (open.empty()) delivery = co_await t.listener->expect<Publish>();
        else delivery = co_await maybe_delivery(t.listener);
        if (!delivery) test.unreachable("the broker starts nothing new before PUBCOMP");
        test.check(open.insert(delivery->packet_id).second,
                   "a new delivery has the identifier " + std::to_string(delivery->packet_id) +
                       " of one that waits for PUBCOMP");
        co_await receive_pubrel(test, t.listener, delivery->packet_id);
    }
}

CASE(identifiers, both_directions_are_apart, "An identifier may be in use in both directions at once",
     {.v3_1_1 = {"MQTT-2.3.1-6", "MQTT-4.3.3-2"}, .v5 = {"MQTT-2.2.1-5", "MQTT-4.3.3-8"}, .needs = {Need::qos2}}) {
    const auto t = co_await talk(test, QoS::exactly_once);
    co_await test.publish(t.speaker, t.topic, "to the listener", QoS::exactly_once);
    const auto delivery = co_await open_delivery(test, t.listener, "to the listener", QoS::exactly_once);

    Publish own = test.message(test.topic("own"), "from the listener", QoS::exactly_once);
    own.packet_id = delivery.packet_id;
    t.listener->send(own);
    co_await expect_pubrec(test, t.listener, own.packet_id);
    co_await receive_pubrel(test, t.listener, delivery.packet_id);
    co_await release(test, t.listener, own.packet_id);
    t.listener->send(Pubcomp{.packet_id = delivery.packet_id});
    co_await worked_off(test, t.listener);
}

}  // namespace conformance
