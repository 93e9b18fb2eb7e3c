// At rest: answers, closes, repeats and deliveries that should have come.
#include <algorithm>

#include "model/judge.hpp"
#include "model/topics.hpp"

namespace model {
namespace {

using State = Connection::State;

}  // namespace

void Model::Judge::rest() {
    judge_doubts();
    for (auto& [id, c] : connections) {
        if (c.state == State::closed) continue;
        judge_answers(c);
        for (const auto message : c.quick) finish(messages[message]);
        c.quick.clear();
    }
    for (Message& m : messages) {
        if (m.claimed) continue;
        if (m.will && m.released != never && m.done == never) finish(m);
        if (m.done == never || m.is_forbidden()) continue;
        m.claimed = true;
        if (!m.optional) claim(m);
    }
    for (auto& [number, s] : sessions) {
        for (RetainedQuery& q : s.queries) q.until = std::min(q.until, seq);
        if (s.connection == 0 || s.vague) continue;
        Connection& c = connections.at(s.connection);
        if (c.state != State::online || c.leaving || c.must_end) continue;
        settle_unsure(s, c.id);
        judge_repeats(c, s);
        judge_claims(c, s);
    }
    judge_shares();
    judge_early_wills();
    std::erase_if(connections, [](const auto& entry) { return entry.second.state == State::closed; });
    last_rest = seq;
}

void Model::Judge::judge_answers(Connection& c) {
    if (c.lost_track) return;
    const Time patience{c.keep_alive * std::int64_t{1500}};
    if (c.must_end) {
        accuse(c, c.must_close, "the connection is still open");
        c.lost_track = true;
        return;
    }
    if (c.server_disconnected) {
        accuse(c, {"", "MQTT-3.14.4-2"}, "the connection is open after the server's DISCONNECT");
        c.lost_track = true;
        return;
    }
    if (c.state == State::connecting) {
        accuse(c, {"MQTT-3.1.4-4", "MQTT-3.1.4-5"}, "CONNECT is not answered");
        c.lost_track = true;
    }
    if (c.state != State::online || c.leaving) return;
    if (c.keep_alive != 0 && now > c.last_sent + patience + slack) {
        accuse(c, {"MQTT-3.1.2-24", "MQTT-3.1.2-22"}, "the client is silent, and still connected");
        c.last_sent = now;
    }
    const auto owes = [&](bool any, const Ids& ids, const char* what) {
        if (any) accuse(c, ids, std::string(what) + " is not answered");
    };
    owes(!c.pubacks.empty(), {"MQTT-3.3.4-1", "MQTT-3.3.4-1"}, "a QoS 1 PUBLISH");
    owes(!c.pubrecs.empty(), {"MQTT-4.3.3-2", "MQTT-4.3.3-8"}, "a QoS 2 PUBLISH");
    owes(!c.pubcomps.empty(), {"MQTT-4.3.3-2", "MQTT-4.3.3-11"}, "PUBREL");
    owes(!c.pubrels.empty(), {"MQTT-4.3.3-1", "MQTT-4.3.3-4"}, "PUBREC");
    owes(!c.subacks.empty(), {"MQTT-3.8.4-1", "MQTT-3.8.4-1"}, "SUBSCRIBE");
    owes(!c.unsubacks.empty(), {"MQTT-3.10.4-4", "MQTT-3.10.4-4"}, "UNSUBSCRIBE");
    owes(c.pings != 0, {"MQTT-3.12.4-1", "MQTT-3.12.4-1"}, "PINGREQ");
    c.pubacks.clear();
    c.pubrecs.clear();
    c.pubcomps.clear();
    c.pubrels.clear();
    c.subacks.clear();
    c.unsubacks.clear();
    c.pings = 0;
}

// The message is in the server's hands: who has a claim to it (4.5.0-1).
void Model::Judge::claim(Message& m) {
    std::map<std::string, ShareClaim> groups;
    std::set<std::string> vague;  // shares of which it is not sure who is a member
    for (auto& [number, s] : sessions) {
        std::optional<QoS> most;
        const bool here = s.connection != 0 && s.online_since < m.sent;
        for (const Subscription& held : s.subscriptions) {
            if (held.shared && may_match(held, m) && !must_match(held, m)) vague.insert(held.filter);
            if (!must_match(held, m)) continue;
            const QoS qos = std::min(m.qos, *held.granted);
            if (held.shared) {
                ShareClaim& group = groups.try_emplace(held.filter, ShareClaim{m.number, held.filter, {}}).first->second;
                group.members.push_back(number);
            } else if (!(held.no_local && m.publisher == s.client_id) && (qos != QoS::at_most_once || here)) {
                most = std::max(most.value_or(qos), qos);
            }
        }
        if (most) s.claims.push_back({m.number, *most, {}});
    }
    if (std::ranges::any_of(sessions, [](const auto& entry) { return entry.second.vague; })) return;
    for (auto& [filter, group] : groups)
        if (!vague.contains(filter)) share_claims.push_back(std::move(group));
}

// What a subscription just granted is owed of what is retained (3.3.1-6; 5.0: 3.3.1-9, -10).
void Model::Judge::claim_retained(Connection& c, Session& s, std::size_t index, Seq from) {
    const Subscription& made = s.subscriptions[index];
    if (made.shared || !c.retain_available) return;
    if (c.v5() && (made.retain_handling == 2 || (made.retain_handling == 1 && made.is_new != std::optional(true))))
        return;
    std::map<std::string_view, RetainedClaim> topics;
    std::set<std::string_view> perhaps_none;
    for (const auto number : retained) {
        const Message& m = messages[number];
        if (!matches(made.matched, m.topic) || !may_be_last(m, from, seq)) continue;
        const bool mine = made.no_local && m.publisher == s.client_id;
        if (m.payload.empty() || m.qos == QoS::at_most_once || m.done > from || is_expired(m, false) || m.optional || mine)
            perhaps_none.insert(m.topic);
        RetainedClaim& claim = topics[m.topic];
        claim.from = from;
        claim.messages.push_back(number);
        claim.most = std::min(m.qos, *made.granted);
    }
    for (auto& [topic, claim] : topics)
        if (!perhaps_none.contains(topic)) s.retained_claims.push_back(std::move(claim));
}

// Small enough for each connection on which it may have been tried: else it is done with (5.0, 3.1.2-25).
bool Model::Judge::fits(const Connection& c, const Session& s, std::size_t size, Seq since) {
    const bool dropped = std::ranges::any_of(
        s.packet_sizes, [&](const auto& earlier) { return earlier.first >= since && size > earlier.second; });
    return !dropped && size <= c.maximum_packet;
}

// A delivery of it may be expected still.
bool Model::Judge::is_owed(const Connection& c, const Session& s, const Message& m) const {
    std::size_t size = 200 + m.topic.size() + m.payload.size();
    for (const OwnProperty& p : m.passed_on) size += 10 + p.text.size() + p.value.size();
    return !is_expired(m, false) && fits(c, s, size, m.sent);  // 5.0, 3.3.2-5
}

// With nothing open there is nothing that a delivery could wait for.
void Model::Judge::judge_claims(Connection& c, Session& s) {
    if (!s.open.empty()) return;
    std::map<std::string, std::size_t> wanted;
    for (const Claim& claim : s.claims) {
        const Message& m = messages[claim.message];
        const auto key = content(m.topic, m.payload);
        const bool wild = std::ranges::any_of(by_content[key], [&](std::size_t n) { return messages[n].wild; });
        if (wild || !is_owed(c, s, m)) continue;
        QoS most{};
        for (const Copy& copy : copies[key])
            if (copy.session == s.number) most = std::max(most, copy.qos);
        const auto number = ++wanted[key];
        const auto say = "on " + m.topic + " \"" + m.payload.substr(0, 40) + "\" ";
        if (copies_to(s, key) < number)
            accuse(c, {s.online_since > m.sent ? "MQTT-3.1.2-5" : "MQTT-4.5.0-1", "MQTT-4.5.0-1"}, say + "has not come");
        else if (most < claim.qos)
            accuse(c, {"MQTT-3.3.5-1", "MQTT-3.3.4-2"}, say + "has not come at the highest QoS");
    }
    s.claims.clear();
    for (const RetainedClaim& claim : s.retained_claims) {
        const auto came = [&](std::size_t number) {
            const Message& m = messages[number];
            if (!is_owed(c, s, m)) return true;
            return std::ranges::any_of(copies[content(m.topic, m.payload)], [&](const Copy& copy) {
                return copy.session == s.number && copy.retain && copy.at >= claim.from;
            });
        };
        if (!std::ranges::any_of(claim.messages, came))
            accuse(c, {"MQTT-3.3.1-6", "MQTT-3.3.1-9"},
                   "retained on " + messages[claim.messages[0]].topic + " has not come to a new subscription");
    }
    s.retained_claims.clear();
}

// Open packets are sent again at a reconnect (4.4.0-1).
void Model::Judge::judge_repeats(Connection& c, Session& s) {
    const bool room = std::ranges::none_of(
        s.open, [&](const auto& entry) { return entry.second.published_on == c.id && !entry.second.settling; });
    for (auto& [id, o] : s.open) {
        if (o.last_on == c.id || o.settling || (!o.released && !room)) continue;
        const bool first = o.qos == QoS::at_least_once;
        const Ids rule = first       ? Ids{"MQTT-4.3.2-1", "MQTT-4.3.2-3"}
                         : o.released ? Ids{"MQTT-4.3.3-1", "MQTT-4.3.3-5"}
                                      : Ids{"MQTT-4.3.3-1", "MQTT-4.3.3-3"};
        if (o.released || fits(c, s, 300 + o.topic.size() + o.payload.size(), o.order))
            accuse(c, rule, (o.released ? "PUBREL " : "PUBLISH ") + std::to_string(id) + " on " + o.topic +
                                " is open and is not sent again");
        o.last_on = c.id;
        o.settling = o.unsure = true;
    }
}

// A share got the message once, if all of its members are here and wait for nothing.
void Model::Judge::judge_shares() {
    std::erase_if(share_claims, [&](const ShareClaim& claim) {
        const Message& m = messages[claim.message];
        const auto key = content(m.topic, m.payload);
        if (const auto change = share_changes.find(claim.filter); change != share_changes.end() && change->second >= m.sent)
            return true;  // whoever was a member for a while may have it
        std::size_t had = 0;
        for (const auto number : claim.members) {
            const Session& s = sessions.at(number);
            if (s.vague) return true;
            if (s.connection == 0) return m.qos == QoS::at_most_once;
            const Connection& c = connections.at(s.connection);
            if (c.state != State::online || c.leaving || c.must_end || !s.open.empty()) return false;
            if (!is_owed(c, s, m) || s.online_since > m.sent) return true;  // at QoS 0 it may have been dropped
            had += copies_to(s, key);
        }
        const bool wild = std::ranges::any_of(by_content[key], [&](std::size_t n) { return messages[n].wild; });
        if (had == 0 && !wild)
            accuse(connections.at(sessions.at(claim.members[0]).connection), {"MQTT-4.5.0-1", "MQTT-4.5.0-1"},
                   claim.filter + ": \"" + m.payload.substr(0, 40) + "\" came to no member");
        return true;
    });
}

// What the client has acknowledged has been dealt with by now.
void Model::Judge::settle_unsure(Session& s, ConnectionId) {
    std::erase_if(s.open, [](const auto& entry) { return entry.second.settling; });
    for (auto& [id, o] : s.open) o.unsure = false;
}

}  // namespace model
