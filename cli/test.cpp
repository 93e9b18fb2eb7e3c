// mqttspec test: the conformance suite against a broker.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/target.hpp"
#include "conformance/patterns.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"
#include "conformance/reports/text.hpp"
#include "pcap/evidence.hpp"

namespace cli {
namespace {

using namespace conformance;

struct TestOptions {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    TargetOptions target;
    std::string versions, shard, profile, baseline, evidence;
    std::vector<std::string> only, skip, reports;
    unsigned jobs = 64, repeat = 1, timeout = 5000;
    std::uint64_t seed = 0;
    CLI::Option* seed_option = nullptr;
    bool strict = false, list = false, dry_run = false, update_baseline = false;
};

void add_selection(CLI::App& app, TestOptions& o) {
    const char* group = "Which cases";
    const auto all = CLI::detail::expected_max_vector_size;
    app.add_option("--only", o.only, "only these: statement id, case name or section; globs; repeatable")
        ->type_name("PATTERN")
        ->expected(1, all)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false)
        ->group(group);
    app.add_option("--skip", o.skip, "not these")
        ->type_name("PATTERN")
        ->expected(1, all)
        ->allow_extra_args(false)
        ->group(group);
    app.add_option("--shard", o.shard, "the I-th of N equal parts")->type_name("I/N")->group(group);
    app.add_flag("--list", o.list, "print the cases that would run, and end")->group(group);
    app.add_flag("--dry-run", o.dry_run, "print what would be done, and end; nothing is connected to")->group(group);
}

void add_run(CLI::App& app, TestOptions& o) {
    const char* group = "The run";
    app.add_option("--jobs", o.jobs, "cases under way at a time, 64 by default")
        ->check(CLI::Range(1, 10000))
        ->type_name("N")
        ->group(group);
    app.add_option("--timeout", o.timeout, "how long a broker may take for one answer, in ms, 5000 by default")
        ->check(CLI::Range(1, 600000))
        ->type_name("MS")
        ->group(group);
    app.add_option("--repeat", o.repeat, "runs of every case")
        ->check(CLI::Range(1, 100000))
        ->type_name("N")
        ->group(group);
    o.seed_option =
        app.add_option("--seed", o.seed, "of everything random; printed in the summary")->type_name("N")->group(group);
    app.add_option("--profile", o.profile, "what probing cannot know (`probe --write-profile` makes one)")
        ->type_name("FILE.toml")
        ->group(group);
}

void add_outcome(CLI::App& app, TestOptions& o) {
    const char* group = "The outcome";
    app.add_flag("--strict", o.strict, "a warn is a finding too")->group(group);
    app.add_option("--baseline", o.baseline, "expected findings with reasons: only others fail")
        ->type_name("FILE.toml")
        ->group(group);
    app.add_flag("--update-baseline", o.update_baseline, "write what was found to the baseline; reasons stay")
        ->group(group);
    app.add_option("--report", o.reports, "json=FILE or junit=FILE; repeatable")
        ->type_name("FORMAT=FILE")
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false)
        ->group(group);
    app.add_option("--evidence", o.evidence,
                   "per finding a folder there: packets.pcapng, hex.txt, transcript.txt, again.sh")
        ->type_name("DIR")
        ->group(group);
}

Selection selection(const TestOptions& o) {
    Selection s;
    s.versions = parse_versions(o.versions, {mqtt::Version::v3_1_1, mqtt::Version::v5});
    s.only = o.only;
    s.skip = o.skip;
    if (o.shard.empty()) return s;
    char rest = 0;
    if (std::sscanf(o.shard.c_str(), "%u/%u%c", &s.shard, &s.shards, &rest) != 2 || s.shard < 1 || s.shard > s.shards)
        usage("--shard " + o.shard + ": has to be I/N with I from 1 to N");
    return s;
}

std::string tls_arguments(const net::TlsOptions& tls) {
    std::string out;
    for (const auto& [name, file] : {std::pair("--cafile", &tls.cafile), std::pair("--capath", &tls.capath),
                                     std::pair("--cert", &tls.cert), std::pair("--key", &tls.key)})
        if (!file->empty()) out += fmt::format(" {} {}", name, shell_quoted(*file));
    for (const auto& name : tls.alpn) out += " --tls-alpn " + shell_quoted(name);
    return tls.insecure ? out + " --insecure" : out;
}

/// The command that runs a single case again, less the case; as text, or in a script, which asks for the password.
std::string again(const TestOptions& o, const Target& target, std::uint64_t seed, bool in_script = false) {
    constexpr const char* ask =
        ": \"${MQTTSPEC_PASSWORD:?the password of the login is wanted in it}\"\nexport MQTTSPEC_PASSWORD\n";
    std::string out = (target.login.password ? in_script ? ask : "MQTTSPEC_PASSWORD=... " : "") +
                      shell_quoted(program_name) + " test";
    if (!target.embedded) {
        Target anonymous = target;
        anonymous.login = {};
        out += " " + shell_quoted(anonymous.url());
    }
    if (target.login.user_name) out += " -u " + shell_quoted(*target.login.user_name);
    out += tls_arguments(target.tls);
    if (!o.profile.empty()) out += " --profile " + shell_quoted(o.profile);
    if (o.timeout != 5000) out += fmt::format(" --timeout {}", o.timeout);
    return out + fmt::format(" --seed {}", seed);
}

