// Of the plan: what two clients did at the same time, so that either outcome is right.
#include <algorithm>

#include "replay/planner.hpp"

namespace replay {

using mqtt::QoS;
using mqtt::Type;

namespace {

constexpr std::size_t most_in_flight = 1000;               // older ones count as done: bounds work and memory
constexpr auto unread_for = std::chrono::seconds(1);       // a QoS 0 PUBLISH: nobody knows when it was read
constexpr auto unanswered_for = std::chrono::seconds(60);  // what has no answer in the capture
constexpr auto crossed = "published and subscribed at the same time: which came first is the network's choice";

}  // namespace

/// PUBLISH of a client, or from there on the will of one.
Planner::Message Planner::message(std::size_t i) const {
    if (const auto* p = std::get_if<mqtt::Publish>(&plan_.items[i].packet); p && plan_.items[i].role == Role::send)
        return {plan_.items[i].topic, p->payload, p->qos, p->retain};
    const auto& will = *std::get<mqtt::Connect>(plan_.items[wills_ended_.at(i)].packet).will;
    return {will.topic, will.payload, will.qos, will.retain};
}

/// The step that ends it: the last answer of its flow; none: not in the capture.
std::size_t Planner::end_of_flow(std::size_t i) const {
    const Item& it = plan_.items[i];
    const auto* p = std::get_if<mqtt::Publish>(&it.packet);
    for (const auto a : it.answers) {
        const auto* received = std::get_if<mqtt::Pubrec>(&plan_.items[a].packet);
        if (!p || p->qos != QoS::exactly_once || !received || received->reason >= 0x80) return a;
    }
    return none;
}

bool Planner::is_over(std::size_t i, std::size_t now) const {
    const auto age = step(now).at - step(i).at;
    if (wills_ended_.contains(i)) return age > unread_for;
    const auto* p = std::get_if<mqtt::Publish>(&plan_.items[i].packet);
    if (p && p->qos == QoS::at_most_once) {
        const auto proven = links_[step(i).session].proven;
        return age > unread_for || (proven != none && proven > i);
    }
    const auto end = end_of_flow(i);
    return end == none ? age > unanswered_for : end < now;
}

/// A publication and a change of subscriptions. One connection's packets are in order, but QoS 2 may be delivered at
/// PUBREL (4.3.3).
void Planner::note_race(std::size_t publication, const Change& change) {
    const auto m = message(publication);
    const bool same = step(publication).session == step(change.item).session;
    if (same && (m.qos != QoS::exactly_once || publication > change.item)) return;
    const auto fits = [&](const auto& f) { return filter_matches(f, m.topic); };
    if (!std::any_of(change.filters.begin(), change.filters.end(), fits)) return;
    const auto& client = plan_.connections[step(change.item).session].client;
    if (raced_.emplace(publication, client).second) ++plan_.raced[{content_hash(m.topic, m.payload), client}];
}

/// Either of two retained messages may stay, until another one is stored.
void Planner::note_retained(std::size_t i) {
    const auto m = message(i);
    const std::string topic(m.topic);
    const auto [last, fresh] = retained_last_.try_emplace(topic, i);
    const auto before = std::exchange(last->second, i);
    const auto contested = [&](std::size_t n) {
        contested_.insert(n);
        const auto of = message(n);
        plan_.contested[content_hash(of.topic, of.payload)].push_back({step(before).at, scenario::Time::max()});
        contests_[topic].push_back(content_hash(of.topic, of.payload));
    };
    if (!fresh && step(i).session != step(before).session && !is_over(before, i)) return contested(before), contested(i);
    const auto end = end_of_flow(i);
    const auto stored = end == none ? step(i).at + (m.qos == QoS::at_most_once ? unread_for : unanswered_for) : step(end).at;
    for (const auto hash : contests_[topic])
        for (auto& contest : plan_.contested[hash]) contest.to = std::min(contest.to, stored);
    contests_.erase(topic);
}

/// A QoS 2 PUBLISH without PUBREL: delivered or not is free (4.3.3).
void Planner::note_unreleased(std::size_t i) {
    const Item& it = plan_.items[i];
    const auto& p = std::get<mqtt::Publish>(it.packet);
    if (p.qos == QoS::exactly_once && it.ack == none && end_of_flow(i) == none)
        plan_.unreleased.emplace(i, content_hash(it.topic, p.payload));
}

void Planner::find_races() {
    std::deque<std::size_t> publications, changes;  // by number in changes_
    std::size_t next = 0;
    const auto add_to = [](auto& list, std::size_t n) {
        if (list.size() == most_in_flight) list.pop_front();
        list.push_back(n);
    };
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const Item& it = plan_.items[i];
        if (it.role == Role::expect && it.partner != none && step(it.partner).session == step(i).session) {
            auto& proven = link(i).proven;
            if (proven == none || proven < it.partner) proven = it.partner;
        }
        if (next < changes_.size() && changes_[next].item == i) {
            std::erase_if(publications, [&](auto p) { return is_over(p, i); });
            for (const auto p : publications) note_race(p, changes_[next]);
            add_to(changes, next++);
        }
        const bool publishes = it.role == Role::send && it.type == Type::publish && it.whole && it.skip.empty();
        if (!publishes && !wills_ended_.contains(i)) continue;
        std::erase_if(changes, [&](auto c) { return is_over(changes_[c].item, i); });
        for (const auto c : changes) note_race(i, changes_[c]);
        add_to(publications, i);
        if (publishes) note_unreleased(i);
        if (message(i).retain) note_retained(i);
    }
    soften_raced();
}

void Planner::soften_raced() {
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const Item& it = plan_.items[i];
        if (it.role != Role::expect || it.type != Type::publish || it.cause == none) continue;
        if (raced_.contains({it.cause, plan_.connections[step(i).session].client})) soften(i, crossed);
        const auto* p = std::get_if<mqtt::Publish>(&it.packet);
        if (p && p->retain && contested_.contains(it.cause)) soften(i, "two clients retained at the same time");
        if (it.soft.empty()) continue;
        for (const auto release : it.answers) soften(release, it.soft);
    }
}

}  // namespace replay
