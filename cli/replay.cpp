// mqttspec replay: what clients of a capture sent, sent again; what the broker answers, held against the capture.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/replay_options.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/text.hpp"
#include "conformance/runner.hpp"
#include "conformance/toml.hpp"
#include "net/asio_loop.hpp"
#include "replay/diff_runs.hpp"
#include "replay/from_capture.hpp"
#include "replay/reports.hpp"

namespace cli {
namespace {

using conformance::ReportFile;

/// The first octets of a file; of the standard input none are taken: there it is a capture.
bool begins_as_scenario(const std::string& path) {
    if (path == "-") return false;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) usage(path + ": cannot be read: " + std::strerror(errno));
    std::string beginning(4096, '\0');
    beginning.resize(std::fread(beginning.data(), 1, beginning.size(), file));
    std::fclose(file);
    return scenario::is_scenario(beginning);
}

replay::Captured load(const ReplayOptions& o) try {
    if (o.capture.empty()) usage("replay: CAPTURE is missing");
    if (begins_as_scenario(o.capture)) {
        replay::Captured out{scenario::read(conformance::read_file(o.capture), o.capture), {}};
        if (out.scenario.source.empty()) out.scenario.source = o.capture;
        return out;
    }
    pcap::Options options;
    for (const auto& map : o.port_maps) pcap::add_port(options.ports, map);
    options.keylog = o.keylog;
    return replay::from_capture(o.capture, options);
} catch (const pcap::CaptureError& e) {
    usage(e.what());
} catch (const scenario::ScenarioError& e) {
    usage(e.what());
}

replay::Plan planned(const replay::Captured& captured, const replay::PlanOptions& options,
                     const std::string& name) try {
    return replay::plan(captured.scenario, options);
} catch (const scenario::ScenarioError& e) {
    usage(name + ": " + e.what());
}

/// The files of a run, all claimed before it starts.
struct Files {
    std::vector<std::pair<std::string, ReportFile>> reports;
    std::optional<ReportFile> baseline;

    explicit Files(const ReplayOptions& o) {
        for (const auto& input : o.runs) ReportFile::protect(input);
        ReportFile::protect(o.capture);
        ReportFile::protect(o.logins);
        if (!o.update_baseline) ReportFile::protect(o.baseline);
        for (const auto& text : o.reports) {
            const auto [format, path] = parse_report(text, {"json", "junit", "html", "md"});
            reports.emplace_back(format, ReportFile(path));
        }
        if (o.update_baseline && o.baseline.empty()) usage("--update-baseline: needs --baseline FILE.toml");
        if (o.update_baseline) baseline.emplace(o.baseline);
    }
    void write(const replay::Result& r, const replay::Judged& judged) {
        for (auto& [format, file] : reports)
            file.commit(format == "json"    ? replay::json_report(r)
                        : format == "junit" ? replay::junit_report(r, judged)
                        : format == "html"  ? replay::html_report(r, judged)
                                            : replay::markdown_report(r, judged));
    }
};

replay::Baseline known_baseline(const ReplayOptions& o) {
    if (o.baseline.empty() || (o.update_baseline && ::access(o.baseline.c_str(), F_OK) != 0)) return {};
    return replay::parse_baseline(conformance::read_file(o.baseline), o.baseline);
}

int tell(const ReplayOptions& o, const replay::Result& result, Files& files) {
    auto baseline = known_baseline(o);
    if (files.baseline && !result.interrupted && result.lost.empty()) {
        baseline = replay::updated(baseline, result);
        files.baseline->commit(replay::print_baseline(baseline));
    }
    const auto judged = replay::judge(result, baseline);
    fmt::print("{}", replay::text_report(result, judged, {o.common->quiet, o.common->verbose}));
    std::fflush(stdout);
    files.write(result, judged);
    if (!result.lost.empty())
        fmt::print(stderr, "mqttspec: {}: {}\n", conformance::printable(result.target_url),
                   conformance::printable(result.lost));
    return replay::exit_code(result, judged);
}

replay::Result read_run(const std::string& path) try {
    return replay::read_report(conformance::read_file(path));
} catch (const conformance::UsageError&) {
    throw;
} catch (const std::exception& e) {
    usage(path + ": " + e.what());
}

int diff_runs(const ReplayOptions& o) {
    if (!o.capture.empty()) usage("--diff-runs: takes two results, and no capture");
    Files files(o);
    return tell(o, replay::diff_runs(read_run(o.runs[0]), read_run(o.runs[1]), o.rules()), files);
}

int extract(const ReplayOptions& o, const replay::Captured& captured) {
    ReportFile::protect(o.capture);
    ReportFile file(o.extract);
    file.commit(scenario::write(captured.scenario, scenario::Secrets::masked));
    if (!o.common->quiet && o.extract != "-")
        fmt::print("{}: {}, {}\n", o.extract, conformance::counted(captured.scenario.sessions.size(), "session"),
                   conformance::counted(captured.scenario.steps.size(), "step"));
    return 0;
}

/// How many connections are open at the same time.
std::size_t most_at_once(const replay::Plan& plan) {
    std::size_t now = 0, most = 0;
    std::vector<bool> open(plan.connections.size());
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const auto session = plan.scenario->steps[i].session;
        const auto role = plan.items[i].role;
        const bool ends = role == replay::Role::close || role == replay::Role::closed;
        if (plan.connections[session].replayed && !open[session] && role == replay::Role::send)
            open[session] = true, ++now;
        if (ends && open[session]) open[session] = false, --now;
        most = std::max(most, now);
    }
    return most;
}

