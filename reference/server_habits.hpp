// How a policy shows in the layers below MQTT.
#pragma once
#include "net/websocket.hpp"
#include "reference/policy.hpp"

namespace reference {

inline net::WebSocketServer websocket_habits(const Policy& policy) {
    net::WebSocketServer o;
    o.serves_text = policy.breaks(Break::text_frame_served);
    o.sends_text = policy.breaks(Break::answers_in_text_frames);
    o.loses_continuations = policy.breaks(Break::continuation_frames_lost);
    o.chooses_nothing = policy.breaks(Break::subprotocol_not_chosen);
    return o;
}

}  // namespace reference
