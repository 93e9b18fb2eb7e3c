// Whether octets look like MQTT packets: to find MQTT on any port, and packets again after a gap.
#pragma once
#include <optional>
#include <vector>

#include "pcap/conversation.hpp"

namespace pcap {

/// What speaks for octets being packets, from the first one on.
struct Evidence {
    bool possible = true;                 // nothing speaks against it
    unsigned bits = 0;                    // noise would look so once in 2^bits
    std::size_t packets = 0;              // whole ones
    std::size_t octets = 0;               // that they take
    bool client = false, server = false;  // only that side sends one of them
};
/// `from`: who sent them, where that is known.
Evidence weigh(mqtt::View in, mqtt::Version v, std::optional<Side> from);

/// The version for which more speaks; 3.1.1 where as much speaks for 5.
struct Guess {
    mqtt::Version version{};
    Evidence evidence{};
};
Guess guess(mqtt::View in, std::optional<mqtt::Version> known, std::optional<Side> from);

enum class Answer : std::uint8_t { no, perhaps, yes };  // perhaps: more octets tell
/// Whether a CONNECT begins there, good or not.
Answer is_connect(mqtt::View in);

struct Boundary {
    std::size_t offset = 0;
    Guess guess{};
};
/// A packet boundary in `in`. `starts`: offsets where segments begin, of which a boundary is likely; there a packet of
/// `need` bits that ends with a segment is enough. Elsewhere three packets and 48 bits are asked for (`everywhere`).
std::optional<Boundary> find_boundary(mqtt::View in, const std::vector<std::size_t>& starts, unsigned need,
                                      bool everywhere, std::optional<mqtt::Version> known, std::optional<Side> from);

}  // namespace pcap
