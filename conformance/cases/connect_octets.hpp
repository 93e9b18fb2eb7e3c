// CONNECT put together field by field, so that any field may be wrong, missing or one too many.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "conformance/kit.hpp"

namespace conformance {

/// Bits of the connect flags (3.1.1, 3.1.2.3; 5.0, 3.1.2.3).
namespace connect_flag {
enum : unsigned {
    reserved = 0x01, clean = 0x02, will = 0x04, will_qos_1 = 0x08, will_retain = 0x20, password = 0x40, user_name = 0x80
};
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
        out += {char(level), char(flags), char(keep_alive >> 8), char(keep_alive & 0xff)};
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
    RawConnect raw;
    raw.version = test.version;
    raw.level = c.level;
    raw.flags = connect_flag::clean;
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
inline void add_will(RawConnect& raw, std::string_view topic, std::string_view payload = "will") {
    raw.flags |= connect_flag::will;
    std::vector<std::string> fields;
    if (raw.version == Version::v5) fields.push_back(measured(""));
    fields.push_back(field(topic));
    fields.push_back(field(payload));
    raw.payload.insert(raw.payload.begin() + 1, fields.begin(), fields.end());
}

/// Whether these octets of a CONNECT are answered by CONNACK 0: the control of a fault built upon them.
inline Task<bool> admitted(Test& test, std::string connect_octets) {
    Peer* p = co_await test.open("control");
    p->send_bytes(connect_octets);
    const auto answer = co_await p->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    if (!connack || connack->code != 0) co_return false;
    co_await test.leave(p);
    co_return true;
}

/// A CONNACK that accepts, in whatever version's form.
inline bool was_accepted(const Peer* p) {
    for (std::string_view f : p->frames())
        if (f.size() >= 4 && f[0] == '\x20' && f[3] == 0) return true;
    return false;
}

}  // namespace conformance
