#include "pcap/plausible.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "codec/explain.hpp"

namespace pcap {
namespace {

using mqtt::Field;
using mqtt::Type;
using mqtt::Version;
using mqtt::View;

constexpr std::size_t looked_at = 64 << 10;  // octets that are weighed at a time
constexpr unsigned enough = 128;             // bits
constexpr std::size_t topic_looked_at = 64;  // octets, where that has to be quick
constexpr std::size_t asked_everywhere = 3;  // packets where no segment begins
constexpr unsigned bits_everywhere = 48;

/// Whether flags and type of a first octet can be.
constexpr bool good_head(std::uint8_t head, Version v) {
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

/// Octets behind the fixed header, at least, of a packet without fault.
std::size_t least_body(Type t) {
    switch (t) {
        case Type::connect: return 10;
        case Type::subscribe: return 5;
        case Type::unsubscribe: return 4;
        case Type::suback: return 3;
        case Type::pingreq:
        case Type::pingresp:
        case Type::disconnect:
        case Type::auth: return 0;
        default: return 2;
    }
}

/// Whether the frame at the start of `in` can be a packet by its lengths alone.
bool good_lengths(View in, const mqtt::Frame& frame) {
    const auto type = frame.type();
    const auto body = frame.size - frame.body;
    if (body < least_body(type) || (body && (type == Type::pingreq || type == Type::pingresp))) return false;
    if (type != Type::publish || in.size() < frame.body + 2) return true;
    const std::size_t topic = in[frame.body] * 256u + in[frame.body + 1];
    if (topic + 2 > body) return false;
    const auto text = mqtt::bytes(in.subspan(frame.body + 2)).substr(0, std::min(topic, topic_looked_at));
    return std::ranges::none_of(text, [](char c) { return c == '\0' || c == '#' || c == '+'; });
}

constexpr auto good_heads = [] {
    std::array<bool, 256> out{};
    for (unsigned head = 0; head < 256; ++head) out[head] = good_head(std::uint8_t(head), Version::v5);
    return out;
}();

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

/// What fixed headers say of so many packets; perhaps: `need` octets will tell more.
struct Outline {
    Answer answer{};
    std::size_t need = 0;
};
Outline outline(View in, std::size_t packets) {
    std::size_t at = 0;
    for (; packets; --packets) {
        if (at == in.size()) return {Answer::perhaps, at + 2};
        if (!good_heads[in[at]]) return {Answer::no};
        const auto frame = mqtt::declared_frame(in.subspan(at));
        if (!frame.body) return {in.size() - at < 5 ? Answer::perhaps : Answer::no, in.size() + 1};
        if (at + frame.size > looked_at || !good_lengths(in.subspan(at), frame)) return {Answer::no};
        at += frame.size;
        if (at > in.size()) return {Answer::perhaps, at};
    }
    return {Answer::yes, at};
}

bool enough_at_start(const Evidence& e, unsigned need, bool aligned) {
    return e.possible && e.packets && e.bits >= need && (aligned || e.packets > 1 || e.bits >= 32);
}
bool enough_everywhere(const Evidence& e) {
    return e.possible && e.packets >= asked_everywhere && e.bits >= bits_everywhere;
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

ProxyHeader proxy_header(View in) {
    constexpr std::size_t longest_line = 107, head = 16;
    constexpr std::string_view text("PROXY "), binary("\r\n\r\n\0\r\nQUIT\n", 12);
    const auto begins = [octets = mqtt::bytes(in)](std::string_view with) {
        const auto n = std::min(octets.size(), with.size());
        return octets.substr(0, n) == with.substr(0, n);
    };
    if (in.empty() || begins(binary)) {
        if (in.size() < head) return {Answer::perhaps};
        const std::size_t size = head + in[14] * 256u + in[15];
        return {in.size() < size ? Answer::perhaps : Answer::yes, size};
    }
    if (!begins(text)) return {};
    const auto end = mqtt::bytes(in).substr(0, longest_line).find("\r\n");
    if (end != std::string_view::npos) return {Answer::yes, end + 2};
    return {in.size() < longest_line ? Answer::perhaps : Answer::no};
}

bool is_connack(View in) {
    if (in.size() < 4 || Type(in[0] >> 4) != Type::connack) return false;
    const auto e = guess(in, std::nullopt, Side::server).evidence;
    return e.possible && e.packets == 1 && e.octets == in.size();
}

std::optional<Boundary> find_boundary(View in, const std::vector<std::size_t>& starts, unsigned need, bool everywhere,
                                      std::optional<Version> known, std::optional<Side> from) {
    for (const auto start : starts) {
        const auto g = guess(in.subspan(start), known, from);
        const auto end = start + g.evidence.octets;
        const bool aligned = end == in.size() || std::ranges::binary_search(starts, end);
        if (enough_at_start(g.evidence, need, aligned)) return Boundary{start, g};
    }
    if (!everywhere) return std::nullopt;
    for (std::size_t at = 0; at < in.size(); ++at) {
        if (!good_heads[in[at]] || outline(in.subspan(at), asked_everywhere).answer != Answer::yes) continue;
        const auto g = guess(in.subspan(at), known, from);
        if (enough_everywhere(g.evidence)) return Boundary{at, g};
    }
    return std::nullopt;
}

// ---- BoundarySearch -----------------------------------------------------------------------------------------------

void BoundarySearch::give_up(std::size_t octets) {
    base_ += octets;
    starts_.erase(starts_.begin(), std::ranges::lower_bound(starts_, base_));
}

std::optional<Boundary> BoundarySearch::more(View in, std::optional<Version> known, std::optional<Side> from) {
    const auto end = base_ + in.size();
    if (seen_ < base_) seen_ = base_;
    found_.reset();
    if (seen_ < end) starts_.push_back(seen_);
    const auto due = [&] { return !open_.empty() && open_.front().due <= end; };
    while (due()) {
        std::ranges::pop_heap(open_, std::greater{}, &Place::due);
        const Place place = open_.back();
        open_.pop_back();
        if (place.at >= base_) look(in, place, known, from);
    }
    for (bool start = true; seen_ < end && !found_; ++seen_, start = false)
        if (good_heads[in[seen_ - base_]]) look(in, {0, seen_, start}, known, from);
    return found_;
}

/// Decides on one place, or has it wait for the octets that will tell more.
void BoundarySearch::look(View in, Place place, std::optional<Version> known, std::optional<Side> from) {
    const auto here = in.subspan(place.at - base_);
    const auto shape = outline(here, place.start ? 1 : asked_everywhere);
    if (shape.answer == Answer::no) return;
    auto need = shape.need;
    if (shape.answer == Answer::yes) {
        const auto g = guess(here, known, from);
        if (!g.evidence.possible || g.evidence.packets == 0) return;
        const auto ends = place.at + g.evidence.octets;
        const bool aligned = ends == base_ + in.size() || std::ranges::binary_search(starts_, ends);
        if (place.start ? enough_at_start(g.evidence, need_, aligned) : enough_everywhere(g.evidence))
            return found(Boundary{place.at - base_, g}, place.start);
        const auto next = outline(here, g.evidence.packets + 1);
        if (next.answer != Answer::perhaps) return;
        need = next.need;
    }
    open_.push_back({place.at + need, place.at, place.start});
    std::ranges::push_heap(open_, std::greater{}, &Place::due);
}

/// Where a segment begins is better than elsewhere, then the first.
void BoundarySearch::found(const Boundary& b, bool start) {
    const bool better =
        !found_ || (start && !found_at_start_) || (start == found_at_start_ && b.offset < found_->offset);
    if (!better) return;
    found_ = b;
    found_at_start_ = start;
}

}  // namespace pcap
