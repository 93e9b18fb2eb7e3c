#include "reference/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <list>
#include <thread>

#include "net/asio_loop.hpp"
#include "net/websocket.hpp"
#include "reference/server_habits.hpp"
#include "reference/server_link.hpp"
#include "reference/server_statistics.hpp"
#include "reference/server_listener.hpp"
#include "reference/server_stream.hpp"

namespace reference {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Alarm = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
constexpr Time goodbye = std::chrono::milliseconds(800);  // to write what is queued at the end

}  // namespace

struct Server::State : Switchboard {
    State(Settings settings, const ServerOptions& o, const Policy& policy);

    void listen();
    Listener& add_listener(net::Transport transport, std::function<void(Socket)> accepted);
    StreamLink::MakeLayers maker(net::Transport transport);
    void serve();
    void set_alarm();
    void say_goodbye();

    const net::WebSocketServer habits;
    std::shared_ptr<net::TlsContext> tls;
    std::list<StreamLink::MakeLayers> makers;
    std::vector<std::unique_ptr<Listener>> listeners;
    Alarm alarm{io.get_executor()};
    std::optional<Time> alarm_at, goodbye_at;
    asio::executor_work_guard<Executor> work = asio::make_work_guard(io);
    std::thread thread;
    std::optional<ServerStatistics> statistics;
};

Server::State::State(Settings settings, const ServerOptions& o, const Policy& policy)
    : Switchboard(std::move(settings), o), habits(websocket_habits(policy)) {
    net::raise_descriptor_limit();
    handshakes.most = std::max<std::size_t>(options.handshakes, 1);
    listen();
    statistics.emplace(*this);
    if (!options.journal) return;
    broker.keep(*options.journal, now());
    commit();
}

// ---- listening ------------------------------------------------------------------

void Server::State::listen() {
    using net::Transport;
    const auto make_tcp = [this](Socket socket) {
        add(std::make_shared<TcpLink>(*this, std::move(socket), broker.open(now())));
    };
    add_listener(Transport::tcp, make_tcp).listen(options.bind, options.port);
    const auto& o = options;
    for (const auto& [transport, port] : {std::pair(Transport::tls, o.tls_port), std::pair(Transport::ws, o.ws_port),
                                          std::pair(Transport::wss, o.wss_port)}) {
        if (!port) continue;
        if (net::has_tls(transport) && !tls) tls = net::tls_server_context(o.tls);
        if (net::has_frames(transport)) net::websocket_server();  // throws where this build has none
        const auto& make = makers.emplace_back(maker(transport));
        add_listener(transport, [this, &make](Socket socket) {
            add(std::make_shared<StreamLink>(*this, std::move(socket), broker.open(now()), make));
        }).listen(o.bind, *port);
    }
    if (!o.unix_socket.empty()) add_listener(Transport::unix_socket, make_tcp).listen(o.unix_socket);
}

Listener& Server::State::add_listener(net::Transport transport, std::function<void(Socket)> accepted) {
    return *listeners.emplace_back(std::make_unique<Listener>(io.get_executor(), transport, std::move(accepted)));
}

StreamLink::MakeLayers Server::State::maker(net::Transport transport) {
    if (transport == net::Transport::tls) return [this] { return net::tls_server(tls); };
    if (transport == net::Transport::ws) return [this] { return net::websocket_server(habits); };
    return [this] { return net::stacked(net::tls_server(tls), net::websocket_server(habits)); };
}

// ---- the loop -------------------------------------------------------------------

void Server::State::serve() {
    for (const auto& listener : listeners) listener->begin();
    while (!(goodbye_at && ((links.empty() && lingering == 0) || now() >= *goodbye_at))) {
        set_alarm();
        io.run_one();
        // Bounded, or a busy client keeps the rest waiting.
        for (int ready = 0; ready < 256 && io.poll_one(); ++ready) {
        }
        const auto due = broker.deadline();
        if (due && *due <= now()) broker.tick(now());
        flush();
        commit();  // also what needed no answer
        chase();
    }
}

void Server::State::set_alarm() {
    auto next = deadline();
    if (goodbye_at && (!next || *goodbye_at < *next)) next = goodbye_at;
    if (!next || (alarm_at && *alarm_at <= *next)) return;
    alarm_at = next;
    alarm.expires_at(start + *next);
    alarm.async_wait([this](Code error) {
        if (!error) alarm_at.reset();
    });
}

void Server::State::say_goodbye() {
    if (goodbye_at) return;
    goodbye_at = now() + goodbye;
    for (const auto& listener : listeners) listener->close();
    statistics->stop();
    broker.shut_down(now());
}

// ---- the face -------------------------------------------------------------------

Server::Server(Settings settings, ServerOptions options) {
    const Policy policy = settings.policy;
    state_ = std::make_unique<State>(std::move(settings), options, policy);
}
Server::~Server() { stop(); }

std::uint16_t Server::port(net::Transport transport) const {
    for (const auto& listener : state_->listeners)
        if (listener->transport() == transport) return listener->port();
    return 0;
}

std::uint16_t Server::metrics_port() const { return state_->statistics->port(); }

std::vector<std::string> Server::urls() const {
    std::vector<std::string> all;
    for (const auto& listener : state_->listeners) all.push_back(listener->url());
    return all;
}

void Server::start() {
    state_->thread = std::thread([state = state_.get()] { state->serve(); });
}

void Server::run(const std::function<void()>& ready) {
    asio::signal_set signals(state_->io, SIGINT, SIGTERM);
    signals.async_wait([this](Code error, int) {
        if (!error) state_->say_goodbye();
    });
    if (ready) asio::post(state_->io, ready);
    state_->serve();
}

void Server::stop() {
    asio::post(state_->io, [state = state_.get()] { state->say_goodbye(); });
    if (state_->thread.joinable()) state_->thread.join();
}

void Server::post(std::function<void(Broker&)> work) {
    asio::post(state_->io, [state = state_.get(), work = std::move(work)] { work(state->broker); });
}

}  // namespace reference
