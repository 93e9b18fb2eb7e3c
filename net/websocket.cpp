#include "net/websocket.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "net/upgrade.hpp"

namespace net {
namespace {

constexpr std::size_t longest_control = 125;  // octets of payload

/// RFC 6455, section 7.4.1.
enum class Code : std::uint16_t { normal = 1000, protocol_error = 1002, unacceptable = 1003 };

bool is_control(Opcode o) { return unsigned(o) >= 8; }

/// Masks keep scripts in browsers from writing what they like on the wire (section 10.3); ours need only differ.
std::uint32_t next_mask() {
    thread_local std::uint64_t state = std::uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    return static_cast<std::uint32_t>(z >> 32);
}

void append_frame(std::string& out, const Frame& f) {
    const auto size = f.payload.size();
    const auto octet = [&out](std::uint64_t value) { out += static_cast<char>(value & 255); };
    const unsigned masked = f.masked ? 0x80 : 0;
    octet((f.fin ? 0x80u : 0u) | unsigned(f.opcode));
    const unsigned more = size <= 125 ? 0 : size <= 0xffff ? 2 : 8;
    octet(masked | (more == 0 ? unsigned(size) : more == 2 ? 126u : 127u));
    for (unsigned left = more; left > 0; --left) octet(size >> (left - 1) * 8);
    if (!f.masked) {
        out += f.payload;
        return;
    }
    const std::uint32_t mask = next_mask();
    for (unsigned left = 4; left > 0; --left) octet(mask >> (left - 1) * 8);
    const std::size_t begin = out.size();
    out += f.payload;
    for (std::size_t i = 0; i < size; ++i) out[begin + i] ^= static_cast<char>(mask >> (3 - i % 4) * 8);
}

std::string in_words(std::string_view close) {
    std::string out = "WebSocket close";
    if (close.size() < 2) return out;
    out += ' ' + std::to_string(unsigned(std::uint8_t(close[0])) << 8 | std::uint8_t(close[1]));
    return close.size() == 2 ? out : out + " (" + std::string(close.substr(2)) + ")";
}

class WebSocket final : public Layer {
public:
    explicit WebSocket(const WebSocketClient& o)
        : head_(std::make_unique<Head>(Head{o, {}, {}, {}})), is_client_(true), serves_text_(o.tolerant) {}
    explicit WebSocket(const WebSocketServer& o)
        : head_(std::make_unique<Head>(Head{{}, o, {}, {}})), is_client_(false), serves_text_(o.serves_text),
          sends_text_(o.sends_text), loses_continuations_(o.loses_continuations) {}

    void start(std::string& down) override;
    void receive(mqtt::View octets, std::string& up, std::string& down) override;
    void send(mqtt::View octets, std::string& down) override;
    void send_below(mqtt::View octets, std::string& down) override { down += mqtt::bytes(octets); }
    void finish(std::string& down) override { say_close(Code::normal, down); }
    bool may_close() const override { return state() != State::ready; }
    std::string_view stage() const override { return "WebSocket handshake"; }
    std::string_view chosen() const override { return chosen_; }
    std::size_t text_frames() const override { return text_frames_; }

private:
    /// Exists until the handshake is over.
    struct Head {
        WebSocketClient client;
        WebSocketServer server;
        std::string key, text;
    };

    mqtt::View shake(mqtt::View octets, std::string& down);
    void answer(std::string& down);
    mqtt::View read_header(mqtt::View octets, std::string& down);
    std::string_view objection() const;
    mqtt::View read_payload(mqtt::View octets, std::string& up, std::string& down);
    void control(std::string& down);
    void break_off(Code code, const std::string& why, std::string& down);
    void say_close(Code code, std::string& down);
    void say(Opcode opcode, std::string_view payload, std::string& down) {
        append_frame(down, {opcode, payload, true, is_client_});
    }
    std::size_t header_size() const;
    bool masked() const { return header_[1] & 0x80; }

