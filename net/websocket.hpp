// MQTT over WebSocket (RFC 6455; 3.1.1 and 5.0, section 6) as a layer. Payload passes through as it comes: a frame may
// announce any length and costs no memory. No extensions. Without it (-DMQTTSPEC_WEBSOCKET=OFF) every call says so.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/layer.hpp"
#include "net/transport.hpp"

namespace net {

/// This build has no WebSocket.
struct WebSocketFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct WebSocketClient {
    std::string host, path{default_path};       // as in the URL; host with its port
    std::vector<std::string> offers{std::string(subprotocol)};
    bool tolerant = false;  // any choice of a subprotocol is good, and text frames count as binary ones
};

struct WebSocketServer {
    std::string path{default_path};
    // Misbehaviour, for suites to find out:
    bool serves_text = false;          // text frames too
    bool sends_text = false;           // text frames alone
    bool loses_continuations = false;  // what comes in continuation frames
    bool chooses_nothing = false;      // of the subprotocols
};

/// Opcodes (RFC 6455, section 5.2).
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
    Opcode opcode = Opcode::binary;
    std::string_view payload{};
    bool fin = true;
    bool masked = true;  // a client's have to be
};
/// As it goes over the wire; legal only if the frame is.
std::string encode_frame(const Frame&);

bool can_websocket();
std::unique_ptr<Layer> websocket_client(const WebSocketClient&);
/// Serves that path alone, and clients that offer the subprotocol mqtt.
std::unique_ptr<Layer> websocket_server(const WebSocketServer& options = {});

}  // namespace net
