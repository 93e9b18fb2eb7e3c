// Ways to be different and still right: each sets one legal choice or offer. A fair suite accuses none of them.
#pragma once
#include <span>

#include "reference/settings.hpp"

namespace reference {

struct Variation {
    std::string_view id, effect;
    void (*apply)(Settings&);
};
std::span<const Variation> variations();
/// The variation of that id, or nullptr.
const Variation* find_variation(std::string_view id);

}  // namespace reference
