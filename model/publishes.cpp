// The client's PUBLISH and PUBREL, and what the server answers (sections 3.3 to 3.7, 4.3).
#include <algorithm>

#include "model/judge.hpp"

namespace model {
namespace {

constexpr Ids other_answer{"MQTT-3.3.4-1", "MQTT-3.3.4-1"};
constexpr Ids other_id{"MQTT-2.3.1-6", "MQTT-2.2.1-5"};

OwnProperties own(const mqtt::Properties& list) {
    using namespace mqtt::property;
    OwnProperties copy;
    for (const mqtt::Property& p : list)
        if (p.id != topic_alias && p.id != message_expiry_interval && p.id != subscription_identifier)
            copy.push_back({p.id, p.number, std::string(p.text), std::string(p.value)});
    return copy;
}

}  // namespace

// What was announced as absent is not to be used (5.0, section 3.2.2.3); empty: nothing is wrong.
Ids Model::Judge::beyond_offer(const Connection& c, const Session& s, const mqtt::Publish& p) const {
    if (!c.v5()) return {};
    if (p.qos > c.maximum_qos) return {"", "MQTT-3.2.2-11"};
    if (p.retain && !c.retain_available) return {"", "MQTT-3.2.2-14"};
    if (mqtt::find(p.properties, mqtt::property::subscription_identifier)) return {"", "MQTT-3.3.4-6"};
    if (p.qos == QoS::at_most_once) return {};
    const bool again = p.qos == QoS::exactly_once && s.inbound.contains(p.packet_id) && c.open_qos2.contains(p.packet_id);
    if (!again && c.pubacks.size() + c.open_qos2.size() >= c.server_receive_maximum) return {"", "MQTT-3.3.4-7"};
    return {};
}

// False: the connection has to end.
bool Model::Judge::resolve_alias(Connection& c, const mqtt::Publish& p, std::string& topic) {
    const auto alias = c.v5() ? mqtt::find(p.properties, mqtt::property::topic_alias) : std::nullopt;
    if (!alias) return true;
    if (alias->number > c.server_alias_maximum || alias->number == 0) {
        must_close(c, {"", c.server_alias_maximum == 0 ? "MQTT-3.2.2-18" : "MQTT-3.2.2-17"});
        return false;
    }
    if (c.aliases_out.size() <= alias->number) c.aliases_out.resize(alias->number + 1);
    if (!topic.empty()) c.aliases_out[alias->number] = topic;
    topic = c.aliases_out[alias->number];
    if (topic.empty()) must_close(c, {"", "X-3.3.2-alias-unknown"});
    return !topic.empty();
}

void Model::Judge::client_sends(Connection& c, const mqtt::Publish& p) {
    Session* s = session_of(c);
    if (!s) {  // before CONNACK: legal, and processed if the CONNECT is accepted
        c.may_close = true;
        return;
    }
    std::string topic(p.topic);
    if (const Ids why = beyond_offer(c, *s, p); !why.v5.empty()) return must_close(c, why);
    if (!resolve_alias(c, p, topic)) return;
    if (topic.starts_with('$')) c.may_close = true;  // 4.7.2: a server's own matter
    if (p.qos == QoS::exactly_once) {
        c.open_qos2.insert(p.packet_id);
        if (const auto it = s->inbound.find(p.packet_id); it != s->inbound.end()) {
            const Message& open = messages[it->second.message];
            if (content(open.topic, open.payload) != content(topic, p.payload)) c.may_close = true;
            c.pubrecs.emplace(p.packet_id, it->second.message);
            return;
        }
    }
    const auto message = make_message(c, p, topic);
    if (p.qos == QoS::at_most_once) c.quick.push_back(message);
    else (p.qos == QoS::at_least_once ? c.pubacks : c.pubrecs).emplace(p.packet_id, message);
    if (p.qos == QoS::exactly_once) s->inbound[p.packet_id] = {message};
}

std::size_t Model::Judge::make_message(Connection& c, const mqtt::Publish& p, const std::string& topic) {
    Message& m = messages.emplace_back();
    m.number = messages.size() - 1;
    m.topic = topic;
    m.payload = p.payload;
    m.publisher = c.client_id;
    m.qos = p.qos;
    m.retain = p.retain;
    m.from_v5 = c.v5();
    if (c.v5()) {
        m.passed_on = own(p.properties);
        if (const auto e = mqtt::find(p.properties, mqtt::property::message_expiry_interval)) m.expiry = e->number;
    }
    m.sent = seq;
    m.sent_at = now;
    m.optional = topic.starts_with('$');
    by_content[content(topic, m.payload)].push_back(m.number);
    if (m.retain) retained.push_back(m.number);
    return m.number;
}

// The server has taken it for good.
void Model::Judge::finish(Message& m) {
    m.done = seq;
    if (m.done_at == no_time) m.done_at = now;
    if (!m.will) m.optional = m.topic.starts_with('$');
}

void Model::Judge::server_sends(Connection& c, const mqtt::Puback& p) {
    const auto it = c.pubacks.find(p.packet_id);
    if (it == c.pubacks.end())
        return accuse(c, c.pubrecs.contains(p.packet_id) || !c.quick.empty() ? other_answer : other_id,
                      "PUBACK " + std::to_string(p.packet_id) + " answers nothing");
    Message& m = messages[it->second];
    c.pubacks.erase(it);
    if (p.reason < 0x80) finish(m);
    else m.forbidden = {"", "MQTT-3.3.4-1"};
}

void Model::Judge::server_sends(Connection& c, const mqtt::Pubrec& p) {
    const auto it = c.pubrecs.find(p.packet_id);
    if (it == c.pubrecs.end())
        return accuse(c, c.pubacks.contains(p.packet_id) || !c.quick.empty() ? other_answer : other_id,
                      "PUBREC " + std::to_string(p.packet_id) + " answers nothing");
    Session& s = *session_of(c);
    Message& m = messages[it->second];
    c.pubrecs.erase(it);
    if (p.reason == 0x91) return;  // in use: what is open stays so
    if (p.reason >= 0x80) {
        m.forbidden = {"", "MQTT-3.3.4-1"};
        s.inbound.erase(p.packet_id);
        c.open_qos2.erase(p.packet_id);
        return;
    }
    if (m.done_at == no_time) m.done_at = now;
    if (const auto open = s.inbound.find(p.packet_id); open != s.inbound.end()) open->second.received = true;
}

void Model::Judge::client_sends(Connection& c, const mqtt::Pubrel& p) {
    Session* s = session_of(c);
    if (!s) return;
    c.pubcomps.insert(p.packet_id);
    const auto it = s->inbound.find(p.packet_id);
    if (it == s->inbound.end()) return;
    ++it->second.pubrels;
    Message& m = messages[it->second.message];
    m.released = std::min(m.released, seq);
}

void Model::Judge::server_sends(Connection& c, const mqtt::Pubcomp& p) {
    const auto waiting = c.pubcomps.find(p.packet_id);
    if (waiting == c.pubcomps.end())
        return accuse(c, {"MQTT-4.3.3-2", "MQTT-4.3.3-11"},
                      "PUBCOMP " + std::to_string(p.packet_id) + " answers nothing");
    c.pubcomps.erase(waiting);
    Session& s = *session_of(c);
    const auto it = s.inbound.find(p.packet_id);
    if (it == s.inbound.end()) return;
    if (p.reason >= 0x80 && it->second.received && it->second.pubrels == 1)
        accuse(c, {"MQTT-4.1.0-1", "MQTT-4.3.3-10"}, "PUBREC took an identifier that PUBCOMP does not know");
    finish(messages[it->second.message]);
    s.inbound.erase(it);
    c.open_qos2.erase(p.packet_id);
}

}  // namespace model
