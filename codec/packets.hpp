// Every packet is its fields and ONE walk over them, in wire order.
// Decode, encode, size, print, layout, generator and mutator are all walkers (reader.hpp, writer.hpp, visitor.hpp).
#pragma once
#include <optional>
#include <variant>

#include "codec/properties.hpp"

namespace mqtt {

/// Fixed-header flags that are laid down, and the statement broken by others, sender's side in a server's packet.
inline constexpr Ids fixed_flags_from_server{"MQTT-2.2.2-1", "MQTT-2.1.3-1"};
inline constexpr Ids fixed_flags{"MQTT-2.2.2-2", "MQTT-2.1.3-1"};
inline constexpr Ids zero_packet_id{"MQTT-2.3.1-1", "MQTT-2.2.1-3"};
inline constexpr Rule packet_id_rule{Must::not_zero, zero_packet_id.v3_1_1, zero_packet_id.v5};
inline constexpr Rule answered_id_rule{Must::not_zero, "MQTT-2.3.1-6", "MQTT-2.2.1-5"};
inline constexpr Rule request_id_rule{Must::not_zero, "MQTT-2.3.1-7", "MQTT-2.2.1-6"};

struct Will {
    QoS qos{};
    bool retain{};
    Properties properties{};
    Text topic{};
    Bytes payload{};
    bool operator==(const Will&) const = default;
};

struct Connect {
    static constexpr Type type = Type::connect;
    Text protocol = "MQTT";
    std::uint8_t level = 5;
    bool clean_start = true;  // Clean Session in 3.1.1
    std::uint16_t keep_alive = 60;
    Properties properties{};
    Text client_id{};
    std::optional<Will> will{};
    std::optional<Text> user_name{};
    std::optional<Bytes> password{};
    bool operator==(const Connect&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags); });
        io.text("protocol name", p.protocol, {Must::be_protocol_name, "MQTT-3.1.2-1", "MQTT-3.1.2-1"});
        io.level("protocol level", p.level, p.protocol, {Must::be_level, "MQTT-3.1.2-2", "MQTT-3.1.2-2"});
        io.flags("connect flags", [&](auto& f) {
            f.has(7, "user name flag", p.user_name);
            f.has(6, "password flag", p.password);
            f.has(2, "will flag", p.will);
            if (p.will) {
                f.bits(5, 1, "will retain", p.will->retain);
                f.bits(3, 2, "will QoS", p.will->qos, {Must::be_qos, "MQTT-3.1.2-14", "MQTT-3.1.2-12"});
            } else {
                f.reserved(5, 1, 0b0, {"MQTT-3.1.2-15", "MQTT-3.1.2-13"});
                f.reserved(3, 2, 0b00, {"MQTT-3.1.2-13", "MQTT-3.1.2-11"});
            }
            f.bits(1, 1, io.v5() ? "clean start" : "clean session", p.clean_start);
            f.reserved(0, 1, 0b0, {"MQTT-3.1.2-3", "MQTT-3.1.2-3"});
        });
        io.demand([&] { return io.v5() || !p.password || p.user_name; }, "connect flags", {"MQTT-3.1.2-22", ""},
                  "a password without a user name");
        io.two("keep alive", p.keep_alive);
        if (io.v5()) {
            io.properties("properties", p.properties, in(type));
            io.demand([&] { return !io.saw(property::authentication_data) || io.saw(property::authentication_method); },
                      "authentication data", {"", "X-3.1.2-authentication-data-alone"}, "without a method");
        }
        io.text("client identifier", p.client_id, {Must::be_utf8, "MQTT-3.1.3-4", "MQTT-3.1.3-4"});
        if (p.will) {
            if (io.v5()) io.properties("will properties", p.will->properties, in_will);
            io.text("will topic", p.will->topic, {Must::be_topic_name, "MQTT-4.7.1-1", "MQTT-4.7.0-1"});
            io.binary("will payload", p.will->payload);
        }
        if (p.user_name && io.follows(p.user_name)) io.text("user name", *p.user_name, {Must::be_utf8, "MQTT-3.1.3-11", "MQTT-3.1.3-12"});
        if (p.password && io.follows(p.password)) io.binary("password", *p.password);
    }
};

struct Connack {
    static constexpr Type type = Type::connack;
    bool session_present = false;
    std::uint8_t code = 0;  // Connect Return code in 3.1.1, Connect Reason Code in 5.0
    Properties properties{};
    bool operator==(const Connack&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags_from_server); });
        io.flags("acknowledge flags", [&](auto& f) {
            f.bits(0, 1, "session present", p.session_present);
            f.reserved(1, 7, 0b0, {"X-3.2.2-acknowledge-flags", "MQTT-3.2.2-1"});
        });
        io.one(io.v5() ? "reason code" : "return code", p.code,
               {Must::be_connack_code, "MQTT-3.2.2-6", "MQTT-3.2.2-8"});
        io.demand([&] { return p.code == 0 || !p.session_present || io.version == Version::v3_1; }, "session present",
                  {"MQTT-3.2.2-4", "MQTT-3.2.2-6"}, "set in a refusal");  // 3.1 does not use that octet
        if (io.v5()) io.properties("properties", p.properties, in(type));
    }
};

