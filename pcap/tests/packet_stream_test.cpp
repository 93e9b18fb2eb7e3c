// Octets of one side to packets: in any pieces, over gaps, and back into step.
#include "pcap/packet_stream.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>

namespace {

using pcap::Memory;
using pcap::PacketStream;
using pcap::Side;
using pcap::Time;

std::string publish(std::size_t payload, std::string_view topic = "sensors/a") {
    const std::string body(payload, 'x');
    return mqtt::encode(mqtt::Publish{.topic = topic, .payload = body}, mqtt::Version::v3_1_1);
}

/// "P17" a packet of 17 octets, "T3/17-14" three octets of one of 17 of which 14 are missing, "G5-5" a gap.
struct Told final : pcap::PacketSink {
    std::string text;
    Side side = Side::client;
    void packet(int, mqtt::View octets, Time) override { text += "P" + std::to_string(octets.size()) + " "; }
    void truncated(int, mqtt::View here, std::size_t size, std::size_t missing, const std::string&, Time) override {
        text += "T" + std::to_string(here.size()) + "/" + std::to_string(size) + "-" + std::to_string(missing) + " ";
    }
    void gap(int, mqtt::View, std::size_t length, std::size_t missing, const std::string&, Time) override {
        text += "G" + std::to_string(length) + "-" + std::to_string(missing) + " ";
    }
    std::optional<mqtt::Version> version() const override { return mqtt::Version::v3_1_1; }
    Side role(int) const override { return side; }
};

struct Stream {
    Told told;
    Memory memory{1 << 20, 0};
    PacketStream stream{0, told, memory, 4'096};
    void octets(std::string_view in) { stream.octets(mqtt::octets(in), Time{}); }
    void hole(std::size_t n) { stream.hole(n, Time{}); }
    std::string end() {
        stream.end("the capture", Time{});
        return told.text;
    }
};

TEST(PacketStream, AnyPiecesGiveTheSame) {
    const std::string all = publish(0) + publish(200) + std::string("\xc0\0\xe0\0", 4) + publish(1'000);
    const std::string expected = "P13 P214 P2 P2 P1014 ";
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        Stream s;
        for (std::size_t at = 0; at < all.size();) {
            const auto n = 1 + random() % (1 + seed);
            s.octets(std::string_view(all).substr(at, n));
            at += n;
        }
        ASSERT_EQ(s.end(), expected) << "seed " << seed;
        ASSERT_EQ(s.memory.used, 0u);
    }
}

TEST(PacketStream, AHoleWithinAPacketKeepsStep) {
    Stream s;
    const auto p = publish(200);  // 214 octets
    s.octets(p.substr(0, 100));
    s.hole(60);
    s.octets(p.substr(160) + publish(0));
    EXPECT_EQ(s.told.text, "T100/214-60 P13 ");
    s.octets(p.substr(0, 100));
    s.hole(114);
    s.octets(publish(1));
    EXPECT_EQ(s.told.text, "T100/214-60 P13 T100/214-114 P14 ") << "the hole ends with the packet";
    s.octets(p.substr(0, 50));
    s.hole(10);
    s.octets(p.substr(60, 40));
    s.hole(20);
    s.octets(p.substr(120));
    EXPECT_EQ(s.end(), "T100/214-60 P13 T100/214-114 P14 T50/214-30 ");
}

TEST(PacketStream, AfterAHoleItFindsTheNextBoundary) {
    Stream s;
    s.octets(publish(5));
    s.hole(1'000);
    s.octets(publish(30));
    EXPECT_EQ(s.end(), "P18 G1000-1000 P43 ") << "where a segment begins";

    Stream t;  // in the middle of a packet whose end is lost as well
    t.octets(publish(200).substr(0, 100));
    t.hole(500);
    t.octets(std::string(20, 'x') + publish(30));
    t.octets(publish(31));
    t.octets(publish(32));
    EXPECT_EQ(t.end(), "T100/214-114 G386-386 G63-0 P44 P45 ");

    Stream u;  // no segment begins with a packet
    u.hole(7);
    for (std::size_t i = 0; i < 5; ++i)
        u.octets("xxxx" + publish(40).substr(0, 20)),
            u.octets(publish(40).substr(20) + publish(40) + publish(41) + publish(42) + "\x30");
    EXPECT_NE(u.end().find("P53 P54 P55"), std::string::npos) << u.told.text;
}

/// Each in less than a tenth of the time that looking again at all of it with every segment would take.
TEST(PacketStream, ASearchIsLinear) {
    std::mt19937 random(5);
    std::string noise(4'000'000, '\0');
    for (char& c : noise) c = char(random());
    const std::string sizes("\x82\xff\x7f", 3);  // of packets that would be whole 16 KiB further on
    std::string large;
    while (large.size() < 60'000) large += sizes;
    const struct {
        std::string octets;
        std::size_t segment;
    } cases[] = {{noise, 1'400}, {std::string(40'000, '\0'), 1}, {std::string(40'000, '\x30'), 1}, {large, 3}};
    for (const auto& c : cases) {
        Stream s;
        s.hole(1'000);
        const auto begun = std::clock();
        for (std::size_t at = 0; at < c.octets.size(); at += c.segment)
            s.octets(std::string_view(c.octets).substr(at, c.segment));
        EXPECT_LT(double(std::clock() - begun) / CLOCKS_PER_SEC, 1.0) << c.octets.size() << " by " << c.segment;
        EXPECT_LE(s.memory.used, 1u << 19);
        s.end();
        EXPECT_EQ(s.memory.used, 0u);
    }
}

/// Boundaries and broken headers by turns in one segment: none is put on top of another.
TEST(PacketStream, LostAndFoundManyTimes) {
    std::string in, expected;
    for (int i = 0; i < 2'000; ++i) {
        for (int ping = 0; ping < 8; ++ping) in += std::string("\xc0\0", 2), expected += "P2 ";  // 128 bits
        in += "\x30\xff\xff\xff\xff";
        expected += "G1-0 G4-0 ";
    }
    Stream s;
    s.octets(in);
    EXPECT_TRUE(s.end() == expected) << s.told.text.substr(0, 200);
}

TEST(PacketStream, AHeaderThatWasCut) {
    Stream s;
    s.octets(std::string("\x30", 1));
    s.hole(12);
    s.octets(publish(3));
    EXPECT_EQ(s.end(), "T1/0-0 G12-12 P16 ");
}

TEST(PacketStream, ABrokenHeader) {
    Stream s;
    s.octets("\x30\xff\xff\xff\xff\x01");
    for (int i = 0; i < 3; ++i) s.octets(publish(10));
    EXPECT_EQ(s.end(), "G1-0 G5-0 P23 P23 P23 ");
}

TEST(PacketStream, TheEndIsNamed) {
    Stream s;
    s.octets(publish(100).substr(0, 60));
    EXPECT_EQ(s.end(), "T60/113-53 ");
    Stream t;
    t.octets("\x30");
    EXPECT_EQ(t.end(), "T1/0-0 ");
    Stream u;
    u.hole(3);
    u.octets("xyz");
    EXPECT_EQ(u.end(), "G3-3 G3-0 ");
}

TEST(PacketStream, LargePacketsAreHeldInPart) {
    Stream s;
    const auto p = publish(10'000);
    for (std::size_t at = 0; at < p.size(); at += 1'000) s.octets(std::string_view(p).substr(at, 1'000));
    s.octets(publish(1));
    EXPECT_EQ(s.end(), "T5000/10014-5014 P14 ");
    EXPECT_EQ(s.memory.used, 0u);
}

TEST(PacketStream, JoinedInTheMiddle) {
    Stream s;
    s.stream.join();
    s.octets(std::string(40, 'x'));
    s.octets(publish(9));
    EXPECT_EQ(s.end(), "P22 ") << "what is before is no gap";
    Stream t;
    t.told.side = Side::server;
    t.stream.join();
    t.octets(std::string("\xc0\0\xc0\0", 4));  // PINGREQ is no server's
    EXPECT_EQ(t.end(), "");
}

}  // namespace
