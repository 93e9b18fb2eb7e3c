// A packet as the fields of `mqttspec decode --json`, in both directions. No packet is named here: both are walks.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "codec/codec.hpp"

namespace scenario {

/// "QoS: 7 is not in 0 to 3": the field and what is wrong with it.
struct FieldError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What stands in a file in place of a secret.
inline constexpr std::string_view mask = "***";

enum class Secrets { masked, shown };
/// The JSON object of a packet's fields, with its braces: all of it, nothing is cut. Nothing where it is malformed, or
/// where the fields do not say all that the octets say.
std::optional<std::string> fields_of(mqtt::View packet, mqtt::Version, Secrets);
/// The octets with those of secrets replaced by "*", for packets that have no fields.
std::string masked(mqtt::View packet, mqtt::Version);

/// The octets of a packet of that type ("PUBLISH"). Fields that are not given have the defaults of codec/packets.hpp; a
/// flag that says a field is there may be left out. CONNECT is encoded in the version of its protocol level, if given.
/// Throws FieldError: no such type or field, or a value that does not fit. Illegal values that fit are encoded.
std::string packet_of(std::string_view type, const nlohmann::json& fields, mqtt::Version);

}  // namespace scenario
