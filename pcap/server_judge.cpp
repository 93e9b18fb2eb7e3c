#include "pcap/server_judge.hpp"

namespace pcap {

using mqtt::QoS;
using mqtt::Version;
namespace property = mqtt::property;

// An answer passes the place of the capture behind what it answers, wherever that is: so "answered and never asked" and
// "more than allowed is open" are certain; "not answered" is not.

void ServerJudge::client(const mqtt::Packet& packet, Version v) {
    if (over_ || v == Version::v3_1) return;  // 3.1 has no numbered statements
    v5_ = v == Version::v5;
    std::visit([this](const auto& p) { sent(p); }, packet);
}

void ServerJudge::server(const mqtt::Packet& packet, Version v, std::size_t size) {
    if (over_ || !judged_ || v == Version::v3_1) return;
    const auto type = std::visit([]<class P>(const P&) { return P::type; }, packet);
    if (maximum_packet_ && size > maximum_packet_)
        tell("", "MQTT-3.1.2-24", "larger than the client's Maximum Packet Size");
    if (refused_) {
        tell("MQTT-3.2.2-5", "MQTT-3.2.2-7", "a packet behind a refusing CONNACK");
        return end();
    }
    const bool before = !answered_ && type != mqtt::Type::connack && type != mqtt::Type::auth;
    if (before && !(v5_ && type == mqtt::Type::disconnect)) {
        tell("MQTT-3.2.0-1", "MQTT-3.2.0-1", "a packet before CONNACK");
        return end();
    }
    std::visit([this](const auto& p) { gave(p); }, packet);
}

// ---- what the client sent ------------------------------------------------------------------------------------------

void ServerJudge::sent(const mqtt::Connect& c) {
    if (judged_) return end();  // a second CONNECT: what the server does then is another matter
    judged_ = true;
    clean_ = c.clean_start;
    if (!v5_) return;
    receive_maximum_ = mqtt::number_or(c.properties, property::receive_maximum, 65'535);
    alias_maximum_ = mqtt::number_or(c.properties, property::topic_alias_maximum, 0);
    maximum_packet_ = mqtt::number_or(c.properties, property::maximum_packet_size, 0);
}
void ServerJudge::sent(const mqtt::Publish& p) {
    if (p.qos == QoS::at_least_once) pubacks_.insert(p.packet_id);
    if (p.qos == QoS::exactly_once) pubrecs_.insert(p.packet_id);
}
void ServerJudge::sent(const mqtt::Pubrel& p) { pubcomps_.insert(p.packet_id); }
void ServerJudge::sent(const mqtt::Puback& p) { open_.erase(p.packet_id); }
void ServerJudge::sent(const mqtt::Pubcomp& p) { open_.erase(p.packet_id); }
void ServerJudge::sent(const mqtt::Pubrec& p) {
    if (p.reason >= 0x80) open_.erase(p.packet_id);
}
void ServerJudge::request(std::uint16_t id, Request r) {
    const auto [at, fresh] = requests_.emplace(id, r);
    at->second.unclear |= !fresh;
}
void ServerJudge::sent(const mqtt::Subscribe& s) { request(s.packet_id, {true, s.entries.count()}); }
void ServerJudge::sent(const mqtt::Unsubscribe& u) { request(u.packet_id, {false, u.filters.count()}); }

// ---- what the server gave ------------------------------------------------------------------------------------------

void ServerJudge::gave(const mqtt::Connack& c) {
    if (answered_) return tell("", "MQTT-3.2.0-2", "a second CONNACK");
    answered_ = true;
    refused_ = c.code != 0;
    resumed_ = c.session_present;
    if (clean_ && c.session_present && !refused_)
        tell("MQTT-3.2.2-1", "MQTT-3.2.2-2", "Session Present although the client asked for a clean session");
}

void ServerJudge::gave(const mqtt::Publish& p) {
    if (v5_) alias(p);
    if (p.qos == QoS::at_most_once) return;
    const bool fresh = open_.insert(p.packet_id).second;
    if (!fresh && !p.dup) tell("MQTT-2.3.1-4", "MQTT-2.2.1-4", "a new PUBLISH with an identifier that is in use");
    if (v5_ && fresh && open_.size() == receive_maximum_ + std::size_t(1))
        tell("", "MQTT-3.3.4-9", "more deliveries are open than the client's Receive Maximum");
}

void ServerJudge::alias(const mqtt::Publish& p) {
    const auto number = mqtt::number_or(p.properties, property::topic_alias, 0);
    if (number == 0) return;
    if (number > alias_maximum_)
        tell("", alias_maximum_ ? "MQTT-3.1.2-26" : "MQTT-3.1.2-27", "a Topic Alias above the client's maximum");
    else if (p.topic.empty() && !aliases_.contains(number))
        tell("", "X-3.3.2-alias-unknown", "an empty topic name with an alias that was never given");
    if (!p.topic.empty()) aliases_.insert(number);
}

// It may be given more than once, and for what was sent on an earlier connection of the session.
void ServerJudge::known(const std::set<std::uint16_t>& asked, std::uint16_t id, std::string_view what) {
    if (!resumed_ && !asked.contains(id)) tell("MQTT-2.3.1-6", "MQTT-2.2.1-5", what);
}
void ServerJudge::gave(const mqtt::Puback& p) { known(pubacks_, p.packet_id, "PUBACK for no PUBLISH of QoS 1"); }
void ServerJudge::gave(const mqtt::Pubrec& p) { known(pubrecs_, p.packet_id, "PUBREC for no PUBLISH of QoS 2"); }
void ServerJudge::gave(const mqtt::Pubcomp& p) { known(pubcomps_, p.packet_id, "PUBCOMP for no PUBREL"); }

void ServerJudge::answer(std::uint16_t id, bool subscribe, std::size_t codes) {
    const auto found = requests_.find(id);
    if (found != requests_.end() && found->second.unclear) return;
    if (found == requests_.end() || found->second.subscribe != subscribe)
        return tell("MQTT-2.3.1-7", "MQTT-2.2.1-6",
                    subscribe ? "SUBACK for no SUBSCRIBE" : "UNSUBACK for no UNSUBSCRIBE");
    const auto filters = found->second.filters;
    requests_.erase(found);
    if (codes == filters || (!subscribe && !v5_)) return;
    if (subscribe)
        tell("MQTT-3.8.4-5", "MQTT-3.8.4-6", "SUBACK has not one code per filter");
    else
        tell("", "MQTT-3.11.3-1", "UNSUBACK has not one code per filter");
}
void ServerJudge::gave(const mqtt::Suback& s) { answer(s.packet_id, true, s.codes.count()); }
void ServerJudge::gave(const mqtt::Unsuback& u) { answer(u.packet_id, false, u.codes.count()); }

}  // namespace pcap
