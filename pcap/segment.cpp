#include "pcap/segment.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace pcap {
namespace {

using mqtt::View;

std::uint16_t two(View in, std::size_t at) { return std::uint16_t(in[at] << 8 | in[at + 1]); }
std::uint32_t four(View in, std::size_t at) { return std::uint32_t(two(in, at)) << 16 | two(in, at + 2); }
/// What is left behind `n` octets; empty where there are not so many.
View behind(View in, std::size_t n) { return in.size() < n ? View{} : in.subspan(n); }

enum : std::uint16_t { ether_ipv4 = 0x0800, ether_ipv6 = 0x86dd };
enum : std::uint8_t {
    protocol_tcp = 6,
    hop_by_hop = 0,
    routing = 43,
    fragment = 44,
    authentication = 51,
    destination = 60
};

bool is_vlan(std::uint16_t type) { return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200; }

/// A tag more; two paths may come to the same number by chance, once in 2^32.
void add_to(std::uint32_t& lane, std::uint32_t tag) {
    if (tag) lane = (lane ^ tag) * 0x9e3779b1u + 1;
}

/// Past MPLS labels.
View past_labels(View in, std::uint32_t& lane) {
    for (bool last = false; !last && in.size() >= 4; in = in.subspan(4)) {
        add_to(lane, 1u << 20 | four(in, 0) >> 12);
        last = in[2] & 1;
    }
    return in;
}

/// Past VLAN tags, PPPoE and MPLS labels to IP; empty where there is none. `in` begins behind the type.
View past_tags(std::uint16_t type, View in, std::uint32_t& lane) {
    for (int depth = 0; depth < 8 && in.size() >= 4; ++depth) {
        if (type == ether_ipv4 || type == ether_ipv6) return in;
        if (is_vlan(type)) {
            add_to(lane, two(in, 0) & 0xfffu);  // 0 tells a priority alone
            type = two(in, 2);
            in = in.subspan(4);
        } else if (type == 0x8864 && in.size() >= 8) {  // PPPoE session, then PPP's protocol
            add_to(lane, 1u << 16 | two(in, 2));
            type = two(in, 6) == 0x21 ? ether_ipv4 : two(in, 6) == 0x57 ? ether_ipv6 : 0;
            in = in.subspan(8);
        } else if (type == 0x8847) {  // MPLS: IP behind the last label
            return past_labels(in, lane);
        } else if (type < 1500 && in.size() >= 8 && in[0] == 0xaa && in[1] == 0xaa && in[2] == 3) {  // LLC and SNAP
            type = two(in, 6);
            in = in.subspan(8);
        } else {
            break;
        }
    }
    return {};
}

/// The IP packet in a frame; empty where there is none.
View ip_in(const Frame& frame, std::uint32_t& lane) {
    const View in = frame.octets;
    switch (frame.link) {
        case Link::ethernet: return in.size() < 14 ? View{} : past_tags(two(in, 12), in.subspan(14), lane);
        case Link::cooked: return in.size() < 16 ? View{} : past_tags(two(in, 14), in.subspan(16), lane);
        case Link::cooked2: return in.size() < 20 ? View{} : past_tags(two(in, 0), in.subspan(20), lane);
        case Link::null: return behind(in, 4);  // the family is written in many ways: the version tells
        case Link::ip: return in;
        case Link::upper: break;
    }
    return {};
}

using Address = std::array<std::uint8_t, 16>;
Address of_ipv4(View address) {
    Address out{};
    out[10] = out[11] = 0xff;
    std::copy_n(address.begin(), 4, out.begin() + 12);
    return out;
}
Address of_ipv6(View address) {
    Address out;
    std::copy_n(address.begin(), 16, out.begin());
    return out;
}

/// `length`: octets on the wire. False for what is no TCP header or not captured.
bool tcp(View in, std::size_t length, Segment& out) {
    if (in.size() < 20 || length < 20) return false;
    const std::size_t header = std::size_t(in[12] >> 4) * 4;
    if (header < 20 || header > length) return false;
    out.from.port = two(in, 0);
    out.to.port = two(in, 2);
    out.seq = four(in, 4);
    out.acked = four(in, 8);
    out.flags = in[13];
    out.in_order = false;
    out.length = length - header;
    out.payload = behind(in, header);
    if (out.payload.size() > out.length) out.payload = out.payload.first(out.length);
    return true;
}

/// Decrypted by tshark ("OSI layer 7" of its -U): tags of addresses and ports, then octets in order.
bool upper(const Frame& frame, Segment& out) {
    out = {.time = frame.time, .in_order = true};
    View in = frame.octets;
    int found = 0;
    while (in.size() >= 4) {
        const std::uint16_t tag = two(in, 0), size = two(in, 2);
        in = in.subspan(4);
        if (tag == 0) {
            out.payload = in;
            out.length = frame.length - (frame.octets.size() - in.size());
            return found == 4;
        }
        if (size > in.size()) return false;
        const View value = in.first(size);
        Endpoint& end = tag == 20 || tag == 22 || tag == 25 ? out.from : out.to;
        if ((tag == 20 || tag == 21) && size == 4) end.address = of_ipv4(value), ++found;
        if ((tag == 22 || tag == 23) && size == 16) end.address = of_ipv6(value), ++found;
        if ((tag == 25 || tag == 26) && size == 4) end.port = std::uint16_t(four(value, 0)), ++found;
        in = in.subspan(size);
    }
    return false;
}

}  // namespace

