// mqttspec probe: what a broker offers.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "cli/target.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"

namespace cli {
namespace {

using namespace conformance;

struct ProbeCommand {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    TargetOptions target;
    std::string versions, profile, write_profile;
    std::vector<std::string> reports;
    unsigned timeout = 5000;
    bool json = false;
};

int run_probe(const ProbeCommand& o) {
    using mqtt::Version;
    ProbeOptions options;
    options.target = o.target.resolve(*o.common);
    options.versions = parse_versions(o.versions, {Version::v3_1, Version::v3_1_1, Version::v5});
    options.timeout = std::chrono::milliseconds(o.timeout);
    if (!o.profile.empty()) options.profile = read_profile(o.profile);
    std::vector<ReportFile> reports;
    for (const auto& text : o.reports) reports.emplace_back(parse_report(text, {"json"}).path);
    std::optional<ReportFile> profile;
    if (!o.write_profile.empty()) profile.emplace(o.write_profile);
    const ProbeResult result = probe(options);
    if (o.json)
        fmt::print("{}", probe_json(result));
    else if (!o.common->quiet)
        fmt::print("{}", probe_text(result));
    std::fflush(stdout);
    for (auto& file : reports) file.commit(probe_json(result));
    if (profile) profile->commit(print_profile(result.profile));
    return 0;
}

}  // namespace

Command add_probe(CLI::App& program) {
    auto o = std::make_shared<ProbeCommand>();
    CLI::App* app = program.add_subcommand("probe", "what a broker offers: versions, limits, features, refusals");
    o->target.add(*app);
    add_versions(*app, o->versions);
    app->add_option("--timeout", o->timeout, "how long a broker may take for one answer, in ms")
        ->check(CLI::Range(1, 600000))
        ->type_name("MS");
    app->add_option("--profile", o->profile, "what is known already")->type_name("FILE.toml");
    app->add_flag("--json", o->json, "JSON instead of text");
    app->add_option("--report", o->reports, "json=FILE")->type_name("FORMAT=FILE")->allow_extra_args(false);
    app->add_option("--write-profile", o->write_profile, "a profile for `test --profile`, to be completed by hand")
        ->type_name("FILE.toml");
    o->common->add(*app);
    return {app, o->common, [o] { return run_probe(*o); }};
}

}  // namespace cli
