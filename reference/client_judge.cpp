#include "reference/client_judge.hpp"

#include <algorithm>

namespace reference {
namespace {

using mqtt::QoS;
using mqtt::Type;
namespace property = mqtt::property;

/// Where the codec names the receiver's duty, the sender has one of its own.
std::string_view of_sender(std::string_view statement, mqtt::Version v) {
    const bool flags = statement == "MQTT-2.2.2-2" || statement == "MQTT-3.14.1-1";
    return flags && v != mqtt::Version::v5 ? "MQTT-2.2.2-1" : statement;
}

/// What is never shown may stand anywhere in a damaged packet.
bool may_hold_secrets(mqtt::View packet, mqtt::Version v) {
    const auto type = Type(packet[0] >> 4);
    if (type == Type::auth) return true;
    if (type != Type::connect) return false;
    mqtt::Packet decoded;
    if (mqtt::decode_leniently(decoded, packet, v) == 0) return true;
    const auto& c = std::get<mqtt::Connect>(decoded);
    return c.password || mqtt::find(c.properties, property::authentication_data);
}

constexpr ClientJudge::Time time_to_repeat = std::chrono::seconds(10);  // after CONNACK, in good time

}  // namespace

std::optional<mqtt::Version> judged_version(mqtt::View connect) {
    mqtt::Fault ignored;
    const auto frame = mqtt::frame(connect, mqtt::Version::v3_1_1, ignored);
    if (!frame.size || frame.type() != Type::connect || frame.size < frame.body + 2) return std::nullopt;
    const std::size_t length = connect[frame.body] * 256u + connect[frame.body + 1], at = frame.body + 2u + length;
    if (at >= frame.size) return std::nullopt;
    const bool old = mqtt::bytes(connect.subspan(frame.body + 2, length)) == "MQIsdp";
    if (old || connect[at] < 4 || connect[at] > 5) return std::nullopt;
    return mqtt::Version(connect[at]);
}

// ---- clients that come back ---------------------------------------------------------------------------------------

std::shared_ptr<ClientSession> ClientMemory::find(const std::string& client) {
    const auto it = by_client_.find(client);
    if (it == by_client_.end()) return nullptr;
    known_.splice(known_.begin(), known_, it->second);
    return it->second->second;
}

void ClientMemory::keep(const std::string& client, std::shared_ptr<ClientSession> session) {
    forget(client);
    known_.emplace_front(client, std::move(session));
    by_client_[client] = known_.begin();
    if (known_.size() <= most_) return;
    by_client_.erase(known_.back().first);
    known_.pop_back();
}

void ClientMemory::forget(const std::string& client) {
    const auto it = by_client_.find(client);
    if (it == by_client_.end()) return;
    known_.erase(it->second);
    by_client_.erase(it);
}

// ---- octets to packets --------------------------------------------------------------------------------------------

void ClientJudge::received(mqtt::View bytes, Time now) {
    now_ = now;
    if (phase_ == Phase::over || bytes.empty()) return;
    if (phase_ == Phase::connecting && method_.empty()) pipelined_ = true;
    in_.feed(bytes);
    for (int count = 0; phase_ != Phase::over; ++count) {
        mqtt::Fault wrong;
        const auto next = in_.next(version_, wrong);
        if (wrong) {
            shown_ = in_.rest();
            tell(wrong.statement, wrong.statement, std::string(wrong.field) + " " + std::string(wrong.what));
            phase_ = Phase::over;
        }
        if (next.empty()) break;
        if (count == 0 && phase_ == Phase::online) keep_alive(in_.rest().empty());
        packet(next);
    }
    heard_ = now;
}

void ClientJudge::sent(mqtt::View bytes, Time now) {
    now_ = now;
    if (phase_ == Phase::over || phase_ == Phase::fresh) return;
    out_.feed(bytes);
    while (phase_ != Phase::over) {
        mqtt::Fault wrong;
        const auto next = out_.next(version_, wrong);
        if (next.empty() && !wrong) return;
        mqtt::Packet packet;
        if (wrong || mqtt::decode(packet, next, version_, wrong) == 0) {
            phase_ = Phase::over;  // a server that breaks rules itself excuses much
            return;
        }
        std::visit([this](const auto& p) { gave(p); }, packet);
    }
}

void ClientJudge::tell(std::string_view v3_1_1, std::string_view in5, std::string_view what) {
    const auto statement = of_sender(v5() ? in5 : v3_1_1, version_);
    if (statement.empty() || told_ >= options_.most) return;
    ++told_;
    tell_({client_, statement, what, shown_.empty() || may_hold_secrets(shown_, version_) ? mqtt::View{} : shown_});
}

void ClientJudge::packet(mqtt::View octets) {
    shown_ = octets;
    const auto type = Type(octets[0] >> 4);
    if (phase_ == Phase::fresh) return first(octets);
    if (phase_ == Phase::left) {
        tell("MQTT-3.14.4-2", "MQTT-3.14.4-1", "a packet after DISCONNECT");
        phase_ = Phase::over;
        return;
    }
    if (type == Type::connect) {
        tell("MQTT-3.1.0-2", "MQTT-3.1.0-2", "a second CONNECT");
        phase_ = Phase::over;
        return;
    }
    mqtt::Packet packet;
    mqtt::Fault wrong;
    if (mqtt::decode(packet, octets, version_, wrong) == 0) return faults(octets);
    if (phase_ == Phase::connecting && !method_.empty() && type != Type::auth && type != Type::disconnect) {
        tell("", "MQTT-3.1.2-30", "a packet other than AUTH and DISCONNECT before CONNACK");
        phase_ = Phase::over;
        return;
    }
    if (octets.size() > maximum_packet_ && informed()) oversized();
    std::visit([this](const auto& p) { on(p); }, packet);
}

void ClientJudge::first(mqtt::View octets) {
    if (Type(octets[0] >> 4) != Type::connect) {
        tell("MQTT-3.1.0-1", "MQTT-3.1.0-1", "the first packet is no CONNECT");
        phase_ = Phase::over;
        return;
    }
    const auto version = judged_version(octets);
    if (!version) {
        phase_ = Phase::over;
        return;
    }
    version_ = *version;
    mqtt::Connect connect;
    mqtt::Fault wrong;
    if (mqtt::decode(connect, octets, version_, wrong) == 0) return faults(octets);
    on(connect);
}

// All that is wrong with the packet, each statement once. What came of it cannot be followed further.
void ClientJudge::faults(mqtt::View octets) {
    const auto type = Type(octets[0] >> 4);
    const bool servers = type == Type::connack || type == Type::suback || type == Type::unsuback ||
                         type == Type::pingresp;  // no statement numbers that a client sends none of these
    std::set<std::string_view> named;
    for (const auto& fault : mqtt::all_faults(octets, version_))
        if (!servers && !fault.statement.empty() && named.insert(fault.statement).second)
            tell(fault.statement, fault.statement, std::string(fault.field) + " " + std::string(fault.what));
    phase_ = Phase::over;
}

// Reason String and User Property are to be left out before a packet grows too large.
void ClientJudge::oversized() {
    struct Row {
        Type type;
        std::string_view reason_string, user_property;
    };
    constexpr Row rows[]{
        {Type::puback, "MQTT-3.4.2-2", "MQTT-3.4.2-3"},       {Type::pubrec, "MQTT-3.5.2-2", "MQTT-3.5.2-3"},
        {Type::pubrel, "MQTT-3.6.2-2", "MQTT-3.6.2-3"},       {Type::pubcomp, "MQTT-3.7.2-2", "MQTT-3.7.2-3"},
        {Type::disconnect, "MQTT-3.14.2-3", "MQTT-3.14.2-4"}, {Type::auth, "MQTT-3.15.2-2", "MQTT-3.15.2-3"}};
    tell("", "MQTT-3.2.2-15", "larger than the server's Maximum Packet Size");
    mqtt::Packet packet;
    mqtt::Fault none;
    mqtt::decode(packet, shown_, version_, none);
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (requires {
                              p.reason;
                              p.properties;
                          })
                for (const auto& row : rows) {
                    if (row.type != P::type) continue;
                    if (mqtt::find(p.properties, property::reason_string))
                        tell("", row.reason_string, "a Reason String makes it larger than the server takes");
                    if (mqtt::find(p.properties, property::user_property))
                        tell("", row.user_property, "a User Property makes it larger than the server takes");
                }
        },
        packet);
}

