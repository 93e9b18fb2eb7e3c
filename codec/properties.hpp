// Properties of MQTT 5.0: one table of section 2.2.2.2, and one description of a property on the wire.
#pragma once
#include <array>
#include <optional>

#include "codec/words.hpp"

namespace mqtt {

enum class Wire : std::uint8_t { unknown, byte, two, four, varint, text, binary, pair };

/// A set of places: one bit per packet type, bit 0 for the Will Properties.
using Where = std::uint16_t;
template <class... T> constexpr Where in(T... t) { return static_cast<Where>((0u | ... | (1u << unsigned(t)))); }
constexpr Where in_will = 1, in_any = 0xffff;

struct PropertyRow {
    std::uint8_t id = 0;
    std::string_view name = "property";
    Wire wire = Wire::unknown;
    Where where = 0;    // where it may stand
    Where repeats = 0;  // where it may stand more than once
    Rule rule{};
};

namespace property {
enum : std::uint8_t {
    payload_format_indicator = 0x01, message_expiry_interval = 0x02, content_type = 0x03, response_topic = 0x08,
    correlation_data = 0x09, subscription_identifier = 0x0b, session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12, server_keep_alive = 0x13, authentication_method = 0x15,
    authentication_data = 0x16, request_problem_information = 0x17, will_delay_interval = 0x18,
    request_response_information = 0x19, response_information = 0x1a, server_reference = 0x1c,
    reason_string = 0x1f, receive_maximum = 0x21, topic_alias_maximum = 0x22, topic_alias = 0x23,
    maximum_qos = 0x24, retain_available = 0x25, user_property = 0x26, maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28, subscription_identifiers_available = 0x29,
    shared_subscription_available = 0x2a
};
}

namespace detail {
using enum Type;
inline constexpr Rule boolean{Must::be_boolean, "", "X-2.2.2-boolean-value"};
inline constexpr Rule utf8{Must::be_utf8, "", "MQTT-1.5.4-1"};
inline constexpr Rule receive_maximum_rule{Must::not_zero, "", "X-3.1.2-receive-maximum-zero"};
inline constexpr Rule packet_size_rule{Must::not_zero, "", "X-3.1.2-maximum-packet-size-zero"};
inline constexpr Rule subscription_id_rule{Must::not_zero, "", "X-3.8.2-subscription-identifier-zero"};
inline constexpr Rule maximum_qos_rule{Must::be_boolean, "", "X-3.2.2-maximum-qos-value"};
inline constexpr Where message = Where(in(publish) | in_will);
inline constexpr Where answers = in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth);
}  // namespace detail

inline constexpr PropertyRow property_table[]{
    {0x01, "payload format indicator", Wire::byte, detail::message, 0, detail::boolean},
    {0x02, "message expiry interval", Wire::four, detail::message},
    {0x03, "content type", Wire::text, detail::message, 0, {Must::be_utf8, "", "MQTT-3.3.2-19"}},
    {0x08, "response topic", Wire::text, detail::message, 0, {Must::be_topic_name, "", "MQTT-3.3.2-14"}},
    {0x09, "correlation data", Wire::binary, detail::message},
    {0x0b, "subscription identifier", Wire::varint, in(Type::publish, Type::subscribe), in(Type::publish),
     detail::subscription_id_rule},
    {0x11, "session expiry interval", Wire::four, in(Type::connect, Type::connack, Type::disconnect)},
    {0x12, "assigned client identifier", Wire::text, in(Type::connack), 0, detail::utf8},
    {0x13, "server keep alive", Wire::two, in(Type::connack)},
    {0x15, "authentication method", Wire::text, in(Type::connect, Type::connack, Type::auth), 0, detail::utf8},
    {0x16, "authentication data", Wire::binary, in(Type::connect, Type::connack, Type::auth)},
    {0x17, "request problem information", Wire::byte, in(Type::connect), 0, detail::boolean},
    {0x18, "will delay interval", Wire::four, in_will},
    {0x19, "request response information", Wire::byte, in(Type::connect), 0, detail::boolean},
    {0x1a, "response information", Wire::text, in(Type::connack), 0, detail::utf8},
    {0x1c, "server reference", Wire::text, in(Type::connack, Type::disconnect), 0, detail::utf8},
    {0x1f, "reason string", Wire::text, detail::answers, 0, detail::utf8},
    {0x21, "receive maximum", Wire::two, in(Type::connect, Type::connack), 0, detail::receive_maximum_rule},
    {0x22, "topic alias maximum", Wire::two, in(Type::connect, Type::connack)},
    {0x23, "topic alias", Wire::two, in(Type::publish), 0, {Must::not_zero, "", "MQTT-3.3.2-8"}},
    {0x24, "maximum QoS", Wire::byte, in(Type::connack), 0, detail::maximum_qos_rule},
    {0x25, "retain available", Wire::byte, in(Type::connack), 0, detail::boolean},
    {0x26, "user property", Wire::pair, in_any, in_any, {Must::be_utf8, "", "MQTT-1.5.7-1"}},
    {0x27, "maximum packet size", Wire::four, in(Type::connect, Type::connack), 0, detail::packet_size_rule},
    {0x28, "wildcard subscription available", Wire::byte, in(Type::connack), 0, detail::boolean},
    {0x29, "subscription identifiers available", Wire::byte, in(Type::connack), 0, detail::boolean},
    {0x2a, "shared subscription available", Wire::byte, in(Type::connack), 0, detail::boolean},
};
inline constexpr auto property_rows = [] {  // the same by identifier; unlisted ones are unknown
    std::array<PropertyRow, 64> rows{};
    for (auto& r : property_table) rows[r.id] = r;
    return rows;
}();
constexpr const PropertyRow& row(std::uint32_t id) { return property_rows[id < property_rows.size() ? id : 0]; }

/// One property: `number` for byte, two, four and varint, `text` for text and binary, both texts for a pair.
struct Property {
    std::uint32_t id = 0, number = 0;
    Text text{}, value{};  // value: the second half of a user property
    constexpr Property() = default;
    constexpr Property(std::uint32_t property, std::uint32_t n) : id(property), number(n) {}
    constexpr Property(std::uint32_t property, Text t, Text v = {}) : id(property), text(t), value(v) {}
    bool operator==(const Property&) const = default;

    template <class P, class Io> MQTT_INLINE static void walk(P& p, Io& io) {
        io.property_id(p.id);
        const PropertyRow& r = row(p.id);
        switch (r.wire) {
            case Wire::byte: return io.one(r.name, p.number, r.rule);
            case Wire::two: return io.two(r.name, p.number, r.rule);
            case Wire::four: return io.four(r.name, p.number, r.rule);
            case Wire::varint: return io.varint(r.name, p.number, r.rule);
            case Wire::text: return io.text(r.name, p.text, r.rule);
            case Wire::binary: return io.binary(r.name, p.text);
            case Wire::pair: io.text(r.name, p.text, r.rule); return io.text(r.name, p.value, r.rule);
            case Wire::unknown: return io.unknown(r.name, p.text);
        }
    }
};
/// Keeps order and duplicates: a tester must be able to send both.
using Properties = List<Property>;

/// The first property with that identifier.
std::optional<Property> find(const Properties&, std::uint32_t id);
/// Its number, or `otherwise` where it is absent.
std::uint32_t number_or(const Properties&, std::uint32_t id, std::uint32_t otherwise);

}  // namespace mqtt
