// The loop over real TCP, on Boost.Asio; what includes this still does not include Asio.
#pragma once
#include "net/loop.hpp"

namespace net {

/// Raises the soft limit of open files to the hard one; returns the limit now in force.
std::size_t raise_descriptor_limit();

/// One thread: every member but stop() is to be called on the one that runs it.
class AsioLoop final : public Loop {
public:
    AsioLoop();
    ~AsioLoop() override;

    Time now() const override;
    TimerId call_at(Time, std::function<void()>) override;
    void cancel(TimerId) override;
    std::unique_ptr<Stream> dial(const Target&, Events&) override;

    /// Until `done` says so (asked after every event) or stop() is called; waits where nothing is to be done.
    void run(const std::function<bool()>& done = {});
    /// Until `done` says so, stop() or that time has passed; true if `done` said so.
    bool run_for(Duration, const std::function<bool()>& done = {});
    /// May be called from any thread; ends the run that is going on, or the next one.
    void stop();
    /// Calls from the loop whenever the process gets that signal (SIGINT, SIGTERM).
    void on_signal(int signal, std::function<void()>);

    struct State;  // private to net/

private:
    std::shared_ptr<State> state_;
};

}  // namespace net
