// CONNECT, CONNACK, PUBLISH.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr unsigned user_name_flag = 128, password_flag = 64, will_retain = 32, will_flag = 4, clean_start_flag = 2;

/// The connect flags; 0 with a fault.
MQTT_INLINE std::size_t take_connect_flags(Connect& p, Blame blame, At at) {
    const unsigned bits = *at, will_qos = bits >> 3 & 3;
    const bool strict = blame.version != Version::v3_1;
    if (bits & will_flag) {
        if (will_qos == 3) return refuse(blame, at, "will QoS", {"MQTT-3.1.2-14", "MQTT-3.1.2-12"}, "is 3");
        p.will.emplace();
        p.will->retain = bits & will_retain;
        p.will->qos = QoS(will_qos);
    } else {
        p.will.reset();
        if (strict && bits & will_retain) return bad_header(blame, at, {"MQTT-3.1.2-15", "MQTT-3.1.2-13"});
        if (strict && will_qos) return bad_header(blame, at, {"MQTT-3.1.2-13", "MQTT-3.1.2-11"});
    }
    if (strict && bits & 1) return bad_header(blame, at, {"MQTT-3.1.2-3", "MQTT-3.1.2-3"});
    if (blame.version != Version::v5 && (bits & (password_flag | user_name_flag)) == password_flag)
        return refuse(blame, at, "connect flags", {"MQTT-3.1.2-22", ""}, "a password without a user name");
    p.clean_start = bits & clean_start_flag;
    return 1;
}

/// What follows the properties; where it ends, or nullptr with a fault.
MQTT_INLINE At take_connect_payload(Connect& p, Blame blame, At at, At end, unsigned flags) {
    At first = at;
    std::uint64_t seen = 0;
    if (!take_text(at, end, p.client_id)) return text_ends_early(blame, at, end, "client identifier"), nullptr;
    if (!is_utf8(p.client_id))
        return bad_text(blame, first, "client identifier", Must::be_utf8, {"MQTT-3.1.3-4", "MQTT-3.1.3-4"}), nullptr;
    if (p.will) {
        if (blame.version == Version::v5) {
            at = properties_at(p.will->properties, blame, at, end, in_will, seen, "will properties");
            if (!at) return nullptr;
        }
        first = at;
        if (!take_text(at, end, p.will->topic)) return text_ends_early(blame, at, end, "will topic"), nullptr;
        if (!is_topic_name(p.will->topic))
            return bad_text(blame, first, "will topic", Must::be_topic_name, {"MQTT-4.7.1-1", "MQTT-4.7.0-1"}), nullptr;
        if (!take_text(at, end, p.will->payload)) return text_ends_early(blame, at, end, "will payload"), nullptr;
    }
    p.user_name.reset();
    p.password.reset();
    if (flags & user_name_flag) {
        first = at;
        if (!take_text(at, end, p.user_name.emplace())) return text_ends_early(blame, at, end, "user name"), nullptr;
        if (!is_utf8(*p.user_name))
            return bad_text(blame, first, "user name", Must::be_utf8, {"MQTT-3.1.3-11", "MQTT-3.1.3-12"}), nullptr;
    }
    if (flags & password_flag && !take_text(at, end, p.password.emplace()))
        return text_ends_early(blame, at, end, "password"), nullptr;
    return at;
}

[[gnu::cold]] std::size_t data_alone(const Connect& p, Blame blame) {
    const Text data = find(p.properties, property::authentication_data)->text;
    return refuse(blame, octets(data).data() - 2, "authentication data", {"", "X-3.1.2-authentication-data-alone"},
                  "without a method");
}

/// Protocol name and level, which names the version of all that follows; nullptr with a fault.
MQTT_INLINE At take_protocol(Connect& p, Blame blame, At at, At end, Version& version) {
    const At first = at;
    if (!take_text(at, end, p.protocol)) return text_ends_early(blame, at, end, "protocol name"), nullptr;
    const bool old = p.protocol == "MQIsdp";
    if (p.protocol != "MQTT" && !old)
        return bad_text(blame, first, "protocol name", Must::be_protocol_name, {"MQTT-3.1.2-1", "MQTT-3.1.2-1"}), nullptr;
    constexpr Ids level_ids{"MQTT-3.1.2-2", "MQTT-3.1.2-2"};
    if (at == end) return ends_early(blame, at, "protocol level"), nullptr;
    p.level = *at;
    if (p.level < 3 || p.level > 5) return refuse(blame, at, "protocol level", level_ids, "is not supported"), nullptr;
    version = p.level == 5 ? Version::v5 : p.level == 3 && old ? Version::v3_1 : Version::v3_1_1;
    if (old != (p.level == 3))
        return refuse({blame.fault, blame.begin, version}, at, "protocol level", level_ids,
                      "does not fit the protocol name"), nullptr;
    return at + 1;
}

}  // namespace

