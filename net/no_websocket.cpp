// The build without WebSocket.
#include "net/websocket.hpp"

namespace net {
namespace {

[[noreturn]] void refuse() { throw WebSocketFault("this build has no WebSocket (-DMQTTSPEC_WEBSOCKET=OFF)"); }

}  // namespace

bool can_websocket() { return false; }
std::string encode_frame(const Frame&) { refuse(); }
std::unique_ptr<Layer> websocket_client(const WebSocketClient&) { refuse(); }
std::unique_ptr<Layer> websocket_server(const WebSocketServer&) { refuse(); }

}  // namespace net
