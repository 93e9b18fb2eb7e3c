// What the hand-written decoders share: the fixed header, numbers, texts, faults.
#pragma once
#include "bench/hand.hpp"
#include "codec/rules.hpp"

namespace mqtt::hand {

using At = const std::uint8_t*;

/// A fault as it is written down beforehand: on the good path it costs nothing but a branch.
struct Why {
    std::string_view field{};
    Ids ids{};
    std::string_view what{};
    Must must{};  // of a text
};
/// These keep a fault, out of the way of good packets. All return 0, as the decoders do.
std::size_t refuse(Fault&, std::ptrdiff_t offset, Version, const Why&);
std::size_t ends_early(Fault&, std::ptrdiff_t offset, Version, std::string_view field);
std::size_t text_ends_early(Fault&, At begin, At text, At end, Version, std::string_view field);
std::size_t bad_text(Fault&, At begin, At text, Version, const Why&);
std::size_t left_over(Fault&, std::ptrdiff_t offset, Version);
std::size_t another_type(Fault&);

constexpr Why reserved_bits(Ids ids) { return {"reserved bits", ids, "are not as laid down"}; }
constexpr Why unknown_code(std::string_view field, Ids ids) { return {field, ids, "is not in the table of codes"}; }
constexpr Why zero_id(Ids ids) { return {"packet identifier", ids, "is zero"}; }
constexpr Why no_item(std::string_view field, Ids ids) { return {field, ids, "at least one is required"}; }

inline std::uint16_t be16(At p) { return std::uint16_t(p[0] << 8 | p[1]); }
inline std::uint32_t be32(At p) {
    return std::uint32_t(p[0]) << 24 | std::uint32_t(p[1]) << 16 | std::uint32_t(p[2]) << 8 | p[3];
}
inline std::size_t left(At at, At end) { return std::size_t(end - at); }

/// Octets of the fixed header and of the whole packet; size 0: not whole, or a fault. Two registers.
struct Extent {
    std::size_t body = 0, size = 0;
};
/// Fixed headers that are long, faulty or not whole.
Extent odd_extent(View, Version, Fault&, const Limits&);

MQTT_INLINE Extent extent_of(View in, Version v, Fault& fault, const Limits& limits) {
    if (in.size() >= 2 && in[1] < 128) [[likely]] {
        const std::size_t size = in[1] + 2u;
        if (size <= in.size() && size <= limits.maximum_packet_size) [[likely]]
            return {2, size};
    }
    return odd_extent(in, v, fault, limits);
}

/// The text at `at`, which then stands behind it; false if it is not whole.
MQTT_INLINE bool take_text(At& at, At end, Text& s) {
    if (left(at, end) < 2) [[unlikely]]
        return false;
    const std::size_t size = be16(at);
    if (left(at, end) < size + 2) [[unlikely]]
        return false;
    s = {reinterpret_cast<const char*>(at) + 2, size};
    at += size + 2;
    return true;
}

/// Where a property list ends (nullptr: a fault), and a bit for each identifier in it.
struct Listed {
    At end = nullptr;
    std::uint64_t seen = 0;
    bool has(unsigned property) const { return seen >> property & 1; }
};
Listed take_properties(Properties&, At begin, At at, At end, Where allowed, Fault&);

/// The same; the empty list is settled here.
MQTT_INLINE Listed properties_at(Properties& ps, At begin, At at, At end, Where allowed, Fault& fault) {
    if (at < end && *at == 0) {
        ps = Properties::raw({at + 1, std::size_t(0)}, Version::v5);
        return {at + 1};
    }
    return take_properties(ps, begin, at, end, allowed, fault);
}

}  // namespace mqtt::hand
