#include <algorithm>
#include <sstream>

#include "codec/topics.hpp"
#include "reference/login.hpp"

namespace reference {
namespace {

/// Takes the first word and the blanks behind it off the line.
std::string_view take_word(std::string_view& line) {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return word;
}

/// Takes the first level off a topic filter; false once there is none left.
bool take_level(std::optional<std::string_view>& filter, std::string_view& level) {
    if (!filter) return false;
    const auto slash = filter->find('/');
    level = filter->substr(0, slash);
    if (slash == filter->npos)
        filter.reset();
    else
        filter->remove_prefix(slash + 1);
    return true;
}

/// 4.7.2-1: a filter that begins with a wildcard takes in nothing below $.
bool dollar_differs(std::string_view wild, std::string_view other) {
    return (wild.starts_with('#') || wild.starts_with('+')) && other.starts_with('$');
}

/// Every topic `narrow` takes in, `wide` takes in too.
bool takes_in(std::string_view wide, std::string_view narrow) {
    if (dollar_differs(wide, narrow)) return false;
    std::optional<std::string_view> w = wide, n = narrow;
    std::string_view a, b;
    while (take_level(w, a)) {
        if (a == "#") return true;
        if (!take_level(n, b)) return false;
        if (b == "#" || (a != b && a != "+")) return false;
    }
    return !n;
}

/// Some topic is taken in by both.
bool meets(std::string_view one, std::string_view other) {
    if (dollar_differs(one, other) || dollar_differs(other, one)) return false;
    std::optional<std::string_view> x = one, y = other;
    std::string_view a, b;
    for (;;) {
        const bool more_x = take_level(x, a), more_y = take_level(y, b);
        if ((more_x && a == "#") || (more_y && b == "#")) return true;  // a/# takes in a as well
        if (!more_x || !more_y) return more_x == more_y;
        if (a != b && a != "+" && b != "+") return false;
    }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

/// %c and %u filled in. nullopt: not for this client. A name that would change the shape of the filter is `dangerous`.
std::optional<std::string> filled(const std::string& pattern, const Request& request, bool& dangerous) {
    const bool client = pattern.find("%c") != pattern.npos, user = pattern.find("%u") != pattern.npos;
    if (user && request.user_name.empty()) return std::nullopt;
    dangerous = (client && request.client_id.find_first_of("+#/") != request.client_id.npos) ||
                (user && request.user_name.find_first_of("+#/") != request.user_name.npos);
    std::string out = pattern;
    if (dangerous) return out;
    if (client) replace_all(out, "%c", request.client_id);
    if (user) replace_all(out, "%u", request.user_name);
    return out;
}

}  // namespace

AclFile::Rule AclFile::parse_rule(std::string_view line, const std::string& where) {
    Rule rule{Access::readwrite, "", false, std::nullopt};
    constexpr std::pair<std::string_view, Access> words[] = {
        {"read", Access::read}, {"write", Access::write}, {"readwrite", Access::readwrite}, {"deny", Access::deny}};
    std::string_view rest = line;
    const auto word = take_word(rest);
    for (const auto& [name, access] : words)
        if (word == name && !rest.empty()) rule.access = access, line = rest;
    rule.filter = line;
    if (rule.filter.empty()) throw FileFault(where + "a topic filter is missing");
    if (!mqtt::is_topic_filter(rule.filter, mqtt::Version::v3_1_1))
        throw FileFault(where + "\"" + rule.filter + "\" is no topic filter");
    return rule;
}

AclFile AclFile::parse(std::string_view text, const std::string& path) {
    AclFile out;
    std::optional<std::string> user;
    std::istringstream lines{std::string(text)};
    int number = 0;
    for (std::string raw; std::getline(lines, raw);) {
        const std::string where = path + ":" + std::to_string(++number) + ": ";
        std::string_view line = raw;
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
        if (line.empty() || line[0] == '#') continue;
        const auto word = take_word(line);
        if (word == "user") {
            if (line.empty()) throw FileFault(where + "a user name is missing");
            user = line;
        } else if (word == "topic" || word == "pattern") {
            out.rules_.push_back(parse_rule(line, where));
            out.rules_.back().is_pattern = word == "pattern";
            out.rules_.back().user = user;
        } else {
            throw FileFault(where + "\"" + std::string(word) + "\" is none of user, topic, pattern");
        }
    }
    return out;
}

/// Patterns are for everybody, topics for the user above them, or for clients without one.
bool AclFile::concerns(const Rule& rule, const Request& request) {
    return rule.is_pattern || rule.user.value_or("") == request.user_name;
}

bool AclFile::allows(const Request& request) const {
    const bool publishing = request.action == Action::publish;
    const auto share = publishing ? std::nullopt : mqtt::shared(request.topic);
    const std::string_view topic = share ? share->filter : request.topic;
    const auto useful = publishing ? Access::write : Access::read;
    bool allowed = false;
    for (const auto& rule : rules_) {
        if (!concerns(rule, request)) continue;
        bool dangerous = false;
        const auto filter = rule.is_pattern ? filled(rule.filter, request, dangerous) : std::optional(rule.filter);
        if (!filter) continue;
        if (rule.access == Access::deny) {
            if (dangerous || (publishing ? mqtt::matches(*filter, topic) : meets(*filter, topic))) return false;
        } else if (!dangerous && (rule.access == useful || rule.access == Access::readwrite)) {
            allowed = allowed || (publishing ? mqtt::matches(*filter, topic) : takes_in(*filter, topic));
        }
    }
    return allowed;
}

std::function<bool(const Request&)> AclFile::hook() const {
    return [acl = *this](const Request& request) { return acl.allows(request); };
}

}  // namespace reference
