// The flows above QoS 0, both ways, as far as a client can be seen to break them.
#include <algorithm>

#include "reference/client_judge.hpp"

namespace reference {

using mqtt::QoS;
using Sent = ClientSession::Sent;
namespace property = mqtt::property;

namespace {

constexpr std::size_t most_due = 20'000;             // deliveries without an answer
constexpr std::size_t most_alias_octets = 1u << 20;  // of topics

std::size_t hash_of(std::string_view topic, std::string_view payload) {
    const std::hash<std::string_view> hash;
    return hash(topic) * 31 + hash(payload);
}

}  // namespace

// ---- from the client ----------------------------------------------------------------------------------------------

void ClientJudge::on(const mqtt::Publish& p) {
    std::string_view topic = p.topic;
    if (v5() && !resolve_alias(p, topic)) return;
    if (v5()) within_limits(p);
    if (p.qos == QoS::at_most_once || !session_) return;
    const auto hash = hash_of(topic, p.payload);
    const auto found = session_->publishes.find(p.packet_id);
    if (requests_.contains(p.packet_id))
        tell("MQTT-2.3.1-2", "MQTT-2.2.1-3", "the packet identifier is that of a request without an answer");
    else if (found == session_->publishes.end())
        afresh(p, hash);
    else {
        const bool same = found->second.hash == hash && found->second.qos == p.qos;
        const bool given_up = !found->second.here && !found->second.must_repeat;  // it has expired on the way
        if (given_up && !same)
            afresh(p, hash);
        else
            again(p, found->second, same);
    }
    within_quota();
}

// False: what it is about is not known.
bool ClientJudge::resolve_alias(const mqtt::Publish& p, std::string_view& topic) {
    const auto alias = mqtt::find(p.properties, property::topic_alias);
    if (!alias) return true;
    if (alias->number > alias_maximum_ && informed()) {
        tell("", alias_maximum_ == 0 ? "MQTT-3.2.2-18" : "MQTT-3.2.2-17", "a topic alias above the server's maximum");
        phase_ = Phase::over;
        return false;
    }
    if (!topic.empty()) {
        auto& held = aliases_[alias->number];
        alias_octets_ += topic.size() - held.size();
        held = topic;
        if (alias_octets_ > most_alias_octets) phase_ = Phase::over;  // memory is bounded: nothing more is said
    }
    const auto known = aliases_.find(alias->number);
    if (known == aliases_.end()) {
        tell("", "X-3.3.2-alias-unknown", "the topic alias was given no topic on this connection");
        phase_ = Phase::over;
        return false;
    }
    topic = known->second;
    return true;
}

void ClientJudge::within_limits(const mqtt::Publish& p) {
    if (mqtt::find(p.properties, property::subscription_identifier))
        tell("", "MQTT-3.3.4-6", "a client's PUBLISH with a Subscription Identifier");
    if (!informed()) return;
    if (p.qos > maximum_qos_) tell("", "MQTT-3.2.2-11", "a QoS above the server's Maximum QoS");
    if (p.retain && !retain_available_) tell("", "MQTT-3.2.2-14", "RETAIN, which the server does not offer");
}

// The identifier is in use: the server has never said that it is done with.
void ClientJudge::again(const mqtt::Publish& p, Sent& sent, bool same) {
    if (sent.released && p.dup)
        return tell("MQTT-4.3.3-1", "MQTT-4.3.3-6", "a PUBLISH is repeated although its PUBREL was sent");
    if (!same || sent.released || (sent.here && !p.dup))
        return tell("MQTT-2.3.1-2", "MQTT-2.2.1-3", "the packet identifier is in use");
    if (sent.here)  // before 5.0 it may be repeated at any time
        return tell("", "MQTT-4.4.0-1", "a PUBLISH is repeated on the same connection");
    if (!p.dup) tell("MQTT-3.3.1-1", "MQTT-3.3.1-1", "a PUBLISH is sent again without DUP");
    if (sent.order < last_repeat_)
        tell("MQTT-4.6.0-1", "MQTT-4.6.0-1", "repeats are not in the order of the first sends");
    last_repeat_ = std::max(last_repeat_, sent.order);
    sent.here = true;
    ++open_here_;
}

void ClientJudge::afresh(const mqtt::Publish& p, std::size_t hash) {
    const auto before = settled_.find(p.packet_id);
    const bool repeated = p.dup && before != settled_.end() && before->second.hash == hash;
    if (repeated)  // 3.1.1: it may have crossed the acknowledgement
        tell("", before->second.refused ? "MQTT-4.4.0-2" : "MQTT-4.4.0-1",
             "a PUBLISH is repeated on the same connection");
    else if (p.dup && session_->whole && starts_afresh()) {
        const bool first = p.qos == QoS::at_least_once;
        tell(first ? "MQTT-4.3.2-1" : "MQTT-4.3.3-1", first ? "MQTT-4.3.2-2" : "MQTT-4.3.3-2",
             "a first PUBLISH has DUP");
    }
    if (session_->publishes.size() >= ClientSession::most) {
        session_->whole = false;
        return;
    }
    const bool expires = v5() && mqtt::find(p.properties, property::message_expiry_interval);
    session_->publishes[p.packet_id] = {p.qos, true, false, !expires, 0, 0, ++session_->order, hash};
    ++open_here_;
}

void ClientJudge::within_quota() {
    if (!v5() || open_here_ <= receive_maximum_ || !informed()) return;
    tell("", "MQTT-3.3.4-7", "more publishes are open than the server's Receive Maximum");
}

void ClientJudge::request(std::uint16_t id) {
    const bool published = session_ && session_->publishes.contains(id);
    if (published || !requests_.insert(id).second)
        tell("MQTT-2.3.1-2", "MQTT-2.2.1-3", "the packet identifier is in use");
}
void ClientJudge::on(const mqtt::Subscribe& p) { request(p.packet_id); }
void ClientJudge::on(const mqtt::Unsubscribe& p) { request(p.packet_id); }

// True: one was due. They are to come in the order in which they became due.
bool ClientJudge::acknowledge(std::deque<std::uint16_t>& due, std::uint16_t id, std::string_view out_of_order) {
    const auto it = std::ranges::find(due, id);
    if (it == due.end()) return false;
    if (it != due.begin()) tell(out_of_order, out_of_order, "not in the order of what it answers");
    due.erase(it);
    reacted_ = true;
    return true;
}

// An answer to nothing of this connection.
void ClientJudge::stray(QoS acknowledged, std::uint16_t id) {
    auto& other = acknowledged == QoS::at_least_once ? due_pubrecs_ : due_pubacks_;
    const auto it = std::ranges::find(other, id);
    if (it != other.end()) {
        other.erase(it);
        return tell("MQTT-3.3.4-1", "MQTT-3.3.4-1", "the answer to a PUBLISH of the other QoS");
    }
    if (starts_afresh() && !begun_.contains(id))
        tell("MQTT-2.3.1-6", "MQTT-2.2.1-5", "an answer to no PUBLISH of the server's");
}

void ClientJudge::on(const mqtt::Puback& p) {
    if (!acknowledge(due_pubacks_, p.packet_id, "MQTT-4.6.0-2")) stray(QoS::at_least_once, p.packet_id);
}

void ClientJudge::on(const mqtt::Pubrec& p) {
    if (!acknowledge(due_pubrecs_, p.packet_id, "MQTT-4.6.0-3")) return stray(QoS::exactly_once, p.packet_id);
    begun_.insert(p.packet_id);
}

void ClientJudge::on(const mqtt::Pubcomp& p) {
    const auto due = due_pubcomps_.find(p.packet_id);
    if (due != due_pubcomps_.end()) {
        due_pubcomps_.erase(due);
        begun_.erase(p.packet_id);
        reacted_ = true;
    } else if (begun_.contains(p.packet_id)) {
        tell("MQTT-4.3.3-2", "MQTT-4.3.3-11", "PUBCOMP before PUBREL");
    } else if (starts_afresh()) {
        tell("MQTT-4.3.3-2", "MQTT-2.2.1-5", "PUBCOMP for no PUBREL of the server's");
    }
}

void ClientJudge::on(const mqtt::Pubrel& p) {
    if (!session_) return;
    const auto found = session_->publishes.find(p.packet_id);
    if (found == session_->publishes.end()) {
        if (session_->whole && starts_afresh() && !forgot_ && !settled_.contains(p.packet_id))
            tell("MQTT-2.3.1-6", "MQTT-2.2.1-5", "PUBREL for no PUBLISH of QoS 2");
        return;
    }
    Sent& sent = found->second;
    if (sent.qos != QoS::exactly_once) return tell("MQTT-2.3.1-6", "MQTT-2.2.1-5", "PUBREL for a PUBLISH of QoS 1");
    if (sent.pubrecs == 0)
        tell("MQTT-4.3.3-1", "MQTT-4.3.3-3", "PUBREL before PUBREC");
    else if (sent.here && sent.pubrels >= sent.pubrecs)
        tell("", "MQTT-4.4.0-1", "a PUBREL is repeated on the same connection");
    else
        acknowledge(due_pubrels_, p.packet_id, "MQTT-4.6.0-4");
    sent.released = true;
    ++sent.pubrels;
}

// ---- from the server ----------------------------------------------------------------------------------------------

void ClientJudge::gave(const mqtt::Connack& c) {
    if (c.code != 0 || phase_ != Phase::connecting) {
        phase_ = Phase::over;
        return;
    }
    const auto read = [&](std::uint32_t id, std::uint32_t otherwise) {
        return mqtt::number_or(c.properties, id, otherwise);
    };
    if (v5()) {
        receive_maximum_ = read(property::receive_maximum, 65'535);
        maximum_packet_ = read(property::maximum_packet_size, std::uint32_t(mqtt::largest_packet));
        alias_maximum_ = read(property::topic_alias_maximum, 0);
        maximum_qos_ = QoS(read(property::maximum_qos, 2));
        retain_available_ = read(property::retain_available, 1) != 0;
        keep_alive_ = read(property::server_keep_alive, keep_alive_);
        if (const auto id = mqtt::find(c.properties, property::assigned_client_identifier)) client_ = id->text;
    }
    phase_ = Phase::online;
    connack_at_ = heard_ = now_;
    present_ = c.session_present;
    session_ = present_ ? memory_.find(client_) : nullptr;
    if (!session_) {
        session_ = std::make_shared<ClientSession>();
        session_->whole = !present_ && !pipelined_;  // what came before CONNACK was not counted in
    }
    for (auto& [id, sent] : session_->publishes) sent.here = false, sent.pubrels = 0;
    if (persistent_)
        memory_.keep(client_, session_);
    else
        memory_.forget(client_);
}

void ClientJudge::gave(const mqtt::Publish& p) {
    if (p.qos == QoS::at_most_once) return;
    auto& due = p.qos == QoS::at_least_once ? due_pubacks_ : due_pubrecs_;
    due.push_back(p.packet_id);
    if (due.size() > most_due) phase_ = Phase::over;  // time is bounded: nothing more is said
    if (p.qos == QoS::exactly_once && !p.dup) begun_.erase(p.packet_id);
}

void ClientJudge::settle(std::uint16_t id, bool refused) {
    if (!session_) return;
    const auto found = session_->publishes.find(id);
    if (found == session_->publishes.end()) return;
    if (settled_.size() >= ClientSession::most) settled_.clear(), forgot_ = true;
    settled_[id] = {found->second.hash, refused};
    if (found->second.here) --open_here_;
    session_->publishes.erase(found);
}

void ClientJudge::gave(const mqtt::Puback& p) { settle(p.packet_id, p.reason >= 0x80); }
void ClientJudge::gave(const mqtt::Pubcomp& p) { settle(p.packet_id, false); }

void ClientJudge::gave(const mqtt::Pubrec& p) {
    if (p.reason >= 0x80) return settle(p.packet_id, true);
    if (!session_) return;
    const auto found = session_->publishes.find(p.packet_id);
    if (found == session_->publishes.end()) return;
    if (++found->second.pubrecs == 1 && !found->second.released) due_pubrels_.push_back(p.packet_id);
}

void ClientJudge::gave(const mqtt::Pubrel& p) {
    constexpr std::size_t most = 65'535;  // a client may ask for the same one for ever
    if (due_pubcomps_.size() < most) due_pubcomps_.insert(p.packet_id);
}

}  // namespace reference
