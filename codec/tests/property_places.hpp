// Where each property of 5.0 may stand (section 2.2.2.2, written out again by hand), and its octets.
#pragma once
#include <vector>

#include "codec/codec.hpp"

namespace mqtt::testing {

/// A packet with room for a property list: `head`, a length, `before`, the list, `after`.
struct Room {
    std::string_view name;
    const char *head, *before, *after;
    bool is_will = false;
};
inline constexpr Room rooms[]{
    {"connect", "10", "00 04 4d 51 54 54 05 02 00 3c", "00 00"},
    {"will", "10", "00 04 4d 51 54 54 05 06 00 3c 00 00 00", "00 01 77 00 01 78", true},
    {"connack", "20", "00 00", ""},
    {"publish", "30", "00 01 61", "68 69"},
    {"puback", "40", "00 0a 00", ""},
    {"pubrec", "50", "00 0a 00", ""},
    {"pubrel", "62", "00 0a 00", ""},
    {"pubcomp", "70", "00 0a 00", ""},
    {"subscribe", "82", "00 0a", "00 01 61 00"},
    {"suback", "90", "00 0a", "00"},
    {"unsubscribe", "a2", "00 0a", "00 01 61"},
    {"unsuback", "b0", "00 0a", "00"},
    {"disconnect", "e0", "00", ""},
    {"auth", "f0", "00", ""},
};

struct Sample {
    const char* hex;
    Property meaning;
    std::string_view name, places, repeats = "";  // places: names of rooms; "all"
};
inline constexpr std::string_view answers =
    "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth";
inline const Sample samples[]{
    {"01 01", {0x01, 1u}, "payload format indicator", "publish will"},
    {"02 00 01 02 03", {0x02, 0x10203u}, "message expiry interval", "publish will"},
    {"03 00 02 c3 bc", {0x03, "ü"}, "content type", "publish will"},
    {"08 00 03 61 2f 62", {0x08, "a/b"}, "response topic", "publish will"},
    {"09 00 02 ff fe", {0x09, "\xff\xfe"}, "correlation data", "publish will"},
    {"0b ff ff ff 7f", {0x0b, 268435455u}, "subscription identifier", "publish subscribe", "publish"},
    {"11 ff ff ff ff", {0x11, 0xffffffffu}, "session expiry interval", "connect connack disconnect"},
    {"12 00 01 69", {0x12, "i"}, "assigned client identifier", "connack"},
    {"13 00 00", {0x13, 0u}, "server keep alive", "connack"},
    {"15 00 01 6d", {0x15, "m"}, "authentication method", "connect connack auth"},
    {"16 00 01 00", {0x16, Text("\0", 1)}, "authentication data", "connect connack auth"},
    {"17 00", {0x17, 0u}, "request problem information", "connect"},
    {"18 00 00 00 05", {0x18, 5u}, "will delay interval", "will"},
    {"19 01", {0x19, 1u}, "request response information", "connect"},
    {"1a 00 01 72", {0x1a, "r"}, "response information", "connack"},
    {"1c 00 01 73", {0x1c, "s"}, "server reference", "connack disconnect"},
    {"1f 00 00", {0x1f, ""}, "reason string", answers},
    {"21 ff ff", {0x21, 65535u}, "receive maximum", "connect connack"},
    {"22 00 0a", {0x22, 10u}, "topic alias maximum", "connect connack"},
    {"23 00 01", {0x23, 1u}, "topic alias", "publish"},
    {"24 01", {0x24, 1u}, "maximum QoS", "connack"},
    {"25 00", {0x25, 0u}, "retain available", "connack"},
    {"26 00 01 6b 00 02 76 77", {0x26, "k", "vw"}, "user property", "all", "all"},
    {"27 00 00 00 01", {0x27, 1u}, "maximum packet size", "connect connack"},
    {"28 00", {0x28, 0u}, "wildcard subscription available", "connack"},
    {"29 01", {0x29, 1u}, "subscription identifiers available", "connack"},
    {"2a 00", {0x2a, 0u}, "shared subscription available", "connack"},
};

}  // namespace mqtt::testing
