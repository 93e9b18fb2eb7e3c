// What stands between MQTT and the socket: TLS, WebSocket, or the one on the other. Octets and states, no socket, no
// clock; client and server side alike.
#pragma once
#include <memory>
#include <string>

#include "codec/words.hpp"

namespace net {

/// Octets from the network go in by receive(), octets of MQTT by send(); what goes to the network is appended to
/// `down`, what is for MQTT to `up`. Never refuses, keeps no more than an unfinished record, head or header.
class Layer {
public:
    /// opening: a handshake is under way. ended: the other side said that nothing more follows. failed: see what();
    /// what `down` got still wants to be written, and then the connection closed.
    enum class State : std::uint8_t { opening, ready, ended, failed };

    Layer() = default;
    Layer(const Layer&) = delete;
    Layer& operator=(const Layer&) = delete;
    virtual ~Layer() = default;

    virtual void start(std::string& down) = 0;  // the first octets of a handshake, where they are ours
    virtual void receive(mqtt::View octets, std::string& up, std::string& down) = 0;
    virtual void send(mqtt::View octets, std::string& down) = 0;  // once ready; over WebSocket one message each
    virtual void finish(std::string& down) = 0;                   // says that nothing more follows from us
    /// Whether FIN may follow what finish() wrote: over WebSocket the other side closes first (RFC 6455, 7.1.1).
    virtual bool may_close() const { return true; }
    /// Below WebSocket frames, as it is: they may be illegal. Like send() where there are none.
    virtual void send_below(mqtt::View octets, std::string& down) { send(octets, down); }
    /// The handshake under way, for people: "TLS handshake".
    virtual std::string_view stage() const = 0;
    /// The Common Name of the other side's certificate, once it is known to be good; empty: there is none.
    virtual std::string certificate_name() const { return {}; }
    /// The subprotocol that was agreed on; empty: none.
    virtual std::string_view chosen() const { return {}; }
    virtual std::size_t text_frames() const { return 0; }  // that came, and were served all the same

    State state() const { return state_; }
    bool ready() const { return state_ == State::ready; }
    const std::string& what() const { return what_; }  // how it ended or failed, in words

protected:
    void fail(std::string what) {
        state_ = State::failed;
        what_ = std::move(what);
    }
    void end(std::string what) {
        state_ = State::ended;
        what_ = std::move(what);
    }
    void set_ready() { state_ = State::ready; }

private:
    State state_ = State::opening;
    std::string what_;
};

/// WebSocket over TLS: `upper` starts once `lower` is ready.
std::unique_ptr<Layer> stacked(std::unique_ptr<Layer> lower, std::unique_ptr<Layer> upper);

}  // namespace net
