#include "net/asio_loop.hpp"

#include <sys/resource.h>

#include <boost/asio/post.hpp>

#include "net/asio_state.hpp"
#include "net/connection.hpp"

namespace net {

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);  // where it is refused the old limit stays, and is what is returned
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

TimerId AsioLoop::State::call_at(Time at, std::function<void()> call) {
    const TimerId id = timers.add(at, std::move(call));
    set_alarm();
    return id;
}

/// One timer of Asio serves all: it is armed for the earliest call, and left as it is if it would ring before.
void AsioLoop::State::set_alarm() {
    const auto earliest = timers.earliest();
    if (!earliest || (alarm_at && *alarm_at <= *earliest)) return;
    alarm_at = earliest;
    alarm.expires_at(start + *earliest);
    alarm.async_wait([this](Code error) {
        if (!error) run_due();
    });
}

void AsioLoop::State::run_due() {
    alarm_at.reset();
    const Time until = now();  // calls added meanwhile for "now" wait for the next round: sockets get their turn
    while (timers.run_one(until)) {
    }
    set_alarm();
}

void AsioLoop::State::await_signal() {
    signals.async_wait([this](Code error, int signal) {
        if (error) return;
        for (auto& [number, call] : signal_calls)
            if (number == signal) call();
        await_signal();
    });
}

AsioLoop::AsioLoop() : state_(std::make_shared<State>()) { raise_descriptor_limit(); }
AsioLoop::~AsioLoop() = default;

Time AsioLoop::now() const { return state_->now(); }
TimerId AsioLoop::call_at(Time at, std::function<void()> call) { return state_->call_at(at, std::move(call)); }
void AsioLoop::cancel(TimerId id) { state_->timers.cancel(id); }

std::unique_ptr<Stream> AsioLoop::dial(const Target& target, Events& events) {
    return dial_real(*state_, target, events);
}

void AsioLoop::run(const std::function<bool()>& done) {
    const auto work = boost::asio::make_work_guard(state_->io);
    state_->io.restart();
    while (!state_->stopping && !(done && done())) state_->io.run_one();
    state_->stopping = false;
}

bool AsioLoop::run_for(Duration within, const std::function<bool()>& done) {
    bool over = false;
    const TimerId end = call_at(now() + within, [&over] { over = true; });
    bool said_so = false;
    run([&] { return (done && (said_so = done())) || over; });
    cancel(end);
    return said_so;
}

void AsioLoop::stop() {
    boost::asio::post(state_->io, [this] { state_->stopping = true; });
}

void AsioLoop::on_signal(int signal, std::function<void()> call) {
    state_->signals.add(signal);
    state_->signal_calls.emplace_back(signal, std::move(call));
    if (state_->signal_calls.size() == 1) state_->await_signal();
}

}  // namespace net
