// Of the plan: what is sent once more on the same connection, before it was answered (3.1.1 allows it to both sides).
#include <algorithm>
#include <utility>

#include "replay/planner.hpp"

namespace replay {

using mqtt::Type;

/// The first of the same PUBLISH, that has no answer yet; none: it is another message, or on another connection.
std::size_t Planner::repeated_by(std::size_t i, std::uint16_t id) {
    const auto before = link(i).client->requests.find(id);
    if (before == link(i).client->requests.end() || step(before->second).session != step(i).session) return none;
    const Item& first = item(before->second);
    const auto* p = item(i).whole ? std::get_if<mqtt::Publish>(&item(i).packet) : nullptr;
    const auto* q = first.whole ? std::get_if<mqtt::Publish>(&first.packet) : nullptr;
    const bool alike = p && q && p->dup && p->qos == q->qos && p->payload == q->payload && item(i).topic == first.topic;
    return alike && first.answers.empty() ? before->second : none;
}

/// Such an answer is not in the capture yet, or one to a repeat.
bool Planner::may_be_answered(std::size_t request, Type type) const {
    const Item& it = plan_.items[request];
    const auto known =
        std::count_if(it.answers.begin(), it.answers.end(), [&](auto a) { return plan_.items[a].type == type; });
    return known == 0 || (known <= std::int64_t(it.repeats) && (type == Type::puback || type == Type::pubrec));
}

/// Deliveries of 3.1.1; in 5.0 they are forbidden (4.4.0-1).
void Planner::find_repeats() {
    std::map<std::pair<std::size_t, std::uint16_t>, std::size_t> firsts;  // by session and packet identifier
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
        const auto* p = item(i).role == Role::expect ? std::get_if<mqtt::Publish>(&item(i).packet) : nullptr;
        if (!p || p->qos == mqtt::QoS::at_most_once ||
            scenario_.sessions[step(i).session].version != mqtt::Version::v3_1_1)
            continue;
        const auto [at, fresh] = firsts.try_emplace({step(i).session, p->packet_id}, i);
        const Item& first = item(at->second);
        const bool alike = !fresh && p->dup && first.topic == item(i).topic &&
                           std::get<mqtt::Publish>(first.packet).payload == p->payload;
        if (alike && (first.ack == none || first.ack > i))
            note_repeat(i, at->second);
        else
            at->second = i;
    }
}

/// What its client answered, it answered to both.
void Planner::note_repeat(std::size_t i, std::size_t first) {
    item(i).repeat_of = first;
    item(i).again = true;
    ++item(first).repeats;
    if (item(first).ack == none && item(i).ack != none) {
        item(first).ack = std::exchange(item(i).ack, none);
        item(item(first).ack).partner = first;
    }
    for (const auto a : std::exchange(item(i).answers, {})) {
        item(first).answers.push_back(a);
        item(a).partner = first;
    }
}

}  // namespace replay
