// The hand-written encoders. Each knows its size beforehand: one look at the room, then stores without questions.
#include <cstring>

#include "bench/hand.hpp"

namespace mqtt::hand {
namespace {

[[gnu::noinline]] std::size_t long_varint_octets(std::size_t v) {
    std::size_t n = 1;
    while (v >= 128) v >>= 7, ++n;
    return n;
}
MQTT_INLINE std::size_t varint_octets(std::size_t v) {
    if (v < 128) [[likely]]
        return 1;
    return long_varint_octets(v);
}

[[gnu::noinline]] std::uint8_t* long_varint(std::uint8_t* at, std::size_t v) {
    for (; v >= 128; v >>= 7) *at++ = std::uint8_t(v | 128);
    *at++ = std::uint8_t(v);
    return at;
}

struct Out {
    std::uint8_t* at;
    MQTT_INLINE void one(unsigned v) { *at++ = std::uint8_t(v); }
    MQTT_INLINE void two(std::size_t v) {
        at[0] = std::uint8_t(v >> 8);
        at[1] = std::uint8_t(v);
        at += 2;
    }
    MQTT_INLINE void four(std::uint32_t v) {
        v = __builtin_bswap32(v);
        std::memcpy(at, &v, sizeof v);
        at += sizeof v;
    }
    MQTT_INLINE void varint(std::size_t v) {
        if (v < 128) [[likely]]
            *at++ = std::uint8_t(v);
        else
            at = long_varint(at, v);
    }
    MQTT_INLINE void raw(Bytes s) {
        if (!s.empty()) std::memcpy(at, s.data(), s.size());
        at += s.size();
    }
    MQTT_INLINE void text(Text s) {
        two(s.size());
        raw(s);
    }
};

// ---- properties -------------------------------------------------------------------------------------------------
MQTT_INLINE std::size_t size_of(const Property& p) {
    const std::size_t id = varint_octets(p.id);
    switch (row(p.id).wire) {
        case Wire::byte: return id + 1;
        case Wire::two: return id + 2;
        case Wire::four: return id + 4;
        case Wire::varint: return id + varint_octets(p.number);
        case Wire::text:
        case Wire::binary: return id + 2 + p.text.size();
        case Wire::pair: return id + 4 + p.text.size() + p.value.size();
        case Wire::unknown: break;
    }
    return id + p.text.size();
}
MQTT_INLINE void write(Out& out, const Property& p) {
    out.varint(p.id);
    switch (row(p.id).wire) {
        case Wire::byte: return out.one(p.number);
        case Wire::two: return out.two(p.number);
        case Wire::four: return out.four(p.number);
        case Wire::varint: return out.varint(p.number);
        case Wire::text:
        case Wire::binary: return out.text(p.text);
        case Wire::pair: out.text(p.text); return out.text(p.value);
        case Wire::unknown: out.raw(p.text);
    }
}
[[gnu::noinline]] std::size_t size_of_items(const Properties& ps) {
    std::size_t n = 0;
    if (ps.is_kept())
        for (const Property& p : ps.kept()) n += size_of(p);
    else
        for (const Property& p : ps) n += size_of(p);
    return n;
}
/// By pointer, not by Out&: what a call may change cannot stay in a register.
[[gnu::noinline]] std::uint8_t* write_items(std::uint8_t* at, const Properties& ps) {
    Out out{at};
    if (ps.is_kept())
        for (const Property& p : ps.kept()) write(out, p);
    else
        for (const Property& p : ps) write(out, p);
    return out.at;
}
/// Octets of the items, without the length before them.
MQTT_INLINE std::size_t size_of(const Properties& ps) {
    if (ps.empty() || ps.is_raw(Version::v5)) return ps.octets().size();
    return size_of_items(ps);
}
MQTT_INLINE void write(Out& out, const Properties& ps, std::size_t size) {
    out.varint(size);
    if (ps.is_raw(Version::v5))
        out.raw(bytes(ps.octets()));
    else if (size)
        out.at = write_items(out.at, ps);
}
/// With the length; nothing before 5.0.
inline std::size_t space(bool v5, std::size_t properties) { return v5 ? varint_octets(properties) + properties : 0; }

inline std::size_t whole(std::size_t body) { return 1 + varint_octets(body) + body; }
inline Out begin_packet(std::span<std::uint8_t> room, Type type, unsigned flags, std::size_t body) {
    Out out{room.data()};
    out.one(unsigned(type) << 4 | flags);
    out.varint(body);
    return out;
}

// ---- items of lists ---------------------------------------------------------------------------------------------
inline std::size_t size_of(const Subscribe::Entry& e) { return 3 + e.filter.size(); }
inline std::size_t size_of(const Unsubscribe::Filter& f) { return 2 + f.text.size(); }
inline std::size_t size_of(const Suback::Code&) { return 1; }
inline std::size_t size_of(const Unsuback::Code&) { return 1; }
inline void write(Out& out, const Subscribe::Entry& e, bool v5) {
    out.text(e.filter);
    const unsigned more = (e.no_local ? 4u : 0) | (e.retain_as_published ? 8u : 0) | (e.retain_handling & 3u) << 4;
    out.one((unsigned(e.qos) & 3) | (v5 ? more : 0));
}
inline void write(Out& out, const Unsubscribe::Filter& f, bool) { out.text(f.text); }
inline void write(Out& out, const Suback::Code& c, bool) { out.one(c.value); }
inline void write(Out& out, const Unsuback::Code& c, bool) { out.one(c.value); }

/// Packet identifier, properties, items: SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK.
template <class P, class T>
MQTT_INLINE std::size_t encode_list(const P& p, const List<T>& list, unsigned flags, Version v,
                                    std::span<std::uint8_t> room) {
    const bool v5 = v == Version::v5, raw = list.is_raw(v), kept = list.is_kept();
    std::size_t items = raw ? list.octets().size() : 0;
    if (kept)
        for (const T& item : list.kept()) items += size_of(item);
    else if (!raw)
        for (const T& item : list) items += size_of(item);
    const std::size_t properties = v5 ? size_of(p.properties) : 0;
    const std::size_t body = 2 + space(v5, properties) + items, all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, P::type, flags, body);
    out.two(p.packet_id);
    if (v5) write(out, p.properties, properties);
    if (raw)
        out.raw(bytes(list.octets()));
    else if (kept)
        for (const T& item : list.kept()) write(out, item, v5);
    else
        for (const T& item : list) write(out, item, v5);
    return all;
}

/// Reason code and properties are left out where they say nothing.
template <class P>
MQTT_INLINE std::size_t reason_size(const P& p, bool v5, std::size_t& properties) {
    properties = 0;
    if (!v5 || (p.reason == 0 && p.properties.empty())) return 0;
    if (p.properties.empty()) return 1;
    properties = size_of(p.properties);
    return 1 + space(true, properties);
}
template <class P>
MQTT_INLINE void write_reason(Out& out, const P& p, std::size_t size, std::size_t properties) {
    if (size == 0) return;
    out.one(p.reason);
    if (size > 1) write(out, p.properties, properties);
}
template <class P>
MQTT_INLINE std::size_t encode_answer(const P& p, unsigned flags, Version v, std::span<std::uint8_t> room) {
    std::size_t properties;
    const std::size_t reason = reason_size(p, v == Version::v5, properties), body = 2 + reason, all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, P::type, flags, body);
    out.two(p.packet_id);
    write_reason(out, p, reason, properties);
    return all;
}
template <class P>
MQTT_INLINE std::size_t encode_farewell(const P& p, bool v5, std::span<std::uint8_t> room) {
    std::size_t properties;
    const std::size_t reason = reason_size(p, v5, properties), all = whole(reason);
    if (all > room.size()) return all;
    Out out = begin_packet(room, P::type, 0, reason);
    write_reason(out, p, reason, properties);
    return all;
}
std::size_t encode_empty(Type type, std::span<std::uint8_t> room) {
    if (room.size() >= 2) begin_packet(room, type, 0, 0);
    return 2;
}

