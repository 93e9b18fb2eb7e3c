// From CONNECT to the close (sections 3.1, 3.2, 3.14, 4.1).
#include <algorithm>

#include "model/judge.hpp"

namespace model {
namespace {

using State = Connection::State;
constexpr std::uint32_t for_ever = 0xffff'ffff;
constexpr Ids accepts{"MQTT-3.1.4-4", "MQTT-3.1.4-5"};

OwnProperties passed_on(const mqtt::Properties& list) {
    using namespace mqtt::property;
    OwnProperties own;
    for (const mqtt::Property& p : list)
        if (p.id != topic_alias && p.id != message_expiry_interval && p.id != subscription_identifier &&
            p.id != will_delay_interval)
            own.push_back({p.id, p.number, std::string(p.text), std::string(p.value)});
    return own;
}

}  // namespace

void Model::Judge::client_sends(Connection& c, const mqtt::Connect& p) {
    using namespace mqtt::property;
    c.state = State::connecting;
    c.connect_at = seq;
    c.client_id = p.client_id;
    c.empty_id = p.client_id.empty();
    c.clean = p.clean_start;
    c.keep_alive = p.keep_alive;
    const auto read = [&](std::uint32_t id, std::uint32_t otherwise) {
        return c.v5() ? mqtt::number_or(p.properties, id, otherwise) : otherwise;
    };
    c.expiry = c.v5() ? read(session_expiry_interval, 0) : p.clean_start ? 0 : for_ever;
    c.receive_maximum = static_cast<std::uint16_t>(read(receive_maximum, 65'535));
    c.alias_maximum = static_cast<std::uint16_t>(read(topic_alias_maximum, 0));
    c.maximum_packet = read(maximum_packet_size, std::uint32_t(mqtt::largest_packet));
    c.problem_information = read(request_problem_information, 1) != 0;
    c.asks_response_information = read(request_response_information, 0) != 0;
    c.wants_refusal = c.version == Version::v3_1_1 && c.empty_id && !c.clean;  // 3.1.3-8
    c.may_refuse = c.version == Version::v3_1 || c.empty_id || c.client_id.size() > 23 ||
                   (c.v5() && mqtt::find(p.properties, authentication_method));
    if (!p.will) return;
    if (c.v5() && (p.will->retain || p.will->qos != QoS::at_most_once)) c.may_refuse = true;  // 3.2.2-12, -13
    Message will;
    will.topic = p.will->topic;
    will.payload = p.will->payload;
    will.qos = p.will->qos;
    will.retain = p.will->retain;
    will.will = true;
    will.from_v5 = c.v5();
    will.forbidden = {"MQTT-3.1.2-8", "MQTT-3.1.2-8"};  // not yet
    will.optional = will.topic.starts_with('$');
    if (c.v5()) {
        will.passed_on = passed_on(p.will->properties);
        if (const auto expiry = mqtt::find(p.will->properties, message_expiry_interval)) will.expiry = expiry->number;
        c.will_delay = mqtt::number_or(p.will->properties, will_delay_interval, 0);
    }
    c.will = std::move(will);
}

void Model::Judge::server_sends(Connection& c, const mqtt::Connack& p) {
    if (c.state != State::connecting) return accuse(c, {"MQTT-3.2.0-1", "MQTT-3.2.0-2"}, "a second CONNACK");
    if (p.code != 0) return refused(c, p);
    if (c.wants_refusal)
        accuse(c, {"MQTT-3.1.3-8", ""}, "an empty client identifier is accepted with clean session 0");
    read_offer(c, p);
    if (c.empty_id) {
        const auto assigned = c.v5() ? mqtt::find(p.properties, mqtt::property::assigned_client_identifier)
                                     : std::nullopt;
        if (c.v5() && !assigned) accuse(c, {"", "MQTT-3.1.3-7"}, "the assigned client identifier is not told");
        c.client_id = assigned ? std::string(assigned->text) : std::string("\0", 1) + std::to_string(c.id);
        if (assigned && find_session(c.client_id))
            accuse(c, {"", "MQTT-3.2.2-16"}, "the assigned client identifier " + c.client_id + " is another's");
    }
    c.state = State::online;
    Session* known = find_session(c.client_id);
    if (known && known->connection != 0) take_over(*known);
    known = find_session(c.client_id);
    const bool present = c.version == Version::v3_1 ? known && !c.clean : p.session_present;  // 3.1 does not tell it
    judge_session_present(c, present, known);
    if (known) will_on_return(*known, c.clean || !present);
    const bool goes_on = known && present && !c.clean;
    if (known && !goes_on) end_session(*known);
    Session& s = goes_on ? *known : begin_session(c);
    c.session = s.number;
    s.vague = s.vague || (c.version == Version::v3_1 && goes_on && known->ends_from <= now + slack);
    c.lost_track = c.lost_track || s.vague;
    s.connection = c.id;
    s.online_since = seq;
    s.ends_from = s.ends_until = s.will_from = s.will_until = no_time;
    if (!c.will) return;
    Message& will = messages.emplace_back(*c.will);
    will.number = messages.size() - 1;
    will.publisher = c.client_id;
    by_content[content(will.topic, will.payload)].push_back(will.number);
    if (will.retain) retained.push_back(will.number);
    s.pending_will = will.number;
}

void Model::Judge::read_offer(Connection& c, const mqtt::Connack& p) {
    using namespace mqtt::property;
    c.told_expiry = c.expiry;
    if (!c.v5()) return;
    const auto read = [&](std::uint32_t id, std::uint32_t otherwise) {
        return mqtt::number_or(p.properties, id, otherwise);
    };
    c.told_expiry = read(session_expiry_interval, c.expiry);
    c.server_receive_maximum = static_cast<std::uint16_t>(read(receive_maximum, 65'535));
    c.server_alias_maximum = static_cast<std::uint16_t>(read(topic_alias_maximum, 0));
    c.maximum_qos = QoS(read(maximum_qos, 2));
    c.retain_available = read(retain_available, 1) != 0;
    c.wildcards = read(wildcard_subscription_available, 1) != 0;
    c.identifiers = read(subscription_identifiers_available, 1) != 0;
    c.shares = read(shared_subscription_available, 1) != 0;
    if (const auto k = mqtt::find(p.properties, server_keep_alive)) c.keep_alive = k->number;
    if (mqtt::find(p.properties, response_information) && !c.asks_response_information)
        accuse(c, {"", "MQTT-3.1.2-28"}, "Response Information that was not asked for");
    if (mqtt::find(p.properties, authentication_method) && !c.may_refuse)
        accuse(c, {"", "MQTT-4.12.0-6"}, "an authentication method although CONNECT had none");
    if (c.will && (c.will->qos > c.maximum_qos))
        accuse(c, {"", "MQTT-3.2.2-12"}, "a will above Maximum QoS is accepted");
    if (c.will && c.will->retain && !c.retain_available)
        accuse(c, {"", "MQTT-3.2.2-13"}, "a retained will is accepted although retain is not available");
}

void Model::Judge::refused(Connection& c, const mqtt::Connack& p) {
    c.state = State::refused;
    must_close(c, {"MQTT-3.2.2-5", "MQTT-3.2.2-7"});
    const auto say = "CONNECT is refused with code " + std::to_string(p.code);
    const bool of_version = p.code == 1 || p.code == 0x84;
    const bool of_id = p.code == 2 || p.code == 0x85;
    if (c.wants_refusal && p.code != 2 && !of_version) accuse(c, {"MQTT-3.1.3-8", ""}, say);
    else if (of_id && !c.may_refuse) accuse(c, {"MQTT-3.1.3-5", "MQTT-3.1.3-5"}, say);
    else if (!of_version && !of_id && c.client_id.size() > 23 && !c.will)
        accuse(c, {"MQTT-3.1.3-9", "MQTT-3.1.3-8"}, say);
    else if (!of_version && !c.may_refuse && !c.wants_refusal) accuse(c, accepts, say);
}

void Model::Judge::judge_session_present(Connection& c, bool present, const Session* known) {
    if (c.clean) {
        if (present) accuse(c, {"MQTT-3.2.2-1", "MQTT-3.2.2-2"}, "Session Present is 1 on a clean start");
        return;
    }
    const bool sure = known && known->ends_from > now + slack;
    if (sure && !present) accuse(c, {"MQTT-3.2.2-2", "MQTT-3.2.2-3"}, "Session Present is 0 although one is kept");
    if (!known && present) accuse(c, {"MQTT-3.2.2-3", "MQTT-3.2.2-3"}, "Session Present is 1 although none was kept");
}

void Model::Judge::take_over(Session& s) {
    Connection& old = connections.at(s.connection);
    old.taken_over = true;
    must_close(old, {"MQTT-3.1.4-2", "MQTT-3.1.4-3"});
    leave(old);
}

Session& Model::Judge::begin_session(Connection& c) {
    Session& s = sessions[++last_session];
    s.number = last_session;
    s.client_id = c.client_id;
    return s;
}

Session* Model::Judge::find_session(const std::string& client_id) {
    for (auto& [number, s] : sessions)
        if (s.client_id == client_id) return &s;
    return nullptr;
}

void Model::Judge::client_sends(Connection& c, const mqtt::Disconnect& p) {
    if (c.v5()) {
        const auto expiry = mqtt::find(p.properties, mqtt::property::session_expiry_interval);
        if (expiry && expiry->number != 0 && c.expiry == 0)
            return must_close(c, {"", "X-3.14.2-session-expiry-raised"});
        if (expiry) c.disconnect_expiry = expiry->number;
    }
    c.leaving = true;
    c.keeps_will = c.v5() && p.reason != 0;
}

void Model::Judge::server_sends(Connection& c, const mqtt::Disconnect& p) {
    if (!c.v5()) return accuse(c, {"MQTT-4.8.0-1", ""}, "a server sends no DISCONNECT before 5.0");
    c.server_disconnected = true;
    if (mqtt::find(p.properties, mqtt::property::session_expiry_interval))
        accuse(c, {"", "MQTT-3.14.2-2"}, "the server's DISCONNECT has a Session Expiry Interval");
}

void Model::Judge::closed(Connection& c, Closer by) {
    if (c.state == State::closed) return;
    if (by == Closer::server) judge_close(c);
    leave(c);
    c.state = State::closed;
}

// A close by the server wants a cause.
void Model::Judge::judge_close(Connection& c) {
    if (c.must_end || c.may_close || c.leaving || c.lost_track || c.state == State::fresh) return;
    for (const auto& [id, other] : connections)
        if (id != c.id && other.client_id == c.client_id && other.connect_at != never && other.connect_at > c.connect_at) {
            c.taken_over = true;
            return;
        }
    const Time patience{c.keep_alive * std::int64_t{1500}};
    if (c.keep_alive != 0 && now - c.last_sent + slack >= patience) return;
    if (c.state == State::connecting) {
        if (!c.may_refuse && !c.wants_refusal) accuse(c, accepts, "the connection is closed instead of accepted");
        else if (c.wants_refusal) accuse(c, {"MQTT-3.1.3-8", ""}, "closed without CONNACK 2");
        return;
    }
    if (!c.pubacks.empty() || !c.pubrecs.empty())
        accuse(c, {"MQTT-3.3.4-1", "MQTT-3.3.4-1"}, "the connection is closed over a PUBLISH that is right");
    else if (!c.subacks.empty()) accuse(c, {"MQTT-3.8.4-1", "MQTT-3.8.4-1"}, "closed over a SUBSCRIBE that is right");
    else if (!c.unsubacks.empty()) accuse(c, {"MQTT-3.10.4-4", "MQTT-3.10.4-4"}, "closed over an UNSUBSCRIBE");
    else if (c.pings != 0) accuse(c, {"MQTT-3.12.4-1", "MQTT-3.12.4-1"}, "closed over a PINGREQ");
    else accuse(c, {"MQTT-3.1.2-24", "MQTT-3.2.2-22"}, "closed before its Keep Alive, for no reason to be seen", true);
}

// The connection is over for its session; the close itself may still be owed.
void Model::Judge::leave(Connection& c) {
    if (!c.session) return;
    Session& s = sessions.at(*c.session);
    c.session.reset();
    s.connection = 0;
    if (c.maximum_packet < mqtt::largest_packet) s.packet_sizes.emplace_back(seq, c.maximum_packet);
    auto least = c.told_expiry, most = c.told_expiry;
    if (c.disconnect_expiry) {  // a server's cap was told in CONNACK: it may hold again
        most = *c.disconnect_expiry;
        least = std::min(most, least);
    }
    s.ends_from = least == for_ever ? no_time : now + std::chrono::seconds(least);
    s.ends_until = most == for_ever ? no_time : now + std::chrono::seconds(most);
    std::erase_if(s.claims, [](const Claim& claim) { return claim.qos == QoS::at_most_once; });
    std::erase_if(s.retained_claims, [](const RetainedClaim& claim) { return claim.most == QoS::at_most_once; });
    for (auto& [id, open] : s.open)
        mark_copy(s, id, Copy::State::broken_off);
    for (const auto& waiting : {c.pubacks, c.pubrecs})
        for (const auto& [id, message] : waiting) messages[message].optional = true;
    for (const auto message : c.quick) messages[message].optional = true;
    c.quick.clear();
    will_on_leave(c, s);
    if (s.ends_until == now) end_session(s);
}

void Model::Judge::end_session(Session& s) {
    will_on_end(s);
    for (const Subscription& held : s.subscriptions)
        if (held.shared && held.possible()) share_changes[held.filter] = seq;
    std::erase_if(share_claims, [&](const ShareClaim& claim) {
        return std::ranges::find(claim.members, s.number) != claim.members.end();
    });
    ended.insert(sessions.extract(s.number));
}

}  // namespace model
