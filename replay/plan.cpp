#include "replay/plan.hpp"

#include <algorithm>
#include <utility>

#include "codec/topics.hpp"
#include "replay/planner.hpp"

namespace replay {

using mqtt::Type;
using scenario::Side;
using Kind = scenario::Step::Kind;

std::size_t content_hash(std::string_view topic, std::string_view payload) {
    const std::hash<std::string_view> of;
    return of(topic) * 1'000'003 ^ of(payload);
}

std::optional<std::uint16_t> packet_id(const mqtt::Packet& packet) {
    return std::visit(
        [](const auto& p) -> std::optional<std::uint16_t> {
            if constexpr (requires { p.packet_id; }) return p.packet_id;
            return std::nullopt;
        },
        packet);
}

bool filter_matches(std::string_view filter, std::string_view topic) {
    const auto share = mqtt::shared(filter);
    return mqtt::matches(share ? share->filter : filter, topic);
}

Planner::Planner(const scenario::Scenario& s, const PlanOptions& o) : scenario_(s), options_(o) {
    plan_.scenario = &s;
    plan_.mapped = !o.topic_map.empty();
    plan_.items.resize(s.steps.size());
    plan_.connections.resize(s.sessions.size());
    links_.resize(s.sessions.size());
}

Plan Planner::take() {
    choose_sessions();
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) add(i);
    find_causes_of_copies();
    find_races();
    find_unacknowledged();
    find_unread();
    find_repeats();
    find_timers();
    plan_.retained_topics.assign(retained_.begin(), retained_.end());
    return std::move(plan_);
}

std::string_view Planner::keep(std::string text) { return plan_.kept.emplace_back(std::move(text)); }

/// Who can be replayed: by its first packet of the client.
void Planner::choose_sessions() {
    std::vector<bool> begun(links_.size());
    for (std::size_t n = 0; n < links_.size(); ++n) {
        auto& c = plan_.connections[n];
        c.client = scenario_.sessions[n].name;
        c.replayed = false;
        c.why_not = "no packet of its client is known";
        if (scenario_.sessions[n].midstream) c.why_not = "its CONNECT is not known: the capture begins later";
    }
    for (const auto& s : scenario_.steps) {
        auto& c = plan_.connections[s.session];
        const bool damaged = (s.kind == Kind::gap || s.kind == Kind::truncated) && s.side == Side::client;
        if (begun[s.session] || (s.kind != Kind::send && !damaged)) continue;
        begun[s.session] = true;
        mqtt::Packet packet;
        const auto taken =
            mqtt::decode_leniently(packet, mqtt::octets(s.octets), scenario_.sessions[s.session].version);
        const auto* connect = taken && !damaged ? std::get_if<mqtt::Connect>(&packet) : nullptr;
        if (damaged || (scenario_.sessions[s.session].midstream && !connect)) {
            c.why_not = "its CONNECT is not known";
            continue;
        }
        c.replayed = true;
        c.why_not.clear();
        if (!connect) continue;  // what a client says before CONNECT is replayed as it is
        if (!connect->client_id.empty()) c.client = connect->client_id;
        if (mqtt::find(connect->properties, mqtt::property::authentication_method)) {
            c.replayed = false;
            c.why_not = "its enhanced authentication (AUTH) cannot be repeated";
        } else if (options_.selects && !options_.selects(scenario_.sessions[s.session].name, c.client)) {
            c.replayed = false;
            c.why_not = "not chosen by --sessions";
        }
    }
}

void Planner::add(std::size_t i) {
    const auto& s = step(i);
    auto& c = plan_.connections[s.session];
    Item& it = item(i);
    if (!c.replayed) it.skip = c.why_not;
    switch (s.kind) {
        case Kind::open: it.role = Role::open; return;
        case Kind::send: from_client(i); return;
        case Kind::expect: from_server(i); return;
        case Kind::close: closes(i); return;
        case Kind::gap:
        case Kind::truncated: {
            c.damage = "octets of this connection are missing in the capture";
            if (s.side == Side::client) link(i).damage = "octets of its client are missing in the capture before it";
            it.skip = s.kind == Kind::gap ? "a gap in the capture" : "not whole in the capture";
            return;
        }
    }
}