unsigned flags_of(const Connect& p) {
    const unsigned will = p.will ? 4u | (unsigned(p.will->qos) & 3) << 3 | (p.will->retain ? 32u : 0) : 0;
    return (p.user_name ? 128u : 0) | (p.password ? 64u : 0) | will | (p.clean_start ? 2u : 0);
}
unsigned flags_of(const Publish& p) { return (p.dup ? 8u : 0) | (unsigned(p.qos) & 3) << 1 | (p.retain ? 1u : 0); }

}  // namespace

std::size_t encode(const Connect& p, Version v, std::span<std::uint8_t> room) {
    const bool v5 = v == Version::v5;
    const std::size_t properties = v5 ? size_of(p.properties) : 0;
    const std::size_t will_properties = v5 && p.will ? size_of(p.will->properties) : 0;
    std::size_t body = 2 + p.protocol.size() + 4 + space(v5, properties) + 2 + p.client_id.size();
    if (p.will) body += space(v5, will_properties) + 4 + p.will->topic.size() + p.will->payload.size();
    if (p.user_name) body += 2 + p.user_name->size();
    if (p.password) body += 2 + p.password->size();
    const std::size_t all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, Type::connect, 0, body);
    out.text(p.protocol);
    out.one(p.level);
    out.one(flags_of(p));
    out.two(p.keep_alive);
    if (v5) write(out, p.properties, properties);
    out.text(p.client_id);
    if (p.will) {
        if (v5) write(out, p.will->properties, will_properties);
        out.text(p.will->topic);
        out.text(p.will->payload);
    }
    if (p.user_name) out.text(*p.user_name);
    if (p.password) out.text(*p.password);
    return all;
}

