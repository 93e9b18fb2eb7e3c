// Private to net/: one connection of the tester: TCP or a Unix socket, with the layers of its transport upon it.
#pragma once
#include <deque>
#include <memory>

#include "net/asio_state.hpp"
#include "net/layer.hpp"

namespace net {

/// Kept alive by its pending handlers and by the Stream in the user's hands. `events_` is null once nobody listens:
/// then what is queued is still written, FIN sent, and the other side given a moment for its own FIN, so that it
/// does not see RST in place of FIN.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(AsioLoop::State& loop, const Target& target, Events& events);

    void dial();
    void send(std::string bytes);
    void send_below_frames(std::string bytes);
    std::string chosen_subprotocol() const { return layers_ ? std::string(layers_->chosen()) : std::string(); }
    std::size_t text_frames() const { return layers_ ? layers_->text_frames() : 0; }
    void half_close();
    void close();
    void reset();

private:
    enum class State : std::uint8_t { connecting, shaking, open, over };

    void resolve();
    bool take_unix_path();
    void connect();
    void come_from();
    void connected();
    void opened();
    void shake();
    void connect_failed(Code error);
    void await_bytes();
    void read();
    void received(mqtt::View octets);
    void read_failed(Code error);
    void queue(std::string octets);
    void layers_ended();
    void break_off();
    void await_room();
    void write();
    void written_all();
    void end(End how, const std::string& why);
    void let_go();
    bool is_live() const { return state_ == State::shaking || state_ == State::open; }
    void set_timer(Time at, void (Connection::*what)());
    void too_late();

    AsioLoop::State& loop_;
    const Target target_;
    Events* events_;
    Socket socket_;
    Resolver resolver_;
    State state_ = State::connecting;
    std::vector<Generic::endpoint> endpoints_;
    std::size_t next_endpoint_ = 0;
    Code last_error_{};
    Time deadline_{};
    TimerId timer_ = 0;  // connecting: the deadline; closed: the linger
    std::unique_ptr<Layer> layers_;  // none: plain TCP or Unix
    std::deque<std::string> held_;   // for the layers, until they are ready
    std::deque<std::string> out_;
    std::size_t written_ = 0;  // octets of out_.front()
    bool waiting_for_room_ = false, fin_wanted_ = false, fin_sent_ = false, fin_seen_ = false, reset_seen_ = false;
};

std::unique_ptr<Stream> dial_real(AsioLoop::State&, const Target&, Events&);

}  // namespace net
