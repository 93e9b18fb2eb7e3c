// One direction of TCP: whatever the order, the overlaps and the repeats, the stream is the same.
#include "pcap/tcp_side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace {

using pcap::Memory;
using pcap::TcpSide;
using pcap::Time;

/// The stream as it is told; a hole is "<n>".
struct Told final : pcap::StreamSink {
    std::string text;
    void octets(int, mqtt::View in, Time) override { text += mqtt::bytes(in); }
    void hole(int, std::size_t missing, Time) override { text += "<" + std::to_string(missing) + ">"; }
};

struct Side {
    Told told;
    Memory memory{1 << 20, 0};
    TcpSide tcp{0, told, memory, 1 << 20};
    Time now{};
    void data(std::uint32_t seq, std::string_view octets, std::size_t length = 0) {
        tcp.data(seq, mqtt::octets(octets), length ? length : octets.size(), now);
    }
    void settle(int times, bool acks_seen = true) {
        for (int i = 0; i < times; ++i) tcp.settle(now, acks_seen);
    }
};

TEST(TcpSide, PutsInOrder) {
    Side s;
    s.tcp.begin(100);
    s.data(103, "def");
    EXPECT_EQ(s.told.text, "");
    s.data(109, "jk");
    s.data(100, "abc");
    EXPECT_EQ(s.told.text, "abcdef");
    s.data(106, "ghi");
    EXPECT_EQ(s.told.text, "abcdefghijk");
    EXPECT_EQ(s.memory.used, 0u);
}

TEST(TcpSide, LeavesOutWhatIsSentTwice) {
    Side s;
    s.tcp.begin(100);
    s.data(100, "abcd");
    s.data(100, "abcd");
    s.data(99, "?");      // a keep-alive probe: one octet below
    s.data(102, "cdef");  // half of it new
    s.data(104, "ef");
    EXPECT_EQ(s.told.text, "abcdef");
    s.data(108, "ij");
    s.data(108, "ijkl");  // longer, of the same number
    s.data(107, "hijk");
    s.data(106, "g");
    EXPECT_EQ(s.told.text, "abcdefghijkl");
}

