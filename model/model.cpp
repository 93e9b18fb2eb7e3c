// Octets become packets here, and packets go to the rules of their kind.
#include "model/model.hpp"

#include <utility>

#include "model/judge.hpp"

namespace model {

Model::Model(Time slack) : judge_(std::make_unique<Judge>(slack)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;
const std::vector<Finding>& Model::findings() const { return judge_->findings; }

void Model::opened(ConnectionId id, Time now) {
    judge_->advance(now);
    judge_->connections[id].id = id;
    judge_->connections[id].last_sent = now;
}

void Model::sent(ConnectionId id, mqtt::View octets, Time now) {
    judge_->advance(now);
    Connection& c = judge_->connections[id];
    const Session* s = judge_->session_of(c);
    if ((c.lost_track && !(s && s->vague)) || c.state == Connection::State::closed) return;
    c.from_client.feed(octets);
    mqtt::Fault fault;
    for (;;) {
        const auto packet = c.from_client.next(c.version, fault);
        if (packet.empty()) break;
        judge_->from_client(c, packet);
    }
    if (fault) judge_->must_close(c, {fault.statement, fault.statement});
}

void Model::received(ConnectionId id, mqtt::View octets, Time now) {
    judge_->advance(now);
    Connection& c = judge_->connections[id];
    if (c.lost_track) return;
    c.from_server.feed(octets);
    mqtt::Fault fault;
    for (;;) {
        const auto packet = c.from_server.next(c.version, fault, {c.maximum_packet});
        if (packet.empty() || c.lost_track) break;
        judge_->from_server(c, packet);
    }
    if (fault) judge_->on_server_fault(c, fault);
}

void Model::closed(ConnectionId id, Closer by, Time now) {
    judge_->advance(now);
    judge_->closed(judge_->connections[id], by);
}

void Model::rest(Time now) {
    judge_->advance(now);
    judge_->rest();
}

void Model::Judge::accuse(const Connection& c, const Ids& ids, std::string what, bool advice) {
    const auto statement = c.in(ids);
    findings.push_back({c.id, now, statement.empty() ? (ids.v5.empty() ? ids.v3_1_1 : ids.v5) : statement,
                        std::move(what), advice});
}

void Model::Judge::advance(Time to) {
    now = std::max(now, to);
    ++seq;
    wills_due();
    std::vector<std::size_t> over;
    for (auto& [number, s] : sessions)
        if (s.connection == 0 && s.ends_until != no_time && s.ends_until + slack < now) over.push_back(number);
    for (const auto number : over) end_session(sessions.at(number));
}

Session* Model::Judge::session_of(Connection& c) {
    return c.session ? &sessions.at(*c.session) : nullptr;
}

void Model::Judge::must_close(Connection& c, const Ids& ids) {
    if (!std::exchange(c.must_end, true)) c.must_close = ids;
}

void Model::Judge::from_client(Connection& c, mqtt::View octets) {
    c.last_sent = now;
    mqtt::Fault fault;
    mqtt::Packet packet;
    if (c.state == Connection::State::fresh) {
        mqtt::Connect connect;
        for (auto v : {Version::v5, Version::v3_1_1, Version::v3_1}) {
            fault = {};
            if (mqtt::decode(connect, octets, v, fault) == 0 || Version(connect.level) != v) continue;
            c.version = v;
            return client_sends(c, connect);
        }
        c.lost_track = true;  // not a CONNECT we know: nothing is judged but what the codec sees
        return;
    }
    if (c.must_end || c.leaving) return;
    if (mqtt::decode(packet, octets, c.version, fault) == 0) return must_close(c, {fault.statement, fault.statement});
    const auto* p = std::get_if<mqtt::Publish>(&packet);
    if (!c.lost_track) return dispatch_client(c, packet);
    if (const auto* d = std::get_if<mqtt::Disconnect>(&packet)) client_sends(c, *d);
    std::string topic(p ? p->topic : mqtt::Text{});
    if (!p || !resolve_alias(c, *p, topic)) return;
    Message& wild = messages[make_message(c, *p, topic)];
    wild.wild = wild.optional = true;
}

void Model::Judge::dispatch_client(Connection& c, const mqtt::Packet& packet) {
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (std::is_same_v<P, mqtt::Connect>) must_close(c, {"MQTT-3.1.0-2", "MQTT-3.1.0-2"});
            else if constexpr (std::is_same_v<P, mqtt::Pingreq>) ++c.pings;
            else if constexpr (requires { client_sends(c, p); }) client_sends(c, p);
            else c.may_close = true;  // a packet that only servers send, or AUTH
        },
        packet);
}

void Model::Judge::from_server(Connection& c, mqtt::View octets) {
    mqtt::Fault fault;
    mqtt::Packet packet;
    // A server that has no 5.0 refuses it in the form that it knows (3.1.2-2).
    const auto shape = c.v5() && c.state == Connection::State::connecting && octets.size() == 4 ? Version::v3_1_1
                                                                                              : c.version;
    if (mqtt::decode(packet, octets, shape, fault, {c.maximum_packet}) == 0) return on_server_fault(c, fault);
    if (c.server_disconnected)
        accuse(c, {"", "MQTT-3.14.4-1"}, "a packet follows the server's DISCONNECT: " + mqtt::print(packet, c.version));
    const bool greeted = c.state != Connection::State::fresh && c.state != Connection::State::connecting;
    const auto type = mqtt::type_of(packet);
    if (!greeted && type == mqtt::Type::disconnect) accuse(c, {"", "MQTT-3.14.0-1"}, "DISCONNECT before CONNACK");
    else if (!greeted && type != mqtt::Type::connack && type != mqtt::Type::auth)
        accuse(c, {"MQTT-3.2.0-1", "MQTT-3.2.0-1"}, "before CONNACK comes " + mqtt::print(packet, c.version));
    dispatch_server(c, packet);
}

void Model::Judge::dispatch_server(Connection& c, const mqtt::Packet& packet) {
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (std::is_same_v<P, mqtt::Pingresp>) {
                if (c.pings == 0 && !c.server_disconnected)
                    accuse(c, {"MQTT-3.12.4-1", "MQTT-3.12.4-1"}, "PINGRESP without PINGREQ");
                else if (c.pings != 0) --c.pings;
            } else if constexpr (requires { server_sends(c, p); }) {
                using enum mqtt::Type;
                constexpr bool silent = P::type == pubrec || P::type == pubrel || P::type == pubcomp ||
                                        P::type == puback || P::type == suback || P::type == unsuback;
                if constexpr (silent && requires { p.properties; })
                    if (!c.problem_information && (mqtt::find(p.properties, mqtt::property::reason_string) ||
                                                   mqtt::find(p.properties, mqtt::property::user_property)))
                        accuse(c, {"", "MQTT-3.1.2-29"}, "a Reason String or User Property that was not asked for");
                if (c.session || P::type == connack || P::type == disconnect) server_sends(c, p);
            } else if constexpr (!std::is_same_v<P, mqtt::Auth>) {
                accuse(c, {"MQTT-4.8.0-1", "MQTT-4.13.1-1"}, "a packet that only clients send");
            }
        },
        packet);
}

void Model::Judge::on_server_fault(Connection& c, const mqtt::Fault& fault) {
    const bool too_large = fault.statement == "MQTT-3.2.2-15";  // said of a client's packet; for a server's it is
    const std::string_view id = too_large ? "MQTT-3.1.2-24" : fault.statement;
    accuse(c, {id, id}, std::string(fault.field) + " " + std::string(fault.what));
    c.lost_track = true;
}

}  // namespace model
