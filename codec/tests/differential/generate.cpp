// The codec's side of the differential test: packets and what our decoder makes of them, as JSON lines.
//   differential_generate SEED COUNT     draws COUNT packets: good, damaged in one field, or with octets changed;
//                                        before them all hand-made ones
//   differential_generate -              reads lines "VERSION HEX" and decodes those
// A line: n, version (3 to 5, of a CONNECT its own), origin, hex, verdict (good, fault, short); with good: type and
// fields, [name, number or hex digits of a text] in wire order; with fault: statement, field, offset, what.
#include <charconv>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "codec/codec.hpp"
#include "codec/damage.hpp"
#include "codec/hex.hpp"
#include "codec/tests/differential/rare_packets.hpp"
#include "codec/vectors/faulty_packets.hpp"
#include "codec/vectors/good_packets.hpp"
#include "fuzz/dice.hpp"
#include "fuzz/drawing.hpp"

namespace {

using mqtt::Version;
constexpr std::size_t usual_size = 2'000;  // octets; larger packets are drawn again, save one in a hundred

std::string digits(mqtt::Bytes octets) {
    std::string spaced = mqtt::hex(mqtt::octets(octets));
    std::erase(spaced, ' ');
    return spaced;
}

/// All leaves, name and value, nothing masked and nothing cut.
struct Dumping {
    static constexpr bool makes = false;
    std::string out;
    void add(std::string_view n, const std::string& v) {
        out += (out.empty() ? "[\"" : ",[\"") + std::string(n) + "\"," + v + "]";
    }
    template <class T>
    void operator()(std::string_view n, const T& v, const mqtt::Rule&, int, Version) {
        if constexpr (std::is_same_v<T, mqtt::Text>)
            add(n, '"' + digits(v) + '"');
        else
            add(n, std::to_string(unsigned(v)));
    }
    template <class T>
    void presence(std::string_view n, const std::optional<T>& v) {
        add(n, v ? "1" : "0");
    }
    bool more(bool any) { return any; }
};
template <class P>
std::string fields(const P& packet, Version v) {
    mqtt::Visitor<Dumping> io{{v}, {}};
    P::walk(packet, io);
    return io.leaf.out;
}

std::string text(std::string_view key, std::string_view value) {
    return ",\"" + std::string(key) + "\":\"" + std::string(value) + '"';
}
/// A CONNECT says itself which version it is of, if a fault does not come before that.
Version version_of(mqtt::View wire, Version v, std::size_t judged) {
    mqtt::Fault ignored;
    const auto frame = mqtt::frame(wire, v, ignored);
    if (frame.size < frame.body + 2 || frame.type() != mqtt::Type::connect) return v;
    const auto level = frame.body + 2u + (std::size_t(wire[frame.body]) << 8 | wire[frame.body + 1]);
    return level < std::min(judged, frame.size) ? Version(wire[level]) : v;
}
void say(std::size_t n, std::string_view origin, Version v, std::string_view wire) {
    mqtt::Packet packet;
    mqtt::Fault fault;
    const auto taken = decode(packet, mqtt::octets(wire), v, fault);
    const auto its = version_of(mqtt::octets(wire), v, taken ? taken : fault.offset);
    std::string line = "{\"n\":" + std::to_string(n) + ",\"version\":" + std::to_string(unsigned(its));
    line += text("origin", origin) + text("hex", digits(wire)) + text("type", name(mqtt::Type(wire[0] >> 4 & 15)));
    if (taken) {
        line += text("verdict", "good") + ",\"taken\":" + std::to_string(taken) + ",\"fields\":[";
        line += std::visit([&](const auto& p) { return fields(p, its); }, packet) + "]";
    } else if (fault) {
        line += text("verdict", "fault") + text("statement", fault.statement) + text("field", fault.field) +
                text("what", fault.what) + ",\"offset\":" + std::to_string(fault.offset);
    } else {
        line += text("verdict", "short");
    }
    std::puts((line + "}").c_str());
}

/// Remaining length set to what is there.
std::string reframed(const std::string& wire, std::size_t body) {
    std::string head(1, wire[0]);
    auto left = wire.size() - body;
    do {
        head += char((left & 127) | (left >= 128 ? 128 : 0));
        left >>= 7;
    } while (left);
    return head + wire.substr(body);
}
/// One to three octets changed, put in or taken out; three times of four the remaining length fits again.
std::string mutated(std::string wire, Version v, fuzz::Dice& dice) {
    mqtt::Fault ignored;
    const auto body = std::max<std::size_t>(frame(mqtt::octets(wire), v, ignored).body, 2);
    for (auto times = 1 + dice.roll(3); times > 0 && !wire.empty(); --times) {
        const auto at = dice.roll(wire.size());
        switch (dice.roll(5)) {
            case 0: wire[at] = char(wire[at] ^ 1 << dice.roll(8)); break;
            case 1: wire[at] = char(dice.roll(256)); break;
            case 2: wire[at] = char(dice.roll(4)); break;
            case 3: wire.insert(at, 1, char(dice.roll(256))); break;
            default: wire.erase(at, 1 + dice.roll(2));
        }
    }
    if (wire.size() >= body && dice.roll(4)) wire = reframed(wire, body);
    if (wire.size() < 2) wire.resize(2);
    const auto whole = frame(mqtt::octets(wire), v, ignored);
    if (whole.size) wire.resize(whole.size);
    return wire;
}

struct Drawn {
    Version version{};
    std::string_view origin;
    std::string wire;
};
/// One try; nothing where the fields do not fit together or the packet is none of that version.
std::optional<Drawn> draw(std::size_t number, fuzz::Dice& dice) {
    Drawn drawn{fuzz::version_from(std::uint8_t(dice.roll(256))), "good", {}};
    const auto food = dice.octets(600);
    fuzz::Input input(mqtt::octets(food));
    fuzz::Room room;
    mqtt::Packet packet;
    const bool fits = fuzz::with_type(
        number, [&]<class P>(P) { return fuzz::draw(packet.emplace<P>(), drawn.version, input, room.arena); });
    if (!fits || (type_of(packet) == mqtt::Type::auth && drawn.version != Version::v5)) return {};
    const auto how = dice.roll(10);
    if (how < 3) {
        drawn.origin = "damaged";
        damage(packet, drawn.version, dice.number(), room.arena);
    }
    drawn.wire = encode(packet, drawn.version);
    if (how >= 3 && how < 5) {
        drawn.origin = "mutated";
        drawn.wire = mutated(drawn.wire, drawn.version, dice);
    }
    if (drawn.wire.size() > usual_size && dice.roll(100)) return {};
    return drawn;
}

std::size_t say_by_hand(std::size_t n) {
    namespace bad = mqtt::testing::bad;
    const auto all = [&](const auto& list) {
        for (const auto& b : list) say(n++, "by hand", b.version, mqtt::from_hex(b.hex).value());
    };
    all(differential::rare_packets);
    all(mqtt::testing::connects());
    all(mqtt::testing::other_packets_311());
    all(mqtt::testing::publishing_packets_5());
    all(mqtt::testing::other_packets_5());
    all(bad::fixed_headers);
    all(bad::connecting);
    all(bad::publishing);
    all(bad::subscribing);
    return n;
}

int decode_lines() {
    std::string version, octets;
    for (std::size_t n = 0; std::cin >> version >> octets; ++n) {
        const auto wire = mqtt::from_hex(octets);
        if (version.size() != 1 || version[0] < '3' || version[0] > '5' || !wire || wire->size() < 2) {
            std::cerr << "differential_generate: line " << n + 1 << " is not VERSION (3, 4, 5) and HEX\n";
            return 2;
        }
        say(n, "given", Version(version[0] - '0'), *wire);
    }
    return 0;
}

std::optional<std::uint32_t> number(std::string_view s) {
    std::uint32_t n = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (error != std::errc{} || end != s.data() + s.size()) return {};
    return n;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 2 && std::string_view(arguments[1]) == "-") return decode_lines();
    const auto seed = count == 3 ? number(arguments[1]) : std::nullopt;
    const auto wanted = count == 3 ? number(arguments[2]) : std::nullopt;
    if (!seed || !wanted) {
        std::cerr << "usage: differential_generate SEED COUNT | differential_generate -\n";
        return 2;
    }
    fuzz::Dice dice(fuzz::Dice(*seed).number());  // neighbouring seeds are one row of numbers, shifted
    auto n = say_by_hand(0);
    for (std::size_t i = 0; i < *wanted;) {
        const auto drawn = draw(i, dice);
        if (!drawn) continue;
        say(n++, drawn->origin, drawn->version, drawn->wire);
        ++i;
    }
    return 0;
}
