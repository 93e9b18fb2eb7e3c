// Short scenes that, together, make every violation show. Packets are sent blindly: a lying broker may answer anything.
#pragma once
#include "reference/tests/kit.hpp"

namespace reference::test {

struct Scene {
    const char* name;
    void (*play)(Net&, Version);
};
std::span<const Scene> connect_scenes();
std::span<const Scene> message_scenes();
std::span<const Scene> session_scenes();

inline std::string subscribe_bytes(Version v, std::string_view filter, unsigned qos = 2, unsigned options = 0,
                                   std::uint32_t identifier = 0) {
    const mqtt::Subscribe::Entry entries[]{{filter, QoS(qos), (options & 4) != 0, (options & 8) != 0,
                                            static_cast<std::uint8_t>(options >> 4 & 3)}};
    const Property ids[]{{property::subscription_identifier, identifier}};
    mqtt::Subscribe p{77, {}, entries};
    if (identifier != 0) p.properties = ids;
    return mqtt::encode(p, v);
}
inline std::string publish_bytes(Version v, std::string_view topic, std::string_view payload, unsigned qos = 0,
                                 std::uint16_t id = 1, bool retain = false, const std::vector<Property>& list = {},
                                 bool dup = false) {
    auto p = message(topic, payload, QoS(qos), id, retain);
    p.properties = std::span<const Property>(list);
    p.dup = dup;
    return mqtt::encode(p, v);
}
inline std::string connect_bytes(Version v, std::string_view id = "c") {
    return mqtt::encode(mqtt::Connect{.level = static_cast<std::uint8_t>(v), .keep_alive = 0, .client_id = id}, v);
}
/// Clean, or kept for 60 s (5.0) or for ever; nothing is expected of the answer.
inline Client& hello(Net& net, Version v, std::string id, bool kept = false, std::vector<Property> list = {}) {
    if (kept) list.push_back({property::session_expiry_interval, 60u});
    return net.greet(v, {.id = std::move(id), .clean = !kept, .properties = std::move(list)});
}
inline Client& ear(Net& net, Version v, std::string_view filter = "#", unsigned qos = 2) {
    Client& c = hello(net, v, "ear", true);
    c.raw(subscribe_bytes(v, filter, qos));
    return c;
}

}  // namespace reference::test