/// A socket for each of them, and some for the rest.
void allow_connections(const replay::Plan& plan) {
    const auto limit = net::raise_descriptor_limit(), wanted = most_at_once(plan) + 50;
    if (limit < wanted)
        usage(fmt::format("{} open files are needed, and this process may have {}: see ulimit -n", wanted, limit));
}

replay::Result run(const ReplayOptions& o, const replay::Plan& plan, const conformance::Target& target) {
    auto options = o.engine();
    options.target = conformance::net_target(target);
    options.target.within = std::min<net::Duration>(std::chrono::milliseconds(o.timeout), std::chrono::seconds(10));
    options.cancelled = interrupted;
    const auto begin = std::chrono::steady_clock::now();
    const auto started = std::chrono::system_clock::now();
    net::AsioLoop loop;
    replay::Engine engine(loop, plan, std::move(options));
    engine.start();
    loop.run([&] { return engine.finished(); });
    auto result = engine.take();
    result.started = started;
    result.duration_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result.source = plan.scenario->source;
    result.target_url = target.url();
    return result;
}

int run_replay(const ReplayOptions& o) {
    if (!o.runs.empty()) return diff_runs(o);
    const bool only_looks = o.inspect || !o.extract.empty();
    const auto target = o.target.resolve(*o.common);
    const auto captured = load(o);
    if (!o.extract.empty()) return extract(o, captured);
    auto options = o.plan(target.login.empty() ? std::nullopt : std::optional(target.login));
    if (only_looks && !options.login)  // nothing is sent: masked passwords do not matter
        options.login = [](const auto&, const auto&) { return std::optional(replay::Login{}); };
    const auto plan = planned(captured, options, o.capture);
    if (o.inspect) {
        fmt::print("{}", replay::inspection(plan, captured.remarks));
        return 0;
    }
    if (target.embedded) usage("a target is missing: mqtt://host[:port]");
    if (std::none_of(plan.connections.begin(), plan.connections.end(), [](const auto& c) { return c.replayed; }))
        usage(o.capture + ": no session in it can be replayed; --inspect tells why");
    known_baseline(o);
    Files files(o);
    allow_connections(plan);
    for (const auto& remark : captured.remarks)
        if (!o.common->quiet) fmt::print(stderr, "mqttspec: {}: {}\n", o.capture, conformance::printable(remark));
    catch_interrupts();
    return tell(o, run(o, plan, target), files);
}

}  // namespace

Command add_replay(CLI::App& program) {
    auto o = std::make_shared<ReplayOptions>();
    CLI::App* app = program.add_subcommand(
        "replay", "sends captured traffic to a broker again, and tells what it answers otherwise");
    o->add(*app);
    app->footer(
        "Exit code: 0 no difference, 1 differences, 2 wrong call or input, 3 target lost or login refused, 130 "
        "Ctrl-C.");
    return {app, o->common, [o] { return run_replay(*o); }};
}

}  // namespace cli
