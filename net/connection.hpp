// Private to net/: one TCP connection of the tester.
#pragma once
#include <deque>
#include <memory>

#include "net/asio_state.hpp"

namespace net {

/// Kept alive by its pending handlers and by the Stream in the user's hands. `events_` is null once nobody listens:
/// then what is queued is still written, FIN sent, and the other side given a moment for its own FIN, so that it
/// does not see RST in place of FIN.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(AsioLoop::State& loop, const Target& target, Events& events);

    void dial();
    void send(std::string bytes);
    void half_close();
    void close();
    void reset();

private:
    enum class State : std::uint8_t { connecting, open, over };

    void resolve();
    void connect();
    void come_from();
    void connected();
    void connect_failed(Code error);
    void await_bytes();
    void read();
    void read_failed(Code error);
    void await_room();
    void write();
    void written_all();
    void end(End how, const std::string& why);
    void let_go();
    void set_timer(Time at, void (Connection::*what)());
    void too_late();

    AsioLoop::State& loop_;
    const Target target_;
    Events* events_;
    Socket socket_;
    Resolver resolver_;
    State state_ = State::connecting;
    std::vector<Tcp::endpoint> endpoints_;
    std::size_t next_endpoint_ = 0;
    Code last_error_{};
    Time deadline_{};
    TimerId timer_ = 0;  // connecting: the deadline; closed: the linger
    std::deque<std::string> out_;
    std::size_t written_ = 0;  // octets of out_.front()
    bool waiting_for_room_ = false, fin_wanted_ = false, fin_sent_ = false, fin_seen_ = false, reset_seen_ = false;
};

std::unique_ptr<Stream> dial_tcp(AsioLoop::State&, const Target&, Events&);

}  // namespace net
