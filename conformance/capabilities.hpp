// What a broker offers, as found out before the first case: a 5.0 broker says it in CONNACK, a 3.1.1 one is probed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "conformance/profile.hpp"
#include "conformance/results.hpp"
#include "net/loop.hpp"
#include "peer/task.hpp"

namespace conformance {

/// Of one protocol version. Absent 5.0 properties mean their default (section 3.2.2.3).
struct Capabilities {
    bool spoken = false;                // CONNACK 0 was seen in this version
    std::string refusal;                // why not, one line
    bool no_mqtt = false;               // silence, or bytes that are none: no other version need be tried
    bool refers = false;                // the refusal names another server (5.0, section 4.11)
    std::optional<std::uint8_t> refusal_code;  // of the CONNACK that refused

    // announced in CONNACK (5.0); in 3.1.1 what probing found
    std::uint8_t maximum_qos = 2;
    bool retain = true, wildcard = true, shared = true, subscription_identifiers = true;
    std::uint16_t receive_maximum = 65535;
    std::optional<std::uint32_t> maximum_packet_size;    // octets
    std::uint16_t topic_alias_maximum = 0;
    std::optional<std::uint32_t> session_expiry;         // s, what the server makes of a request for 300 s
    std::optional<std::uint16_t> server_keep_alive;      // s, in answer to a Keep Alive of 60 s

    bool websocket = false;        // that is how it is reached
    bool kept_sessions = true;     // 5.0: CONNACK does not make the Session Expiry Interval 0

    // probed in both versions
    bool empty_client_id = true;   // a clean session without an id is accepted
    bool dollar_topics = false;    // a publish to $.../ reaches a subscriber that spells it out
    std::uint8_t granted_qos = 2;  // to a SUBSCRIBE that asks for 2
};

/// What a case needs; the runner skips it with a reason where that is legally absent or not declared.
enum class Need : std::uint8_t {
    retain, wildcard, shared, subscription_identifiers, qos1, qos2, kept_sessions, dollar_topics,
    topic_alias, limited_receive_maximum, limited_packet_size, no_topic_alias,
    maximum_qos_below_2, no_retain, no_wildcard, no_shared, no_subscription_identifiers,
    login_refused, not_authorized, second_login, denied_publish, denied_subscribe, refused_client_id,
    server_unavailable, authentication_method, websocket
};
std::string_view name(Need);
/// Empty where the need is met, otherwise the reason for the skip.
std::string unmet(Need, const Capabilities&, const Profile&, mqtt::Version);

/// What probing works with; everything outlives it.
struct ProbeContext {
    net::Loop& loop;
    net::Target target;
    const Profile& profile;
    net::Duration patience;
    std::string unique;
};
/// Probes one version. Throws peer::LinkError where no network connection comes about.
peer::Task<void> probe_version(const ProbeContext& context, mqtt::Version version, Capabilities& found);
/// Declared features take the place of probed ones.
void apply(const Profile&, Capabilities&);
/// For reports: flat, in a fixed order.
std::vector<Finding> findings(const Capabilities&, mqtt::Version);
std::string to_json(const Capabilities&);

}  // namespace conformance
