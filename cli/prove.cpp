// mqttspec prove: every violation is run, and must be caught by a case that names its statement.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/target.hpp"
#include "conformance/listing.hpp"
#include "conformance/patterns.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"

namespace cli {
namespace {

using namespace conformance;

struct ProveCommand {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    std::string versions;
    std::vector<std::string> only, reports;
    unsigned jobs = 0;
    std::uint64_t seed = 0;
    CLI::Option* seed_option = nullptr;
};

/// Violations by their id or the statement they break.
std::vector<std::string> matching(const std::vector<std::string>& patterns) {
    std::vector<std::string> out;
    std::vector<std::string_view> known;
    for (const auto& v : catalogue().violations) known.push_back(v.id);
    for (const auto& pattern : patterns) {
        const std::size_t before = out.size();
        for (const auto& v : catalogue().violations)
            if (glob_matches(pattern, v.id) || glob_matches(pattern, v.statements.v3_1_1) ||
                glob_matches(pattern, v.statements.v5))
                out.emplace_back(v.id);
        if (out.size() == before) usage("--only " + pattern + ": matches no violation" + suggestion(pattern, known));
    }
    return out;
}

int run_prove(const ProveCommand& o) {
    ProofOptions options;
    options.violations = matching(o.only);
    Selection selection;
    selection.versions = parse_versions(o.versions, selection.versions);
    options.cases = choose(case_table(), selection);
    options.jobs = o.jobs;
    options.seed = o.common->source(o.seed_option) == Source::none ? 1 : o.seed;
    options.cancelled = interrupted;
    std::vector<ReportFile> reports;
    for (const auto& text : o.reports) reports.emplace_back(parse_report(text, {"json"}).path);
    catch_interrupts();
    const auto progress = terminal_progress(!o.common->quiet);
    const ProofResult result = prove(options, *progress);
    fmt::print("{}", proof_text(result, o.common->quiet));
    std::fflush(stdout);
    for (auto& file : reports) file.commit(proof_json(result));
    return exit_code(result);
}

}  // namespace

Command add_prove(CLI::App& program) {
    auto o = std::make_shared<ProveCommand>();
    CLI::App* app = program.add_subcommand(
        "prove", "the proof: every violation is run, and must be caught by a case that names its statement");
    app->add_option("--only", o->only, "only these violations: id, or statement they break; globs; repeatable")
        ->type_name("PATTERN")
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false);
    add_versions(*app, o->versions);
    app->add_option("--jobs", o->jobs, "threads; as many as there are cores by default")
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    o->seed_option = app->add_option("--seed", o->seed, "of everything random, 1 by default")->type_name("N");
    app->add_option("--report", o->reports, "json=FILE")->type_name("FORMAT=FILE")->allow_extra_args(false);
    o->common->add(*app);
    return {app, o->common, [o] { return run_prove(*o); }};
}

}  // namespace cli
