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

void Judge::note_grants(std::size_t subscribe, const Arrival& arrival) {
    mqtt::Packet room;
    auto& codes = granted_[subscribe];
    if (const auto p = packet_of<mqtt::Suback>(arrival, room))
        for (const auto& c : p->codes) codes.push_back(c.value);
}

void Judge::note_copy(std::size_t i, const Arrival& arrival) {
    mqtt::Packet room;
    if (const auto p = packet_of<mqtt::Publish>(arrival, room)) copies_[i] = p->qos;
}

/// The target granted it, and has had that session since.
bool Judge::is_held(const Held& h, std::size_t unsuback) const {
    if (h.subscribe == none) return false;
    const auto codes = granted_.find(h.subscribe);
    if (codes == granted_.end() || h.entry >= codes->second.size() || codes->second[h.entry] > 2) return false;
    const auto session = plan_.scenario->steps[unsuback].session;
    if (plan_.scenario->steps[h.subscribe].session == session) return true;
    const auto& expects = plan_.connections[session].expects;  // CONNACK is the first of them
    return !expects.empty() && answers_[expects.front()].verdict == Verdict::match;
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

/// However many copies there are, one has the highest QoS of all subscriptions that match (3.3.4-2, 3.3.5-1).
void Judge::check_copies() {
    if (rules_.ignore.contains("QoS") || rules_.diff == Diff::strict) return;
    struct Group {
        QoS before{}, now{};
        std::size_t first = none;
    };
    std::map<std::pair<std::size_t, std::size_t>, Group> groups;  // by session and cause
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const Item& it = plan_.items[i];
        const auto session = plan_.scenario->steps[i].session;
        if (it.role != Role::expect || it.matching < 2 || it.cause == none || !it.soft.empty() || is_damaged(session))
            continue;
        auto& g = groups[{session, it.cause}];
        g.before = std::max(g.before, std::get<mqtt::Publish>(it.packet).qos);
        const auto came = copies_.find(i);
        if (came == copies_.end()) continue;
        g.now = std::max(g.now, came->second);
        if (g.first == none) g.first = i;
    }
    for (const auto& [key, g] : groups) {
        if (g.first == none || g.now == g.before || has_another_copy(g.first, g.before)) continue;
        Answer& a = answers_[g.first];
        if (a.verdict != Verdict::match) continue;
        a.verdict = Verdict::changed;
        a.choice.clear();
        a.fields = {"QoS"};
        a.reason = "the highest QoS of all copies was " + std::to_string(unsigned(g.before)) + " and is " +
                   std::to_string(unsigned(g.now)) + " (3.3.4, 3.3.5)";
    }
}

/// One that the capture does not have came, with that QoS.
bool Judge::has_another_copy(std::size_t i, QoS qos) const {
    const Item& it = plan_.items[i];
    const auto& payload = std::get<mqtt::Publish>(it.packet).payload;
    return std::any_of(surplus_.begin(), surplus_.end(), [&](const Received& r) {
        mqtt::Packet room;
        if (r.arrival.session != plan_.scenario->steps[i].session || r.arrival.topic != it.topic) return false;
        const auto p = packet_of<mqtt::Publish>(r.arrival, room);
        return p && p->payload == payload && p->qos == qos;
    });
}

}  // namespace replay
