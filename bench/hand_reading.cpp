#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Ids packet_length{"X-2.0-packet-length", "X-2.0-packet-length"};
constexpr std::size_t longest_varint = 4;
constexpr Version v5 = Version::v5;  // only 5.0 has properties

constexpr Ids five_octets{"X-2.2.3-remaining-length", "X-1.5.5-five-octets"};
constexpr Why too_long(std::string_view field) { return {field, five_octets, "takes more than four octets"}; }
constexpr Why padded(std::string_view field) { return {field, {"", "MQTT-1.5.5-1"}, "is not in the fewest octets"}; }
constexpr Why too_large{"remaining length", {"", "MQTT-3.2.2-15"}, "is above the maximum packet size"};
constexpr Why unknown_property{"property", {"", "X-2.2.2-property-unknown"}, "is unknown"};

At nowhere(std::size_t) { return nullptr; }

/// A variable byte integer of two octets or more; nullptr with a fault.
[[gnu::noinline]] At take_long_varint(Fault& fault, At begin, At at, At end, std::string_view field, std::uint32_t& v) {
    v = 0;
    for (std::size_t i = 0; i < longest_varint; ++i) {
        if (at + i == end) return nowhere(ends_early(fault, end - begin, v5, field));
        v |= std::uint32_t(at[i] & 127) << 7 * i;
        if (at[i] < 128) {
            if (i > 0 && at[i] == 0) return nowhere(refuse(fault, at - begin, v5, padded(field)));
            return at + i + 1;
        }
    }
    return nowhere(refuse(fault, at - begin, v5, too_long(field)));
}
MQTT_INLINE At take_varint(Fault& fault, At begin, At at, At end, std::string_view field, std::uint32_t& v) {
    if (at < end && *at < 128) [[likely]] {
        v = *at;
        return at + 1;
    }
    return take_long_varint(fault, begin, at, end, field, v);
}

[[gnu::cold, gnu::noinline]] At bad_value(Fault& fault, At begin, At where, const PropertyRow& r) {
    const auto what = r.rule.must == Must::not_zero ? "is zero" : "is neither 0 nor 1";
    return nowhere(refuse(fault, where - begin, v5, {r.name, r.rule.ids(), what}));
}
[[gnu::cold, gnu::noinline]] At short_value(Fault& fault, At begin, At where, const PropertyRow& r) {
    return nowhere(ends_early(fault, where - begin, v5, r.name));
}
[[gnu::cold, gnu::noinline]] At bad_text_value(Fault& fault, At begin, At text, const PropertyRow& r) {
    return nowhere(bad_text(fault, begin, text, v5, {r.name, r.rule.ids(), {}, r.rule.must}));
}
[[gnu::cold, gnu::noinline]] At misplaced(Fault& fault, At begin, At where, const PropertyRow& r, Where allowed) {
    if (!(r.where & allowed))
        refuse(fault, where - begin, v5, {r.name, {"", "X-2.2.2-property-not-allowed"}, "is not allowed here"});
    else
        refuse(fault, where - begin, v5, {r.name, {"", "X-2.2.2-property-twice"}, "stands twice"});
    return nullptr;
}

/// The octets of a text or binary value: where they end, or nullptr with a fault.
MQTT_INLINE At take_octets(Fault& fault, At begin, At at, At end, const PropertyRow& r, Text& s) {
    if (take_text(at, end, s)) [[likely]]
        return at;
    return nowhere(text_ends_early(fault, begin, at, end, v5, r.name));
}
MQTT_INLINE At take_utf8(Fault& fault, At begin, At at, At end, const PropertyRow& r) {
    Text s;
    const At next = take_octets(fault, begin, at, end, r, s);
    if (!next) return nullptr;
    const bool good = r.rule.must == Must::be_topic_name ? is_topic_name(s) : is_utf8(s);
    return good ? next : bad_text_value(fault, begin, at, r);
}

