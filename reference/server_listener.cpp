#include "reference/server_listener.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace reference {
namespace {

namespace asio = boost::asio;
constexpr int backlog = 4096;
constexpr Time accept_pause = std::chrono::milliseconds(100);  // when descriptors have run out

[[noreturn]] void refuse(int error, const std::string& where) {
    throw std::system_error(error, std::system_category(), "cannot listen on " + where);
}

sockaddr_un named(const std::string& path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    if (path.size() >= sizeof at.sun_path) refuse(ENAMETOOLONG, path);
    std::memcpy(at.sun_path, path.data(), path.size());
    return at;
}

bool bind_to(int fd, const sockaddr_un& at) {
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
}

/// A socket file is there, and whoever made it is gone.
bool is_stale(const sockaddr_un& at) {
    struct stat found {};
    if (::lstat(at.sun_path, &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    const bool answered = ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    const bool refused = !answered && errno == ECONNREFUSED;
    ::close(fd);
    return refused;
}

}  // namespace

Listener::Listener(Executor executor, net::Transport transport, std::function<void(Socket)> accepted)
    : acceptor_(executor), pause_(executor), transport_(transport), accepted_(std::move(accepted)) {}

void Listener::listen(const std::string& address, std::uint16_t port) try {
    place_ = address;
    const Tcp::endpoint at(asio::ip::make_address(address), port);
    acceptor_.open(at.protocol());
    acceptor_.set_option(Acceptor::reuse_address(true));
    acceptor_.set_option(Tcp::no_delay(true));  // Linux: what it accepts inherits it
    acceptor_.bind(at);
    acceptor_.listen(backlog);
    acceptor_.non_blocking(true);
    port_ = acceptor_.local_endpoint().port();
} catch (const boost::system::system_error& error) {
    refuse(error.code().value(), address + " port " + std::to_string(port));
}

void Listener::listen(const std::string& path) {
    const sockaddr_un at = named(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) refuse(errno, path);
    acceptor_.assign(Tcp::v4(), fd);  // Asio looks at the descriptor alone
    if (!bind_to(fd, at)) {
        const int error = errno;
        if (error != EADDRINUSE || !is_stale(at) || ::unlink(path.c_str()) != 0) refuse(error, path);
        if (!bind_to(fd, at)) refuse(errno, path);
    }
    struct stat made {};
    if (::lstat(path.c_str(), &made) == 0) {
        device_ = made.st_dev;
        inode_ = made.st_ino;
        place_ = path;  // from now on there is something to remove
    }
    if (::listen(fd, backlog) != 0) refuse(errno, path);
    acceptor_.non_blocking(true);
}

void Listener::close() {
    Code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (transport_ != net::Transport::unix_socket || place_.empty()) return;
    struct stat found {};
    if (::lstat(place_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_)
        ::unlink(place_.c_str());
    place_.clear();
}

std::string Listener::url() const {
    const std::string begin = std::string(net::scheme(transport_)) + "://";
    if (transport_ == net::Transport::unix_socket) return begin + place_;
    const bool v6 = place_.find(':') != place_.npos;
    const std::string whole = begin + (v6 ? '[' + place_ + ']' : place_) + ':' + std::to_string(port_);
    return net::has_frames(transport_) ? whole + std::string(net::default_path) : whole;
}

void Listener::await_clients() {
    acceptor_.async_wait(Acceptor::wait_read, [this](Code error) {
        if (!error && acceptor_.is_open()) accept();
    });
}

void Listener::accept() {
    for (int round = 0; round < 64; ++round) {
        Code error;
        Socket socket(acceptor_.get_executor());
        acceptor_.accept(socket, error);
        if (error == asio::error::would_block) break;
        if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
        if (error) return accept_later();
        socket.non_blocking(true, error);
        accepted_(std::move(socket));
    }
    await_clients();
}

/// Out of descriptors or memory: the listener stays readable, so waiting for it would spin.
void Listener::accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](Code error) {
        if (!error && acceptor_.is_open()) accept();
    });
}

}  // namespace reference
