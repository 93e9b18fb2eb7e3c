// SUBSCRIBE and UNSUBSCRIBE with their answers (sections 3.8 to 3.11).
#include <algorithm>

#include "model/judge.hpp"
#include "model/topics.hpp"

namespace model {
namespace {

// Whether a filter is held; nullopt: nobody knows.
std::optional<bool> holds(const Session& s, std::string_view filter) {
    std::optional<bool> held = false;
    for (const Subscription& old : s.subscriptions) {
        if (old.filter != filter || !old.possible()) continue;
        if (old.sure()) return true;
        held.reset();
    }
    return held;
}

}  // namespace

void Model::Judge::client_sends(Connection& c, const mqtt::Subscribe& p) {
    Session* s = session_of(c);
    if (!s) return;
    const auto identifier = mqtt::number_or(p.properties, mqtt::property::subscription_identifier, 0);
    Connection::Subscribing& asked = c.subacks[p.packet_id];
    for (const auto& e : p.entries) {
        Subscription made{.filter = std::string(e.filter), .matched = std::string(e.filter)};
        if (const auto rest = behind_share(e.filter); c.v5() && !rest.empty()) {
            made.matched = rest;
            made.shared = true;
        }
        made.no_local = e.no_local;
        made.retain_as_published = e.retain_as_published;
        made.retain_handling = e.retain_handling;
        made.made_in_v5 = c.v5();
        made.asked = e.qos;
        made.identifier = identifier;
        made.from = seq;
        if (const auto held = holds(*s, e.filter)) made.is_new = !*held;
        for (Subscription& old : s->subscriptions)
            if (old.filter == made.filter) old.sure_until = std::min(old.sure_until, seq);
        made.unavailable = c.v5() && ((identifier != 0 && !c.identifiers) || (made.shared && !c.shares) ||
                                            (has_wildcard(made.matched) && !c.wildcards));
        c.may_close = c.may_close || made.unavailable;
        const bool retained_may_come = !c.v5() || e.retain_handling == 0 ||
                                       (e.retain_handling == 1 && made.is_new != std::optional(false));
        asked.subscriptions.push_back(s->subscriptions.size());
        if (retained_may_come && !made.shared) s->queries.push_back({s->subscriptions.size(), seq});
        s->subscriptions.push_back(std::move(made));
    }
}

void Model::Judge::server_sends(Connection& c, const mqtt::Suback& p) {
    const auto it = c.subacks.find(p.packet_id);
    if (it == c.subacks.end())
        return accuse(c, {"MQTT-3.8.4-2", "MQTT-3.8.4-2"}, "SUBACK " + std::to_string(p.packet_id) + " answers nothing");
    Session& s = *session_of(c);
    const auto asked = std::move(it->second);
    c.subacks.erase(it);
    if (p.codes.count() != asked.subscriptions.size())
        accuse(c, {"MQTT-3.8.4-5", "MQTT-3.8.4-6"}, "SUBACK has not one code per filter");
    std::size_t i = 0;
    for (const auto& code : p.codes) {
        if (i == asked.subscriptions.size()) break;
        const auto index = asked.subscriptions[i++];
        Subscription& made = s.subscriptions[index];
        if (code.value < 0x80 && made.unavailable)
            accuse(c, {"", "MQTT-4.13.1-1"}, made.filter + " is granted with what is not available");
        judge_grant(c, s, made, code.value);
        if (made.refused) continue;
        if (made.shared) share_changes[made.filter] = seq;
        for (std::size_t old = 0; old < index; ++old)
            if (s.subscriptions[old].filter == made.filter)
                s.subscriptions[old].until = std::min(s.subscriptions[old].until, seq);
        claim_retained(c, s, index, made.from);
    }
}

void Model::Judge::judge_grant(Connection& c, Session&, Subscription& made, std::uint8_t code) {
    if (code >= 0x80) {
        made.refused = true;
        if (c.maximum_qos < QoS::exactly_once && !made.shared && !has_wildcard(made.filter) && made.identifier == 0)
            accuse(c, {"", "MQTT-3.2.2-10"}, made.filter + " is refused although Maximum QoS limits publishes only");
        return;
    }
    made.granted = QoS(code);
    made.sure_from = seq;
    if (*made.granted > made.asked)
        accuse(c, {"MQTT-3.9.3-1", "MQTT-3.9.3-1"}, made.filter + " gets more than was asked for");
}

void Model::Judge::client_sends(Connection& c, const mqtt::Unsubscribe& p) {
    Session* s = session_of(c);
    if (!s) return;
    Connection::Unsubscribing& asked = c.unsubacks[p.packet_id];
    for (const auto& f : p.filters) {
        asked.filters.emplace_back(f.text);
        asked.held.push_back(holds(*s, f.text));
        for (Subscription& old : s->subscriptions)
            if (old.filter == f.text) old.sure_until = std::min(old.sure_until, seq);
    }
}

void Model::Judge::server_sends(Connection& c, const mqtt::Unsuback& p) {
    const auto it = c.unsubacks.find(p.packet_id);
    if (it == c.unsubacks.end())
        return accuse(c, {"MQTT-3.10.4-4", "MQTT-3.10.4-5"},
                      "UNSUBACK " + std::to_string(p.packet_id) + " answers nothing");
    Session& s = *session_of(c);
    const auto asked = std::move(it->second);
    c.unsubacks.erase(it);
    if (c.v5() && p.codes.count() != asked.filters.size())
        accuse(c, {"", "MQTT-3.11.3-2"}, "UNSUBACK has not one code per filter");
    std::size_t i = 0;
    auto code = p.codes.begin();
    for (const auto& filter : asked.filters) {
        std::uint8_t value = 0;
        if (code != p.codes.end()) {
            value = code->value;
            ++code;
        }
        const auto held = asked.held[i++];
        if (value == 0x11 && held == std::optional(true))
            accuse(c, {"", "MQTT-3.11.3-1"}, "UNSUBACK 0x11 for " + filter + ", which is held");
        if (value >= 0x80) continue;
        for (Subscription& old : s.subscriptions)
            if (old.filter == filter && old.sure_until != never) {
                if (old.shared && old.possible()) share_changes[filter] = seq;
                old.until = std::min(old.until, seq);
            }
    }
}

}  // namespace model
