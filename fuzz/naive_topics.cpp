#include "fuzz/naive_topics.hpp"

#include <optional>

namespace fuzz::naive {
namespace {

using Levels = std::vector<std::string>;

// The character at `at`, which goes behind it; nullopt if it is none.
std::optional<std::uint32_t> character(std::string_view s, std::size_t& at) {
    const auto octet = [&](std::size_t i) { return i < s.size() ? std::uint32_t(std::uint8_t(s[i])) : 0u; };
    const auto first = octet(at);
    const std::size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0) return std::nullopt;
    std::uint32_t point = length == 1 ? first : first & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (octet(at + i) < 0x80 || octet(at + i) > 0xbf) return std::nullopt;
        point = point * 64 + octet(at + i) % 64;
    }
    at += length;
    const bool too_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (too_long || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return std::nullopt;
    return point;
}

bool levels_are_good(const Levels& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto& level = list[i];
        const bool plain = level.find('+') == level.npos && level.find('#') == level.npos;
        if (!plain && level != "+" && !(level == "#" && i + 1 == list.size())) return false;
    }
    return true;
}

bool matches(const Levels& filter, std::size_t f, const Levels& name, std::size_t n) {
    if (f == filter.size()) return n == name.size();
    if (filter[f] == "#") return true;
    if (n == name.size()) return false;
    return (filter[f] == "+" || filter[f] == name[n]) && matches(filter, f + 1, name, n + 1);
}

}  // namespace

Levels levels(std::string_view topic) {
    Levels list(1);
    for (char c : topic) {
        if (c == '/') list.emplace_back();
        else list.back() += c;
    }
    return list;
}

bool is_utf8(std::string_view s) {
    for (std::size_t at = 0; at < s.size();) {
        const auto point = character(s, at);
        if (!point || *point == 0) return false;
    }
    return true;
}

bool is_topic_name(std::string_view s) {
    return !s.empty() && is_utf8(s) && s.find('+') == s.npos && s.find('#') == s.npos;
}

bool is_topic_filter(std::string_view s, mqtt::Version v) {
    if (s.empty() || !is_utf8(s)) return false;
    const auto list = levels(s);
    if (v == mqtt::Version::v5 && list.size() > 1 && list[0] == "$share") {
        const auto& group = list[1];
        if (group.empty() || group.find('+') != group.npos || group.find('#') != group.npos) return false;
        if (list.size() == 2 || (list.size() == 3 && list[2].empty())) return false;
    }
    return levels_are_good(list);
}

bool matches(std::string_view filter, std::string_view name) {
    const auto f = levels(filter), n = levels(name);
    if (name.starts_with('$') && (f[0] == "+" || f[0] == "#")) return false;
    return matches(f, 0, n, 0);
}

}  // namespace fuzz::naive
