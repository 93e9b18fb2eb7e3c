// Linking allocations.cpp makes every `new` of the program count.
#pragma once
#include <cstddef>

namespace mqtt::bench {
std::size_t allocations();  // so far
}
