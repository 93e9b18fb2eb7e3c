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

}  // namespace conformance
