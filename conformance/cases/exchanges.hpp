// QoS 1 and 2 exchanges brought to where the client has to send PUBACK, PUBREC, PUBREL or PUBCOMP.
#pragma once
#include <string>
#include <vector>

#include "conformance/cases/publishing.hpp"

namespace conformance {

/// A client in the middle of an exchange, and the identifier its next packet has to carry.
struct Exchange {
    Peer* client = nullptr;
    std::uint16_t packet_id = 0;
    Text topic{};
};

/// The level at which a client sends that acknowledgement.
inline QoS qos_of(Type acknowledgement) {
    return acknowledgement == Type::puback ? QoS::at_least_once : QoS::exactly_once;
}
/// Those of PUBACK, PUBREC, PUBREL, PUBCOMP that the broker's QoS levels have a use for.
inline std::vector<Type> acknowledgements(const Test& test) {
    std::vector<Type> all;
    const auto highest = up_to(test, QoS::exactly_once);
    if (highest >= QoS::at_least_once) all.push_back(Type::puback);
    if (highest == QoS::exactly_once) all.insert(all.end(), {Type::pubrec, Type::pubrel, Type::pubcomp});
    return all;
}

/// One that goes over the wire as asked, right or wrong.
inline std::string acknowledgement(const Test& test, Type type, std::uint16_t id, std::uint8_t reason = 0,
                                   const Properties& properties = {}) {
    Puback shape;
    shape.packet_id = id;
    shape.reason = reason;
    shape.properties = properties;
    std::string octets = test.octets(shape);
    octets[0] = char(unsigned(type) << 4 | (type == Type::pubrel ? 2u : 0u));
    return octets;
}

/// A client of that name that subscribes to a topic of its own, publishes there, and goes on until `due` is what it has
/// to send. It has seen a whole exchange through before, as the control.
inline Task<Exchange> bring_to(Test& test, Text who, Type due) {
    Exchange e;
    e.topic = test.topic(who);
    e.client = co_await test.connect(who);
    const QoS qos = qos_of(due);
    co_await test.subscribe(e.client, e.topic, qos);
    co_await test.publish(e.client, e.topic, "control", qos);
    co_await test.receive(e.client);
    if (due == Type::pubrel) {
        const Publish m = test.message(e.topic, "open", qos);
        e.client->send(m);
        const auto pubrec = co_await e.client->expect<Pubrec>();
        e.packet_id = pubrec.packet_id;
        co_return e;
    }
    co_await test.publish(e.client, e.topic, "open", qos);
    const auto delivery = co_await e.client->expect<Publish>();
    test.equal(delivery.qos, qos, "QoS of the delivery");
    e.packet_id = delivery.packet_id;
    if (due == Type::pubcomp) {
        e.client->acknowledge(delivery);
        const auto pubrel = co_await e.client->expect<Pubrel>();
        test.equal(pubrel.packet_id, e.packet_id, "PUBREL packet identifier");
    }
    co_return e;
}

}  // namespace conformance
