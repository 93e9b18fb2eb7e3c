// kill -9 in the middle of load, again and again: what the broker acknowledged is there after each restart.
// Usage: kill_test ROUNDS [SEED]; MQTTSPEC_PROGRAM is the program. Exit code 0: nothing was lost, nothing came twice.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "cli/tests/kill/clients.hpp"
#include "net/asio_loop.hpp"

extern char** environ;

namespace kill_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using mqtt::QoS;
using mqtt::Version;
constexpr net::Duration patience = 30s;

/// `mqttspec broker --store`, until it is killed.
class Broker {
public:
    Broker(const std::string& program, const fs::path& store) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        std::string file = store.string(), name = program;
        char* const arguments[]{name.data(), const_cast<char*>("broker"), const_cast<char*>("--port"),
                                const_cast<char*>("0"), const_cast<char*>("--store"), file.data(), nullptr};
        const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        if (error == 0) port_ = read_port(ends[0]);
        close(ends[0]);
    }
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;
    ~Broker() { kill(SIGKILL); }
    std::uint16_t port() const { return port_; }  // 0: it did not start
    int kill(int signal) {
        if (pid_ <= 0) return -1;
        ::kill(pid_, signal);
        int status = 0;
        waitpid(std::exchange(pid_, 0), &status, 0);
        return status;
    }

private:
    static std::uint16_t read_port(int from) {
        std::string line;
        for (char c = 0; c != '\n' && ::read(from, &c, 1) == 1;) line += c;
        const auto colon = line.rfind(':');
        return line.starts_with("ready ") ? static_cast<std::uint16_t>(std::atoi(line.c_str() + colon + 1))
                                          : std::uint16_t{0};
    }
    pid_t pid_ = 0;
    std::uint16_t port_ = 0;
};

class Test {
public:
    Test(std::string program, std::uint64_t seed) : program_(std::move(program)), run_{loop_, Dice(seed)} {
        fs::path home = fs::temp_directory_path();
        std::string name = (home / "mqttspec-kill-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        for (unsigned i = 0; i < 4; ++i) {
            publishers_.push_back(std::make_unique<Publisher>(run_, "p" + std::to_string(i), version(i), 5 + 15 * i));
            const auto qos = i < 2 ? QoS::exactly_once : QoS::at_least_once;
            subscribers_.push_back(std::make_unique<Subscriber>(run_, "s" + std::to_string(i), version(i), "load/#", qos));
        }
        changer_ = std::make_unique<Changer>(run_, "changer");
        heirs_.push_back(std::make_unique<Subscriber>(run_, "heir3", Version::v3_1_1, "will", QoS::exactly_once));
        heirs_.push_back(std::make_unique<Subscriber>(run_, "heir5", Version::v5, "will", QoS::exactly_once));
    }
    ~Test() {
        broker_.reset();
        if (run_.finding.empty()) fs::remove_all(folder_);
        else std::cout << "the store is kept: " << folder_ << "\n";
    }

    bool rounds(unsigned count);

private:
    static Version version(unsigned i) { return i % 2 == 0 ? Version::v5 : Version::v3_1_1; }
    template <class Do> void each(Do what) {
        for (auto& c : publishers_) what(*c);
        for (auto& c : subscribers_) what(*c);
        for (auto& c : heirs_) what(*c);
        what(*changer_);
    }
    bool await(const std::string& what, const std::function<bool()>& done);
    bool start();
    void load();
    void kill();
    bool drain();
    void send_mortals(unsigned round);
    void bury();
    bool everything_came();
    bool check_retained();
    void check_void_wills();

    net::AsioLoop loop_;
    std::string program_;
    fs::path folder_;
    Run run_;
    std::unique_ptr<Broker> broker_;
    std::vector<std::unique_ptr<Publisher>> publishers_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_, heirs_;
    std::unique_ptr<Changer> changer_;
    std::vector<std::unique_ptr<Mortal>> mortals_;
    std::set<std::string> due_wills_, void_wills_;  // that have to come; that must not
    std::size_t kills_amid_ = 0;                     // with packets open
    std::size_t messages_ = 0, wills_ = 0;           // that were found to have come
};

bool Test::await(const std::string& what, const std::function<bool()>& done) {
    if (loop_.run_for(patience, [&] { return !run_.finding.empty() || done(); })) return run_.finding.empty();
    run_.found(what + " within 30 s");
    return false;
}

bool Test::start() {
    broker_ = std::make_unique<Broker>(program_, folder_ / "store");
    run_.port = broker_->port();
    if (run_.port == 0) run_.found("the broker does not start");
    each([](Client& c) { c.dial(); });
    return run_.finding.empty();
}

/// Clients that have a will: some leave, some break off, the rest is there at the kill.
void Test::send_mortals(unsigned round) {
    for (unsigned i = 0; i < 4; ++i) {
        const auto id = "m" + std::to_string(round) + "-" + std::to_string(i);
        mortals_.push_back(std::make_unique<Mortal>(run_, id, version(i), run_.up_to(1)));
        mortals_.back()->dial();
    }
}

