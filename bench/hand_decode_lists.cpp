// SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Ids filter_ids{"MQTT-4.7.1-2", "MQTT-4.7.1-1"};

/// Packet identifier and, in 5.0, properties: where they end, or nullptr with a fault.
template <class P> MQTT_INLINE At take_list_head(P& p, Blame blame, At at, At end, Ids zero_ids) {
    if (left(at, end) < 2) return ends_early(blame, at, "packet identifier"), nullptr;
    p.packet_id = be16(at);
    if (!p.packet_id) return refuse(blame, at, "packet identifier", zero_ids, "is zero"), nullptr;
    at += 2;
    p.properties = {};
    std::uint64_t seen = 0;
    return blame.version == Version::v5 ? properties_at(p.properties, blame, at, end, mqtt::in(P::type), seen) : at;
}
constexpr Ids zero_of_requests{"MQTT-2.3.1-1", "MQTT-2.2.1-3"}, zero_of_answers{"MQTT-2.3.1-7", "MQTT-2.2.1-6"};

/// The options after a topic filter; 0 with a fault.
MQTT_INLINE std::size_t check_options(Blame blame, At at, Text filter) {
    const unsigned o = *at;
    if ((o & 3) == 3) return refuse(blame, at, "QoS", {"MQTT-3.8.3-4", "X-3.8.3-qos-three"}, "is 3");
    if (blame.version == Version::v5) {
        if ((o >> 4 & 3) == 3)
            return refuse(blame, at, "retain handling", {"", "X-3.8.3-retain-handling-three"}, "is above 2");
        if (o >> 6) return bad_header(blame, at, {"", "MQTT-3.8.3-5"});
        if (o & 4 && filter.starts_with("$share/"))
            return refuse(blame, at, "no local", {"", "MQTT-3.8.3-4"}, "set on a shared subscription");
    } else if (o >> 2 && blame.version == Version::v3_1_1) {
        return bad_header(blame, at, {"MQTT-3.8.3-4", ""});
    }
    return 1;
}

}  // namespace

std::size_t decode(Subscribe& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::subscribe) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if ((f.head & 15) != 2 && v != Version::v3_1) return bad_header(blame, begin, {"MQTT-3.8.1-1", "MQTT-3.8.1-1"});
    const At entries = take_list_head(p, blame, begin + f.body, end, zero_of_requests);
    if (!entries) return 0;
    if (entries == end)
        return refuse(blame, end, "subscriptions", {"MQTT-3.8.3-3", "MQTT-3.8.3-2"}, "at least one is required");
    for (At at = entries; at < end; ++at) {
        const At first = at;
        Text filter;
        if (!take_text(at, end, filter)) return text_ends_early(blame, at, end, "topic filter");
        if (!is_topic_filter(filter, v)) return bad_text(blame, first, "topic filter", Must::be_topic_filter, filter_ids);
        if (at == end) return ends_early(blame, at, v == Version::v5 ? "subscription options" : "requested QoS");
        if (!check_options(blame, at, filter)) return 0;
    }
    p.entries = List<Subscribe::Entry>::raw({entries, left(entries, end)}, v);
    return f.size;
}

std::size_t decode(Suback& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::suback) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if (f.head & 15 && v != Version::v3_1) return bad_header(blame, begin, {"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
    const At codes = take_list_head(p, blame, begin + f.body, end, zero_of_answers);
    if (!codes) return 0;
    if (codes == end) return refuse(blame, end, "codes", {"MQTT-3.8.4-5", "MQTT-3.8.4-6"}, "at least one is required");
    const bool v5 = v == Version::v5;
    const CodeSet& legal = v5 ? suback_5 : suback_3;
    for (At at = codes; at < end; ++at)
        if (!legal.has(*at))
            return bad_code(blame, at, v5 ? "reason code" : "return code", {"MQTT-3.9.3-2", "MQTT-3.9.3-2"});
    p.codes = List<Suback::Code>::raw({codes, left(codes, end)}, v);
    return f.size;
}

std::size_t decode(Unsubscribe& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::unsubscribe) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if ((f.head & 15) != 2 && v != Version::v3_1) return bad_header(blame, begin, {"MQTT-3.10.1-1", "MQTT-3.10.1-1"});
    const At filters = take_list_head(p, blame, begin + f.body, end, zero_of_requests);
    if (!filters) return 0;
    if (filters == end)
        return refuse(blame, end, "filters", {"MQTT-3.10.3-2", "MQTT-3.10.3-2"}, "at least one is required");
    for (At at = filters; at < end;) {
        const At first = at;
        Text filter;
        if (!take_text(at, end, filter)) return text_ends_early(blame, at, end, "topic filter");
        if (!is_topic_filter(filter, v)) return bad_text(blame, first, "topic filter", Must::be_topic_filter, filter_ids);
    }
    p.filters = List<Unsubscribe::Filter>::raw({filters, left(filters, end)}, v);
    return f.size;
}

std::size_t decode(Unsuback& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::unsuback) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if (f.head & 15 && v != Version::v3_1) return bad_header(blame, begin, {"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
    const At codes = take_list_head(p, blame, begin + f.body, end, zero_of_answers);
    if (!codes) return 0;
    p.codes = {};
    if (v != Version::v5) return codes == end ? f.size : left_over(blame, codes);
    if (codes == end) return refuse(blame, end, "codes", {"", "MQTT-3.11.3-2"}, "at least one is required");
    for (At at = codes; at < end; ++at)
        if (!unsuback_5.has(*at)) return bad_code(blame, at, "reason code", {"", "MQTT-3.11.3-2"});
    p.codes = List<Unsuback::Code>::raw({codes, left(codes, end)}, v);
    return f.size;
}

}  // namespace mqtt::hand
