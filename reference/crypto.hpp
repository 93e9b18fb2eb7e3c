// The little of OpenSSL that logins need; octets are in strings. Private to the login library.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace reference::crypto {

inline constexpr std::size_t sha256_size = 32;

/// nullopt: not base64 (of RFC 4648, with padding), or empty.
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view octets);
/// Throw std::runtime_error where OpenSSL fails (memory).
std::string sha256(std::string_view octets);
std::string hmac_sha256(std::string_view key, std::string_view octets);
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);
/// Fit for secrets. Throws std::runtime_error where there are none.
std::string random(std::size_t octets);
/// In constant time, save for the sizes.
bool equal(std::string_view one, std::string_view other);
/// Both of one size.
std::string exclusive_or(std::string one, std::string_view other);

}  // namespace reference::crypto
