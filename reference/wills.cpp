// Wills: stored at CONNECT, published when the connection ends otherwise than by DISCONNECT (section 3.1.2.5).
#include <algorithm>

#include "reference/core.hpp"

namespace reference {

void Core::store_will(Link& link, Session& session, const mqtt::Connect& c) {
    // The one of the connection before: stopped by the return in time (5.0, 3.1.3-9).
    if (!breaks(Break::will_delay_not_cancelled)) session.will_due.reset();
    if (!session.will_due) session.will.reset();
    if (!c.will) {
        const auto old = old_wills_.find(session.client_id);  // 3.1.1, 3.1.2-12
        if (old != old_wills_.end()) session.will = std::make_unique<PendingWill>(old->second);
        return;
    }
    auto message = make<Message>();
    message->topic = c.will->topic;
    message->payload = c.will->payload;
    message->qos = breaks(Break::will_qos_zero) ? mqtt::QoS::at_most_once
                                                       : std::min(c.will->qos, mqtt::QoS::exactly_once);  // 3.1.2-9
    // 3.1.1, 3.1.2-16, -17; 5.0, 3.1.2-14, -15
    message->retain = (c.will->retain && !breaks(Break::will_not_retained)) || breaks(Break::will_always_retained);
    message->publisher = session.client_id;
    if (const auto expiry = mqtt::find(c.will->properties, mqtt::property::message_expiry_interval))
        message->expiry = expiry->number;
    message->properties = pack_properties(c.will->properties, Break::will_user_properties_reversed);  // 5.0, 3.1.3-10
    const auto delay = mqtt::number_or(c.will->properties, mqtt::property::will_delay_interval, 0);
    session.will = std::make_unique<PendingWill>(PendingWill{std::move(message), link.user_name(), delay});
    if (breaks(Break::will_of_last_connection)) old_wills_[session.client_id] = *session.will;
}

// The connection is gone: now, after the delay, or at the end of the session, whichever comes first (5.0, 3.1.2-8).
void Core::release_will(Session& session, bool session_ends) {
    if (!session.will) return;
    if (session_ends || session.will->delay == 0 || breaks(Break::will_delay_ignored)) return publish_will(session);
    session.will_due = now_ + std::chrono::seconds(session.will->delay);
}

void Core::publish_will(Session& session) {
    session.will_due.reset();
    const auto will = std::exchange(session.will, nullptr);  // published once (3.1.2-10)
    if (!will || (style().refuse_sys_publish && is_system(will->message->topic))) return;
    if (settings_.allowed &&
        !settings_.allowed({session.client_id, will->user_name, Action::publish, will->message->topic}))
        return;
    auto message = make<Message>(*will->message);
    message->arrived = now_;
    message->retain = message->retain && room_to_retain(message->topic, *message);
    publish(message);
    if (breaks(Break::will_twice)) publish(message);
}

}  // namespace reference
