// Of the plan: which deliveries are copies of one message, for overlapping subscriptions.
#include <algorithm>

#include "replay/planner.hpp"

namespace replay {

using mqtt::QoS;

namespace {

/// The QoS of the copies of a message that are still to come, where there are so many of it.
bool lacks(std::vector<QoS> granted, std::size_t quota, QoS published, std::vector<QoS> delivered, QoS qos) {
    for (auto& g : granted) g = std::min(g, published);
    std::sort(granted.rbegin(), granted.rend());
    granted.resize(std::min(granted.size(), quota));  // merged: one with the highest
    return std::count(granted.begin(), granted.end(), qos) > std::count(delivered.begin(), delivered.end(), qos);
}

}  // namespace

/// Only once all are known: a server that merges copies has as many as were published, one that does not has more.
void Planner::find_causes_of_copies() {
    for (const auto& [key, copies] : copies_) find_causes_of_copies(copies);
    group_copies();
}

/// The messages alike that the client was subscribed for; else all of them.
std::vector<Planner::Original> Planner::originals(const Copies& copies) const {
    const auto last = copies.all.back().item;
    const Item& it = plan_.items[last];
    const auto& client = plan_.connections[step(last).session].client;
    std::vector<Original> all, subscribed;
    const auto found = published_.find(content_hash(it.topic, std::get<mqtt::Publish>(it.packet).payload));
    if (found == published_.end()) return all;
    for (const auto& m : found->second) {
        if (m.item > last) break;
        if (copies.after != none && m.item <= copies.after) continue;
        const bool own = plan_.connections[step(m.item).session].client == client;
        const auto matching = matching_at(plan_, client, it.topic, m.item, own);
        all.push_back({m.item, m.qos, std::max(1u, matching)});
        if (matching > 0) subscribed.push_back(all.back());
    }
    return subscribed.empty() ? all : subscribed;
}

/// Each copy belongs to the first message before it that lacks one of its QoS, or else lacks one.
void Planner::find_causes_of_copies(const Copies& copies) {
    auto messages = originals(copies);
    std::size_t most = 0, begin = 0;
    for (const auto& m : messages) most += m.matching;
    const auto off = [&](std::size_t n) {
        return n > copies.all.size() ? n - copies.all.size() : copies.all.size() - n;
    };
    const bool merged = off(messages.size()) <= off(most);
    for (const auto& [i, granted] : copies.all) {
        const auto qos = std::get<mqtt::Publish>(item(i).packet).qos;
        const auto quota = [&](const Original& m) { return merged ? 1 : m.matching; };
        Original *fits = nullptr, *any = nullptr, *last = nullptr;
        while (begin < messages.size() && messages[begin].delivered.size() >= quota(messages[begin])) ++begin;
        for (auto n = begin; n < messages.size() && messages[n].item < i && !fits; ++n) {
            auto& m = messages[n];
            last = &m;
            if (m.delivered.size() >= quota(m)) continue;
            if (!any) any = &m;
            if (lacks(granted, quota(m), m.qos, m.delivered, qos)) fits = &m;
        }
        if (!last && begin > 0) last = &messages[begin - 1];
        auto* of = fits ? fits : any ? any : last;
        if (of) of->delivered.push_back(qos);
        settle_cause(i, of ? of->item : none, false);
    }
}

/// Deliveries of one message on one connection; of a retained one, for one SUBSCRIBE. What is sent again is apart.
void Planner::group_copies() {
    std::map<std::tuple<std::size_t, std::size_t, std::size_t, bool>, std::size_t> places;
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        Item& it = item(i);
        const auto* p = std::get_if<mqtt::Publish>(&it.packet);
        if (it.role != Role::expect || !p || it.matching < 2 || it.cause == none) continue;
        const auto place = places.try_emplace({step(i).session, it.cause, it.retained ? it.subscribed : none, p->dup},
                                              plan_.copies.size());
        if (place.second) plan_.copies.emplace_back();
        it.copies = place.first->second;
        plan_.copies[it.copies].push_back(i);
    }
}

/// The first delivery of each connection that its client did not acknowledge: how many follow is the server's choice.
void Planner::find_unacknowledged() {
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const Item& it = plan_.items[i];
        const auto* p = std::get_if<mqtt::Publish>(&it.packet);
        if (it.role != Role::expect || !p || p->qos == QoS::at_most_once) continue;
        const bool pending =
            std::any_of(it.answers.begin(), it.answers.end(), [&](auto a) { return !item(a).completed; });
        auto& first = plan_.connections[step(i).session].unacknowledged;
        if ((it.ack == none || pending) && first == none) first = i;
    }
}

/// PUBLISH that was never answered, or at QoS 0 nothing behind it, and that nobody got.
void Planner::find_unread() {
    std::vector<bool> arrived(plan_.items.size());
    for (const auto& it : plan_.items)
        if (it.role == Role::expect && it.cause != none) arrived[it.cause] = true;
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const Item& it = plan_.items[i];
        const auto* p = std::get_if<mqtt::Publish>(&it.packet);
        if (it.role != Role::send || !p || !it.whole) continue;
        if (p->dup && p->qos == QoS::at_least_once) plan_.unread.insert(i);  // it, or the first one
        if (arrived[i]) continue;
        const Link& l = link(i);
        const bool unread =
            p->qos == QoS::at_most_once ? !l.disconnected && (l.proven == none || l.proven < i) : it.answers.empty();
        if (unread) plan_.unread.insert(i);
    }
}

}  // namespace replay
