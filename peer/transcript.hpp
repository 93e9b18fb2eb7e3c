// Everything that went over the wire in one case, across its peers, in order. Written by Peer alone; rendered on
// demand.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "net/loop.hpp"

namespace peer {

/// sent, received: one whole packet. raw_sent, raw_received: octets that are none, or that a case sent as octets.
/// event: `bytes` is text ("opened", "FIN received", "closed").
enum class Direction : std::uint8_t { sent, raw_sent, received, raw_received, event };

struct Entry {
    net::Time time{};  // since the start of the transcript
    std::string peer;
    Direction direction{};
    mqtt::Version version{};
    std::string bytes;
};

class Transcript {
public:
    explicit Transcript(net::Time start = {}) : start_(start) {}
    /// The entry stays where it is for the life of the transcript: packets are views of its bytes.
    const Entry& add(net::Time now, const std::string& peer, Direction, mqtt::Version, std::string bytes);
    /// Octets to be masked wherever they are rendered, also in packets too damaged to be decoded: passwords.
    void hide(std::string secret);

    const std::deque<Entry>& entries() const { return entries_; }
    /// One line each: `  0.003 listener -> SUBSCRIBE packet identifier=1 ...`; longer than `width` octets: cut.
    std::vector<std::string> lines(std::size_t width = 200) const;
    std::string line(const Entry&, std::size_t width = 200) const;
    /// All of it, the octets of secrets as '*': to be written to files.
    std::vector<Entry> masked() const;

private:
    std::string content(const Entry&, std::size_t width) const;
    std::vector<bool> mask_of(const Entry&) const;
    std::string masked_hex(const Entry&, std::size_t most) const;
    net::Time start_;
    std::deque<Entry> entries_;
    std::vector<std::string> secrets_;
};

}  // namespace peer
