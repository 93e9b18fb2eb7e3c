// Packets to octets, never more of them than the client takes.
#include <utility>

#include "reference/core.hpp"

namespace reference {
namespace {

// The violation by which a packet of that type keeps a Reason String that makes it too large.
Break too_long_reason(mqtt::Type type) {
    switch (type) {
        case mqtt::Type::connack: return Break::connack_reason_too_long;
        case mqtt::Type::puback: return Break::puback_reason_too_long;
        case mqtt::Type::pubrec: return Break::pubrec_reason_too_long;
        case mqtt::Type::pubrel: return Break::pubrel_reason_too_long;
        case mqtt::Type::pubcomp: return Break::pubcomp_reason_too_long;
        case mqtt::Type::suback: return Break::suback_reason_too_long;
        case mqtt::Type::unsuback: return Break::unsuback_reason_too_long;
        default: return Break::disconnect_reason_too_long;
    }
}

// The same with a User Property.
Break too_long_user_property(mqtt::Type type) {
    switch (type) {
        case mqtt::Type::connack: return Break::connack_user_property_too_long;
        case mqtt::Type::puback: return Break::puback_user_property_too_long;
        case mqtt::Type::pubrec: return Break::pubrec_user_property_too_long;
        case mqtt::Type::pubrel: return Break::pubrel_user_property_too_long;
        case mqtt::Type::pubcomp: return Break::pubcomp_user_property_too_long;
        case mqtt::Type::suback: return Break::suback_user_property_too_long;
        case mqtt::Type::unsuback: return Break::unsuback_user_property_too_long;
        default: return Break::disconnect_user_property_too_long;
    }
}

// Where a Reason String may stand even if the client asked for none (5.0, 3.1.2-29).
constexpr bool always_explains(mqtt::Type type) {
    return type == mqtt::Type::connack || type == mqtt::Type::disconnect;
}

}  // namespace

void Core::mark_dirty(Link& link) {
    if (std::exchange(link.dirty, true)) return;
    link.dirty_at = static_cast<std::uint32_t>(dirty_.size());
    dirty_.push_back(link.id);
}

void Core::clean(Link& link) {
    if (!std::exchange(link.dirty, false)) return;
    dirty_[link.dirty_at] = dirty_.back();
    links_.find(dirty_.back())->dirty_at = link.dirty_at;
    dirty_.pop_back();
}

std::string& Core::outbox(Link& link) {
    if (!link.outbox && !pool_.empty()) {
        link.outbox = std::move(pool_.back());
        pool_.pop_back();
    }
    if (!link.outbox) link.outbox = std::make_unique<std::string>();
    mark_dirty(link);
    return *link.outbox;
}

void Core::recycle(std::string bytes) {
    constexpr std::size_t most = 1'024, largest = 64u << 10;
    if (pool_.size() >= most || bytes.capacity() > largest || bytes.capacity() < 64) return;
    if (shells_.empty()) shells_.push_back(std::make_unique<std::string>());
    bytes.clear();
    *shells_.back() = std::move(bytes);
    pool_.push_back(std::move(shells_.back()));
    shells_.pop_back();
}

// False: the packet is larger than the client takes, and nothing was sent (5.0, 3.1.2-24).
template <class P> bool Core::send(Link& link, const P& packet) {
    std::uint8_t room[512];  // most packets fit, and are walked once
    const auto size = mqtt::encode(packet, link.version, std::span(room));
    if (size > link.maximum_packet) return false;
    ++counters_.packets_sent;
    if constexpr (P::type == mqtt::Type::publish) count_sent(packet.payload.size());
    std::string& out = outbox(link);
    const auto before = out.size();
    if (size <= sizeof room) {
        out.append(reinterpret_cast<const char*>(room), size);
    } else {
        out.resize(before + size);
        mqtt::encode(packet, link.version, std::span(reinterpret_cast<std::uint8_t*>(out.data() + before), size));
    }
    if (P::type == mqtt::Type::pubrel && breaks(Break::pubrel_has_zero_flags)) out[before] = 0x60;  // 3.6.1-1
    if constexpr (P::type == mqtt::Type::connack)  // 3.2.2-1
        if (packet.session_present && breaks(Break::connack_reserved_flag)) out[before + 2] |= 0x02;
    if (P::type == mqtt::Type::unsuback && breaks(Break::unsuback_has_flags)) out[before] |= 1;  // 3.1.1: 2.2.2-1
    if (P::type == mqtt::Type::publish && size > 1'000 && size < 16'000 && breaks(Break::publish_length_padded)) {
        out[before + 2] |= '\x80';  // 1.5.5-1
        out.insert(before + 3, 1, '\0');
    }
    return true;
}

// As send_own(), where what goes to one goes to many: encoded once for all who want the same form of it.
bool Core::send_copy(Link& link, const Delivery& delivery, std::uint16_t id, bool dup) {
    const bool own = (style().outbound_topic_aliases && link.alias_maximum != 0) || !delivery.identifiers.empty();
    if (own) return send_own(link, delivery, id, dup);
    Encoded& known = encoded_;
    const bool same = known.filled && known.version == link.version && known.qos == delivery.qos &&
                      known.retain == delivery.retain && known.dup == dup;
    if (!same) {
        std::string& out = outbox(link);
        const auto before = out.size();
        if (!send_own(link, delivery, id, dup)) return false;
        known.own.assign(out, before);
        known.octets = known.own;
        known.filled = true;
        known.version = link.version;
        known.qos = delivery.qos;
        known.retain = delivery.retain;
        known.dup = dup;
        mqtt::Fault none;
        const auto frame = mqtt::frame(mqtt::octets(known.octets), link.version, none);
        known.id_at = frame.body + 2 + delivery.message->topic.size();
        return true;
    }
    if (known.octets.size() > link.maximum_packet) return false;
    ++counters_.packets_sent;
    count_sent(delivery.message->payload.size());
    std::string& out = outbox(link);
    const auto before = out.size();
    out += known.octets;
    if (id != 0) out[before + known.id_at] = char(id >> 8), out[before + known.id_at + 1] = char(id & 0xff);
    return true;
}

// Sends with a Reason String where there is something to say, room for it, and a client that wants it.
template <class P> void Core::answer(Link& link, P packet, std::uint8_t code) {
    if constexpr (requires { packet.reason; }) packet.reason = code;
    const mqtt::Property text[]{{mqtt::property::reason_string, reason_text(code)}};
    const bool wanted =
        always_explains(P::type) || link.problem_information || breaks(Break::problem_information_uninvited);
    if (link.v5() && code != 0 && style().reason_strings && wanted) {
        P longer = packet;
        longer.properties = text;
        if (breaks(too_long_reason(P::type))) link.maximum_packet = mqtt::largest_packet;
        if (send(link, longer)) return;  // else the text is left out (5.0, 3.4.2-2 and its like)
        if (breaks(too_long_user_property(P::type))) {  // 5.0, 3.4.2-3 and its like
            const mqtt::Property why[]{{mqtt::property::user_property, "why", reason_text(code)}};
            packet.properties = why;
            link.maximum_packet = mqtt::largest_packet;
            send(link, packet);
            return;
        }
    }
    if (!send(link, packet) && P::type != mqtt::Type::disconnect && P::type != mqtt::Type::connack) shut(link);
}

#define SENT(P) template bool Core::send(Link&, const mqtt::P&);
SENT(Connack) SENT(Publish) SENT(Pubrel) SENT(Pingresp) SENT(Auth) SENT(Disconnect) SENT(Puback)
SENT(Suback) SENT(Unsuback)
#define ANSWERED(P) template void Core::answer(Link&, mqtt::P, std::uint8_t);
ANSWERED(Connack) ANSWERED(Puback) ANSWERED(Pubrec) ANSWERED(Pubrel) ANSWERED(Pubcomp) ANSWERED(Suback)
ANSWERED(Unsuback) ANSWERED(Disconnect)

}  // namespace reference