int print_cases(const std::vector<Selected>& cases) {
    for (const auto& s : cases) fmt::print("{:<6} {}\n", mqtt::name(s.protocol), s.info->name);
    return 0;
}

int print_plan(const TestOptions& o, const RunOptions& run) {
    fmt::print("target   {}\ncases    {}, {} run{} each, {} at a time\ntimeout  {} ms\nseed     {}\n",
               printable(run.target.url()), run.cases.size(), run.repeat, run.repeat == 1 ? "" : "s", run.jobs,
               o.timeout, run.seed);
    for (const auto& r : o.reports) fmt::print("report   {}\n", printable(r));
    return 0;
}

RunOptions run_options(const TestOptions& o) {
    RunOptions run;
    run.target = o.target.resolve(*o.common);
    if (run.target.embedded && !o.profile.empty())
        usage("--profile: is for a TARGET; the embedded broker has a profile of its own");
    if (!o.profile.empty()) run.profile = read_profile(o.profile);
    run.cases = choose(case_table(), selection(o));
    run.jobs = o.jobs;
    run.repeat = o.repeat;
    run.timeout = std::chrono::milliseconds(o.timeout);
    run.seed = seed_or_random(*o.seed_option, *o.common, o.seed);
    run.keep_packets = !o.evidence.empty();
    run.verbose = o.common->verbose;
    run.cancelled = interrupted;
    return run;
}

/// The files of a run, all claimed before it starts.
struct Files {
    std::vector<std::pair<std::string, ReportFile>> reports;  // with the format
    std::optional<ReportFile> baseline;

    explicit Files(const TestOptions& o) {
        ReportFile::protect(o.profile);
        if (!o.update_baseline) ReportFile::protect(o.baseline);
        for (const auto& text : o.reports) {
            const auto [format, path] = parse_report(text, {"json", "junit"});
            reports.emplace_back(format, ReportFile(path));
        }
        if (o.update_baseline && o.baseline.empty()) usage("--update-baseline: needs --baseline FILE.toml");
        if (o.update_baseline) baseline.emplace(o.baseline);
    }
    void write(const RunResult& result, const Judged& judged) {
        for (auto& [format, file] : reports)
            file.commit(format == "json" ? json_report(result) : junit_report(result, judged));
    }
};

/// A name that is no case any more would be expected for ever.
Baseline known_baseline(const TestOptions& o) {
    if (o.baseline.empty() || (o.update_baseline && ::access(o.baseline.c_str(), F_OK) != 0)) return {};
    Baseline baseline = read_baseline(o.baseline);
    std::vector<std::string_view> names;
    for (const auto& c : case_table()) names.push_back(c.name);
    for (const auto& e : baseline)
        if (!o.update_baseline && std::find(names.begin(), names.end(), e.name) == names.end())
            usage(o.baseline + ": " + e.name + ": is no case" + suggestion(e.name, names));
    return baseline;
}

/// A full disk here must not cost the reports.
std::optional<FileError> write_evidence(const TestOptions& o, const RunOptions& options, RunResult& result) {
    if (o.evidence.empty()) return {};
    try {
        pcap::write_evidence(result, o.evidence, again(o, options.target, result.seed, true));
    } catch (const FileError& e) {
        return e;
    }
    return {};
}

int run_test(const TestOptions& o) {
    const RunOptions options = run_options(o);
    if (o.list) return print_cases(options.cases);
    if (o.dry_run) return print_plan(o, options);
    Baseline baseline = known_baseline(o);
    catch_interrupts();
    Files files(o);
    if (!o.evidence.empty()) pcap::claim_folder(o.evidence);
    const auto progress = terminal_progress(!o.common->quiet);
    RunResult result = run(options, *progress);
    const auto trouble = write_evidence(o, options, result);
    if (files.baseline && incomplete(result).empty()) {
        baseline = updated(baseline, result);
        files.baseline->commit(print_baseline(baseline));
    }
    const Judged judged = judge(result, baseline, o.strict);
    TerminalStyle style{colour_wanted(), o.common->verbose, o.common->quiet, again(o, options.target, result.seed)};
    fmt::print("{}", terminal_report(result, judged, style));
    std::fflush(stdout);
    files.write(result, judged);
    if (trouble) throw *trouble;
    if (!result.lost.empty())
        fmt::print(stderr, "{}: the target was lost midway: {}\n", "mqttspec", printable(result.lost));
    return exit_code(result, judged);
}

}  // namespace

Command add_test(CLI::App& program) {
    auto options = std::make_shared<TestOptions>();
    CLI::App* app =
        program.add_subcommand("test", "conformance suite against a broker; without TARGET, against the embedded one");
    options->target.add(*app);
    add_versions(*app, options->versions);
    add_selection(*app, *options);
    add_run(*app, *options);
    add_outcome(*app, *options);
    options->common->add(*app);
    return {app, options->common, [options] { return run_test(*options); }};
}

}  // namespace cli
