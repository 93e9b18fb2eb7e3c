// A frame down to its TCP segment: link layer, VLAN tags, IPv4 or IPv6 with extension headers and fragments.
#pragma once
#include <array>
#include <compare>
#include <optional>

#include "pcap/frames.hpp"

namespace pcap {

struct Endpoint {
    std::array<std::uint8_t, 16> address{};  // IPv4: as ::ffff:a.b.c.d
    std::uint16_t port = 0;
    auto operator<=>(const Endpoint&) const = default;
};
/// "10.0.0.5:1883", "[fe80::1]:1883"
std::string name_of(const Endpoint&);

struct Segment {
    enum Flag : std::uint8_t { fin = 1, syn = 2, rst = 4, ack = 16 };
    Time time{};
    Endpoint from{}, to{};
    std::uint32_t lane = 0;  // of its VLAN tags, MPLS labels and PPPoE session; 0: none
    std::uint32_t seq = 0, acked = 0;
    std::uint8_t flags = 0;
    bool in_order = false;   // octets that somebody else put in order (decrypted by tshark): seq means nothing
    mqtt::View payload{};    // as captured
    std::size_t length = 0;  // of the payload on the wire
};

/// Puts fragments of IP datagrams together; bounded: the oldest unfinished one is forgotten.
class Fragments {
public:
    struct Key {
        std::array<std::uint8_t, 16> from{}, to{};
        std::uint32_t id = 0, lane = 0;
        std::uint8_t protocol = 0;
        auto operator<=>(const Key&) const = default;
    };
    /// The datagram's payload once it is whole, until the next call; `offset` in octets.
    std::optional<mqtt::View> add(const Key& key, std::size_t offset, bool last, mqtt::View part, Time now);

private:
    struct Datagram {
        std::string octets;
        std::map<std::size_t, std::size_t> parts;  // begin -> end, apart from each other
        std::size_t size = 0;                      // 0: the last part has not come
        Time begun{};
        std::uint64_t order = 0;
    };
    bool whole(const Datagram&) const;
    void make_room(Time now);
    std::map<Key, Datagram> open_;
    std::map<std::uint64_t, Key> by_age_;
    std::uint64_t count_ = 0;
    std::string done_;
};

class Dissector {
public:
    /// The TCP segment in the frame; false: there is none. Views live as long as the frame's, or until the next call.
    bool segment(const Frame& frame, Segment& out);

private:
    bool ip(mqtt::View in, std::size_t length, Segment& out);
    bool ipv4(mqtt::View in, std::size_t length, Segment& out);
    bool ipv6(mqtt::View in, std::size_t length, Segment& out);
    Fragments fragments_;
};

}  // namespace pcap