void Planner::from_client(std::size_t i) {
    Item& it = item(i);
    auto& c = plan_.connections[step(i).session];
    const auto version = scenario_.sessions[step(i).session].version;
    const auto octets = mqtt::octets(step(i).octets);
    c.last_sent = i;
    mqtt::Fault fault;
    it.role = Role::send;
    it.whole = mqtt::decode(it.packet, octets, version, fault) == octets.size() && !octets.empty();
    if (!octets.empty()) it.type = Type(octets[0] >> 4);
    if (!it.whole) {
        if (it.type == Type::connect && step(i).octets.find("***") != std::string::npos)
            it.skip = "a malformed CONNECT whose secrets are masked";
        return from_faulty_client(i);
    }
    if (!link(i).client) link(i).client = &clients_[c.client];
    std::visit(
        [&](auto& p) {
            using P = std::remove_cvref_t<decltype(p)>;
            constexpr bool is_ack = P::type == Type::puback || P::type == Type::pubrec || P::type == Type::pubrel ||
                                    P::type == Type::pubcomp;
            if constexpr (is_ack)
                sent_acknowledgement(i, p.packet_id, P::type);
            else if constexpr (requires { sent(i, p); })
                sent(i, p);
            else if constexpr (P::type == Type::pingreq)
                it.role = Role::nothing;
        },
        it.packet);
}

/// It is sent as it is; what the server answered belongs to it all the same.
void Planner::from_faulty_client(std::size_t i) {
    mqtt::Packet packet;
    const auto octets = mqtt::octets(step(i).octets);
    if (mqtt::decode_leniently(packet, octets, scenario_.sessions[step(i).session].version) != octets.size()) return;
    const auto type = item(i).type;
    if (type != Type::publish && type != Type::subscribe && type != Type::unsubscribe) return;
    item(i).raw_id = packet_id(packet).value_or(0);
    if (item(i).raw_id == 0) return;
    if (!link(i).client) link(i).client = &clients_[plan_.connections[step(i).session].client];
    request(i, item(i).raw_id);
}

/// Segments of both directions change places in some captures, by little.
bool Planner::is_near(std::size_t before, std::size_t after) const {
    return step(before).session == step(after).session && step(after).at - step(before).at < std::chrono::seconds(1);
}

void Planner::request(std::size_t i, std::uint16_t id) {
    Client& client = *link(i).client;
    if (const auto first = repeated_by(i, id); first != none) {
        item(i).repeat_of = first;
        ++item(first).repeats;
        return;
    }
    client.requests[id] = i;
    const auto early = client.early_answers.find(id);
    if (early == client.early_answers.end()) return;
    if (is_near(early->second, i)) {
        item(early->second).soft.clear();
        link_answer(early->second, i);
    }
    client.early_answers.erase(early);
}

void Planner::link_early_ack(std::size_t delivery, std::uint16_t id) {
    Client& client = *link(delivery).client;
    const auto early = client.early_acks.find(id);
    if (early == client.early_acks.end()) return;
    if (is_near(early->second, delivery)) {
        item(early->second).partner = delivery;
        item(early->second).skip.clear();
        item(delivery).ack = early->second;
    }
    client.early_acks.erase(early);
}

void Planner::sent_acknowledgement(std::size_t i, std::uint16_t id, Type type) {
    Item& it = item(i);
    Client& client = *link(i).client;
    it.role = Role::ack;
    if (type == Type::pubrel) {
        const auto found = client.requests.find(id);
        if (found == client.requests.end())
            it.skip = "the PUBLISH it belongs to is not in the capture";
        else
            it.partner = found->second;
        if (it.partner != none) item(it.partner).ack = i;
        return;
    }
    const auto found = client.deliveries.find(id);
    if (found == client.deliveries.end()) {
        it.skip = "what it answers is not in the capture";
        client.early_acks[id] = i;
        return;
    }
    it.partner = found->second;
    if (type == Type::pubcomp) {
        it.role = Role::nothing;
        for (const auto release : item(it.partner).answers) item(release).completed = true;
    } else {
        item(it.partner).ack = i;
    }
}

