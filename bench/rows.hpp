// One row of the benchmark: a name, and something to do again and again.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "bench/hand.hpp"

namespace mqtt::bench {

struct Row {
    std::string name;         // TYPE/VERSION/{decode,encode}/{ours,hand,any}
    std::size_t octets = 0;   // handled by one call
    std::size_t packets = 1;  // handled by one call
    std::function<void()> once{};
};

/// Every row; what they work on lives as long as the program. The first two do nothing: the price of the loop.
const std::vector<Row>& rows();

}  // namespace mqtt::bench
