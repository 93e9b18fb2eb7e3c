// Makes a capture (pcapng) of conversations that were not captured: each packet in TCP segments with addresses made up.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/words.hpp"

namespace pcap {

/// The broker is 192.0.2.1 port 1883, so that every reader takes it for MQTT; each client has an address and a port of
/// its own, and a name in the capture's name resolution block. Ethernet, IPv4, checksums as they have to be.
class CaptureWriter {
public:
    /// Times are microseconds since 1970, and do not go back.
    using Microseconds = std::uint64_t;
    /// `about` is the comment of the whole file.
    CaptureWriter(std::string_view application, std::string_view about);

    /// SYN, SYN and ACK, ACK. Returns the number of the connection.
    std::size_t open(std::string_view client, Microseconds);
    /// Octets of one direction, in segments of at most 1,460 octets.
    void send(std::size_t connection, bool from_client, std::string_view octets, Microseconds);
    void finish(std::size_t connection, bool from_client, Microseconds);  // FIN
    void reset(std::size_t connection, bool from_client, Microseconds);   // RST
    /// The file so far.
    std::string take();

private:
    struct Connection {
        std::uint16_t port;
        std::uint32_t address, next[2];  // sequence numbers, by direction: the client's first
    };
    void segment(std::size_t connection, bool from_client, std::uint8_t flags, std::string_view octets, Microseconds);

    std::string head_, blocks_;
    std::vector<Connection> connections_;
    std::vector<std::pair<std::uint32_t, std::string>> names_;
};

}  // namespace pcap
