// --only and --skip: which cases a run is made of.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case_table.hpp"

namespace conformance {

/// A glob over a whole text: * any octets, ? one, [abc] a set.
bool glob_matches(const std::string& glob, std::string_view text);

/// A statement id (MQTT-3.1.2-*), a section of a version (5/3.3, which takes in 5/3.3.1; 3.1.1/3.1.2), or a case name
/// (connect.*): globs all.
bool selects(const std::string& pattern, const CaseInfo&, mqtt::Version);

struct Selection {
    std::vector<mqtt::Version> versions{mqtt::Version::v3_1_1, mqtt::Version::v5};
    std::vector<std::string> only{}, skip{};
    unsigned shard = 1, shards = 1;  // the shard-th of so many equal parts
};
/// In the order of the table, 3.1.1 before 5. Throws UsageError for a pattern that matches nothing, naming it and what
/// is near, and where nothing is left.
std::vector<Selected> choose(std::span<const CaseInfo>, const Selection&);

/// At most three of `known` that are spelt much like `text`, the nearest first.
std::vector<std::string_view> near_names(std::string_view text, const std::vector<std::string_view>& known);
/// "; did you mean a, b?", or nothing.
std::string suggestion(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace conformance
