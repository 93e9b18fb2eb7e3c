// Every value of every octet of flags, against the rules of the standards written out as one expression each.
#include "codec/vectors/good_packets.hpp"
#include "codec/tests/testing.hpp"

namespace mqtt::testing {
namespace {

std::string with_length(unsigned head, const std::string& body) {
    return std::string{char(head), char(body.size())} + body;
}

void expect_verdict(const std::string& wire, Version v, bool good) {
    Packet p;
    Fault fault;
    EXPECT_EQ(decode(p, octets(wire), v, fault), good ? wire.size() : 0u) << hex(octets(wire)) << describe(fault);
    EXPECT_EQ(bool(fault), !good) << hex(octets(wire));
    EXPECT_EQ(all_faults(octets(wire), v).empty(), good) << hex(octets(wire));
    if (good) {
        EXPECT_EQ(hex(octets(encode(p, v))), hex(octets(wire)));
    }
}

TEST(Flags, of_the_fixed_header) {  // table 2.2 of 3.1.1, table 2-2 of 5.0
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        for (auto& g : part) {
            const auto type = type_of(g.packet);
            if (type == Type::publish || g.version == v3) continue;
            const bool two = type == Type::pubrel || type == Type::subscribe || type == Type::unsubscribe;
            for (unsigned flags = 0; flags < 16; ++flags) {
                auto wire = unhex(g.hex);
                wire[0] = char(unsigned(type) << 4 | flags);
                Packet p;
                Fault fault;
                const bool good = flags == (two ? 2u : 0u);
                EXPECT_EQ(decode(p, octets(wire), g.version, fault), good ? wire.size() : 0u) << hex(octets(wire));
                EXPECT_EQ(fault.field, good ? "" : "reserved bits") << hex(octets(wire));
                EXPECT_EQ(fault.offset, 0u);
            }
        }
}
TEST(Flags, of_publish) {
    for (unsigned flags = 0; flags < 16; ++flags)
        for (auto v : {v4, v5}) {
            const unsigned qos = flags >> 1 & 3;
            const auto id = qos ? unhex("00 0a") : "";
            const auto wire = with_length(0x30 | flags, unhex("00 01 61") + id + (v == v5 ? unhex("00") : "") + "x");
            expect_verdict(wire, v, qos != 3 && !(flags >= 8 && qos == 0));
        }
}
TEST(Flags, of_connect) {
    for (unsigned flags = 0; flags < 256; ++flags)
        for (auto v : {v4, v5}) {
            const bool user = flags & 0x80, password = flags & 0x40, will = flags & 4;
            auto body = unhex("00 04 4d 51 54 54") + char(v) + char(flags) + unhex("00 3c");
            const auto properties = v == v5 ? unhex("00") : "";
            body += properties + unhex("00 01 63");
            if (will) body += properties + unhex("00 01 77 00 01 78");
            if (user) body += unhex("00 01 75");
            if (password) body += unhex("00 01 70");
            const bool good_will = will ? (flags & 0x18) != 0x18 : (flags & 0x38) == 0;
            expect_verdict(with_length(0x10, body), v, !(flags & 1) && good_will && (v == v5 || user || !password));
        }
}
TEST(Flags, of_connack) {
    for (unsigned flags = 0; flags < 256; ++flags) {
        expect_verdict(with_length(0x20, std::string{char(flags), 0}), v4, flags <= 1);
        expect_verdict(with_length(0x20, std::string{char(flags), 0, 0}), v5, flags <= 1);
        expect_verdict(with_length(0x20, std::string{char(flags), 5}), v4, flags == 0);
        expect_verdict(with_length(0x20, std::string{char(flags), char(0x80), 0}), v5, flags == 0);
    }
}
TEST(Flags, of_a_subscription) {
    for (unsigned flags = 0; flags < 256; ++flags) {
        expect_verdict(with_length(0x82, unhex("00 0a 00 01 61") + char(flags)), v4, flags <= 2);
        const bool good = !(flags & 0xc0) && (flags & 3) != 3 && (flags & 0x30) != 0x30;
        expect_verdict(with_length(0x82, unhex("00 0a 00 00 01 61") + char(flags)), v5, good);
        const auto shared = unhex("00 0a 00 00 0a") + "$share/g/a" + char(flags);
        expect_verdict(with_length(0x82, shared), v5, good && !(flags & 4));
    }
}

}  // namespace
}  // namespace mqtt::testing
