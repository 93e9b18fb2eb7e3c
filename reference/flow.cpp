// Deliveries to clients: the window, QoS 1 and 2 as sender, and repeats after a reconnect (sections 4.3, 4.4, 4.6).
#include <algorithm>

#include "reference/core.hpp"

namespace reference {

using mqtt::QoS;
using Stage = InFlight::Stage;

namespace {

// Of each character of UTF-8 the first octet.
std::string first_octets(std::string_view text) {
    std::string first(text);
    std::erase_if(first, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
    return first;
}

}  // namespace

bool Core::has_room(const Session& session) const {
    Link* link = session.link;
    if (!link) return false;
    if (link->waiting_octets() >= settings_.limits.outbox_octets) {
        link->stalled = true;  // take() goes on
        return false;
    }
    // The client's Receive Maximum (5.0, 3.3.4-9, 4.9.0-2) and our own bound.
    const bool quota = session.quota_used < link->receive_maximum || breaks(Break::client_receive_maximum_ignored);
    const Limits& limits = settings_.limits;
    return quota && session.window.size() < limits.inflight && session.window.octets() <= limits.queued_octets;
}

// Open PUBLISH and PUBREL packets are sent again at a reconnect, in their order (4.4.0-1, 4.6.0-1, 4.6.0-4).
void Core::resume(Session& session) {
    for (InFlight* open : session.window.all(Stage::published)) open->counted = false;
    auto released = session.window.all(Stage::released);
    auto published = session.window.all(Stage::published);
    if (breaks(Break::pubrel_repeats_reversed)) std::ranges::reverse(released);
    if (breaks(Break::repeats_reversed)) std::ranges::reverse(published);
    if (breaks(Break::offline_order_reversed)) std::ranges::reverse(session.queue);  // 4.6.0-6, 5.0: 4.6.0-5
    session.to_repeat.clear();
    for (InFlight* open : published) session.to_repeat.push_back(open->id);
    std::vector<std::uint16_t> to_say;  // not the slots: pump() may move them
    for (InFlight* open : released) {
        open->counted = false;  // a PUBREL uses up no quota of this connection
        to_say.push_back(open->id);
    }
    const auto say_released = [&] {
        for (const auto id : to_say)
            if (InFlight* open = session.window.find(id)) repeat(session, *open);
    };
    if (style().acknowledge_flow_before_resume) say_released();
    pump(session);
    if (!style().acknowledge_flow_before_resume) say_released();
}

void Core::repeat(Session& session, InFlight& open) {
    Link& link = *session.link;
    if (open.stage == Stage::released) {
        if (breaks(Break::pubrel_not_repeated)) return;
        if (!breaks(Break::publish_repeated_after_pubrec)) {  // 3.1.1, 4.3.3-1; 5.0, 4.3.3-6: never the PUBLISH
            answer(link, mqtt::Pubrel{open.id}, reason::success);
            return;
        }
    } else if (!std::exchange(open.counted, true)) {
        ++session.quota_used;
    }
    const bool second = open.delivery.qos == QoS::exactly_once;
    if (second && open.delivery.message->expired(now_) && breaks(Break::expired_qos2_not_repeated)) return;
    if (breaks(second ? Break::qos2_not_repeated : Break::qos1_not_repeated)) return;
    const auto id = static_cast<std::uint16_t>(breaks(Break::repeat_has_new_id) ? open.id + 1'000 : open.id);
    if (send_publish(link, open.delivery, id, !breaks(Break::dup_missing_on_repeat))) return;  // 3.3.1-1
    if (std::exchange(open.counted, false)) --session.quota_used;  // too large by now: done with (5.0, 3.1.2-25)
    close(session, open);
}

// Sends what waits, as far as there is room: repeats first.
void Core::pump(Session& session) {
    while (session.link && !session.to_repeat.empty()) {
        const bool full = session.quota_used >= session.link->receive_maximum;
        if (full && !breaks(Break::repeats_ignore_quota)) return;  // 5.0, 3.3.4-9
        session.link->stalled = session.link->waiting_octets() >= settings_.limits.outbox_octets;
        if (session.link->stalled) return;  // take() goes on
        InFlight* open = session.window.find(session.to_repeat.front());
        session.to_repeat.pop_front();
        if (open && open->stage == Stage::published && !open->counted) repeat(session, *open);
    }
    while (session.link && !session.queue.empty()) {
        const bool plain = session.queue.front().qos == QoS::at_most_once;
        if (!has_room(session) && !(plain && !style().qos0_waits_for_window && !session.link->stalled)) return;
        Delivery next = std::move(session.queue.front());
        session.queue.pop_front();
        session.queued_octets -= next.message->octets();
        if (start(session, next) || !breaks(Break::too_large_message_stalls)) continue;
        session.queued_octets += next.message->octets();
        session.queue.push_front(std::move(next));
        return;
    }
}

// What the client has to know no more of.
void Core::close(Session& session, InFlight& open) {
    if (journal_) journal_->settled(open.delivery);  // whatever the session is now: it may have been told
    auto message = open.delivery.message;
    session.window.settle(open);
    messages_.give(std::move(message));
}

// A delivery that leaves the queue unsent.
void Core::forget(Session& session, const Delivery& delivery) {
    session.queued_octets -= delivery.message->octets();
    if (journal_) journal_->settled(delivery);
}

// The first time. False: too large for the client, and so done with (5.0, 3.1.2-25). What has expired is not begun
// (5.0, 3.3.2-5).
bool Core::start(Session& session, const Delivery& delivery) {
    Link& link = *session.link;
    if (delivery.message->expired(now_) && !breaks(Break::expired_message_delivered)) {
        if (journal_) journal_->settled(delivery);
        return true;
    }
    const bool copied = breaks(Break::dup_copied_from_publisher) && delivery.message->dup;  // 3.3.1-3
    if (delivery.qos == QoS::at_most_once) return send_publish(link, delivery, 0, false);
    const bool first = delivery.qos == QoS::at_least_once;
    const bool dup = breaks(first ? Break::qos1_first_has_dup : Break::qos2_first_has_dup);
    InFlight& open = session.window.take();
    // 3.1.1, 2.3.1-4; 5.0, 2.2.1-4
    const auto id = breaks(Break::delivery_id_zero) ? 0u : breaks(Break::delivery_ids_alike) ? 1u : open.id;
    if (!send_publish(link, delivery, static_cast<std::uint16_t>(id), dup || copied)) {
        if (journal_) journal_->settled(delivery);
        session.window.settle(open);
        return false;
    }
    session.window.hold(open, delivery);
    open.counted = true;
    ++session.quota_used;
    if (Journal* journal = keeping(session)) journal->opened(session, open);
    return true;
}

bool Core::send_publish(Link& link, const Delivery& delivery, std::uint16_t id, bool dup) {
    if (encoded_.of == delivery.message.get() && encoded_.of) return send_copy(link, delivery, id, dup);
    return send_own(link, delivery, id, dup);
}

bool Core::send_own(Link& link, const Delivery& delivery, std::uint16_t id, bool dup) {
    if (delivery.qos == QoS::at_most_once) dup = breaks(Break::qos0_has_dup);  // 3.3.1-2
    if (breaks(Break::keep_alive_fed_by_deliveries)) link.heard = now_;
    std::string_view topic = delivery.message->topic;
    mqtt::Publish p{.dup = dup, .qos = delivery.qos, .retain = delivery.retain, .packet_id = id};
    const bool aliased = link.v5() && gather_properties(link, delivery, topic);
    if (link.v5()) p.properties = std::span<const mqtt::Property>(properties_);
    const std::string cut_up = breaks(Break::topic_name_cut_up) ? first_octets(topic) : std::string();
    p.topic = cut_up.empty() ? topic : std::string_view(cut_up);  // UTF-8 (3.3.2-1)
    p.payload = delivery.message->payload;
    std::string strayed;
    if (delivery.qos == QoS::at_most_once && breaks(Break::qos0_has_packet_id))  // 2.3.1-5; 5.0, 2.2.1-2
        p.payload = strayed = (link.v5() ? std::string("\1\0", 2) : std::string("\0\1", 2)).append(p.payload);
    if (delivery.qos == QoS::at_most_once && breaks(Break::qos0_uses_up_quota)) ++link.session->quota_used;
    if (send(link, p)) return true;
    if (aliased) link.rare.make().aliases_out.erase(delivery.message->topic);
    return false;
}

// What goes with a delivery in 5.0, into properties_. True: a new topic alias is among it.
bool Core::gather_properties(Link& link, const Delivery& delivery, std::string_view& topic) {
    using namespace mqtt::property;
    const Message& message = *delivery.message;
    properties_.clear();
    for (mqtt::Property p : message.passed_on()) {
        if (breaks(Break::bom_stripped_from_properties) && p.text.starts_with("\xef\xbb\xbf")) p.text.remove_prefix(3);
        properties_.push_back(p);
    }
    if (message.expiry) {  // less the time it waited (3.3.2-6)
        const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now_ - message.arrived).count();
        const auto left = std::max<std::int64_t>(std::int64_t{*message.expiry} - waited, 0);
        const bool lies = breaks(Break::message_expiry_not_decremented);
        properties_.emplace_back(message_expiry_interval, lies ? *message.expiry : static_cast<std::uint32_t>(left));
    }
    const auto& ids = delivery.identifiers;  // 3.3.4-3 to -5
    for (std::size_t i = 0; i < ids.size() && !breaks(Break::subscription_identifier_missing); ++i)
        if (i == 0 || !breaks(Break::overlap_has_one_identifier))
            properties_.emplace_back(subscription_identifier, ids[i]);
    return alias_topic(link, topic);
}

// Topic aliases only as far as the client allows (3.1.2-26, -27; 3.3.2-11). True: a new one was made.
bool Core::alias_topic(Link& link, std::string_view& topic) {
    using mqtt::property::topic_alias;
    if (link.alias_maximum == 0 && breaks(Break::alias_uninvited)) properties_.emplace_back(topic_alias, 1u);
    if (link.alias_maximum != 0 && breaks(Break::alias_above_client_maximum))
        properties_.emplace_back(topic_alias, std::uint32_t(link.alias_maximum) + 1);
    if (link.alias_maximum != 0 && breaks(Break::alias_from_the_top)) properties_.emplace_back(topic_alias, 65'535u);
    if (!style().outbound_topic_aliases || link.alias_maximum == 0) return false;
    if (const auto known = link.rare.make().aliases_out.find(topic); known != link.rare.make().aliases_out.end()) {
        properties_.emplace_back(topic_alias, std::uint32_t(known->second));
        topic = {};
        return false;
    }
    if (link.rare.make().aliases_out.size() >= link.alias_maximum) return false;
    const auto alias = static_cast<std::uint16_t>(link.rare.make().aliases_out.size() + 1);
    link.rare.make().aliases_out.emplace(topic, alias);
    properties_.emplace_back(topic_alias, std::uint32_t(alias));
    return true;
}

void Core::settle(Session& session, InFlight& open, bool repeats_anyway) {
    if (std::exchange(open.counted, false)) --session.quota_used;
    if (!repeats_anyway) close(session, open);
    pump(session);
}

void Core::on(Link& link, const mqtt::Puback& p) {
    Session& session = *link.session;
    InFlight* open = session.window.find(p.packet_id);
    if (!open || open->delivery.qos != QoS::at_least_once) return;  // unknown: ignored
    const bool refused = p.reason >= reason::unspecified;
    // A member's refusal settles it for the whole share (5.0, 4.8.2-6).
    if (refused && breaks(Break::share_refusal_offered_on)) give_to_another(session, open->delivery);
    // Settled either way (3.1.1, 4.3.2-1; 5.0, 4.3.2-3, 4.4.0-2).
    settle(session, *open, breaks(refused ? Break::refused_delivery_repeated : Break::acknowledged_delivery_repeated));
}

void Core::on(Link& link, const mqtt::Pubrec& p) {
    Session& session = *link.session;
    InFlight* open = session.window.find(p.packet_id);
    if (!open || open->delivery.qos != QoS::exactly_once) {
        const std::uint8_t why = breaks(Break::pubrel_undefined_reason) ? 0x10 : reason::packet_id_not_found;
        if (style().answer_unknown_pubrec) answer(link, mqtt::Pubrel{p.packet_id}, why);
        return;
    }
    if (p.reason >= reason::unspecified) {  // 5.0, 4.4.0-2, 4.8.2-6
        if (breaks(Break::share_refusal_offered_on)) give_to_another(session, open->delivery);
        return settle(session, *open, breaks(Break::refused_delivery_repeated));
    }
    if (open->delivery.message->expired(now_) && breaks(Break::expired_qos2_abandoned)) return;  // 5.0, 4.3.3-7
    if (std::exchange(open->stage, Stage::released) == Stage::published) {
        open->order = session.window.next_order();
        if (Journal* journal = keeping(session)) journal->opened(session, *open);
    }
    if (breaks(Break::pubrel_missing)) return;  // 3.1.1, 4.3.3-1; 5.0, 4.3.3-4
    if (breaks(Break::quota_blocks_pubrel) && session.quota_used >= link.receive_maximum) return;  // 5.0, 4.9.0-3
    if (breaks(Break::quota_freed_by_pubrec) && std::exchange(open->counted, false)) {             // 5.0, 4.9.0-2
        --session.quota_used;
        pump(session);
    }
    if (breaks(Break::pubrels_swapped) && session.window.size() > 1) {  // 4.6.0-4
        const auto held =
            std::exchange(link.rare.make().held_pubrel, link.rare.make().held_pubrel ? std::uint16_t{0} : p.packet_id);
        if (held == 0) return;
        answer(link, mqtt::Pubrel{p.packet_id}, reason::success);
        return answer(link, mqtt::Pubrel{held}, reason::success);
    }
    const auto other = static_cast<std::uint16_t>(p.packet_id == 65'535 ? 1 : p.packet_id + 1);
    answer(link, mqtt::Pubrel{breaks(Break::pubrel_wrong_packet_id) ? other : p.packet_id}, reason::success);
}

void Core::on(Link& link, const mqtt::Pubcomp& p) {
    InFlight* open = link.session->window.find(p.packet_id);
    if (open && open->stage == Stage::released)
        settle(*link.session, *open, breaks(Break::settled_pubrel_repeated));  // 3.1.1, 4.3.3-1; 5.0, 4.4.0-1
}

}  // namespace reference
