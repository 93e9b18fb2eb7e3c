// Where option values come from: a flag beats MQTTSPEC_* in the environment, which beats --config FILE.toml.
#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace cli {

/// In rising precedence.
enum class Source { none, config, environment, flag };

/// What every command has.
struct Common {
    std::string config;
    bool quiet = false, verbose = false;
    std::map<const CLI::Option*, Source> sources;  // after fill()

    void add(CLI::App& command);
    Source source(const CLI::Option* option) const;
};

/// Gives every option of the command that no flag set its value from MQTTSPEC_NAME, else from the config file
/// ("name = value" at the top or in [command]); lists in the environment are separated by commas. Throws UsageError
/// with the variable, or file and line, for a value that does not fit and a key that is no option of any command.
void fill(CLI::App& program, CLI::App& command, Common& common);

/// An option that belongs to something not built yet: not in --help, and an error with one line when used.
void not_built(CLI::App& command, const std::string& names, const std::string& what, bool takes_value = true);

/// A check for CLI11: I/N with 1 <= I <= N, and so on, as a UsageError.
[[noreturn]] void usage(const std::string& what);

}  // namespace cli
