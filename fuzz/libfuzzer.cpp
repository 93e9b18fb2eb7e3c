// What an engine calls; compiled once per target with MQTTSPEC_FUZZ_TARGET set to its object.
#include <cstring>

#include "fuzz/asan.hpp"
#include "fuzz/target.hpp"

extern "C" {
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed);
std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size, const std::uint8_t* other,
                                      std::size_t other_size, std::uint8_t* out, std::size_t most, unsigned seed);
}

namespace {
const fuzz::Target& target = fuzz::MQTTSPEC_FUZZ_TARGET;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { return target.run({data, size}); }

// A third of the mutations are the engine's own: those know the dictionary and what comparisons were seen.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    fuzz::Dice dice(seed);
    if (dice.roll(3) == 0) return LLVMFuzzerMutate(data, size, most);
    const auto made = target.mutate({data, size}, dice);
    if (made.empty() || made.size() > most) return LLVMFuzzerMutate(data, size, most);
    std::memcpy(data, made.data(), made.size());
    return made.size();
}

std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size, const std::uint8_t* other,
                                      std::size_t other_size, std::uint8_t* out, std::size_t most, unsigned seed) {
    fuzz::Dice dice(seed);
    const auto made = target.cross({one, one_size}, {other, other_size}, dice);
    if (made.size() > most) return 0;
    if (!made.empty()) std::memcpy(out, made.data(), made.size());
    return made.size();
}
