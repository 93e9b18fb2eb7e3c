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

/// Whether it is a whole good CONNACK, and nothing else.
bool is_connack(mqtt::View in);

/// The PROXY protocol's header (HAProxy, versions 1 and 2) that stands before everything else.
struct ProxyHeader {
    Answer answer = Answer::no;
    std::size_t size = 0;  // where the answer is yes
};
ProxyHeader proxy_header(mqtt::View in);

struct Boundary {
    std::size_t offset = 0;
    Guess guess{};
};
/// A packet boundary in `in`. `starts`: offsets where segments begin, of which a boundary is likely; there a packet of
/// `need` bits that ends with a segment is enough. Elsewhere three packets and 48 bits are asked for (`everywhere`).
std::optional<Boundary> find_boundary(mqtt::View in, const std::vector<std::size_t>& starts, unsigned need,
                                      bool everywhere, std::optional<mqtt::Version> known, std::optional<Side> from);

/// The same in octets as they come: every place is looked at when the packets that would begin there are whole, so a
/// few times at most.
class BoundarySearch {
public:
    /// `need`: bits, where a segment begins.
    explicit BoundarySearch(unsigned need) : need_(need) {}

    /// `in`: all octets that are not given up; those behind the last call's are one more segment.
    std::optional<Boundary> more(mqtt::View in, std::optional<mqtt::Version> known, std::optional<Side> from);
    /// So many at the front of the next `in` are not there any more.
    void give_up(std::size_t octets);

private:
    struct Place {
        std::uint64_t due = 0, at = 0;  // looked at again when there are octets up to `due`
        bool start = false;             // of a segment
    };
    void look(mqtt::View in, Place place, std::optional<mqtt::Version> known, std::optional<Side> from);
    void found(const Boundary& b, bool start);

    std::uint64_t base_ = 0, seen_ = 0;  // octets given up, and those of which every place is known
    std::vector<std::uint64_t> starts_;  // of segments
    std::vector<Place> open_;            // a heap: the first one due is in front
    std::optional<Boundary> found_;
    unsigned need_;
    bool found_at_start_ = false;
};

}  // namespace pcap
