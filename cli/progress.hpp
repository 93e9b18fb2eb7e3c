// Progress on the terminal, and Ctrl-C.
#pragma once
#include <chrono>
#include <memory>

#include "conformance/runner.hpp"

namespace cli {

/// On stderr, and only where that is a terminal and `wanted`.
std::unique_ptr<conformance::Progress> terminal_progress(bool wanted);

/// Colour is for terminals whose user has not set NO_COLOR (no-color.org).
bool colour_wanted();

/// From now on the first SIGINT or SIGTERM is noted, the second ends the program with 130.
void catch_interrupts();
bool interrupted();

}  // namespace cli
