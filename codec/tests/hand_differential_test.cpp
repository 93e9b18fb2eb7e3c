// Two ways of writing down the same rules: the walked decoder and the hand-written one (bench/hand.hpp) agree on every
// packet in verdict, packet, offset, field, statement and wording; and the two encoders in every octet.
#include <rapidcheck.h>

#include <set>

#include "bench/hand.hpp"
#include "codec/damage.hpp"
#include "codec/tests/arbitrary.hpp"
#include "codec/tests/testing.hpp"
#include "codec/vectors/faulty_packets.hpp"
#include "codec/vectors/good_packets.hpp"

namespace mqtt {
namespace {

std::set<std::string> met;  // field, wording and statement of every fault on which the two agreed

std::string verdict(std::size_t taken, const Fault& fault) {
    return std::to_string(taken) + (fault ? " " + mqtt::testing::describe(fault) : "");
}

template <class P>
std::string encode_by_hand(const P& p, Version v) {
    std::string s(hand::encode(p, v, {}), '\0');
    hand::encode(p, v, std::span(reinterpret_cast<std::uint8_t*>(s.data()), s.size()));
    return s;
}
std::string encode_by_hand(const Packet& packet, Version v) {
    return std::visit([v](auto& p) { return encode_by_hand(p, v); }, packet);
}

/// What the two say differently about these octets, taken for a P; empty if nothing.
/// One packet each for all rounds: what an earlier one left behind must not shine through.
template <class P>
std::string difference(View wire, Version v, const Limits& limits = {}) {
    if (P::type == Type::auth && v != Version::v5) return "";  // there is none
    static P walked, by_hand;
    Fault fault, hand_fault;
    const auto taken = decode(walked, wire, v, fault, limits);
    const auto hand_taken = hand::decode(by_hand, wire, v, hand_fault, limits);
    const auto ours = verdict(taken, fault), theirs = verdict(hand_taken, hand_fault);
    if (ours != theirs) return "walked: " + ours + "\nby hand: " + theirs + "\n" + hex(wire, 200);
    if (fault) met.insert(std::string(fault.field) + std::string(fault.what) + std::string(fault.statement));
    if (!taken) return "";
    if (walked != by_hand) return print(walked, v) + "\nby hand: " + print(by_hand, v) + "\n" + hex(wire, 200);
    if (encode(walked, v) != encode_by_hand(by_hand, v)) return "encoded differently: " + print(walked, v);
    return "";
}

/// The same for the type that the first octet tells; reserved types are nobody's.
std::string difference(View wire, Version v, const Limits& limits = {}) {
    std::string found;
    if (wire.empty()) return found;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto one = [&]<class P>(P) {
            if (P::type == Type(wire[0] >> 4)) found = difference<P>(wire, v, limits);
        };
        (one(std::variant_alternative_t<I, Packet>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<Packet>>{});
    return found;
}

TEST(HandWritten, agrees_on_the_vectors) {
    using namespace mqtt::testing;
    for (const auto& list :
         {connects(), other_packets_311(), publishing_packets_5(), other_packets_5(), longer_than_needed()})
        for (const Good& good : list) EXPECT_EQ(difference(octets(unhex(good.hex)), good.version), "") << good.hex;
    const auto all = [](std::span<const Bad> list) {
        for (const Bad& bad : list) EXPECT_EQ(difference(octets(unhex(bad.hex)), bad.version), "") << bad.hex;
    };
    all(bad::fixed_headers);
    all(bad::connecting);
    all(bad::publishing);
    all(bad::subscribing);
    EXPECT_EQ(difference<Publish>(octets(unhex("c0 00")), Version::v5), "");
    EXPECT_EQ(difference<Pingreq>(octets(unhex("d0 00")), Version::v3_1_1), "");
    EXPECT_GE(met.size(), 115u);  // kinds of faults
}

TEST(HandWritten, agrees_on_generated_packets) {
    expect_of_any("decoders and encoders agree", [](const Owned& owned) {
        const auto v = owned.version;
        const auto wire = encode(owned.packet, v);
        RC_ASSERT(encode_by_hand(owned.packet, v) == wire);
        RC_ASSERT(difference(octets(wire), v) == "");
        RC_ASSERT(difference(octets(wire + "\xff"), v) == "");
        RC_ASSERT(difference(octets(wire), v, {wire.size() - 1}) == "");
        RC_ASSERT(difference(octets(wire), v, {wire.size()}) == "");
        const auto other = v == Version::v5 ? Version::v3_1_1 : Version::v5;
        RC_ASSERT(difference(octets(wire), other) == "");
        std::string small(wire.size() - 1, '\xaa');
        const auto room = std::span(reinterpret_cast<std::uint8_t*>(small.data()), small.size());
        RC_ASSERT(std::visit([&](auto& p) { return hand::encode(p, v, room); }, owned.packet) == wire.size());
        RC_ASSERT(small == std::string(wire.size() - 1, '\xaa'));
    });
}

TEST(HandWritten, agrees_on_damaged_packets) {
    expect_of_any("one damaged leaf is judged alike", [](const Owned& owned) {
        const auto v = owned.version;
        for (int round = 0; round < 40; ++round) {
            Arena arena;
            Packet damaged = owned.packet;
            damage(damaged, v, *rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>()) * 2654435761u, arena);
            const auto wire = encode(damaged, v);
            RC_ASSERT(encode_by_hand(damaged, v) == wire);
            RC_ASSERT(difference(octets(wire), v) == "");
        }
    });
}

/// The fixed header made to fit again: what is wrong is to be found inside, not at the end of the octets.
std::string with_length(char head, std::string_view body) {
    std::string wire{head};
    auto n = body.size();
    for (; n >= 128; n >>= 7) wire += char((n & 127) | 128);
    wire += char(n);
    return wire += body;
}
TEST(HandWritten, agrees_on_flipped_cut_and_stretched_octets) {
    expect_of_any("broken octets are judged alike", [](const Owned& owned) {
        const auto v = owned.version;
        const auto good = encode(owned.packet, v);
        Fault fault;
        const auto body = frame(octets(good), v, fault).body;
        for (int round = 0; round < 40; ++round) {
            auto wire = good;
            const auto flips = *rc::gen::noShrink(rc::gen::inRange(0, 4));
            for (int i = 0; i < flips; ++i)
                wire[*rc::gen::inRange<std::size_t>(0, wire.size())] ^= char(*rc::gen::inRange(1, 256));
            RC_ASSERT(difference(octets(wire), v) == "");
            const auto rest = std::string_view(wire).substr(body);
            const auto cut = *rc::gen::noShrink(rc::gen::inRange<std::size_t>(0, rest.size() + 1));
            RC_ASSERT(difference(octets(with_length(wire[0], rest.substr(0, cut))), v) == "");
            RC_ASSERT(difference(octets(with_length(wire[0], std::string(rest) + char(round))), v) == "");
        }
    });
}

TEST(HandWritten, agrees_on_noise) {
    EXPECT_TRUE(rc::check("random octets are judged alike", [] {
        const auto v = *rc::gen::element(Version::v3_1, Version::v3_1_1, Version::v5);
        for (int round = 0; round < 60; ++round) {
            auto wire = *rc::gen::noShrink(rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
            RC_ASSERT(difference(octets(wire), v) == "");
            if (wire.size() < 2 || wire.size() > 120) continue;
            wire[1] = char(wire.size() - 2);
            RC_ASSERT(difference(octets(wire), v) == "");
        }
    }));
}

}  // namespace
}  // namespace mqtt
