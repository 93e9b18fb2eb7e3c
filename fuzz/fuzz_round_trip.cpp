// A packet drawn from the input survives encode and decode; with one field damaged it is refused or comes back the same.
// Version, what else is checked, seed of the damage (four octets), type, draws.
#include "codec/damage.hpp"
#include "fuzz/drawing.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/streams.hpp"
#include "fuzz/target.hpp"

namespace fuzz {
namespace {

using mqtt::Fault;
using mqtt::Version;
using mqtt::View;

/// What else is checked, by the low three bits of the second octet.
enum Checks : unsigned { harm = 1, part = 2, printed = 4, packed = 8, another = 16 };
constexpr unsigned checks_of[]{0, harm, harm, part, packed, another, printed, harm | part | printed | packed | another};

/// CONNECT that was damaged names its own version.
template <class P> Version version_of(const P& p, Version v) {
    if constexpr (std::is_same_v<P, mqtt::Connect>) return Version(p.level);
    return v;
}

template <class P> void check_survival(const P& p, const std::string& wire, Version v) {
    P same;
    Fault fault;
    promise(mqtt::decode(same, mqtt::octets(wire), v, fault) == wire.size() && !fault, "a legal packet decodes");
    promise(same == p, "and is the same");
    promise(mqtt::encode(same, v) == wire, "and gives the same octets");
}

void check_part(const std::string& wire, std::size_t size, Version v) {
    const auto part = std::string(wire, 0, size % wire.size());
    mqtt::Packet packet;
    Fault fault;
    promise(mqtt::decode(packet, mqtt::octets(part), v, fault) == 0 && !fault, "a part wants more octets");
    promise(mqtt::decode_leniently(packet, mqtt::octets(part), v) == 0, "a part is no packet, leniently");
}

template <class P> void check_print(const P& p, const std::string& wire, Version v) {
    mqtt::Packet same;
    promise(mqtt::all_faults(mqtt::octets(wire), v).empty(), "what is legal has no fault");
    promise(mqtt::decode_leniently(same, mqtt::octets(wire), v) == wire.size(), "lenient decode takes what is legal");
    promise(mqtt::print(same, v) == mqtt::print(p, v), "and it prints the same");
    std::size_t before = 0;
    for (const auto& mark : mqtt::layout(p, v)) {
        promise(mark.offset >= before && mark.offset <= wire.size(), "marks rise and stay inside");
        before = mark.offset;
    }
}

template <class P> void check_packing(P p, const std::string& wire, Version v) {
    if constexpr (requires { p.properties; }) {
        std::array<std::uint8_t, 2048> room;
        p.properties = mqtt::pack(p.properties, v, room);
        promise(mqtt::encode(p, v) == wire, "packed properties give the same octets");
    }
}

// Written in one version's terms, read in another's: nothing to compare, but nothing may go wrong either.
template <class P> void check_other_version(const P& p, Version v) {
    const auto other = v == Version::v5 ? Version::v3_1_1 : Version::v5;
    const auto wire = mqtt::encode(p, other);
    mqtt::Packet read;
    const auto taken = mqtt::decode_leniently(read, mqtt::octets(wire), other);
    if (taken) promise(mqtt::encode(read, other) == wire, "what another version's reader takes is written as it came");
    promise(!mqtt::print(p, other).empty(), "prints in any version");
}

template <class P> void check_damage(P p, std::uint32_t seed, Version v, mqtt::Arena& arena) {
    mqtt::damage(p, v, seed, arena);
    const auto wire = mqtt::encode(p, v);
    P read;
    Fault fault;
    const auto taken = mqtt::decode(read, mqtt::octets(wire), v, fault);
    promise(taken == 0 ? bool(fault) : taken == wire.size() && !fault, "damage is a fault or a packet");
    if (seed % 4 == 0) promise(mqtt::all_faults(mqtt::octets(wire), v).empty() == !fault, "all_faults agrees");
    if (taken) promise(mqtt::encode(read, version_of(read, v)) == wire, "a packet that is written as it came");
}

template <class P> int check(Version v, unsigned checks, std::uint32_t seed, Input& input) {
    if (P::type == mqtt::Type::auth && v != Version::v5) return -1;
    Room room;
    P p;
    if (!draw(p, v, input, room.arena)) return -1;
    const auto wire = mqtt::encode(p, v);
    check_survival(p, wire, v);
    if (checks & harm) check_damage(p, seed, v, room.arena);
    if (checks & part) check_part(wire, seed, v);
    if (checks & printed) check_print(p, wire, v);
    if (checks & packed) check_packing(p, wire, v);
    if (checks & another) check_other_version(p, v);
    return 0;
}

int run(View in) {
    Input input(in);
    const auto v = version_from(input.one());
    const auto checks = checks_of[input.one() & 7];
    const auto seed = input.four();
    return with_type(input.one(), [&]<class P>(P) { return check<P>(v, checks, seed, input); });
}

constexpr std::size_t header = 7;

// Another kind of packet, another damage, or draws inserted, removed or repeated.
std::string mutate(View in, Dice& dice) {
    if (in.size() < header) return {};
    std::string made(mqtt::bytes(in));
    const auto body = made.size() - header, at = header + dice.roll(body + 1);
    switch (dice.roll(6)) {
        case 0: made.replace(0, 2, dice.octets(2)); break;
        case 1: made.replace(2, 4, dice.octets(4)); break;
        case 2: made[6] = static_cast<char>(dice.roll(15)); break;
        case 3: made.insert(at, dice.octets(1 + dice.roll(6))); break;
        case 4: made.erase(at, 1 + dice.roll(6)); break;
        default: made.insert(at, made.substr(header + dice.roll(body + 1), 1 + dice.roll(16)));
    }
    return made;
}
std::string cross(View one, View other, Dice& dice) {
    if (one.size() < header || other.size() < header) return {};
    const auto keep = header + dice.roll(one.size() - header + 1), from = header + dice.roll(other.size() - header + 1);
    return std::string(mqtt::bytes(one.first(keep))) + std::string(mqtt::bytes(other.subspan(from)));
}

}  // namespace

const Target round_trip_target{"round_trip", run, mutate, cross};

}  // namespace fuzz
