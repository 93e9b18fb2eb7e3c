// Of the plan: who is subscribed to what, and from when until when.
#include <algorithm>

#include "codec/topics.hpp"
#include "replay/planner.hpp"

namespace replay {

using mqtt::QoS;

void Planner::sent(std::size_t i, mqtt::Subscribe& p) {
    request(i, p.packet_id);
    Change change{i, {}};
    for (const auto& e : p.entries) {
        const auto filter = mapped(e.filter);
        link(i).client->subscriptions[filter] = {i, none, e.qos, unsigned(change.filters.size()), false, e.no_local};
        hold(i, filter, e.no_local);
        change.filters.push_back(filter);
    }
    changes_.push_back(std::move(change));
    if (options_.topic_map.empty()) return;
    std::vector<mqtt::Subscribe::Entry> entries;
    for (auto e : p.entries) {
        e.filter = keep(mapped(e.filter));
        entries.push_back(e);
    }
    const auto version = scenario_.sessions[step(i).session].version;
    const mqtt::List<mqtt::Subscribe::Entry> list{std::span<const mqtt::Subscribe::Entry>(entries)};
    auto& room = plan_.kept.emplace_back(mqtt::encode(mqtt::Subscribe{.entries = list}, version).size(), '\0');
    p.entries = mqtt::pack(list, version, {reinterpret_cast<std::uint8_t*>(room.data()), room.size()});
}

void Planner::sent(std::size_t i, mqtt::Unsubscribe& p) {
    request(i, p.packet_id);
    Change change{i, {}};
    auto& held = plan_.unsubscribed[i];
    for (const auto& f : p.filters) {
        auto& subscriptions = link(i).client->subscriptions;
        const auto s = subscriptions.find(mapped(f.text));
        const bool known = s != subscriptions.end() && s->second.is_known;
        held.push_back(known ? Held{s->second.asked, s->second.entry} : Held{});
        if (s != subscriptions.end()) subscriptions.erase(s);
        change.filters.push_back(mapped(f.text));
    }
    changes_.push_back(std::move(change));
    if (options_.topic_map.empty()) return;
    std::string filters;
    for (const auto& f : p.filters) {
        const auto text = mapped(f.text);
        filters += char(text.size() >> 8 & 255);
        filters += char(text.size() & 255);
        filters += text;
    }
    p.filters = mqtt::List<mqtt::Unsubscribe::Filter>::raw(mqtt::octets(keep(filters)),
                                                           scenario_.sessions[step(i).session].version);
}

/// From SUBSCRIBE on it may be held.
void Planner::hold(std::size_t i, const std::string& filter, bool no_local) {
    auto& all = plan_.holdings[plan_.connections[step(i).session].client];
    const auto [open, fresh] = link(i).client->held.try_emplace(filter, all.size());
    if (fresh)
        all.push_back({i, none, filter, no_local});
    else
        all[open->second].no_local = all[open->second].no_local && no_local;
}

/// The session is over, with all that it held.
void Planner::forget(std::size_t i) {
    auto& all = plan_.holdings[plan_.connections[step(i).session].client];
    for (const auto& [filter, n] : link(i).client->held)
        if (n < all.size()) all[n].to = i;
    *link(i).client = {};
}

void Planner::granted(std::size_t request, const mqtt::Suback& p, std::size_t i) {
    auto code = p.codes.begin();
    auto& subscriptions = link(i).client->subscriptions;
    unsigned entry = 0;
    for (const auto& e : std::get<mqtt::Subscribe>(item(request).packet).entries) {
        const auto s = subscriptions.find(e.filter);  // mapped already
        const bool is_this = s != subscriptions.end() && s->second.asked == request && s->second.entry == entry;
        if (is_this) s->second.granted = i;
        ++entry;
        if (code == p.codes.end()) continue;
        if (is_this && (*code).value <= 2) s->second.qos = QoS((*code).value), s->second.is_known = true;
        ++code;
    }
}

/// UNSUBACK: what was not asked for again meanwhile is held no longer.
void Planner::released(std::size_t request, std::size_t i) {
    Client& client = *link(i).client;
    auto& all = plan_.holdings[plan_.connections[step(i).session].client];
    for (const auto& f : std::get<mqtt::Unsubscribe>(item(request).packet).filters) {
        const std::string filter(f.text);  // mapped already
        const auto open = client.held.find(filter);
        if (open == client.held.end() || open->second >= all.size() || all[open->second].from > request) continue;
        all[open->second].to = i;
        client.held.erase(open);
        const auto again = client.subscriptions.find(filter);
        if (again != client.subscriptions.end()) hold(i, filter, again->second.no_local);
    }
}

void Planner::find_subscriptions(std::size_t i) {
    Item& it = item(i);
    for (const auto& [filter, s] : link(i).client->subscriptions) {
        if (!filter_matches(filter, it.topic)) continue;
        if (mqtt::shared(filter))
            it.shares.push_back(filter);
        else
            ++it.matching;
    }
    if (it.matching) it.shares.clear();
}

/// The QoS of the subscriptions, not shared, that match.
std::vector<QoS> Planner::granted(std::size_t delivery) {
    std::vector<QoS> out;
    for (const auto& [filter, s] : link(delivery).client->subscriptions)
        if (!mqtt::shared(filter) && filter_matches(filter, item(delivery).topic)) out.push_back(s.qos);
    return out;
}

unsigned matching_at(const Plan& plan, const std::string& client, std::string_view topic, std::size_t i, bool own) {
    const auto all = plan.holdings.find(client);
    if (all == plan.holdings.end()) return 0;
    return unsigned(std::count_if(all->second.begin(), all->second.end(), [&](const Holding& h) {
        return h.from <= i && i < h.to && !(own && h.no_local) && filter_matches(h.filter, topic);
    }));
}

}  // namespace replay
