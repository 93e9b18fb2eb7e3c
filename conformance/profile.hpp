// What probing cannot find out about a broker, as its owner declares it in a TOML file (docs/profiles.md).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance {

/// What CONNECT carries. Never printed: see Target::url and masked().
struct Login {
    std::optional<std::string> user_name, password;
    bool operator==(const Login&) const = default;
    bool empty() const { return !user_name && !password; }
};

/// Everything is optional: what is not declared is probed, or the cases that need it are skipped.
struct Profile {
    std::string name;  // of the broker, for reports

    // [login]: user_name, password; and [login.second] and so on with the same
    Login login;                          // where --username and --password are not given
    std::optional<Login> second;          // another user that is served
    std::optional<Login> refused;         // a login that has to be refused as bad
    std::optional<Login> not_authorized;  // a user that is known, but may not connect

    // [denied] publish, subscribe, client_id, unavailable_address: what the (first) login may not do
    std::optional<std::string> denied_publish;       // a topic name
    std::optional<std::string> denied_subscribe;     // a topic filter
    std::optional<std::string> refused_client_id;    // a client identifier the broker does not admit
    std::optional<std::string> unavailable_address;  // host:port of a listener that answers "server unavailable"

    // [features], named as here: in place of what probing finds
    std::optional<bool> retain, wildcard, shared, subscription_identifiers;
    std::optional<bool> kept_sessions, empty_client_id, dollar_topics;
    std::optional<std::uint8_t> maximum_qos;  // 0, 1, 2
    std::optional<std::uint16_t> receive_maximum, topic_alias_maximum;
    std::optional<std::uint32_t> maximum_packet_size;  // octets

    // [authentication] method, data, wrong_data: enhanced, 5.0
    std::optional<std::string> auth_method;
    std::optional<std::string> auth_data, auth_wrong_data;  // first data that is accepted, that is refused

    // [timing]
    std::optional<std::uint16_t> tolerance_ms;  // how late a timed action may come

    bool operator==(const Profile&) const = default;
};

/// Reads TOML. Throws UsageError with file, line and key: a wrong type, a key that is none, a value out of range.
Profile read_profile(const std::string& path);
Profile parse_profile(std::string_view toml, const std::string& path);
/// The TOML that reads back as the same profile. Secrets are in it in clear: it is a file of the user's.
std::string print_profile(const Profile&);

}  // namespace conformance
