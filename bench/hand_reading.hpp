// What the hand-written decoders share: the fixed header, numbers, texts, faults.
#pragma once
#include "bench/hand.hpp"
#include "codec/rules.hpp"

namespace mqtt::hand {

using At = const std::uint8_t*;

/// Who is told of a fault, and what its offset and statement are counted and chosen by.
struct Blame {
    Fault& fault;
    At begin;
    Version version;
};
/// Faults, out of the way of good packets. All return 0, as the decoders do.
std::size_t refuse(Blame, At where, const char* field, Ids, const char* what);
std::size_t ends_early(Blame, At where, const char* field);
std::size_t text_ends_early(Blame, At text, At end, const char* field);
std::size_t bad_text(Blame, At text, const char* field, Must, Ids);
std::size_t bad_header(Blame, At head, Ids);
std::size_t left_over(Blame, At where);
std::size_t bad_code(Blame, At where, const char* field, Ids);

inline std::uint16_t be16(At p) { return std::uint16_t(p[0] << 8 | p[1]); }
inline std::uint32_t be32(At p) {
    return std::uint32_t(p[0]) << 24 | std::uint32_t(p[1]) << 16 | std::uint32_t(p[2]) << 8 | p[3];
}
inline std::size_t left(At at, At end) { return std::size_t(end - at); }

/// Fixed headers that are long, faulty or not whole.
Frame odd_frame(View, Version, Fault&, const Limits&);

MQTT_INLINE Frame frame_of(View in, Version v, Fault& fault, const Limits& limits) {
    if (in.size() >= 2 && in[1] < 128) [[likely]] {
        const std::size_t size = in[1] + 2u;
        if (size <= in.size() && size <= limits.maximum_packet_size) [[likely]] return {in[0], 2, size};
    }
    return odd_frame(in, v, fault, limits);
}

std::size_t another_type(Fault&);

/// The text at `at`, which then stands behind it; false if it is not whole.
MQTT_INLINE bool take_text(At& at, At end, Text& s) {
    if (left(at, end) < 2) [[unlikely]] return false;
    const std::size_t size = be16(at);
    if (left(at, end) < size + 2) [[unlikely]] return false;
    s = {reinterpret_cast<const char*>(at) + 2, size};
    at += size + 2;
    return true;
}

/// The property list at `at`: where it ends, or nullptr with a fault. `seen`: a bit for each identifier.
At take_properties(Properties&, Blame, At at, At end, Where allowed, const char* field, std::uint64_t& seen);
inline bool has(std::uint64_t seen, unsigned property) { return seen >> property & 1; }

/// The same; the empty list is settled here.
MQTT_INLINE At properties_at(Properties& ps, Blame blame, At at, At end, Where allowed, std::uint64_t& seen,
                             const char* field = "properties") {
    if (at < end && *at == 0) {
        ps = Properties::raw({at + 1, std::size_t(0)}, blame.version);
        return at + 1;
    }
    return take_properties(ps, blame, at, end, allowed, field, seen);
}

}  // namespace mqtt::hand
