#include "cli/progress.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace cli {
namespace {

using conformance::Verdict;

class Silent final : public conformance::Progress {
    void begin(std::size_t) override {}
    void done(const std::string&, Verdict) override {}
    void end() override {}
};

/// One line that is written over, at most twenty times a second. `prove` reports from several threads.
class Line final : public conformance::Progress {
    using Clock = std::chrono::steady_clock;

public:
    void begin(std::size_t total) override { total_ = total; }
    void done(const std::string& what, Verdict verdict) override {
        const std::lock_guard lock(mutex_);
        ++done_;
        bad_ += verdict == Verdict::fail || verdict == Verdict::error;
        if (Clock::now() < next_) return;
        next_ = Clock::now() + std::chrono::milliseconds(50);
        std::fprintf(stderr, "\r\033[K%zu/%zu, %zu bad  %.60s", done_, total_, bad_, what.c_str());
        std::fflush(stderr);
    }
    void end() override {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }

private:
    std::mutex mutex_;
    std::size_t total_ = 0, done_ = 0, bad_ = 0;
    Clock::time_point next_{};
};

std::atomic<bool> noted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

extern "C" void note_interrupt(int) {
    if (noted.exchange(true)) _exit(130);
}

}  // namespace

std::unique_ptr<conformance::Progress> terminal_progress(bool wanted) {
    if (wanted && isatty(STDERR_FILENO)) return std::make_unique<Line>();
    return std::make_unique<Silent>();
}

bool colour_wanted() {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && !(terminal && std::string(terminal) == "dumb");
}

void catch_interrupts() {
    struct sigaction action{};
    action.sa_handler = note_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return noted; }

}  // namespace cli
