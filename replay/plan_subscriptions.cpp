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
        auto& s = link(i).client->subscriptions[filter];
        s = {i,          none, e.qos, unsigned(change.filters.size()), false, e.no_local, e.retain_as_published,
             s.is_known, s.qos};
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
    Client& client = *link(i).client;
    for (const auto& [filter, n] : client.held)
        if (n < all.size()) all[n].to = i;
    const auto session = client.session + 1;
    client = {};
    client.session = session;
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
        const auto value = (*code).value;
        ++code;
        if (!is_this) continue;
        if (value > 2)
            refused(s->second, std::string(e.filter), i);
        else
            s->second.qos = QoS(value), s->second.is_known = true;
    }
}

/// There is none by it; one from before may have stayed.
void Planner::refused(Subscription& s, const std::string& filter, std::size_t i) {
    Client& client = *link(i).client;
    if (s.was_known) {
        s.is_known = true;
        s.qos = s.had;
        return;
    }
    client.subscriptions.erase(filter);
    const auto open = client.held.find(filter);
    if (open == client.held.end()) return;
    plan_.holdings[plan_.connections[step(i).session].client][open->second].to = i;
    client.held.erase(open);
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

/// All that is alike was published by the client itself.
bool Planner::is_own(std::size_t i, std::size_t hash) const {
    const auto found = published_.find(hash);
    const auto& client = plan_.connections[step(i).session].client;
    return found != published_.end() && std::all_of(found->second.begin(), found->second.end(), [&](const auto& m) {
               return plan_.connections[step(m.item).session].client == client;
           });
}

/// By what it may have come. A retained message comes by the last SUBSCRIBE alone; a live one has RETAIN 1 with Retain
/// As Published (3.3.1-12, 3.3.1-13).
void Planner::find_subscriptions(std::size_t i, const mqtt::Publish& p) {
    Item& it = item(i);
    const bool own = is_own(i, content_hash(it.topic, p.payload));
    const auto last = p.retain ? last_retained(i, p) : none;
    std::vector<const Subscription*> plain;
    bool live = false;
    for (const auto& [filter, s] : link(i).client->subscriptions) {
        if (!filter_matches(filter, it.topic) || (own && s.no_local)) continue;
        if (it.subscribed == none || s.asked > it.subscribed) it.subscribed = s.asked;
        live = live || (s.retain_as_published && last != none && s.granted != none && last > s.granted);
        if (mqtt::shared(filter))
            it.shares.push_back(filter);
        else
            plain.push_back(&s);
    }
    it.retained = p.retain && !live;
    if (it.retained) std::erase_if(plain, [&](auto* s) { return s->asked != it.subscribed; });
    it.mixed_retain = std::any_of(plain.begin(), plain.end(), [&](auto* s) {
        return s->retain_as_published != plain.front()->retain_as_published;
    });
    it.matching = unsigned(plain.size());
    if (plain.empty()) return;
    if (!it.retained) it.matching += unsigned(it.shares.size());
    plan_.mixed_shares.insert(it.shares.begin(), it.shares.end());
    it.shares.clear();
}

/// The QoS of the subscriptions that match.
std::vector<QoS> Planner::granted(std::size_t delivery) {
    std::vector<QoS> out;
    for (const auto& [filter, s] : link(delivery).client->subscriptions)
        if (filter_matches(filter, item(delivery).topic)) out.push_back(s.qos);
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
