// A loop whose other side is the test: it says what comes and looks at what was sent. Time is virtual.
#pragma once
#include <gtest/gtest.h>

#include "net/timers.hpp"
#include "peer/peer.hpp"

namespace peer::test {

class FakeLoop final : public net::Loop {
public:
    struct FakeStream final : net::Stream {
        FakeStream(FakeLoop& l, net::Events& e) : loop(l), events(&e) {}
        ~FakeStream() override {
            if (loop.events == events) loop.events = nullptr;
        }
        void send(std::string bytes) override { loop.sent.push_back(std::move(bytes)); }
        void half_close() override { loop.calls += "half_close "; }
        void close() override { loop.calls += "close "; }
        void reset() override { loop.calls += "reset "; }
        FakeLoop& loop;
        net::Events* events;
    };
    net::Time now() const override { return now_; }
    net::TimerId call_at(net::Time at, std::function<void()> call) override { return timers.add(at, std::move(call)); }
    void cancel(net::TimerId id) override { timers.cancel(id); }
    std::unique_ptr<net::Stream> dial(const net::Target&, net::Events& e) override {
        events = &e;
        return std::make_unique<FakeStream>(*this, e);
    }
    /// Does everything that is due at this moment.
    void settle() {
        while (timers.run_one(now_)) {
        }
    }
    void advance(net::Duration by) {
        for (const auto until = now_ + by; now_ < until;) {
            now_ = std::min(until, timers.earliest().value_or(until));
            settle();
        }
    }
    void open() { events->on_open(), settle(); }
    void end(net::End how) { events->on_end(how, "why"), settle(); }
    void bytes(std::string_view b) { events->on_bytes(mqtt::octets(b)), settle(); }
    template <class P> void packet(const P& p, mqtt::Version v = mqtt::Version::v5) { bytes(mqtt::encode(p, v)); }

    net::Timers timers;
    net::Events* events = nullptr;
    std::vector<std::string> sent;
    std::string calls;

private:
    net::Time now_{};
};

/// A peer over the fake loop, and one task that waits on it.
struct PeerTest : testing::Test {
    FakeLoop loop;
    std::shared_ptr<Transcript> transcript = std::make_shared<Transcript>();
    std::unique_ptr<Peer> peer = make();
    Running running;
    bool ended = false;
    std::string failure, expected, actual;
    std::optional<Failure::Cause> cause;
    std::optional<net::End> link_error;

    std::unique_ptr<Peer> make(net::Duration deadline = std::chrono::seconds(10)) {
        return std::make_unique<Peer>(Context{loop, transcript, loop.now() + deadline}, net::Target{},
                                      mqtt::Version::v5, "client");
    }
    void run(Task<void> task) {
        ended = false;
        cause.reset();
        failure.clear();
        start(running, std::move(task), [this](std::exception_ptr thrown) {
            ended = true;
            try {
                if (thrown) std::rethrow_exception(thrown);
            } catch (const Failure& f) {
                failure = f.what();
                expected = f.expected;
                actual = f.actual;
                cause = f.cause;
            } catch (const LinkError& e) {
                failure = e.what();
                link_error = e.how;
            }
        });
        loop.settle();
    }
};

}  // namespace peer::test
