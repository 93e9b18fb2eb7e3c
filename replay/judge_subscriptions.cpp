// Of the judge: what depends on subscriptions as the target has them.
#include <algorithm>

#include "replay/judge.hpp"

namespace replay {

using mqtt::QoS;

namespace {

template <class P>
std::optional<P> packet_of(const Arrival& arrival, mqtt::Packet& room) {
    if (mqtt::decode_leniently(room, mqtt::octets(arrival.octets), arrival.version) == 0) return std::nullopt;
    const auto* p = std::get_if<P>(&room);
    return p ? std::optional(*p) : std::nullopt;
}

}  // namespace

void Judge::note_grants(std::size_t suback, const Arrival& arrival) {
    mqtt::Packet room;
    const auto request = plan_.items[suback].partner;
    const auto* before = std::get_if<mqtt::Suback>(&plan_.items[suback].packet);
    const auto* asked = std::get_if<mqtt::Subscribe>(&plan_.items[request].packet);
    const auto now = packet_of<mqtt::Suback>(arrival, room);
    if (!before || !asked || !now) return;
    auto& codes = granted_[request];
    for (const auto& c : now->codes) codes.push_back(c.value);
    auto was = before->codes.begin();
    std::size_t n = 0;
    for (const auto& e : asked->entries) {
        if (n == codes.size() || was == before->codes.end()) return;
        if ((*was).value > 2 && codes[n] <= 2)
            granted_now_[plan_.connections[arrival.session].client].emplace_back(e.filter);
        ++was, ++n;
    }
}

/// The capture's server had refused the subscription: that was told by itself.
bool Judge::is_granted_now(const Arrival& arrival) const {
    const auto filters = granted_now_.find(plan_.connections[arrival.session].client);
    return arrival.type() == mqtt::Type::publish && filters != granted_now_.end() &&
           std::any_of(filters->second.begin(), filters->second.end(),
                       [&](const auto& f) { return filter_matches(f, arrival.topic); });
}

void Judge::note_copy(std::size_t i, const Arrival& arrival) {
    mqtt::Packet room;
    if (const auto p = packet_of<mqtt::Publish>(arrival, room)) copies_[i] = copy_of(*p);
}

/// The target granted it, and has had that session since.
bool Judge::is_held(const Held& h, std::size_t unsuback) const {
    if (h.subscribe == none) return false;
    const auto codes = granted_.find(h.subscribe);
    if (codes == granted_.end() || h.entry >= codes->second.size() || codes->second[h.entry] > 2) return false;
    const auto& steps = plan_.scenario->steps;
    const auto first = steps[h.subscribe].session, last = steps[unsuback].session;
    for (std::size_t s = 0; s < plan_.connections.size(); ++s) {
        const auto& c = plan_.connections[s];
        const bool between = c.connect != none && c.connect > h.subscribe && c.connect < unsuback && s != first;
        if (!between || c.client != plan_.connections[last].client) continue;
        if (c.expects.empty() || answers_[c.expects.front()].verdict != Verdict::match) return false;  // its CONNACK
    }
    return true;
}

/// "No subscription existed" is no choice where one does (3.11.3).
void Judge::check_unsuback(Answer& a, std::size_t i, const Arrival& arrival) const {
    const auto held = plan_.unsubscribed.find(plan_.items[i].partner);
    const auto* before = std::get_if<mqtt::Unsuback>(&plan_.items[i].packet);
    mqtt::Packet room;
    const auto now = packet_of<mqtt::Unsuback>(arrival, room);
    if (held == plan_.unsubscribed.end() || !before || !now || rules_.ignore.contains("codes")) return;
    auto was = before->codes.begin(), is = now->codes.begin();
    for (const auto& h : held->second) {
        if (was == before->codes.end() || is == now->codes.end()) return;
        if ((*was).value == 0 && (*is).value == 0x11 && is_held(h, i)) {
            a.choice.clear();
            if (std::find(a.fields.begin(), a.fields.end(), "codes") == a.fields.end()) a.fields.push_back("codes");
        }
        ++was, ++is;
    }
}

Judge::Copy Judge::copy_of(const mqtt::Publish& p) {
    Copy out{p.qos, {}};
    for (const auto& property : p.properties)
        if (property.id == mqtt::property::subscription_identifier) out.identifiers.push_back(property.number);
    std::sort(out.identifiers.begin(), out.identifiers.end());
    return out;
}

void Judge::add(Copy& all, const Copy& one) {
    all.qos = std::max(all.qos, one.qos);
    all.identifiers.insert(all.identifiers.end(), one.identifiers.begin(), one.identifiers.end());
    std::sort(all.identifiers.begin(), all.identifiers.end());
    all.identifiers.erase(std::unique(all.identifiers.begin(), all.identifiers.end()), all.identifiers.end());
}

/// However many copies there are, one has the highest QoS of all subscriptions that match, and together they have the
/// identifiers of all (3.3.4-2 to 3.3.4-5, 3.3.5-1).
void Judge::check_copies() {
    if (rules_.diff == Diff::strict) return;
    for (const auto& group : plan_.copies) check_copies(group);
}

void Judge::check_copies(const std::vector<std::size_t>& group) {
    Copy before, now;
    std::size_t first = none;
    for (const auto i : group) {
        const Item& it = plan_.items[i];
        if (!it.soft.empty() || is_damaged(plan_.scenario->steps[i].session)) return;
        add(before, copy_of(std::get<mqtt::Publish>(it.packet)));
        const auto came = copies_.find(i);
        if (came == copies_.end()) continue;
        add(now, came->second);
        if (first == none) first = i;
    }
    if (first == none || answers_[first].verdict != Verdict::match) return;
    bool qos_came = now.qos == before.qos;
    for (const auto& copy :
         qos_came&& now.identifiers == before.identifiers ? std::vector<Copy>{} : surplus_alike(first)) {
        qos_came = qos_came || copy.qos == before.qos;
        add(now, {now.qos, copy.identifiers});
    }
    Answer& a = answers_[first];
    if (!qos_came && !rules_.ignore.contains("QoS")) {
        a.fields.push_back("QoS");
        a.reason = "the highest QoS of all copies was " + std::to_string(unsigned(before.qos)) + " and is " +
                   std::to_string(unsigned(now.qos)) + " (3.3.4, 3.3.5)";
    }
    if (now.identifiers != before.identifiers && !rules_.ignore.contains("subscription identifier")) {
        a.fields.push_back("subscription identifier");
        if (a.reason.empty()) a.reason = "all copies together have others (3.3.4-3 to 3.3.4-5)";
    }
    if (a.fields.empty()) return;
    a.verdict = Verdict::changed;
    a.choice.clear();
}

/// Copies alike that the capture does not have: whose they are is not known, so each may be one of these.
std::vector<Judge::Copy> Judge::surplus_alike(std::size_t i) const {
    const Item& it = plan_.items[i];
    const auto& payload = std::get<mqtt::Publish>(it.packet).payload;
    std::vector<Copy> out;
    for (const auto& r : surplus_) {
        mqtt::Packet room;
        if (r.arrival.session != plan_.scenario->steps[i].session || r.arrival.topic != it.topic) continue;
        const auto p = packet_of<mqtt::Publish>(r.arrival, room);
        if (p && p->payload == payload) out.push_back(copy_of(*p));
    }
    return out;
}

}  // namespace replay