void Test::load() {
    for (auto& p : publishers_) p->run(true);
    changer_->run(true);
    const auto end = loop_.now() + std::chrono::microseconds(run_.up_to(250'000));
    bool met = false;
    loop_.run_for(end - loop_.now(), [&] {
        if (met || loop_.now() < end - 20ms) return !run_.finding.empty();
        met = true;
        for (auto& m : mortals_) {
            const auto what = run_.up_to(3);
            if (m->online() && what == 0) m->leave();
            if (m->online() && what == 1) m->cut();
        }
        return false;
    });
}

void Test::kill() {
    for (const auto& p : publishers_) kills_amid_ += p->online() && !p->settled();
    broker_->kill(SIGKILL);
    bury();
    each([](Client& c) { c.cut(); });
}

/// Whose will has to be published, now or after the restart. Of who was leaving only the broker knows.
void Test::bury() {
    for (auto& m : mortals_) {
        if (m->left()) void_wills_.insert(m->will());
        else if (m->was_online() && !m->leaves()) due_wills_.insert(m->will());
        m->cut();
    }
    mortals_.clear();
}

/// To all whom it concerns.
bool Test::everything_came() {
    std::vector<std::pair<Subscriber*, std::string>> missing;
    for (auto& p : publishers_) {
        for (auto& s : subscribers_)
            for (const auto& [payload, qos] : p->acknowledged) missing.emplace_back(s.get(), payload);
        messages_ += std::exchange(p->acknowledged, {}).size();
    }
    for (auto& heir : heirs_)
        for (const auto& will : due_wills_) missing.emplace_back(heir.get(), will);
    wills_ += std::exchange(due_wills_, {}).size();
    const auto none = [&] {
        while (!missing.empty() && missing.back().first->received.contains(missing.back().second)) missing.pop_back();
        return missing.empty();
    };
    if (await("an acknowledged message or a will does not come", none)) return true;
    if (!missing.empty())
        std::cout << "missed by " << missing.back().first->id() << ": " << missing.back().second.substr(0, 30) << "\n";
    return false;
}

void Test::check_void_wills() {
    for (const auto& heir : heirs_)
        for (const auto& will : void_wills_)
            if (heir->received.contains(will)) run_.found(heir->id() + ": after DISCONNECT came the " + will);
}

/// The last one that was acknowledged, or one after it that was not.
bool Test::check_retained() {
    Subscriber reader(run_, "reader", Version::v5, "load/kept/#", QoS::at_least_once, false);
    std::size_t topics = 0;
    for (const auto& p : publishers_) topics += p->retained.size();
    reader.lazy = false;
    reader.dial();
    if (!await("retained messages do not come", [&] { return reader.received.size() >= topics; })) return false;
    reader.leave();
    for (const auto& p : publishers_)
        for (const auto& [topic, values] : p->retained)
            if (!std::ranges::any_of(values, [&](const auto& v) { return reader.received.contains(v); }))
                run_.found("of " + topic + " an old message is retained, not " + values.front().substr(0, 20));
    return await("the reader does not leave", [&] { return reader.left(); });
}

/// Nothing new; all that is open comes to its end.
bool Test::drain() {
    for (auto& p : publishers_) p->run(false);
    changer_->run(false);
    each([](Client& c) {
        if (auto* s = dynamic_cast<Subscriber*>(&c)) s->lazy = false;
        c.cut();  // and comes back, for what it left unanswered
        c.dial();
    });
    const auto idle = [&] {
        bool all = true;
        each([&](Client& c) { all = all && c.settled(); });
        return all;
    };
    if (!await("open packets are not settled", idle)) return false;
    if (!everything_came() || !check_retained()) return false;
    for (auto& s : subscribers_) s->lazy = true;
    for (auto& s : heirs_) s->lazy = true;
    return run_.finding.empty();
}

bool Test::rounds(unsigned count) {
    if (!start() || !await("the first connections", [&] {  // from here on all of them have sessions
            bool all = true;
            each([&](Client& c) { all = all && c.settled(); });
            return all;
        }))
        return false;
    std::size_t drains = 0;
    for (unsigned round = 1; round <= count && run_.finding.empty(); ++round) {
        send_mortals(round);
        load();
        kill();
        if (!start()) break;
        if (run_.up_to(2) == 0 || round == count) drains += drain();
        check_void_wills();
        if (!run_.finding.empty()) std::cout << "round " << round << ": ";
    }
    if (!run_.finding.empty()) std::cout << run_.finding << "\n";
    std::cout << count << " kills, " << kills_amid_ << " times a publisher had packets open, " << messages_
              << " messages and " << wills_ << " wills had to come, " << void_wills_.size() << " wills must not, "
              << drains << " times all was looked at\n";
    return run_.finding.empty();
}

}  // namespace
}  // namespace kill_test

int main(int argc, char** argv) {
    const char* program = std::getenv("MQTTSPEC_PROGRAM");
    if (!program || argc < 2) {
        std::cerr << "usage: MQTTSPEC_PROGRAM=mqttspec kill_test ROUNDS [SEED]\n";
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
    std::cout << "seed " << seed << std::endl;
    kill_test::Test test(program, seed);
    return test.rounds(static_cast<unsigned>(std::atoi(argv[1]))) ? 0 : 1;
}
