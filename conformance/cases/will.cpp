// 3.1.2.5: when a will is published, and when not.
#include "conformance/cases/wills.hpp"

namespace conformance {

CASE(will, is_published_after_a_cut, "A will is published when the connection ends without DISCONNECT",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-8", "MQTT-3.1.2-7"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    client->reset();
    co_await hears_will(test, a.watcher, topic, "gone", "a RST");
    client = co_await test.connect_as("client", c);
    client->close();
    co_await hears_will(test, a.watcher, topic, "gone", "a FIN without DISCONNECT");
}

CASE(will, is_published_after_a_fault, "A will is published when the server closes over a protocol error",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    client->send_bytes("\x00\x00"sv);
    co_await is_closed_by_server(test, client, "a packet of type 0");
    co_await hears_will(test, a.watcher, topic, "gone", "a packet of type 0");
}

CASE(will, is_published_after_a_second_connect, "A will is published when a second CONNECT ends the connection",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    client->send(c);
    co_await is_closed_by_server(test, client, "a second CONNECT");
    co_await hears_will(test, a.watcher, topic, "gone", "a second CONNECT");
}

CASE(will, is_published_at_a_takeover, "A will without delay is published when another connection takes over",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* first = co_await test.connect_as("client", c);
    co_await test.connect("client");
    co_await is_closed_by_server(test, first, "a takeover");
    co_await hears_will(test, a.watcher, topic, "gone", "a takeover");
}

CASE(will, is_removed_by_disconnect, "After a DISCONNECT no will is published",
     {.v3_1_1 = {"MQTT-3.1.2-10", "MQTT-3.14.4-3"}, .v5 = {"MQTT-3.1.2-10", "MQTT-3.1.2-8", "MQTT-3.14.4-3"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone");
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "gone", "a cut");  // the control
    client = co_await test.connect_as("client", c);
    co_await test.leave(client);
    co_await test.hears_nothing(a.watcher, a.speaker, topic, "a will is published in spite of DISCONNECT");
}

CASE(will, is_published_once, "A will is published once",
     {.v3_1_1 = {"MQTT-3.1.2-10"}, .v5 = {"MQTT-3.1.2-10"}, .needs = {Need::qos2}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    if (a.granted != QoS::exactly_once) test.skip("the subscription is not granted QoS 2, so repeats are allowed");
    Connect c = with_will(test, "client", topic, "gone");
    c.will->qos = QoS::exactly_once;
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "gone", "a cut");
    co_await test.hears_nothing(a.watcher, a.speaker, topic, "a will is published more than once", QoS::exactly_once);
}

CASE(will, is_of_its_connection_only, "A connection made without a will leaves none, whatever the one before had",
     {.v3_1_1 = {"MQTT-3.1.2-12", "MQTT-3.1.2-10"}, .v5 = {"MQTT-3.1.2-10"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "gone", Keep::yes);
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "gone", "a cut");
    client = co_await test.connect("client", Keep::yes);
    test.cut(client);
    co_await cuts_are_seen(test, a.watcher);
    co_await test.hears_nothing(a.watcher, a.speaker, topic, "a connection without a will leaves one");
}

CASE(will, has_its_qos, "A will is published at its QoS",
     {.v3_1_1 = {"MQTT-3.1.2-9"}, .v5 = {"MQTT-3.1.2-7"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    for (unsigned qos = 0; qos <= test.offers.maximum_qos; ++qos) {
        Connect c = with_will(test, "client", topic, "gone");
        c.will->qos = QoS(qos);
        auto* client = co_await test.connect_as("client", c);
        test.cut(client);
        const auto will = co_await hears_will(test, a.watcher, topic, "gone", "a cut");
        test.equal(will.qos, std::min(QoS(qos), a.granted), "QoS of a will with will QoS " + std::to_string(qos));
    }
}

CASE(will, may_be_empty, "A will without payload is published as an empty message",
     {.v3_1_1 = {"MQTT-3.1.2-8"}, .v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic("will");
    const Audience a = co_await audience(test, topic);
    const Connect c = with_will(test, "client", topic, "");
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    co_await hears_will(test, a.watcher, topic, "", "a cut");
}

}  // namespace conformance
