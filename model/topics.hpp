// Topic matching once more, the slow and obvious way (section 4.7; 5.0, section 4.8.2): not the codec's.
#pragma once
#include <string>
#include <string_view>

namespace model {

bool matches(std::string_view filter, std::string_view name);
bool has_wildcard(std::string_view filter);
/// What of `$share/GROUP/FILTER` is matched; empty for any other filter.
std::string_view behind_share(std::string_view filter);

}  // namespace model
