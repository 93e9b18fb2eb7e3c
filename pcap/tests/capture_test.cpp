// Whole captures: every one of the corpus cut at every octet of its beginning, and octets changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

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

TEST(Captures, NoiseIsNoCapture) {
    EXPECT_NE(read("").error.find("cut within its header"), std::string::npos) << read("").error;
    EXPECT_NE(read("noise that is none").error.find("neither pcap nor pcapng"), std::string::npos);
}

}  // namespace
