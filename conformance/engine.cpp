#include "conformance/engine.hpp"

#include "conformance/kit.hpp"
#include "conformance/statements.hpp"

namespace conformance {
namespace {

constexpr std::size_t ladder_lines = 60;          // kept of a transcript
constexpr net::Duration shortest_deadline = 15s;  // of a case; timed cases take up to 5 s
constexpr unsigned links_to_lose = 3;             // network connections in a row that fail: the target is gone

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& p : parts) {
        if (out.find(p) != std::string::npos) continue;  // the same note from several variants
        if (!out.empty()) out += "; ";
        out += p;
    }
    return out;
}

std::vector<std::string> last_lines(const peer::Transcript& transcript) {
    auto lines = transcript.lines();
    if (lines.size() > ladder_lines) {
        const auto left_out = lines.size() - ladder_lines;
        lines.erase(lines.begin(), lines.begin() + std::ptrdiff_t(left_out));
        lines.insert(lines.begin(), "... " + std::to_string(left_out) + " earlier lines left out");
    }
    return lines;
}

}  // namespace

std::string unique_name(std::uint64_t seed, std::uint64_t index) {
    constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::uint64_t x = seed * 0x9e3779b97f4a7c15u + index + 1;
    std::string out;
    for (int n = 0; n < 12; ++n) {  // splitmix64, a letter at a time
        std::uint64_t z = (x += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        out += letters[(z ^ (z >> 31)) % letters.size()];
    }
    return out;
}

struct Engine::Job {
    const Case& of;
    mqtt::Version version;
    std::size_t index;
    CaseResult result{};
    std::unique_ptr<Test> test{};
    peer::Running running{};
    bool begun = false, over = false;
};

Engine::Engine(net::Loop& loop, EngineOptions options) : loop_(loop), options_(std::move(options)) {}
Engine::~Engine() = default;

void Engine::add(const Case& c, mqtt::Version v) {
    jobs_.push_back(std::make_unique<Job>(Job{c, v, jobs_.size()}));
    CaseResult& r = jobs_.back()->result;
    r.name = c.full_name;
    r.title = c.title;
    r.protocol = v;
    r.transport = net::name(options_.target.transport);
    for (auto id : c.covers.statements(v)) r.statements.emplace_back(id);
}

std::string Engine::reason_to_skip(const Job& job) const {
    const Capabilities& offers = options_.offers.at(job.version);
    if (!offers.spoken)
        return "the broker does not serve MQTT " + std::string(mqtt::name(job.version)) + ": " + offers.refusal;
    for (Need n : job.of.covers.needs)
        if (auto why = unmet(n, offers, options_.profile, job.version); !why.empty()) return why;
    return {};
}

void Engine::start() { start_next(); }
void Engine::start_next() {
    if (starting_) return;  // a job that ends at once comes back here
    starting_ = true;
    while (!stopped_ && next_ < jobs_.size() && running_ < options_.jobs) {
        if (options_.cancelled()) {
            stopped_ = true;
            break;
        }
        Job& job = *jobs_[next_++];
        job.begun = true;
        ++running_;
        peer::start(job.running, execute(job), [this, &job](std::exception_ptr) { ended(job); });
    }
    starting_ = false;
}

Task<void> Engine::execute(Job& job) {
    CaseResult& r = job.result;
    if (auto why = reason_to_skip(job); !why.empty()) {
        r.verdict = Verdict::skip;
        r.message = why;
        co_return;
    }
    const auto deadline = std::max<net::Duration>(shortest_deadline, options_.patience * 4);
    job.test = std::make_unique<Test>(Situation{loop_, options_.target, job.version, options_.offers.at(job.version),
                                                options_.profile, deadline, options_.patience,
                                                unique_name(options_.seed, job.index)});
    const auto begin = loop_.now();
    try {
        co_await job.of.run(*job.test);
        job.test->check_faults();
        r.verdict = !job.test->warnings().empty() ? Verdict::warn
                    : !job.test->notes().empty()  ? Verdict::info
                                                  : Verdict::pass;
    } catch (const Failure& f) {
        r.verdict = Verdict::fail;
        r.message = f.what();
        r.expected = f.expected;
        r.actual = f.actual;
    } catch (const Skipped& s) {
        r.verdict = Verdict::skip;
        r.message = s.what();
    } catch (const Unreachable& u) {
        r.verdict = Verdict::unreachable;
        r.message = u.what();
    } catch (const std::exception& e) {
        r.verdict = Verdict::error;
        r.message = e.what();
    }
    r.duration_ms = double((loop_.now() - begin).count()) / 1000;
    r.begun_s = double(begin.count()) / 1e6;
    const bool found = r.verdict == Verdict::fail || r.verdict == Verdict::warn || r.verdict == Verdict::error;
    if (found && options_.keep_packets)
        r.packets = std::make_shared<const std::vector<peer::Entry>>(job.test->transcript().masked());
    if (r.verdict != Verdict::pass || options_.keep_ladders) r.ladder = last_lines(job.test->transcript());
    co_await job.test->tidy_up();
}

void Engine::ended(Job& job) {
    CaseResult& r = job.result;
    if (job.test) {
        Test& test = *job.test;
        if (r.verdict == Verdict::warn) r.message = joined(test.warnings());
        if (r.verdict == Verdict::info) r.message = joined(test.notes());
        if (r.verdict == Verdict::fail && !test.warnings().empty())
            r.message += " (also: " + joined(test.warnings()) + ")";
        for (auto id : test.broken_by_malformed_packets())
            if (find_statement(id, job.version) &&
                std::find(r.statements.begin(), r.statements.end(), id) == r.statements.end())
                r.statements.emplace_back(id);
        note_link(job);
        job.test->silence();
        job.test.reset();
    }
    job.over = true;
    --running_;
    options_.done(r);
    start_next();
}

void Engine::note_link(const Job& job) {
    const std::string& why = job.test->link_error();
    dead_links_ = why.empty() ? 0 : dead_links_ + 1;
    if (dead_links_ < links_to_lose || stopped_) return;
    lost_ = why;
    stopped_ = true;
}

void Engine::abandon() {
    stopped_ = true;
    for (auto& job : jobs_) {
        if (!job->begun || job->over) continue;
        job->running.abandon();
        job->test.reset();
        --running_;
    }
}

std::vector<CaseResult> Engine::take_results() {
    std::vector<CaseResult> all;
    for (auto& job : jobs_)
        if (job->over) all.push_back(std::move(job->result));
    return all;
}

}  // namespace conformance
