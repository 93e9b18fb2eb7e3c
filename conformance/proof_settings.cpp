// What some violations need in order to show, and why some make many cases fail.
#include <algorithm>
#include <initializer_list>

#include "conformance/embedded.hpp"

namespace conformance {
namespace {

struct Setting {
    std::string_view violation, variation;
};
constexpr Setting settings[]{
    {"wildcards_granted_unoffered", "no_wildcards"},
    {"identifiers_taken_unoffered", "no_identifiers"},
    {"shares_granted_unoffered", "no_shares"},
    {"alias_accepted_where_none", "no_aliases"},
    {"copies_have_all_identifiers", "copy_each"},
    {"maximum_qos_untold", "maximum_qos_1"},
    {"qos_above_maximum_accepted", "maximum_qos_1"},
    {"qos_above_maximum_not_granted", "maximum_qos_0"},
    {"retain_unavailable_accepted", "no_retain"},
    {"retained_will_unavailable_accepted", "no_retain"},
    {"will_above_maximum_qos_accepted", "maximum_qos_1"},
};

struct Width {
    std::string_view reason;
    std::initializer_list<std::string_view> violations;
};
// Building blocks: what they break is a step of many cases.
const Width widths[]{
    {"every case that makes this exchange waits for this answer",
     {"puback_missing", "puback_wrong_packet_id", "qos1_answered_by_pubrec", "pubrec_missing", "pubrec_wrong_packet_id", "pubcomp_missing", "pubcomp_wrong_packet_id", "pubrel_missing", "pubrel_wrong_packet_id", "suback_missing", "suback_wrong_packet_id", "unsuback_missing", "unsuback_wrong_packet_id", "suback_has_one_code", "qos0_acknowledged"}},
    {"PINGREQ and PINGRESP are the fence of many cases",
     {"pingresp_missing"}},
    {"every case about a refusal waits for the close that ends it",
     {"refusal_left_open", "disconnect_without_close", "error_disconnect_without_close"}},
    {"every case about a fault reads to the end of the stream, and nothing but DISCONNECT may come there",
     {"packet_after_disconnect", "disconnect_before_connack"}},
    {"every case about a kept session begins with a resumed one",
     {"session_present_missing", "session_present_made_up", "persistent_session_lost", "resume_forgets_subscriptions", "offline_messages_dropped"}},
    {"the faulty packets of many rules are this one fault",
     {"second_connect_ignored", "protocol_name_unchecked"}},
    {"a takeover is one of the ways in which many cases end a connection",
     {"takeover_keeps_old"}},
    {"a will is how many cases learn that a connection ended, or did not",
     {"will_missing_on_cut", "will_twice"}},
    {"every case about retained messages begins with storing one",
     {"retained_not_stored", "unretained_replaces_retained"}},
    {"every first delivery is looked at by many cases",
     {"qos0_has_dup", "qos1_first_has_dup", "qos2_first_has_dup", "delivery_id_zero", "delivery_ids_alike", "qos0_has_packet_id", "delivery_has_published_qos", "delivery_has_granted_qos"}},
    {"every case about redelivery looks at identifier and DUP",
     {"dup_missing_on_repeat", "qos1_not_repeated", "qos2_not_repeated", "repeat_has_new_id", "qos1_forgotten_at_end", "qos2_forgotten_at_end", "pubrels_swapped"}},
    {"the filters of many watchers are of this form",
     {"hash_misses_parent"}},
    {"many cases publish and listen on one connection", {"own_messages_withheld"}},
    {"every case that subscribes at QoS 1 or 2 needs the grant", {"qos_above_maximum_not_granted"}},
    {"cases publish right after they have subscribed once more", {"resubscribe_loses_message"}},
    {"user properties are what many cases send along",
     {"user_properties_dropped"}},
    {"each kind of packet has a case of its own for the same limit",
     {"client_maximum_ignored"}},
    {"the other packets are told apart by a case each",
     {"quota_blocks_other_packets"}},
    {"cases stop listening by UNSUBSCRIBE",
     {"unsubscribe_ineffective"}},
    {"the exchange is a step of every case that authenticates",
     {"auth_asks_with_wrong_reason", "auth_names_other_method"}},
    {"a packet of type 0 is the violation that cases about errors commit",
     {"reserved_type_passed_over"}},
};

}  // namespace

const reference::Variation* setting_for(std::string_view violation) {
    for (const Setting& s : settings)
        if (s.violation == violation) return reference::find_variation(s.variation);
    return nullptr;
}
std::string_view reason_for_width(std::string_view violation) {
    for (const Width& w : widths)
        if (std::find(w.violations.begin(), w.violations.end(), violation) != w.violations.end()) return w.reason;
    return {};
}

}  // namespace conformance