/// One value of the kind its row tells: where it ends, or nullptr with a fault.
MQTT_INLINE At take_value(Fault& fault, At begin, At at, At end, const PropertyRow& r) {
    const bool not_zero = r.rule.must == Must::not_zero;
    switch (r.wire) {
        case Wire::byte:
            if (at == end) return short_value(fault, begin, at, r);
            return *at > 1 ? bad_value(fault, begin, at, r) : at + 1;
        case Wire::two:
            if (left(at, end) < 2) return short_value(fault, begin, at, r);
            return not_zero && !be16(at) ? bad_value(fault, begin, at, r) : at + 2;
        case Wire::four:
            if (left(at, end) < 4) return short_value(fault, begin, at, r);
            return not_zero && !be32(at) ? bad_value(fault, begin, at, r) : at + 4;
        case Wire::varint: {
            std::uint32_t v;
            const At next = take_varint(fault, begin, at, end, r.name, v);
            return next && !v ? bad_value(fault, begin, at, r) : next;
        }
        case Wire::pair:
            at = take_utf8(fault, begin, at, end, r);
            return at ? take_utf8(fault, begin, at, end, r) : nullptr;
        case Wire::text: return take_utf8(fault, begin, at, end, r);
        case Wire::binary: {
            Text s;
            return take_octets(fault, begin, at, end, r, s);
        }
        case Wire::unknown: break;
    }
    return nowhere(refuse(fault, at - begin, v5, unknown_property));
}

}  // namespace

[[gnu::cold]] std::size_t refuse(Fault& fault, std::ptrdiff_t offset, Version v, const Why& why) {
    fault = {std::size_t(offset), why.field, why.ids.in(v), why.what};
    return 0;
}
[[gnu::cold]] std::size_t ends_early(Fault& fault, std::ptrdiff_t offset, Version v, std::string_view field) {
    return refuse(fault, offset, v, {field, packet_length, "ends early"});
}
[[gnu::cold]] std::size_t text_ends_early(Fault& fault, At begin, At text, At end, Version v, std::string_view field) {
    return ends_early(fault, (left(text, end) < 2 ? text : text + 2) - begin, v, field);
}
[[gnu::cold]] std::size_t bad_text(Fault& fault, At begin, At text, Version v, const Why& why) {
    const Text s{reinterpret_cast<const char*>(text) + 2, be16(text)};
    const TextFault found = why_not(why.must, s, v, why.ids);
    return refuse(fault, text - begin, v, {why.field, found.ids, found.what});
}
[[gnu::cold]] std::size_t left_over(Fault& fault, std::ptrdiff_t offset, Version v) {
    return refuse(fault, offset, v, {"packet", packet_length, "has octets left over"});
}
[[gnu::cold]] std::size_t another_type(Fault& fault) {
    fault = {0, "packet type", "", "is another than expected"};
    return 0;
}

[[gnu::noinline]] Extent odd_extent(View in, Version v, Fault& fault, const Limits& limits) {
    std::size_t size = 0, octets = 0;
    for (bool more = true; more; ++octets) {
        if (octets == longest_varint) return {0, refuse(fault, 1, v, too_long("remaining length"))};
        if (octets + 1 >= in.size()) return {};
        size |= std::size_t(in[octets + 1] & 127) << 7 * octets;
        more = in[octets + 1] >= 128;
    }
    if (octets > 1 && in[octets] == 0 && v == v5) return {0, refuse(fault, 1, v, padded("remaining length"))};
    const std::size_t body = octets + 1;
    if (body + size > limits.maximum_packet_size) return {0, refuse(fault, 1, v, too_large)};
    if (in.size() - body < size) return {};
    return {body, body + size};
}

[[gnu::noinline]] Listed take_properties(Properties& ps, At begin, At at, At end, Where allowed, Fault& fault) {
    std::uint32_t size;
    at = take_varint(fault, begin, at, end, "properties", size);
    if (!at) return {};
    if (left(at, end) < size) return {nowhere(ends_early(fault, at - begin, v5, "properties"))};
    end = at + size;
    ps = Properties::raw({at, std::size_t(size)}, v5);
    std::uint64_t seen = 0;
    while (at < end) {
        const At first = at;
        std::uint32_t id;
        at = take_varint(fault, begin, at, end, "property identifier", id);
        if (!at) return {};
        const PropertyRow& r = row(id);
        at = take_value(fault, begin, at, end, r);
        if (!at) return {};
        if (!(r.where & allowed) || ((seen >> id & 1) && !(r.repeats & allowed))) [[unlikely]]
            return {misplaced(fault, begin, first, r, allowed)};
        seen |= std::uint64_t(1) << id;
    }
    return {end, seen};
}

}  // namespace mqtt::hand
