// What is little more than a packet identifier or a reason code: PUBACK to PUBCOMP, PINGREQ, PINGRESP, DISCONNECT and
// AUTH.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Why any_header = reserved_bits({"MQTT-2.2.2-2", "MQTT-2.1.3-1"});
constexpr Why server_header = reserved_bits({"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
constexpr Why pubrel_header = reserved_bits({"MQTT-3.6.1-1", "MQTT-3.6.1-1"});
constexpr Why disconnect_header = reserved_bits({"MQTT-3.14.1-1", "MQTT-3.14.1-1"});
constexpr Why auth_header = reserved_bits({"", "MQTT-3.15.1-1"});
constexpr Why answered_id = zero_id({"MQTT-2.3.1-6", "MQTT-2.2.1-5"});
constexpr Why puback_code = unknown_code("reason code", {"", "MQTT-3.4.2-1"});
constexpr Why pubrec_code = unknown_code("reason code", {"", "MQTT-3.5.2-1"});
constexpr Why pubrel_code = unknown_code("reason code", {"", "MQTT-3.6.2-1"});
constexpr Why pubcomp_code = unknown_code("reason code", {"", "MQTT-3.7.2-1"});
constexpr Why disconnect_code = unknown_code("reason code", {"", "MQTT-3.14.2-1"});
constexpr Why auth_code = unknown_code("reason code", {"", "MQTT-3.15.2-1"});

/// The flags, codes and faults in which packets of one shape differ.
struct Shape {
    unsigned flags;
    const Why& header;
    const CodeSet& codes;
    const Why& code;
};

/// A reason code and properties, both of which may be absent: where they end, or nullptr with a fault.
template <class P>
MQTT_INLINE At take_reason(P& p, Fault& fault, At begin, At at, At end, Version v, Shape shape) {
    if (at == end) return at;
    p.reason = *at;
    if (!shape.codes.has(p.reason)) return refuse(fault, at - begin, v, shape.code), nullptr;
    if (++at == end) return at;
    const Listed list = properties_at(p.properties, begin, at, end, mqtt::in(P::type), fault);
    return list.end;
}

template <class P>
MQTT_INLINE std::size_t take_answer(P& p, View in, Version v, Fault& fault, const Limits& limits, Shape shape) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(P::type)) return another_type(fault);
    if ((*begin & 15) != shape.flags && v != Version::v3_1) return refuse(fault, 0, v, shape.header);
    At at = begin + extent.body;
    if (left(at, end) < 2) return ends_early(fault, at - begin, v, "packet identifier");
    p.packet_id = be16(at);
    if (!p.packet_id) return refuse(fault, at - begin, v, answered_id);
    at += 2;
    p.reason = 0;
    p.properties = {};
    if (v == Version::v5) {
        at = take_reason(p, fault, begin, at, end, v, shape);
        if (!at) return 0;
    }
    return at == end ? extent.size : left_over(fault, at - begin, v);
}

template <class P>
MQTT_INLINE std::size_t take_empty(View in, Version v, Fault& fault, const Limits& limits, const Why& header) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    if (in[0] >> 4 != unsigned(P::type)) return another_type(fault);
    if (in[0] & 15 && v != Version::v3_1) return refuse(fault, 0, v, header);
    return extent.size == extent.body ? extent.size : left_over(fault, std::ptrdiff_t(extent.body), v);
}

/// DISCONNECT and AUTH. `has_reason`: AUTH has one in any version, for there is none but 5.0.
template <class P>
MQTT_INLINE std::size_t take_farewell(P& p, View in, Version v, Fault& fault, const Limits& limits, bool has_reason,
                                      Shape shape) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(P::type)) return another_type(fault);
    if (*begin & 15 && v != Version::v3_1) return refuse(fault, 0, v, shape.header);
    At at = begin + extent.body;
    p.reason = 0;
    p.properties = {};
    if (has_reason) {
        at = take_reason(p, fault, begin, at, end, v, shape);
        if (!at) return 0;
    }
    return at == end ? extent.size : left_over(fault, at - begin, v);
}

}  // namespace

std::size_t decode(Puback& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, {0, any_header, puback_5, puback_code});
}
std::size_t decode(Pubrec& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, {0, any_header, puback_5, pubrec_code});
}
std::size_t decode(Pubrel& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, {2, pubrel_header, pubrel_5, pubrel_code});
}
std::size_t decode(Pubcomp& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, {0, any_header, pubrel_5, pubcomp_code});
}
std::size_t decode(Pingreq&, View in, Version v, Fault& fault, const Limits& limits) {
    return take_empty<Pingreq>(in, v, fault, limits, any_header);
}
std::size_t decode(Pingresp&, View in, Version v, Fault& fault, const Limits& limits) {
    return take_empty<Pingresp>(in, v, fault, limits, server_header);
}
std::size_t decode(Disconnect& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_farewell(p, in, v, fault, limits, v == Version::v5,
                         {0, disconnect_header, disconnect_5, disconnect_code});
}
std::size_t decode(Auth& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_farewell(p, in, v, fault, limits, true, {0, auth_header, auth_5, auth_code});
}

}  // namespace mqtt::hand
