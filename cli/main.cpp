// The program. Parses, fills in options from environment and config, runs one command, and turns what it throws into
// one line and an exit code.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/described.hpp"
#include "conformance/patterns.hpp"
#include "conformance/reports/file.hpp"
#include "conformance/reports/reports.hpp"
#include "conformance/run_options.hpp"
#include "reference/login.hpp"

namespace {

enum Exit { ok = 0, usage_error = 2, target_error = 3, internal_error = 4 };

int complain(int code, const std::string& what) {
    fmt::print(stderr, "mqttspec: {}\n", what);
    return code;
}

/// Commands of the contract that later issues build.
bool is_later(std::string_view name) {
    const auto later = {"fuzz", "report"};
    return std::find(later.begin(), later.end(), name) != later.end();
}

int unknown_command(const std::string& name, const std::vector<cli::Command>& commands) {
    if (is_later(name)) return complain(usage_error, name + ": not built yet");
    std::vector<std::string> names;
    for (const auto& c : commands) names.push_back(c.app->get_name());
    return complain(
        usage_error,
        name + ": is no command" + conformance::suggestion(name, {names.begin(), names.end()}) + " (mqttspec --help)");
}

/// CLI11's messages take several lines at times; ours take one.
std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

int run(int argc, char** argv) {
    CLI::App program{"MQTT conformance: judges brokers by the statements of MQTT 3.1.1 and 5.0"};
    program.set_help_flag("--help", "print this help");
    const auto& tool = conformance::tool();
    program.set_version_flag("--version", "mqttspec " + tool.version + " (" + tool.commit + ")");
    std::string shell;
    bool manual = false;
    program.add_option("--completion", shell, "print what makes a shell complete commands and options")
        ->type_name("bash");
    program.add_flag("--manual", manual, "print the manual page, for man(1)");
    program.require_subcommand(0, 1);
    program.get_formatter()->column_width(34);
    const std::vector<cli::Command> commands{
        cli::add_test(program),   cli::add_probe(program),   cli::add_prove(program),
        cli::add_list(program),   cli::add_explain(program), cli::add_broker(program),
        cli::add_decode(program), cli::add_bench(program),   cli::add_replay(program)};
    if (argc < 2) return complain(usage_error, "a command is missing (mqttspec --help)");
    const std::string first = argv[1];
    const auto command =
        std::find_if(commands.begin(), commands.end(), [&](const auto& c) { return c.app->get_name() == first; });
    if (command == commands.end() && !first.starts_with('-')) return unknown_command(first, commands);
    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& e) {
        return program.exit(e);  // --help, --version
    } catch (const CLI::ParseError& e) {
        return complain(usage_error, one_line(e.what()));
    }
    if (!shell.empty() || manual) {
        if (!program.get_subcommands().empty())
            return complain(usage_error, "--completion and --manual take no command");
        fmt::print("{}", manual ? cli::manual(program, tool.version) : cli::completion(program, shell));
        return ok;
    }
    if (command == commands.end()) return complain(usage_error, "a command is missing (mqttspec --help)");
    cli::fill(program, *command->app, *command->common);
    return command->run();
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    cli::program_name = argv[0];
    try {
        const int code = run(argc, argv);
        if (std::fflush(stdout) != 0 || std::ferror(stdout))
            return complain(internal_error, "the standard output cannot be written");
        return code;
    } catch (const conformance::UsageError& e) {
        return complain(usage_error, e.what());
    } catch (const reference::FileFault& e) {
        return complain(usage_error, e.what());
    } catch (const conformance::TargetError& e) {
        return complain(target_error, e.what());
    } catch (const conformance::FileError& e) {
        return complain(internal_error, e.what());
    } catch (const std::exception& e) {
        return complain(internal_error, std::string("internal error: ") + e.what());
    }
}
