// mqttspec bench: load against a live broker.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bench/load_report.hpp"
#include "bench/process_stats.hpp"
#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/target.hpp"
#include "conformance/patterns.hpp"
#include "conformance/reports/file.hpp"

namespace cli {
namespace {

using bench::Kind;
using bench::Load;

struct BenchCommand {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    TargetOptions target;
    std::vector<std::string> flows, reports;
    std::string versions = "3.1.1", time = "1s";
    unsigned qos = 0, publishers = 1, subscribers = 1, connections = 0, window = 100, batch = 100, under_way = 0,
             timeout = 10'000;
    std::size_t size = 16;
    std::uint64_t messages = 0, seed = 0;
    double rate = 1000;
    int pid = 0;
    CLI::Option *seed_option = nullptr, *qos_option = nullptr, *publishers_option = nullptr,
                *subscribers_option = nullptr, *batch_option = nullptr;
};

struct FlowRow {
    const char* name;
    Kind kind;
    unsigned qos, publishers, subscribers, batch, under_way, connections;
    const char* what;
};
/// In the order of the default run. 40 under way from each of fifty: devices do not send hundreds at once.
constexpr FlowRow flow_rows[]{
    {"one-to-one", Kind::traffic, 0, 1, 1, 100, 2'000, 0, "QoS 0, one publisher, one subscriber"},
    {"fan-out", Kind::traffic, 0, 1, 100, 100, 20'000, 0, "QoS 0, one publisher, 100 subscribers"},
    {"fan-in", Kind::traffic, 0, 50, 1, 10, 2'000, 0, "QoS 0, 50 publishers, one subscriber"},
    {"qos1", Kind::traffic, 1, 1, 1, 1, 20'000, 0, "QoS 1, one to one, with a window"},
    {"qos2", Kind::traffic, 2, 1, 1, 1, 20'000, 0, "QoS 2, one to one, with a window"},
    {"idle", Kind::idle, 0, 0, 0, 0, 0, 10'000, "connections that are opened and do nothing"},
    {"churn", Kind::churn, 0, 0, 0, 0, 0, 10'000, "CONNECT, CONNACK, DISCONNECT, again and again"},
    {"latency", Kind::latency, 0, 1, 1, 1, 20'000, 0, "a fixed rate, from when a message was to be sent"},
};

std::string flow_names() {
    std::string out;
    for (const auto& row : flow_rows) out += (out.empty() ? "" : ", ") + std::string(row.name);
    return out;
}

void add_options(CLI::App& app, BenchCommand& o) {
    const auto all = CLI::detail::expected_max_vector_size;
    const auto number = [&](const char* name, auto& to, auto least, auto most, const char* what, const char* type = "N") {
        return app.add_option(name, to, what)->check(CLI::Range(least, most))->type_name(type);
    };
    app.add_option("--flow", o.flows, "repeatable, all by default: " + flow_names())
        ->type_name("NAME")
        ->expected(1, all)
        ->allow_extra_args(false);
    o.qos_option = number("--qos", o.qos, 0, 2, "in place of the flow's own");
    number("--size", o.size, 0, 200'000'000, "octets of payload, 16 by default", "OCTETS");
    o.publishers_option = number("--publishers", o.publishers, 1, 60'000, "in place of the flow's own");
    o.subscribers_option = number("--subscribers", o.subscribers, 1, 60'000, "in place of the flow's own");
    number("--clients", o.connections, 1, 1'000'000, "connections of idle and churn, 10000 by default");
    number("--window", o.window, 1, 65'535, "QoS 1 and 2: unacknowledged messages per publisher, 100 by default");
    o.batch_option = number("--batch", o.batch, 1, 100'000, "QoS 0: messages per write, 100 by default, fan-in 10");
    number("--under-way", o.under_way, 1, 10'000'000,
           "deliveries not yet arrived, at most; 2000 by default, fan-out 20000");
    number("--rate", o.rate, 0.1, 1e6, "latency: messages per second, 1000 by default");
    app.add_option("--time", o.time, "of each flow, 1s by default; 500ms, 2s, 1m")->type_name("TIME");
    number("--messages", o.messages, 1, 2'000'000'000, "publish so many in place of a time");
    number("--pid", o.pid, 1, 1 << 30, "of a broker on this machine: its CPU and memory", "PID");
    number("--timeout", o.timeout, 1, 600'000, "how long the broker may take for an answer, or deliver nothing, in ms", "MS");
    app.add_option("--report", o.reports, "json=FILE")->type_name("FORMAT=FILE")->allow_extra_args(false);
    o.seed_option = app.add_option("--seed", o.seed, "of client ids and topic")->type_name("N");
}

/// "500ms", "2s", "1m", or seconds alone.
std::chrono::milliseconds parse_time(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string unit(end, text.data() + text.size());
    const double factor = unit == "ms" ? 1 : unit == "s" || unit.empty() ? 1000 : unit == "m" ? 60'000 : 0;
    if (error != std::errc() || factor == 0 || !(value * factor >= 1) || value * factor > 86'400'000)
        usage("--time " + text + ": has to be a time such as 500ms, 2s or 1m");
    return std::chrono::milliseconds(std::int64_t(value * factor));
}

std::vector<const FlowRow*> chosen(const BenchCommand& o) {
    std::vector<const FlowRow*> out;
    if (o.flows.empty() || (o.flows.size() == 1 && o.flows[0] == "all"))
        for (const auto& row : flow_rows) out.push_back(&row);
    else
        for (const auto& name : o.flows) {
            const auto row =
                std::find_if(std::begin(flow_rows), std::end(flow_rows), [&](const auto& r) { return name == r.name; });
            if (row == std::end(flow_rows)) usage("--flow " + name + ": is no flow; there are " + flow_names());
            out.push_back(row);
        }
    return out;
}

Load load_of(const BenchCommand& o, const FlowRow& row, const conformance::Target& target, mqtt::Version version) {
    const auto given = [&](const CLI::Option* option) { return o.common->source(option) != Source::none; };
    Load l;
    l.flow = row.name;
    l.kind = row.kind;
    l.target = conformance::net_target(target);
    l.target.within = std::chrono::milliseconds(o.timeout);
    l.user_name = target.login.user_name;
    l.password = target.login.password;
    l.version = version;
    l.qos = mqtt::QoS(given(o.qos_option) ? o.qos : row.qos);
    l.size = row.kind == Kind::latency ? std::max<std::size_t>(o.size, 8) : o.size;
    l.publishers = given(o.publishers_option) ? o.publishers : row.publishers;
    l.subscribers = given(o.subscribers_option) ? o.subscribers : row.subscribers;
    l.connections = o.connections ? o.connections : row.connections;
    l.window = o.window;
    l.under_way = std::max(o.under_way ? o.under_way : row.under_way, l.subscribers);
    l.batch = given(o.batch_option) ? o.batch : row.batch;
    l.rate = o.rate;
    l.time = parse_time(o.time);
    l.messages = o.messages;
    l.timeout = std::chrono::milliseconds(o.timeout);
    l.seed = o.seed;
    l.pid = o.pid;
    l.cancelled = interrupted;
    return l;
}

/// A socket each, and some for the rest.
void allow_connections(const Load& l) {
    const std::size_t at_once = l.kind == Kind::idle    ? l.connections
                                : l.kind == Kind::churn ? 50
                                                        : std::size_t(l.publishers) + l.subscribers;
    const std::size_t limit = bench::allow_descriptors(at_once + 50);
    if (limit < at_once + 50)
        usage(fmt::format("{}: {} connections take more open files than this process may have ({}): see ulimit -n",
                          l.flow, at_once, limit));
}

/// "all" is what `test` takes for it; 3.1 has to be named.
std::vector<mqtt::Version> versions_of(const BenchCommand& o) {
    using mqtt::Version;
    if (o.versions == "all" || o.versions == "both") return {Version::v3_1_1, Version::v5};
    return parse_versions(o.versions, {Version::v3_1, Version::v3_1_1, Version::v5});
}

/// What went wrong with the target ends the run; what was measured before is still reported.
bench::Report measure(const BenchCommand& o, const std::vector<Load>& loads, const conformance::Target& target) {
    const auto begin = std::chrono::steady_clock::now();
    bench::Report report;
    report.target_url = target.url();
    report.seed = o.seed;
    report.started = std::chrono::system_clock::now();
    if (!o.common->quiet) fmt::print("{}", bench::table_head());
    for (const auto& load : loads) try {
            std::fflush(stdout);
            report.measurements.push_back(bench::run(load));
            if (!o.common->quiet) fmt::print("{}", bench::table_line(report.measurements.back()));
            if (interrupted()) {
                report.fault = "interrupted";
                break;
            }
        } catch (const bench::NotOffered& e) {
            report.skipped.push_back({load.flow, load.version, e.what()});
            if (!o.common->quiet) fmt::print("{}", bench::table_line(report.skipped.back()));
        } catch (const bench::TargetFault& e) {
            report.fault = target.url() + ": " + load.flow + ": " + e.what();
            break;
        }
    report.duration_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return report;
}

int run_bench(BenchCommand& o) {
    const auto target = o.target.resolve(*o.common);
    if (target.embedded) usage("a target is missing: mqtt://host[:port]");
    o.seed = seed_or_random(*o.seed_option, *o.common, o.seed) & 0xffffffff;
    std::vector<Load> loads;
    for (const auto version : versions_of(o))
        for (const FlowRow* row : chosen(o)) loads.push_back(load_of(o, *row, target, version));
    for (const auto& load : loads) allow_connections(load);
    if (o.pid && !bench::usage_of(o.pid)) usage(fmt::format("--pid {}: there is no such process to look at", o.pid));
    std::vector<conformance::ReportFile> files;
    for (const auto& text : o.reports) files.emplace_back(parse_report(text, {"json"}).path);
    catch_interrupts();
    const auto report = measure(o, loads, target);
    std::fflush(stdout);
    for (auto& file : files) file.commit(bench::bench_json(report));
    if (interrupted()) return 130;
    if (!report.fault.empty()) throw conformance::TargetError(report.fault);
    if (report.measurements.empty())
        throw conformance::TargetError(target.url() + ": nothing could be measured: " + report.skipped.at(0).reason);
    int code = 0;
    for (const auto& m : report.measurements)
        if (const auto what = bench::finding(m); !what.empty()) {
            fmt::print(stderr, "mqttspec: {} ({}): {}\n", m.load.flow, mqtt::name(m.load.version), what);
            code = 1;
        }
    return code;
}

}  // namespace

Command add_bench(CLI::App& program) {
    auto o = std::make_shared<BenchCommand>();
    CLI::App* app =
        program.add_subcommand("bench", "load: messages per second, latency, CPU and memory per connection");
    o->target.add(*app);
    app->add_option("-V,--protocol-version", o->versions, "3.1.1 (the default), 5, 3.1, or all: 3.1.1 and 5")
        ->type_name("VERSION")
        ->group("Target and login");
    add_options(*app, *o);
    o->common->add(*app);
    return {app, o->common, [o] { return run_bench(*o); }};
}

}  // namespace cli
