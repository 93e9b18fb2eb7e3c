// Protocol versions as people write them.
#pragma once
#include <optional>
#include <string_view>

#include "codec/words.hpp"

namespace conformance {

/// 3.1, 3.1.1, 5 and their other spellings (mqttv31, mqttv311, mqttv5, 5.0, and the levels 3, 4, 5); else nullopt.
constexpr std::optional<mqtt::Version> parse_version(std::string_view text) {
    if (text == "3.1" || text == "3" || text == "mqttv31") return mqtt::Version::v3_1;
    if (text == "3.1.1" || text == "4" || text == "mqttv311") return mqtt::Version::v3_1_1;
    if (text == "5" || text == "5.0" || text == "mqttv5") return mqtt::Version::v5;
    return std::nullopt;
}

}  // namespace conformance