    std::unique_ptr<Head> head_;
    std::string chosen_, control_;  // control_: payload of a control frame that is not whole yet
    std::array<std::uint8_t, 14> header_{};
    std::uint64_t left_ = 0;  // octets of payload still to come
    std::uint32_t mask_ = 0;
    std::uint8_t filled_ = 0;  // octets of header_
    bool in_payload_ = false, in_message_ = false, close_said_ = false;
    const bool is_client_, serves_text_;
    const bool sends_text_ = false, loses_continuations_ = false;
    std::uint32_t text_frames_ = 0;
};

// ---- handshake ------------------------------------------------------------------

void WebSocket::start(std::string& down) {
    if (!is_client_) return;
    head_->key = new_websocket_key();
    down += request_head(head_->client, head_->key);
}

/// Gathers the head of request or answer; gives back what is behind it.
mqtt::View WebSocket::shake(mqtt::View octets, std::string& down) {
    std::string& text = head_->text;
    const auto searched = text.size() < 3 ? 0 : text.size() - 3;
    const auto room = longest_head + 1 - std::min(longest_head, text.size());
    const auto before = text.size();
    text += mqtt::bytes(octets.first(std::min(octets.size(), room)));
    const auto end = text.find("\r\n\r\n", searched);
    if (end == text.npos) {
        if (text.size() <= longest_head) return {};
        const auto too_long = refusal(431, "Request Header Fields Too Large", "the head is too long");
        if (!is_client_) down += too_long.head;
        fail(is_client_ ? "WebSocket: the answer's head is too long" : too_long.fault);
        return {};
    }
    text.resize(end + 4);
    const auto rest = octets.subspan(text.size() - before);
    answer(down);
    head_.reset();
    return rest;
}

void WebSocket::answer(std::string& down) {
    if (!is_client_) {
        const auto [head, fault] = answer_request(head_->text, head_->server);
        down += head;
        if (!fault.empty()) return fail(fault);
        return set_ready();
    }
    auto [fault, chosen] = read_answer(head_->text, head_->key, head_->client);
    if (!fault.empty()) return fail(fault);
    chosen_ = std::move(chosen);
    set_ready();
}

// ---- frames ---------------------------------------------------------------------

void WebSocket::receive(mqtt::View octets, std::string& up, std::string& down) {
    if (state() == State::opening && !octets.empty()) octets = shake(octets, down);
    while (state() == State::ready && !octets.empty())
        octets = in_payload_ ? read_payload(octets, up, down) : read_header(octets, down);
}

std::size_t WebSocket::header_size() const {
    if (filled_ < 2) return 2;
    const unsigned size = header_[1] & 0x7f;
    return std::size_t(2) + (size == 126 ? 2 : size == 127 ? 8 : 0) + (masked() ? 4 : 0);
}

mqtt::View WebSocket::read_header(mqtt::View octets, std::string& down) {
    while (filled_ < header_size()) {
        if (octets.empty()) return {};
        header_[filled_++] = octets[0];
        octets = octets.subspan(1);
    }
    const std::size_t size = header_size(), key_at = size - (masked() ? 4 : 0);
    left_ = header_[1] & 0x7f;
    if (key_at > 2) left_ = 0;
    for (std::size_t i = 2; i < key_at; ++i) left_ = left_ << 8 | header_[i];
    mask_ = 0;
    for (std::size_t i = key_at; i < size; ++i) mask_ = mask_ << 8 | header_[i];
    filled_ = 0;
    if (const auto why = objection(); !why.empty()) {
        const bool text = (header_[0] & 0x0f) == unsigned(Opcode::text);
        break_off(text ? Code::unacceptable : Code::protocol_error, std::string(why), down);
        return {};
    }
    const auto opcode = Opcode(header_[0] & 0x0f);
    if (!is_control(opcode)) in_message_ = !(header_[0] & 0x80);
    text_frames_ += opcode == Opcode::text;
    control_.clear();
    in_payload_ = left_ != 0;
    if (left_ == 0 && is_control(opcode)) control(down);
    return octets;
}

/// What is wrong with the header that was read; empty: nothing. Section 5.2, and MQTT's own section 6.
std::string_view WebSocket::objection() const {
    const unsigned opcode = header_[0] & 0x0f, length = header_[1] & 0x7f;
    if (header_[0] & 0x70) return "a reserved bit is set";
    if (masked() == is_client_) return is_client_ ? "a frame of the broker is masked" : "a frame is not masked";
    if ((length == 126 && left_ < 126) || (length == 127 && (left_ <= 0xffff || left_ >> 63)))
        return "the length is not in its shortest form";
    if (opcode >= 8) {
        if (opcode > unsigned(Opcode::pong)) return "the opcode is reserved";
        if (!(header_[0] & 0x80)) return "a control frame is fragmented";
        return left_ > longest_control ? "a control frame is too long" : "";
    }
    if (opcode == unsigned(Opcode::text) && !serves_text_) return "a text frame, MQTT wants binary ones";
    if (opcode > unsigned(Opcode::binary)) return "the opcode is reserved";
    if (opcode == unsigned(Opcode::continuation)) return in_message_ ? "" : "a continuation of nothing";
    return in_message_ ? "a message begins inside another" : "";
}

mqtt::View WebSocket::read_payload(mqtt::View octets, std::string& up, std::string& down) {
    const auto n = std::size_t(std::min<std::uint64_t>(left_, octets.size()));
    const bool is_for_us = is_control(Opcode(header_[0] & 0x0f));
    std::string& to = is_for_us ? control_ : up;
    const auto begin = to.size();
    to += mqtt::bytes(octets.first(n));
    if (mask_ != 0) {
        std::uint32_t mask = mask_;
        for (std::size_t i = 0; i < n; ++i) {
            to[begin + i] ^= static_cast<char>(mask >> 24);
            mask = mask << 8 | mask >> 24;
        }
        mask_ = mask;
    }
    if (loses_continuations_ && Opcode(header_[0] & 0x0f) == Opcode::continuation) to.resize(begin);
    left_ -= n;
    in_payload_ = left_ != 0;
    if (!in_payload_ && is_for_us) control(down);
    return octets.subspan(n);
}

void WebSocket::control(std::string& down) {
    switch (Opcode(header_[0] & 0x0f)) {
        case Opcode::ping: say(Opcode::pong, control_, down); break;
        case Opcode::close:
            if (control_.size() == 1) return break_off(Code::protocol_error, "a close of one octet", down);
            say_close(Code::normal, down);
            end(in_words(control_));
            break;
        default: break;
    }
    control_ = {};
}

void WebSocket::send(mqtt::View octets, std::string& down) {
    if (state() == State::ready && !close_said_ && !octets.empty()) say(sends_text_ ? Opcode::text : Opcode::binary, mqtt::bytes(octets), down);
}

void WebSocket::break_off(Code code, const std::string& why, std::string& down) {
    say_close(code, down);
    fail("WebSocket: " + why);
}

void WebSocket::say_close(Code code, std::string& down) {
    if (state() != State::ready || close_said_) return;
    close_said_ = true;
    const char payload[]{static_cast<char>(unsigned(code) >> 8), static_cast<char>(unsigned(code) & 255)};
    say(Opcode::close, {payload, sizeof payload}, down);
}

}  // namespace

bool can_websocket() { return true; }

std::string encode_frame(const Frame& f) {
    std::string out;
    append_frame(out, f);
    return out;
}

std::unique_ptr<Layer> websocket_client(const WebSocketClient& o) { return std::make_unique<WebSocket>(o); }
std::unique_ptr<Layer> websocket_server(const WebSocketServer& o) { return std::make_unique<WebSocket>(o); }

}  // namespace net
