// `mqttspec prove`: every violation of the reference broker is run in virtual time and has to be caught by a case that
// names its statement; every case has to catch one; no legal choice may be accused.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/embedded.hpp"
#include "conformance/engine.hpp"
#include "conformance/runner.hpp"
#include "conformance/virtual_network.hpp"
#include "net/websocket.hpp"
#include "reference/policy.hpp"

namespace conformance {
namespace {

using mqtt::Version;
constexpr std::size_t wide = 5;  // more unrelated failures than this want a reason

/// One suite run: a violation or a choice (or neither), in one version.
struct Trial {
    std::optional<reference::Break> violation;
    const reference::Variation* choice = nullptr;
    Version version{};
    net::Transport transport = net::Transport::tcp;
    std::vector<CaseResult> results{};
    std::string broken{};  // why the trial itself failed
};

/// Probes and runs every selected case of the version against a broker of its own, all in virtual time.
void run_trial(Trial& trial, const ProofOptions& options) {
    auto settings = embedded_settings();
    if (trial.choice) trial.choice->apply(settings);
    if (trial.violation) settings.policy.violate(*trial.violation);
    VirtualNetwork network(std::move(settings));
    const Profile profile = embedded_profile();
    net::Target target{"virtual", 1883};
    target.transport = trial.transport;
    target.tolerant = true;
    Capabilities offers;
    bool probed = false;
    const ProbeContext context{network, target, profile, std::chrono::seconds(2), unique_name(options.seed, 0xfffffff0u)};
    auto probing = peer::start(probe_version(context, trial.version, offers), [&](std::exception_ptr) { probed = true; });
    network.run([&] { return probed; });
    apply(profile, offers);
    Engine engine(network, EngineOptions{target, profile, {{trial.version, offers}}, 64, std::chrono::seconds(5), options.seed});
    for (const Selected& s : options.cases)
        if (s.protocol == trial.version) engine.add(*find_case(s.info->name), s.protocol);
    engine.start();
    network.run([&] { return engine.finished(); });
    if (!engine.finished()) trial.broken = "the run came to a standstill";
    trial.results = engine.take_results();
}

std::vector<Trial> plan(const ProofOptions& options) {
    std::vector<Trial> trials;
    const bool all = options.violations.empty();
    std::set<Version> versions;
    for (const Selected& s : options.cases) versions.insert(s.protocol);
    for (Version v : versions) {
        if (all) trials.push_back({{}, nullptr, v});
        if (all && net::can_websocket()) trials.push_back({{}, nullptr, v, net::Transport::ws});
        for (std::size_t i = 0; i < reference::violations().size(); ++i) {
            const auto& row = reference::violations()[i];
            const bool wanted = all || std::find(options.violations.begin(), options.violations.end(), row.id) != options.violations.end();
            const auto statement = row.statements.in(v);
            const bool framed = statement.starts_with("MQTT-6.");  // shows over WebSocket alone
            if (!wanted || statement.empty() || (framed && !net::can_websocket())) continue;
            const auto transport = framed ? net::Transport::ws : net::Transport::tcp;
            trials.push_back({reference::Break(unsigned(i)), setting_for(row.id), v, transport});
        }
        if (all)
            for (const reference::Variation& c : reference::variations()) trials.push_back({{}, &c, v});
    }
    return trials;
}

void run_all(std::vector<Trial>& trials, const ProofOptions& options, Progress& progress) {
    std::atomic<std::size_t> next = 0;
    std::mutex telling;
    auto work = [&] {
        for (std::size_t i; (i = next++) < trials.size() && !options.cancelled();) {
            Trial& t = trials[i];
            try {
                run_trial(t, options);
            } catch (const std::exception& e) {
                t.broken = e.what();
            }
            const std::lock_guard lock(telling);
            const auto what = t.violation ? reference::row(*t.violation).id : t.choice ? t.choice->id : "honest";
            progress.done(std::string(what), t.broken.empty() ? Verdict::pass : Verdict::error);
        }
    };
    const unsigned threads = options.jobs ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::jthread> pool;
    for (unsigned n = 0; n < threads; ++n) pool.emplace_back(work);
}

bool is_caught(const CaseResult& r) { return r.verdict == Verdict::fail || r.verdict == Verdict::warn; }

bool names(const CaseResult& r, std::string_view statement) {
    return std::find(r.statements.begin(), r.statements.end(), statement) != r.statements.end();
}

ProofRow judge_violation(const Trial& t, std::set<std::string>& useful, ProofResult& result) {
    const auto& row = reference::row(*t.violation);
    ProofRow out{std::string(row.id), t.version, std::string(row.statements.in(t.version)), {}, {}};
    bool only_warned = true;
    for (const CaseResult& r : t.results) {
        if (is_caught(r) && names(r, out.statement)) {
            out.caught_by.push_back(r.name);
            useful.insert(r.name);
            only_warned = only_warned && r.verdict == Verdict::warn;
        } else if (r.verdict == Verdict::fail || r.verdict == Verdict::error) {
            out.also_failed.push_back(r.name);
        }
    }
    const std::string who = out.violation + " (" + std::string(mqtt::name(t.version)) + ")";
    if (out.caught() && only_warned) result.notes.push_back(who + " is caught by warnings only");
    if (out.also_failed.size() > wide) {
        const auto why = reason_for_width(row.id);
        result.unexplained += why.empty();
        result.notes.push_back(who + " makes " + std::to_string(out.also_failed.size()) + " other cases fail: " +
                        (why.empty() ? "NO REASON IS GIVEN" : std::string(why)));
    }
    return out;
}

Variation judge_choice(const Trial& t) {
    const char* honest = net::has_frames(t.transport) ? "honest_over_websocket" : "honest";
    Variation out{t.choice ? std::string(t.choice->id) : honest, t.version, {}};
    for (const CaseResult& r : t.results)
        if (r.verdict == Verdict::fail || r.verdict == Verdict::error || (!t.choice && r.verdict == Verdict::warn))
            out.accused_by.push_back(r.name + ": " + r.message);
    return out;
}

bool can_run(const Case& c) {
    const auto& needs = c.covers.needs;
    return net::can_websocket() || std::find(needs.begin(), needs.end(), Need::websocket) == needs.end();
}

}  // namespace

ProofResult prove(const ProofOptions& options, Progress& progress) {
    ProofResult result;
    const auto begin = std::chrono::steady_clock::now();
    result.started = std::chrono::system_clock::now();
    result.seed = options.seed;
    auto trials = plan(options);
    progress.begin(trials.size());
    run_all(trials, options, progress);
    progress.end();

    std::set<std::string> useful, ran;
    for (const Trial& t : trials) {
        result.broken += !t.broken.empty();
        if (!t.broken.empty())
            result.notes.push_back("the harness failed in " + std::string(t.violation ? reference::row(*t.violation).id : t.choice ? t.choice->id : "honest") + ": " + t.broken);
        for (const CaseResult& r : t.results)
            if (r.verdict != Verdict::skip) ran.insert(r.name);
        if (t.violation) result.rows.push_back(judge_violation(t, useful, result));
        else result.variations.push_back(judge_choice(t));
    }
    if (options.violations.empty())
        for (const Case& c : cases())
            if (!useful.contains(std::string(c.full_name)) && can_run(c) &&
                std::any_of(options.cases.begin(), options.cases.end(), [&](auto& s) { return s.info->name == c.full_name; }))
                result.idle_cases.emplace_back(c.full_name);
    result.interrupted = options.cancelled();
    result.duration_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

}  // namespace conformance
