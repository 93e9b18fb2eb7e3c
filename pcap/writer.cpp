#include "pcap/writer.hpp"

#include <algorithm>

namespace pcap {
namespace {

constexpr std::uint32_t broker_address = 0xc0000201, first_client = 0xc0000202;  // 192.0.2.0/24 is for examples
constexpr std::uint16_t broker_port = 1883, first_port = 50'000;
constexpr std::size_t largest_segment = 1'460;
enum Flag : std::uint8_t { fin = 1, syn = 2, rst = 4, push = 8, ack = 16 };

void big(std::string& to, std::uint64_t value, int octets) {
    while (octets-- > 0) to += char(value >> (8 * octets) & 0xff);
}
// Blocks are written as little endian whatever this machine is: readers see which by the section's magic.
void little(std::string& to, std::uint64_t value, int octets) {
    for (int i = 0; i < octets; ++i) to += char(value >> (8 * i) & 0xff);
}
void pad(std::string& to) { to.resize((to.size() + 3) / 4 * 4); }

void option(std::string& to, std::uint16_t code, std::string_view text) {
    text = text.substr(0, 65'535);
    little(to, code, 2);
    little(to, text.size(), 2);
    to += text;
    pad(to);
}
std::string block(std::uint32_t type, const std::string& body) {
    std::string out;
    little(out, type, 4);
    little(out, body.size() + 12, 4);
    out += body;
    little(out, body.size() + 12, 4);
    return out;
}

std::uint16_t checksum(std::string_view octets, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < octets.size(); i += 2)
        sum += std::uint32_t(std::uint8_t(octets[i])) << 8 | (i + 1 < octets.size() ? std::uint8_t(octets[i + 1]) : 0u);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return std::uint16_t(~sum & 0xffff);
}
void put_checksum(std::string& to, std::size_t at, std::uint16_t value) {
    to[at] = char(value >> 8);
    to[at + 1] = char(value & 0xff);
}

}  // namespace

CaptureWriter::CaptureWriter(std::string_view application, std::string_view about) {
    std::string section, interface;
    little(section, 0x1a2b3c4d, 4);
    little(section, 1, 2);
    little(section, 0, 2);
    little(section, ~std::uint64_t{0}, 8);  // of unknown length
    option(section, 1, about);
    option(section, 4, application);
    option(section, 0, "");
    little(interface, 1, 2);  // Ethernet; times are in microseconds by default
    little(interface, 0, 2);
    little(interface, 0, 4);  // no snapshot length
    head_ = block(0x0a0d0d0a, section) + block(1, interface);
}

std::size_t CaptureWriter::open(std::string_view client, Microseconds time) {
    const std::size_t n = connections_.size();
    auto known = std::ranges::find(names_, client, &decltype(names_)::value_type::second);
    if (known == names_.end())
        known = names_.insert(names_.end(), {first_client + std::uint32_t(names_.size()), std::string(client)});
    connections_.push_back({std::uint16_t(first_port + n), known->first, {1'000, 500'000}});
    segment(n, true, syn, {}, time);
    segment(n, false, syn | ack, {}, time);
    segment(n, true, ack, {}, time);
    return n;
}

void CaptureWriter::send(std::size_t connection, bool from_client, std::string_view octets, Microseconds time) {
    for (std::size_t at = 0; at < octets.size(); at += largest_segment)
        segment(connection, from_client, push | ack, octets.substr(at, largest_segment), time);
    if (!octets.empty()) segment(connection, !from_client, ack, {}, time);
}
void CaptureWriter::finish(std::size_t connection, bool from_client, Microseconds time) {
    segment(connection, from_client, fin | ack, {}, time);
}
void CaptureWriter::reset(std::size_t connection, bool from_client, Microseconds time) {
    segment(connection, from_client, rst | ack, {}, time);
}

void CaptureWriter::segment(std::size_t n, bool from_client, std::uint8_t flags, std::string_view octets,
                            Microseconds time) {
    Connection& c = connections_[n];
    const std::uint32_t from = from_client ? c.address : broker_address, to = from_client ? broker_address : c.address;
    std::uint32_t& next = c.next[from_client ? 0 : 1];

    std::string tcp;
    big(tcp, from_client ? c.port : broker_port, 2);
    big(tcp, from_client ? broker_port : c.port, 2);
    big(tcp, next, 4);
    big(tcp, flags & ack ? c.next[from_client ? 1 : 0] : 0, 4);
    big(tcp, std::uint32_t(5 << 12 | flags), 2);
    big(tcp, 0xffff, 2);  // window
    big(tcp, 0, 4);       // checksum, urgent
    tcp += octets;
    std::string pseudo;
    big(pseudo, from, 4);
    big(pseudo, to, 4);
    big(pseudo, 6, 2);
    big(pseudo, tcp.size(), 2);
    put_checksum(tcp, 16, checksum(pseudo + tcp));
    next += std::uint32_t(octets.size()) + (flags & (syn | fin) ? 1u : 0u);

    std::string ip;
    big(ip, 0x4500, 2);
    big(ip, 20 + tcp.size(), 2);
    big(ip, 0x4000, 4);  // identification 0, not to be fragmented
    big(ip, 0x4006, 2);  // 64 hops, TCP
    big(ip, 0, 2);
    big(ip, from, 4);
    big(ip, to, 4);
    put_checksum(ip, 10, checksum(ip));

    std::string frame;
    big(frame, 0x0200'0000'0000 | (to & 0xffff), 6);  // local addresses
    big(frame, 0x0200'0000'0000 | (from & 0xffff), 6);
    big(frame, 0x0800, 2);
    frame += ip + tcp;

    std::string body;
    little(body, 0, 4);
    little(body, time >> 32, 4);
    little(body, time & 0xffffffff, 4);
    little(body, frame.size(), 4);
    little(body, frame.size(), 4);
    body += frame;
    pad(body);
    blocks_ += block(6, body);
}

std::string CaptureWriter::take() {
    std::string body;
    const auto record = [&](std::uint32_t address, const std::string& name) {
        std::string value;
        big(value, address, 4);
        value += name.substr(0, 1'000);
        value += '\0';
        option(body, 1, value);
    };
    record(broker_address, "broker");
    for (const auto& [address, name] : names_) record(address, name);
    option(body, 0, "");
    return head_ + block(4, body) + blocks_;
}

}  // namespace pcap
