// capture_bench FILE|-: reads a capture, puts TCP in order and decodes every packet; one line of JSON says how fast.
#include <sys/resource.h>

#include <array>
#include <cstdio>

#include "pcap/read.hpp"

namespace {

class Decoding final : public pcap::Listener {
public:
    void on(const pcap::Conversation& c, const pcap::Event& e) override {
        using Kind = pcap::Event::Kind;
        gaps += e.kind == Kind::gap;
        conversations += e.kind == Kind::opened;
        if (e.kind != Kind::packet) return;
        mqtt::Fault fault;
        if (mqtt::decode(packet_, e.octets, c.version, fault) == 0) ++faults;
        ++types[e.octets[0] >> 4];
    }
    std::array<std::size_t, 16> types{};
    std::size_t gaps = 0, conversations = 0, faults = 0;

private:
    mqtt::Packet packet_;
};

/// KiB at most; getrusage would tell the parent's where that was larger.
long most_memory() {
    long kib = 0;
    char line[256];
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        while (std::fgets(line, sizeof line, status))
            if (std::sscanf(line, "VmHWM: %ld", &kib) == 1) break;
        std::fclose(status);
    }
    return kib;
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fputs("usage: capture_bench FILE|-\n", stderr);
        return 2;
    }
    Decoding decoding;
    std::uint64_t octets = 0;
    pcap::Options options;
    options.progress = [&](std::uint64_t taken) { octets = taken; };
    try {
        pcap::read_capture(words[1], options, decoding);
    } catch (const pcap::CaptureError& e) {
        std::fprintf(stderr, "capture_bench: %s\n", e.what());
        return 2;
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
    const double cpu = seconds(used.ru_utime) + seconds(used.ru_stime);
    std::printf(
        "{\"octets\":%llu,\"cpu_s\":%.3f,\"gb_per_s\":%.3f,\"rss_kb\":%ld,\"conversations\":%zu,\"gaps\":%zu,"
        "\"faults\":%zu",
        static_cast<unsigned long long>(octets), cpu, double(octets) / cpu / 1e9, most_memory(), decoding.conversations,
        decoding.gaps, decoding.faults);
    for (std::size_t t = 1; t < 16; ++t)
        if (decoding.types[t])
            std::printf(",\"%.*s\":%zu", int(mqtt::name(mqtt::Type(t)).size()), mqtt::name(mqtt::Type(t)).data(),
                        decoding.types[t]);
    std::puts("}");
    return 0;
}
