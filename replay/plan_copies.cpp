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
}

/// The messages alike that overlapping subscriptions were there for; else all of them.
std::vector<Planner::Original> Planner::originals(const std::vector<Copy>& copies) const {
    const auto last = copies.back().item;
    const Item& it = plan_.items[last];
    const auto& client = plan_.connections[step(last).session].client;
    std::vector<Original> all, overlapping;
    const auto found = published_.find(content_hash(it.topic, std::get<mqtt::Publish>(it.packet).payload));
    if (found == published_.end()) return all;
    for (const auto& m : found->second) {
        if (m.item > last) break;
        all.push_back({m.item, m.qos});
        const bool own = plan_.connections[step(m.item).session].client == client;
        if (matching_at(plan_, client, it.topic, m.item, own) > 1) overlapping.push_back(all.back());
    }
    return overlapping.empty() ? all : overlapping;
}

/// Each copy belongs to the first message before it that lacks one of its QoS, or else lacks one.
void Planner::find_causes_of_copies(const std::vector<Copy>& copies) {
    auto messages = originals(copies);
    const auto average = messages.empty() ? 0 : (copies.size() + messages.size() / 2) / messages.size();
    std::size_t begin = 0;
    for (const auto& [i, granted] : copies) {
        const auto qos = std::get<mqtt::Publish>(item(i).packet).qos;
        const auto quota = std::clamp<std::size_t>(average, 1, granted.size());
        Original *fits = nullptr, *any = nullptr, *last = nullptr;
        while (begin < messages.size() && messages[begin].delivered.size() >= granted.size()) ++begin;
        for (auto n = begin; n < messages.size() && messages[n].item < i && !fits; ++n) {
            auto& m = messages[n];
            last = &m;
            if (m.delivered.size() >= quota) continue;
            if (!any) any = &m;
            if (lacks(granted, quota, m.qos, m.delivered, qos)) fits = &m;
        }
        auto* of = fits ? fits : any ? any : last;
        if (of) of->delivered.push_back(qos);
        settle_cause(i, of ? of->item : none, false);
    }
}

}  // namespace replay
