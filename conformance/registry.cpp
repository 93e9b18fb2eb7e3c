// The cases, gathered from the files under cases/ and put in the order of the standard.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "conformance/case.hpp"
#include "conformance/case_table.hpp"

namespace conformance {
namespace {

// In the order of the sections; a group that is missing here is a programming error.
constexpr std::array<std::string_view, 33> order{
    "strings", "header", "identifiers", "connect", "login", "session", "will", "keep_alive", "takeover", "connack",
    "publish", "retain", "properties", "alias", "overlap", "limits", "acks", "subscribe", "unsubscribe", "ping",
    "disconnect", "auth", "transport", "qos", "retry", "delivery", "order", "topics", "shared", "flow", "errors",
    "websocket", "tls"};

std::size_t place(std::string_view group) {
    auto it = std::find(order.begin(), order.end(), group);
    if (it == order.end()) throw std::logic_error("case group without a place: " + std::string(group));
    return std::size_t(it - order.begin());
}

std::vector<Case>& registered() {
    static std::vector<Case> all;
    return all;
}

}  // namespace

Registered::Registered(Case c) { registered().push_back(std::move(c)); }

const std::vector<Case>& cases() {
    static const std::vector<Case> sorted = [] {
        std::vector<std::pair<std::size_t, std::size_t>> keys;  // place of the group, then as registered
        for (const Case& c : registered()) keys.emplace_back(place(c.group), keys.size());
        std::sort(keys.begin(), keys.end());
        std::vector<Case> all;
        for (auto& key : keys) all.push_back(registered()[key.second]);
        return all;
    }();
    return sorted;
}

const Case* find_case(std::string_view full_name) {
    auto it = std::find_if(cases().begin(), cases().end(), [&](const Case& c) { return c.full_name == full_name; });
    return it == cases().end() ? nullptr : &*it;
}

std::span<const CaseInfo> case_table() {
    static const std::vector<CaseInfo> table = [] {
        std::vector<CaseInfo> infos;
        for (const Case& c : cases()) {
            CaseInfo info{c.full_name, c.title, c.covers.v3_1_1, c.covers.v5, {}};
            for (Need n : c.covers.needs) info.needs.push_back(name(n));
            infos.push_back(std::move(info));
        }
        return infos;
    }();
    return table;
}

}  // namespace conformance
