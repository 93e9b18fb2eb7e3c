// SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Why subscribe_header = reserved_bits({"MQTT-3.8.1-1", "MQTT-3.8.1-1"});
constexpr Why unsubscribe_header = reserved_bits({"MQTT-3.10.1-1", "MQTT-3.10.1-1"});
constexpr Why server_header = reserved_bits({"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
constexpr Why request_id = zero_id({"MQTT-2.3.1-1", "MQTT-2.2.1-3"});
constexpr Why answer_id = zero_id({"MQTT-2.3.1-7", "MQTT-2.2.1-6"});
constexpr Why no_filter{"topic filter", {"MQTT-4.7.1-2", "MQTT-4.7.1-1"}, "", Must::be_topic_filter};
constexpr Why qos_three{"QoS", {"MQTT-3.8.3-4", "X-3.8.3-qos-three"}, "is 3"};
constexpr Why retain_handling_three{"retain handling", {"", "X-3.8.3-retain-handling-three"}, "is above 2"};
constexpr Why option_bits = reserved_bits({"MQTT-3.8.3-4", "MQTT-3.8.3-5"});
constexpr Why no_local_shared{"no local", {"", "MQTT-3.8.3-4"}, "set on a shared subscription"};
constexpr Why suback_return_code = unknown_code("return code", {"MQTT-3.9.3-2", ""});
constexpr Why suback_reason_code = unknown_code("reason code", {"", "MQTT-3.9.3-2"});
constexpr Why unsuback_code = unknown_code("reason code", {"", "MQTT-3.11.3-2"});
constexpr Why no_subscription = no_item("subscriptions", {"MQTT-3.8.3-3", "MQTT-3.8.3-2"});
constexpr Why no_unsubscription = no_item("filters", {"MQTT-3.10.3-2", "MQTT-3.10.3-2"});
constexpr Why no_suback_code = no_item("codes", {"MQTT-3.8.4-5", "MQTT-3.8.4-6"});
constexpr Why no_unsuback_code = no_item("codes", {"", "MQTT-3.11.3-2"});

/// Packet identifier and, in 5.0, properties: where they end, or nullptr with a fault.
template <class P>
MQTT_INLINE At take_list_head(P& p, Fault& fault, At begin, At at, At end, Version v, const Why& zero) {
    if (left(at, end) < 2) return ends_early(fault, at - begin, v, "packet identifier"), nullptr;
    p.packet_id = be16(at);
    if (!p.packet_id) return refuse(fault, at - begin, v, zero), nullptr;
    at += 2;
    p.properties = {};
    return v == Version::v5 ? properties_at(p.properties, begin, at, end, mqtt::in(P::type), fault).end : at;
}

/// The options after a topic filter; false with a fault.
MQTT_INLINE bool check_options(unsigned o, Text filter, Fault& fault, std::ptrdiff_t offset, Version v) {
    if ((o & 3) == 3) return refuse(fault, offset, v, qos_three);
    if (v == Version::v5) {
        if ((o >> 4 & 3) == 3) return refuse(fault, offset, v, retain_handling_three);
        if (o >> 6) return refuse(fault, offset, v, option_bits);
        if (o & 4 && filter.starts_with("$share/")) return refuse(fault, offset, v, no_local_shared);
    } else if (o >> 2 && v == Version::v3_1_1) {
        return refuse(fault, offset, v, option_bits);
    }
    return true;
}

}  // namespace

std::size_t decode(Subscribe& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::subscribe)) return another_type(fault);
    if ((*begin & 15) != 2 && v != Version::v3_1) return refuse(fault, 0, v, subscribe_header);
    const At entries = take_list_head(p, fault, begin, begin + extent.body, end, v, request_id);
    if (!entries) return 0;
    if (entries == end) return refuse(fault, end - begin, v, no_subscription);
    for (At at = entries; at < end; ++at) {
        const At first = at;
        Text filter;
        if (!take_text(at, end, filter)) return text_ends_early(fault, begin, at, end, v, "topic filter");
        if (!is_topic_filter(filter, v)) return bad_text(fault, begin, first, v, no_filter);
        if (at == end)
            return ends_early(fault, at - begin, v, v == Version::v5 ? "subscription options" : "requested QoS");
        if (!check_options(*at, filter, fault, at - begin, v)) return 0;
    }
    p.entries = List<Subscribe::Entry>::raw({entries, left(entries, end)}, v);
    return extent.size;
}

std::size_t decode(Suback& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::suback)) return another_type(fault);
    if (*begin & 15 && v != Version::v3_1) return refuse(fault, 0, v, server_header);
    const At codes = take_list_head(p, fault, begin, begin + extent.body, end, v, answer_id);
    if (!codes) return 0;
    if (codes == end) return refuse(fault, end - begin, v, no_suback_code);
    if (v == Version::v5) {
        for (At at = codes; at < end; ++at)
            if (!suback_5.has(*at)) return refuse(fault, at - begin, v, suback_reason_code);
    } else {
        for (At at = codes; at < end; ++at)
            if (*at > 2 && *at != 0x80) return refuse(fault, at - begin, v, suback_return_code);
    }
    p.codes = List<Suback::Code>::raw({codes, left(codes, end)}, v);
    return extent.size;
}

std::size_t decode(Unsubscribe& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::unsubscribe)) return another_type(fault);
    if ((*begin & 15) != 2 && v != Version::v3_1) return refuse(fault, 0, v, unsubscribe_header);
    const At filters = take_list_head(p, fault, begin, begin + extent.body, end, v, request_id);
    if (!filters) return 0;
    if (filters == end) return refuse(fault, end - begin, v, no_unsubscription);
    for (At at = filters; at < end;) {
        const At first = at;
        Text filter;
        if (!take_text(at, end, filter)) return text_ends_early(fault, begin, at, end, v, "topic filter");
        if (!is_topic_filter(filter, v)) return bad_text(fault, begin, first, v, no_filter);
    }
    p.filters = List<Unsubscribe::Filter>::raw({filters, left(filters, end)}, v);
    return extent.size;
}

std::size_t decode(Unsuback& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::unsuback)) return another_type(fault);
    if (*begin & 15 && v != Version::v3_1) return refuse(fault, 0, v, server_header);
    const At codes = take_list_head(p, fault, begin, begin + extent.body, end, v, answer_id);
    if (!codes) return 0;
    p.codes = {};
    if (v != Version::v5) return codes == end ? extent.size : left_over(fault, codes - begin, v);
    if (codes == end) return refuse(fault, end - begin, v, no_unsuback_code);
    for (At at = codes; at < end; ++at)
        if (!unsuback_5.has(*at)) return refuse(fault, at - begin, v, unsuback_code);
    p.codes = List<Unsuback::Code>::raw({codes, left(codes, end)}, v);
    return extent.size;
}

}  // namespace mqtt::hand
