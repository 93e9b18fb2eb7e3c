// Private to the server: one accepted connection, and what all of them share.
#pragma once
#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/server.hpp"
#include "reference/server_watch.hpp"

namespace reference {

using Tcp = boost::asio::ip::tcp;
using Executor = boost::asio::io_context::executor_type;  // concrete: smaller sockets and handlers
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
using Code = boost::system::error_code;

constexpr Time linger = std::chrono::seconds(1);  // for the last octets of a link that is told to go
constexpr std::size_t most_waiting = 8u << 20;    // octets to be written to a client that is still read

class ServerLink;
class StreamLink;

/// Of the other end, for logs: "127.0.0.1:40112", or "unix".
std::string name_of(const Socket& socket);

/// Of TLS and WebSocket, begun and not over.
struct Handshakes {
    std::size_t most = 1000;
    std::list<StreamLink*> under_way;  // oldest first

    /// Makes room for one more: the oldest of too many is dropped.
    void admit(StreamLink& link);
};

/// Links at the places their ids name.
class Table {
public:
    void add(std::shared_ptr<ServerLink> link);
    std::shared_ptr<ServerLink> find(LinkId id) const;
    void remove(LinkId id);
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

private:
    std::deque<std::shared_ptr<ServerLink>> places_;  // grows without slack
    std::size_t size_ = 0;
};

/// One io_context, one read buffer, one Broker; all on one thread.
struct Switchboard {
    Switchboard(Settings settings, const ServerOptions& o) : options(o), broker(prepared(std::move(settings))) {
        start_pool();
    }

    ServerOptions options;
    Handshakes handshakes;  // outlives the links that are in there
    boost::asio::io_context io{1};
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    Broker broker;
    Table links;  // those the broker knows
    /// Those that were told to go, oldest first: each gets a second from its last progress.
    std::deque<std::pair<Time, std::shared_ptr<ServerLink>>> leaving;
    std::size_t lingering = 0;  // of those, with an open socket
    /// Those that wait for room to write, with the time when they are to be looked at.
    std::deque<std::pair<Time, std::shared_ptr<ServerLink>>> stuck;
    std::array<std::uint8_t, 65536> buffer;
    ClientMemory clients;               // as the judge has seen them
    std::unique_ptr<LoginPool> logins;  // where ServerOptions::login is set; last, for its threads use the rest

    Time now() const { return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() - start); }
    void add(std::shared_ptr<ServerLink> link);
    Settings prepared(Settings);  // as the options want them
    void start_pool();
    void flush();   // writes what the broker has to say
    void commit();  // all that was told to the journal is kept from now on
    void chase();   // ends those that take too long to leave, or to read
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
    virtual bool waits_for_room() const = 0;
    /// Asked of links in Switchboard::stuck.
    bool is_stuck_still() { return watched_ = waits_for_room(); }
    /// True once nothing moved since the last time it was asked: asked of links that leave or wait for room.
    bool stayed_too_long() { return !std::exchange(moved_, false); }
    /// Ends it with a reset.
    virtual void cut(std::string_view why) = 0;

protected:
    bool is_watched() const { return board_.options.log_level != LogLevel::quiet || board_.options.judge; }
    void log_as(const std::string& name);  // where the options want it
    /// False while the login is pending: collect() reads on then.
    bool may_read() const { return !board_.logins || board_.broker.reads(link_); }
    /// One that is not read moves: its PINGREQ may lie unread.
    void excuse() {
        if (known_) board_.broker.excuse(link_, board_.now());
    }
    void forget();  // the broker is told that the link is lost; harmless when repeated

    Switchboard& board_;
    const LinkId link_;
    std::unique_ptr<Watch> log_;  // where somebody looks
    bool known_ = true;           // to the broker
    bool moved_ = false;
    bool watched_ = false;  // is in Switchboard::stuck; flags last, where derived classes put theirs beside them
};

/// Plain TCP: reads into the one buffer of the switchboard, so that an idle connection owns none.
class TcpLink final : public ServerLink {
public:
    TcpLink(Switchboard& board, Socket socket, LinkId link);
    void begin() override { read(); }  // on a busy server CONNECT is there already
    void collect() override;
    void let_go() override;
    bool waits_for_room() const override { return out_ && is_open(); }
    void cut(std::string_view why) override;

private:
    void take();
    bool too_much_waits() const;
    void resume();
    auto self() { return std::static_pointer_cast<TcpLink>(shared_from_this()); }
    void await_bytes();
    void read();
    void ended(Code why);
    void leave();
    void leaving_begins();
    void write(std::string bytes);
    std::size_t write_some(std::string_view bytes);
    void write_on();
    void written_all();
    void await_room();
    bool is_open() const { return socket_.is_open(); }

    bool leaving_ = false;  // FIN follows what is queued
    bool fin_sent_ = false, fin_seen_ = false;
    bool paused_ = false;     // reading: the login is pending, or too much waits to be written
    bool postponed_ = false;  // the broker has more to say than can be written
    Socket socket_;
    struct Output {
        std::string octets;
        std::size_t written = 0;  // of them
    };
    std::unique_ptr<Output> out_;  // what could not be written at once
};

}  // namespace reference
