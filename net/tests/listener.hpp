// A blocking TCP server of one script, on its own thread: the other side of the loop in these tests.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace net::test {

/// A bound socket on 127.0.0.1; listens unless told not to.
class Listener {
public:
    explicit Listener(int backlog = 1024, bool listens = true) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0) throw std::runtime_error("bind");
        if (listens && ::listen(fd_, backlog) != 0) throw std::runtime_error("listen");
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
        port = ntohs(at.sin_port);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() {
        if (thread_.joinable()) thread_.join();
        ::close(fd_);
    }
    int accept() const { return ::accept(fd_, nullptr, nullptr); }
    /// Accepts one connection and runs the script with it; the script closes it.
    void serve(std::function<void(int)> script) {
        thread_ = std::thread([this, script = std::move(script)] { script(accept()); });
    }
    void join() { thread_.join(); }

    std::uint16_t port = 0;

private:
    int fd_;
    std::thread thread_;
};

inline void write_all(int fd, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto n = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (n <= 0) return;
        at += std::size_t(n);
    }
}

/// To the end of the stream, or so many octets; `error` is errno of the read that failed, 0 for FIN.
inline std::string read_all(int fd, int& error, std::size_t most = SIZE_MAX) {
    std::string all;
    char chunk[65536];
    error = 0;
    while (all.size() < most) {
        const auto n = ::recv(fd, chunk, sizeof chunk, 0);
        if (n < 0) error = errno;
        if (n <= 0) break;
        all.append(chunk, std::size_t(n));
    }
    return all;
}

inline void reset(int fd) {
    const linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd);
}

}  // namespace net::test
