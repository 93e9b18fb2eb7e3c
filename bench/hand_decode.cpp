// CONNECT, CONNACK, PUBLISH.
#include "bench/hand_reading.hpp"

namespace mqtt::hand {
namespace {

constexpr unsigned user_name_flag = 128, password_flag = 64, will_retain = 32, will_flag = 4, clean_start_flag = 2;

constexpr Why connect_header = reserved_bits({"MQTT-2.2.2-2", "MQTT-2.1.3-1"});
constexpr Why no_protocol{"protocol name", {"MQTT-3.1.2-1", "MQTT-3.1.2-1"}, "", Must::be_protocol_name};
constexpr Why unknown_level{"protocol level", {"MQTT-3.1.2-2", "MQTT-3.1.2-2"}, "is not supported"};
constexpr Why unfit_level{"protocol level", {"MQTT-3.1.2-2", "MQTT-3.1.2-2"}, "does not fit the protocol name"};
constexpr Why will_qos_three{"will QoS", {"MQTT-3.1.2-14", "MQTT-3.1.2-12"}, "is 3"};
constexpr Why will_retain_alone = reserved_bits({"MQTT-3.1.2-15", "MQTT-3.1.2-13"});
constexpr Why will_qos_alone = reserved_bits({"MQTT-3.1.2-13", "MQTT-3.1.2-11"});
constexpr Why reserved_flag = reserved_bits({"MQTT-3.1.2-3", "MQTT-3.1.2-3"});
constexpr Why password_alone{"connect flags", {"MQTT-3.1.2-22", ""}, "a password without a user name"};
constexpr Why no_client_id{"client identifier", {"MQTT-3.1.3-4", "MQTT-3.1.3-4"}, "", Must::be_utf8};
constexpr Why no_will_topic{"will topic", {"MQTT-4.7.1-1", "MQTT-4.7.0-1"}, "", Must::be_topic_name};
constexpr Why no_user_name{"user name", {"MQTT-3.1.3-11", "MQTT-3.1.3-12"}, "", Must::be_utf8};
constexpr Why data_alone{"authentication data", {"", "X-3.1.2-authentication-data-alone"}, "without a method"};

constexpr Why connack_header = reserved_bits({"MQTT-2.2.2-1", "MQTT-2.1.3-1"});
constexpr Why acknowledge_flags = reserved_bits({"X-3.2.2-acknowledge-flags", "MQTT-3.2.2-1"});
constexpr Ids connack_codes{"MQTT-3.2.2-6", "MQTT-3.2.2-8"};
constexpr Why connack_return_code = unknown_code("return code", connack_codes);
constexpr Why connack_reason_code = unknown_code("reason code", connack_codes);
constexpr Why present_in_refusal{"session present", {"MQTT-3.2.2-4", "MQTT-3.2.2-6"}, "set in a refusal"};

constexpr Why qos_three{"QoS", {"MQTT-3.3.1-4", "MQTT-3.3.1-4"}, "is 3"};
constexpr Why dup_at_qos_0{"DUP", {"MQTT-3.3.1-2", "MQTT-3.3.1-2"}, "set at QoS 0"};
constexpr Why no_topic{"topic name", {"MQTT-3.3.2-2", ""}, "", Must::be_topic_name};
constexpr Why no_topic_or_alias{"topic name", {"", "MQTT-3.3.2-2"}, "", Must::be_topic_name_or_empty};
constexpr Why no_alias{"topic name", {"", "MQTT-4.7.3-1"}, "empty, and no topic alias"};
constexpr Why publish_id = zero_id({"MQTT-2.3.1-1", "MQTT-2.2.1-3"});

/// Protocol name and level, which names the version of all that follows; nullptr with a fault.
MQTT_INLINE At take_protocol(Connect& p, Fault& fault, At begin, At at, At end, Version& v) {
    const At first = at;
    const auto nowhere = [](std::size_t) { return At(nullptr); };
    if (!take_text(at, end, p.protocol)) return nowhere(text_ends_early(fault, begin, at, end, v, "protocol name"));
    const bool old = p.protocol == "MQIsdp";
    if (p.protocol != "MQTT" && !old) return nowhere(bad_text(fault, begin, first, v, no_protocol));
    if (at == end) return nowhere(ends_early(fault, at - begin, v, "protocol level"));
    p.level = *at;
    if (p.level < 3 || p.level > 5) return nowhere(refuse(fault, at - begin, v, unknown_level));
    v = p.level == 5 ? Version::v5 : p.level == 3 && old ? Version::v3_1 : Version::v3_1_1;
    if (old != (p.level == 3)) return nowhere(refuse(fault, at - begin, v, unfit_level));
    return at + 1;
}

/// The connect flags; false with a fault.
MQTT_INLINE bool take_connect_flags(Connect& p, unsigned bits, Fault& fault, std::ptrdiff_t offset, Version v) {
    const unsigned will_qos = bits >> 3 & 3;
    const bool strict = v != Version::v3_1;
    if (bits & will_flag) {
        if (will_qos == 3) return refuse(fault, offset, v, will_qos_three);
        p.will.emplace();
        p.will->retain = bits & will_retain;
        p.will->qos = QoS(will_qos);
    } else {
        p.will.reset();
        if (strict && bits & will_retain) return refuse(fault, offset, v, will_retain_alone);
        if (strict && will_qos) return refuse(fault, offset, v, will_qos_alone);
    }
    if (strict && bits & 1) return refuse(fault, offset, v, reserved_flag);
    if (v != Version::v5 && (bits & (password_flag | user_name_flag)) == password_flag)
        return refuse(fault, offset, v, password_alone);
    p.clean_start = bits & clean_start_flag;
    return true;
}

[[gnu::cold, gnu::noinline]] At in_will_properties(Fault& fault) {
    if (fault.field == "properties") fault.field = "will properties";
    return nullptr;
}
/// Will properties, topic and payload: where they end, or nullptr with a fault.
MQTT_INLINE At take_will(Will& will, Fault& fault, At begin, At at, At end, Version v) {
    const auto nowhere = [](std::size_t) { return At(nullptr); };
    if (v == Version::v5) {
        at = properties_at(will.properties, begin, at, end, in_will, fault).end;
        if (!at) return in_will_properties(fault);
    }
    const At first = at;
    if (!take_text(at, end, will.topic)) return nowhere(text_ends_early(fault, begin, at, end, v, "will topic"));
    if (!is_topic_name(will.topic)) return nowhere(bad_text(fault, begin, first, v, no_will_topic));
    if (!take_text(at, end, will.payload)) return nowhere(text_ends_early(fault, begin, at, end, v, "will payload"));
    return at;
}
MQTT_INLINE At take_login(Connect& p, unsigned flags, Fault& fault, At begin, At at, At end, Version v) {
    const auto nowhere = [](std::size_t) { return At(nullptr); };
    p.user_name.reset();
    p.password.reset();
    if (at == end && v == Version::v3_1) return at;  // flagged or not
    if (flags & user_name_flag) {
        const At first = at;
        Text& name = p.user_name.emplace();
        if (!take_text(at, end, name)) return nowhere(text_ends_early(fault, begin, at, end, v, "user name"));
        if (!is_utf8(name)) return nowhere(bad_text(fault, begin, first, v, no_user_name));
    }
    if (at == end && v == Version::v3_1) return at;
    if (flags & password_flag && !take_text(at, end, p.password.emplace()))
        return nowhere(text_ends_early(fault, begin, at, end, v, "password"));
    return at;
}

[[gnu::cold, gnu::noinline]] std::size_t refuse_data_alone(const Connect& p, Fault& fault, At begin) {
    const Text data = find(p.properties, property::authentication_data)->text;
    return refuse(fault, octets(data).data() - 2 - begin, Version::v5, data_alone);
}

}  // namespace

std::size_t decode(Connect& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::connect)) return another_type(fault);
    if (*begin & 15 && v != Version::v3_1) return refuse(fault, 0, v, connect_header);
    At at = take_protocol(p, fault, begin, begin + extent.body, end, v);
    if (!at) return 0;
    if (at == end) return ends_early(fault, at - begin, v, "connect flags");
    const unsigned flags = *at;
    if (!take_connect_flags(p, flags, fault, at - begin, v)) return 0;
    if (left(++at, end) < 2) return ends_early(fault, at - begin, v, "keep alive");
    p.keep_alive = be16(at);
    at += 2;
    p.properties = {};
    if (v == Version::v5) {
        const Listed list = properties_at(p.properties, begin, at, end, mqtt::in(Type::connect), fault);
        at = list.end;
        if (!at) return 0;
        if (list.has(property::authentication_data) && !list.has(property::authentication_method))
            return refuse_data_alone(p, fault, begin);
    }
    const At first = at;
    if (!take_text(at, end, p.client_id)) return text_ends_early(fault, begin, at, end, v, "client identifier");
    if (!is_utf8(p.client_id)) return bad_text(fault, begin, first, v, no_client_id);
    if (p.will) {
        at = take_will(*p.will, fault, begin, at, end, v);
        if (!at) return 0;
    }
    at = take_login(p, flags, fault, begin, at, end, v);
    if (!at) return 0;
    return at == end ? extent.size : left_over(fault, at - begin, v);
}

