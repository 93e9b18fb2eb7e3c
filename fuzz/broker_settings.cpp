// What the first octets of a scenario make of the broker: limits, offers, legal choices, hooks, and one violation.
#include "fuzz/play.hpp"

namespace fuzz {
namespace {

using reference::Settings;

void make_small(reference::Limits& limits) {
    limits.queued_messages = 6;
    limits.queued_octets = 2'000;
    limits.inflight = 3;
    limits.outbox_octets = 600;
    limits.sessions = 3;
    limits.subscriptions = 4;
    limits.retained = 3;
    limits.retained_octets = 2'000;
    limits.topic_levels = 5;
    limits.v3_packet = 4'000;
    limits.connect_packet = 2'000;
}

void offer_little(reference::Offer& offer) {
    offer.receive_maximum = 2;
    offer.maximum_packet_size = 2'000;
    offer.topic_alias_maximum = 2;
    offer.maximum_qos = mqtt::QoS::at_least_once;
    offer.retain = offer.wildcards = offer.subscription_identifiers = offer.shared_subscriptions = false;
    offer.server_keep_alive = 5;
    offer.longest_session = 50;
}

// Two steps, and the data decides.
reference::AuthExchange exchange(std::string_view) {
    return [rounds = 0](std::string_view data) mutable {
        using Outcome = reference::AuthStep::Outcome;
        const bool more = ++rounds < 2 && !data.starts_with("a");
        const auto outcome = more ? Outcome::more : data.ends_with("z") ? Outcome::failure : Outcome::success;
        return reference::AuthStep{outcome, std::string(data), "user"};
    };
}

void add_hooks(Settings& s) {
    s.login = [](const reference::Credentials& c) {
        return reference::Admission(c.user_name ? c.user_name->size() % 7 : 0);
    };
    s.allowed = [](const reference::Request& r) { return r.topic.size() % 8 != 7; };
}

void other_style(reference::Style& style) {
    style.connack_on_error = style.disconnect_on_error = style.disconnect_on_takeover = style.reason_strings = false;
    style.empty_client_ids = style.long_client_ids = style.keep_retained_qos0 = false;
    style.say_no_subscribers = style.say_no_subscription = style.say_unknown_id = style.answer_unknown_pubrec = false;
    style.refuse_id_in_use = style.refuse_dollar_publish = true;
    style.acknowledge_flow_before_resume = false;
    style.grant_at_most = mqtt::QoS::at_least_once;
}

}  // namespace

reference::Settings broker_settings(const Scenario& s) {
    const auto has = [&](std::uint8_t octet, int bit) { return (octet >> bit & 1) != 0; };
    Settings made;
    if (has(s.settings, 0)) make_small(made.limits);
    if (has(s.settings, 1)) offer_little(made.offer);
    if (has(s.settings, 2)) add_hooks(made);
    if (has(s.settings, 3)) made.authenticators.emplace("a", exchange);
    made.style.refused_publish = reference::Refusal(s.settings >> 4 & 3 ? (s.settings >> 4 & 3) - 1 : 0);
    made.style.close_unavailable = !has(s.settings, 6);
    made.style.retained_before_suback = has(s.settings, 7);
    if (has(s.style, 0)) other_style(made.style);
    if (has(s.style, 1)) made.style.deliver_qos2 = reference::Release::on_pubrel;
    if (has(s.style, 2)) made.style.overlap = reference::Overlap::copy_each;
    made.style.queue_qos0 = has(s.style, 3);
    made.style.qos0_waits_for_window = has(s.style, 4);
    made.style.fail_bad_filters = has(s.style, 5);
    made.style.outbound_topic_aliases = has(s.style, 6);
    if (has(s.style, 7)) made.style.share_qos1 = reference::ShareQos1::moves_at_end;
    if (s.violation) made.policy.violate(reference::Break((s.violation - 1u) % unsigned(reference::Break::count)));
    return made;
}

}  // namespace fuzz
