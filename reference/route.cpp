// From a message to the sessions that have a claim to it (section 4.5), and into their queues.
#include <algorithm>

#include "reference/core.hpp"

namespace reference {

using mqtt::QoS;

// The number of sessions and shares that match, whether or not the message could be kept for them.
std::size_t Core::route(const MessagePtr& message, Subscriptions::Last* last) {
    const auto& found = subscriptions_.matched(message->topic, last);
    if ((found.plain.size() > 1 || encoded_.filled) && settings_.policy.honest()) encoded_.of = message.get();
    const auto count = found.distinct ? deliver_each(found, message) : deliver_joined(found, message);
    encoded_.of = nullptr;
    encoded_.filled = false;
    for (Group* group : found.groups) owe_group(*group, message);
    return count + found.groups.size();
}

bool Core::withheld(const Subscription& s, const Message& message) const {
    if (!s.no_local && !breaks(Break::own_messages_withheld)) return false;  // 4.5.0-1
    if (message.publisher != s.session->client_id) return false;
    return breaks(Break::own_messages_withheld) || !breaks(Break::no_local_ignored);  // 5.0, 3.8.3-3
}

// No session has two claims.
std::size_t Core::deliver_each(const Subscriptions::Found& found, const MessagePtr& message) {
    std::size_t count = 0;
    for (const Subscription* s : found.plain) {
        if (withheld(*s, *message)) continue;
        deliver(*s->session, delivery_for(*s, message));
        ++count;
    }
    return count;
}

std::size_t Core::deliver_joined(const Subscriptions::Found& found, const MessagePtr& message) {
    matches_.clear();
    for (const Subscription* s : found.plain)
        if (!withheld(*s, *message)) owe(*s, message);
    for (Match& match : matches_) deliver(*match.session, std::move(match.delivery));
    const auto count = matches_.size();
    matches_.clear();
    return count;
}

Delivery Core::delivery_for(const Subscription& s, const MessagePtr& message) const {
    // The lower of the published and the granted QoS (3.1.1, 3.8.4-6; 5.0, 3.8.4-8, 4.8.2-3).
    QoS qos = std::min(message->qos, s.qos);
    if (breaks(Break::delivery_has_published_qos) || (s.share && breaks(Break::share_has_published_qos)))
        qos = message->qos;
    if (breaks(Break::delivery_has_granted_qos)) qos = s.qos;
    // RETAIN is for new subscriptions (3.1.1, 3.3.1-9; 5.0, 3.3.1-12), unless wanted as published (5.0, 3.3.1-13).
    const bool as_published = s.retain_as_published && !breaks(Break::retain_as_published_ignored);
    const bool always = !s.retain_as_published && breaks(Break::retain_flag_kept_live);
    Delivery delivery{message, qos, message->retain && (as_published || always), {}, s.share};
    if (s.identifier != 0) delivery.identifiers.push_back(s.identifier);
    return delivery;
}

// Overlapping subscriptions become one copy: the highest QoS, and all identifiers (3.3.5-1; 5.0, 3.3.4-2 to -4).
void Core::join(Delivery& into, const Delivery& other, bool lowest) {
    into.qos = lowest ? std::min(into.qos, other.qos) : std::max(into.qos, other.qos);
    into.retain = into.retain || other.retain;
    into.identifiers.insert(into.identifiers.end(), other.identifiers.begin(), other.identifiers.end());
}

void Core::owe(const Subscription& subscription, const MessagePtr& message) {
    Session& session = *subscription.session;
    Delivery delivery = delivery_for(subscription, message);
    const bool met = session.match_index < matches_.size() && matches_[session.match_index].session == &session;
    if (met && style().overlap == Overlap::one_copy)
        return join(matches_[session.match_index].delivery, delivery, breaks(Break::overlap_has_lowest_qos));
    if (met && breaks(Break::copies_have_all_identifiers)) {  // 5.0, 3.3.4-5: its own alone
        const auto& before = matches_[session.match_index].delivery.identifiers;
        delivery.identifiers.insert(delivery.identifiers.end(), before.begin(), before.end());
    }
    session.match_index = static_cast<std::uint32_t>(matches_.size());
    matches_.push_back({&session, std::move(delivery)});
}

// One member gets it: the next in turn that is there, or else the next in turn (5.0, section 4.8.2).
void Core::owe_group(Group& group, const MessagePtr& message) {
    const auto size = group.members.size();
    std::size_t chosen = group.next % size;
    for (std::size_t i = 0; i < size; ++i) {
        const auto candidate = (group.next + i) % size;
        if (!group.members[candidate]->session->link) continue;
        chosen = candidate;
        break;
    }
    group.next = chosen + 1;
    for (Subscription* other : group.members)
        if (breaks(Break::share_delivers_to_all) && other != group.members[chosen])
            deliver(*other->session, delivery_for(*other, message));
    deliver(*group.members[chosen]->session, delivery_for(*group.members[chosen], message));
}

void Core::deliver(Session& session, Delivery delivery) {
    if (std::exchange(session.misses_next, false)) return;
    Link* link = session.link;
    const bool waits = !link || !session.queue.empty() || !has_room(session);
    if (delivery.qos == QoS::at_most_once) {
        // Past the queue, unless it may hold others of QoS 0 (3.1.1, 4.6.0-6; 5.0, 4.6.0-5).
        const bool passes = !style().qos0_waits_for_window && (!style().queue_qos0 || session.queue.empty());
        if (link && (!waits || passes)) {
            if (link->waiting_octets() < settings_.limits.outbox_octets)
                send_publish(*link, delivery, 0, false);
            else
                ++counters_.publishes_dropped;
        } else if (link || style().queue_qos0) {
            enqueue(session, std::move(delivery));
        }
        return;
    }
    // For absent clients too, if their session is kept (3.1.2-5, 4.5.0-1).
    if (!link && breaks(Break::offline_messages_dropped)) return;
    if (waits) return enqueue(session, std::move(delivery));
    if (!start(session, delivery) && breaks(Break::too_large_message_stalls)) enqueue(session, std::move(delivery));
}

// Whether the queue takes so many octets more. What has expired goes first (5.0, 3.3.2-5), then as the limits say.
bool Core::make_room(Session& session, std::size_t octets) {
    const Limits& limits = settings_.limits;
    const auto full = [&] {
        return session.queue.size() >= limits.queued_messages || session.queued_octets + octets > limits.queued_octets;
    };
    if (!full()) return true;
    if (octets > limits.queued_octets) return false;         // not even into an empty one
    if (now_ - session.purged >= std::chrono::seconds(1)) {  // not at every message
        session.purged = now_;
        session.queue.erase_if([&](const Delivery& d) {
            const bool gone = d.message->expired(now_);
            if (gone) forget(session, d);
            return gone;
        });
    }
    while (limits.drop_oldest && full() && !session.queue.empty()) {
        forget(session, session.queue.front());
        session.queue.pop_front();
        ++counters_.publishes_dropped;
    }
    return !full();
}

void Core::enqueue(Session& session, Delivery delivery) {
    const auto octets = delivery.message->octets();
    if (!make_room(session, octets)) {
        ++counters_.publishes_dropped;
        if (settings_.limits.cut_when_full && session.link) overrun(*session.link);
        return;
    }
    session.queued_octets += octets;
    if (Journal* journal = keeping(session)) journal->queued(session, delivery);
    const bool mixed = !session.queue.empty() && session.queue.front().message->topic != delivery.message->topic;
    if (mixed && breaks(Break::several_topics_unordered))  // 3.1.1, 4.6.0-5; 5.0, 4.6.0-6
        session.queue.push_front(std::move(delivery));
    else
        session.queue.push_back(std::move(delivery));
}

}  // namespace reference
