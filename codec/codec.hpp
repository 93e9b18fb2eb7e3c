// The public face of the codec: octets <-> packets. Nothing here throws; decode and encode do not allocate.
#pragma once
#include <string>
#include <vector>

#include "codec/packets.hpp"

namespace mqtt {

/// Section 2.2.3 (3.1.1), 2.1.4 (5.0): four octets of length at most, so a packet is never larger than this.
inline constexpr std::size_t largest_packet = 268'435'455 + 5;

/// What was negotiated and bounds decoding.
struct Limits {
    std::size_t maximum_packet_size = largest_packet;  // octets, fixed header included (5.0, 3.1.2.11.4, 3.2.2.3.6)
};

/// The fixed header: its first octet, where the body starts, and the whole size; size 0: octets are missing.
struct Frame {
    std::uint8_t head = 0;
    std::size_t body = 0, size = 0;
    Type type() const { return Type(head >> 4); }
};
/// Reads the fixed header. A fault (length too long, not minimal, above the limit) needs only the header to be there.
Frame frame(View in, Version v, Fault& fault, const Limits& limits = {});

/// Encodes: returns the octets needed; nothing is written if they are more than there is room for. Never refuses.
template <class P> std::size_t encode(const P& packet, Version v, std::span<std::uint8_t> out);
std::size_t encode(const Packet& packet, Version v, std::span<std::uint8_t> out);
/// The same into a string of its own.
template <class P> std::string encode(const P& packet, Version v) {
    std::string s(encode(packet, v, std::span<std::uint8_t>{}), '\0');
    encode(packet, v, std::span(reinterpret_cast<std::uint8_t*>(s.data()), s.size()));
    return s;
}
/// The same, appended.
template <class P> void append(std::string& to, const P& packet, Version v) {
    const auto before = to.size();
    to.resize(before + encode(packet, v, std::span<std::uint8_t>{}));
    encode(packet, v, std::span(reinterpret_cast<std::uint8_t*>(to.data() + before), to.size() - before));
}
/// Lists that are sent often: written once into `room`, copied whole by every encode (left as they are if too small).
template <class T> List<T> pack(const List<T>& list, Version v, std::span<std::uint8_t> room);

/// Decodes one packet: the octets taken; 0 with a fault, or 0 without one if octets are missing.
/// Views in `out` live as long as `in`; after a fault `out` is unspecified. One `out` serves for a whole connection.
template <class P> std::size_t decode(P& out, View in, Version v, Fault& fault, const Limits& limits = {});
std::size_t decode(Packet& out, View in, Version v, Fault& fault, const Limits& limits = {});
/// Decodes what has the right shape even where it breaks rules (values, text, reserved bits, repeated properties):
/// for a broker that lies on purpose and for printing what is wrong. 0 where even the shape is wrong.
std::size_t decode_leniently(Packet& out, View in, Version v);
/// Every fault of the one packet at the start of `in`, in the order met; empty if it is good or not whole.
std::vector<Fault> all_faults(View in, Version v, const Limits& limits = {});

struct Mark {
    std::string_view name;
    std::size_t offset;  // octets from the first one of the packet
};
/// Where each field lands: hex dumps, evidence, octet patches.
std::vector<Mark> layout(const Packet& packet, Version v);

/// Fields that are never shown: passwords, and what an authentication method may carry in their place.
constexpr bool is_secret(std::string_view field) { return field == "password" || field == "authentication data"; }
/// One line: `PUBLISH DUP=0 QoS=1 RETAIN=0 topic name="a/b" ...`. Secrets are masked; long values are cut.
std::string print(const Packet& packet, Version v);

}  // namespace mqtt