struct Publish {
    static constexpr Type type = Type::publish;
    bool dup = false;
    QoS qos{};
    bool retain = false;
    Text topic{};
    std::uint16_t packet_id = 0;  // on the wire above QoS 0 only
    Properties properties{};
    Bytes payload{};
    bool operator==(const Publish&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) {
            f.bits(3, 1, "DUP", p.dup);
            f.bits(1, 2, "QoS", p.qos, {Must::be_qos, "MQTT-3.3.1-4", "MQTT-3.3.1-4"});
            f.bits(0, 1, "RETAIN", p.retain);
        });
        io.demand([&] { return !p.dup || p.qos != QoS::at_most_once; }, "DUP", {"MQTT-3.3.1-2", "MQTT-3.3.1-2"},
                  "set at QoS 0");
        if (io.v5())
            io.text("topic name", p.topic, {Must::be_topic_name_or_empty, "", "MQTT-3.3.2-2"});
        else
            io.text("topic name", p.topic, {Must::be_topic_name, "MQTT-3.3.2-2", ""});
        if (p.qos != QoS::at_most_once) io.two("packet identifier", p.packet_id, packet_id_rule);
        if (io.v5()) {
            io.properties("properties", p.properties, in(type));
            io.demand([&] { return !p.topic.empty() || io.saw(property::topic_alias); }, "topic name",
                      {"", "MQTT-4.7.3-1"}, "empty, and no topic alias");
        }
        io.rest("payload", p.payload);
    }
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP: one shape, told apart by type, flags and reason codes.
template <Type T> struct Acknowledgement {
    static constexpr Type type = T;
    std::uint16_t packet_id = 0;
    std::uint8_t reason = 0;
    Properties properties{};
    bool operator==(const Acknowledgement&) const = default;

    static constexpr Rule reason_rule = T == Type::puback ? Rule{Must::be_puback_code, "", "MQTT-3.4.2-1"}
                                      : T == Type::pubrec ? Rule{Must::be_puback_code, "", "MQTT-3.5.2-1"}
                                      : T == Type::pubrel ? Rule{Must::be_pubrel_code, "", "MQTT-3.6.2-1"}
                                                          : Rule{Must::be_pubrel_code, "", "MQTT-3.7.2-1"};

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) {
            if constexpr (T == Type::pubrel) f.reserved(0, 4, 0b0010, {"MQTT-3.6.1-1", "MQTT-3.6.1-1"});
            else f.reserved(0, 4, 0b0000, fixed_flags);
        });
        io.two("packet identifier", p.packet_id, answered_id_rule);
        if (!io.v5() || !io.more(p.reason != 0 || !p.properties.empty())) return;  // 5.0, 3.4.2.1: may end here
        io.one("reason code", p.reason, reason_rule);
        if (!io.more(!p.properties.empty())) return;  // 5.0, 3.4.2.2.1: may end here
        io.properties("properties", p.properties, in(type));
    }
};
using Puback = Acknowledgement<Type::puback>;
using Pubrec = Acknowledgement<Type::pubrec>;
using Pubrel = Acknowledgement<Type::pubrel>;
using Pubcomp = Acknowledgement<Type::pubcomp>;

struct Subscribe {
    static constexpr Type type = Type::subscribe;
    struct Entry {
        Text filter{};
        QoS qos{};
        bool no_local{}, retain_as_published{};
        std::uint8_t retain_handling{};
        bool operator==(const Entry&) const = default;

        template <class P, class Io> static void walk(P& e, Io& io) {
            io.text("topic filter", e.filter, {Must::be_topic_filter, "MQTT-4.7.1-2", "MQTT-4.7.1-1"});
            io.flags(io.v5() ? "subscription options" : "requested QoS", [&](auto& f) {
                f.bits(0, 2, "QoS", e.qos, {Must::be_qos, "MQTT-3.8.3-4", "X-3.8.3-qos-three"});
                if (io.v5()) {
                    f.bits(2, 1, "no local", e.no_local);
                    f.bits(3, 1, "retain as published", e.retain_as_published);
                    f.bits(4, 2, "retain handling", e.retain_handling,
                           {Must::be_at_most_two, "", "X-3.8.3-retain-handling-three"});
                    f.reserved(6, 2, 0b00, {"", "MQTT-3.8.3-5"});
                } else {
                    f.reserved(2, 6, 0b000000, {"MQTT-3.8.3-4", ""});
                }
            });
            io.demand([&] { return !io.v5() || !e.no_local || !e.filter.starts_with("$share/"); }, "no local",
                      {"", "MQTT-3.8.3-4"}, "set on a shared subscription");
        }
    };
    std::uint16_t packet_id = 0;
    Properties properties{};
    List<Entry> entries{};
    bool operator==(const Subscribe&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0010, {"MQTT-3.8.1-1", "MQTT-3.8.1-1"}); });
        io.two("packet identifier", p.packet_id, packet_id_rule);
        if (io.v5()) io.properties("properties", p.properties, in(type));
        io.each("subscriptions", p.entries, {"MQTT-3.8.3-3", "MQTT-3.8.3-2"});
    }
};

