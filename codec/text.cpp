#include "codec/text.hpp"

#include <algorithm>

namespace mqtt {
namespace {

enum class Flaw { none, ill_formed, null_character };

/// Octets of the character that begins at `p`, which is beyond ASCII; 0 where it is ill-formed.
[[gnu::always_inline]] inline std::size_t character(const char* p, std::size_t left) {
    const auto octet = [p](std::size_t i) { return unsigned(std::uint8_t(p[i])); };
    const auto follows = [&](std::size_t i) { return octet(i) >> 6 == 2; };
    const unsigned c = octet(0);
    if (c < 0xe0) return c >= 0xc2 && left >= 2 && follows(1) ? 2 : 0;  // 0xc0, 0xc1: overlong
    if (c < 0xf0) {
        if (left < 3 || !follows(1) || !follows(2)) return 0;
        const unsigned high = (c & 15) << 1 | (octet(1) >> 5 & 1);  // the upper five bits of sixteen
        return high != 0 && high != 27 ? 3 : 0;                     // overlong, surrogate
    }
    if (c >= 0xf5 || left < 4 || !follows(1) || !follows(2) || !follows(3)) return 0;
    const unsigned plane = (c & 7) << 2 | (octet(1) >> 4 & 3);
    return plane >= 1 && plane <= 16 ? 4 : 0;
}

/// What is wrong first, at or after `from`, before which all is plain ASCII.
Flaw flaw_of(Text s, std::size_t from = 0) {
    const char* p = s.data();
    for (std::size_t i = from; i < s.size();) {
        if (s.size() - i >= 8) {
            const auto strange = words::strange(words::load<std::uint64_t>(p + i));
            i += strange ? std::size_t(std::countr_zero(strange)) / 8 : 8;
            if (!strange) continue;
        }
        if (p[i] == 0) return Flaw::null_character;
        if (std::uint8_t(p[i]) < 0x80) {
            ++i;
            continue;
        }
        do {  // such characters come in runs
            const std::size_t octets = character(p + i, s.size() - i);
            if (octets == 0) return Flaw::ill_formed;
            i += octets;
        } while (i < s.size() && std::uint8_t(p[i]) >= 0x80);
    }
    return Flaw::none;
}

bool wildcard_stands_well(Text s, std::size_t i) {  // '+' fills a level, '#' fills the last one
    return (i == 0 || s[i - 1] == '/') && (i + 1 == s.size() || (s[i] == '+' && s[i + 1] == '/'));
}
bool wildcards_stand_well(Text s, std::size_t at, std::uint64_t wild) {  // those of one word
    for (; wild; wild &= wild - 1)
        if (!wildcard_stands_well(s, at + std::size_t(std::countr_zero(wild)) / 8)) return false;
    return true;
}

constexpr Text share_prefix = "$share/";

// What follows "$share/": a name free of wildcards, a slash, and a filter of one character or more.
TextFault share_fault(Text rest) {
    const auto slash = rest.find('/');
    if (slash == 0) return {{"", "MQTT-4.8.2-1"}, "an empty share name"};
    if (rest.substr(0, slash).find_first_of("+#") != Text::npos)
        return {{"", "MQTT-4.8.2-2"}, "a wildcard in the share name"};
    if (slash == Text::npos || slash + 1 == rest.size())
        return {{"", "MQTT-4.8.2-2"}, "no filter after the share name"};
    return {};
}

TextFault wildcard_fault(Text s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '#' && !wildcard_stands_well(s, i))
            return {{"MQTT-4.7.1-2", "MQTT-4.7.1-1"}, "# is not alone in the last level"};
        if (s[i] == '+' && !wildcard_stands_well(s, i))
            return {{"MQTT-4.7.1-3", "MQTT-4.7.1-2"}, "+ does not fill its level"};
    }
    return {};
}

// Texts with something in them that is not plain; `from`: before it, all is.
[[gnu::noinline]] bool is_odd_utf8(Text s, std::size_t from) { return flaw_of(s, from) == Flaw::none; }
[[gnu::noinline]] bool is_odd_name(Text s, std::size_t from) {
    return s.find('+', from) == Text::npos && s.find('#', from) == Text::npos && flaw_of(s, from) == Flaw::none;
}
[[gnu::noinline]] bool is_odd_filter(Text s, Version v, std::size_t from) {
    std::uint64_t strange = 0;
    if (s.size() < 8) {
        for (std::size_t i = from; i < s.size(); ++i)
            if ((s[i] == '+' || s[i] == '#') && !wildcard_stands_well(s, i)) return false;
        strange = 1;
    } else {
        for (std::size_t i = from; i < s.size(); i += 8) {
            i = std::min(i, s.size() - 8);
            const auto word = words::load<std::uint64_t>(s.data() + i);
            if (!wildcards_stand_well(s, i, words::wildcard_of_any(word))) return false;
            strange |= words::strange(word);
        }
    }
    if (strange && flaw_of(s, from) != Flaw::none) return false;
    if (v != Version::v5 || !s.starts_with(share_prefix)) return true;
    return share_fault(s.substr(share_prefix.size())).what.empty();
}

constexpr auto strange = [](std::uint64_t w) { return words::strange(w); };
constexpr auto strange_or_wildcard = [](std::uint64_t w) { return words::strange(w) | words::wildcard(w); };

}  // namespace

bool is_utf8(Text s) {
    const auto odd = words::first_odd(s, strange);
    return odd == Text::npos || is_odd_utf8(s, odd);
}
bool is_topic_name_or_empty(Text s) {
    const auto odd = words::first_odd(s, strange_or_wildcard);
    return odd == Text::npos || is_odd_name(s, odd);
}
bool is_topic_name(Text s) { return !s.empty() && is_topic_name_or_empty(s); }
bool is_protocol_name(Text s) { return s == "MQTT" || s == "MQIsdp"; }

bool is_topic_filter(Text s, Version v) {
    if (s.empty()) return false;
    const auto odd = words::first_odd(s, strange_or_wildcard);
    if (odd == Text::npos && (v != Version::v5 || s[0] != '$')) return true;
    return is_odd_filter(s, v, odd);
}

TextFault why_not(Must must, Text s, Version v, Ids otherwise) {
    if (holds(must, s, v)) return {};
    switch (flaw_of(s)) {
        case Flaw::null_character: return {{"MQTT-1.5.3-2", "MQTT-1.5.4-2"}, "holds U+0000"};
        case Flaw::ill_formed: return {{"MQTT-1.5.3-1", "MQTT-1.5.4-1"}, "is not well-formed UTF-8"};
        case Flaw::none: break;
    }
    if (must == Must::be_protocol_name) return {otherwise, "is not MQTT"};
    if (s.empty()) return {{"MQTT-4.7.3-1", "MQTT-4.7.3-1"}, "is empty"};
    if (must != Must::be_topic_filter) return {otherwise, "holds a wildcard"};
    if (v == Version::v5 && s.starts_with(share_prefix))
        if (auto fault = share_fault(s.substr(share_prefix.size())); !fault.what.empty()) return fault;
    return wildcard_fault(s);
}

}  // namespace mqtt