std::size_t encode(const Connack& p, Version v, std::span<std::uint8_t> room) {
    const bool v5 = v == Version::v5;
    const std::size_t properties = v5 ? size_of(p.properties) : 0, body = 2 + space(v5, properties), all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, Type::connack, 0, body);
    out.one(p.session_present);
    out.one(p.code);
    if (v5) write(out, p.properties, properties);
    return all;
}

std::size_t encode(const Publish& p, Version v, std::span<std::uint8_t> room) {
    const bool v5 = v == Version::v5, has_id = p.qos != QoS::at_most_once;
    const std::size_t properties = v5 ? size_of(p.properties) : 0;
    const std::size_t body = 2 + p.topic.size() + (has_id ? 2 : 0) + space(v5, properties) + p.payload.size();
    const std::size_t all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, Type::publish, flags_of(p), body);
    out.text(p.topic);
    if (has_id) out.two(p.packet_id);
    if (v5) write(out, p.properties, properties);
    out.raw(p.payload);
    return all;
}
std::size_t encode(const Publish& p, const Five& five, std::span<std::uint8_t> room) {
    const std::size_t properties = 3 + five.content_type.size() + 3 + five.response_topic.size() + 3 +
                                   five.correlation_data.size() + 5 + five.key.size() + five.value.size() + 5;
    const bool has_id = p.qos != QoS::at_most_once;
    const std::size_t body = 2 + p.topic.size() + (has_id ? 2 : 0) + space(true, properties) + p.payload.size();
    const std::size_t all = whole(body);
    if (all > room.size()) return all;
    Out out = begin_packet(room, Type::publish, flags_of(p), body);
    out.text(p.topic);
    if (has_id) out.two(p.packet_id);
    out.varint(properties);
    out.one(property::content_type);
    out.text(five.content_type);
    out.one(property::response_topic);
    out.text(five.response_topic);
    out.one(property::correlation_data);
    out.text(five.correlation_data);
    out.one(property::user_property);
    out.text(five.key);
    out.text(five.value);
    out.one(property::message_expiry_interval);
    out.four(five.expiry);
    out.raw(p.payload);
    return all;
}

std::size_t encode(const Subscribe& p, Version v, std::span<std::uint8_t> room) {
    return encode_list(p, p.entries, 2, v, room);
}
std::size_t encode(const Suback& p, Version v, std::span<std::uint8_t> room) {
    return encode_list(p, p.codes, 0, v, room);
}
std::size_t encode(const Unsubscribe& p, Version v, std::span<std::uint8_t> room) {
    return encode_list(p, p.filters, 2, v, room);
}
std::size_t encode(const Unsuback& p, Version v, std::span<std::uint8_t> room) {  // 5.0 has codes
    return encode_list(p, v == Version::v5 ? p.codes : List<Unsuback::Code>{}, 0, v, room);
}

std::size_t encode(const Puback& p, Version v, std::span<std::uint8_t> room) { return encode_answer(p, 0, v, room); }
std::size_t encode(const Pubrec& p, Version v, std::span<std::uint8_t> room) { return encode_answer(p, 0, v, room); }
std::size_t encode(const Pubrel& p, Version v, std::span<std::uint8_t> room) { return encode_answer(p, 2, v, room); }
std::size_t encode(const Pubcomp& p, Version v, std::span<std::uint8_t> room) { return encode_answer(p, 0, v, room); }
std::size_t encode(const Disconnect& p, Version v, std::span<std::uint8_t> room) {
    return encode_farewell(p, v == Version::v5, room);
}
std::size_t encode(const Auth& p, Version, std::span<std::uint8_t> room) { return encode_farewell(p, true, room); }
std::size_t encode(const Pingreq&, Version, std::span<std::uint8_t> room) { return encode_empty(Type::pingreq, room); }
std::size_t encode(const Pingresp&, Version, std::span<std::uint8_t> room) {
    return encode_empty(Type::pingresp, room);
}

}  // namespace mqtt::hand
