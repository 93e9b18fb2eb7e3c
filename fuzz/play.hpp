// A scenario played to the broker core, with what has to hold after every step.
#pragma once
#include "fuzz/steps.hpp"
#include "reference/settings.hpp"

namespace fuzz {

struct Played {
    std::size_t steps = 0, connections = 0, accepted = 0, packets = 0;  // packets: from the broker
};
/// Throws BrokenPromise. `story` gets a line for all that is said and done.
Played play(mqtt::View scenario, std::string* story = nullptr);

/// The settings that the first octets of a scenario mean.
reference::Settings broker_settings(const Scenario&);

}  // namespace fuzz