TEST(TcpSide, NumbersWrap) {
    Side s;
    s.tcp.begin(0xffff'fffe);
    s.data(1, "def");
    s.data(0xffff'fffe, "abc");
    s.data(4, "g");
    EXPECT_EQ(s.told.text, "abcdefg");
    s.tcp.finish(5);
    EXPECT_TRUE(s.tcp.finished());
}

TEST(TcpSide, AHoleIsDeclaredOnceItIsAcknowledgedAndTheCaptureWentOn) {
    Side s;
    s.tcp.begin(0);
    s.data(0, "ab");
    s.data(7, "hi");
    s.settle(1'000);
    EXPECT_EQ(s.told.text, "ab") << "not acknowledged: it may come again";
    s.tcp.acknowledged(9);
    s.settle(5);
    EXPECT_EQ(s.told.text, "ab") << "the capture may have the acknowledgement before the segment";
    s.settle(30);
    EXPECT_EQ(s.told.text, "ab<5>hi");
    s.tcp.acknowledged(19);
    s.tcp.settle(s.now, true);
    s.now = std::chrono::seconds(5);
    s.tcp.settle(s.now, true);
    EXPECT_EQ(s.told.text, "ab<5>hi<10>") << "or time went on";
}

TEST(TcpSide, AnAcknowledgementBeforeItsSegmentIsNoHole) {
    Side s;
    s.tcp.begin(0);
    s.tcp.acknowledged(3);
    s.settle(20);
    s.data(0, "abc");
    s.settle(100);
    EXPECT_EQ(s.told.text, "abc");
}

TEST(TcpSide, WhereNobodyAcknowledgesAHoleEndsByPatienceOrBounds) {
    Side s;
    s.tcp.begin(0);
    s.data(2, "c");
    s.settle(100, false);
    EXPECT_EQ(s.told.text, "");
    s.settle(600, false);
    EXPECT_EQ(s.told.text, "<2>c");
    for (std::uint32_t i = 0; i < 1'200; ++i) s.data(10 + 2 * i, "x");
    EXPECT_TRUE(s.told.text.starts_with("<2>c<7>x")) << s.told.text.substr(0, 40);
    EXPECT_LE(s.memory.used, 1'100u * 65);
}

TEST(TcpSide, MemoryIsBounded) {
    Side s;
    s.tcp.begin(0);
    const std::string large(10'000, 'x');
    for (std::uint32_t i = 0; i < 500; ++i) s.data(1 + i * 20'000, large);
    EXPECT_LE(s.memory.used, (1u << 20) + 2 * large.size());
    s.tcp.forget();
    EXPECT_EQ(s.memory.used, 0u);
}

TEST(TcpSide, CutSegmentsAreHolesAndGoOn) {
    Side s;
    s.tcp.begin(0);
    s.data(0, "ab", 10);
    s.data(10, "k");
    EXPECT_EQ(s.told.text, "ab<8>k");
    s.data(13, "n", 3);
    s.data(11, "lm");
    EXPECT_EQ(s.told.text, "ab<8>klmn<2>");
}

TEST(TcpSide, TheEndTellsWhatWaitsAndWhatIsMissing) {
    Side s;
    s.tcp.begin(0);
    s.data(2, "c");
    s.data(5, "f");
    s.tcp.finish(9);
    s.tcp.flush(s.now, false);
    EXPECT_EQ(s.told.text, "<2>c<2>f<3>");
    Side t;  // its FIN was not captured, but acknowledged
    t.tcp.begin(0);
    t.data(0, "a");
    t.tcp.acknowledged(2);
    t.settle(100);
    t.tcp.flush(t.now, true);
    EXPECT_EQ(t.told.text, "a");
    t.tcp.acknowledged(6);
    t.tcp.flush(t.now, true);
    EXPECT_EQ(t.told.text, "a<4>");
}

TEST(TcpSide, WildNumbersDoNoHarm) {
    Side s;
    s.tcp.begin(0);
    s.data(0x8000'0000, "x");
    s.data(0x7fff'ffff, "x");
    s.tcp.acknowledged(0x7fff'0000);
    s.settle(100);
    s.tcp.flush(s.now, true);
    EXPECT_EQ(s.told.text, "");
}

/// Any segments that cover a stream, in any order within a window, with repeats and overlaps.
TEST(TcpSide, AnyOrderGivesTheSameStream) {
    for (unsigned seed = 1; seed <= 400; ++seed) {
        std::mt19937 random(seed);
        std::string stream(1 + random() % 3'000, ' ');
        for (auto& c : stream) c = char('a' + random() % 26);
        const std::uint32_t first = random() % 2 ? std::uint32_t(random()) : 0xffff'ff00u;
        std::vector<std::pair<std::uint32_t, std::string>> segments;
        for (std::size_t at = 0; at < stream.size();) {
            const auto n = 1 + random() % 120;
            const auto before = std::min<std::size_t>(at, random() % 3 ? 0 : random() % 50);
            segments.emplace_back(first + std::uint32_t(at - before), stream.substr(at - before, n + before));
            if (random() % 4 == 0) segments.push_back(segments[random() % segments.size()]);
            at += n;
        }
        for (std::size_t i = 0; i + 1 < segments.size(); ++i)
            std::swap(segments[i], segments[i + random() % std::min<std::size_t>(20, segments.size() - i)]);
        Side s;
        s.tcp.begin(first);
        for (const auto& [seq, octets] : segments) {
            s.data(seq, octets);
            s.tcp.settle(s.now, true);
        }
        ASSERT_EQ(s.told.text, stream) << "seed " << seed;
        ASSERT_EQ(s.memory.used, 0u) << "seed " << seed;
    }
}

}  // namespace
