// How a case is written down: its name, its title, the statements it covers per version, what it needs.
#pragma once
#include <string_view>
#include <vector>

#include "conformance/capabilities.hpp"
#include "peer/task.hpp"

namespace conformance {

using peer::Task;
class Test;

struct Covers {
    std::vector<std::string_view> v3_1_1{}, v5{};  // empty: the case does not run in that version
    std::vector<Need> needs{};
    const std::vector<std::string_view>& statements(mqtt::Version v) const {
        return v == mqtt::Version::v5 ? v5 : v3_1_1;
    }
};

struct Case {
    std::string_view group, name;  // together "connect.second_connect_closes"
    std::string_view full_name;
    std::string_view title;
    Covers covers;
    int line;
    Task<void> (*run)(Test&);
};

/// All cases in the order of the standard.
const std::vector<Case>& cases();
const Case* find_case(std::string_view full_name);

struct Registered {
    explicit Registered(Case c);
};

/// CASE(group, name, "Title", {.v3_1_1 = {"MQTT-..."}, .v5 = {"MQTT-..."}, .needs = {Need::retain}}) { ... co_await ... }
#define CASE(group, name, title, ...)                                                                         \
    static ::conformance::Task<void> group##_##name(::conformance::Test& test);                               \
    static const ::conformance::Registered group##_##name##_registered{::conformance::Case{                   \
        #group, #name, #group "." #name, title, ::conformance::Covers __VA_ARGS__, __LINE__, &group##_##name}}; \
    static ::conformance::Task<void> group##_##name([[maybe_unused]] ::conformance::Test& test)

}  // namespace conformance
