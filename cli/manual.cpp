#include <fmt/format.h>

#include "cli/described.hpp"

namespace cli {
namespace {

/// Text as man(7) takes it: no line of it is a request, no hyphen becomes another character.
std::string roff(const std::string& text) {
    std::string out;
    bool begins = true;
    for (const char c : text) {
        if (begins && (c == '.' || c == '\'')) out += "\\&";
        begins = c == '\n';
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

/// "PORT" of "PORT:INT in [1 - 65535]"; choices stay.
std::string type_of(const CLI::Option& o) {
    const auto type = o.get_type_name();
    return type.find('{') == type.npos ? type.substr(0, type.find(':')) : type;
}

std::string heading(const CLI::Option& o) {
    std::string out;
    for (const auto& name : o.get_snames()) out += (out.empty() ? "" : ", ") + ("\\fB" + roff("-" + name) + "\\fR");
    for (const auto& name : o.get_lnames()) out += (out.empty() ? "" : ", ") + ("\\fB" + roff("--" + name) + "\\fR");
    if (out.empty()) return "\\fI" + roff(o.get_name()) + "\\fR";
    if (o.get_expected_max() > 0 && !type_of(o).empty()) out += " \\fI" + roff(type_of(o)) + "\\fR";
    return out;
}

std::string options(const CLI::App& app) {
    std::string out;
    for (const auto* o : app.get_options())
        if (!o->get_group().empty()) out += ".TP\n" + heading(*o) + "\n" + roff(o->get_description()) + "\n";
    return out;
}

}  // namespace

std::string manual(const CLI::App& program, const std::string& version) {
    std::string out = ".TH MQTTSPEC 1 \"\" \"mqttspec " + roff(version) + "\"\n.SH NAME\nmqttspec \\- " +
                      roff(program.get_description()) + "\n.SH SYNOPSIS\n.B mqttspec\n.I COMMAND\n.RI [ options ]\n";
    out += ".SH OPTIONS\n" + options(program) + ".SH COMMANDS\n";
    for (const auto* command : program.get_subcommands(nullptr)) {
        out += ".SS mqttspec " + roff(command->get_name()) + "\n" + roff(command->get_description()) + "\n";
        out += options(*command);
        if (const auto footer = command->get_footer(); !footer.empty()) out += ".PP\n" + roff(footer) + "\n";
    }
    return out +
           ".SH ENVIRONMENT\nEach option NAME also as \\fBMQTTSPEC_NAME\\fR; options given in the call come first. "
           "\\fBNO_COLOR\\fR is honoured.\n.SH EXIT STATUS\n.TP\n0\nnothing found\n.TP\n1\nfindings\n.TP\n2\nwrong "
           "call or "
           "input\n.TP\n3\ntarget unreachable, login refused, or lost midway\n.TP\n4\ninternal "
           "error\n.TP\n130\nCtrl\\-C, after "
           "a complete report of what ran\n";
}

}  // namespace cli
