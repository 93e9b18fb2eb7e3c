#include "fuzz/watch.hpp"

#include "fuzz/promise.hpp"

namespace fuzz {

using mqtt::Fault;
using mqtt::QoS;
using mqtt::Type;
using mqtt::Version;

// ---- what the client sends -------------------------------------------------------------------------------------------

void Watch::sent(mqtt::View octets) {
    unanswered_ += octets.size();
    if (lost_track_) return;
    framer_.feed(octets);
    Fault fault;
    for (;;) {
        const auto packet = framer_.next(stage_ == Stage::waits ? Version::v3_1_1 : version_, fault);
        if (packet.empty()) break;
        if (stage_ == Stage::waits) {
            first(packet);
            continue;
        }
        mqtt::Packet read;
        if (mqtt::decode_leniently(read, packet, version_) != 0) note(read);
    }
    lost_track_ = bool(fault);
    if (fault && stage_ == Stage::waits) stage_ = Stage::odd;
}

// A CONNECT that is good in the version it names, or something else.
void Watch::first(mqtt::View packet) {
    using namespace mqtt::property;
    stage_ = Stage::odd;
    for (auto v : {Version::v5, Version::v3_1_1, Version::v3_1}) {
        mqtt::Connect c;
        Fault fault;
        if (mqtt::decode(c, packet, v, fault) == 0 || Version(c.level) != v) continue;
        stage_ = Stage::known;
        version_ = v;
        if (v != Version::v5) return;
        receive_maximum_ = mqtt::number_or(c.properties, receive_maximum, 65'535);
        alias_maximum_ = mqtt::number_or(c.properties, topic_alias_maximum, 0);
        limits_.maximum_packet_size = mqtt::number_or(c.properties, maximum_packet_size, mqtt::largest_packet);
        return;
    }
}

void Watch::note(const mqtt::Packet& packet) {
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (P::type == Type::publish) note(p);
            else if constexpr (P::type == Type::pubrel) remember(Type::pubrel, p.packet_id);
            else if constexpr (P::type == Type::subscribe) remember(Type::subscribe, p.packet_id, p.entries.count());
            else if constexpr (P::type == Type::unsubscribe)
                remember(Type::unsubscribe, p.packet_id, version_ == Version::v5 ? p.filters.count() : 0);
            else if constexpr (P::type == Type::pingreq) ++pings_;
            else if constexpr (P::type == Type::puback) settle(p.packet_id, QoS::at_least_once, true);
            else if constexpr (P::type == Type::pubcomp) settle(p.packet_id, QoS::exactly_once, true);
            else if constexpr (P::type == Type::pubrec) {
                remember(Type::pubrec, p.packet_id);
                settle(p.packet_id, QoS::exactly_once, p.reason >= 0x80);
            }
        },
        packet);
}

void Watch::note(const mqtt::Publish& p) {
    if (p.qos != QoS::at_most_once) remember(Type::publish, p.packet_id, std::size_t(p.qos));
}

void Watch::settle(std::uint16_t id, QoS qos, bool at_end) {
    const auto it = open_with(id);
    if (it != open_.end() && it->qos == qos && at_end) open_.erase(it);
}

void Watch::remember(Type asked, std::uint32_t id, std::size_t count) {
    asked_.push_back({asked, id, count});
}

// ---- what the broker sends -------------------------------------------------------------------------------------------

void Watch::received(mqtt::View octets, bool closed) {
    unanswered_ = 0;
    if (stage_ == Stage::waits || stage_ == Stage::odd) return expect_odd(octets, closed);
    mqtt::Packet packet;
    while (!octets.empty()) {
        promise(stage_ != Stage::ended, "nothing follows a refusal or DISCONNECT");
        Fault fault;
        const auto size = mqtt::decode(packet, octets, version_, fault, limits_);
        promise(size != 0, "the broker writes whole and good packets");
        ++packets_;
        expect(packet);
        octets = octets.subspan(size);
    }
    if (stage_ == Stage::ended) promise(closed, "a refusal or DISCONNECT is followed by a close");
}

// Before and without a good CONNECT: silence, or one refusal.
void Watch::expect_odd(mqtt::View octets, bool closed) {
    if (octets.empty()) return;
    promise(stage_ == Stage::odd && closed, "a bad first packet is answered at most by a refusal and a close");
    const bool refused = [&] {
        for (auto v : {Version::v5, Version::v3_1_1}) {
            mqtt::Connack c;
            Fault fault;
            if (mqtt::decode(c, octets, v, fault) == octets.size() && c.code != 0) return true;
        }
        return false;
    }();
    promise(refused, "a bad first packet is answered by CONNACK, if at all");
}

void Watch::owed(Type asked, std::uint32_t id, std::size_t count, const char* what) {
    const auto it = std::ranges::find(asked_, Asked{asked, id, count});
    promise(it != asked_.end(), what);
    asked_.erase(it);  // each question has one answer
}

void Watch::expect(const mqtt::Packet& packet) {
    const auto type = mqtt::type_of(packet);
    if (stage_ == Stage::known) promise(type == Type::connack || type == Type::auth, "CONNACK comes first");
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (P::type == Type::connack || P::type == Type::publish) expect(p);
            else if constexpr (P::type == Type::puback) owed(Type::publish, p.packet_id, 1, "PUBACK answers a PUBLISH");
            else if constexpr (P::type == Type::pubrec) owed(Type::publish, p.packet_id, 2, "PUBREC answers a PUBLISH");
            else if constexpr (P::type == Type::pubcomp) owed(Type::pubrel, p.packet_id, 0, "PUBCOMP answers a PUBREL");
            else if constexpr (P::type == Type::suback)
                owed(Type::subscribe, p.packet_id, p.codes.count(), "SUBACK answers a SUBSCRIBE, entry by entry");
            else if constexpr (P::type == Type::unsuback)
                owed(Type::unsubscribe, p.packet_id, p.codes.count(), "UNSUBACK answers an UNSUBSCRIBE");
            else if constexpr (P::type == Type::pubrel) {
                if (!resumed_) owed(Type::pubrec, p.packet_id, 0, "PUBREL answers a PUBREC");
            } else if constexpr (P::type == Type::pingresp) {
                promise(pings_-- > 0, "PINGRESP answers a PINGREQ");
            } else if constexpr (P::type == Type::disconnect) {
                promise(version_ == Version::v5, "a server sends DISCONNECT in 5.0 only");
                stage_ = Stage::ended;
            } else {
                promise(P::type == Type::auth, "a server does not send what clients send");
            }
        },
        packet);
}

void Watch::expect(const mqtt::Connack& c) {
    promise(stage_ == Stage::known, "CONNACK comes once");
    stage_ = c.code == 0 ? Stage::online : Stage::ended;
    resumed_ = c.session_present || version_ == Version::v3_1;  // 3.1 does not tell
}

void Watch::expect(const mqtt::Publish& p) {
    if (p.qos != QoS::at_most_once) {
        const auto it = open_with(p.packet_id);
        if (it != open_.end()) it->qos = p.qos;
        else open_.push_back({p.packet_id, p.qos});
        promise(was_held || open_.size() <= receive_maximum_, "no more open deliveries than the client takes");
    }
    if (version_ != Version::v5) return;
    const auto alias = mqtt::number_or(p.properties, mqtt::property::topic_alias, 0);
    promise(alias <= alias_maximum_, "no topic alias above the client's maximum");
    if (alias && !p.topic.empty()) aliases_[alias] = p.topic;
    promise(!p.topic.empty() || aliases_.contains(alias), "a topic alias was told before");
}

}  // namespace fuzz
