// An explained packet as the members of a JSON object.
#include <algorithm>
#include <utility>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "codec/text.hpp"

namespace mqtt {
namespace {

using Kind = Field::Kind;

constexpr std::string_view digits = "0123456789abcdef";

struct Json {
    std::string& out;
    const std::vector<Field>& fields;
    JsonManner manner;
    std::size_t i = 0;

    void number(std::size_t n) { out += std::to_string(n); }
    void octets_as_hex(Bytes s, std::size_t most) {
        out += "{\"hex\":\"";
        for (char c : s.substr(0, most)) (out += digits[std::uint8_t(c) >> 4]) += digits[std::uint8_t(c) & 15];
        out += "\",\"length\":";
        number(s.size());
        out += '}';
    }
    void value(const Field& f) {
        if (f.secret && !manner.secrets)
            out += "\"***\"";
        else if (f.kind == Kind::truth || f.kind == Kind::presence)
            out += f.number ? "true" : "false";
        else if (f.kind == Kind::raw)
            octets_as_hex(f.text, manner.longest_rest);
        else if (f.kind == Kind::number)
            number(f.number);
        else if (f.kind == Kind::rest && f.text.size() > manner.longest_rest)
            octets_as_hex(f.text, manner.longest_rest);
        else if (!is_utf8(f.text))
            octets_as_hex(f.text, f.text.size());
        else
            append_json_string(out, f.text);
    }
    void key(std::string_view name, bool& first) {
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, name);
        out += ':';
    }
    /// Up to the first field that is less deep.
    void members(std::uint8_t depth) {
        bool first = true;
        while (i < fields.size() && fields[i].depth >= depth) {
            const Field& f = fields[i];
            if (f.kind == Kind::properties || f.kind == Kind::list) {
                key(f.name, first);
                list(f.kind == Kind::properties);
                continue;
            }
            ++i;
            const bool silent = f.kind == Kind::header || f.kind == Kind::flags || f.kind == Kind::reserved;
            if (silent || (f.kind == Kind::raw && f.size == 0)) continue;
            key(f.name, first);
            value(f);
        }
    }
    void list(bool of_properties) {
        const auto depth = std::uint8_t(fields[i++].depth + 1);
        out += '[';
        for (bool first = true; i < fields.size() && fields[i].depth >= depth;) {
            if (!std::exchange(first, false)) out += ',';
            out += '{';
            if (of_properties)
                property();
            else
                members(std::uint8_t(depth + begins_item()));
            out += '}';
        }
        out += ']';
    }
    bool begins_item() {
        if (fields[i].kind != Kind::item) return false;  // what is not listed
        ++i;
        return true;
    }
    void property() {
        const Field& f = fields[i++];
        out += "\"id\":";
        number(f.property.value_or(0));
        out += ",\"name\":";
        append_json_string(out, f.name);
        out += ",\"value\":";
        const bool is_pair =
            i < fields.size() && fields[i].depth == f.depth && fields[i].name == f.name && !fields[i].property;
        if (is_pair) out += '[';
        value(f);
        if (!is_pair) return;
        out += ',';
        value(fields[i++]);
        out += ']';
    }
};

/// The octets of the character at the start: 0 where it is ill-formed.
std::size_t character(std::string_view s) {
    const auto b = std::uint8_t(s[0]);
    const std::size_t n = b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    return n <= s.size() && (b == 0 || is_utf8(s.substr(0, n))) ? n : 0;
}
bool is_plain(char c) { return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f; }

/// The number of a control character; of two octets or three.
unsigned code_point(std::string_view s) {
    const auto low = [s](std::size_t i) { return unsigned(s[i] & 0x3f); };
    return s.size() == 2 ? unsigned(s[0] & 0x1f) << 6 | low(1) : unsigned(s[0] & 0xf) << 12 | low(1) << 6 | low(2);
}
void append_escape(std::string& out, unsigned number) {
    out += "\\u";
    for (int at = 12; at >= 0; at -= 4) out += digits[number >> at & 15];
}

/// Takes one character, escaped where it has to be.
void append_character(std::string& out, std::string_view& text) {
    const auto n = character(text);
    const char c = text[0];
    if (n == 0)
        out += "\\ufffd";
    else if (const auto escaped = control(text))
        append_escape(out, code_point(text.substr(0, escaped)));
    else if (n > 1)
        out += text.substr(0, n);
    else if (c == '"' || c == '\\')
        (out += '\\') += c;
    else if (c == '\n')
        out += "\\n";
    else if (c == '\t')
        out += "\\t";
    else if (c == '\r')
        out += "\\r";
    else
        append_escape(out, std::uint8_t(c));
    text.remove_prefix(std::max<std::size_t>(n, 1));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto plain = std::size_t(std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (!text.empty()) append_character(out, text);
    }
    out += '"';
}

void append_json(std::string& out, const Explained& packet, JsonManner manner) {
    Json{out, packet.fields, manner}.members(0);
}

}  // namespace mqtt
