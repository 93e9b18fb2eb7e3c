// The broker's honesty: which rules it breaks on purpose, so that a suite can show it would notice.
#pragma once
#include <bitset>
#include <optional>
#include <span>
#include <string_view>

#include "codec/words.hpp"

namespace reference {

/// One violation each; the rows are in violations/*.def, the hooks where the rules are kept.
enum class Break : unsigned {
#define VIOLATION(id, v3_1_1, v5, effect) id,
#include "reference/violations/connect.def"
#include "reference/violations/publish.def"
#include "reference/violations/session.def"
#include "reference/violations/subscribe.def"
#include "reference/violations/format.def"
#include "reference/violations/websocket.def"
#undef VIOLATION
    count
};

/// What a violation breaks: a statement per version ("" where the version has no such rule), and its effect.
struct Violation {
    std::string_view id;
    mqtt::Ids statements;
    std::string_view effect;
};
/// All rows, in the order of `Break`.
std::span<const Violation> violations();
const Violation& row(Break);
/// The violation of that id, or nullopt.
std::optional<Break> find_violation(std::string_view id);

/// A set of violations; the default keeps every rule.
class Policy {
public:
    bool breaks(Break b) const { return broken_[static_cast<unsigned>(b)]; }
    bool honest() const { return broken_.none(); }
    Policy& violate(Break b) {
        broken_.set(static_cast<unsigned>(b));
        return *this;
    }

private:
    std::bitset<static_cast<unsigned>(Break::count)> broken_;
};

}  // namespace reference
