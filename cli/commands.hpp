// The commands. Each adds itself to the program and returns what runs it once the options are filled in.
#pragma once
#include <functional>

#include "cli/options.hpp"

namespace cli {

struct Command {
    CLI::App* app;
    std::shared_ptr<Common> common;
    std::function<int()> run;  // the exit code; throws UsageError, TargetError, FileError, or what is a fault of ours
};

Command add_test(CLI::App& program);
Command add_probe(CLI::App& program);
Command add_prove(CLI::App& program);
Command add_list(CLI::App& program);
Command add_explain(CLI::App& program);
Command add_broker(CLI::App& program);
Command add_decode(CLI::App& program);
Command add_bench(CLI::App& program);
Command add_replay(CLI::App& program);

/// As it was called, for commands that are printed to be run again.
inline std::string program_name = "mqttspec";

/// FORMAT=FILE of --report, split. `formats`: those this command has. Throws UsageError.
struct ReportOption {
    std::string format, path;
};
ReportOption parse_report(const std::string& text, const std::vector<std::string>& formats);
/// --seed, or one from the system.
std::uint64_t seed_or_random(const CLI::Option& option, const Common& common, std::uint64_t given);

}  // namespace cli
