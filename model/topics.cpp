#include "model/topics.hpp"

#include <vector>

namespace model {
namespace {

std::vector<std::string_view> levels(std::string_view topic) {
    std::vector<std::string_view> list;
    for (std::size_t at = 0;;) {
        const auto end = topic.find('/', at);
        list.push_back(topic.substr(at, end - at));
        if (end == topic.npos) return list;
        at = end + 1;
    }
}

}  // namespace

bool matches(std::string_view filter, std::string_view name) {
    const auto f = levels(filter), n = levels(name);
    if (name.starts_with('$') && (f[0] == "+" || f[0] == "#")) return false;  // 4.7.2-1
    for (std::size_t i = 0; i < f.size(); ++i) {
        if (f[i] == "#") return true;  // the level above it, too
        if (i >= n.size() || (f[i] != "+" && f[i] != n[i])) return false;
    }
    return f.size() == n.size();
}

bool has_wildcard(std::string_view filter) {
    for (auto level : levels(filter))
        if (level == "+" || level == "#") return true;
    return false;
}

std::string_view behind_share(std::string_view filter) {
    if (!filter.starts_with("$share/")) return {};
    const auto end = filter.find('/', 7);
    return end == filter.npos ? std::string_view{} : filter.substr(end + 1);
}

}  // namespace model