struct Suback {
    static constexpr Type type = Type::suback;
    struct Code {
        std::uint8_t value = 0;
        bool operator==(const Code&) const = default;
        template <class P, class Io> static void walk(P& c, Io& io) {
            io.one(io.v5() ? "reason code" : "return code", c.value,
                   {Must::be_suback_code, "MQTT-3.9.3-2", "MQTT-3.9.3-2"});
        }
    };
    std::uint16_t packet_id = 0;
    Properties properties{};
    List<Code> codes{};
    bool operator==(const Suback&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags_from_server); });
        io.two("packet identifier", p.packet_id, request_id_rule);
        if (io.v5()) io.properties("properties", p.properties, in(type));
        io.each("codes", p.codes, {"MQTT-3.8.4-5", "MQTT-3.8.4-6"});
    }
};

struct Unsubscribe {
    static constexpr Type type = Type::unsubscribe;
    struct Filter {
        Text text{};
        bool operator==(const Filter&) const = default;
        template <class P, class Io> static void walk(P& f, Io& io) {
            io.text("topic filter", f.text, {Must::be_topic_filter, "MQTT-4.7.1-2", "MQTT-4.7.1-1"});
        }
    };
    std::uint16_t packet_id = 0;
    Properties properties{};
    List<Filter> filters{};
    bool operator==(const Unsubscribe&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0010, {"MQTT-3.10.1-1", "MQTT-3.10.1-1"}); });
        io.two("packet identifier", p.packet_id, packet_id_rule);
        if (io.v5()) io.properties("properties", p.properties, in(type));
        io.each("filters", p.filters, {"MQTT-3.10.3-2", "MQTT-3.10.3-2"});
    }
};

struct Unsuback {
    static constexpr Type type = Type::unsuback;
    struct Code {
        std::uint8_t value = 0;
        bool operator==(const Code&) const = default;
        template <class P, class Io> static void walk(P& c, Io& io) {
            io.one("reason code", c.value, {Must::be_unsuback_code, "", "MQTT-3.11.3-2"});
        }
    };
    std::uint16_t packet_id = 0;
    Properties properties{};
    List<Code> codes{};  // 5.0 only
    bool operator==(const Unsuback&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags_from_server); });
        io.two("packet identifier", p.packet_id, request_id_rule);
        if (!io.v5()) return;
        io.properties("properties", p.properties, in(type));
        io.each("codes", p.codes, {"", "MQTT-3.11.3-2"});
    }
};

struct Pingreq {
    static constexpr Type type = Type::pingreq;
    bool operator==(const Pingreq&) const = default;
    template <class P, class Io> static void walk(P&, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags); });
    }
};

struct Pingresp {
    static constexpr Type type = Type::pingresp;
    bool operator==(const Pingresp&) const = default;
    template <class P, class Io> static void walk(P&, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, fixed_flags_from_server); });
    }
};

struct Disconnect {
    static constexpr Type type = Type::disconnect;
    std::uint8_t reason = 0;
    Properties properties{};
    bool operator==(const Disconnect&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, {"MQTT-3.14.1-1", "MQTT-3.14.1-1"}); });
        if (!io.v5() || !io.more(p.reason != 0 || !p.properties.empty())) return;
        io.one("reason code", p.reason, {Must::be_disconnect_code, "", "MQTT-3.14.2-1"});
        if (!io.more(!p.properties.empty())) return;
        io.properties("properties", p.properties, in(type));
    }
};

/// 5.0 only; type 15 is reserved before.
struct Auth {
    static constexpr Type type = Type::auth;
    std::uint8_t reason = 0;
    Properties properties{};
    bool operator==(const Auth&) const = default;

    template <class P, class Io> static void walk(P& p, Io& io) {
        io.head([&](auto& f) { f.reserved(0, 4, 0b0000, {"", "MQTT-3.15.1-1"}); });
        if (!io.more(p.reason != 0 || !p.properties.empty())) return;
        io.one("reason code", p.reason, {Must::be_auth_code, "", "MQTT-3.15.2-1"});
        if (!io.more(!p.properties.empty())) return;
        io.properties("properties", p.properties, in(type));
    }
};

using Packet = std::variant<Pingreq, Pingresp, Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Disconnect, Auth>;

inline Type type_of(const Packet& packet) {
    return std::visit([](const auto& p) { return std::remove_cvref_t<decltype(p)>::type; }, packet);
}

}  // namespace mqtt
