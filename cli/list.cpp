// mqttspec list and mqttspec explain: the suite without running it.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "conformance/listing.hpp"

namespace cli {

Command add_list(CLI::App& program) {
    auto common = std::make_shared<Common>();
    auto json = std::make_shared<bool>(false);
    CLI::App* app =
        program.add_subcommand("list", "statements, cases, which case covers what, what is uncovered and why");
    app->add_flag("--json", *json, "JSON instead of text");
    common->add(*app);
    return {app, common, [json] {
                const auto all = conformance::catalogue();
                fmt::print("{}", *json ? conformance::list_json(all) : conformance::list_text(all));
                return 0;
            }};
}

Command add_explain(CLI::App& program) {
    auto common = std::make_shared<Common>();
    auto id = std::make_shared<std::string>();
    CLI::App* app = program.add_subcommand("explain", "a statement, a case or a violation in full");
    app->add_option("ID", *id, "MQTT-3.1.0-2, connect.second_connect_closes, ...")->required();
    common->add(*app);
    return {app, common, [id] {
                fmt::print("{}", conformance::explain(conformance::catalogue(), *id));
                return 0;
            }};
}

}  // namespace cli
