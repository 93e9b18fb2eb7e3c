// CONNECT put together field by field, so that any field may be wrong, missing or one too many.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "conformance/kit.hpp"

namespace conformance {

/// Bits of the connect flags (3.1.1, 3.1.2.3; 5.0, 3.1.2.3).
namespace connect_flag {
enum : unsigned { reserved = 0x01, clean = 0x02, will = 0x04, will_qos_1 = 0x08, will_retain = 0x20, password = 0x40, user_name = 0x80 };
}

/// A length in two octets, and the octets: a string or binary data on the wire.
inline std::string field(std::string_view octets) {
    return {std::string{char(octets.size() >> 8), char(octets.size() & 0xff)} + std::string(octets)};
}
inline std::string variable_length(std::size_t n) {
    std::string out;
    do {
        const auto low = static_cast<unsigned>(n & 0x7f);
        n >>= 7;
        out += static_cast<char>(n ? low | 0x80 : low);
    } while (n);
    return out;
}
/// The octets after a length of 1 to 4 octets that is true to them: properties, or the body of a packet.
inline std::string measured(std::string_view octets) { return variable_length(octets.size()) + std::string(octets); }

struct RawConnect {
    Version version = Version::v5;
    std::string protocol = field("MQTT");
    std::uint8_t level = 5;
    unsigned flags = 0;
    std::uint16_t keep_alive = 60;
    std::string properties = measured("");  // with their length; 5.0 only
    std::vector<std::string> payload;       // fields as they go over the wire, will properties among them

    std::string body() const {
        std::string out = protocol;
        for (unsigned octet : {unsigned(level), flags, keep_alive >> 8u, keep_alive & 0xffu}) out += static_cast<char>(octet);
        if (version == Version::v5) out += properties;
        for (const auto& f : payload) out += f;
        return out;
    }
    /// The packet; its remaining length is true to what is in it.
    std::string octets() const { return "\x10" + measured(body()); }
};

/// hello() of that client, taken apart.
inline RawConnect raw_connect(Test& test, Text who = "client") {
    const Connect c = test.hello(who);
    RawConnect raw{.version = test.version, .level = c.level, .flags = connect_flag::clean, .keep_alive = c.keep_alive};
    raw.payload.push_back(field(c.client_id));
    if (c.user_name) {
        raw.flags |= connect_flag::user_name;
        raw.payload.push_back(field(*c.user_name));
    }
    if (c.password) {
        raw.flags |= connect_flag::password;
        raw.payload.push_back(field(*c.password));
    }
    return raw;
}
/// The same without a login, whatever the target's is.
inline RawConnect anonymous_connect(Test& test, Text who = "client") {
    RawConnect raw = raw_connect(test, who);
    raw.flags = connect_flag::clean;
    raw.payload.resize(1);
    return raw;
}
/// Puts a will of QoS 0 between client identifier and login.
inline void add_will(RawConnect& raw, std::string_view topic, std::string_view payload = "will", std::string_view properties = {}) {
    raw.flags |= connect_flag::will;
    std::vector<std::string> fields;
    if (raw.version == Version::v5) fields.push_back(measured(properties));
    fields.push_back(field(topic));
    fields.push_back(field(payload));
    raw.payload.insert(raw.payload.begin() + 1, fields.begin(), fields.end());
}
/// Octets of properties, well-formed or not, as they stand in the list.
inline std::string octets_of(const Test& test, Property one) {
    Disconnect holder;  // any packet with properties: after type, length and reason come their length and they
    holder.properties = Properties(std::span<const Property>(&one, 1));
    const std::string packet = test.octets(holder);
    std::size_t at = 3;
    while (static_cast<unsigned char>(packet[1]) & 0x80 && static_cast<unsigned char>(packet[at - 1]) & 0x80) ++at;
    return packet.substr(at + 1);
}

}  // namespace conformance
