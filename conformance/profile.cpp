#include "conformance/profile.hpp"

#include <fmt/format.h>

#include <limits>
#include <type_traits>
#include <utility>

#include "conformance/run_options.hpp"
#include "conformance/toml.hpp"

namespace conformance {
namespace {

/// Bounds of the numbers, where they are tighter than the type's.
struct Range {
    std::int64_t least = 0, most = -1;  // most < least: what the type holds
};

template <class P, class F>
void login_fields(P& login, const std::string& table, F&& f) {
    f(table + ".user_name", login.user_name, Range{});
    f(table + ".password", login.password, Range{});
}

/// The one description of the file: every key with the member it fills. Optional logins are handled by the callers.
template <class P, class F>
void fields(P& p, F&& f) {
    f("denied.publish", p.denied_publish, Range{});
    f("denied.subscribe", p.denied_subscribe, Range{});
    f("denied.client_id", p.refused_client_id, Range{});
    f("denied.unavailable_address", p.unavailable_address, Range{});
    f("features.retain", p.retain, Range{});
    f("features.wildcard", p.wildcard, Range{});
    f("features.shared", p.shared, Range{});
    f("features.subscription_identifiers", p.subscription_identifiers, Range{});
    f("features.kept_sessions", p.kept_sessions, Range{});
    f("features.empty_client_id", p.empty_client_id, Range{});
    f("features.dollar_topics", p.dollar_topics, Range{});
    f("features.maximum_qos", p.maximum_qos, Range{0, 2});
    f("features.receive_maximum", p.receive_maximum, Range{1, 65535});
    f("features.topic_alias_maximum", p.topic_alias_maximum, Range{});
    f("features.maximum_packet_size", p.maximum_packet_size, Range{1, 0xFFFFFFFF});
    f("authentication.method", p.auth_method, Range{});
    f("authentication.data", p.auth_data, Range{});
    f("authentication.wrong_data", p.auth_wrong_data, Range{});
    f("timing.tolerance_ms", p.tolerance_ms, Range{});
}

constexpr std::pair<const char*, std::optional<Login> Profile::*> other_logins[] = {
    {"login.second", &Profile::second},
    {"login.refused", &Profile::refused},
    {"login.not_authorized", &Profile::not_authorized}};

template <class T>
void fill(const TomlFile& file, const std::string& key, std::optional<T>& member, Range range) {
    if constexpr (std::is_same_v<T, std::string>)
        member = file.text(key);
    else if constexpr (std::is_same_v<T, bool>)
        member = file.boolean(key);
    else {
        if (range.most < range.least) range.most = std::numeric_limits<T>::max();
        if (const auto n = file.number(key, range.least, range.most)) member = static_cast<T>(*n);
    }
}

/// Writes keys of one table after the other, with a heading before the first of each.
class Printer {
    std::string out_, table_;

public:
    template <class T>
    void operator()(const std::string& key, const std::optional<T>& value, Range) {
        if (!value) return;
        const auto dot = key.rfind('.');
        if (key.substr(0, dot) != table_) out_ += fmt::format("\n[{}]\n", table_ = key.substr(0, dot));
        if constexpr (std::is_same_v<T, std::string>)
            out_ += fmt::format("{} = {}\n", key.substr(dot + 1), toml_text(*value));
        else
            out_ += fmt::format("{} = {}\n", key.substr(dot + 1), *value);
    }
    std::string take() { return std::move(out_); }
};

}  // namespace

Profile parse_profile(std::string_view toml, const std::string& path) {
    const TomlFile file(toml, path);
    Profile p;
    p.name = file.text("name").value_or("");
    const auto read = [&](const std::string& key, auto& member, Range range) { fill(file, key, member, range); };
    login_fields(p.login, "login", read);
    for (const auto& [table, member] : other_logins) {
        Login login;
        login_fields(login, table, read);
        if (!login.empty()) p.*member = login;
    }
    fields(p, read);
    file.refuse_unknown();
    return p;
}

Profile read_profile(const std::string& path) { return parse_profile(read_file(path), path); }

std::string print_profile(const Profile& p) {
    Printer print;
    login_fields(p.login, "login", print);
    for (const auto& [table, member] : other_logins)
        if (p.*member) login_fields(*(p.*member), table, print);
    fields(p, print);
    return "# What probing cannot find out about a broker; keys and meanings in docs/profiles.md.\n"
           "name = " +
           toml_text(p.name) + "\n" + print.take();
}

}  // namespace conformance
