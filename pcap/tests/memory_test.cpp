// What a capture's streams keep when nothing is held any more: octets of the heap, counted.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <new>

#include "pcap/packet_stream.hpp"
#include "pcap/web_socket.hpp"

namespace {
std::atomic<std::size_t> live = 0;  // octets
}  // namespace

void* operator new(std::size_t size) {
    void* at = std::malloc(size);
    if (!at) throw std::bad_alloc();
    live += malloc_usable_size(at);
    return at;
}
void operator delete(void* at) noexcept {
    if (at) live -= malloc_usable_size(at);
    std::free(at);
}
void operator delete(void* at, std::size_t) noexcept { operator delete(at); }

namespace {

using pcap::Memory;
using pcap::PacketStream;
using pcap::Side;
using pcap::Time;

struct Deaf final : pcap::PacketSink, pcap::WebSocketSide::Sink {
    std::size_t packets = 0, heads = 0;
    void packet(int, mqtt::View, Time) override { ++packets; }
    void truncated(int, mqtt::View, std::size_t, std::size_t, const std::string&, Time) override {}
    void gap(int, mqtt::View, std::size_t, std::size_t, const std::string&, Time) override {}
    std::optional<mqtt::Version> version() const override { return mqtt::Version::v3_1_1; }
    Side role(int) const override { return Side::client; }
    Behind head(int, const pcap::HttpHead&, Time) override {
        ++heads;
        return Behind::frames;
    }
    void carried(int, mqtt::View, Time) override {}
    void not_carried(int, std::size_t, Time) override {}
    void refuse(int, const std::string&, Time) override {}
    bool is_told() const override { return false; }
};

TEST(CaptureMemory, AStreamThatHoldsNothingKeepsNoPacket) {
    Deaf sink;
    Memory memory{64 << 20, 0};
    const std::string body(1 << 20, 'x');
    const auto large = mqtt::encode(mqtt::Publish{.topic = "t", .payload = body}, mqtt::Version::v3_1_1);
    const auto half = std::string_view(large).substr(0, large.size() / 2);
    std::deque<PacketStream> streams;
    for (int i = 0; i < 20; ++i) streams.emplace_back(0, sink, memory, std::size_t(16 << 20));
    const auto before = live.load();
    for (auto& s : streams) {
        s.octets(mqtt::octets(half), Time{});
        s.octets(mqtt::octets(std::string_view(large).substr(half.size())), Time{});
    }
    EXPECT_EQ(sink.packets, 20u);
    EXPECT_EQ(memory.used, 0u);
    EXPECT_LT(live.load() - before, 20u * 2'000) << "of 20 MiB that passed by";
}

TEST(CaptureMemory, AWebSocketKeepsNoHead) {
    Deaf sink;
    const auto head = "GET /mqtt HTTP/1.1\r\nCookie: " + std::string(12'000, 'c') + "\r\nUpgrade: websocket\r\n\r\n";
    std::deque<pcap::WebSocketSide> sides;
    for (int i = 0; i < 100; ++i) sides.emplace_back(0, sink);
    const auto before = live.load();
    for (auto& s : sides) s.octets(mqtt::octets(head), Time{});
    EXPECT_EQ(sink.heads, 100u);
    EXPECT_LT(live.load() - before, 100u * 1'000) << "of 1.2 MB";
}

}  // namespace
