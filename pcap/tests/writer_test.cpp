// What the writer writes, read back by hand: the formats are those of the pcapng draft, RFC 791 and RFC 9293.
#include "pcap/writer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace pcap {
namespace {

std::uint32_t u32(std::string_view s, std::size_t at) {
    std::uint32_t v;
    std::memcpy(&v, s.data() + at, 4);  // the test machines are little endian, as the file is
    return v;
}
unsigned big16(std::string_view s, std::size_t at) {
    return unsigned(std::uint8_t(s[at])) << 8 | std::uint8_t(s[at + 1]);
}
std::uint32_t big32(std::string_view s, std::size_t at) { return std::uint32_t(big16(s, at)) << 16 | big16(s, at + 2); }

/// The sum of 16-bit words in ones' complement, which is 0xffff over anything that holds its own checksum.
unsigned sum(std::string_view s) {
    unsigned long total = 0;
    for (std::size_t i = 0; i < s.size(); ++i) total += i % 2 ? std::uint8_t(s[i]) : unsigned(std::uint8_t(s[i])) << 8;
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    return unsigned(total);
}

struct Segment {
    std::uint64_t time;
    unsigned from, to, flags;
    std::uint32_t sequence, acknowledged;
    std::string octets;
};

std::vector<Segment> read(const std::string& file, std::map<std::uint32_t, int>* blocks = nullptr) {
    std::vector<Segment> out;
    for (std::size_t at = 0; at < file.size();) {
        const auto type = u32(file, at), size = u32(file, at + 4);
        EXPECT_EQ(size % 4, 0u);
        EXPECT_EQ(u32(file, at + size - 4), size);
        if (blocks) ++(*blocks)[type];
        if (type == 6) {
            const auto frame = std::string_view(file).substr(at + 28, u32(file, at + 20));
            const auto ip = frame.substr(14), tcp = ip.substr(20);
            EXPECT_EQ(big16(frame, 12), 0x0800u);
            EXPECT_EQ(big16(ip, 2), ip.size());
            EXPECT_EQ(sum(ip.substr(0, 20)), 0xffffu);
            const std::string pseudo = std::string(ip.substr(12, 8)) + std::string("\0\6", 2) +
                                       std::string{char(tcp.size() >> 8), char(tcp.size() & 0xff)};
            EXPECT_EQ(sum(pseudo + std::string(tcp)), 0xffffu);
            out.push_back({std::uint64_t(u32(file, at + 12)) << 32 | u32(file, at + 16), big16(tcp, 0), big16(tcp, 2),
                           std::uint8_t(tcp[13]), big32(tcp, 4), big32(tcp, 8), std::string(tcp.substr(20))});
        }
        at += size;
    }
    return out;
}

TEST(CaptureWriter, TellsAConversation) {
    CaptureWriter writer("test", "a comment");
    const auto a = writer.open("a", 5'000'000'000);
    writer.send(a, true, "hello", 5'000'000'001);
    writer.send(a, false, std::string(3'000, 'x'), 5'000'000'002);
    writer.finish(a, true, 5'000'000'003);
    writer.finish(a, false, 5'000'000'004);
    std::map<std::uint32_t, int> blocks;
    const auto all = read(writer.take(), &blocks);
    EXPECT_EQ(blocks[0x0a0d0d0a], 1);
    EXPECT_EQ(blocks[1], 1);
    EXPECT_EQ(blocks[4], 1);
    ASSERT_EQ(all.size(), 3u + 2u + 4u + 2u);
    EXPECT_EQ(all[0].flags, 2u);
    EXPECT_EQ(all[1].flags, 18u);
    EXPECT_EQ(all[2].flags, 16u);
    EXPECT_EQ(all[0].to, 1883u);
    EXPECT_EQ(all[0].time, 5'000'000'000u);
    EXPECT_EQ(all[3].octets, "hello");
    EXPECT_EQ(all[3].sequence, all[0].sequence + 1) << "SYN takes a number";
    EXPECT_EQ(all[4].acknowledged, all[3].sequence + 5);
    EXPECT_EQ(all[5].octets.size() + all[6].octets.size() + all[7].octets.size(), 3'000u);
    EXPECT_EQ(all[7].sequence, all[5].sequence + 2 * 1'460);
    EXPECT_EQ(all[9].flags, 17u);
    EXPECT_EQ(all[10].acknowledged, all[9].sequence + 1) << "FIN takes a number";
    EXPECT_EQ(all[10].time, 5'000'000'004u);
}

TEST(CaptureWriter, KeepsClientsApart) {
    CaptureWriter writer("test", "");
    const auto a = writer.open("a", 1), b = writer.open("b", 2), again = writer.open("a", 3);
    writer.reset(b, false, 4);
    const auto file = writer.take();
    const auto all = read(file);
    EXPECT_NE(all[0].from, all[3].from);
    EXPECT_NE(all[0].from, all[6].from);
    EXPECT_EQ(all[9].flags & 4u, 4u);
    EXPECT_EQ(all[9].to, all[3].from);
    EXPECT_NE(a, again);
    EXPECT_NE(file.find(std::string("\xc0\0\2\2a\0", 6)), std::string::npos) << "the name of 192.0.2.2";
    EXPECT_NE(file.find(std::string("\xc0\0\2\3b\0", 6)), std::string::npos);
    EXPECT_EQ(file.find(std::string("\xc0\0\2\4a\0", 6)), std::string::npos) << "the same client has the same address";
}

}  // namespace
}  // namespace pcap
