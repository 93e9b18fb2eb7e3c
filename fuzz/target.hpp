// The fuzz targets, free of any engine: unit tests replay inputs through the same functions.
#pragma once
#include <span>
#include <string>

#include "codec/words.hpp"
#include "fuzz/dice.hpp"

namespace fuzz {

struct Target {
    std::string_view name;  // the program is fuzz_NAME; folders and files of the corpus go by it too
    /// One execution: 0, or -1 where the input is of no interest. Throws BrokenPromise.
    int (*run)(mqtt::View);
    /// The structure-aware mutation; empty where there is no structure to work on.
    std::string (*mutate)(mqtt::View, Dice&);
    /// The structure-aware crossover; empty likewise.
    std::string (*cross)(mqtt::View, mqtt::View, Dice&);
};

/// fuzz_decode.cpp and so on: one file each.
extern const Target decode_target, framing_target, round_trip_target, topics_target, broker_target, capture_target;
inline constexpr const Target* targets[]{
    &decode_target,  &framing_target, &round_trip_target, &topics_target, &broker_target,
#ifdef MQTTSPEC_CAPTURES
    &capture_target,
#endif
};
/// The target of that name, or null.
inline const Target* find_target(std::string_view name) {
    for (const Target* t : targets)
        if (t->name == name) return t;
    return nullptr;
}

}  // namespace fuzz
