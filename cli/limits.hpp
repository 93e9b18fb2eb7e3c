// --limits KEY=VALUE of the reference broker: one table of keys, for parsing and for --help.
#pragma once
#include <string>

#include "reference/settings.hpp"

namespace cli {

/// Throws UsageError for a key that is none (with what is near) and a value out of range.
void apply_limit(reference::Settings& settings, const std::string& key_and_value);
/// All keys, for --help, on as many lines as it takes.
std::string limit_keys();

}  // namespace cli
