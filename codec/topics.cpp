#include "codec/topics.hpp"

namespace mqtt {

bool has_wildcard(Text filter) { return filter.find_first_of("+#") != Text::npos; }

bool matches(Text filter, Text name) {
    if (name.starts_with('$') && !filter.empty() && (filter[0] == '+' || filter[0] == '#')) return false;
    for (;;) {
        const auto f = filter.find('/'), n = name.find('/');
        const Text level = filter.substr(0, f);
        if (level == "#") return true;
        if (level != "+" && level != name.substr(0, n)) return false;
        if (f == Text::npos) return n == Text::npos;
        if (n == Text::npos) return filter.substr(f + 1) == "#";  // "a/#" matches "a" too
        filter.remove_prefix(f + 1);
        name.remove_prefix(n + 1);
    }
}

std::optional<Share> shared(Text filter) {
    constexpr Text prefix = "$share/";
    if (!filter.starts_with(prefix)) return std::nullopt;
    const Text rest = filter.substr(prefix.size());
    const auto slash = rest.find('/');
    if (slash == 0 || slash == Text::npos || slash + 1 == rest.size()) return std::nullopt;
    if (has_wildcard(rest.substr(0, slash))) return std::nullopt;
    return Share{rest.substr(0, slash), rest.substr(slash + 1)};
}

}  // namespace mqtt
