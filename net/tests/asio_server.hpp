// What a stream reported, and a server of Asio's for one connection.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "net/loop.hpp"
#include "net/tests/certificates.hpp"

namespace net::test {

struct Record final : net::Events {
    bool opened = false;
    std::string bytes, why;
    std::optional<End> end;
    std::function<void()> ending;
    void on_open() override { opened = true; }
    void on_bytes(mqtt::View view) override { bytes += mqtt::bytes(view); }
    void on_end(End how, std::string text) override {
        end = how;
        why = std::move(text);
        if (ending) ending();
    }
};

inline boost::asio::ssl::context server_context(const std::string& name = "server") {
    using boost::asio::ssl::context;
    context made(context::tls_server);
    made.use_certificate_chain_file(certificate(name + ".crt"));
    made.use_private_key_file(certificate(name + ".key"), context::pem);
    return made;
}

/// Accepts one connection and runs the script with it, on a thread.
class AsioServer {
public:
    explicit AsioServer(std::function<void(boost::asio::ip::tcp::socket)> script, const char* at = "127.0.0.1")
        : acceptor_(io_, {boost::asio::ip::make_address(at), 0}), port(acceptor_.local_endpoint().port()) {
        thread_ = std::thread([this, script = std::move(script)] {
            try {
                script(acceptor_.accept());
            } catch (const std::exception& e) {
                fault = e.what();
            }
        });
    }
    ~AsioServer() { join(); }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;

public:
    std::uint16_t port;
    std::string fault;
};

}  // namespace net::test
