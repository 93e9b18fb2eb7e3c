#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr Ids packet_length{"X-2.0-packet-length", "X-2.0-packet-length"};
constexpr Ids five_octets{"X-2.2.3-remaining-length", "X-1.5.5-five-octets"};
constexpr Ids padded{"", "MQTT-1.5.5-1"};
constexpr std::size_t longest_varint = 4;

/// A variable byte integer of two octets or more; nullptr with a fault.
[[gnu::noinline]] At take_long_varint(Blame blame, At at, At end, const char* field, std::uint32_t& v) {
    v = 0;
    for (std::size_t i = 0; i < longest_varint; ++i) {
        if (at + i == end) return ends_early(blame, end, field), nullptr;
        v |= std::uint32_t(at[i] & 127) << 7 * i;
        if (at[i] < 128) {
            if (i > 0 && at[i] == 0) return refuse(blame, at, field, padded, "is not in the fewest octets"), nullptr;
            return at + i + 1;
        }
    }
    refuse(blame, at, field, five_octets, "takes more than four octets");
    return nullptr;
}
MQTT_INLINE At take_varint(Blame blame, At at, At end, const char* field, std::uint32_t& v) {
    if (at < end && *at < 128) [[likely]] {
        v = *at;
        return at + 1;
    }
    return take_long_varint(blame, at, end, field, v);
}

At bad_value(Blame blame, At where, const PropertyRow& r) {
    refuse(blame, where, r.name.data(), r.rule.ids(), r.rule.must == Must::not_zero ? "is zero" : "is neither 0 nor 1");
    return nullptr;
}
At short_value(Blame blame, At where, const PropertyRow& r) { return ends_early(blame, where, r.name.data()), nullptr; }

MQTT_INLINE At take_text_value(Blame blame, At at, At end, const PropertyRow& r) {
    const At first = at;
    Text s;
    if (!take_text(at, end, s)) return text_ends_early(blame, at, end, r.name.data()), nullptr;
    if (r.wire == Wire::binary) return at;
    const bool good = r.rule.must == Must::be_topic_name ? is_topic_name(s) : is_utf8(s);
    if (!good) [[unlikely]] return bad_text(blame, first, r.name.data(), r.rule.must, r.rule.ids()), nullptr;
    return at;
}

/// One value of the kind its row tells: where it ends, or nullptr with a fault.
MQTT_INLINE At take_value(Blame blame, At at, At end, const PropertyRow& r) {
    const bool not_zero = r.rule.must == Must::not_zero;
    switch (r.wire) {
        case Wire::byte:
            if (at == end) return short_value(blame, at, r);
            return *at > 1 ? bad_value(blame, at, r) : at + 1;
        case Wire::two:
            if (left(at, end) < 2) return short_value(blame, at, r);
            return not_zero && !be16(at) ? bad_value(blame, at, r) : at + 2;
        case Wire::four:
            if (left(at, end) < 4) return short_value(blame, at, r);
            return not_zero && !be32(at) ? bad_value(blame, at, r) : at + 4;
        case Wire::varint: {
            std::uint32_t v;
            const At next = take_varint(blame, at, end, r.name.data(), v);
            return next && !v ? bad_value(blame, at, r) : next;
        }
        case Wire::pair:
            at = take_text_value(blame, at, end, r);
            return at ? take_text_value(blame, at, end, r) : nullptr;
        case Wire::text:
        case Wire::binary: return take_text_value(blame, at, end, r);
        case Wire::unknown: break;
    }
    refuse(blame, at, "property", {"", "X-2.2.2-property-unknown"}, "is unknown");
    return nullptr;
}

}  // namespace

[[gnu::cold]] std::size_t refuse(Blame b, At where, const char* field, Ids ids, const char* what) {
    b.fault = {std::size_t(where - b.begin), field, ids.in(b.version), what};
    return 0;
}
[[gnu::cold]] std::size_t ends_early(Blame b, At where, const char* field) {
    return refuse(b, where, field, packet_length, "ends early");
}
[[gnu::cold]] std::size_t text_ends_early(Blame b, At text, At end, const char* field) {
    return ends_early(b, left(text, end) < 2 ? text : text + 2, field);
}
[[gnu::cold]] std::size_t bad_text(Blame b, At text, const char* field, Must must, Ids ids) {
    const TextFault f = why_not(must, {reinterpret_cast<const char*>(text) + 2, be16(text)}, b.version, ids);
    return refuse(b, text, field, f.ids, f.what.data());
}
[[gnu::cold]] std::size_t bad_header(Blame b, At head, Ids ids) {
    return refuse(b, head, "reserved bits", ids, "are not as laid down");
}
[[gnu::cold]] std::size_t left_over(Blame b, At where) {
    return refuse(b, where, "packet", packet_length, "has octets left over");
}
[[gnu::cold]] std::size_t bad_code(Blame b, At where, const char* field, Ids ids) {
    return refuse(b, where, field, ids, "is not in the table of codes");
}
[[gnu::cold]] std::size_t another_type(Fault& fault) {
    fault = {0, "packet type", "", "is another than expected"};
    return 0;
}

[[gnu::noinline]] Frame odd_frame(View in, Version v, Fault& fault, const Limits& limits) {
    const Blame blame{fault, in.data(), v};
    std::size_t size = 0, octets = 0;
    for (bool more = true; more; ++octets) {
        if (octets == longest_varint)
            return refuse(blame, in.data() + 1, "remaining length", five_octets, "takes more than four octets"), Frame{};
        if (octets + 1 >= in.size()) return {};
        size |= std::size_t(in[octets + 1] & 127) << 7 * octets;
        more = in[octets + 1] >= 128;
    }
    if (octets > 1 && in[octets] == 0 && v == Version::v5)
        return refuse(blame, in.data() + 1, "remaining length", padded, "is not in the fewest octets"), Frame{};
    const std::size_t body = octets + 1;
    if (body + size > limits.maximum_packet_size)
        return refuse(blame, in.data() + 1, "remaining length", {"", "MQTT-3.2.2-15"}, "is above the maximum packet size"),
               Frame{};
    if (in.size() - body < size) return {};
    return {in[0], body, body + size};
}

[[gnu::noinline]] At take_properties(Properties& ps, Blame blame, At at, At end, Where allowed, const char* field,
                                     std::uint64_t& seen) {
    std::uint32_t size;
    at = take_varint(blame, at, end, field, size);
    if (!at) return nullptr;
    if (left(at, end) < size) return ends_early(blame, at, field), nullptr;
    end = at + size;
    ps = Properties::raw({at, std::size_t(size)}, blame.version);
    std::uint64_t met = 0;
    while (at < end) {
        const At first = at;
        std::uint32_t id;
        at = take_varint(blame, at, end, "property identifier", id);
        if (!at) return nullptr;
        const PropertyRow& r = row(id);
        at = take_value(blame, at, end, r);
        if (!at) return nullptr;
        if (!(r.where & allowed)) [[unlikely]]
            return refuse(blame, first, r.name.data(), {"", "X-2.2.2-property-not-allowed"}, "is not allowed here"),
                   nullptr;
        if (has(met, id) && !(r.repeats & allowed)) [[unlikely]]
            return refuse(blame, first, r.name.data(), {"", "X-2.2.2-property-twice"}, "stands twice"), nullptr;
        met |= std::uint64_t(1) << id;
    }
    seen = met;
    return end;
}

}  // namespace mqtt::hand
