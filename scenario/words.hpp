// Private to scenario/: the words of the file.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "scenario/scenario.hpp"

namespace scenario {

inline constexpr std::string_view schema = "mqttspec.scenario/1";
inline constexpr std::array<std::string_view, 6> kinds{"open", "send", "expect", "close", "gap", "truncated"};
inline constexpr std::array<std::string_view, 2> sides{"client", "server"};
inline constexpr std::array<std::string_view, 3> hows{"fin", "reset", "end of capture"};

inline std::string_view name(Step::Kind k) { return kinds[std::size_t(k)]; }
inline std::string_view name(Side s) { return sides[std::size_t(s)]; }
inline std::string_view name(How h) { return hows[std::size_t(h)]; }

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& words, std::string_view word) {
    for (std::size_t i = 0; i < N; ++i)
        if (words[i] == word) return i;
    return std::nullopt;
}

}  // namespace scenario
