#include "conformance/reports/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "codec/hex.hpp"

namespace conformance {
namespace {

/// Octets of the well-formed, printable UTF-8 character at the start of `text`; 0 where there is none.
std::size_t character(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto tail = [&](std::size_t n) {
        for (std::size_t i = 1; i <= n; ++i)
            if ((at(i) & 0xC0u) != 0x80) return false;
        return true;
    };
    const unsigned c = at(0);
    if (mqtt::control(text)) return 0;
    if (c < 0x80) return c >= 0x20 && c != 0x7F;
    if (c >= 0xC2 && c < 0xE0) return tail(1) ? 2 : 0;
    if (c >= 0xE0 && c < 0xF0) {
        const bool overlong = c == 0xE0 && at(1) < 0xA0, surrogate = c == 0xED && at(1) >= 0xA0;
        const bool no_character = c == 0xEF && at(1) == 0xBF && at(2) >= 0xBE;  // U+FFFE, U+FFFF: not for XML
        return tail(2) && !overlong && !surrogate && !no_character ? 3 : 0;
    }
    if (c >= 0xF0 && c < 0xF5) return tail(3) && !(c == 0xF0 && at(1) < 0x90) && !(c == 0xF4 && at(1) >= 0x90) ? 4 : 0;
    return 0;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t n = character(text);
        if (n)
            out += text.substr(0, n);
        else
            out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[0]));
        text.remove_prefix(std::max<std::size_t>(n, 1));
    }
    return out;
}

std::string shell_quoted(std::string_view word) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=@,+%";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos) return std::string(word);
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string iso_time(std::chrono::system_clock::time_point at) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

std::string counted(std::size_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

}  // namespace conformance
