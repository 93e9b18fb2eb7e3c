#include "pcap/tshark.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

extern char** environ;

namespace pcap {
namespace {

constexpr int patience_ms = 120'000;  // without any output

class Tshark final : public Source {
public:
    Tshark(const std::vector<std::string>& words, std::function<bool()> stop) : stop_(std::move(stop)) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw CaptureError(std::string("tshark cannot be started: ") + std::strerror(errno));
        out_ = ends[0];
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        std::vector<char*> arguments;
        for (const auto& w : words) arguments.push_back(const_cast<char*>(w.c_str()));
        arguments.push_back(nullptr);
        const int failed = ::posix_spawnp(&child_, "tshark", &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (failed == 0) return;
        child_ = -1;
        ::close(out_);
        throw CaptureError("--keylog: tshark decrypts, and cannot be started (" + std::string(std::strerror(failed)) +
                           "); install it: apt install tshark");
    }
    ~Tshark() override {
        ::close(out_);
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }
    Tshark(const Tshark&) = delete;
    Tshark& operator=(const Tshark&) = delete;

    std::size_t read(std::span<std::uint8_t> into) override {
        pollfd wait{out_, POLLIN, 0};
        for (;;) {
            const int ready = ::poll(&wait, 1, patience_ms);
            if (ready == 0)
                throw CaptureError("tshark gave nothing for two minutes and was ended; try it without --keylog");
            if (stop_ && stop_()) return 0;
            if (ready < 0 && errno == EINTR) continue;
            const auto n = ::read(out_, into.data(), into.size());
            if (n < 0 && errno == EINTR) continue;
            if (n > 0) taken_ += std::uint64_t(n);
            if (n <= 0) finish();
            return n > 0 ? std::size_t(n) : 0;
        }
    }
    std::uint64_t taken() const override { return taken_; }

private:
    void finish() {
        int status = 0;
        if (child_ > 0 && ::waitpid(child_, &status, 0) == child_) child_ = -1;
        if (taken_ == 0)
            throw CaptureError("tshark gave nothing (exit code " + std::to_string(WEXITSTATUS(status)) +
                               "); see why: tshark -r FILE -o tls.keylog_file:KEYLOG");
    }
    std::function<bool()> stop_;
    pid_t child_ = -1;
    int out_ = -1;
    std::uint64_t taken_ = 0;
};

}  // namespace

std::unique_ptr<Source> decrypted_by_tshark(const std::string& path, const Options& options) {
    if (path == "-") throw CaptureError("--keylog: needs a file, for tshark reads it too; the standard input is none");
    if (::access(options.keylog.c_str(), R_OK) != 0)
        throw CaptureError("--keylog " + options.keylog + ": cannot be read: " + std::strerror(errno));
    std::vector<std::string> words{"tshark", "-n", "-Q", "-r", path, "-o", "tls.keylog_file:" + options.keylog};
    for (const auto& [port, what] : options.ports)
        if (what == Carried::tls) words.insert(words.end(), {"-d", "tcp.port==" + std::to_string(port) + ",tls"});
    // As "data" each record is told once; a dissector of MQTT would have large packets told again once they are whole,
    // and so would that of HTTP, which is found by its name in the handshake and by its first words.
    words.insert(words.end(), {"--disable-protocol", "http", "--disable-protocol", "http2"});
    words.insert(words.end(), {"-d", "tls.port==1-65535,data", "-U", "OSI layer 7", "-w", "-"});
    return std::make_unique<Tshark>(words, options.stop);
}

}  // namespace pcap
