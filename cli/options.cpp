#include "cli/options.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "conformance/patterns.hpp"
#include "conformance/run_options.hpp"
#include "conformance/toml.hpp"

namespace cli {
namespace {

/// Not to be set from outside the command line.
const std::set<std::string> flags_only{"help",    "version",       "config",         "list",
                                       "dry-run", "hash-password", "update-baseline",
                                       "inspect", "extract",       "diff-runs",      "capture"};

/// The long name, or that of a positional in lower case: "target".
std::string long_name(const CLI::Option& option) {
    if (!option.get_lnames().empty()) return option.get_lnames()[0];
    std::string name = option.get_single_name();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
}

std::string variable(const std::string& name) {
    std::string out = "MQTTSPEC_" + name;
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    return out;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> out;
    std::stringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');)
        if (!part.empty()) out.push_back(part);
    return out;
}

/// Throws UsageError; `where` names the variable or the line.
void assign(CLI::Option& option, const std::vector<std::string>& values, const std::string& where) {
    if (is_flag(option) && values.size() == 1 && (values[0] == "false" || values[0] == "0" || values[0].empty()))
        return;
    if (option.get_items_expected_max() == 1 && values.size() != 1) usage(where + ": takes one value");
    try {
        for (const auto& value : values) option.add_result(is_flag(option) ? "true" : value);
        option.run_callback();
    } catch (const CLI::Error& e) {
        usage(where + ": " + e.what());
    }
}

CLI::Option* find_option(CLI::App& command, const std::string& name) {
    for (CLI::Option* option : command.get_options())
        if (!flags_only.contains(long_name(*option)) && long_name(*option) == name) return option;
    return nullptr;
}

std::vector<std::string> option_names(CLI::App& program) {
    std::vector<std::string> names;
    for (CLI::App* command : program.get_subcommands({}))
        for (const CLI::Option* option : command->get_options())
            if (!flags_only.contains(long_name(*option)) && !option->get_group().empty())
                names.push_back(long_name(*option));
    return names;
}

/// The option of `command` the key is for; nullptr where it is for another command.
CLI::Option* option_for(const conformance::TomlFile::Entry& entry, CLI::App& program, CLI::App& command) {
    const auto dot = entry.key.find('.');
    const std::string name = dot == std::string::npos ? entry.key : entry.key.substr(dot + 1);
    CLI::Option* found = nullptr;
    bool known = false;
    for (CLI::App* each : program.get_subcommands({})) {
        if (dot != std::string::npos && each->get_name() != entry.key.substr(0, dot)) continue;
        CLI::Option* option = find_option(*each, name);
        known = known || option;
        if (each == &command) found = option;
    }
    const auto names = option_names(program);
    if (!known)
        usage(entry.where + ": " + entry.key + ": is no option" +
              conformance::suggestion(name, {names.begin(), names.end()}));
    return found;
}

void fill_from_environment(CLI::App& command, Common& common) {
    for (CLI::Option* option : command.get_options()) {
        const std::string name = long_name(*option);
        const char* value = std::getenv(variable(name).c_str());
        if (!value || flags_only.contains(name) || common.source(option) != Source::none) continue;
        assign(*option, option->get_items_expected_max() > 1 ? split_list(value) : std::vector<std::string>{value},
               variable(name));
        common.sources[option] = Source::environment;
    }
}

/// A key of [command] beats one at the top.
void fill_from_config(CLI::App& program, CLI::App& command, Common& common) {
    const conformance::TomlFile file(conformance::read_file(common.config), common.config);
    const auto entries = file.entries();
    for (const bool of_command : {true, false})
        for (const auto& entry : entries) {
            CLI::Option* option = option_for(entry, program, command);
            if ((entry.key.find('.') != entry.key.npos) != of_command || !option ||
                common.source(option) != Source::none)
                continue;
            assign(*option, entry.values, entry.where + ": " + entry.key);
            common.sources[option] = Source::config;
        }
}

}  // namespace

void usage(const std::string& what) { throw conformance::UsageError(what); }

void Common::add(CLI::App& command) {
    command.add_option("--config", config, "TOML file with options: name = value, or in a table [COMMAND]")
        ->type_name("FILE");
    command.add_flag("--quiet", quiet, "no progress, no summary");
    command.add_flag("--verbose", verbose, "say more");
}

Source Common::source(const CLI::Option* option) const {
    const auto found = sources.find(option);
    return found == sources.end() ? Source::none : found->second;
}

void fill(CLI::App& program, CLI::App& command, Common& common) {
    for (const CLI::Option* option : command.get_options())
        if (option->count() > 0) common.sources[option] = Source::flag;
    fill_from_environment(command, common);
    if (const char* path = std::getenv("MQTTSPEC_CONFIG"); path && common.config.empty()) common.config = path;
    if (!common.config.empty()) fill_from_config(program, command, common);
}

void not_built(CLI::App& command, const std::string& names, const std::string& what, bool takes_value) {
    const std::string shown = names.substr(0, names.find(','));
    const auto refuse = [shown, what] { usage(shown + ": " + what + " not built yet"); };
    CLI::Option* option =
        takes_value ? command.add_option_function<std::vector<std::string>>(names, [refuse](const auto&) { refuse(); })
                          ->expected(0, 1)
                    : command.add_flag_function(names, [refuse](std::int64_t) { refuse(); });
    option->group("");
}

}  // namespace cli