std::size_t decode(Connect& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::connect) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    if (f.head & 15 && v != Version::v3_1) return bad_header(blame, begin, {"MQTT-2.2.2-2", "MQTT-2.1.3-1"});
    Version named;
    At at = take_protocol(p, blame, begin + f.body, end, named);
    if (!at) return 0;
    const Blame now{fault, begin, named};
    if (at == end) return ends_early(now, at, "connect flags");
    const unsigned flags = *at;
    if (!take_connect_flags(p, now, at)) return 0;
    if (left(++at, end) < 2) return ends_early(now, at, "keep alive");
    p.keep_alive = be16(at);
    at += 2;
    p.properties = {};
    if (named == Version::v5) {
        std::uint64_t seen = 0;
        at = properties_at(p.properties, now, at, end, mqtt::in(Type::connect), seen);
        if (!at) return 0;
        if (has(seen, property::authentication_data) && !has(seen, property::authentication_method))
            return data_alone(p, now);
    }
    at = take_connect_payload(p, now, at, end, flags);
    if (!at) return 0;
    return at == end ? f.size : left_over(now, at);
}

std::size_t decode(Connack& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::connack) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    const bool v5 = v == Version::v5, strict = v != Version::v3_1;
    if (f.head & 15 && strict) return bad_header(blame, begin, {"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
    At at = begin + f.body;
    if (at == end) return ends_early(blame, at, "acknowledge flags");
    if (*at > 1 && strict) return bad_header(blame, at, {"X-3.2.2-acknowledge-flags", "MQTT-3.2.2-1"});
    p.session_present = *at & 1;
    if (++at == end) return ends_early(blame, at, v5 ? "reason code" : "return code");
    p.code = *at;
    if (!(v5 ? connack_5 : connack_3).has(p.code))
        return bad_code(blame, at, v5 ? "reason code" : "return code", {"MQTT-3.2.2-6", "MQTT-3.2.2-8"});
    if (p.code != 0 && p.session_present)
        return refuse(blame, at - 1, "session present", {"MQTT-3.2.2-4", "MQTT-3.2.2-6"}, "set in a refusal");
    ++at;
    p.properties = {};
    if (v5) {
        std::uint64_t seen = 0;
        at = properties_at(p.properties, blame, at, end, mqtt::in(Type::connack), seen);
        if (!at) return 0;
    }
    return at == end ? f.size : left_over(blame, at);
}

std::size_t decode(Publish& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Frame f = frame_of(in, v, fault, limits);
    if (!f.size) return 0;
    if (f.type() != Type::publish) return another_type(fault);
    const At begin = in.data(), end = begin + f.size;
    const Blame blame{fault, begin, v};
    const bool v5 = v == Version::v5;
    p.dup = f.head & 8;
    p.retain = f.head & 1;
    const unsigned qos = f.head >> 1 & 3;
    if (qos == 3) return refuse(blame, begin, "QoS", {"MQTT-3.3.1-4", "MQTT-3.3.1-4"}, "is 3");
    p.qos = QoS(qos);
    if (p.dup && !qos) return refuse(blame, begin, "DUP", {"MQTT-3.3.1-2", "MQTT-3.3.1-2"}, "set at QoS 0");
    const At first = begin + f.body;
    At at = first;
    if (!take_text(at, end, p.topic)) return text_ends_early(blame, at, end, "topic name");
    if (!is_topic_name_or_empty(p.topic) || (!v5 && p.topic.empty()))
        return bad_text(blame, first, "topic name", v5 ? Must::be_topic_name_or_empty : Must::be_topic_name,
                        {"MQTT-3.3.2-2", "MQTT-3.3.2-2"});
    p.packet_id = 0;
    if (qos) {
        if (left(at, end) < 2) return ends_early(blame, at, "packet identifier");
        p.packet_id = be16(at);
        if (!p.packet_id) return refuse(blame, at, "packet identifier", {"MQTT-2.3.1-1", "MQTT-2.2.1-3"}, "is zero");
        at += 2;
    }
    p.properties = {};
    if (v5) {
        std::uint64_t seen = 0;
        at = properties_at(p.properties, blame, at, end, mqtt::in(Type::publish), seen);
        if (!at) return 0;
        if (p.topic.empty() && !has(seen, property::topic_alias))
            return refuse(blame, first, "topic name", {"", "MQTT-4.7.3-1"}, "empty, and no topic alias");
    }
    p.payload = {reinterpret_cast<const char*>(at), left(at, end)};
    return f.size;
}

}  // namespace mqtt::hand
