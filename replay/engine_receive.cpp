// Of the engine: what the target sends.
#include <algorithm>
#include <utility>

#include "codec/explain.hpp"
#include "replay/engine.hpp"

namespace replay {

using mqtt::Type;
namespace property = mqtt::property;

namespace {

constexpr std::size_t most_surplus = 64u << 20;  // octets

bool is_login_refusal(mqtt::Version v, unsigned code) {
    return v == mqtt::Version::v5 ? code == 0x86 || code == 0x87 : code == 4 || code == 5;
}

}  // namespace

void Engine::came(Link& l, mqtt::View octets) {
    if (phase_ == Phase::over) return;
    heard_ = true;
    mqtt::Packet packet;
    Arrival arrival{l.session, l.version, std::string(mqtt::bytes(octets))};
    const auto kept = mqtt::octets(arrival.octets);
    const auto faults = mqtt::all_faults(kept, l.version);
    if (!faults.empty()) arrival.note = mqtt::describe(faults.front());
    if (mqtt::decode_leniently(packet, kept, l.version) != kept.size()) {
        unexpected(std::move(arrival));
        return advance();
    }
    std::visit(
        [&](auto& p) {
            using P = std::remove_cvref_t<decltype(p)>;
            if constexpr (P::type == Type::connack)
                came_connack(l, p, arrival);
            else if constexpr (P::type == Type::publish)
                came_publish(l, p, std::move(arrival));
            else if constexpr (P::type == Type::pubrel)
                came_release(l, p.packet_id, arrival);
            else if constexpr (P::type == Type::pingresp)
                came_pingresp(l);
            else if constexpr (requires {
                                   p.reason;
                                   p.packet_id;
                               })
                came_answer(l, P::type, p.packet_id, p.reason, std::move(arrival));
            else if constexpr (requires { p.packet_id; })
                came_answer(l, P::type, p.packet_id, 0, std::move(arrival));
            else
                came_other(l, std::move(arrival));
        },
        packet);
    if (!l.unfenced) unfenced_.erase(l.session);
    advance();
}

void Engine::came_pingresp(Link& l) {
    if (l.pings_due) --l.pings_due;
    if (l.pings_due == 0 && std::exchange(l.fencing, false)) l.unfenced = false, l.unread.clear();
}

/// They are kept for the report, within bounds.
void Engine::unexpected(Arrival arrival) {
    surplus_ += arrival.octets.size() + sizeof(Arrival);
    if (surplus_ > most_surplus)
        return lose("sends more than " + std::to_string(most_surplus >> 20) + " MiB that the capture does not have");
    judge_.unexpected(std::move(arrival));
}

void Engine::take(std::size_t i, const Arrival& arrival) {
    double late = 0;
    if (const auto given_up = given_up_.find(i); given_up != given_up_.end()) {
        late = std::max(0.0, std::chrono::duration<double>(loop_.now() - given_up->second).count());
        shrink_ = std::min(1.0, shrink_ * 4);  // it answers, but slowly
    }
    judge_.take(i, arrival, late);
    if (plan_.items[i].matching > 1)
        for (const auto e : judge_.just_relaxed()) awaited_.erase(e);
    resolved(i);
}

void Engine::came_connack(Link& l, mqtt::Connack& p, const Arrival& arrival) {
    const auto i = judge_.next(l.session, Type::connack);
    if (!accepted_ && is_login_refusal(l.version, p.code) && i != none) {
        const auto* before = std::get_if<mqtt::Connack>(&plan_.items[i].packet);
        if (before && before->code == 0)
            return lose("login refused (" + std::to_string(p.code) + "); give it: --logins FILE, or -u and -P");
    }
    if (p.code == 0) {
        accepted_ = l.connected = true;
        l.receive_maximum = std::uint16_t(mqtt::number_or(p.properties, property::receive_maximum, 65535));
        l.topic_alias_maximum = std::uint16_t(mqtt::number_or(p.properties, property::topic_alias_maximum, 0));
        l.maximum_packet_size = mqtt::number_or(p.properties, property::maximum_packet_size, mqtt::largest_packet);
        if (const auto alive = mqtt::find(p.properties, property::server_keep_alive)) {
            l.keep_alive(alive->number);
            l.alive = std::chrono::seconds(alive->number);
        }
        if (const auto id = mqtt::find(p.properties, property::assigned_client_identifier))
            assigned_[plan_.connections[l.session].client] = id->text;
    }
    if (i == none)
        unexpected(arrival);
    else
        take(i, arrival);
}

void Engine::came_publish(Link& l, mqtt::Publish& p, Arrival arrival) {
    const auto alias = std::uint16_t(mqtt::number_or(p.properties, property::topic_alias, 0));
    if (alias && !p.topic.empty()) l.server_aliases[alias] = p.topic;
    arrival.topic = alias ? l.server_aliases[alias] : std::string(p.topic);
    const auto first = repeated_by(l, p, arrival.topic);
    if (first != none) return came_again(first, std::move(arrival));
    const auto i = judge_.find(l.session, arrival.topic, p, l.shares);
    const bool has_id = p.qos != mqtt::QoS::at_most_once;
    if (has_id) l.deliveries[p.packet_id] = i;
    if (i == none) {
        if (has_id) {
            mqtt::Packet ack = mqtt::Puback{.packet_id = p.packet_id};
            if (p.qos == mqtt::QoS::exactly_once) ack = mqtt::Pubrec{.packet_id = p.packet_id};
            l.send(mqtt::encode(ack, l.version));
        }
        return unexpected(std::move(arrival));
    }
    if (has_id) deliveries_[i] = {l.session, p.packet_id, p.qos, false};
    take(i, arrival);
    const auto ack = plan_.items[i].ack;
    if (ack != none && plan_.scenario->steps[ack].session == plan_.scenario->steps[i].session) answer(i, ack);
}

void Engine::came_answer(Link& l, Type type, std::uint16_t id, unsigned reason, Arrival arrival) {
    Ids& ids = ids_[l.client];
    const auto found = ids.requests.find(id);
    if (found == ids.requests.end()) return unexpected(std::move(arrival));
    const auto request = found->second;
    const Item& asked = plan_.items[request];
    const bool closes = type != Type::pubrec || reason >= 0x80;
    std::size_t match = none;
    for (const auto i : asked.answers)
        if (plan_.items[i].type == type && (judge_.is_open(i) || given_up_.contains(i)) && match == none) match = i;
    if (asked.answers.empty()) arrival.excuse = "the capture has no answer to it";
    Request& r = requests_[request];
    const bool is_another = r.answered && (type == Type::puback || type == Type::pubrec) && r.repeats > 0;
    if (is_another) --r.repeats, arrival.choice = repeats_are_answered;
    if (match == none)
        unexpected(std::move(arrival));
    else
        take(match, arrival);
    r.answered = true;
    if (closes) return close_request(l, ids, id, type);
    r.recorded = true;
    if (asked.ack != none && plan_.scenario->steps[asked.ack].session == l.session) release(request, asked.ack, l);
}

/// 3.1.1: the delivery on this connection that the target has no answer to yet; none: it is another one.
std::size_t Engine::repeated_by(const Link& l, const mqtt::Publish& p, const std::string& topic) const {
    const auto before = l.deliveries.find(p.packet_id);
    if (l.version != mqtt::Version::v3_1_1 || !p.dup || before == l.deliveries.end() || before->second == none)
        return none;
    const Item& it = plan_.items[before->second];
    const bool alike = it.topic == topic && std::get<mqtt::Publish>(it.packet).payload == p.payload;
    return alike && deliveries_[before->second].session == l.session ? before->second : none;
}

void Engine::came_again(std::size_t first, Arrival arrival) {
    const auto& expects = plan_.connections[arrival.session].expects;
    const auto match = std::find_if(expects.begin(), plan_.items[first].repeats ? expects.end() : expects.begin(),
                                    [&](auto i) { return plan_.items[i].repeat_of == first && judge_.is_open(i); });
    arrival.choice = delivered_again;
    if (plan_.items[first].repeats && match != expects.end())
        take(*match, arrival);
    else
        unexpected(std::move(arrival));
    if (std::exchange(deliveries_[first].answered, false))
        answer(first, plan_.items[first].ack);  // that was on its way
}

/// The identifier is not free as long as an answer to a repeat may come.
void Engine::close_request(Link& l, Ids& ids, std::uint16_t id, Type type) {
    const auto request = ids.requests.at(id);
    if (l.open_publishes && plan_.items[request].type == Type::publish) --l.open_publishes, l.lacks_room = false;
    if (type == Type::pubcomp || requests_[request].repeats == 0) ids.requests.erase(id);
}

void Engine::came_release(Link& l, std::uint16_t id, const Arrival& arrival) {
    const auto found = l.deliveries.find(id);
    const auto delivery = found == l.deliveries.end() ? none : found->second;
    std::size_t match = none;
    if (delivery != none)
        for (const auto i : plan_.items[delivery].answers)
            if (match == none && (judge_.is_open(i) || given_up_.contains(i))) match = i;
    if (match == none && delivery == none) match = judge_.next(l.session, Type::pubrel);  // on a resumed session
    Arrival copy = arrival;
    if (match != none)
        take(match, arrival);
    else if (delivery == none || plan_.items[delivery].answers.empty())
        copy.excuse = "of a delivery that the capture does not have whole", unexpected(std::move(copy));
    else
        unexpected(std::move(copy));
    if (match != none && !plan_.items[match].completed) return;
    l.send(mqtt::encode(mqtt::Pubcomp{.packet_id = id}, l.version));
    l.unfenced = true;
    unfenced_.insert(l.session);
}

void Engine::came_other(Link& l, Arrival arrival) {
    const auto i = judge_.next(l.session, arrival.type());
    if (i != none) return take(i, arrival);
    if (arrival.type() == Type::disconnect && judge_.next(l.session, Type{}) != none)
        arrival.excuse = "DISCONNECT before the close is advice (4.13.1)";
    unexpected(std::move(arrival));
}

/// Where the server ended it, after the last that its client said, that may have been the reason.
bool Engine::keeps_alive(const Link& l) const {
    const auto& c = plan_.connections[l.session];
    const bool cut = c.close != none && plan_.items[c.close].role == Role::closed;
    return !cut || cursor_ <= c.last_sent;
}

void Engine::ended(Link& l) {
    if (phase_ == Phase::over) return;
    unfenced_.erase(l.session);
    const bool never_open = !l.was_open;
    if (never_open && *l.end != net::End::fin && *l.end != net::End::reset)
        return lose("cannot be reached: " + l.why_ended), advance();
    const auto i = judge_.next(l.session, Type{});
    const bool expected =
        i != none && !l.finishing && (i < cursor_ || plan_.connections[l.session].last_sent < cursor_);
    Arrival arrival{l.session, l.version, {}, {}, l.why_ended};
    if (expected)
        take(i, arrival);
    else if (!l.finishing && phase_ != Phase::parting)
        unexpected(std::move(arrival));
    if (!expected && !l.finishing)
        for (const auto sent : l.unread) judge_.lost(sent);
    std::erase_if(awaited_, [&](std::size_t e) {
        const auto why = plan_.scenario->steps[e].session == l.session ? "" : why_it_cannot_come(e);
        if (!why.empty()) judge_.excuse(e, why);
        return !why.empty();
    });
    std::erase_if(awaited_, [&](std::size_t e) {
        if (plan_.scenario->steps[e].session != l.session || !plan_.items[e].shares.empty()) return false;
        if (expected || l.finishing)
            judge_.give_up(e);
        else
            judge_.excuse(e, "the connection had ended");
        return true;
    });
    progress();
    advance();
}

}  // namespace replay
