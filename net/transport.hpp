// How MQTT travels, and what TLS is told. Plain values: whoever reads options needs no more.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace net {

enum class Transport : std::uint8_t { tcp, tls, ws, wss, unix_socket };
/// As reports name it.
constexpr std::string_view name(Transport t) {
    constexpr std::string_view names[]{"tcp", "tls", "ws", "wss", "unix"};
    return names[static_cast<std::size_t>(t)];
}
/// Of a URL, without "://".
constexpr std::string_view scheme(Transport t) {
    constexpr std::string_view names[]{"mqtt", "mqtts", "ws", "wss", "unix"};
    return names[static_cast<std::size_t>(t)];
}
/// Where a URL names no port: as registered for MQTT, and as RFC 6455 (section 3) has it. 0: there are no ports.
constexpr std::uint16_t default_port(Transport t) {
    constexpr std::uint16_t ports[]{1883, 8883, 80, 443, 0};
    return ports[static_cast<std::size_t>(t)];
}
constexpr bool has_tls(Transport t) { return t == Transport::tls || t == Transport::wss; }
constexpr bool has_frames(Transport t) { return t == Transport::ws || t == Transport::wss; }

inline constexpr std::string_view default_path = "/mqtt";  // of a WebSocket
inline constexpr std::string_view subprotocol = "mqtt";    // 3.1.1 and 5.0, section 6

/// Files are PEM; empty: not given.
struct TlsOptions {
    std::string cafile, capath;     // whom to trust; neither: whom the system trusts
    std::string cert, key;          // our own; the certificate may be followed by its chain
    bool insecure = false;          // trust anybody: neither chain nor name is looked at
    std::vector<std::string> alpn;  // protocols offered, the best first
    bool operator==(const TlsOptions&) const = default;
};

}  // namespace net
