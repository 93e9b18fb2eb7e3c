#include "pcap/web_socket.hpp"

#include <algorithm>
#include <utility>

namespace pcap {
namespace {

using mqtt::View;

constexpr std::size_t longest_head = 16 << 10;
constexpr std::uint64_t most_passed = 16 << 20;  // octets of bodies before WebSocket

struct FrameHead {
    std::size_t size = 0;  // octets; 0: not whole
    std::uint64_t payload = 0;
};
FrameHead frame_head(View in) {
    if (in.size() < 2) return {};
    const std::size_t more = (in[1] & 127) == 127 ? 8 : (in[1] & 127) == 126 ? 2 : 0;
    const std::size_t size = 2 + more + (in[1] & 128 ? 4 : 0);
    if (in.size() < size) return {};
    std::uint64_t length = more ? 0 : in[1] & 127;
    for (std::size_t i = 0; i < more; ++i) length = length << 8 | in[2 + i];
    return {size, length};
}

/// Frames that fill the segment, and are masked as that side's are.
bool plausible(View in, bool masked) {
    while (!in.empty()) {
        const auto opcode = in[0] & 15;
        const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
        const auto head = frame_head(in);
        if ((in[0] & 0x70) || !known || head.size == 0 || bool(in[1] & 128) != masked) return false;
        if (head.payload > in.size() - head.size) return false;
        in = in.subspan(head.size + head.payload);
    }
    return true;
}

}  // namespace

void WebSocketSide::refuse(const std::string& why, Time now) {
    state_ = State::over;
    std::string().swap(held_);  // assigning an empty one frees nothing
    sink_.refuse(side_, why, now);
}

void WebSocketSide::octets(View in, Time now) {
    while (!in.empty() && state_ != State::over) {
        switch (state_) {
            case State::head: gather_head(in, now); break;
            case State::body: pass_body(in, now); break;
            case State::frame_head: gather_frame_head(in, now); break;
            case State::payload: payload(in, now); break;
            case State::lost: search(in, now); break;
            case State::over: break;
        }
    }
}

void WebSocketSide::gather_head(View& in, Time now) {
    const auto before = held_.size();
    held_ += mqtt::bytes(in.first(std::min(in.size(), longest_head)));
    const auto end = held_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == held_.npos) {
        in = {};
        if (held_.size() >= longest_head) refuse("", now);
        return;
    }
    in = in.subspan(end + 4 - before);
    const auto head = read_head(held_.substr(0, end + 2));
    std::string().swap(held_);  // assigning an empty one frees nothing
    const auto behind = sink_.head(side_, head, now);
    asked_ = behind == Sink::Behind::frames;
    if (behind == Sink::Behind::body) body_ = HttpBody::of(head);
    state_ = asked_ ? State::frame_head : behind == Sink::Behind::body ? State::body : State::head;
}

void WebSocketSide::pass_body(View& in, Time now) {
    const auto before = in.size();
    const auto whole = body_.skip(in);
    passed_ += before - in.size();
    if (whole == Answer::no || passed_ > most_passed) return refuse("", now);
    if (whole == Answer::yes) state_ = State::head;
}

void WebSocketSide::gather_frame_head(View& in, Time now) {
    if (std::exchange(asked_, false) && is_request(in) != Answer::no) {  // no frame begins so: it was refused
        state_ = State::head;
        return;
    }
    held_ += char(in[0]);
    in = in.subspan(1);
    const auto head = frame_head(mqtt::octets(held_));
    if (head.size == 0) return;
    const auto first = std::uint8_t(held_[0]);
    opcode_ = first & 15;
    if (first & 0x40) return refuse("compressed WebSocket messages (permessage-deflate)", now);
    masked_ = held_[1] & char(0x80);
    if (masked_) std::copy_n(held_.end() - 4, 4, reinterpret_cast<char*>(mask_));
    mask_at_ = 0;
    left_ = head.payload;
    held_.clear();
    state_ = left_ ? State::payload : State::frame_head;
}

void WebSocketSide::payload(View& in, Time now) {
    const auto n = std::size_t(std::min<std::uint64_t>(left_, in.size()));
    View part = in.first(n);
    in = in.subspan(n);
    left_ -= n;
    if (left_ == 0) state_ = State::frame_head;
    if (opcode_ >= 8) return;  // ping, pong, close
    if (!masked_) return sink_.carried(side_, part, now);
    std::string clear(mqtt::bytes(part));
    for (auto& c : clear) c = char(std::uint8_t(c) ^ mask_[mask_at_++ & 3]);
    sink_.carried(side_, mqtt::octets(clear), now);
}

void WebSocketSide::hole(std::size_t n, Time now) {
    if (state_ == State::over) return;
    if (state_ == State::body && body_.skip_hole(n)) {
        passed_ += n;
        return;
    }
    const bool http = state_ == State::head || state_ == State::body;
    if (http && !sink_.is_told()) return refuse("", now);
    if (state_ == State::payload) {
        const auto within = std::size_t(std::min<std::uint64_t>(left_, n));
        left_ -= within;
        mask_at_ += within;
        n -= within;
        if (left_ == 0) state_ = State::frame_head;
        if (opcode_ < 8) sink_.not_carried(side_, within, now);
        if (n == 0) return;
    }
    held_.clear();
    state_ = State::lost;
    sink_.not_carried(side_, n, now);
}

// A segment that is made of whole frames brings it back into step.
void WebSocketSide::search(View& in, Time now) {
    if (plausible(in, sink_.role(side_) == Side::client)) {
        state_ = State::frame_head;
        return;
    }
    sink_.not_carried(side_, in.size(), now);
    in = {};
}

}  // namespace pcap
