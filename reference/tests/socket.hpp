// A plain blocking TCP client for tests of the server; every wait has a deadline.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace reference::test {

class Wire {
public:
    explicit Wire(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    }
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire() { ::close(socket_); }

    void send(std::string_view bytes) const {
        for (std::size_t sent = 0; sent < bytes.size();) {
            const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }
    /// What comes until there are `size` octets, the end, or the deadline.
    std::string read(std::size_t size) {
        std::string got;
        while (got.size() < size && more(got, size - got.size())) {
        }
        return got;
    }
    std::string read_all() { return read(std::size_t(-1)); }
    bool ended() const { return ended_; }
    /// Waits until one of them has something to read; true: the first.
    static bool readable_first(const Wire& first, const Wire& second) {
        pollfd wait[]{{first.socket_, POLLIN, 0}, {second.socket_, POLLIN, 0}};
        EXPECT_GE(::poll(wait, 2, 20'000), 1);
        return wait[0].revents != 0;
    }

private:
    bool more(std::string& got, std::size_t most) {
        pollfd wait{socket_, POLLIN, 0};
        if (::poll(&wait, 1, 20'000) != 1) {
            ADD_FAILURE() << "nothing came within 20 s";
            return false;
        }
        char room[4096];
        const auto n = ::recv(socket_, room, std::min(most, sizeof room), 0);
        ended_ = n <= 0;
        if (n > 0) got.append(room, static_cast<std::size_t>(n));
        return n > 0;
    }
    int socket_;
    bool ended_ = false;
};

}  // namespace reference::test
