// Whole captures: every one of the corpus cut at every octet of its beginning, and octets changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <tuple>

#include "pcap/read.hpp"

namespace {

namespace fs = std::filesystem;
using pcap::CaptureError;
using pcap::Conversation;
using pcap::Event;
using pcap::Remark;

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Nothing final : public pcap::Source {
    std::size_t read(std::span<std::uint8_t>) override { return 0; }
    std::uint64_t taken() const override { return 0; }
};

/// What was told, checked for its order.
class Watch final : public pcap::Listener {
public:
    void on(const Conversation& c, const Event& e) override {
        const bool fresh = e.kind == Event::Kind::opened && open.insert(c.number).second;
        EXPECT_EQ(fresh, e.kind == Event::Kind::opened) << c.name;
        EXPECT_TRUE(open.contains(c.number)) << c.name;
        if (e.kind == Event::Kind::closed) open.erase(c.number);
        packets += e.kind == Event::Kind::packet;
        EXPECT_TRUE(e.kind != Event::Kind::packet || e.octets.size() == e.length);
    }
    void remark(const Remark& r) override { cut += r.kind == Remark::Kind::cut; }
    std::set<std::uint32_t> open;
    std::size_t packets = 0, cut = 0;
};

/// Reads octets as a capture: packets, whether it was told cut, and what was thrown.
struct Outcome {
    std::size_t packets = 0, cut = 0;
    std::string error;
};
Outcome read(std::string octets) {
    Watch watch;
    Outcome out;
    try {
        pcap::read_capture(pcap::with_prefix(std::move(octets), std::make_unique<Nothing>()), "made", {}, watch);
    } catch (const CaptureError& e) {
        out.error = e.what();
    }
    EXPECT_TRUE(watch.open.empty()) << "every conversation is closed";
    out.packets = watch.packets;
    out.cut = watch.cut;
    return out;
}

std::vector<fs::path> captures() {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(MQTTSPEC_CORPUS "/captures"))
        if (entry.path().extension() == ".pcap" || entry.path().extension() == ".pcapng") all.push_back(entry.path());
    std::ranges::sort(all);
    return all;
}

/// A pcap file is whole only where a record ends; anything else is told by name.
TEST(Captures, CutAtEveryOctetOfTheirBeginning) {
    const auto all = captures();
    ASSERT_GT(all.size(), 50u);
    for (const auto& path : all) {
        const auto whole = contents(path);
        std::size_t before = 0, silent = 0, most = std::min<std::size_t>(whole.size(), 4'096);
        for (std::size_t n = 0; n < most; ++n) {
            const auto out = read(whole.substr(0, n));
            ASSERT_LE(before, out.packets) << path << " at " << n << ": what was whole is told still";
            before = out.packets;
            silent += out.error.empty() && out.cut == 0;
            ASSERT_TRUE(n >= 24 || !out.error.empty()) << path << " at " << n;
        }
        ASSERT_LT(silent, most / 24) << path << ": only between records is there nothing to say";
    }
}

TEST(Captures, OctetsChanged) {
    for (const auto& path : captures()) {
        const auto whole = contents(path);
        if (whole.size() > 20'000) continue;
        std::mt19937 random(7);
        for (int i = 0; i < 60; ++i) {
            auto octets = whole;
            for (int k = 0; k < 4; ++k) octets[random() % octets.size()] = char(random());
            read(octets);
        }
    }
}

/// Frames of raw IP, each with a segment from 10.0.0.1:port to 10.0.0.2:1883.
std::string made(const std::vector<std::tuple<std::uint16_t, std::uint32_t, std::string>>& segments) {
    std::string out("\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\x65\0\0\0", 24);
    for (const auto& [port, seq, payload] : segments) {
        std::string packet("E\0\0\0\0\0\0\0@\6\0\0\12\0\0\1\12\0\0\2", 20);
        const auto size = 40 + payload.size();
        packet[2] = char(size >> 8);
        packet[3] = char(size);
        for (const std::uint32_t n : {std::uint32_t(port) << 16 | 1883u, seq, 0u, 0x5008'0000u, 0u})
            for (int shift = 24; shift >= 0; shift -= 8) packet += char(n >> shift);
        packet += payload;
        out += std::string(8, '\0');
        for (int twice = 0; twice < 2; ++twice)
            for (int shift = 0; shift < 32; shift += 8) out += char(packet.size() >> shift);
        out += packet;
    }
    return out;
}

class Bounds final : public pcap::Listener {
public:
    void on(const Conversation&, const Event& e) override { ++count[std::size_t(e.kind)]; }
    void remark(const Remark& r) override { remarks += r.text + "\n"; }
    std::size_t count[6]{};
    std::string remarks;
};

const std::string connect = mqtt::encode(mqtt::Connect{.level = 4, .client_id = "c"}, mqtt::Version::v3_1_1);

TEST(Captures, ConnectionsAreBoundedInNumber) {
    std::vector<std::tuple<std::uint16_t, std::uint32_t, std::string>> segments;
    for (std::uint16_t port = 1; port <= 500; ++port) segments.emplace_back(port, 1, connect);
    pcap::Options options;
    options.flows = 100;
    Bounds bounds;
    pcap::read_capture(pcap::with_prefix(made(segments), std::make_unique<Nothing>()), "made", options, bounds);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::packet)], 500u);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::closed)], 500u);
    EXPECT_NE(bounds.remarks.find("more than 100 connections at a time"), std::string::npos) << bounds.remarks;
}

