// Runs many cases side by side on one loop: real (runner.cpp) or virtual (proof.cpp). One thread, no fixed sleeps.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "conformance/capabilities.hpp"
#include "conformance/case.hpp"
#include "conformance/results.hpp"
#include "conformance/run_options.hpp"

namespace conformance {

struct EngineOptions {
    net::Target target;
    const Profile& profile;
    std::map<mqtt::Version, Capabilities> offers;  // of the versions that are run
    std::size_t jobs = 64;
    net::Duration patience = std::chrono::seconds(5);
    std::uint64_t seed = 1;
    bool keep_packets = false;  // of findings, see CaseResult
    bool keep_ladders = false;  // of passes too
    std::function<bool()> cancelled = [] { return false; };
    std::function<void(const CaseResult&)> done = [](const CaseResult&) {};
};

/// Twelve letters and digits, other ones for every (seed, index).
std::string unique_name(std::uint64_t seed, std::uint64_t index);

class Engine {
public:
    Engine(net::Loop& loop, EngineOptions options);
    ~Engine();
    /// Queues one run of a case in one version.
    void add(const Case&, mqtt::Version);
    /// Starts as many as may be under way; more follow as those end.
    void start();
    bool finished() const { return running_ == 0 && (next_ == jobs_.size() || stopped_); }
    /// No further case is started; those under way are abandoned.
    void abandon();
    /// Why the target is taken for lost: then no further case is started.
    const std::string& lost() const { return lost_; }
    /// Of the cases that ran, in the order they were added.
    std::vector<CaseResult> take_results();

private:
    struct Job;
    Task<void> execute(Job&);
    void start_next();
    void ended(Job&);
    std::string reason_to_skip(const Job&) const;
    void note_link(const Job&);

    net::Loop& loop_;
    EngineOptions options_;
    std::vector<std::unique_ptr<Job>> jobs_;
    std::size_t next_ = 0, running_ = 0;
    unsigned dead_links_ = 0;
    bool stopped_ = false, starting_ = false;
    std::string lost_;
};

}  // namespace conformance
