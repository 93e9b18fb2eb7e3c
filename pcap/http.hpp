// HTTP/1.1 as far as it comes before WebSocket: heads, and bodies to be passed over.
#pragma once
#include <optional>
#include <string>

#include "pcap/plausible.hpp"

namespace pcap {

/// What the head of a request or answer says.
struct HttpHead {
    unsigned status = 0;      // of an answer
    bool upgrade = false;     // to WebSocket: asked for, or granted (101)
    bool mqtt = false;        // a subprotocol of MQTT is named
    bool compressed = false;  // permessage-deflate is named
    bool asks_for_head = false;
    bool chunked = false;
    std::optional<std::uint64_t> length{};  // of the body
};
/// Whether a request begins there, as far as it goes.
Answer is_request(mqtt::View in);
/// A head without its empty line.
HttpHead read_head(std::string head);

/// A body, passed over.
class HttpBody {
public:
    static HttpBody of(const HttpHead& head);
    /// Takes what is the body's. `perhaps`: it goes on; `no`: it is none.
    Answer skip(mqtt::View& in);
    /// Octets were not captured: false where they are not the body's alone.
    bool skip_hole(std::size_t octets);

private:
    enum class Part : std::uint8_t { octets, size, extension, line_feed, end_of_chunk, trailer, done };
    bool take(char c);
    void sized();
    Part part_ = Part::octets;
    bool chunked_ = false, any_digit_ = false;
    std::uint64_t left_ = 0;  // of the body or chunk
    unsigned line_ = 0;       // octets of the line so far
};

}  // namespace pcap