void Planner::from_server(std::size_t i) {
    Item& it = item(i);
    Link& l = link(i);
    const auto version = scenario_.sessions[step(i).session].version;
    const auto octets = mqtt::octets(step(i).octets);
    plan_.connections[step(i).session].expects.push_back(i);
    it.role = Role::expect;
    if (octets.empty()) return;
    it.type = Type(octets[0] >> 4);
    it.whole = mqtt::decode_leniently(it.packet, octets, version) == octets.size();
    if (it.type == Type::pingresp) {
        it.role = Role::nothing;
        return;
    }
    if (!l.client) l.client = &clients_[plan_.connections[step(i).session].client];
    if (!it.whole) return soften(i, "malformed in the capture");
    if (!l.damage.empty()) soften(i, l.damage);
    std::visit(
        [&](auto& p) {
            using P = std::remove_cvref_t<decltype(p)>;
            if constexpr (requires { came(i, p); })
                came(i, p);
            else if constexpr (P::type == Type::pubrel)
                came_release(i, p.packet_id);
            else if constexpr (requires { p.packet_id; })
                came_answer(i, p.packet_id);
        },
        it.packet);
}

void Planner::soften(std::size_t i, const std::string& why) {
    if (item(i).soft.empty()) item(i).soft = why;
}

void Planner::came_answer(std::size_t i, std::uint16_t id) {
    Client& client = *link(i).client;
    const auto found = client.requests.find(id);
    if (found == client.requests.end() || !may_be_answered(found->second, item(i).type)) {
        client.early_answers[id] = i;
        return soften(i, "what it answers is not in the capture");
    }
    item(i).again = is_answered(found->second, item(i).type);
    link_answer(i, found->second);
}

/// Such an answer is in the capture already.
bool Planner::is_answered(std::size_t request, Type type) const {
    const auto& answers = plan_.items[request].answers;
    return std::any_of(answers.begin(), answers.end(), [&](auto a) { return plan_.items[a].type == type; });
}

void Planner::link_answer(std::size_t i, std::size_t request) {
    item(i).partner = request;
    item(request).answers.push_back(i);
    if (!item(request).skip.empty()) soften(i, "what it answers is not sent: " + item(request).skip);
    if (!item(request).whole) return;
    if (const auto* suback = std::get_if<mqtt::Suback>(&item(i).packet);
        suback && item(request).type == Type::subscribe)
        granted(request, *suback, i);
    if (item(i).type == Type::unsuback && item(request).type == Type::unsubscribe) released(request, i);
}

void Planner::came_release(std::size_t i, std::uint16_t id) {
    Client& client = *link(i).client;
    const auto found = client.deliveries.find(id);
    if (found == client.deliveries.end()) return soften(i, "its PUBLISH is not in the capture");
    item(i).partner = found->second;
    item(found->second).answers.push_back(i);
    if (!item(found->second).soft.empty()) soften(i, item(found->second).soft);
}

void Planner::closes(std::size_t i) {
    const auto& s = step(i);
    Link& l = link(i);
    Item& it = item(i);
    if (std::exchange(l.over, true)) return;
    if (s.how == scenario::How::end_of_capture) return;
    plan_.connections[s.session].close = i;
    if (!l.disconnected) end_will(i);
    if (s.side == Side::client || l.disconnected) {
        it.role = Role::close;
        plan_.connections[s.session].last_sent = i;
        return;
    }
    it.role = Role::closed;
    auto& c = plan_.connections[s.session];
    c.expects.push_back(i);
    c.fell_silent = c.keep_alive > std::chrono::seconds(0) && s.at - step(c.last_sent).at >= c.keep_alive;
    if (!l.damage.empty()) soften(i, l.damage);
}

Plan plan(const scenario::Scenario& scenario, const PlanOptions& options) { return Planner(scenario, options).take(); }

}  // namespace replay
