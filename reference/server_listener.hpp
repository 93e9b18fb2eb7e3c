// Private to the server: what accepts connections, on a port or on a Unix socket.
#pragma once
#include <sys/types.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "net/transport.hpp"
#include "reference/server_link.hpp"

namespace reference {

class Listener {
public:
    /// `accepted` gets every connection, in non-blocking mode. Throws std::system_error where the address is not free.
    Listener(Executor executor, net::Transport transport, std::function<void(Socket)> accepted);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(); }

    void listen(const std::string& address, std::uint16_t port);
    /// A socket file that nobody listens on any more is taken over; ours is removed by close().
    void listen(const std::string& path);
    void begin() { await_clients(); }
    void close();

    net::Transport transport() const { return transport_; }
    std::uint16_t port() const { return port_; }
    std::string url() const;

private:
    using Acceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;
    using Clock = std::chrono::steady_clock;
    using Alarm = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
    void await_clients();
    void accept();
    void accept_later();

    Acceptor acceptor_;
    Alarm pause_;
    const net::Transport transport_;
    const std::function<void(Socket)> accepted_;
    std::string place_;  // the address, or the path
    std::uint16_t port_ = 0;
    dev_t device_ = 0;  // of the socket file, to know it again
    ino_t inode_ = 0;
};

}  // namespace reference