// Half as much again is the server's patience. Several packets at once may have waited in a network that stood still.
void ClientJudge::keep_alive(bool alone) {
    if (keep_alive_ == 0 || !alone) return;
    if (now_ - heard_ < Time(keep_alive_ * std::int64_t{1500}) + options_.slack) return;
    tell("MQTT-3.1.2-23", "MQTT-3.1.2-20", "nothing was sent for more than 1.5 times Keep Alive");
}

/// The client has seen CONNACK when it sent the packet that is looked at.
bool ClientJudge::informed() const {
    if (phase_ == Phase::connecting || phase_ == Phase::fresh) return false;
    return reacted_ || (!pipelined_ && now_ - connack_at_ >= options_.grace);
}

/// The client can have nothing left of an earlier connection.
bool ClientJudge::starts_afresh() const { return clean_ || (v5() && !present_ && informed()); }

// ---- connecting and leaving ---------------------------------------------------------------------------------------

void ClientJudge::on(const mqtt::Connect& c) {
    client_ = c.client_id;
    clean_ = c.clean_start;
    keep_alive_ = c.keep_alive;
    expiry_ = v5() ? mqtt::number_or(c.properties, property::session_expiry_interval, 0) : 0;
    persistent_ = v5() ? expiry_ != 0 : !clean_;
    if (const auto method = mqtt::find(c.properties, property::authentication_method); v5() && method)
        method_ = method->text;
    if (!v5() && client_.empty() && !clean_)
        tell("MQTT-3.1.3-7", "", "an empty client identifier without Clean Session");
    phase_ = Phase::connecting;
    if (!in_.rest().empty() && method_.empty()) pipelined_ = true;
}

