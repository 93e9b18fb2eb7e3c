// Seeds of captures: one conversation in many dresses.
#include <functional>
#include <vector>

#include "codec/codec.hpp"
#include "fuzz/seeds.hpp"
#include "pcap/read.hpp"

namespace fuzz {
namespace {

using mqtt::QoS;
using mqtt::Version;

void big(std::string& to, std::uint64_t n, int size) {
    for (int i = size; i-- > 0;) to += char(n >> (8 * i));
}
void little(std::string& to, std::uint64_t n, int size) {
    for (int i = 0; i < size; ++i) to += char(n >> (8 * i));
}

/// Builds IP packets of one TCP connection.
class Talk {
public:
    explicit Talk(bool six = false, unsigned port = 1883) : six_(six), port_(port) {}
    Talk& shake() { return segment(true, {}, 2).segment(false, {}, 18).segment(true, {}, 16); }
    Talk& client(const std::string& octets) { return segment(true, octets, 24); }
    Talk& server(const std::string& octets) { return segment(false, octets, 24); }
    Talk& end() { return segment(true, {}, 17).segment(false, {}, 17); }
    std::vector<std::string> packets;

private:
    Talk& segment(bool from_client, const std::string& payload, std::uint8_t flags) {
        std::string tcp;
        big(tcp, from_client ? 40'000 : port_, 2);
        big(tcp, from_client ? port_ : 40'000, 2);
        big(tcp, next_[from_client], 4);
        big(tcp, flags & 16 ? next_[!from_client] : 0, 4);
        big(tcp, 0x5000u | flags, 2);
        big(tcp, 0x0400'0000'0000u >> 16, 2);
        big(tcp, 0, 4);
        tcp += payload;
        next_[from_client] += std::uint32_t(payload.size()) + bool(flags & 3);
        packets.push_back(ip(from_client, tcp));
        return *this;
    }
    std::string ip(bool from_client, const std::string& payload) const {
        const std::string client(six_ ? 16 : 4, '\5'), server(six_ ? 16 : 4, '\1');
        std::string out;
        if (six_) {
            big(out, 6u << 28, 4);
            big(out, payload.size(), 2);
            big(out, 6 << 8 | 64, 2);
        } else {
            big(out, 0x4500, 2);
            big(out, 20 + payload.size(), 2);
            big(out, 1u << 16, 4);
            big(out, 64 << 8 | 6, 2);
            big(out, 0, 2);
        }
        return out + (from_client ? client + server : server + client) + payload;
    }
    bool six_;
    unsigned port_;
    std::uint32_t next_[2]{5'000, 0xffff'ffe0};
};

std::string pcap_file(const std::vector<std::string>& frames, std::uint32_t link, std::size_t snaplen = 65'535) {
    std::string out("\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0", 20);
    little(out, link, 4);
    for (std::size_t n = 0; n < frames.size(); ++n) {
        const auto size = std::min(frames[n].size(), snaplen);
        little(out, 1'700'000'000, 4);
        little(out, n * 1'000, 4);
        little(out, size, 4);
        little(out, frames[n].size(), 4);
        out += frames[n].substr(0, size);
    }
    return out;
}
std::string pcapng_file(const std::vector<std::string>& frames) {
    std::string out("\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0", 28);
    out += std::string("\1\0\0\0\x14\0\0\0\1\0\0\0\xff\xff\0\0\x14\0\0\0", 20);
    for (const auto& f : frames) {
        const auto padded = (f.size() + 3) / 4 * 4;
        for (const auto n :
             {std::size_t(6), padded + 32, std::size_t(0), std::size_t(390'000), std::size_t(0), f.size(), f.size()})
            little(out, n, 4);
        out += f + std::string(padded - f.size(), '\0');
        little(out, padded + 32, 4);
    }
    return out;
}

std::vector<std::string> dressed(const std::vector<std::string>& packets, const std::string& head) {
    std::vector<std::string> out;
    for (const auto& p : packets) out.push_back(head + p);
    return out;
}
const std::string ethernet = std::string(12, '\2') + std::string("\x08\0", 2);

std::string publish(Version v, QoS qos, std::size_t size) {
    const std::string payload(size, 'x');
    return mqtt::encode(mqtt::Publish{.qos = qos, .topic = "a/b", .packet_id = 7, .payload = payload}, v);
}

Talk conversation(Version v, bool six = false, unsigned port = 1883) {
    Talk t(six, port);
    mqtt::Connect connect;
    connect.level = std::uint8_t(v);
    connect.client_id = "seed";
    t.shake().client(mqtt::encode(connect, v)).server(mqtt::encode(mqtt::Connack{}, v));
    t.client(publish(v, QoS::at_least_once, 30)).server(mqtt::encode(mqtt::Puback{.packet_id = 7}, v));
    t.server(publish(v, QoS::at_most_once, 90))
        .client(mqtt::encode(mqtt::Pingreq{}, v))
        .server(mqtt::encode(mqtt::Pingresp{}, v));
    return t.end();
}

Talk web_socket() {
    const auto frame = [](const std::string& octets, bool masked) {
        return std::string("\x82", 1) + char(octets.size() | (masked ? 128 : 0)) +
               (masked ? std::string(4, '\0') : "") + octets;
    };
    mqtt::Connect connect{.client_id = "seed"};
    Talk t(false, 8'080);
    t.shake().client("GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
    t.server("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n").client(frame(mqtt::encode(connect, Version::v5), true));
    t.server(frame(mqtt::encode(mqtt::Connack{}, Version::v5), false) + std::string("\x89\0", 2));
    return t.client(frame(publish(Version::v5, QoS::at_most_once, 40), true)).end();
}

std::vector<std::string> fragments(const std::vector<std::string>& packets) {
    std::vector<std::string> out;
    for (const auto& p : packets)
        for (std::size_t at = 20; at < p.size(); at += 16) {
            std::string part = p.substr(0, 20) + p.substr(at, 16);
            part[3] = char(part.size());
            part[5] = char(out.size() / 100 + 1);
            part[6] = at + 16 < p.size() ? '\x20' : '\0';
            part[7] = char((at - 20) / 8);
            out.push_back(part);
        }
    return out;
}

}  // namespace

std::vector<std::string> capture_seeds() {
    const auto plain = conversation(Version::v3_1_1).packets, five = conversation(Version::v5, false, 9'999).packets,
               six = conversation(Version::v5, true).packets;
    auto mixed = plain, gapped = plain, twice = plain;
    std::swap(mixed[3], mixed[6]);
    std::swap(mixed[5], mixed[7]);
    gapped.erase(gapped.begin() + 5);
    twice.insert(twice.end(), five.begin(), five.end());
    return {pcap_file(dressed(plain, ethernet), 1),
            pcap_file(dressed(plain, std::string(12, '\2') + std::string("\x88\xa8\0\1\x81\0\0\2\x08\0", 10)), 1),
            pcap_file(dressed(five, std::string(14, '\0') + std::string("\x08\0", 2)), 113),
            pcap_file(dressed(five, std::string("\x08\0", 2) + std::string(18, '\0')), 276),
            pcap_file(dressed(six, std::string("\x1e\0\0\0", 4)), 0),
            pcap_file(six, 101),
            pcap_file(mixed, 101),
            pcap_file(gapped, 101),
            pcap_file({plain.begin() + 5, plain.end()}, 101),
            pcap_file(twice, 101, 100),
            pcap_file(fragments(plain), 101),
            pcap_file(web_socket().packets, 101),
            pcapng_file(dressed(plain, ethernet)),
            pcapng_file(dressed(six, std::string(12, '\2') + std::string("\x86\xdd", 2)))};
}

namespace {

class Source final : public pcap::Source {
    std::size_t read(std::span<std::uint8_t>) override { return 0; }
    std::uint64_t taken() const override { return 0; }
};
class Counter final : public pcap::Listener {
public:
    void on(const pcap::Conversation&, const pcap::Event& e) override { ++counts[std::size_t(e.kind)]; }
    std::size_t counts[6]{};
};

}  // namespace

// 1-talks-7-packets-0-gaps
std::string meaning_of_capture(mqtt::View octets) {
    Counter counter;
    try {
        pcap::read_capture(pcap::with_prefix(std::string(mqtt::bytes(octets)), std::make_unique<Source>()), "seed", {},
                           counter);
    } catch (const pcap::CaptureError&) {
        return "no-capture";
    }
    const auto* n = counter.counts;
    return std::to_string(n[0]) + "-talks-" + std::to_string(n[1]) + "-packets-" + std::to_string(n[3]) + "-gaps";
}

}  // namespace fuzz