/// Closed connections are forgotten after a while, but not that their ports were used.
TEST(Captures, ClosedConnectionsAreForgotten) {
    std::vector<std::tuple<std::uint16_t, std::uint32_t, std::string>> segments;
    for (std::uint16_t port = 1; port <= 3'000; ++port) segments.emplace_back(port, 1, connect);
    std::string resets = made(segments);
    const std::size_t frame = 16 + 40 + connect.size();
    for (std::size_t at = 24; at < resets.size(); at += frame) resets[at + 16 + 33] = 4;  // RST
    std::vector<std::string> names;
    struct Names final : pcap::Listener {
        explicit Names(std::vector<std::string>& to) : out(to) {}
        void on(const Conversation& c, const Event& e) override {
            if (e.kind == Event::Kind::opened) out.push_back(c.name);
        }
        std::vector<std::string>& out;
    } listener(names);
    const auto late = resets.substr(resets.size() - 500 * frame);  // sent again, and no new connections
    pcap::read_capture(pcap::with_prefix(resets + late + resets.substr(24), std::make_unique<Nothing>()), "made", {},
                       listener);
    ASSERT_EQ(names.size(), 6'000u);
    EXPECT_EQ(names.front(), "10.0.0.1:1-10.0.0.2:1883");
    EXPECT_EQ(std::ranges::count_if(names, [](const auto& n) { return n.ends_with("#2"); }), 3'000);
}

/// Ports that were used again are an open connection, whatever became of the first one.
TEST(Captures, OpenConnectionsAreNotForgotten) {
    const auto one = [](std::uint16_t port, std::uint32_t seq, const std::string& payload, std::uint8_t flags) {
        auto frame = made({{port, seq, payload}}).substr(24);
        frame[16 + 33] = char(flags);
        return frame;
    };
    constexpr std::uint8_t syn = 2, rst = 4, push = 8;
    auto octets =
        made({}) + one(5'000, 1, connect, rst) + one(5'000, 99'999, "", syn) + one(5'000, 100'000, connect, push);
    for (std::uint16_t port = 1; port <= 600; ++port) octets += one(port, 1, connect, rst);
    octets += one(5'000, std::uint32_t(100'000 + connect.size()), std::string("\xc0\0", 2), push);
    Bounds bounds;
    pcap::read_capture(pcap::with_prefix(octets, std::make_unique<Nothing>()), "made", {}, bounds);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::opened)], 602u);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::packet)], 603u);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::midstream)], 0u);
}

TEST(Captures, OctetsHeldAreBounded) {
    std::vector<std::tuple<std::uint16_t, std::uint32_t, std::string>> segments;
    const std::string head =
        connect + std::string("\x30\x80\x80\x80\x01\0\1t", 8);  // a PUBLISH of 2 MiB, in 4 KiB each
    for (std::uint32_t round = 0; round < 100; ++round)
        for (std::uint16_t port = 1; port <= 20; ++port)
            segments.emplace_back(port, round ? std::uint32_t(1 + head.size() + (round - 1) * 4'096) : 1u,
                                  round ? std::string(4'096, 'x') : head);
    pcap::Options options;
    options.whole_memory = 1 << 20;
    Bounds bounds;
    pcap::read_capture(pcap::with_prefix(made(segments), std::make_unique<Nothing>()), "made", options, bounds);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::packet)], 20u);
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::truncated)], 20u) << "given up or not, each is told once";
    EXPECT_EQ(bounds.count[std::size_t(Event::Kind::gap)], 0u);
}

TEST(Captures, NoiseIsNoCapture) {
    EXPECT_NE(read("").error.find("cut within its header"), std::string::npos) << read("").error;
    EXPECT_NE(read("noise that is none").error.find("neither pcap nor pcapng"), std::string::npos);
}

}  // namespace