void ClientJudge::on(const mqtt::Auth& a) {
    if (method_.empty()) return tell("", "MQTT-4.12.0-7", "AUTH without an Authentication Method in CONNECT");
    const bool connecting = phase_ == Phase::connecting;
    const auto method = mqtt::find(a.properties, property::authentication_method);
    if (!method)
        tell("", "MQTT-4.12.0-5", "AUTH without an Authentication Method");
    else if (method->text != method_)
        tell("", connecting ? "MQTT-4.12.0-5" : "MQTT-4.12.1-1", "the Authentication Method is not that of CONNECT");
    if (connecting && a.reason != 0x18) tell("", "MQTT-4.12.0-3", "AUTH before CONNACK has a reason other than 0x18");
}

void ClientJudge::on(const mqtt::Disconnect& d) {
    const auto expiry = v5() ? mqtt::find(d.properties, property::session_expiry_interval) : std::nullopt;
    if (expiry && expiry->number != 0 && expiry_ == 0)
        tell("", "X-3.14.2-session-expiry-raised", "the Session Expiry Interval was 0 in CONNECT");
    if (expiry && expiry->number == 0) memory_.forget(client_);
    const bool had_time = phase_ == Phase::online && now_ - connack_at_ >= time_to_repeat;
    if (present_ && had_time && informed())
        for (const auto& [id, sent] : session_->publishes)
            if (!sent.here && sent.must_repeat && sent.pubrels == 0) {
                tell("MQTT-4.4.0-1", "MQTT-4.4.0-1", "a packet left open by an earlier connection was not sent again");
                break;
            }
    phase_ = Phase::left;
}

}  // namespace reference
