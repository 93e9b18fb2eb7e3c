// What is known about the cases without running them. The kit implements case_table() from the CASE registry.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "codec/words.hpp"

namespace conformance {

/// One case of the suite.
struct CaseInfo {
    std::string_view name;                 // "connect.second_connect_closes"
    std::string_view title;                // one sentence
    std::vector<std::string_view> v3_1_1;  // statements it covers; empty: it does not run in that version
    std::vector<std::string_view> v5;
    std::vector<std::string_view> needs;  // names of Need (capabilities.hpp)

    const std::vector<std::string_view>& statements(mqtt::Version v) const {
        return v == mqtt::Version::v5 ? v5 : v3_1_1;
    }
    bool runs_in(mqtt::Version v) const { return !statements(v).empty(); }
};

/// All cases in the order of the standard. The same span at every call, good for the life of the program.
std::span<const CaseInfo> case_table();

/// One case in one version: what a run is made of.
struct Selected {
    const CaseInfo* info = nullptr;
    mqtt::Version protocol{};
    bool operator==(const Selected&) const = default;
};

}  // namespace conformance
