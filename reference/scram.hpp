// SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, as an authentication method of MQTT 5.0 (section 4.12).
// SASLprep's tables are not in it: ASCII without control characters is what they leave alone, so a password in an entry
// has to be that; user names are compared octet by octet, and have to be UTF-8 without control characters.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "reference/settings.hpp"

namespace reference::scram {

inline constexpr std::string_view method = "SCRAM-SHA-256";
inline constexpr int iterations = 50'000;  // of an entry of ours; RFC 7677 wants 4096 at least

/// What the server keeps of a password (RFC 5802, section 3): not enough to log in with.
struct Entry {
    int iterations = 0;
    std::string salt, stored_key, server_key;
};
/// "$scram-sha-256$ITERATIONS$SALT$STOREDKEY$SERVERKEY" (base64); nullopt: not that.
std::optional<Entry> parse(std::string_view text);
std::string print(const Entry&);
Entry make(std::string_view password, std::string_view salt, int iterations);
/// Whether an entry may be made for it (see above).
bool is_plain(std::string_view password);
/// A password in clear against the entry, in constant time.
bool matches(const Entry&, std::string_view password);

/// Who wants to log in. For an unknown user an entry too, that nothing matches and that is the same each time.
struct Found {
    Entry entry;
    bool known = false;
};
using Find = std::function<Found(std::string_view user_name)>;
/// Gives the server's half of a nonce: printable ASCII without commas.
using Nonce = std::function<std::string()>;
/// 18 random octets in base64.
std::string random_nonce();
Authenticator authenticator(Find find, Nonce nonce = random_nonce);

}  // namespace reference::scram