std::size_t decode(Connack& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size;
    if (*begin >> 4 != unsigned(Type::connack)) return another_type(fault);
    const bool v5 = v == Version::v5, strict = v != Version::v3_1;
    if (*begin & 15 && strict) return refuse(fault, 0, v, connack_header);
    At at = begin + extent.body;
    if (at == end) return ends_early(fault, at - begin, v, "acknowledge flags");
    if (*at > 1 && strict) return refuse(fault, at - begin, v, acknowledge_flags);
    p.session_present = *at & 1;
    if (++at == end) return ends_early(fault, at - begin, v, v5 ? "reason code" : "return code");
    p.code = *at;
    if (!(v5 ? connack_5.has(p.code) : p.code <= 5))
        return refuse(fault, at - begin, v, v5 ? connack_reason_code : connack_return_code);
    if (p.code != 0 && p.session_present && strict) return refuse(fault, at - begin - 1, v, present_in_refusal);
    ++at;
    p.properties = {};
    if (v5) {
        at = properties_at(p.properties, begin, at, end, mqtt::in(Type::connack), fault).end;
        if (!at) return 0;
    }
    return at == end ? extent.size : left_over(fault, at - begin, v);
}

std::size_t decode(Publish& p, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent extent = extent_of(in, v, fault, limits);
    if (!extent.size) return 0;
    const At begin = in.data(), end = begin + extent.size, first = begin + extent.body;
    const unsigned head = *begin, qos = head >> 1 & 3;
    if (head >> 4 != unsigned(Type::publish)) return another_type(fault);
    const bool v5 = v == Version::v5;
    p.dup = head & 8;
    p.retain = head & 1;
    p.qos = QoS(qos);
    if (qos == 3) return refuse(fault, 0, v, qos_three);
    if (p.dup && !qos) return refuse(fault, 0, v, dup_at_qos_0);
    At at = first;
    if (!take_text(at, end, p.topic)) return text_ends_early(fault, begin, at, end, v, "topic name");
    if (!is_topic_name_or_empty(p.topic) || (!v5 && p.topic.empty()))
        return bad_text(fault, begin, first, v, v5 ? no_topic_or_alias : no_topic);
    p.packet_id = 0;
    if (qos) {
        if (left(at, end) < 2) return ends_early(fault, at - begin, v, "packet identifier");
        p.packet_id = be16(at);
        if (!p.packet_id) return refuse(fault, at - begin, v, publish_id);
        at += 2;
    }
    p.properties = {};
    if (v5) {
        const Listed list = properties_at(p.properties, begin, at, end, mqtt::in(Type::publish), fault);
        at = list.end;
        if (!at) return 0;
        if (p.topic.empty() && !list.has(property::topic_alias)) return refuse(fault, first - begin, v, no_alias);
    }
    p.payload = {reinterpret_cast<const char*>(at), left(at, end)};
    return extent.size;
}

}  // namespace mqtt::hand
