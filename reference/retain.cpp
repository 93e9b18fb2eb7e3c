// Retained messages: what is stored, and what a new subscription gets (section 3.3.1.3).
#include <algorithm>

#include "reference/core.hpp"

namespace reference {

// Whether it may be stored; removing and replacing always may.
bool Core::room_to_retain(std::string_view topic, const Message& message) {
    const Limits& limits = settings_.limits;
    if (message.payload.empty() || retained_.holds(topic)) return true;
    if (std::size_t(std::ranges::count(topic, '/')) >= limits.topic_levels) return false;
    const auto fits = [&] {
        return retained_.size() < limits.retained &&
               retained_.octets() + Retained::cost(message) <= limits.retained_octets;
    };
    if (fits()) return true;
    if (now_ - retained_purged_ < std::chrono::seconds(1)) return false;  // not at every message
    retained_purged_ = now_;
    retained_.purge(now_);
    return fits();
}

void Core::retain(const MessagePtr& message) {
    const bool empty = message->payload.empty();
    if (empty && breaks(Break::retained_empty_ignored)) return;
    if (empty && !breaks(Break::retained_empty_kept))  // 3.1.1, 3.3.1-10, -11; 5.0, 3.3.1-6, -7
        return retained_.remove(message->topic);
    if (breaks(Break::retained_not_stored)) return;  // 3.3.1-5
    if (breaks(Break::retained_not_replaced) && retained_.holds(message->topic)) return;
    if (message->qos == mqtt::QoS::at_most_once && !style().keep_retained_qos0)
        return retained_.remove(message->topic);  // 3.1.1, 3.3.1-7: the old one goes in any case
    if (!breaks(Break::retained_loses_qos)) return retained_.store(message);
    auto poorer = make<Message>(*message);
    poorer->qos = mqtt::QoS::at_most_once;
    retained_.store(std::move(poorer));
}

// 3.1.1: at every SUBSCRIBE (3.3.1-6, 3.8.4-3); 5.0: as Retain Handling says (3.3.1-9 to -11), never for a share.
// Returns the levels of topics looked at.
std::size_t Core::send_retained(Subscription& subscription, bool is_new, unsigned handling) {
    if (subscription.share && !breaks(Break::retained_on_share)) return 0;
    if (!settings_.offer.retain && subscription.session->link->v5()) return 0;
    if (handling == 0 && !is_new && breaks(Break::retained_not_sent_again)) return 0;
    if (handling == 1 && !is_new && !breaks(Break::retain_handling_1_ignored)) return 0;
    if (handling == 2 && !breaks(Break::retain_handling_2_ignored)) return 0;
    std::vector<MessagePtr> found;
    const auto steps = retained_.match(subscription.matched, found);
    for (const MessagePtr& message : found) {
        if (message->expired(now_) && !breaks(Break::expired_message_delivered)) {  // 5.0, 3.3.2-5
            retained_.remove(message->topic);
            continue;
        }
        if (subscription.no_local && message->publisher == subscription.session->client_id) continue;
        Delivery delivery = delivery_for(subscription, message);
        delivery.retain = !breaks(Break::retain_flag_missing_at_subscribe);  // 3.1.1, 3.3.1-8
        deliver(*subscription.session, std::move(delivery));
    }
    return steps;
}

}  // namespace reference
