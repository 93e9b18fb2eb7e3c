#include "codec/text.hpp"

namespace mqtt {
namespace {

enum class Flaw { none, ill_formed, null_character };

struct Lead {
    std::size_t following;  // continuation octets
    unsigned least;         // the smallest code point this length may carry
};
Lead lead(unsigned c) {
    if (c >> 5 == 6) return {1, 0x80};
    if (c >> 4 == 14) return {2, 0x800};
    if (c >> 3 == 30) return {3, 0x10000};
    return {4, 0};
}

Flaw flaw_of(Text s) {
    for (std::size_t i = 0; i < s.size();) {
        const unsigned c = std::uint8_t(s[i]);
        if (c == 0) return Flaw::null_character;
        if (c < 0x80) {
            ++i;
            continue;
        }
        const Lead l = lead(c);
        if (l.following == 4 || i + l.following >= s.size()) return Flaw::ill_formed;
        unsigned point = c & (0x3fu >> l.following);
        for (std::size_t k = 1; k <= l.following; ++k) {
            const unsigned b = std::uint8_t(s[i + k]);
            if (b >> 6 != 2) return Flaw::ill_formed;
            point = point << 6 | (b & 63);
        }
        if (point < l.least || point > 0x10ffff || point >> 11 == 27) return Flaw::ill_formed;  // 27: surrogates
        i += l.following + 1;
    }
    return Flaw::none;
}

[[gnu::noinline, gnu::cold]] bool is_utf8_slowly(Text s) { return flaw_of(s) == Flaw::none; }
[[gnu::noinline, gnu::cold]] bool is_topic_name_slowly(Text s) {
    return is_utf8_slowly(s) && s.find_first_of("+#") == s.npos;
}

bool wildcard_stands_well(Text s, std::size_t i) {  // '+' fills a level, '#' fills the last one
    return (i == 0 || s[i - 1] == '/') && (i + 1 == s.size() || (s[i] == '+' && s[i + 1] == '/'));
}
[[gnu::noinline, gnu::cold]] bool is_filter_slowly(Text s) {
    for (std::size_t i = 0; i < s.size(); ++i)
        if ((s[i] == '+' || s[i] == '#') && !wildcard_stands_well(s, i)) return false;
    return is_utf8_slowly(s);
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

}  // namespace

bool is_utf8(Text s) {
    return !words::look_over(s, [](auto w, auto) { return words::strange(w); }) || is_utf8_slowly(s);
}
bool is_topic_name_or_empty(Text s) {
    return !words::look_over(s, [](auto w, auto) { return words::strange(w) | words::wildcard(w); }) ||
           is_topic_name_slowly(s);
}
bool is_topic_name(Text s) { return !s.empty() && is_topic_name_or_empty(s); }
bool is_protocol_name(Text s) { return s == "MQTT" || s == "MQIsdp"; }

bool is_topic_filter(Text s, Version v) {
    if (s.empty()) return false;
    bool good = true;
    const bool strange = words::look_over(s, [&](auto w, std::size_t at) {
        for (auto wild = words::wildcard(w); wild; wild &= wild - 1)
            good = good && wildcard_stands_well(s, at + std::size_t(std::countr_zero(wild)) / 8);
        return words::strange(w);
    });
    if (strange) good = is_filter_slowly(s);
    if (good && v == Version::v5 && s[0] == '$' && s.starts_with(share_prefix)) [[unlikely]]
        return share_fault(s.substr(share_prefix.size())).what.empty();
    return good;
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
