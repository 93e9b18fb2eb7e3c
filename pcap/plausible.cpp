#include "pcap/plausible.hpp"

#include <algorithm>

#include "codec/explain.hpp"

namespace pcap {
namespace {

using mqtt::Field;
using mqtt::Type;
using mqtt::Version;
using mqtt::View;

constexpr std::size_t looked_at = 64 << 10;  // octets that are weighed at a time
constexpr unsigned enough = 128;             // bits

/// Whether flags and type of a first octet can be.
bool good_head(std::uint8_t head, Version v) {
    const auto type = Type(head >> 4);
    const unsigned flags = head & 15;
    if (type == Type::publish) return (flags & 6) != 6 && (flags & 14) != 8;
    if (type == Type::pubrel || type == Type::subscribe || type == Type::unsubscribe) return flags == 2;
    return flags == 0 && head != 0 && (type != Type::auth || v == Version::v5);
}

bool only_client(Type t, Version v) {
    return t == Type::connect || t == Type::subscribe || t == Type::unsubscribe || t == Type::pingreq ||
           (t == Type::disconnect && v != Version::v5);
}
bool only_server(Type t) {
    return t == Type::connack || t == Type::suback || t == Type::unsuback || t == Type::pingresp;
}

unsigned printable(mqtt::Bytes text) {
    return unsigned(std::ranges::count_if(text.substr(0, 24), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

/// What a whole good packet says: its head, lengths that fit, text that is text.
unsigned bits_of(const mqtt::Explained& packet) {
    if (packet.type() == Type::connect) return 60;
    unsigned bits = packet.type() == Type::publish ? 4 : 8;
    if (packet.size <= 4) bits += 8;
    for (const Field& f : packet.fields) {
        if (f.kind == Field::Kind::text && !f.text.empty()) bits += 6 + printable(f.text);
        if (f.kind == Field::Kind::properties) bits += 6;
    }
    return bits;
}

/// A packet of which only the beginning is there.
bool possible_beginning(View in, Version v) {
    if (!good_head(in[0], v)) return false;
    const auto frame = mqtt::declared_frame(in);
    if (!frame.body) return in.size() < 5;
    const auto type = frame.type();
    if (frame.size < frame.body + 2) return false;  // those without a body are whole
    if (type != Type::publish) return true;
    if (in.size() < frame.body + 2) return true;
    const std::size_t topic = in[frame.body] * 256u + in[frame.body + 1];
    if (frame.body + 2 + topic > frame.size) return false;
    const auto text = mqtt::bytes(in.subspan(frame.body + 2)).substr(0, topic);
    return std::ranges::all_of(text,
                               [](char c) { return std::uint8_t(c) >= 0x20 && c != '#' && c != '+' && c != 0x7f; });
}

}  // namespace

Evidence weigh(View in, Version v, std::optional<Side> from) {
    Evidence out;
    mqtt::Explained packet;
    in = in.first(std::min(in.size(), looked_at));
    while (!in.empty() && out.bits < enough) {
        const auto frame = mqtt::declared_frame(in);
        const auto type = Type(in[0] >> 4);
        const bool wrong_side =
            (from == Side::client && only_server(type)) || (from == Side::server && only_client(type, v));
        out.possible = !wrong_side && good_head(in[0], v);
        if (!out.possible) return out;
        if (!frame.body || frame.size > in.size()) {
            out.possible = possible_beginning(in, v);
            return out;
        }
        mqtt::explain(packet, in.first(frame.size), v);
        out.possible = packet.faults.empty();
        if (!out.possible) return out;
        out.client |= only_client(type, v);
        out.server |= only_server(type);
        out.bits += bits_of(packet);
        ++out.packets;
        out.octets += frame.size;
        in = in.subspan(frame.size);
    }
    return out;
}

Guess guess(View in, std::optional<Version> known, std::optional<Side> from) {
    if (known) return {*known, weigh(in, *known, from)};
    const auto old = weigh(in, Version::v3_1_1, from), five = weigh(in, Version::v5, from);
    const bool better = five.possible != old.possible ? five.possible : five.bits > old.bits;
    return better ? Guess{Version::v5, five} : Guess{Version::v3_1_1, old};
}

Answer is_connect(View in) {
    if (in.empty()) return Answer::perhaps;
    if (in[0] >> 4 != std::uint8_t(Type::connect)) return Answer::no;
    const auto frame = mqtt::declared_frame(in);
    if (!frame.body) return in.size() < 5 ? Answer::perhaps : Answer::no;
    const auto body = mqtt::bytes(in.subspan(frame.body));
    for (const std::string_view name : {std::string_view("\0\4MQTT", 6), std::string_view("\0\6MQIsdp", 8)}) {
        const auto n = std::min(name.size(), body.size());
        if (body.substr(0, n) == name.substr(0, n)) return n == name.size() ? Answer::yes : Answer::perhaps;
    }
    return Answer::no;
}

std::optional<Boundary> find_boundary(View in, const std::vector<std::size_t>& starts, unsigned need, bool everywhere,
                                      std::optional<Version> known, std::optional<Side> from) {
    for (const auto start : starts) {
        const auto g = guess(in.subspan(start), known, from);
        const auto end = start + g.evidence.octets;
        const bool aligned = end == in.size() || std::ranges::binary_search(starts, end);
        if (g.evidence.possible && g.evidence.packets && g.evidence.bits >= need &&
            (aligned || g.evidence.packets > 1 || g.evidence.bits >= 32))
            return Boundary{start, g};
    }
    if (!everywhere) return std::nullopt;
    for (std::size_t at = 0; at < in.size(); ++at) {
        if (!good_head(in[at], Version::v5)) continue;
        const auto g = guess(in.subspan(at), known, from);
        if (g.evidence.possible && g.evidence.packets >= 3 && g.evidence.bits >= 48) return Boundary{at, g};
    }
    return std::nullopt;
}

}  // namespace pcap
