// What is wrong with a packet, and how a connection ends from our side (3.1.1, 4.8; 5.0, 4.13).
#include <algorithm>

#include "codec/rules.hpp"
#include "reference/core.hpp"

namespace reference {
namespace {

using mqtt::Type;

// A rule on the format that a violation does not see to. `field` narrows it down where one statement has many.
struct Blind {
    Break violation;
    std::optional<Type> type;  // none: any
    std::string_view field{};  // empty: any
    mqtt::Ids seen_as{};       // the codec's statement, where it is not the violation's own
};
constexpr mqtt::Ids utf8{"MQTT-1.5.3-1", "MQTT-1.5.4-1"}, null_character{"MQTT-1.5.3-2", "MQTT-1.5.4-2"},
    length{"X-2.0-packet-length", "X-2.0-packet-length"}, packet_type{"X-2.2.1-packet-type", "X-2.1.2-packet-type"},
    property_twice{"", "X-2.2.2-property-twice"}, property_unknown{"", "X-2.2.2-property-unknown"};
constexpr Blind blinds[]{
#define BLIND(id, ...) {Break::id, __VA_ARGS__},
#include "reference/violations/blind.def"
#undef BLIND
};

bool is_filter_fault(const mqtt::Fault& f) {
    return f.field == "topic filter" && !f.statement.starts_with("MQTT-1.5") && f.statement != length.v5;
}

}  // namespace

std::string_view reason_text(std::uint8_t code) {
    switch (code) {
        case reason::no_matching_subscribers: return "nobody subscribes to this topic";
        case reason::no_subscription_existed: return "there was no such subscription";
        case reason::malformed_packet: return "the packet is malformed";
        case reason::protocol_error: return "the packet is not allowed here";
        case reason::unsupported_version: return "this protocol version is not served";
        case reason::bad_client_id: return "this client identifier is not served";
        case reason::bad_login: return "the login is wrong";
        case reason::not_authorized: return "this is not allowed for you";
        case reason::server_unavailable: return "the server is not available";
        case reason::keep_alive_timeout: return "nothing came within 1.5 times Keep Alive";
        case reason::session_taken_over: return "another connection has this client identifier";
        case reason::bad_authentication_method: return "this authentication method is unknown";
        case reason::packet_id_not_found: return "this packet identifier is not in use";
        case reason::receive_maximum_exceeded: return "more publishes are open than announced";
        case reason::packet_too_large: return "the packet is larger than announced";
        case reason::bad_topic_filter: return "the topic filter is not served";
        case reason::bad_topic_name: return "the topic name is not served";
        case reason::bad_topic_alias: return "the topic alias is not valid";
        case reason::use_another_server: return "another server serves you";
        case reason::quota_exceeded: return "a limit is reached";
        default: return "see the reason code";
    }
}

std::uint8_t reason_for(const mqtt::Fault& fault, Type type) {
    const auto is = [&](std::string_view s) { return fault.statement == s; };
    if (is("MQTT-3.2.2-15")) return reason::packet_too_large;
    if (is("MQTT-3.3.2-8") && type == Type::publish) return reason::bad_topic_alias;
    if (is("MQTT-3.3.2-2")) return reason::bad_topic_name;
    if (is_filter_fault(fault)) return reason::bad_topic_filter;
    if (type == Type::connect && fault.field.starts_with("protocol")) return reason::unsupported_version;
    for (std::string_view s :
         {"MQTT-4.7.3-1", "MQTT-3.8.3-4", "MQTT-3.8.3-2", "MQTT-3.10.3-2", "MQTT-3.3.2-14", "MQTT-2.2.1-3",
          "X-2.2.2-property-twice", "X-2.2.2-boolean-value", "X-3.1.2-receive-maximum-zero",
          "X-3.1.2-maximum-packet-size-zero", "X-3.8.2-subscription-identifier-zero", "X-3.8.3-qos-three",
          "X-3.8.3-retain-handling-three", "X-3.1.2-authentication-data-alone"})
        if (is(s)) return reason::protocol_error;
    return reason::malformed_packet;
}

// All faults of the packet must be overlooked: then it is taken for good.
bool Core::overlooked(const Link& link, mqtt::View frame, Type type) const {
    const bool bad_filters_answered = style().fail_bad_filters && type == Type::subscribe;
    if (settings_.policy.honest() && !bad_filters_answered) return false;
    const auto sees_not = [&](const mqtt::Fault& fault) {
        if (bad_filters_answered && is_filter_fault(fault)) return true;
        return std::ranges::any_of(blinds, [&](const Blind& b) {
            const auto named = b.seen_as.in(link.version);
            const auto statement = named.empty() ? row(b.violation).statements.in(link.version) : named;
            return breaks(b.violation) && !fault.statement.empty() && fault.statement == statement &&
                   (!b.type || *b.type == type) && (b.field.empty() || b.field == fault.field);
        });
    };
    const auto faults = mqtt::all_faults(frame, link.version);
    return !faults.empty() && std::ranges::all_of(faults, sees_not);  // none: it is only too large
}

// Returns the octets that are done with.
std::size_t Core::on_fault(Link& link, mqtt::View bytes, const mqtt::Fault& fault) {
    const auto type = static_cast<Type>(bytes[0] >> 4);
    if (breaks(Break::five_octet_length_ignored) &&
        fault.statement == row(Break::five_octet_length_ignored).statements.in(link.version))
        return bytes.size();
    mqtt::Fault ignored;
    const auto whole = mqtt::frame(bytes, mqtt::Version::v3_1_1, ignored);  // lets a padded length pass
    if (whole.size != 0 && overlooked(link, bytes.first(whole.size), type)) {
        mqtt::Packet packet;
        if (mqtt::decode_leniently(packet, bytes.first(whole.size), link.version) != 0) {
            if (link.state != Link::State::fresh)
                dispatch(link, packet);
            else
                on_connect(link, std::get<mqtt::Connect>(packet), bytes.first(whole.size));
        }
        return link.state == Link::State::deciding ? 0 : whole.size;
    }
    const bool again = type == Type::connect && link.state != Link::State::fresh;  // 3.1.0-2, whatever is wrong with it
    if (again)
        fail(link, reason::protocol_error);
    else if (link.state != Link::State::fresh)
        fail(link, reason_for(fault, type));
    // A malformed CONNECT of 3.1.1 gets no CONNACK at all (3.1.4-1); 5.0 may have one.
    else
        refuse(link, 0, reason_for(fault, type));
    return bytes.size();
}

void Core::fail(Link& link, std::uint8_t code) {
    if (link.state == Link::State::online) return disconnect(link, code, style().disconnect_on_error);
    // In the middle of an authentication the client may break rules whose code CONNACK has not.
    refuse(link, 0, mqtt::holds(mqtt::Must::be_connack_code, code, mqtt::Version::v5) ? code : reason::protocol_error);
}

void Core::disconnect(Link& link, std::uint8_t code, bool say) {
    const bool taken_over = code == reason::session_taken_over;
    if (link.v5() && say) {
        if (breaks(Break::disconnect_undefined_reason) && code == reason::protocol_error) code = 0x05;
        const mqtt::Property expiry[]{{mqtt::property::session_expiry_interval, 60}};
        if (taken_over && breaks(Break::disconnect_has_session_expiry))  // 5.0, 3.14.2-2: never
            send(link, mqtt::Disconnect{code, expiry});
        else
            answer(link, mqtt::Disconnect{code}, code);
        if (breaks(Break::packet_after_disconnect)) send(link, mqtt::Pingresp{});  // 5.0, 3.14.4-1: nothing more
        link.left_open = breaks(Break::disconnect_without_close);                  // 5.0, 3.14.4-2
    }
    const auto hides_will = taken_over ? Break::takeover_will_missing : Break::will_missing_on_error;
    shut(link, !breaks(hides_will));
}

void Core::shut(Link& link, bool keep_will) {
    if (link.state == Link::State::closing) return;
    leave(link, keep_will);
    link.state = Link::State::closing;
    arm(link);
    mark_dirty(link);
}

}  // namespace reference
