// 3.12 PINGREQ, 3.13 PINGRESP.
#include "conformance/kit.hpp"

namespace conformance {

CASE(ping, pingreq_is_answered, "PINGREQ is answered by PINGRESP",
     {.v3_1_1 = {"MQTT-3.12.4-1"}, .v5 = {"MQTT-3.12.4-1"}}) {
    auto* client = co_await test.connect("client");
    client->send(Pingreq{});
    co_await client->expect<Pingresp>();
}

CASE(ping, every_pingreq_is_answered, "Three PINGREQ in one write get three PINGRESP",
     {.v3_1_1 = {"MQTT-3.12.4-1"}, .v5 = {"MQTT-3.12.4-1"}}) {
    auto* client = co_await test.connect("client");
    client->send_bytes("\xC0\x00\xC0\x00\xC0\x00"sv);
    for (int n = 0; n < 3; ++n) co_await client->expect<Pingresp>();
}

CASE(ping, in_pieces, "A PINGREQ that comes octet by octet is answered like any other",
     {.v3_1_1 = {"MQTT-3.12.4-1"}, .v5 = {"MQTT-3.12.4-1"}}) {
    auto* client = co_await test.connect("client");
    client->send_chunks("\xC0\x00\xC0\x00"sv, 1);
    for (int n = 0; n < 2; ++n) co_await client->expect<Pingresp>();
}

CASE(ping, among_other_packets, "PINGREQ is answered between a subscription and deliveries",
     {.v3_1_1 = {"MQTT-3.12.4-1"}, .v5 = {"MQTT-3.12.4-1"}}) {
    auto* client = co_await test.connect("client");
    const Text topic = test.topic();
    co_await test.subscribe(client, topic, QoS::at_most_once);
    for (int n = 0; n < 10; ++n) {
        client->send(test.message(topic, "payload"));
        client->send(Pingreq{});
    }
    for (int n = 0; n < 10; ++n) {
        co_await client->expect<Pingresp>();
        co_await test.receive(client);
    }
}

}  // namespace conformance
