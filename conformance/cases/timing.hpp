// What only time brings: how late it may come.
#pragma once
#include "conformance/kit.hpp"

namespace conformance {

/// How late a timed action may come before it counts as missing: the profile's, or two and a half seconds.
inline milliseconds tolerance(const Test& test) { return milliseconds(test.profile.tolerance_ms.value_or(2500)); }

}  // namespace conformance
