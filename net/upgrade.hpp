// Private to net/: the HTTP part of WebSocket (RFC 6455, section 4), head by head.
#pragma once
#include <string>
#include <string_view>

#include "net/websocket.hpp"

namespace net {

inline constexpr std::size_t longest_head = 8192;  // octets

/// 16 octets in base64, other ones for every call.
std::string new_websocket_key();
/// What a server answers to that key.
std::string accept_for(std::string_view key);

std::string request_head(const WebSocketClient&, std::string_view key);
struct Agreed {
    std::string fault;   // empty: agreed on
    std::string chosen;  // subprotocol
};
/// Looks through the answer's head, from its first line to the empty one.
Agreed read_answer(std::string_view head, std::string_view key, const WebSocketClient&);

struct Answer {
    std::string head;   // to be sent, with a body where there is one
    std::string fault;  // empty: agreed on
};
/// What to answer to a request's head.
Answer answer_request(std::string_view head, const WebSocketServer&);
/// One of the answers that refuse.
Answer refusal(unsigned status, std::string_view reason, const std::string& why, std::string_view fields = {});

}  // namespace net
