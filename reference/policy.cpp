#include "reference/policy.hpp"

namespace reference {
namespace {

constexpr Violation rows[]{
#define VIOLATION(id, v3_1_1, v5, effect) {#id, {v3_1_1, v5}, effect},
#include "reference/violations/connect.def"
#include "reference/violations/publish.def"
#include "reference/violations/session.def"
#include "reference/violations/subscribe.def"
#include "reference/violations/format.def"
#include "reference/violations/websocket.def"
#undef VIOLATION
};

}  // namespace

std::span<const Violation> violations() { return rows; }

const Violation& row(Break b) { return rows[static_cast<unsigned>(b)]; }

std::optional<Break> find_violation(std::string_view id) {
    for (unsigned i = 0; i < std::size(rows); ++i)
        if (rows[i].id == id) return static_cast<Break>(i);
    return std::nullopt;
}

}  // namespace reference
