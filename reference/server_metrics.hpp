// Private to the server: GET /metrics over HTTP/1.1, one answer a connection, and nothing else.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

namespace reference {

/// Bounded against whoever comes: so many connections at once, so many octets of a request, so long for each.
class MetricsListener : public std::enable_shared_from_this<MetricsListener> {
public:
    static constexpr int most_connections = 16;
    static constexpr unsigned most_octets = 8192;
    static constexpr std::chrono::seconds patience{5};  // for the request, and for taking the answer

    /// Listens. Throws std::system_error where the address cannot be bound.
    MetricsListener(boost::asio::io_context&, const std::string& address, std::uint16_t port,
                    std::function<std::string()> text);
    std::uint16_t port() const { return port_; }
    void accept();
    void stop();

private:
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<const std::function<std::string()>> text_;
    std::shared_ptr<int> open_ = std::make_shared<int>(0);
    std::uint16_t port_ = 0;
};

}  // namespace reference
