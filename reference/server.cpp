#include "reference/server.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <system_error>
#include <thread>

#include "net/asio_loop.hpp"
#include "reference/server_link.hpp"
#include "reference/server_statistics.hpp"

namespace reference {
namespace {

namespace asio = boost::asio;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Alarm = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
constexpr int backlog = 4096;
constexpr Time accept_pause = std::chrono::milliseconds(100);  // when descriptors have run out
constexpr Time goodbye = std::chrono::milliseconds(800);       // to write what is queued at the end

}  // namespace

struct Server::State : Switchboard {
    State(Settings settings, const ServerOptions& o);

    void listen();
    void await_clients();
    void accept();
    void accept_later();
    void serve();
    void set_alarm();
    void say_goodbye();

    Acceptor acceptor{io.get_executor()};
    Alarm alarm{io.get_executor()}, pause{io.get_executor()};
    std::optional<Time> alarm_at, goodbye_at;
    std::uint16_t port = 0;
    asio::executor_work_guard<Executor> work = asio::make_work_guard(io);
    std::thread thread;
    std::optional<ServerStatistics> statistics;
};

Server::State::State(Settings settings, const ServerOptions& o) : Switchboard(std::move(settings), o) {
    net::raise_descriptor_limit();
    listen();
    statistics.emplace(*this);
    if (!options.journal) return;
    broker.keep(*options.journal, now());
    commit();
}

void Server::State::listen() try {
    const Tcp::endpoint at(asio::ip::make_address(options.bind), options.port);
    acceptor.open(at.protocol());
    acceptor.set_option(Acceptor::reuse_address(true));
    acceptor.set_option(Tcp::no_delay(true));  // Linux: what it accepts inherits it
    acceptor.bind(at);
    acceptor.listen(backlog);
    acceptor.non_blocking(true);
    port = acceptor.local_endpoint().port();
} catch (const boost::system::system_error& error) {
    throw std::system_error(error.code().value(), std::system_category(),
                            "cannot listen on " + options.bind + ':' + std::to_string(options.port));
}

// ---- accepting ------------------------------------------------------------------

void Server::State::await_clients() {
    acceptor.async_wait(Acceptor::wait_read, [this](Code error) {
        if (!error && acceptor.is_open()) accept();
    });
}

void Server::State::accept() {
    for (int round = 0; round < 64; ++round) {
        Code error;
        Socket socket(io.get_executor());
        acceptor.accept(socket, error);
        if (error == asio::error::would_block) break;
        if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
        if (error) return accept_later();
        socket.non_blocking(true, error);
        const LinkId id = broker.open(now());
        add(std::make_shared<TcpLink>(*this, std::move(socket), id));
    }
    await_clients();
}

/// Out of descriptors or memory: the listener stays readable, so waiting for it would spin.
void Server::State::accept_later() {
    pause.expires_after(accept_pause);
    pause.async_wait([this](Code error) {
        if (!error && acceptor.is_open()) accept();
    });
}

// ---- the loop -------------------------------------------------------------------

void Server::State::serve() {
    await_clients();
    while (!(goodbye_at && ((links.empty() && lingering == 0) || now() >= *goodbye_at))) {
        set_alarm();
        io.run_one();
        // Bounded, or a busy client keeps the rest waiting.
        for (int ready = 0; ready < 256 && io.poll_one(); ++ready) {
        }
        const auto due = broker.deadline();
        if (due && *due <= now()) broker.tick(now());
        flush();
        commit();  // also what needs no answer: a DISCONNECT takes back a will
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
    Code ignored;
    acceptor.close(ignored);
    pause.cancel();
    statistics->stop();
    broker.shut_down(now());
}

// ---- the face -------------------------------------------------------------------

Server::Server(Settings settings, ServerOptions options)
    : state_(std::make_unique<State>(std::move(settings), options)) {}
Server::~Server() { stop(); }
std::uint16_t Server::port() const { return state_->port; }
std::uint16_t Server::metrics_port() const { return state_->statistics->port(); }

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
