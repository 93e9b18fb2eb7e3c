// Private to the server: one accepted connection, and what all of them share.
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
    Switchboard(Settings settings, const ServerOptions& o) : options(o), broker(with_pool(std::move(settings))) {
        start_pool();
    }

    ServerOptions options;
    boost::asio::io_context io{1};
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    Broker broker;
    std::unordered_map<LinkId, std::shared_ptr<ServerLink>> links;  // those the broker knows
    /// Those that were told to go, oldest first: each gets a second from its last progress.
    std::deque<std::pair<Time, std::shared_ptr<ServerLink>>> leaving;
    std::size_t lingering = 0;  // of those, with an open socket
    std::array<std::uint8_t, 65536> buffer;
    std::unique_ptr<LoginPool> logins;  // where ServerOptions::login is set; last, for its threads use the rest

    Time now() const {
        return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() - start);
    }
    void add(std::shared_ptr<ServerLink> link);
    Settings with_pool(Settings);     // logins are taken by the pool, where there is to be one
    void start_pool();
    void flush();                     // writes what the broker has to say
    void chase();                     // ends those that take too long to leave
    std::optional<Time> deadline() const;
};

/// One accepted connection, whatever it runs over. Kept alive by the switchboard and its pending handlers.
class ServerLink : public std::enable_shared_from_this<ServerLink> {
public:
    ServerLink(Switchboard& board, LinkId link) : board_(board), link_(link) {}
    ServerLink(const ServerLink&) = delete;
    ServerLink& operator=(const ServerLink&) = delete;
    virtual ~ServerLink() = default;

    LinkId id() const { return link_; }
    virtual void begin() = 0;    // reads from now on
    virtual void collect() = 0;  // takes what the broker has to say to this one, and writes it
    virtual void let_go() = 0;   // ends it at once; harmless when repeated
    /// True once nothing moved since the last time it was asked: asked of links that leave.
    bool stayed_too_long() { return !std::exchange(moved_, false); }

protected:
    void log_as(const std::string& name);  // where the options want a log
    /// False while the login is pending: collect() reads on then.
    bool may_read() const { return !board_.logins || board_.broker.reads(link_); }
    void forget();                         // the broker is told that the link is lost; harmless when repeated

    Switchboard& board_;
    const LinkId link_;
    bool known_ = true;  // to the broker
    bool moved_ = false;
    std::unique_ptr<WireLog> log_;
};

/// Plain TCP: reads into the one buffer of the switchboard, so that an idle connection owns none.
class TcpLink final : public ServerLink {
public:
    TcpLink(Switchboard& board, Socket socket, LinkId link);
    void begin() override { await_bytes(); }
    void collect() override;
    void let_go() override;

private:
    auto self() { return std::static_pointer_cast<TcpLink>(shared_from_this()); }
    void await_bytes();
    void read();
    void ended(Code why);
    void leave();
    void write();
    void await_room();
    bool is_open() const { return socket_.is_open(); }

    Socket socket_;
    bool leaving_ = false;  // FIN follows what is queued
    bool waiting_ = false;  // for room to write
    bool fin_sent_ = false, fin_seen_ = false;
    bool paused_ = false;  // reading, for the login is pending
    std::size_t written_ = 0;
    std::string out_;
};

}  // namespace reference
