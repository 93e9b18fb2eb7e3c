// make_capture [--octets N] [--flows N] [--seed N] [--reordered PER_MILLE] [--retransmitted PER_MILLE] > FILE.pcap
// A capture of many MQTT connections of known content; what it holds goes to stderr as a line of JSON.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "codec/codec.hpp"

namespace {

using mqtt::Type;
using mqtt::Version;

struct Settings {
    std::uint64_t octets = 200'000'000, seed = 1;
    unsigned flows = 2'000, reordered = 10, retransmitted = 5;  // per mille of the segments with data
};

class Capture {
public:
    explicit Capture(const Settings& s) : settings(s), random(s.seed) {
        const std::uint32_t head[]{0xa1b2c3d4, 4u << 16 | 2, 0, 0, 262144, 1};
        put(head, sizeof head);
    }
    void frame(const std::string& octets) {
        micros_ += 5 + random() % 20;
        const auto size = std::uint32_t(octets.size());
        const std::uint32_t head[]{std::uint32_t(1'700'000'000 + micros_ / 1'000'000),
                                   std::uint32_t(micros_ % 1'000'000), size, size};
        put(head, sizeof head);
        put(octets.data(), octets.size());
        ++frames;
    }
    bool roll(unsigned per_mille) { return random() % 1000 < per_mille; }

    Settings settings;
    std::mt19937_64 random;
    std::uint64_t written = 0, frames = 0;
    std::map<std::string, std::uint64_t> packets;  // by type

private:
    void put(const void* octets, std::size_t n) {
        if (std::fwrite(octets, 1, n, stdout) != n) {
            std::perror("make_capture: the standard output cannot be written");
            std::exit(4);
        }
        written += n;
    }
    std::uint64_t micros_ = 0;
};

/// One client with its connection; begins again with new ports when it has ended.
class Device {
public:
    Device(Capture& to, unsigned number) : to_(to), number_(number), port_(std::uint16_t(1025 + number % 60'000)) {}

    /// The next thing that happens.
    void go() {
        release();
        if (steps_ == 0) return begin();
        if (--steps_ == 0) return end();
        const auto what = to_.random() % 100;
        if (what < 5) {
            client(mqtt::Pingreq{});
            server(mqtt::Pingresp{});
        } else if (what < 50) {
            publish(true);
        } else {
            publish(false);
        }
    }
    void end() {
        client(mqtt::Disconnect{});
        release(true);
        segment(true, {}, fin | ack);
        segment(false, {}, fin | ack);
        segment(true, {}, ack);
        steps_ = 0;
    }
    bool open() const { return steps_ > 0; }

private:
    enum : std::uint8_t { fin = 1, syn = 2, ack = 16 };

    void begin() {
        steps_ = 200 + to_.random() % 200;
        version_ = number_ % 2 ? Version::v5 : Version::v3_1_1;
        next_ = {std::uint32_t(to_.random()), std::uint32_t(to_.random())};
        port_ = std::uint16_t(port_ + 1 < 1025 ? 1025 : port_ + 1);
        segment(true, {}, syn);
        segment(false, {}, syn | ack);
        segment(true, {}, ack);
        const std::string name = "device-" + std::to_string(number_);
        mqtt::Connect connect;
        connect.level = std::uint8_t(version_);
        connect.client_id = name;
        client(connect);
        server(mqtt::Connack{});
        const mqtt::Subscribe::Entry entries[]{{.filter = "commands/#", .qos = mqtt::QoS::at_least_once}};
        client(mqtt::Subscribe{.packet_id = 1, .entries = entries});
        const mqtt::Suback::Code codes[]{{1}};
        server(mqtt::Suback{.packet_id = 1, .codes = codes});
    }
    void publish(bool from_client) {
        const auto size = 20 + to_.random() % 300;
        std::string payload(size, 'x');
        for (auto& c : payload) c = char('a' + to_.random() % 26);
        const std::string topic = (from_client ? "sensors/" : "commands/") + std::to_string(number_ % 100) + "/value";
        const auto qos = mqtt::QoS(to_.random() % 3);
        const auto id = std::uint16_t(1 + to_.random() % 1000);
        say(from_client, mqtt::Publish{.qos = qos, .topic = topic, .packet_id = id, .payload = payload});
        if (qos == mqtt::QoS::at_least_once) say(!from_client, mqtt::Puback{.packet_id = id});
        if (qos != mqtt::QoS::exactly_once) return;
        say(!from_client, mqtt::Pubrec{.packet_id = id});
        say(from_client, mqtt::Pubrel{.packet_id = id});
        say(!from_client, mqtt::Pubcomp{.packet_id = id});
    }
    template <class P>
    void client(const P& p) {
        say(true, p);
    }
    template <class P>
    void server(const P& p) {
        say(false, p);
    }
    template <class P>
    void say(bool from_client, const P& packet) {
        ++to_.packets[std::string(mqtt::name(P::type))];
        segment(from_client, mqtt::encode(packet, version_), ack);
    }
    void segment(bool from_client, const std::string& payload, std::uint8_t flags) {
        auto& mine = next_[from_client];
        const auto frame = make(from_client, mine, next_[!from_client], flags, payload);
        mine += std::uint32_t(payload.size()) + bool(flags & (syn | fin));
        if (!payload.empty() && to_.roll(to_.settings.reordered)) {
            later_.push_back({1 + unsigned(to_.random() % 3), frame});
            return;
        }
        to_.frame(frame);
        if (!payload.empty() && to_.roll(to_.settings.retransmitted)) later_.push_back({2, frame});
    }
    /// Segments that were held back, a step each or all.
    void release(bool all = false) {
        for (auto& [wait, frame] : later_) {
            wait = all ? 0 : wait - 1;
            if (wait == 0) to_.frame(frame);
        }
        std::erase_if(later_, [](const auto& l) { return l.first == 0; });
    }
    std::string make(bool from_client, std::uint32_t seq, std::uint32_t acked, std::uint8_t flags,
                     const std::string& payload) const {
        std::string f(54, '\0');
        const auto put = [&](std::size_t at, std::uint64_t n, int size) {
            for (int i = 0; i < size; ++i) f[at + std::size_t(i)] = char(n >> (8 * (size - 1 - i)));
        };
        const std::uint64_t device = 0x0a010000 + number_, broker = 0x0a000001;
        put(12, 0x0800, 2);
        put(14, 0x4500, 2);
        put(16, 40 + payload.size(), 2);
        put(22, 0x4006, 2);
        put(26, from_client ? device : broker, 4);
        put(30, from_client ? broker : device, 4);
        put(34, from_client ? port_ : 1883, 2);
        put(36, from_client ? 1883 : port_, 2);
        put(38, seq, 4);
        put(42, flags & ack ? acked : 0, 4);
        put(46, 0x5000u | flags, 2);
        put(48, 8192, 2);
        return f + payload;
    }

    Capture& to_;
    unsigned number_;
    std::uint16_t port_;
    Version version_ = Version::v3_1_1;
    std::array<std::uint32_t, 2> next_{};  // server, client
    std::uint64_t steps_ = 0;
    std::vector<std::pair<unsigned, std::string>> later_;
};

Settings settings_of(int count, char** words) {
    Settings s;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = words[i];
        const auto n = std::strtoull(words[i + 1], nullptr, 10);
        if (name == "--octets")
            s.octets = n;
        else if (name == "--flows")
            s.flows = unsigned(n);
        else if (name == "--seed")
            s.seed = n;
        else if (name == "--reordered")
            s.reordered = unsigned(n);
        else if (name == "--retransmitted")
            s.retransmitted = unsigned(n);
        else
            count = 0;
    }
    if (count % 2 == 0 || s.flows == 0) {
        std::fputs(
            "usage: make_capture [--octets N] [--flows N] [--seed N] [--reordered PER_MILLE] [--retransmitted "
            "PER_MILLE] > FILE\n",
            stderr);
        std::exit(2);
    }
    return s;
}

}  // namespace

int main(int count, char** words) {
    Capture capture(settings_of(count, words));
    std::vector<Device> devices;
    for (unsigned i = 0; i < capture.settings.flows; ++i) devices.emplace_back(capture, i);
    while (capture.written < capture.settings.octets) devices[capture.random() % devices.size()].go();
    for (auto& d : devices)
        if (d.open()) d.end();
    std::fprintf(stderr, "{\"seed\":%llu,\"octets\":%llu,\"frames\":%llu",
                 static_cast<unsigned long long>(capture.settings.seed),
                 static_cast<unsigned long long>(capture.written), static_cast<unsigned long long>(capture.frames));
    for (const auto& [type, n] : capture.packets)
        std::fprintf(stderr, ",\"%s\":%llu", type.c_str(), static_cast<unsigned long long>(n));
    std::fputs("}\n", stderr);
    return std::fflush(stdout) == 0 ? 0 : 4;
}