std::string name_of(const Endpoint& e) {
    constexpr std::uint8_t mapped[12]{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[INET6_ADDRSTRLEN] = "";
    const bool v4 = std::equal(std::begin(mapped), std::end(mapped), e.address.begin());
    inet_ntop(v4 ? AF_INET : AF_INET6, e.address.data() + (v4 ? 12 : 0), text, sizeof text);
    return (v4 ? text : "[" + std::string(text) + "]") + ":" + std::to_string(e.port);
}

bool Dissector::segment(const Frame& frame, Segment& out) {
    if (frame.link == Link::upper) return upper(frame, out);
    out.lane = 0;
    const View in = ip_in(frame, out.lane);
    if (in.empty()) return false;
    out.time = frame.time;
    return ip(in, frame.length - std::size_t(in.data() - frame.octets.data()), out);
}

bool Dissector::ip(View in, std::size_t length, Segment& out) {
    return in[0] >> 4 == 4 ? ipv4(in, length, out) : in[0] >> 4 == 6 && ipv6(in, length, out);
}

bool Dissector::ipv4(View in, std::size_t length, Segment& out) {
    if (in.size() < 20) return false;
    const std::size_t header = std::size_t(in[0] & 15) * 4, told = two(in, 2);
    const std::size_t whole = told ? told : length;  // 0: segmentation was left to the network card
    if (header < 20 || header > whole || in.size() < header || in[9] != protocol_tcp) return false;
    out.from.address = of_ipv4(in.subspan(12));
    out.to.address = of_ipv4(in.subspan(16));
    const View body = in.first(std::min(in.size(), whole)).subspan(header);
    const std::size_t offset = (two(in, 6) & 0x1fffu) * 8;
    const bool more = in[6] & 0x20;
    if (!more && offset == 0) [[likely]]
        return tcp(body, whole - header, out);
    if (body.size() < whole - header) return false;  // cut: never whole
    const auto all =
        fragments_.add({out.from.address, out.to.address, two(in, 4), out.lane, 4}, offset, !more, body, out.time);
    return all && tcp(*all, all->size(), out);
}

bool Dissector::ipv6(View in, std::size_t length, Segment& out) {
    if (in.size() < 40) return false;
    out.from.address = of_ipv6(in.subspan(8));
    out.to.address = of_ipv6(in.subspan(24));
    const std::size_t told = two(in, 4);
    std::size_t left = told ? told : length - 40;
    std::uint8_t next = in[6];
    View body = in.subspan(40);
    body = body.first(std::min(body.size(), left));
    for (int depth = 0; depth < 16; ++depth) {
        if (next == protocol_tcp) return tcp(body, left, out);
        if (body.size() < 8) return false;
        std::size_t size = 8;
        if (next == hop_by_hop || next == routing || next == destination)
            size += body[1] * 8u;
        else if (next == authentication)
            size = (body[1] + 2u) * 4;
        else if (next != fragment)
            return false;
        if (size > body.size()) return false;
        const View head = body.first(size);
        const bool split = next == fragment;
        next = head[0];
        body = body.subspan(size);
        left -= size;
        const std::uint16_t where = two(head, 2);
        if (!split || (where & 0xfff9) == 0) continue;  // a fragment that is all of it
        if (body.size() < left) return false;
        const auto all = fragments_.add({out.from.address, out.to.address, four(head, 4), out.lane, next},
                                        where & 0xfff8u, !(where & 1), body, out.time);
        if (!all) return false;
        body = *all;
        left = all->size();
    }
    return false;
}

}  // namespace pcap
