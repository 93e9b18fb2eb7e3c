#include <fmt/format.h>

#include <algorithm>

#include "cli/described.hpp"
#include "cli/options.hpp"

namespace cli {
namespace {

constexpr auto frame = R"sh(# Completion of mqttspec, made by `mqttspec --completion`.
_mqttspec_words() {{
    case ${{1-}} in
{words}    *) echo "{top}" ;;
    esac
}}
_mqttspec_values() {{
    case $1:$2 in
{values}    *) return 1 ;;
    esac
}}
_mqttspec() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}} words
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        words="$(_mqttspec_words)"
    elif ! words="$(_mqttspec_values "$command" "$before")"; then
        [ "${{current#-}}" = "$current" ] || words="$(_mqttspec_words "$command")"
    fi
    if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}}
complete -F _mqttspec mqttspec
)sh";

std::vector<std::string> spellings(const CLI::Option& o) {
    std::vector<std::string> out;
    for (const auto& name : o.get_lnames()) out.push_back("--" + name);
    for (const auto& name : o.get_snames()) out.push_back("-" + name);
    return out;
}

bool is_hidden(const CLI::Option& o) { return o.get_group().empty(); }

/// The words an option may have: of "HOW:{causal,clock}" those in braces.
std::string values(const CLI::Option& o) {
    const auto type = o.get_type_name();
    const auto begin = type.find('{'), end = type.rfind('}');
    if (begin == type.npos || end == type.npos) return {};
    auto out = type.substr(begin + 1, end - begin - 1);
    std::replace(out.begin(), out.end(), ',', ' ');
    return out;
}

std::string words(const CLI::App& app) {
    std::string out;
    for (const auto* o : app.get_options())
        if (!is_hidden(*o))
            for (const auto& name : spellings(*o)) out += (out.empty() ? "" : " ") + name;
    return out;
}

}  // namespace

std::string completion(const CLI::App& program, const std::string& shell) {
    if (shell != "bash") usage("--completion " + shell + ": has to be bash (zsh reads that too, after bashcompinit)");
    std::string rows, cases, top;
    for (const auto* command : program.get_subcommands(nullptr)) {
        top += command->get_name() + " ";
        rows += fmt::format("    {}) echo \"{}\" ;;\n", command->get_name(), words(*command));
        for (const auto* o : command->get_options()) {
            if (is_hidden(*o) || o->get_expected_max() == 0) continue;  // flags take no value
            for (const auto& name : spellings(*o))
                cases += fmt::format("    {}:{}) echo \"{}\" ;;\n", command->get_name(), name, values(*o));
        }
    }
    return fmt::format(frame, fmt::arg("words", rows), fmt::arg("values", cases),
                       fmt::arg("top", top + words(program)));
}

}  // namespace cli
