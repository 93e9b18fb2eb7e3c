#include "cli/replay_options.hpp"

#include <charconv>

#include "conformance/patterns.hpp"
#include "conformance/toml.hpp"

namespace cli {
namespace {

const auto many = CLI::detail::expected_max_vector_size;

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "500ms", "5s", "1m", or seconds alone.
net::Duration parse_time(const std::string& option, const std::string& text) {
    const auto digits = text.find_first_not_of("0123456789.");
    const auto value = number(std::string_view(text).substr(0, digits));
    const std::string unit = digits == text.npos ? "s" : text.substr(digits);
    const double factor = unit == "ms" ? 1e3 : unit == "s" ? 1e6 : unit == "m" ? 60e6 : 0;
    if (!value || factor == 0 || *value * factor > 86'400e6)
        usage(option + " " + text + ": has to be a time such as 500ms, 5s or 1m");
    return net::Duration(std::int64_t(*value * factor));
}

/// One [[login]] table: whose, and what.
struct LoginRow {
    std::string client = "*", captured_user = "*";
    replay::Login login;
};

std::vector<LoginRow> read_logins(const std::string& path) {
    const conformance::TomlFile file(conformance::read_file(path), path);
    std::vector<LoginRow> out;
    for (const auto& table : file.tables("login")) {
        LoginRow row{table.text("client").value_or("*"),
                     table.text("captured_user").value_or("*"),
                     {table.text("user_name"), table.text("password")}};
        table.refuse_unknown();
        out.push_back(std::move(row));
    }
    file.refuse_unknown();
    return out;
}

void list(CLI::App& app, const char* name, std::vector<std::string>& to, const char* what, const char* type,
          const char* group) {
    app.add_option(name, to, what)->type_name(type)->expected(1, many)->allow_extra_args(false)->group(group);
}

}  // namespace

void ReplayOptions::add(CLI::App& app) {
    app.add_option("CAPTURE", capture,
                   "pcap or pcapng (gz, zstd), or a scenario that --extract wrote; - is the standard input")
        ->type_name("");
    target.add(app);
    const char* what = "What is sent";
    app.add_flag("--inspect", inspect, "print sessions, gaps and what can be replayed, and end")->group(what);
    app.add_option("--extract", extract, "write it as a readable scenario, secrets masked, and end")
        ->type_name("FILE")
        ->group(what);
    list(app, "--sessions", sessions, "only these: name of the connection or client id; globs; repeatable", "GLOB",
         what);
    app.add_option("--client-id-prefix", prefix, "put before every client id")->type_name("TEXT")->group(what);
    list(app, "--topic-map", topic_maps, "topics and filters that begin with FROM begin with TO; repeatable", "FROM=TO",
         what);
    app.add_option("--logins", logins, "logins by client id, in place of those of the capture (docs/replay.md)")
        ->type_name("FILE.toml")
        ->group(what);
    app.add_option("--keylog", keylog, "TLS secrets of the capture; needs tshark")->type_name("FILE")->group(what);
    list(app, "--port-map", port_maps, "what a server's port of the capture carries: 17501=mqtt; repeatable",
         "PORT=WHAT", what);
    app.add_flag("--no-prepare", no_prepare, "leave sessions and retained messages of the target as they are before")
        ->group(what);
    const char* when = "When";
    app.add_option("--pacing", pacing, "causal (the default): after what the capture has before it; clock: at its time")
        ->check(CLI::IsMember({"causal", "clock"}))
        ->type_name("HOW")
        ->group(when);
    app.add_option("--speed", speed, "1, 10, ... times the capture's, or max; max with causal, 1 with clock by default")
        ->type_name("N")
        ->group(when);
    app.add_option("--max-gap", max_gap, "the longest pause kept, 5s by default")->type_name("TIME")->group(when);
    app.add_option("--timeout", timeout,
                   "how long an answer may take, beyond its time in the capture, in ms, 5000 by default")
        ->check(CLI::Range(1, 600'000))
        ->type_name("MS")
        ->group(when);
    const char* outcome = "The outcome";
    app.add_option("--diff", diff, "semantic (the default), strict, acks or none")
        ->check(CLI::IsMember({"semantic", "strict", "acks", "none"}))
        ->type_name("HOW")
        ->group(outcome);
    list(app, "--ignore", ignore, "a field or property that may differ, or \"order\"; repeatable", "FIELD", outcome);
    app.add_option("--baseline", baseline, "expected differences with reasons: only others count")
        ->type_name("FILE.toml")
        ->group(outcome);
    app.add_flag("--update-baseline", update_baseline, "write what was found to the baseline; reasons stay")
        ->group(outcome);
    list(app, "--report", reports, "json=, junit=, html= or md=FILE; repeatable", "FORMAT=FILE", outcome);
    app.add_option("--diff-runs", runs, "compare two results (--report json=FILE), and end")
        ->type_name("A.json B.json")
        ->expected(2)
        ->group(outcome);
    common->add(app);
}

replay::Rules ReplayOptions::rules() const {
    for (const auto& field : ignore) {
        if (replay::known_fields().contains(field)) continue;
        std::string all;
        for (const auto& known : replay::known_fields()) all += (all.empty() ? "" : ", ") + known;
        usage("--ignore " + field + ": no such field; there are: " + all);
    }
    return {*replay::parse_diff(diff), {ignore.begin(), ignore.end()}};
}

replay::EngineOptions ReplayOptions::engine() const {
    replay::EngineOptions e;
    e.rules = rules();
    e.pacing = pacing == "clock" ? replay::Pacing::clock : replay::Pacing::causal;
    e.speed = pacing == "clock" ? 1 : 0;
    if (!speed.empty() && speed != "max") {
        const auto n = number(speed);
        if (!n || !(*n > 0) || *n > 1e6) usage("--speed " + speed + ": has to be a number above 0, or max");
        e.speed = *n;
    } else if (speed == "max") {
        e.speed = 0;
    }
    e.max_gap = parse_time("--max-gap", max_gap);
    e.patience = std::chrono::milliseconds(timeout);
    e.prepare = !no_prepare;
    return e;
}

replay::PlanOptions ReplayOptions::plan(const std::optional<conformance::Login>& given) const {
    replay::PlanOptions p;
    p.client_id_prefix = prefix;
    for (const auto& map : topic_maps) {
        const auto equals = map.find('=');
        if (equals == map.npos || equals == 0) usage("--topic-map " + map + ": has to be FROM=TO");
        p.topic_map.emplace_back(map.substr(0, equals), map.substr(equals + 1));
    }
    if (!sessions.empty())
        p.selects = [globs = sessions](const std::string& name, const std::string& client) {
            return std::any_of(globs.begin(), globs.end(), [&](const auto& g) {
                return conformance::glob_matches(g, name) || conformance::glob_matches(g, client);
            });
        };
    const auto rows = logins.empty() ? std::vector<LoginRow>{} : read_logins(logins);
    if (rows.empty() && !given) return p;
    p.login = [rows, given](const std::string& client, const std::string& user) -> std::optional<replay::Login> {
        for (const auto& row : rows)
            if (conformance::glob_matches(row.client, client) && conformance::glob_matches(row.captured_user, user))
                return row.login;
        if (given) return replay::Login{given->user_name, given->password};
        return std::nullopt;
    };
    return p;
}

}  // namespace cli
