// Topic names and filters (section 4.7) and shared subscriptions (5.0, section 4.8.2). Octets are compared as they are.
#pragma once
#include <optional>

#include "codec/text.hpp"

namespace mqtt {

/// Does a well-formed filter match a well-formed name? `#` and `+` first never match a name that begins with `$`
/// (4.7.2-1); no normalising (4.7.3-4). A `$share/...` filter is to be split first.
bool matches(Text filter, Text name);
bool has_wildcard(Text filter);

struct Share {
    Text group, filter;
};
/// `$share/GROUP/FILTER` split; nullopt for any other filter, malformed shares included.
std::optional<Share> shared(Text filter);

}  // namespace mqtt
