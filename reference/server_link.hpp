// Private to the server: one accepted TCP connection, and what all of them share.
#pragma once
#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "reference/server.hpp"
#include "reference/wire_log.hpp"

namespace reference {

using Tcp = boost::asio::ip::tcp;
using Executor = boost::asio::io_context::executor_type;  // concrete: smaller sockets and handlers
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
using Code = boost::system::error_code;

class ServerLink;

/// One io_context, one read buffer, one Broker; all on one thread.
struct Switchboard {
    Switchboard(Settings settings, const ServerOptions& o) : options(o), broker(std::move(settings)) {}

    ServerOptions options;
    boost::asio::io_context io{1};
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    Broker broker;
    std::unordered_map<LinkId, std::shared_ptr<ServerLink>> links;  // those the broker knows
    /// Those that were told to go, oldest first: each gets a second from its last progress.
    std::deque<std::pair<Time, std::shared_ptr<ServerLink>>> leaving;
    std::size_t lingering = 0;  // of those, with an open socket
    std::array<std::uint8_t, 65536> buffer;

    Time now() const {
        return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() - start);
    }
    void flush();                     // writes what the broker has to say
    void chase();                     // ends those that take too long to leave
    std::optional<Time> deadline() const;
};

/// Kept alive by the switchboard and its pending handlers.
class ServerLink : public std::enable_shared_from_this<ServerLink> {
public:
    ServerLink(Switchboard& board, Socket socket, LinkId link);
    ~ServerLink();

    void await_bytes();
    void collect();          // takes what the broker has to say to this one, and writes it
    bool stayed_too_long();  // leaving: true once nothing moved since the last time it was asked
    void let_go();

private:
    void read();
    void ended(Code why);
    void leave();
    void write();
    void await_room();
    bool is_open() const { return socket_.is_open(); }

    Switchboard& board_;
    Socket socket_;
    LinkId link_;
    bool known_ = true;     // to the broker
    bool leaving_ = false;  // FIN follows what is queued
    bool waiting_ = false;  // for room to write
    bool moved_ = false, fin_sent_ = false, fin_seen_ = false;
    std::size_t written_ = 0;
    std::string out_;
    std::unique_ptr<WireLog> log_;
};

}  // namespace reference
