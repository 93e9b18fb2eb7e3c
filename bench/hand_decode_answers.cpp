// What is little more than a packet identifier or a reason code: PUBACK to PUBCOMP, PINGREQ, PINGRESP, DISCONNECT, AUTH.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Ids flags_of_any{"MQTT-2.2.2-2", "MQTT-2.1.3-1"}, flags_of_server{"MQTT-2.2.2-1", "MQTT-2.1.3-1"};

/// A reason code and properties, both of which may be absent: where they end, or nullptr with a fault.
template <class P>
MQTT_INLINE At take_reason(P& p, Blame blame, At at, At end, const CodeSet& codes, const char* statement) {
    if (at == end) return at;
    p.reason = *at;
    if (!codes.has(p.reason)) return bad_code(blame, at, "reason code", {"", statement}), nullptr;
    if (++at == end) return at;
    std::uint64_t seen = 0;
    return properties_at(p.properties, blame, at, end, mqtt::in(P::type), seen);
}

template <class P>
MQTT_INLINE std::size_t take_answer(P& p, View in, Version v, Fault& fault, const Limits& limits, unsigned flags,
                                    Ids flag_ids, const CodeSet& codes, const char* statement) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != P::type) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if ((f.head & 15) != flags && v != Version::v3_1) return bad_header(blame, begin, flag_ids);
    At at = begin + f.body;
    if (left(at, end) < 2) return ends_early(blame, at, "packet identifier");
    p.packet_id = be16(at);
    if (!p.packet_id) return refuse(blame, at, "packet identifier", {"MQTT-2.3.1-6", "MQTT-2.2.1-5"}, "is zero");
    at += 2;
    p.reason = 0;
    p.properties = {};
    if (v == Version::v5) {
        at = take_reason(p, blame, at, end, codes, statement);
        if (!at) return 0;
    }
    return at == end ? f.size : left_over(blame, at);
}

template <class P>
MQTT_INLINE std::size_t take_empty(View in, Version v, Fault& fault, const Limits& limits, Ids flag_ids) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != P::type) return another_type(fault);
    const Blame blame{fault, in.data(), v};
    if (f.head & 15 && v != Version::v3_1) return bad_header(blame, in.data(), flag_ids);
    return f.size == f.body ? f.size : left_over(blame, in.data() + f.body);
}

/// DISCONNECT and AUTH. `has_reason`: AUTH has one in any version, for there is none but 5.0.
template <class P>
MQTT_INLINE std::size_t take_farewell(P& p, View in, Version v, Fault& fault, const Limits& limits, Ids flag_ids,
                                      bool has_reason, const CodeSet& codes, const char* statement) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != P::type) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if (f.head & 15 && v != Version::v3_1) return bad_header(blame, begin, flag_ids);
    At at = begin + f.body;
    p.reason = 0;
    p.properties = {};
    if (has_reason) {
        at = take_reason(p, blame, at, end, codes, statement);
        if (!at) return 0;
    }
    return at == end ? f.size : left_over(blame, at);
}

}  // namespace

std::size_t decode(Puback& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, 0, flags_of_any, puback_5, "MQTT-3.4.2-1");
}
std::size_t decode(Pubrec& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, 0, flags_of_any, puback_5, "MQTT-3.5.2-1");
}
std::size_t decode(Pubrel& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, 2, {"MQTT-3.6.1-1", "MQTT-3.6.1-1"}, pubrel_5, "MQTT-3.6.2-1");
}
std::size_t decode(Pubcomp& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_answer(p, in, v, fault, limits, 0, flags_of_any, pubrel_5, "MQTT-3.7.2-1");
}
std::size_t decode(Pingreq&, View in, Version v, Fault& fault, const Limits& limits) {
    return take_empty<Pingreq>(in, v, fault, limits, flags_of_any);
}
std::size_t decode(Pingresp&, View in, Version v, Fault& fault, const Limits& limits) {
    return take_empty<Pingresp>(in, v, fault, limits, flags_of_server);
}
std::size_t decode(Disconnect& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_farewell(p, in, v, fault, limits, {"MQTT-3.14.1-1", "MQTT-3.14.1-1"}, v == Version::v5, disconnect_5,
                         "MQTT-3.14.2-1");
}
std::size_t decode(Auth& p, View in, Version v, Fault& fault, const Limits& limits) {
    return take_farewell(p, in, v, fault, limits, {"", "MQTT-3.15.1-1"}, true, auth_5, "MQTT-3.15.2-1");
}

}  // namespace mqtt::hand
