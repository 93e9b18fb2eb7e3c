// Password hashes, one per text form. Private to login.cpp.
#pragma once
#include <string>
#include <string_view>

namespace reference::hashes {

/// Whether `text` is a hash this build can check; if not, `why` says why.
bool usable(std::string_view text, std::string& why);
/// In constant time over the hash. False for what is not usable.
bool matches(std::string_view text, std::string_view password);
/// Keyed by the secret, evenly from 0 to below 1, the same for the same text.
double draw(std::string_view secret, std::string_view text);
/// SHA-256.
std::string digest(std::string_view text);
/// A scrypt hash, or a SCRAM-SHA-256 entry, with a random salt.
std::string make(std::string_view password);
std::string make_scram(std::string_view password);

}  // namespace reference::hashes
