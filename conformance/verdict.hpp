// What a case can come to. The order of the enumerators is the order of the summary, not of badness.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace conformance {

/// pass; fail (a MUST is broken); warn (a SHOULD, or the letter where practice differs); info (a free choice, recorded);
/// skip (feature legally absent); unreachable (cannot be provoked here); error (the harness itself or the link).
enum class Verdict : std::uint8_t { pass, fail, warn, info, skip, unreachable, error };

inline constexpr std::array<std::string_view, 7> verdict_names{"pass", "fail", "warn", "info",
                                                               "skip", "unreachable", "error"};
constexpr std::string_view name(Verdict v) { return verdict_names[static_cast<std::size_t>(v)]; }

/// Badness for "the worst of its cases": fail, error, warn, unreachable, skip, info, pass in that order (design/cli.md).
constexpr int badness(Verdict v) {
    constexpr std::array<int, 7> rank{0, 6, 4, 1, 2, 3, 5};
    return rank[static_cast<std::size_t>(v)];
}

}  // namespace conformance
