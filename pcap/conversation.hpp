// What a capture tells: connections that carry MQTT, and what happened on each, in the order of the capture.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "codec/codec.hpp"

namespace pcap {

using Time = std::chrono::nanoseconds;  // since 1970, as captured

enum class Side : std::uint8_t { client, server };
constexpr Side other(Side s) { return s == Side::client ? Side::server : Side::client; }

/// One TCP connection that carries MQTT.
struct Conversation {
    std::uint32_t number = 0;  // in the order in which they were found, from 0; never used again
    std::string
        name{};  // "10.0.0.5:40112-10.0.0.1:1883": client first; IPv6 in brackets; "...#2": its ends were one before
    mqtt::Version version = mqtt::Version::v3_1_1;
    bool version_known = false;  // by a CONNECT; else a guess
    bool web_socket = false, midstream = false;
    bool reordered = false;  // so far: the capture has segments, or both directions, out of order
};

/// Something that happened. Views live for the call.
struct Event {
    enum class Kind : std::uint8_t {
        opened,     // the first of every conversation
        packet,     // one whole MQTT packet, good or not
        truncated,  // a packet that is not whole: cut by the snapshot length, a gap or the end, or larger than is held
        gap,        // octets of the stream that were not captured, or that belong to no packet
        midstream,  // the capture has not seen this connection begin; at most one, after `opened`
        closed      // the last of every conversation
    };
    enum class How : std::uint8_t { fin, reset, end_of_capture };
    Kind kind{};
    Time time{};             // of the frame that completed it
    Side side{};             // who sent it; closed: who ended it
    mqtt::View octets{};     // packet: all of it; truncated: its beginning, as far as it is there;
                             // gap: a broken fixed header, where that is why; else empty
    std::size_t length = 0;  // packet: its size; truncated: its size as declared (0: its fixed header is not whole);
                             // gap: octets passed over in all
    std::size_t missing =
        0;      // truncated: octets of the packet that are not there; gap: of `length`, those never captured
    How how{};  // closed
    std::string_view reason{};  // for people; a packet and opened have none
};

/// Something about the capture that is no event of a conversation: encrypted connections, data lost to bounds, a cut.
struct Remark {
    enum class Kind : std::uint8_t { encrypted, refused, bound, cut, decryption };
    Kind kind{};
    Time time{};
    std::string text{};  // one line
};

class Listener {
public:
    virtual ~Listener() = default;
    virtual void on(const Conversation&, const Event&) = 0;
    virtual void remark(const Remark&) {}
    /// The time of the capture's first frame; before everything else.
    virtual void begins(Time) {}
};

/// A capture that cannot be read: one line that names it and the remedy.
struct CaptureError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Carried : std::uint8_t { mqtt, web_socket, tls, other };

struct Options {
    /// --port-map: what a server's port carries, whatever it looks like.
    std::map<std::uint16_t, Carried> ports{};
    /// Of connections whose CONNECT is not in the capture; else guessed.
    std::optional<mqtt::Version> version{};
    std::size_t max_packet = 16u << 20;    // octets of a packet that are held; larger ones are told as truncated
    std::size_t flow_memory = 20u << 20;   // octets held of one connection
    std::size_t whole_memory = 48u << 20;  // octets held in all
    std::size_t flows = 1u << 15;          // connections remembered; those idle for long are forgotten first
    std::string keylog{};                  // --keylog: TLS secrets for tshark, which decrypts
    std::function<void(std::uint64_t)> progress{};  // octets of the file read so far, from time to time
    std::function<bool()> stop{};  // asked from time to time: true ends reading as the capture's end does
};

/// "17501=mqtt" or "443=wss": adds to `ports`. Throws CaptureError where it does not read so.
void add_port(std::map<std::uint16_t, Carried>& ports, const std::string& text);

/// Reads the capture at `path`, or the standard input ("-"): pcap or pcapng, plain, gz or zstd. Tells `listener` all of
/// it, and closes every conversation at the end. Throws CaptureError; what was whole before has been told by then.
void read_capture(const std::string& path, const Options& options, Listener& listener);

}  // namespace pcap
