#include "reference/variations.hpp"

namespace reference {
namespace {

using mqtt::QoS;

constexpr Variation variation_rows[]{
    {"bare_refusal", "faulty CONNECTs are met by a close alone", [](Settings& s) { s.style.connack_on_error = false; }},
    {"bare_close", "faults and takeovers are met by a close alone",
     [](Settings& s) { s.style.disconnect_on_error = s.style.disconnect_on_takeover = false; }},
    {"silent_reasons", "no Reason Strings", [](Settings& s) { s.style.reason_strings = false; }},
    {"plain_successes", "success codes are 0x00 throughout",
     [](Settings& s) { s.style.say_no_subscribers = s.style.say_no_subscription = s.style.say_unknown_id = false; }},
    {"no_empty_ids", "empty client ids are refused", [](Settings& s) { s.style.empty_client_ids = false; }},
    {"no_long_ids", "client ids above 23 octets are refused", [](Settings& s) { s.style.long_client_ids = false; }},
    {"qos2_on_pubrel", "QoS 2 messages are delivered at PUBREL",
     [](Settings& s) { s.style.deliver_qos2 = Release::on_pubrel; }},
    {"copy_each", "overlapping subscriptions get a copy each",
     [](Settings& s) { s.style.overlap = Overlap::copy_each; }},
    {"qos0_kept", "QoS 0 messages are kept for absent clients", [](Settings& s) { s.style.queue_qos0 = true; }},
    {"qos0_waits", "QoS 0 messages wait for the window too", [](Settings& s) { s.style.qos0_waits_for_window = true; }},
    {"retained_qos0_dropped", "retained QoS 0 messages are thrown away",
     [](Settings& s) { s.style.keep_retained_qos0 = false; }},
    {"retained_first", "retained messages come before SUBACK",
     [](Settings& s) { s.style.retained_before_suback = true; }},
    {"pubrec_ignored", "PUBREC for an unknown identifier is ignored",
     [](Settings& s) { s.style.answer_unknown_pubrec = false; }},
    {"dollar_refused", "clients may not publish to $ topics",
     [](Settings& s) { s.style.refuse_dollar_publish = true; }},
    {"dollar_closed", "a client that publishes to a $ topic is cut off",
     [](Settings& s) {
         s.style.refuse_dollar_publish = true;
         s.style.refused_publish = Refusal::close;
     }},
    {"grants_lower", "QoS 1 is the most that is granted",
     [](Settings& s) { s.style.grant_at_most = QoS::at_least_once; }},
    {"grants_lowest", "QoS 0 is the most that is granted",
     [](Settings& s) { s.style.grant_at_most = QoS::at_most_once; }},
    {"outbound_aliases", "deliveries use topic aliases", [](Settings& s) { s.style.outbound_topic_aliases = true; }},
    {"share_moves", "unfinished QoS 1 messages of a share move on when a session ends",
     [](Settings& s) { s.style.share_qos1 = ShareQos1::moves_at_end; }},
    {"publishes_before_pubrels", "among the repeats PUBLISH comes before PUBREL",
     [](Settings& s) { s.style.acknowledge_flow_before_resume = false; }},
    {"small_window", "deliveries go out one at a time", [](Settings& s) { s.limits.inflight = 1; }},
    {"receive_maximum_1", "Receive Maximum 1", [](Settings& s) { s.offer.receive_maximum = 1; }},
    {"receive_maximum_untold", "Receive Maximum is not announced",
     [](Settings& s) { s.offer.receive_maximum = 65'535; }},
    {"packet_size_untold", "Maximum Packet Size is not announced",
     [](Settings& s) { s.offer.maximum_packet_size = 268'435'460; }},
    {"packet_size_2000", "Maximum Packet Size 2000", [](Settings& s) { s.offer.maximum_packet_size = 2'000; }},
    {"no_aliases", "no topic aliases from clients", [](Settings& s) { s.offer.topic_alias_maximum = 0; }},
    {"maximum_qos_1", "Maximum QoS 1", [](Settings& s) { s.offer.maximum_qos = QoS::at_least_once; }},
    {"maximum_qos_0", "Maximum QoS 0", [](Settings& s) { s.offer.maximum_qos = QoS::at_most_once; }},
    {"no_retain", "no retained messages in 5.0", [](Settings& s) { s.offer.retain = false; }},
    {"no_wildcards", "no wildcard subscriptions", [](Settings& s) { s.offer.wildcards = false; }},
    {"no_shares", "no shared subscriptions", [](Settings& s) { s.offer.shared_subscriptions = false; }},
    {"no_identifiers", "no subscription identifiers", [](Settings& s) { s.offer.subscription_identifiers = false; }},
    {"server_keep_alive", "Server Keep Alive 3", [](Settings& s) { s.offer.server_keep_alive = 3; }},
    {"sessions_capped", "sessions last 20 s at most", [](Settings& s) { s.offer.longest_session = 20; }},
    {"no_response_information", "Response Information is never given",
     [](Settings& s) { s.offer.response_information.clear(); }},
    {"v3_only", "5.0 is not served", [](Settings& s) { s.offer.v5 = false; }},
    {"v5_only", "only 5.0 is served", [](Settings& s) { s.offer.v3_1 = s.offer.v3_1_1 = false; }},
    {"refused_publish_closed", "a refused publish ends the connection",
     [](Settings& s) { s.style.refused_publish = Refusal::close; }},
    {"refused_publish_swallowed", "a refused publish is acknowledged as if it were taken",
     [](Settings& s) { s.style.refused_publish = Refusal::drop_and_acknowledge; }},
    {"id_in_use_refused", "PUBREC 0x91 for an identifier in use",
     [](Settings& s) { s.style.refuse_id_in_use = true; }},
    {"bad_filters_fail", "a malformed filter gets a failure code in SUBACK",
     [](Settings& s) { s.style.fail_bad_filters = true; }},
    {"unavailable_codes", "what is not offered gets a SUBACK code in place of a close",
     [](Settings& s) {
         s.style.close_unavailable = false;
         s.offer.wildcards = s.offer.shared_subscriptions = s.offer.subscription_identifiers = false;
     }},
    {"sessions_end_at_once", "no session outlives its connection in 5.0",
     [](Settings& s) { s.offer.longest_session = 0; }},
    {"no_v3_1", "3.1 is not served", [](Settings& s) { s.offer.v3_1 = false; }},
};

}  // namespace

std::span<const Variation> variations() { return variation_rows; }

const Variation* find_variation(std::string_view id) {
    for (const Variation& v : variation_rows)
        if (v.id == id) return &v;
    return nullptr;
}

}  // namespace reference
