// Numbers from a seed: mutators and generated seeds are the same on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace fuzz {

class Dice {
public:
    explicit Dice(std::uint32_t seed) : state_((seed + 1u) * 0xd1b54a32d192ed03u) {}
    std::uint32_t number() {  // splitmix64
        auto z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::uint32_t>(z >> 32);
    }
    /// 0 to sides - 1; 0 where there are no sides.
    std::size_t roll(std::size_t sides) { return sides ? number() % sides : 0; }
    std::string octets(std::size_t count) {
        std::string s(count, '\0');
        for (char& c : s) c = static_cast<char>(number());
        return s;
    }

private:
    std::uint64_t state_;
};

}  // namespace fuzz
