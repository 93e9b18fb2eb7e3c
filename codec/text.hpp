// Text rules, eight octets at a time. Plain ASCII is settled here; the rest goes to text.cpp.
#pragma once
#include <bit>
#include <cstring>

#include "codec/words.hpp"

namespace mqtt {
namespace words {
static_assert(std::endian::native == std::endian::little, "a word's lowest byte is the first octet");
constexpr std::uint64_t every(std::uint8_t b) { return 0x0101010101010101u * b; }
template <class U> U load(const char* p) {
    U u;
    std::memcpy(&u, p, sizeof u);
    return u;
}

/// 0x80 in each byte that is not a plain ASCII character 0x01..0x7f.
constexpr std::uint64_t strange(std::uint64_t w) { return (w | ~(w + every(0x7f))) & every(0x80); }
/// 0x80 in each byte that is '+' or '#' (they differ in bit 3), for words without anything strange.
constexpr std::uint64_t wildcard(std::uint64_t w) {
    return ~(((w | every(8)) ^ every('+')) + every(0x7f)) & every(0x80);
}

/// The same for any word; takes two steps more.
constexpr std::uint64_t wildcard_of_any(std::uint64_t w) {
    const auto differs = (w | every(8)) ^ every('+');
    return ~(((differs & every(0x7f)) + every(0x7f)) | differs) & every(0x80);
}

/// Where the first word stands that `look` finds odd, or npos; octets may be looked at twice, short texts are padded.
template <class Look> [[gnu::always_inline]] inline std::size_t first_odd(Text s, Look look) {
    const char* p = s.data();
    const std::size_t n = s.size();
    if (n >= 8) {
        for (std::size_t i = 0; i + 8 < n; i += 8)
            if (look(load<std::uint64_t>(p + i))) return i;
        return look(load<std::uint64_t>(p + n - 8)) ? n - 8 : Text::npos;
    }
    constexpr auto pad = every('a') << 32;
    if (n >= 4)
        return look(pad | load<std::uint32_t>(p)) | look(pad | load<std::uint32_t>(p + n - 4)) ? 0 : Text::npos;
    if (n == 0) return Text::npos;
    const auto octet = [p](std::size_t i) { return std::uint64_t(std::uint8_t(p[i])); };
    return look((every('a') << 24) | octet(0) | octet(n / 2) << 8 | octet(n - 1) << 16) ? 0 : Text::npos;
}
}  // namespace words

/// Well-formed UTF-8 without surrogates and U+0000 (3.1.1 section 1.5.3, 5.0 section 1.5.4); other controls are legal.
bool is_utf8(Text);
/// A topic name of one character or more, without wildcards (section 4.7).
bool is_topic_name(Text);
/// The same, or nothing: 5.0 has topic aliases (section 3.3.2.1).
bool is_topic_name_or_empty(Text);
/// A topic filter with its wildcards in place (section 4.7.1); in 5.0 `$share/NAME/FILTER` too (section 4.8.2).
bool is_topic_filter(Text, Version);
bool is_protocol_name(Text);

/// Why a text breaks a rule: the statement and a word or two. Empty `what` where it does not.
struct TextFault {
    Ids ids{};
    std::string_view what{};
};
TextFault why_not(Must, Text, Version, Ids otherwise);

[[gnu::always_inline]] inline bool holds(Must must, Text s, Version v) {
    switch (must) {
        case Must::be_utf8: return is_utf8(s);
        case Must::be_protocol_name: return is_protocol_name(s);
        case Must::be_topic_name: return is_topic_name(s);
        case Must::be_topic_name_or_empty: return is_topic_name_or_empty(s);
        case Must::be_topic_filter: return is_topic_filter(s, v);
        default: return true;
    }
}

}  // namespace mqtt
