#include "codec/hex.hpp"

#include <algorithm>

#include "codec/text.hpp"

namespace mqtt {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

int value_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
std::string cut_mark(std::size_t all) { return "... (" + std::to_string(all) + " octets)"; }

void add_escaped(std::string& out, char c, bool is_text) {
    const auto b = std::uint8_t(c);
    if (c == '"' || c == '\\')
        (out += '\\') += c;
    else if (c == '\n')
        out += "\\n";
    else if (c == '\r')
        out += "\\r";
    else if (c == '\t')
        out += "\\t";
    else if (b < 0x20 || b == 0x7f || (b >= 0x80 && !is_text))
        ((out += "\\x") += digits[b >> 4]) += digits[b & 15];
    else
        out += c;
}

}  // namespace

std::size_t control(Text s) {
    const auto at = [s](std::size_t i) { return i < s.size() ? std::uint8_t(s[i]) : std::uint8_t(0); };
    const auto second = at(1), third = at(2);
    if (at(0) == 0xc2) return second >= 0x80 && second < 0xa0 ? 2 : 0;
    if (at(0) == 0xd8) return second == 0x9c ? 2 : 0;
    if (at(0) != 0xe2) return 0;
    if (second == 0x80) return third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae) ? 3 : 0;
    return second == 0x81 && third >= 0xa6 && third <= 0xa9 ? 3 : 0;
}

std::string hex(View v, std::size_t most) {
    std::string out;
    const auto shown = std::min(v.size(), most);
    out.reserve(shown * 3);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i) out += ' ';
        out += digits[v[i] >> 4];
        out += digits[v[i] & 15];
    }
    if (shown < v.size()) out += cut_mark(v.size());
    return out;
}

std::string hex_number(std::uint32_t n) {
    std::string out;
    for (; n || out.empty(); n >>= 8) out = std::string{digits[n >> 4 & 15], digits[n & 15]} + out;
    return "0x" + out;
}

std::optional<std::string> from_hex(std::string_view s) {
    if (s.starts_with("0x") || s.starts_with("0X")) s.remove_prefix(2);
    std::string out;
    for (std::size_t i = 0; i < s.size();) {
        if (std::string_view(" ,:\t\r\n").find(s[i]) != std::string_view::npos) {
            ++i;
            continue;
        }
        if (i + 1 == s.size()) return std::nullopt;
        const int high = value_of(s[i]), low = value_of(s[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += char(high << 4 | low);
        i += 2;
    }
    return out;
}

std::string quoted(Bytes s, std::size_t most) {
    std::string out = "\"";
    auto shown = std::min(s.size(), most);
    for (int i = 0; i < 3 && shown < s.size() && shown > 0 && (std::uint8_t(s[shown]) & 0xc0) == 0x80; ++i)
        --shown;  // whole characters, of four octets at most
    const auto part = s.substr(0, shown);
    bool is_text = true;
    if (std::any_of(part.begin(), part.end(), [](char c) { return std::uint8_t(c) >= 0x80; })) is_text = is_utf8(part);
    std::size_t escaped = 0;  // octets still, of a control character
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (is_text && !escaped) escaped = control(part.substr(i));
        add_escaped(out, part[i], is_text && !escaped);
        if (escaped) --escaped;
    }
    out += '"';
    if (shown < s.size()) out += cut_mark(s.size());
    return out;
}

}  // namespace mqtt
