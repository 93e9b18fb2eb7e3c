// `mqttspec test` and `mqttspec probe`: the suite against a broker on the network, or the embedded one behind real TCP.
#include "conformance/runner.hpp"

#include <nlohmann/json.hpp>

#include "conformance/embedded.hpp"
#include "conformance/engine.hpp"
#include "net/asio_loop.hpp"
#include "net/tls.hpp"
#include "net/websocket.hpp"
#include "peer/failure.hpp"
#include "reference/server.hpp"

namespace conformance {
namespace {

using namespace std::chrono_literals;
using mqtt::Version;

constexpr net::Duration probe_patience = 2s;  // a silent target is named within 10 s in all
constexpr net::Duration probe_deadline = 9s;
constexpr net::Duration poll_cancelled = 50ms;

/// The target, and the broker behind it where it is the embedded one.
struct Reached {
    net::Target target;
    Profile profile;
    std::unique_ptr<reference::Server> server;
};

Reached reach(const Target& target, const Profile& profile) {
    Reached r{net_target(target), profile, nullptr};
    r.target.tolerant = true;  // the cases about WebSocket judge what is passed over here
    if (target.embedded) {
        r.profile = embedded_profile();
        r.server = std::make_unique<reference::Server>(embedded_settings(), reference::ServerOptions{});
        r.server->start();
        r.target = {"127.0.0.1", r.server->port(), 5s};
    }
    if (!target.login.empty()) r.profile.login = target.login;
    return r;
}

/// Runs one task on the loop; throws what it throws.
void finish(net::AsioLoop& loop, peer::Task<void> task, net::Duration within) {
    bool over = false;
    std::exception_ptr thrown;
    peer::Running running;
    peer::start(running, std::move(task), [&](std::exception_ptr e) {
        over = true;
        thrown = e;
    });
    loop.run_for(within, [&] { return over; });
    running.abandon();
    if (thrown) std::rethrow_exception(thrown);
    if (!over) throw TargetError("no end to probing");
}

bool is_login_refusal(const Capabilities& c) {
    if (!c.refusal_code) return false;
    const auto code = *c.refusal_code;
    return code == 4 || code == 5 || code == 0x86 || code == 0x87 || code == 0x8c;
}

using Offers = std::map<Version, Capabilities>;

Offers find_out(net::AsioLoop& loop, const Reached& at, const std::string& url, const std::vector<Version>& versions,
                net::Duration patience, std::uint64_t seed) {
    Offers offers;
    for (Version v : versions) {
        Capabilities& found = offers[v];
        net::Target target = at.target;
        target.within = std::min(patience, probe_patience) * 9 / 10;  // less, so that its reason is told
        const ProbeContext context{loop, target, at.profile, std::min(patience, probe_patience),
                                   unique_name(seed, 0xfffffff0u + unsigned(v))};
        try {
            finish(loop, probe_version(context, v, found), probe_deadline);
        } catch (const peer::LinkError& e) {
            throw TargetError(url + ": " + e.what());
        }
        if (found.no_mqtt) throw TargetError(url + ": " + found.refusal);
        if (is_login_refusal(found))
            throw TargetError(url + ": login refused: " + found.refusal +
                              "; give another with --username and --password");
        apply(at.profile, found);
    }
    for (auto& [v, found] : offers)
        if (found.spoken) return offers;
    for (auto& [v, found] : offers)
        if (found.refers) throw TargetError(url + ": " + found.refusal);
    throw TargetError(url + ": " + offers.begin()->second.refusal);
}

std::string capabilities_json(const Offers& offers) {
    nlohmann::ordered_json all = nlohmann::ordered_json::object();
    for (auto& [v, found] : offers) all[std::string(mqtt::name(v))] = nlohmann::ordered_json::parse(to_json(found));
    return all.dump();
}

std::vector<Version> versions_of(const std::vector<Selected>& cases) {
    std::vector<Version> versions;
    for (Version v : {Version::v3_1_1, Version::v5})
        for (const Selected& s : cases)
            if (s.protocol == v) {
                versions.push_back(v);
                break;
            }
    return versions;
}

/// Looks every now and then whether Ctrl-C was pressed.
void watch(net::AsioLoop& loop, Engine& engine, const std::function<bool()>& cancelled) {
    loop.call_at(loop.now() + poll_cancelled, [&] {
        if (cancelled())
            engine.abandon();
        else
            watch(loop, engine, cancelled);
    });
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

net::Target net_target(const Target& t) try {
    net::Target at{t.host, t.port, 5s, t.transport, t.path};
    if (net::has_tls(t.transport)) at.tls = net::tls_client_context(t.tls);
    if (net::has_frames(t.transport) && !net::can_websocket())
        throw UsageError("this build has no WebSocket (-DMQTTSPEC_WEBSOCKET=OFF)");
    return at;
} catch (const net::TlsFault& fault) {
    throw UsageError(fault.what());
}

RunResult run(const RunOptions& options, Progress& progress) {
    net::raise_descriptor_limit();
    RunResult result;
    const auto begin = std::chrono::steady_clock::now();
    result.started = std::chrono::system_clock::now();
    result.seed = options.seed;
    const Reached at = reach(options.target, options.profile);
    result.target_url = options.target.url();
    result.target_name = at.profile.name;

    net::AsioLoop loop;
    auto offers = find_out(loop, at, result.target_url, versions_of(options.cases), options.timeout, options.seed);
    result.capabilities_json = capabilities_json(offers);
    EngineOptions how{at.target,
                      at.profile,
                      offers,
                      options.jobs,
                      options.timeout,
                      options.seed,
                      options.keep_packets,
                      options.verbose,
                      options.cancelled,
                      [&](const CaseResult& r) { progress.done(r.name, r.verdict); }};
    Engine engine(loop, std::move(how));
    for (unsigned n = 0; n < options.repeat; ++n)
        for (const Selected& s : options.cases) engine.add(*find_case(s.info->name), s.protocol);
    progress.begin(options.cases.size() * options.repeat);
    watch(loop, engine, options.cancelled);
    engine.start();
    loop.run([&] { return engine.finished(); });
    progress.end();

    result.cases = engine.take_results();
    result.interrupted = options.cancelled();
    result.lost = engine.lost();
    result.duration_s = seconds_since(begin);
    return result;
}

ProbeResult probe(const ProbeOptions& options) {
    net::raise_descriptor_limit();
    ProbeResult result;
    const auto begin = std::chrono::steady_clock::now();
    result.started = std::chrono::system_clock::now();
    const Reached at = reach(options.target, options.profile);
    result.target_url = options.target.url();
    result.target_name = at.profile.name;
    net::AsioLoop loop;
    const auto seed = std::uint64_t(result.started.time_since_epoch().count());
    for (auto& [v, found] : find_out(loop, at, result.target_url, options.versions, options.timeout, seed))
        for (auto& f : findings(found, v)) result.findings.push_back(f);
    result.profile = options.profile;
    result.duration_s = seconds_since(begin);
    return result;
}

}  // namespace conformance
