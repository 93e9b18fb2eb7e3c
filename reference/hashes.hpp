// Password hashes, one per text form. Private to login.cpp.
#pragma once
#include <string>
#include <string_view>

namespace reference::hashes {

/// Whether `text` is a hash this build can check; if not, `why` says why.
bool usable(std::string_view text, std::string& why);
/// In constant time over the hash. False for what is not usable.
bool matches(std::string_view text, std::string_view password);
/// A scrypt hash with a random salt.
std::string make(std::string_view password);

}  // namespace reference::hashes
