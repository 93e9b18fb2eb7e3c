// Sessions: found or made at CONNECT, kept or ended after the connection (section 4.1; 5.0, 3.1.2.11.2).
#include <algorithm>

#include "codec/rules.hpp"
#include "reference/core.hpp"

namespace reference {

Session* Core::find_session(std::string_view client_id) {
    const auto it = sessions_.find(client_id);
    return it == sessions_.end() ? nullptr : it->get();
}

// The client id is the key, octet by octet (3.1.3-2).
std::string Core::session_key(std::string_view client_id) const {
    std::string key(client_id);
    if (breaks(Break::client_id_case_folded))
        for (char& c : key)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return key;
}

// An id that nobody else has (3.1.1, 3.1.3-6; 5.0, 3.2.2-16).
std::string Core::assign_client_id() {
    if (breaks(Break::empty_client_id_shared)) return "auto-0";
    for (;;)
        if (std::string id = "auto-" + std::to_string(++last_assigned_); !find_session(id)) return id;
}

Session& Core::attach(Link& link, const mqtt::Connect& c, std::string_view client_id, bool& present) {
    Session* session = find_session(client_id);
    const bool found = session != nullptr;
    if (found && session->link) take_over(*session);
    session = find_session(client_id);                                      // the takeover may have ended it
    if (session && c.clean_start && !breaks(Break::clean_start_resumes)) {  // 3.1.1, 3.1.2-6; 5.0, 3.1.2-4
        end(*session);
        session = nullptr;
    }
    if (session && !may_resume(link, *session)) {
        end(*session);
        session = nullptr;
    }
    const bool kept = session != nullptr;
    if (!kept) {
        auto made = std::make_unique<Session>();
        made->client_id = client_id;
        made->serial = ++last_session_;
        session = sessions_.insert(std::move(made)).first->get();
    }
    session->link = &link;
    link.session = session;
    counters_.most_connected = std::max(counters_.most_connected, ++counters_.connected);
    session->end_due.reset();
    set_expiry(link, *session, c);
    store_will(link, *session, c);
    if (kept && breaks(Break::resume_forgets_subscriptions))
        while (!session->subscriptions.empty()) drop(*session, session->subscriptions.begin()->second);
    if (kept && breaks(Break::qos2_forgotten_on_reconnect)) session->inbound.clear();
    for (auto& [filter, held] : session->subscriptions)
        held.no_local = held.no_local && !breaks(Break::no_local_forgotten_on_return);  // 5.0, 3.8.3-3
    arm(*session);
    present = kept && !c.clean_start ? !breaks(Break::session_present_missing)           // 3.2.2-2, 5.0: 3.2.2-3
              : c.clean_start        ? found && breaks(Break::session_present_on_clean)  // 3.2.2-1, 5.0: 3.2.2-2
                                     : breaks(Break::session_present_made_up);                  // 3.2.2-3
    return *session;
}

// A session may have been another user's, or the rules may have changed: what it was granted is asked for again.
bool Core::may_resume(const Link& link, const Session& session) const {
    if (!settings_.allowed) return true;
    for (const auto& [filter, subscription] : session.subscriptions)
        if (!settings_.allowed({session.client_id, link.user_name(), Action::subscribe, filter})) return false;
    return true;
}

// Seconds the session outlives its connection: 0 or for ever before 5.0 (3.1.2-4, 3.1.2-6).
void Core::set_expiry(Link& link, Session& session, const mqtt::Connect& c) {
    if (link.v5()) {
        session.expiry = std::min(link.session_expiry, settings_.offer.longest_session.value_or(never));
        const bool ticks = session.expiry != 0 && session.expiry != never;
        if (ticks && breaks(Break::session_ages_while_connected))  // 4.1.0-1
            session.end_due = now_ + std::chrono::seconds(session.expiry);
        return;
    }
    session.expiry = c.clean_start && !breaks(Break::clean_session_survives) ? 0 : settings_.limits.v3_session;
    link.session_expiry = session.expiry;
}

// 3.1.1, 3.1.4-2; 5.0, 3.1.4-3: the earlier connection goes.
void Core::take_over(Session& session) {
    Link& old = *session.link;
    if (!breaks(Break::takeover_keeps_old))
        return disconnect(old, reason::session_taken_over, style().disconnect_on_takeover);
    const auto serial = ++last_session_;
    auto shadow = std::make_unique<Session>();  // keeps the old connection going
    shadow->client_id = '\0' + std::to_string(serial);
    shadow->serial = serial;
    shadow->link = &old;
    old.session = shadow.get();
    session.link = nullptr;
    sessions_.insert(std::move(shadow));
}

// The connection is over for the session, however it came about.
void Core::leave(Link& link, bool keep_will) {
    Session* session = std::exchange(link.session, nullptr);
    if (!session) return;
    --counters_.connected;
    session->link = nullptr;
    if (!breaks(Break::quota_survives_connection)) session->quota_used = 0;  // 5.0, 4.9.0-1: not kept
    forget_open(*session);
    session->to_repeat.clear();
    session->window.shrink();
    if (!keep_will) session->will.reset();  // 3.1.2-10, 3.14.4-3
    const bool kept_wrongly = link.v5() && session->expiry == 0 && breaks(Break::session_expiry_zero_kept);
    if (breaks(Break::share_qos2_moved)) hand_on(*session, mqtt::QoS::exactly_once);  // 5.0, 4.8.2-4
    part(*session, kept_wrongly);
}

void Core::part(Session& session, bool kept_wrongly) {
    const bool ends = (session.expiry == 0 && !kept_wrongly) || breaks(Break::persistent_session_lost);
    release_will(session, ends);
    if (ends) return end(session);
    if (session.expiry != never && !kept_wrongly && !breaks(Break::session_expiry_ignored))  // 5.0, 4.1.0-2
        session.end_due = now_ + std::chrono::seconds(session.expiry);
    arm(session);
}

// Nothing is forgotten (4.1.0-1, 4.3.2-3, 4.3.3-3, -5), unless a rule is broken.
void Core::forget_open(Session& session) {
    using Stage = InFlight::Stage;
    for (const Stage stage : {Stage::published, Stage::released})
        for (InFlight* open : session.window.all(stage)) {
            const auto rule = stage == Stage::released                        ? Break::pubrel_forgotten_at_end
                              : open->delivery.qos == mqtt::QoS::exactly_once ? Break::qos2_forgotten_at_end
                                                                              : Break::qos1_forgotten_at_end;
            if (breaks(rule)) close(session, *open);
        }
}

void Core::session_due(Session& session) {
    if (session.end_due && *session.end_due <= now_) {
        if (!session.link) return ++counters_.sessions_expired, end(session);
        session.end_due.reset();  // a violation: it ages while it is connected
        while (!session.subscriptions.empty()) drop(session, session.subscriptions.begin()->second);
    }
    if (session.will_due && *session.will_due <= now_) publish_will(session);
    arm(session);
}

void Core::end(Session& session) {
    while (!session.subscriptions.empty()) drop(session, session.subscriptions.begin()->second);
    const bool lost = breaks(Break::will_lost_at_session_end) && session.will_due;
    if (!lost) publish_will(session);  // the delay ends with the session (5.0, 3.1.2-8)
    if (style().share_qos1 == ShareQos1::moves_at_end) hand_on(session, mqtt::QoS::at_least_once);
    if (breaks(Break::share_qos2_moved_after_end)) hand_on(session, mqtt::QoS::exactly_once);  // 5.0, 4.8.2-5
    if (breaks(Break::retained_dies_with_session)) retained_.remove_of(session.client_id);     // 3.1.1, 3.1.2-7
    session.will_due.reset();
    session.end_due.reset();
    arm(session);
    if (journal_) journal_->ended(session);
    sessions_.erase(sessions_.find(std::string_view(session.client_id)));
}

// Unfinished deliveries of shared subscriptions go to another member of their group (5.0, 4.8.2).
void Core::hand_on(Session& session, mqtt::QoS qos) {
    std::vector<Delivery> moved;
    for (InFlight* open : session.window.all(InFlight::Stage::published)) {
        if (!open->delivery.share || open->delivery.qos != qos) continue;
        moved.push_back(open->delivery);
        close(session, *open);
    }
    session.queue.erase_if([&](Delivery& waiting) {
        if (!waiting.share || waiting.qos != qos) return false;
        forget(session, waiting);
        moved.push_back(waiting);
        return true;
    });
    for (Delivery& delivery : moved) give_to_another(session, std::move(delivery));
}

void Core::give_to_another(Session& session, Delivery delivery) {
    delivery.kept = 0;
    Group* group = delivery.share ? subscriptions_.group(*delivery.share) : nullptr;
    if (!group || (delivery.message->expired(now_) && !breaks(Break::expired_message_delivered))) return;
    for (Subscription* member : group->members)
        if (member->session != &session)  // by its own subscription (5.0, 3.3.4-3, 4.8.2-3)
            return deliver(*member->session, delivery_for(*member, delivery.message));
}

void Core::on(Link& link, const mqtt::Disconnect& p) {
    if (link.v5() && link.session) {
        const auto expiry = mqtt::find(p.properties, mqtt::property::session_expiry_interval);
        if (expiry && expiry->number != 0 && link.session_expiry == 0 && !breaks(Break::session_expiry_raised_from_0))
            return fail(link, reason::protocol_error);  // 5.0, 3.14.2.2.2
        const auto deaf =
            expiry && expiry->number == 0 ? Break::disconnect_expiry_not_lowered : Break::disconnect_expiry_not_raised;
        if (expiry && !breaks(deaf))
            link.session->expiry = std::min(expiry->number, settings_.offer.longest_session.value_or(never));
    }
    // 3.1.1, 3.14.4-3; 5.0: with 0x00 only (3.1.2-8).
    bool keep_will = link.v5() && p.reason != reason::success;
    if (keep_will && breaks(Break::will_missing_after_disconnect_with_will)) keep_will = false;
    if (!keep_will && breaks(Break::will_after_disconnect)) keep_will = true;
    if (breaks(Break::disconnect_reason_unchecked) && !mqtt::disconnect_5.has(p.reason)) keep_will = false;
    shut(link, keep_will);
}

// ---- after a restart -----------------------------------------------------------------------------------------------

void Core::restore(std::unique_ptr<Session> session) {
    last_session_ = std::max(last_session_, session->serial);
    for (auto& [filter, subscription] : session->subscriptions) {
        subscription.session = session.get();
        session->filter_octets += subscription.filter.size();
        subscriptions_.add(subscription);
    }
    for (const Delivery& waiting : session->queue) session->queued_octets += waiting.message->octets();
    sessions_.insert(std::move(session));
}

// A session without any deadline was connected to the last, or is kept for ever and has no will: both part now. When a
// connection broke is not known, so its will and its session are given their whole time again, never less.
void Core::keep(Journal& journal, Broker& broker, Time now) {
    set_now(now);
    journal.restore(broker, now);
    journal_ = &journal;
    retained_.tell(&journal);
    std::vector<Session*> all;
    for (const auto& session : sessions_) all.push_back(session.get());
    std::ranges::sort(all, {}, &Session::serial);
    for (Session* session : all) {
        if (!session->will_due && !session->end_due)
            part(*session, false);
        else
            arm(*session);
    }
}

}  // namespace reference
