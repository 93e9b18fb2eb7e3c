// The reference broker behind TCP: a Broker, a listener, and nothing that decides anything about MQTT.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/tls.hpp"
#include "reference/broker.hpp"
#include "reference/client_judge.hpp"
#include "reference/login_pool.hpp"
#include "reference/settings.hpp"

namespace reference {

class Journal;

enum class LogLevel : std::uint8_t { quiet, faults, packets };

struct ServerOptions {
    std::string bind = "127.0.0.1";         // an address in digits
    std::uint16_t port = 0;                 // 0: any free one, here and below
    std::optional<std::uint16_t> tls_port, ws_port, wss_port;
    std::string unix_socket;                // a path; empty: none
    net::TlsServerOptions tls;              // for tls_port and wss_port; a client certificate's Common Name is its user name
    std::size_t handshakes = 1000;          // of TLS and WebSocket, under way at once: above, the oldest is dropped
    Time write_patience = std::chrono::seconds(30);  // with a client that takes nothing of what waits for it: a reset
    /// In place of Settings::login where it takes long (hashing): called on threads of its own, on several at once.
    std::function<Admission(const Credentials&)> login;
    LoginPool::Options logins;
    Time sys_interval{};                         // between $SYS topics, which clients may not publish then; 0: none
    std::optional<std::uint16_t> metrics_port{};  // of GET /metrics over HTTP, on the same address; 0: any free one
    std::string version{};                       // told by both
    /// Is told what clients do wrong; called on the server's thread. None: nobody looks.
    std::function<void(const Accusation&)> judge;
    LogLevel log_level = LogLevel::quiet;
    Journal* journal = nullptr;             // is restored from, and committed before anything is written to clients
    /// One line per packet or fault, as the level says; called on the server's thread.
    std::function<void(const std::string&)> log;
};

class Server {
public:
    /// Listens, then restores. Throws std::system_error where an address cannot be bound, net::TlsFault,
    /// net::WebSocketFault, and what the journal throws.
    Server(Settings settings, ServerOptions options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();  // as stop()

    /// 0 where that is not listened for.
    std::uint16_t port(net::Transport = net::Transport::tcp) const;
    std::uint16_t metrics_port() const;  // 0: no metrics
    /// Of every listener, plain TCP first.
    std::vector<std::string> urls() const;
    /// Serves on a thread of its own, until stop().
    void start();
    /// Serves on this thread, until SIGTERM, SIGINT or stop(). `ready` is called once connections are accepted.
    /// Throws what the journal does: then nothing has been said that is not kept.
    void run(const std::function<void()>& ready = {});
    /// Says goodbye to every client (Broker::shut_down), writes what is queued and ends: within a second. Any thread.
    void stop();
    /// Does something with the broker on the server's thread. Any thread; dropped once the server has ended.
    void post(std::function<void(Broker&)> work);

    struct State;  // private

private:
    std::unique_ptr<State> state_;
};

}  // namespace reference
