// SUBSCRIBE and UNSUBSCRIBE (sections 3.8 to 3.11).
#include <algorithm>

#include "codec/topics.hpp"
#include "reference/core.hpp"

namespace reference {
namespace {

std::uint16_t after(std::uint16_t id) { return static_cast<std::uint16_t>(id == 65'535 ? 1 : id + 1); }

// The code that explains an answer, if one does.
template <class Code>
std::uint8_t worst(std::span<const Code> codes) {
    std::uint8_t worst = 0;
    for (const Code& code : codes) worst = std::max(worst, code.value);
    return worst > 2 ? worst : std::uint8_t{0};
}

}  // namespace

void Core::on(Link& link, const mqtt::Subscribe& p) {
    if (const auto why = not_offered(link, p); why != 0 && style().close_unavailable) return fail(link, why);
    struct Granted {
        Subscription* subscription;
        bool is_new;
        unsigned retain_handling;
    };
    const auto identifier = mqtt::number_or(p.properties, mqtt::property::subscription_identifier, 0);
    std::vector<mqtt::Suback::Code> codes;
    std::vector<Granted> granted;
    for (const auto& entry : p.entries) {  // one by one, one answer for all (3.1.1, 3.8.4-4; 5.0, 3.8.4-5)
        bool is_new = false;
        const bool unoffered =
            identifier != 0 && !settings_.offer.subscription_identifiers && !breaks(Break::identifiers_taken_unoffered);
        const auto code = unoffered ? reason::identifiers_not_supported : grant(link, entry, identifier, is_new);
        codes.push_back({code});
        if (code >= reason::unspecified) continue;
        const auto it = link.session->subscriptions.find(entry.filter);
        if (it != link.session->subscriptions.end()) granted.push_back({&it->second, is_new, entry.retain_handling});
    }
    if (!style().retained_before_suback) answer(link, p, codes);
    std::size_t steps = 0;  // one SUBSCRIBE may name a hundred thousand filters
    for (const Granted& g : granted)
        if (link.session && steps < settings_.limits.retained_steps)
            steps += send_retained(*g.subscription, g.is_new, g.retain_handling);
    if (style().retained_before_suback && link.session) answer(link, p, codes);
}

// A feature that is not there (5.0, section 3.2.2.3), as a reason code; 0: none.
std::uint8_t Core::not_offered(const Link& link, const mqtt::Subscribe& p) const {
    const Offer& offer = settings_.offer;
    if (!link.v5()) return 0;
    if (!offer.subscription_identifiers && !breaks(Break::identifiers_taken_unoffered) &&
        mqtt::find(p.properties, mqtt::property::subscription_identifier))
        return reason::identifiers_not_supported;
    for (const auto& entry : p.entries) {
        if (is_unoffered_share(link, entry.filter)) return reason::shared_not_supported;
        if (is_unoffered_wildcard(entry.filter)) return reason::wildcards_not_supported;
    }
    return 0;
}

bool Core::is_unoffered_share(const Link& link, std::string_view filter) const {
    return link.v5() && filter.starts_with("$share/") && !settings_.offer.shared_subscriptions &&
           !breaks(Break::shares_granted_unoffered);
}
bool Core::is_unoffered_wildcard(std::string_view filter) const {
    const bool let_pass = filter.find('#') == filter.npos && breaks(Break::wildcards_granted_unoffered);
    return mqtt::has_wildcard(filter) && !settings_.offer.wildcards && !let_pass;
}

// Why an entry is not granted, as a reason code; 0: it may be.
std::uint8_t Core::objection(Link& link, const mqtt::Subscribe::Entry& entry, bool is_new) {
    const Limits& limits = settings_.limits;
    if (style().fail_bad_filters && !mqtt::is_topic_filter(entry.filter, link.version)) return reason::bad_topic_filter;
    if (is_unoffered_share(link, entry.filter)) return reason::shared_not_supported;
    if (is_unoffered_wildcard(entry.filter)) return reason::wildcards_not_supported;  // 3.1.1, 3.8.3-2
    if (settings_.allowed && !breaks(Break::denied_subscription_granted) &&
        !settings_.allowed({link.session->client_id, link.user_name(), Action::subscribe, entry.filter}))
        return reason::not_authorized;
    const bool deep = std::size_t(std::ranges::count(entry.filter, '/')) >= limits.topic_levels;
    const Session& session = *link.session;
    const bool full = session.subscriptions.size() >= limits.subscriptions ||
                      session.filter_octets + entry.filter.size() > limits.filter_octets;
    if (deep || (is_new && full)) return reason::quota_exceeded;
    return 0;
}

std::uint8_t Core::grant(Link& link, const mqtt::Subscribe::Entry& entry, std::uint32_t identifier, bool& is_new) {
    auto& held = link.session->subscriptions;
    auto it = held.find(entry.filter);
    is_new = it == held.end();
    if (const auto why = objection(link, entry, is_new); why != 0)
        return link.v5() ? why : reason::unspecified;  // 0x80 is all there is before 5.0 (3.9.3-2)
    const auto asked = std::min(entry.qos, mqtt::QoS::exactly_once);
    if (asked == mqtt::QoS::at_least_once && asked > settings_.offer.maximum_qos &&
        breaks(Break::qos_above_maximum_not_granted))
        return reason::unspecified;
    const auto most = link.v5() ? std::min(settings_.offer.maximum_qos, style().grant_at_most) : style().grant_at_most;
    const auto qos = std::min(asked, most);            // 3.2.2-10
    if (!is_new && breaks(Break::resubscribe_adds)) {  // 3.8.4-3: replaced as a whole
        std::string another(entry.filter);
        while (held.find(another) != held.end()) another += '\0';
        add_subscription(*link.session, another, link, entry.filter).qos = qos;
    }
    if (is_new) add_subscription(*link.session, std::string(entry.filter), link, entry.filter);
    Subscription& s = held.find(entry.filter)->second;
    if (is_new || !breaks(Break::resubscribe_keeps_old_qos)) s.qos = qos;
    if (!is_new && breaks(Break::resubscribe_loses_message)) link.session->misses_next = true;  // 3.8.4-3, 5.0: -4
    s.no_local = entry.no_local;
    s.retain_as_published = entry.retain_as_published;
    s.identifier = identifier;
    if (Journal* journal = keeping(*link.session)) journal->subscribed(*link.session, s);
    if (!is_new && breaks(Break::suback_undefined_reason)) return 0x03;
    if (breaks(Break::suback_understates) && qos != mqtt::QoS::at_most_once) return 0x00;
    return static_cast<std::uint8_t>(qos);
}

Subscription& Core::add_subscription(Session& session, std::string key, const Link& link, std::string_view filter) {
    Subscription& s = session.subscriptions[std::move(key)];
    s.session = &session;
    s.filter = s.matched = filter;
    if (const auto share = link.v5() ? mqtt::shared(filter) : std::nullopt) {  // 5.0, section 4.8.2
        s.matched = share->filter;
        s.share = std::make_shared<const std::string>(filter);
    }
    session.filter_octets += s.filter.size();
    subscriptions_.add(s);
    return s;
}

// 3.8.4-1, -2; 3.9.3-1
void Core::answer(Link& link, const mqtt::Subscribe& p, std::vector<mqtt::Suback::Code>& codes) {
    if (breaks(Break::suback_missing)) return;
    if (breaks(Break::suback_codes_reversed)) std::ranges::reverse(codes);
    if (breaks(Break::suback_has_one_code)) codes.resize(1);
    auto id = breaks(Break::suback_wrong_packet_id) ? after(p.packet_id) : p.packet_id;
    if (breaks(Break::suback_id_cut_to_an_octet)) id &= 0xff;  // 3.1.1, 2.3.1-7; 5.0, 2.2.1-6
    const std::span<const mqtt::Suback::Code> all(codes);
    if (!breaks(Break::suback_per_filter)) return answer(link, mqtt::Suback{id, {}, all}, worst(all));
    for (std::size_t i = 0; i < codes.size(); ++i) answer(link, mqtt::Suback{id, {}, all.subspan(i, 1)}, 0);
}

void Core::on(Link& link, const mqtt::Unsubscribe& p) {
    std::vector<mqtt::Unsuback::Code> codes;
    for (const auto& filter : p.filters) {  // one by one, one answer for all (3.10.4-6)
        const bool skipped = !codes.empty() && breaks(Break::unsubscribe_takes_first_only);
        codes.push_back({skipped ? reason::success : drop(*link.session, filter.text)});
    }
    answer(link, p, codes);
}

// Only the very same filter is dropped (3.10.4-1); deliveries begun go on (3.10.4-3).
std::uint8_t Core::drop(Session& session, std::string_view filter) {
    if (breaks(Break::unsubscribe_drops_matching))
        for (auto it = session.subscriptions.begin(); it != session.subscriptions.end();) {
            Subscription& s = (it++)->second;
            if (s.filter != filter && mqtt::matches(filter, s.filter)) drop(session, s);
        }
    const auto it = session.subscriptions.find(filter);
    if (it == session.subscriptions.end())
        return style().say_no_subscription ? reason::no_subscription_existed : reason::success;
    if (breaks(Break::unsubscribe_drops_begun))
        for (InFlight* open : session.window.all(InFlight::Stage::published))
            if (mqtt::matches(it->second.matched, open->delivery.message->topic)) settle(session, *open, false);
    if (!breaks(Break::unsubscribe_ineffective)) drop(session, it->second);  // 3.10.4-2
    return reason::success;
}

void Core::drop(Session& session, Subscription& subscription) {
    subscriptions_.remove(subscription);
    session.filter_octets -= subscription.filter.size();
    if (journal_) journal_->unsubscribed(session, subscription);
    const auto it = session.subscriptions.find(subscription.filter);
    if (it != session.subscriptions.end() && &it->second == &subscription)
        session.subscriptions.erase(it);
    else
        session.subscriptions.erase_if([&](const auto& held) { return &held.second == &subscription; });
}

// Even where nothing was dropped (3.10.4-4, -5).
void Core::answer(Link& link, const mqtt::Unsubscribe& p, std::vector<mqtt::Unsuback::Code>& codes) {
    const auto why = worst(std::span<const mqtt::Unsuback::Code>(codes));
    if (breaks(Break::unsuback_missing)) return;
    if (breaks(Break::unsuback_missing_for_unknown) && why == reason::no_subscription_existed) return;
    if (breaks(Break::unsuback_codes_reversed)) std::ranges::reverse(codes);
    if (breaks(Break::unsuback_has_one_code)) codes.resize(1);
    for (auto& code : codes)
        if (breaks(Break::unsuback_undefined_reason) && code.value == reason::no_subscription_existed)
            code.value = 0x12;
    const auto id = breaks(Break::unsuback_wrong_packet_id) ? after(p.packet_id) : p.packet_id;
    const std::span<const mqtt::Unsuback::Code> all(codes);
    if (!breaks(Break::unsuback_per_filter)) return answer(link, mqtt::Unsuback{id, {}, all}, why);
    for (std::size_t i = 0; i < codes.size(); ++i) answer(link, mqtt::Unsuback{id, {}, all.subspan(i, 1)}, 0);
}

}  // namespace reference
