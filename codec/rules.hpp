// What each rule on a number means, in one place.
#pragma once
#include <initializer_list>

#include "codec/text.hpp"

namespace mqtt {

/// One octet a code: a look into a row is half of what shifting and masking bits takes.
struct CodeSet {
    bool legal[256]{};
    constexpr CodeSet(std::initializer_list<std::uint8_t> codes) {
        for (auto c : codes) legal[c] = true;
    }
    constexpr bool has(std::uint64_t c) const { return c < 256 && legal[c]; }
};

/// Reason codes of 5.0 (section 2.4 and the tables of each packet) and return codes of 3.1.1.
inline constexpr CodeSet connack_3{0, 1, 2, 3, 4, 5},
    connack_5{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99,
              0x9a, 0x9b, 0x9c, 0x9d, 0x9f},
    puback_5{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}, pubrel_5{0x00, 0x92},
    suback_3{0x00, 0x01, 0x02, 0x80}, suback_5{0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2},
    unsuback_5{0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91},
    disconnect_5{0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95,
                 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2},
    auth_5{0x00, 0x18, 0x19};

constexpr bool holds(Must must, std::uint64_t v, Version version) {
    const bool v5 = version == Version::v5;
    switch (must) {
        case Must::not_zero: return v != 0;
        case Must::be_boolean: return v <= 1;
        case Must::be_qos:
        case Must::be_at_most_two: return v <= 2;
        case Must::be_level: return v >= 3 && v <= 5;
        case Must::be_connack_code: return (v5 ? connack_5 : connack_3).has(v);
        case Must::be_puback_code: return puback_5.has(v);
        case Must::be_pubrel_code: return pubrel_5.has(v);
        case Must::be_suback_code: return (v5 ? suback_5 : suback_3).has(v);
        case Must::be_unsuback_code: return unsuback_5.has(v);
        case Must::be_disconnect_code: return disconnect_5.has(v);
        case Must::be_auth_code: return auth_5.has(v);
        default: return true;
    }
}
constexpr std::string_view number_fault(Must must) {
    switch (must) {
        case Must::not_zero: return "is zero";
        case Must::be_boolean: return "is neither 0 nor 1";
        case Must::be_qos: return "is 3";
        case Must::be_at_most_two: return "is above 2";
        case Must::be_level: return "is not supported";
        default: return "is not in the table of codes";
    }
}

}  // namespace mqtt
