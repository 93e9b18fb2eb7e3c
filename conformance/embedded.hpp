// The reference broker as the suite runs it: every offer on, and a login, an ACL and an authentication method whose
// secrets the suite knows, so that no case has to be skipped for want of them.
#pragma once
#include <string_view>

#include "conformance/profile.hpp"
#include "reference/settings.hpp"
#include "reference/variations.hpp"

namespace conformance {

reference::Settings embedded_settings();
/// What the suite is told about it.
Profile embedded_profile();

/// The legal variation a violation is run in, where the default settings cannot show it; nullptr: the default.
const reference::Variation* setting_for(std::string_view violation);
/// Why a violation makes more than five unrelated cases fail; empty: no reason is known.
std::string_view reason_for_width(std::string_view violation);

}  // namespace conformance
