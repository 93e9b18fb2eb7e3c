#include "simulation/client.hpp"

#include <algorithm>
#include <utility>

namespace simulation {

using mqtt::Property;
using mqtt::QoS;
using mqtt::Type;
namespace property = mqtt::property;

std::string Client::connect(std::optional<std::uint32_t> will, std::uint32_t will_delay, std::uint16_t keep_alive) {
    unanswered_ += state_ != State::online && traits_.expiry != 0xffff'ffff;
    state_ = State::connecting;
    framer_ = {};
    answers_.clear();
    to_send_.clear();
    counted_.clear();
    requests_ = 0;
    const auto name = id();
    mqtt::Connect p{.level = std::uint8_t(traits_.version), .clean_start = traits_.clean, .keep_alive = keep_alive};
    p.client_id = name;
    std::vector<Property> list{{property::receive_maximum, traits_.receive_maximum}};
    if (!traits_.clean) list.emplace_back(property::session_expiry_interval, traits_.expiry);
    p.properties = std::span<const Property>(list);
    const Property delay[]{{property::will_delay_interval, will_delay}};
    const auto payload = will ? std::to_string(*will) : std::string();
    if (will) {
        p.will = mqtt::Will{.qos = QoS::exactly_once, .topic = topics[will_topic], .payload = payload};
        if (will_delay != 0) p.will->properties = delay;
    }
    return mqtt::encode(p, traits_.version);
}

void Client::lost() {
    state_ = State::offline;
    answers_.clear();
    to_send_.clear();
    if (!traits_.clean) return;
    forget_session();
}

void Client::forget_session() {
    for (const Open& o : open_) ledger_->at(o.number).fate = Sent::Fate::abandoned;
    open_.clear();
    taken_.clear();
    ++session_;
}

bool Client::receive(std::string_view octets) {
    framer_.feed(mqtt::octets(octets));
    mqtt::Fault fault;
    for (;;) {
        const auto bytes = framer_.next(traits_.version, fault);
        if (bytes.empty()) break;
        mqtt::Packet packet;
        if (mqtt::decode(packet, bytes, traits_.version, fault) == 0) break;
        std::visit(
            [&]<class P>(const P& p) {
                if constexpr (std::is_same_v<P, mqtt::Connack> || std::is_same_v<P, mqtt::Publish>) on(p);
                else if constexpr (std::is_same_v<P, mqtt::Puback>) settled(p.packet_id, QoS::at_least_once, p.reason >= 0x80);
                else if constexpr (std::is_same_v<P, mqtt::Pubcomp>) settled(p.packet_id, QoS::exactly_once, false);
                else if constexpr (std::is_same_v<P, mqtt::Pubrec>) {
                    if (p.reason >= 0x80) return settled(p.packet_id, QoS::exactly_once, true);
                    const auto it = std::ranges::find(open_, p.packet_id, &Open::id);
                    if (it != open_.end()) it->released = true;
                    answers_.push_back({Type::pubrel, p.packet_id});
                } else if constexpr (std::is_same_v<P, mqtt::Pubrel>) {
                    taken_.erase(p.packet_id);
                    answers_.push_back({Type::pubcomp, p.packet_id});
                } else if constexpr (std::is_same_v<P, mqtt::Suback> || std::is_same_v<P, mqtt::Unsuback>) {
                    requests_ -= requests_ != 0;
                }
            },
            packet);
    }
    if (fault) ledger_->break_rule("client " + std::to_string(index_) + ": " + std::string(fault.field) + " " + std::string(fault.what));
    return !fault;
}

void Client::on(const mqtt::Connack& p) {
    if (p.code != 0) return;
    state_ = State::online;
    const bool endless = !traits_.clean && traits_.expiry == 0xffff'ffff;
    if (endless && ever_ && !p.session_present) ledger_->break_rule(id() + ": its session is gone (4.1.0-1)");
    if (!p.session_present) forget_session();
    ever_ = true;
    // A CONNACK that was lost may have said that the session is new: what is open then may be lost, or come twice.
    if (std::exchange(unanswered_, 0) > 1)
        for (const Open& o : open_) ledger_->at(o.number).loose = true;
    const auto most = traits_.version == mqtt::Version::v5
                          ? mqtt::number_or(p.properties, property::receive_maximum, 65'535) : 65'535u;
    window_ = std::min<std::size_t>(8, most);
    for (const Open& o : open_) {  // 4.4.0-1: everything open, in its order
        if (o.released) mqtt::append(to_send_, mqtt::Pubrel{o.id}, traits_.version);
        else {
            to_send_ += o.wire;
            to_send_[to_send_.size() - o.wire.size()] |= 0x08;  // DUP
        }
    }
}

void Client::on(const mqtt::Publish& p) {
    if (p.qos == QoS::exactly_once) {
        answers_.push_back({Type::pubrec, p.packet_id});
        counted_.insert(p.packet_id);
        if (taken_.insert(p.packet_id).second) ledger_->received(index_, session_, p.topic, p.payload, p.qos, p.retain);
    } else {
        if (p.qos == QoS::at_least_once) {
            answers_.push_back({Type::puback, p.packet_id});
            counted_.insert(p.packet_id);
        }
        ledger_->received(index_, session_, p.topic, p.payload, p.qos, p.retain);
    }
    if (traits_.version == mqtt::Version::v5 && counted_.size() > traits_.receive_maximum)
        ledger_->break_rule(id() + ": Receive Maximum is overrun (3.3.4-9)");
}

void Client::settled(std::uint16_t packet_id, QoS qos, bool refused) {
    const auto it = std::ranges::find_if(open_, [&](const Open& o) { return o.id == packet_id && o.qos == qos; });
    if (it == open_.end()) return;
    Sent& sent = ledger_->at(it->number);
    sent.fate = refused || sent.loose ? Sent::Fate::abandoned : Sent::Fate::acknowledged;
    if (refused && !sent.denied) ledger_->break_rule(id() + ": message " + std::to_string(it->number) + " was refused");
    open_.erase(it);
}

std::string Client::answers(std::size_t most) {
    std::string out = std::exchange(to_send_, {});
    if (!online()) return out;
    for (; most != 0 && !answers_.empty(); --most) {
        const auto [type, packet_id] = answers_.front();
        answers_.pop_front();
        if (type == Type::puback || type == Type::pubcomp) counted_.erase(packet_id);
        if (type == Type::puback) mqtt::append(out, mqtt::Puback{packet_id}, traits_.version);
        else if (type == Type::pubrec) mqtt::append(out, mqtt::Pubrec{packet_id}, traits_.version);
        else if (type == Type::pubrel) mqtt::append(out, mqtt::Pubrel{packet_id}, traits_.version);
        else mqtt::append(out, mqtt::Pubcomp{packet_id}, traits_.version);
    }
    return out;
}

std::uint16_t Client::fresh_id() {
    for (;;) {
        last_id_ = static_cast<std::uint16_t>(last_id_ % 40 + 1);
        if (std::ranges::find(open_, last_id_, &Open::id) == open_.end()) return last_id_;
    }
}

std::string Client::publish(std::uint32_t number, const Sent& sent, bool retain, std::string_view padding) {
    mqtt::Publish p{.qos = sent.qos, .retain = retain, .topic = topics[sent.topic]};
    const auto payload = std::to_string(number) + ' ' + std::string(padding);
    p.payload = payload;
    if (sent.qos != QoS::at_most_once) p.packet_id = fresh_id();
    const auto wire = mqtt::encode(p, traits_.version);
    if (sent.qos != QoS::at_most_once) open_.push_back({p.packet_id, number, sent.qos, wire});
    return wire;
}

std::string Client::subscribe(const Filter& f) {
    ++requests_;
    const mqtt::Subscribe::Entry entries[]{{f.text, f.qos}};
    return mqtt::encode(mqtt::Subscribe{fresh_id(), {}, entries}, traits_.version);
}

std::string Client::unsubscribe(std::string_view filter) {
    ++requests_;
    const mqtt::Unsubscribe::Filter list[]{{filter}};
    return mqtt::encode(mqtt::Unsubscribe{fresh_id(), {}, list}, traits_.version);
}

std::string Client::disconnect(bool with_will) {
    return mqtt::encode(mqtt::Disconnect{std::uint8_t(with_will ? 4 : 0)}, traits_.version);
}

}  // namespace simulation
