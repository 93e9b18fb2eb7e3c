#include <algorithm>
#include <random>

#include "cli/commands.hpp"

namespace cli {

ReportOption parse_report(const std::string& text, const std::vector<std::string>& formats) {
    const auto equals = text.find('=');
    const std::string format = text.substr(0, equals);
    std::string known;
    for (const auto& f : formats) known += (known.empty() ? "" : ", ") + f;
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
        for (const char* later : {"junit", "html", "md", "tap"})
            if (format == later) usage("--report " + format + ": not built yet (there is " + known + ")");
        usage("--report " + text + ": has to be FORMAT=FILE, the format one of " + known);
    }
    if (equals == std::string::npos || equals + 1 == text.size())
        usage("--report " + text + ": a file is missing: " + format + "=FILE");
    return {format, text.substr(equals + 1)};
}

std::uint64_t seed_or_random(const CLI::Option& option, const Common& common, std::uint64_t given) {
    return common.source(&option) == Source::none ? std::random_device{}() : given;
}

}  // namespace cli
