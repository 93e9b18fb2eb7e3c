// The yardstick: what one writes without the pattern. One decoder and one encoder for each packet, with the same
// checks, the same faults and the same text rules (codec/text.hpp) as codec/, and no walk. Only the benchmark (how fast
// could it be?) and a differential test (do two ways of writing it down agree?) use it.
#pragma once
#include "codec/codec.hpp"

namespace mqtt::hand {

/// As mqtt::decode of a known type: the octets taken; 0 with a fault, or 0 without one if octets are missing.
std::size_t decode(Connect&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Connack&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Publish&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Puback&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Pubrec&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Pubrel&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Pubcomp&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Subscribe&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Suback&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Unsubscribe&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Unsuback&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Pingreq&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Pingresp&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Disconnect&, View, Version, Fault&, const Limits& = {});
std::size_t decode(Auth&, View, Version, Fault&, const Limits& = {});

/// As mqtt::encode: the octets needed; nothing is written if they are more than there is room for.
std::size_t encode(const Connect&, Version, std::span<std::uint8_t>);
std::size_t encode(const Connack&, Version, std::span<std::uint8_t>);
std::size_t encode(const Publish&, Version, std::span<std::uint8_t>);
std::size_t encode(const Puback&, Version, std::span<std::uint8_t>);
std::size_t encode(const Pubrec&, Version, std::span<std::uint8_t>);
std::size_t encode(const Pubrel&, Version, std::span<std::uint8_t>);
std::size_t encode(const Pubcomp&, Version, std::span<std::uint8_t>);
std::size_t encode(const Subscribe&, Version, std::span<std::uint8_t>);
std::size_t encode(const Suback&, Version, std::span<std::uint8_t>);
std::size_t encode(const Unsubscribe&, Version, std::span<std::uint8_t>);
std::size_t encode(const Unsuback&, Version, std::span<std::uint8_t>);
std::size_t encode(const Pingreq&, Version, std::span<std::uint8_t>);
std::size_t encode(const Pingresp&, Version, std::span<std::uint8_t>);
std::size_t encode(const Disconnect&, Version, std::span<std::uint8_t>);
std::size_t encode(const Auth&, Version, std::span<std::uint8_t>);

/// A sender that knows its five properties needs no list of them: the floor for properties given as items.
struct Five {
    Text content_type, response_topic;
    Bytes correlation_data;
    Text key, value;
    std::uint32_t expiry;
};
std::size_t encode(const Publish&, const Five&, std::span<std::uint8_t>);

}  // namespace mqtt::hand
