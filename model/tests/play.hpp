// Random commands of five clients to the reference broker, with the model as the judge.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "model/model.hpp"
#include "reference/settings.hpp"

namespace model::test {

/// What it means is in play.cpp; every value means something, so that shrinking is easy.
struct Command {
    std::uint8_t kind = 0, client = 0;
    std::uint32_t a = 0, b = 0;
};
std::ostream& operator<<(std::ostream&, const Command&);

std::vector<Command> draw(std::uint32_t seed, std::size_t count);

struct Outcome {
    std::vector<Finding> findings;
    std::string log;            // every packet and close, one a line; filled on demand
    std::size_t deliveries = 0, packets = 0;
};
/// Plays all commands, then brings every client back and lets it settle everything. Stops at the first finding.
Outcome play(const std::vector<Command>&, const reference::Settings&, bool keep_log = false);
std::string describe(const Outcome&);

}  // namespace model::test
