// Messages from clients: PUBLISH and PUBREL (sections 3.3, 4.3).
#include <algorithm>

#include "reference/core.hpp"

namespace reference {

using mqtt::QoS;

void Core::on(Link& link, const mqtt::Publish& p) {
    ++counters_.publishes_received;
    counters_.payload_octets_received += p.payload.size();
    std::string_view topic = p.topic;
    if (!publish_is_served(link, p) || !resolve_alias(link, p, topic)) return;
    if (p.qos != QoS::at_most_once && !within_receive_maximum(link, p)) return;
    if (p.qos > QoS::at_least_once) accept_qos2(link, p, topic);
    else accept(link, p, topic);
}

// What was announced as absent is not to be used (5.0, section 3.2.2.3); false: the connection is on its end.
bool Core::publish_is_served(Link& link, const mqtt::Publish& p) {
    if (breaks(Break::long_characters_refused) && p.topic.find('\xf0') != p.topic.npos) {  // 1.5.3-1, 1.5.4-1
        fail(link, reason::malformed_packet);
        return false;
    }
    if (!link.v5()) return true;
    if (p.properties.empty() && p.qos == QoS::at_most_once && !p.retain) return true;  // by far the most
    if (p.qos > settings_.offer.maximum_qos && !breaks(Break::qos_above_maximum_accepted))
        fail(link, reason::qos_not_supported);  // 3.2.2-11
    else if (p.retain && !settings_.offer.retain && !breaks(Break::retain_unavailable_accepted))
        fail(link, reason::retain_not_supported);  // 3.2.2-14
    else if (mqtt::find(p.properties, mqtt::property::subscription_identifier) &&
             !breaks(Break::identifier_in_client_publish_accepted))
        fail(link, reason::protocol_error);  // 3.3.4-6
    return link.state == Link::State::online;
}

// 5.0, section 3.3.2.3.4. False: the connection is on its end.
bool Core::resolve_alias(Link& link, const mqtt::Publish& p, std::string_view& topic) {
    if (!link.v5() || p.properties.empty()) return true;
    const auto alias = mqtt::find(p.properties, mqtt::property::topic_alias);
    if (!alias || (alias->number == 0 && breaks(Break::alias_zero_accepted))) return true;
    const auto most = settings_.offer.topic_alias_maximum;
    const auto taken = most == 0 ? Break::alias_accepted_where_none : Break::alias_above_maximum_accepted;
    const bool above = alias->number > most && !breaks(taken);                                // 3.2.2-17, -18, 3.3.2-9
    if (above && breaks(Break::alias_above_maximum_swallowed)) return false;
    const bool shy = alias->number == most && breaks(Break::highest_alias_refused);           // 3.3.2-12
    if (above || shy || alias->number == 0) {
        fail(link, reason::bad_topic_alias);
        return false;
    }
    const bool of_all = breaks(Break::alias_of_all_connections);
    auto& aliases = of_all                                     ? old_aliases_[""]
                    : breaks(Break::alias_survives_connection) ? old_aliases_[link.session->client_id]
                                                               : link.rare.make().aliases_in;
    if (aliases.size() <= alias->number) aliases.resize(alias->number + 1);
    const bool kept = breaks(Break::alias_set_once) && !aliases[alias->number].empty();
    if (!topic.empty() && !kept) aliases[alias->number] = topic;
    topic = aliases[alias->number];
    if (topic.empty() && !breaks(Break::alias_unknown_swallowed))
        fail(link, reason::protocol_error);  // made on this connection or not at all (3.3.2-7)
    return !topic.empty();
}

// A client's open publishes are bounded in 5.0 (3.3.4-7); those of QoS 1 are closed at once. False: on its end.
bool Core::within_receive_maximum(Link& link, const mqtt::Publish& p) {
    if (!link.v5() || link.open_publishes < settings_.offer.receive_maximum) return true;
    const auto open = link.session->inbound.find(p.packet_id);
    const bool counted = open != link.session->inbound.end() && open->second.counted_on == link.id;
    if (counted && p.qos != QoS::at_least_once) return true;  // a repeat
    if (breaks(Break::receive_maximum_overrun_accepted)) return true;
    fail(link, reason::receive_maximum_exceeded);
    return false;
}

MessagePtr Core::make_message(const Link& link, const mqtt::Publish& p, std::string_view topic) {
    auto message = messages_.take();
    if (breaks(Break::bom_stripped) && topic.starts_with("\xef\xbb\xbf")) topic.remove_prefix(3);  // 1.5.3-3, 1.5.4-3
    message->topic = topic;
    message->payload = p.payload;
    message->qos = std::min(p.qos, QoS::exactly_once);
    message->retain = p.retain;
    message->dup = p.dup;
    message->arrived = now_;
    if (link.session) message->publisher = link.session->client_id;
    if (!link.v5() || p.properties.empty()) return message;
    if (const auto expiry = mqtt::find(p.properties, mqtt::property::message_expiry_interval))
        message->expiry = expiry->number;
    message->properties = pack_properties(p.properties, Break::user_properties_reordered);
    return message;
}

// The properties that are passed on as they are, in their order (5.0, 3.3.2-4, -15 to -18, -20).
std::string Core::pack_properties(const mqtt::Properties& list, Break reversed) {
    using namespace mqtt::property;
    if (list.empty()) return {};
    properties_.clear();
    for (const mqtt::Property& p : list) {
        const bool dropped = (p.id == payload_format_indicator && breaks(Break::payload_format_dropped)) ||
                             (p.id == response_topic && breaks(Break::response_topic_dropped)) ||
                             (p.id == correlation_data && breaks(Break::correlation_data_dropped)) ||
                             (p.id == content_type && breaks(Break::content_type_dropped)) ||
                             (p.id == user_property && breaks(Break::user_properties_dropped));
        const bool ours = p.id == topic_alias || p.id == message_expiry_interval || p.id == subscription_identifier ||
                          p.id == will_delay_interval;
        if (!dropped && !ours) properties_.push_back(p);
    }
    if (breaks(reversed)) std::ranges::reverse(properties_);
    const mqtt::Properties kept{std::span<const mqtt::Property>(properties_)};
    std::string packed(list.octets().size(), '\0');
    const auto octets =
        mqtt::pack(kept, mqtt::Version::v5, {reinterpret_cast<std::uint8_t*>(packed.data()), packed.size()});
    packed.resize(octets.octets().size());
    return packed;
}

// Why a well-formed message is not taken, as a reason code; 0: it is.
std::uint8_t Core::objection(const Link& link, const Message& message) {
    if (style().refuse_sys_publish && is_system(message.topic)) return reason::not_authorized;
    if (style().refuse_dollar_publish && message.topic.starts_with('$')) return reason::not_authorized;
    if (settings_.allowed &&
        !settings_.allowed({link.session->client_id, link.user_name(), Action::publish, message.topic}))
        return reason::not_authorized;
    if (message.retain && !room_to_retain(message.topic, message)) return reason::quota_exceeded;
    return reason::success;
}

// True: the message is not taken, and that has been answered. Before 5.0 there is no code for it (3.3.5-2).
bool Core::object(Link& link, const mqtt::Publish& p, const Message& message) {
    const auto why = objection(link, message);
    if (why == reason::success) return false;
    if (why == reason::not_authorized && breaks(Break::denied_publish_unanswered)) return true;
    const bool no_word = !link.v5() && why == reason::quota_exceeded && p.qos != QoS::at_most_once;
    if (no_word || style().refused_publish == Refusal::close) fail(link, why);
    else acknowledge(link, p, link.v5() && style().refused_publish == Refusal::code ? why : reason::success);
    return true;
}

void Core::accept(Link& link, const mqtt::Publish& p, std::string_view topic) {
    auto message = make_message(link, p, topic);
    if (object(link, p, *message)) return;
    // After PUBACK the same identifier is a new message, whatever DUP says (3.1.1, 4.3.2-2; 5.0, 4.3.2-5).
    if (p.qos == QoS::at_least_once && breaks(Break::qos1_repeat_swallowed) &&
        !link.rare.make().seen_qos1.insert(p.packet_id).second && p.dup)
        return acknowledge(link, p, reason::success);
    if (goes_out_as_it_came(link, p, *message)) {
        encoded_.filled = true;
        encoded_.version = link.version;
        encoded_.qos = QoS::at_most_once;
        encoded_.retain = encoded_.dup = false;
        encoded_.octets = mqtt::bytes(frame_);
    }
    acknowledge(link, p, publish(message, &link.rare.make().last_topic));
    messages_.give(std::move(message));
}

// Octet by octet, to receivers of the same version: then it need not be encoded again.
bool Core::goes_out_as_it_came(const Link& link, const mqtt::Publish& p, const Message& message) const {
    if (p.qos != QoS::at_most_once || p.retain || p.dup || frame_.empty()) return false;
    const auto rest = p.topic.size() + p.payload.size() + 2;
    if (!link.v5()) return rest < 128 && frame_.size() == rest + 2;  // else its length may be padded
    return rest < 127 && p.properties.empty() && frame_.size() == rest + 3 && message.topic == p.topic;
}

void Core::accept_qos2(Link& link, const mqtt::Publish& p, std::string_view topic) {
    auto& open = link.session->inbound;
    const auto [it, fresh] = open.try_emplace(p.packet_id);
    Inbound& inbound = it->second;
    if (std::exchange(inbound.counted_on, link.id) != link.id) ++link.open_publishes;
    if (!fresh) {  // a repeat: PUBREC again, no second delivery (4.3.3-2; 5.0, 4.3.3-10)
        if (breaks(Break::qos2_repeat_delivered)) publish(make_message(link, p, topic));
        if (breaks(Break::qos2_repeat_unanswered)) return;
        const bool in_use = link.v5() && style().refuse_id_in_use && !p.dup;
        return acknowledge(link, p, in_use ? reason::packet_id_in_use : reason::success);
    }
    const auto message = make_message(link, p, topic);
    if (objection(link, *message) != reason::success) {  // the identifier is free again (5.0, 4.3.3-9)
        const bool told = link.v5() && style().refused_publish == Refusal::code;
        if (told) inbound.counted_on = 0, --link.open_publishes;
        if (told && !breaks(Break::refused_qos2_id_kept)) open.erase(it);
        else if (Journal* journal = keeping(*link.session)) journal->received(*link.session, p.packet_id, inbound);
        object(link, p, *message);
        return;
    }
    if (message->expiry) inbound.expires = now_ + std::chrono::seconds(*message->expiry);
    const bool at_once = style().deliver_qos2 == Release::on_publish;
    if (!at_once) inbound.held = message;
    if (Journal* journal = keeping(*link.session)) journal->received(*link.session, p.packet_id, inbound);
    acknowledge(link, p, at_once ? publish(message, &link.rare.make().last_topic) : reason::success);
}

// PUBACK, PUBREC or nothing (3.3.4-1), with the same identifier (3.1.1, 2.3.1-6; 5.0, 2.2.1-5).
void Core::acknowledge(Link& link, const mqtt::Publish& p, std::uint8_t why) {
    if (link.state != Link::State::online) return;
    if (p.qos == QoS::at_most_once) {
        if (breaks(Break::qos0_acknowledged)) send(link, mqtt::Puback{1});
        return;
    }
    const auto other = static_cast<std::uint16_t>(p.packet_id == 65'535 ? 1 : p.packet_id + 1);
    const bool first = p.qos == QoS::at_least_once;
    if (first && breaks(Break::puback_undefined_reason) && why == reason::no_matching_subscribers) why = 0x11;
    if (!first && breaks(Break::pubrec_undefined_reason) && why == reason::no_matching_subscribers) why = 0x11;
    if (first && breaks(Break::puback_missing)) return;
    if (!first && breaks(Break::pubrec_missing)) return;
    if (first && breaks(Break::qos1_answered_by_pubrec)) return answer(link, mqtt::Pubrec{p.packet_id}, why);
    if (first) answer(link, mqtt::Puback{breaks(Break::puback_wrong_packet_id) ? other : p.packet_id}, why);
    else answer(link, mqtt::Pubrec{breaks(Break::pubrec_wrong_packet_id) ? other : p.packet_id}, why);
}

// PUBCOMP in any case (3.1.1, 4.3.3-2; 5.0, 4.3.3-11); from then on the identifier is free (4.3.3-12).
void Core::on(Link& link, const mqtt::Pubrel& p) {
    auto& open = link.session->inbound;
    const auto it = open.find(p.packet_id);
    const auto other = static_cast<std::uint16_t>(p.packet_id == 65'535 ? 1 : p.packet_id + 1);
    const auto id = breaks(Break::pubcomp_wrong_packet_id) ? other : p.packet_id;
    if (it == open.end()) {
        std::uint8_t why = style().say_unknown_id ? reason::packet_id_not_found : reason::success;
        if (breaks(Break::pubcomp_undefined_reason)) why = 0x10;
        return answer(link, mqtt::Pubcomp{id}, why);
    }
    const bool expired = it->second.expires && *it->second.expires <= now_;
    if (expired && breaks(Break::expired_qos2_unreleased)) return;  // 5.0, 4.3.3-13
    if (it->second.counted_on == link.id) --link.open_publishes;
    it->second.counted_on = 0;
    if (Journal* journal = keeping(*link.session)) journal->released(*link.session, p.packet_id, it->second);
    const auto held = std::exchange(it->second.held, nullptr);
    if (!breaks(Break::qos2_id_never_free)) open.erase(it);
    if (held && expired && !breaks(Break::expired_message_delivered)) {  // 5.0, 3.3.2-5
        if (held->retain) retain(held);                                  // the one before it goes (3.3.1-5)
    } else if (held) {
        publish(held, &link.rare.make().last_topic);
    }
    if (!breaks(Break::pubcomp_missing)) answer(link, mqtt::Pubcomp{id}, reason::success);
}

// A message of the server's own.
void Core::publish(std::string_view topic, std::string_view payload, bool retain, Time now) {
    set_now(now);
    auto message = messages_.take();
    message->topic = topic;
    message->payload = payload;
    message->retain = retain;
    message->arrived = now_;
    publish(MessagePtr(std::move(message)));
}

// To the retained store and to all whom it concerns; returns success or "no matching subscribers".
std::uint8_t Core::publish(const MessagePtr& message, Subscriptions::Last* last) {
    if (message->retain) retain(message);
    else if (breaks(Break::unretained_replaces_retained) && retained_.holds(message->topic)) retained_.store(message);
    if (message->retain && message->payload.empty() && breaks(Break::retained_empty_not_forwarded))
        return reason::success;
    const bool any = route(message, last) != 0;
    return any || !style().say_no_subscribers ? reason::success : reason::no_matching_subscribers;
}

}  // namespace reference
