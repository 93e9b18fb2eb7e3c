// Who may have a message, at which QoS, and in how many copies (sections 3.3.4, 3.8.4, 4.5, 4.8.2).
#include <algorithm>
#include <functional>

#include "model/judge.hpp"
#include "model/topics.hpp"

namespace model {
namespace {

std::size_t count(const std::vector<std::uint32_t>& list, std::uint32_t id) {
    return std::size_t(std::ranges::count(list, id));
}

}  // namespace

bool Model::Judge::Slot::may_take(const Copy& copy) const {
    if (!members.empty()) return std::ranges::any_of(members, [&](const Slot& one) { return one.may_take(copy); });
    if (session != copy.session) return false;
    if (!qos.contains(unsigned(copy.qos))) return false;
    // What 5.0 asked for, sent to a client that is back with 3.1.1: RETAIN 0 is right there, and no identifiers are.
    if (!copy.v5) return retain.contains(copy.retain) || (message && !copy.retain);
    if (!retain.contains(copy.retain)) return false;
    for (const auto id : sure)
        if (count(copy.identifiers, id) == 0) return false;
    return std::ranges::all_of(copy.identifiers,
                               [&](auto id) { return count(copy.identifiers, id) <= count(possible, id); });
}

bool Model::Judge::may_match(const Subscription& s, const Message& m) const {
    return !s.refused && s.from < m.done && m.sent != never && m.sent < s.until && matches(s.matched, m.topic);
}

bool Model::Judge::must_match(const Subscription& s, const Message& m) const {
    return s.sure_from < m.sent && m.done < s.sure_until && matches(s.matched, m.topic);
}

// `surely`: in every case; otherwise it may be so.
bool Model::Judge::is_expired(const Message& m, bool surely) const {
    if (!m.expiry) return false;
    const auto life = std::chrono::seconds(*m.expiry);
    if (!surely) return m.sent_at != no_time && now + slack >= m.sent_at + life;
    return m.done_at != no_time && now >= m.done_at + life + slack;
}

Model::Judge::Slot Model::Judge::slot_for(const Subscription& s, const Message& m, bool of_retained) const {
    Slot slot;
    if (s.granted) slot.qos.insert(unsigned(std::min(m.qos, *s.granted)));
    else
        for (unsigned q = 0; q <= unsigned(s.asked); ++q) slot.qos.insert(std::min(unsigned(m.qos), q));
    slot.retain.insert(of_retained || (m.retain && s.retain_as_published));  // 3.3.1-8, -9; 5.0: -12, -13
    if (s.identifier != 0) slot.sure = slot.possible = {s.identifier};
    slot.reusable = m.qos == QoS::at_least_once && slot.qos.contains(0);
    if (!of_retained) slot.message = m.number;
    return slot;
}

const Session& Model::Judge::any_session(std::size_t number) const {
    const auto it = sessions.find(number);
    return it != sessions.end() ? it->second : ended.at(number);
}

// Overlapping subscriptions: one copy for all of them, or a copy each (3.3.5-1; 5.0: 3.3.4-2 to -5).
void Model::Judge::add_plain_slots(std::vector<Slot>& to, const Session& s, const Message& m, bool merged) const {
    Slot all;
    unsigned least = 0;
    for (const Subscription& held : s.subscriptions) {
        if (held.shared || !may_match(held, m) || (held.no_local && m.publisher == s.client_id)) continue;
        Slot one = slot_for(held, m, false);
        one.session = s.number;
        if (!merged) {
            to.push_back(one);
            continue;
        }
        all.message = m.number;
        all.session = s.number;
        all.qos.insert(one.qos.begin(), one.qos.end());
        all.retain.insert(one.retain.begin(), one.retain.end());
        all.possible.insert(all.possible.end(), one.possible.begin(), one.possible.end());
        all.reusable = all.reusable || one.reusable;
        if (m.done == never || !must_match(held, m) || !held.granted) {
            if (held.sure_from > m.sent || held.sure_until < seq || !held.granted) continue;
        }
        all.sure.insert(all.sure.end(), one.sure.begin(), one.sure.end());
        least = std::max(least, *one.qos.begin());
    }
    if (!all.message) return;
    std::erase_if(all.qos, [&](unsigned q) { return q < least; });
    to.push_back(std::move(all));
}

void Model::Judge::add_retained_slots(std::vector<Slot>& to, const Session& s, const Message& m) const {
    for (const RetainedQuery& q : s.queries) {
        const Subscription& held = s.subscriptions[q.subscription];
        if (!m.retain || held.refused || m.payload.empty() || !matches(held.matched, m.topic)) continue;
        if (held.no_local && m.publisher == s.client_id) continue;  // 3.8.3-3
        if (!may_be_last(m, q.from, q.until)) continue;
        to.push_back(slot_for(held, m, true));
        to.back().session = s.number;
    }
}

// One member of a share gets it (5.0, section 4.8.2): also one that joined it later, if another did not finish.
void Model::Judge::add_share_slots(std::vector<Slot>& to, const std::set<std::size_t>& numbers, const Message& m) const {
    std::map<std::string_view, Slot> shares;
    std::set<std::string_view> owed;
    for (const auto* some : {&sessions, &ended})
        for (const auto& [number, s] : *some)
            for (const Subscription& held : s.subscriptions)
                if (held.shared && may_match(held, m)) owed.insert(held.filter);
    for (const auto number : numbers)
        for (const Subscription& held : any_session(number).subscriptions) {
            if (!held.shared || held.refused || held.until <= m.sent || !owed.contains(held.filter)) continue;
            Slot& share = shares[held.filter];
            share.message = m.number;
            share.members.push_back(slot_for(held, m, false));
            share.members.back().session = number;
        }
    for (auto& [filter, share] : shares) to.push_back(std::move(share));
}

// All that the sessions which have copies may have of messages that look alike.
std::vector<Model::Judge::Slot> Model::Judge::slots(const std::vector<std::size_t>& list, const std::vector<Copy>& had,
                                                    bool merged) const {
    std::set<std::size_t> numbers;
    for (const Copy& copy : had) numbers.insert(copy.session);
    std::vector<Slot> found;
    for (const auto message : list) {
        const Message& m = messages[message];
        if (m.is_forbidden() || m.sent == never) continue;
        for (const auto number : numbers) {
            add_plain_slots(found, any_session(number), m, merged);
            add_retained_slots(found, any_session(number), m);
        }
        add_share_slots(found, numbers, m);
    }
    const auto once = found.size();
    for (std::size_t i = 0; i < once; ++i)
        if (found[i].reusable) {
            Slot more = found[i];
            more.qos = {0};
            found.push_back(more);
            found.push_back(std::move(more));
        }
    return found;
}

std::size_t Model::Judge::copies_to(const Session& s, const std::string& key) const {
    const auto it = copies.find(key);
    return it == copies.end() ? 0 : std::size_t(std::ranges::count(it->second, s.number, &Copy::session));
}

// A slot for each copy, or nullopt: a matching in a bipartite graph, one augmenting path a copy.
std::optional<std::vector<std::size_t>> Model::Judge::assign(const std::vector<Slot>& slots,
                                                             const std::vector<Copy>& copies) {
    constexpr auto none = std::size_t(-1);
    std::vector<std::size_t> taken(slots.size(), none), chosen(copies.size(), none);
    std::vector<bool> seen;
    const std::function<bool(std::size_t)> place = [&](std::size_t copy) {
        for (std::size_t i = 0; i < slots.size(); ++i) {
            if (seen[i] || !slots[i].may_take(copies[copy])) continue;
            seen[i] = true;
            if (taken[i] != none && !place(taken[i])) continue;
            taken[i] = copy;
            chosen[copy] = i;
            return true;
        }
        return false;
    };
    for (std::size_t copy = 0; copy < copies.size(); ++copy) {
        // What was not finished at QoS 1 may go to another member: it takes up nothing.
        if (copies[copy].qos == QoS::at_least_once && copies[copy].state == Copy::State::broken_off) continue;
        seen.assign(slots.size(), false);
        if (!place(copy)) return std::nullopt;
    }
    return chosen;
}

// The statement that tells best why the last copy is not permitted.
Ids Model::Judge::why_not(const Session& s, const std::vector<std::size_t>& list, const std::vector<Copy>& had) const {
    const Message& m = messages[list.back()];
    if (m.is_forbidden()) return m.forbidden;
    const Copy& copy = had.back();
    const bool alone = assign(slots(list, {copy}, false), {copy}).has_value();
    bool shared = false;
    for (const Subscription& held : s.subscriptions) shared = shared || (held.shared && may_match(held, m));
    for (const Copy& other : had) {
        if (!shared || !alone || other.session == s.number) continue;
        if (other.state == Copy::State::refused) return {"", "MQTT-4.8.2-6"};
        if (other.qos == QoS::exactly_once && other.state != Copy::State::settled)
            return {"", sessions.contains(other.session) ? "MQTT-4.8.2-4" : "MQTT-4.8.2-5"};
    }
    const bool again = std::ranges::count(had, s.number, &Copy::session) > 1;
    if (again && m.will) return {"MQTT-3.1.2-10", "MQTT-3.1.2-10"};
    if (alone && shared) return {"", "MQTT-4.5.0-1"};
    if (alone && m.qos == QoS::exactly_once) return {"MQTT-4.3.3-2", "MQTT-4.3.3-10"};
    if (alone) return {"MQTT-3.8.4-3", "MQTT-3.8.4-3"};
    return why_odd(s, m, copy);
}

// What is odd about a copy that is the first of its message.
Ids Model::Judge::why_odd(const Session& s, const Message& m, const Copy& copy) const {
    bool matched = false, dropped = false, own = false, shared = false;
    for (const Subscription& held : s.subscriptions) {
        if (!matches(held.matched, m.topic) || held.refused) continue;
        shared = shared || held.shared;
        if (held.no_local && m.publisher == s.client_id) own = true;
        else if (may_match(held, m)) matched = true;
        else if (held.until <= m.sent) dropped = true;
    }
    if (!matched && own) return {"", "MQTT-3.8.3-3"};
    if (!matched && copy.retain) return shared ? Ids{"", "X-4.8.2-retained-on-shared"}
                                               : Ids{"MQTT-3.3.1-12", "MQTT-3.3.1-8"};
    if (!matched && dropped) return {"MQTT-3.10.4-2", "MQTT-3.10.4-2"};
    if (!matched) return {"MQTT-3.3.2-3", "MQTT-3.3.2-3"};
    const auto fits = [&](const std::function<void(Slot&)>& loosen) {
        auto all = slots({m.number}, {copy}, true);
        const auto each = slots({m.number}, {copy}, false);
        all.insert(all.end(), each.begin(), each.end());
        for (Slot& slot : all) {
            loosen(slot);
            for (Slot& member : slot.members) loosen(member);
        }
        return std::ranges::any_of(all, [&](const Slot& slot) { return slot.may_take(copy); });
    };
    if (fits([](Slot& slot) { slot.qos = {0, 1, 2}; }))
        return shared ? Ids{"MQTT-3.8.4-6", "MQTT-4.8.2-3"} : Ids{"MQTT-3.8.4-6", "MQTT-3.8.4-8"};
    if (fits([](Slot& slot) { slot.retain = {false, true}; }))
        return copy.retain ? Ids{"MQTT-3.3.1-9", "MQTT-3.3.1-12"} : Ids{"MQTT-3.3.1-8", "MQTT-3.3.1-13"};
    return {"MQTT-3.3.5-1", copy.identifiers.empty() ? "MQTT-3.3.4-3" : "MQTT-3.3.4-4"};
}

// Messages of one publisher, topic and QoS come in the order in which they were published.
void Model::Judge::judge_order(Connection& c, Session& s, const Message& m, QoS delivered) {
    if (m.will || copies_to(s, content(m.topic, m.payload)) > 1) return;
    bool held_before = false;
    for (const Subscription& held : s.subscriptions) {
        if (!matches(held.matched, m.topic)) continue;
        if (held.shared) return;  // it may be the share's: no order is demanded there
        held_before = held_before || held.sure_from < m.sent;
    }
    if (!held_before) return;
    const auto key = m.publisher + '\0' + m.topic + '\0' + char('0' + int(m.qos)) + char('0' + int(delivered));
    auto& before = s.orders[key];
    for (const auto& last : before)
        if (last.sent > m.sent && (last.released > m.released || last.released == m.released)) {
            accuse(c, {"MQTT-4.6.0-6", "MQTT-4.6.0-5"},
                   "on " + m.topic + " \"" + m.payload.substr(0, 20) + "\" comes after \"" +
                       messages[last.message].payload.substr(0, 20) + "\"");
            break;
        }
    before.push_back({m.sent, m.released, m.number});
    if (before.size() > 64) before.erase(before.begin());
}

// Whether it may be what is retained on its topic at some time of a span.
bool Model::Judge::may_be_last(const Message& m, Seq from, Seq until) const {
    if (m.sent == never || m.sent > until || m.is_forbidden()) return false;
    return std::ranges::none_of(retained, [&](std::size_t number) {
        const Message& later = messages[number];
        return later.topic == m.topic && later.number != m.number && m.done < later.sent && later.done < from &&
               !later.optional && !later.is_forbidden();
    });
}

}  // namespace model
