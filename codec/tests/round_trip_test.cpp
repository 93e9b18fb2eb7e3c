// Properties of every packet type in every version. rapidcheck prints the seed of each run; RC_PARAMS="seed=..."
// repeats it.
#include <rapidcheck.h>

#include "codec/damage.hpp"
#include "codec/tests/arbitrary.hpp"
#include "codec/tests/testing.hpp"

namespace mqtt {
namespace {

/// The version in which octets that were decoded are to be encoded again: CONNECT names its own.
Version version_of(const Packet& p, Version v) {
    const auto* connect = std::get_if<Connect>(&p);
    return connect ? Version(connect->level) : v;
}

TEST(RoundTrip, every_packet_survives_encode_and_decode) {
    expect_of_any("survives encode and decode", [](const Owned& owned) {
        const auto v = owned.version;
        const Packet& p = owned.packet;
        const auto wire = encode(p, v);
        Packet q;
        Fault fault;
        const auto taken = decode(q, octets(wire), v, fault);
        if (fault) RC_LOG() << mqtt::testing::describe(fault) << "\n" << hex(octets(wire), 200);
        RC_ASSERT(taken == wire.size());
        RC_ASSERT(!fault);
        RC_ASSERT(q == p);
        RC_ASSERT(encode(q, v) == wire);
        RC_ASSERT(print(q, v) == print(p, v));
        RC_ASSERT(all_faults(octets(wire), v).empty());
        const auto followed = wire + "\xff";  // what follows is another packet's
        const bool same = std::visit(
            [&]<class P>(const P& one) {
                P typed;
                return decode(typed, octets(followed), v, fault) == wire.size() && typed == one &&
                       encode(one, v) == wire;
            },
            p);
        RC_ASSERT(same);
        RC_ASSERT(decode_leniently(q, octets(wire), v) == wire.size());
        RC_ASSERT(q == p);
    });
}

TEST(RoundTrip, a_strict_prefix_is_no_packet_and_no_fault) {
    expect_of_any("every strict prefix needs more", [](const Owned& owned) {
        const auto v = owned.version;
        const auto wire = encode(owned.packet, v);
        for (std::size_t n = 0; n < wire.size(); ++n) {
            const std::string part = wire.substr(0, n);  // its own octets: reading beyond would be seen
            Packet q;
            Fault fault;
            RC_ASSERT(decode(q, octets(part), v, fault) == 0u);
            RC_ASSERT(!fault);
            RC_ASSERT(decode_leniently(q, octets(part), v) == 0u);
            RC_ASSERT(all_faults(octets(part), v).empty());
            if (n > 600) n += n / 8;
        }
    });
}

TEST(RoundTrip, layout_marks_are_in_order_and_inside) {
    expect_of_any("marks rise and stay inside", [](const Owned& owned) {
        const auto marks = layout(owned.packet, owned.version);
        const auto size = encode(owned.packet, owned.version).size();
        RC_ASSERT(!marks.empty() && marks.front().offset == 0u);
        for (std::size_t i = 1; i < marks.size(); ++i) {
            RC_ASSERT(marks[i - 1].offset <= marks[i].offset);
            RC_ASSERT(marks[i].offset <= size);
        }
    });
}

/// decode and all_faults tell the same story; true if there is a packet.
bool judged(Packet& q, const std::string& wire, Version v) {
    Fault fault;
    const auto taken = decode(q, octets(wire), v, fault);
    const auto all = all_faults(octets(wire), v);
    RC_ASSERT(taken <= wire.size());
    RC_ASSERT(bool(fault) == !all.empty());
    RC_ASSERT(!taken || !fault);
    if (!fault) return taken != 0;
    RC_ASSERT(mqtt::testing::describe(all.front()) == mqtt::testing::describe(fault));
    RC_ASSERT(fault.offset <= wire.size());
    return false;
}

TEST(Damage, to_one_leaf_is_a_fault_or_another_packet) {
    expect_of_any("one damaged leaf is refused or comes back the same", [](const Owned& owned) {
        const auto v = owned.version;
        for (int round = 0; round < 40; ++round) {
            Arena arena;
            Packet damaged = owned.packet;
            const auto seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>());
            const auto where = damage(damaged, v, seed * 2654435761u, arena);
            const auto wire = encode(damaged, v);
            Packet q;
            if (!judged(q, wire, v)) continue;
            RC_LOG() << "damaged " << where << ": " << print(q, v) << "\n" << hex(octets(wire), 200) << "\n";
            RC_ASSERT(encode(q, version_of(q, v)) == wire);
        }
    });
}

/// Flipped octets may also give a longer form than need be, or reserved bits that 3.1 ignores: what is decoded has to
/// mean the same once it was written again.
TEST(Damage, to_any_octets_is_a_fault_or_keeps_its_meaning) {
    expect_of_any("flipped octets are refused or keep their meaning", [](const Owned& owned) {
        const auto v = owned.version;
        const auto good = encode(owned.packet, v);
        for (int round = 0; round < 40; ++round) {
            auto wire = good;
            const auto flips = *rc::gen::inRange(1, 4);
            for (int i = 0; i < flips; ++i)
                wire[*rc::gen::inRange<std::size_t>(0, wire.size())] ^= char(*rc::gen::inRange(1, 256));
            Packet q, again, lenient;
            if (!judged(q, wire, v)) continue;
            Fault fault;
            const auto w = version_of(q, v);
            const auto rewritten = encode(q, w);
            RC_LOG() << print(q, w) << "\n" << hex(octets(wire), 200) << "\n" << hex(octets(rewritten), 200);
            RC_ASSERT(decode(again, octets(rewritten), w, fault) == rewritten.size());
            RC_ASSERT(again == q);
            RC_ASSERT(rewritten.size() <= wire.size());
            RC_ASSERT(decode_leniently(lenient, octets(wire), v) > 0u);
            RC_ASSERT(lenient == q);
        }
    });
}

/// The damage has to do something, or the two tests above prove nothing.
TEST(Damage, changes_packets_and_is_caught_in_every_type) {
    for_every_type([](Type type, Version v) {
        int caught = 0, changed = 0;
        const bool made = check("damage is seen", type, v, [&](const Owned& owned) {
            const auto good = encode(owned.packet, v);
            Arena arena;
            Packet damaged = owned.packet;
            damage(damaged, v, *rc::gen::arbitrary<std::uint32_t>() * 2654435761u, arena);
            const auto wire = encode(damaged, v);
            Packet q;
            caught += !judged(q, wire, v);
            changed += wire != good;
        });
        const bool has_fields =
            type != Type::pingreq && type != Type::pingresp && !(type == Type::disconnect && v != Version::v5);
        EXPECT_TRUE(made && (changed > 0) == has_fields && (caught > 0) == has_fields)
            << name(type) << " of " << name(v);
    });
}

TEST(Noise, never_confuses_the_decoder) {
    EXPECT_TRUE(rc::check("random octets: decode and all_faults agree, what is taken can be written", [] {
        auto wire = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
        const auto v = *rc::gen::element(Version::v3_1, Version::v3_1_1, Version::v5);
        if (wire.size() >= 2 && wire.size() < 130) wire[1] = char(wire.size() - 2);
        Packet q;
        if (judged(q, wire, v)) RC_ASSERT(!encode(q, version_of(q, v)).empty());
        if (decode_leniently(q, octets(wire), v)) RC_ASSERT(!print(q, v).empty() && !encode(q, v).empty());
    }));
}

}  // namespace
}  // namespace mqtt
