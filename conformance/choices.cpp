// Legal choices of a broker, one at a time, and which of them a violation needs in order to show.
#include <algorithm>

#include "conformance/embedded.hpp"

namespace conformance {
namespace {

using S = reference::Settings;
using mqtt::QoS;

constexpr Choice all[]{
    {"bare_close", "errors are met by a close without CONNACK or DISCONNECT", [](S& s) {
         s.style.connack_on_error = s.style.disconnect_on_error = s.style.disconnect_on_takeover = false;
     }},
    {"no_reason_strings", "no Reason String anywhere", [](S& s) { s.style.reason_strings = false; }},
    {"no_empty_client_ids", "empty client ids are refused", [](S& s) { s.style.empty_client_ids = false; }},
    {"no_long_client_ids", "client ids of more than 23 octets are refused", [](S& s) { s.style.long_client_ids = false; }},
    {"qos2_on_pubrel", "QoS 2 messages are delivered on PUBREL", [](S& s) { s.style.deliver_qos2 = reference::Release::on_pubrel; }},
    {"overlap_copies", "a copy for each overlapping subscription", [](S& s) { s.style.overlap = reference::Overlap::copy_each; }},
    {"qos0_kept", "QoS 0 is kept for absent clients", [](S& s) { s.style.queue_qos0 = true; }},
    {"qos0_waits", "QoS 0 waits while the window is full", [](S& s) { s.style.qos0_waits_for_window = true; }},
    {"retained_qos0_dropped", "retained QoS 0 messages are thrown away", [](S& s) { s.style.keep_retained_qos0 = false; }},
    {"retained_before_suback", "retained messages come before SUBACK", [](S& s) { s.style.retained_before_suback = true; }},
    {"plain_success", "0x00 in place of 0x10, 0x11 and 0x92", [](S& s) {
         s.style.say_no_subscribers = s.style.say_no_subscription = s.style.say_unknown_id = false;
     }},
    {"silent_unknown_pubrec", "a PUBREC for an unknown identifier is ignored", [](S& s) { s.style.answer_unknown_pubrec = false; }},
    {"id_in_use_refused", "PUBREC 0x91 for an identifier in use", [](S& s) { s.style.refuse_id_in_use = true; }},
    {"no_dollar_publish", "clients may not publish to $ topics", [](S& s) { s.style.refuse_dollar_publish = true; }},
    {"refused_publish_close", "a refused publish ends the connection", [](S& s) { s.style.refused_publish = reference::Refusal::close; }},
    {"refused_publish_acknowledged", "a refused publish is acknowledged and dropped",
     [](S& s) { s.style.refused_publish = reference::Refusal::drop_and_acknowledge; }},
    {"bad_filters_fail", "a malformed filter gets a failure code in SUBACK", [](S& s) { s.style.fail_bad_filters = true; }},
    {"unavailable_codes", "what is not offered gets a SUBACK code in place of a close", [](S& s) {
         s.style.close_unavailable = false;
         s.offer.shared_subscriptions = s.offer.subscription_identifiers = false;
     }},
    {"grants_qos1", "grants are lowered to QoS 1", [](S& s) { s.style.grant_at_most = QoS::at_least_once; }},
    {"grants_qos0", "grants are lowered to QoS 0", [](S& s) { s.style.grant_at_most = QoS::at_most_once; }},
    {"outbound_aliases", "the server uses topic aliases", [](S& s) { s.style.outbound_topic_aliases = true; }},
    {"share_qos1_moves", "an unfinished QoS 1 delivery of a group moves on", [](S& s) { s.style.share_qos1 = reference::ShareQos1::moves_at_end; }},
    {"publishes_resumed_first", "PUBLISH before PUBREL among the repeats", [](S& s) { s.style.acknowledge_flow_before_resume = false; }},
    {"maximum_qos_1", "Maximum QoS 1", [](S& s) { s.offer.maximum_qos = QoS::at_least_once; }},
    {"maximum_qos_0", "Maximum QoS 0", [](S& s) { s.offer.maximum_qos = QoS::at_most_once; }},
    {"no_retain", "no retained messages", [](S& s) { s.offer.retain = false; }},
    {"no_wildcards", "no wildcard subscriptions", [](S& s) { s.offer.wildcards = false; }},
    {"no_shared", "no shared subscriptions", [](S& s) { s.offer.shared_subscriptions = false; }},
    {"no_subscription_identifiers", "no subscription identifiers", [](S& s) { s.offer.subscription_identifiers = false; }},
    {"no_topic_aliases", "Topic Alias Maximum 0", [](S& s) { s.offer.topic_alias_maximum = 0; }},
    {"no_announced_limits", "Receive Maximum and Maximum Packet Size at their defaults", [](S& s) {
         s.offer.receive_maximum = 65535;
         s.offer.maximum_packet_size = 268'435'460;
     }},
    {"receive_maximum_1", "Receive Maximum 1", [](S& s) { s.offer.receive_maximum = 1; }},
    {"server_keep_alive", "Server Keep Alive 5", [](S& s) { s.offer.server_keep_alive = 5; }},
    {"short_sessions", "sessions are kept for 20 s at most", [](S& s) { s.offer.longest_session = 20; }},
    {"no_sessions", "sessions end with the connection", [](S& s) { s.offer.longest_session = 0; }},
    {"no_response_information", "no Response Information", [](S& s) { s.offer.response_information = ""; }},
    {"v3_1_1_only", "5.0 is not served", [](S& s) { s.offer.v5 = false; }},
    {"v5_only", "3.1.1 is not served", [](S& s) { s.offer.v3_1_1 = s.offer.v3_1 = false; }},
    {"one_in_flight", "one delivery in flight per session", [](S& s) { s.limits.inflight = 1; }},
};

struct Need {
    std::string_view violation, choice;
};
constexpr Need needs[]{{"", ""}};

struct Width {
    std::string_view violation, reason;
};
constexpr Width widths[]{{"", ""}};

}  // namespace

std::span<const Choice> choices() { return all; }
const Choice* find_choice(std::string_view id) {
    auto it = std::find_if(std::begin(all), std::end(all), [&](const Choice& c) { return c.id == id; });
    return it == std::end(all) ? nullptr : it;
}
const Choice* choice_for(std::string_view violation) {
    for (const Need& n : needs)
        if (n.violation == violation) return find_choice(n.choice);
    return nullptr;
}
std::string_view reason_for_width(std::string_view violation) {
    for (const Width& w : widths)
        if (w.violation == violation) return w.reason;
    return {};
}

}  // namespace conformance
