// Clients that break a rule of the session, one each.
#include "reference/tests/judge_scene.hpp"

namespace reference::test {
namespace {

using mqtt::Auth, mqtt::Connect, mqtt::Disconnect, mqtt::Pingreq, mqtt::Publish, mqtt::Subscribe, mqtt::Text, mqtt::Type,
    mqtt::encode;

void auth(Scene& s, std::uint8_t reason, std::string_view method) {
    const Property list[]{{property::authentication_method, method}};
    s.c(Auth{reason, list});
}
Connect with_method(std::span<const Property> list) { return {.properties = list, .client_id = "c"}; }
const Property scram[]{{property::authentication_method, Text("SCRAM")}};

void begin(Scene& s) { s.c(with_method(scram)); }
void online(Scene& s) { s.connect(with_method(scram)); }
void subscribe(Scene& s, std::uint16_t id) {
    const Subscribe::Entry entries[]{{"t", QoS::at_most_once}};
    s.c(Subscribe{id, {}, entries});
}
Publish with(std::span<const Property> list, Text topic = "t") { return {.topic = topic, .properties = list}; }

/// An answer of more than 30 octets, the server's maximum.
template <class P> void long_answer(Scene& s, std::uint32_t property_id) {
    static const std::string words(40, 'w');
    const Property text[]{{property::reason_string, Text(words)}}, pair[]{{property::user_property, Text("why"), Text(words)}};
    P p{};
    if constexpr (requires { p.packet_id; }) p.packet_id = 1;
    if constexpr (P::type == Type::auth) p.reason = 0x19;
    std::vector<Property> list{property_id == property::reason_string ? text[0] : pair[0]};
    if constexpr (P::type == Type::auth) list.push_back(scram[0]);
    p.properties = std::span<const Property>(list);
    s.c(p);
}
template <class P> Broken too_long(std::string_view statement, std::uint32_t id, std::function<void(Scene&)> before) {
    return {v5, statement, [=](Scene& s) {
        if (P::type == Type::auth) s.connect(with_method(scram), false, {{property::maximum_packet_size, 30u}});
        else s.hello({{property::maximum_packet_size, 30u}});
        before(s);
        long_answer<P>(s, id);
    }};
}

void add_connecting(std::vector<Broken>& all) {
    for (const Version v : {v4, v5}) {
        all.push_back({v, "MQTT-3.1.0-1", [](Scene& s) { s.c(Pingreq{}); }});
        all.push_back({v, "MQTT-3.1.0-2", [](Scene& s) { s.hello(), s.hello(); }});
        all.push_back({v, v == v4 ? "MQTT-3.14.4-2" : "MQTT-3.14.4-1", [](Scene& s) {
            s.hello();
            s.raw(encode(Disconnect{}, s.version) + encode(Pingreq{}, s.version));
        }});
        all.push_back({v, v == v4 ? "MQTT-3.1.2-23" : "MQTT-3.1.2-20", [](Scene& s) {
            s.connect({.keep_alive = 10, .client_id = "c"});
            s.now += 15s;
            s.c(Pingreq{});
        }});
    }
    all.push_back({v4, "MQTT-3.1.3-7", [](Scene& s) {
        s.c(Connect{.level = 4, .clean_start = false});
    }});
    all.push_back({v5, "MQTT-3.1.2-30", [](Scene& s) { begin(s), s.c(Pingreq{}); }});
    all.push_back({v5, "MQTT-4.12.0-7", [](Scene& s) { s.hello(), auth(s, 0x19, "SCRAM"); }});
    all.push_back({v5, "MQTT-4.12.0-5", [](Scene& s) { begin(s), auth(s, 0x18, "OTHER"); }});
    all.push_back({v5, "MQTT-4.12.0-5", [](Scene& s) { online(s), s.c(Auth{0x19, {}}); }});
    all.push_back({v5, "MQTT-4.12.0-3", [](Scene& s) { begin(s), auth(s, 0x19, "SCRAM"); }});
    all.push_back({v5, "MQTT-4.12.1-1", [](Scene& s) { online(s), auth(s, 0x19, "OTHER"); }});
    all.push_back({v5, "X-3.14.2-session-expiry-raised", [](Scene& s) {
        s.hello();
        const Property expiry[]{{property::session_expiry_interval, 1u}};
        s.c(Disconnect{0, expiry});
    }});
}

void add_limits(std::vector<Broken>& all) {
    all.push_back({v5, "MQTT-3.2.2-11", [](Scene& s) {
        s.hello({{property::maximum_qos, 1u}});
        s.publish(q2, 1);
    }});
    all.push_back({v5, "MQTT-3.2.2-14", [](Scene& s) {
        s.hello({{property::retain_available, 0u}});
        s.c(Publish{.retain = true, .topic = "t"});
    }});
    all.push_back({v5, "MQTT-3.2.2-15", [](Scene& s) {
        s.hello({{property::maximum_packet_size, 30u}});
        s.publish(QoS::at_most_once, 0, false, std::string(30, 'x'));
    }});
    const auto alias = [](std::uint32_t maximum, std::uint32_t used) {
        return [=](Scene& s) {
            if (maximum) s.hello({{property::topic_alias_maximum, maximum}});
            else s.hello();
            const Property list[]{{property::topic_alias, used}};
            s.c(with(list));
        };
    };
    all.push_back({v5, "MQTT-3.2.2-17", alias(2, 3)});
    all.push_back({v5, "MQTT-3.2.2-18", alias(0, 1)});
    all.push_back({v5, "X-3.3.2-alias-unknown", [](Scene& s) {
        s.hello({{property::topic_alias_maximum, 5u}});
        const Property list[]{{property::topic_alias, 5u}};
        s.c(with(list, ""));
    }});
    all.push_back({v5, "MQTT-3.3.4-6", [](Scene& s) {
        s.hello();
        const Property list[]{{property::subscription_identifier, 5u}};
        s.c(with(list));
    }});
    all.push_back({v5, "MQTT-3.3.4-7", [](Scene& s) {
        s.hello({{property::receive_maximum, 2u}});
        s.publish(q1, 1), s.publish(q2, 2), s.publish(q1, 3);
    }});
    all.push_back({v5, "MQTT-3.3.4-7", [](Scene& s) {  // what an earlier connection left is not counted
        s.keep(true), s.publish(q2, 1), s.s(mqtt::Pubrec{1});
        s.come_back(true, {{property::receive_maximum, 1u}});
        s.c(mqtt::Pubrel{1}), s.s(mqtt::Pubcomp{1}), s.publish(q1, 2), s.publish(q1, 3);
    }});
    const auto delivered = [](QoS qos) { return [=](Scene& s) { s.deliver(qos, 1); }; };
    const auto received = [](Scene& s) { s.publish(q2, 1), s.s(Pubrec{1}); };
    const auto completing = [](Scene& s) { s.deliver(q2, 1), s.c(Pubrec{1}), s.s(Pubrel{1}); };
    const auto nothing = [](Scene&) {};
    using namespace property;
    all.push_back(too_long<Puback>("MQTT-3.4.2-2", reason_string, delivered(q1)));
    all.push_back(too_long<Puback>("MQTT-3.4.2-3", user_property, delivered(q1)));
    all.push_back(too_long<Pubrec>("MQTT-3.5.2-2", reason_string, delivered(q2)));
    all.push_back(too_long<Pubrec>("MQTT-3.5.2-3", user_property, delivered(q2)));
    all.push_back(too_long<Pubrel>("MQTT-3.6.2-2", reason_string, received));
    all.push_back(too_long<Pubrel>("MQTT-3.6.2-3", user_property, received));
    all.push_back(too_long<Pubcomp>("MQTT-3.7.2-2", reason_string, completing));
    all.push_back(too_long<Pubcomp>("MQTT-3.7.2-3", user_property, completing));
    all.push_back(too_long<Disconnect>("MQTT-3.14.2-3", reason_string, nothing));
    all.push_back(too_long<Disconnect>("MQTT-3.14.2-4", user_property, nothing));
    all.push_back(too_long<Auth>("MQTT-3.15.2-2", reason_string, nothing));
    all.push_back(too_long<Auth>("MQTT-3.15.2-3", user_property, nothing));
}

void add_sending(std::vector<Broken>& all, Version v) {
    const auto in = [&](const char* v3, const char* in5, std::function<void(Scene&)> play) {
        all.push_back({v, v == v4 ? v3 : in5, std::move(play)});
    };
    constexpr auto used4 = "MQTT-2.3.1-2", used5 = "MQTT-2.2.1-3";
    in(used4, used5, [](Scene& s) { s.hello(), s.publish(q1, 1), s.publish(q1, 1, false, "other"); });
    in(used4, used5, [](Scene& s) { s.hello(), s.publish(q1, 1), s.publish(q1, 1); });
    in(used4, used5, [](Scene& s) { s.hello(), s.publish(q2, 1), s.s(Pubrec{1}), s.publish(q1, 1); });
    in(used4, used5, [](Scene& s) { s.hello(), s.publish(q1, 1), subscribe(s, 1); });
    in(used4, used5, [](Scene& s) { s.hello(), subscribe(s, 1), subscribe(s, 1); });
    in(used4, used5, [](Scene& s) { s.hello(), subscribe(s, 1), s.publish(q1, 1); });
    in(used4, used5, [](Scene& s) { s.keep(true), s.publish(q1, 1), s.come_back(), s.publish(q1, 1, false, "new"); });
    in("MQTT-4.3.2-1", "MQTT-4.3.2-2", [](Scene& s) { s.hello(), s.publish(q1, 1, true); });
    in("MQTT-4.3.3-1", "MQTT-4.3.3-2", [](Scene& s) { s.hello(), s.publish(q2, 1, true); });
    in("MQTT-4.3.3-1", "MQTT-4.3.3-3", [](Scene& s) { s.hello(), s.publish(q2, 1), s.c(Pubrel{1}); });
    in("MQTT-4.3.3-1", "MQTT-4.3.3-6", [](Scene& s) {
        s.hello(), s.publish(q2, 1), s.s(Pubrec{1}), s.c(Pubrel{1}), s.publish(q2, 1, true);
    });
    in("MQTT-4.3.3-1", "MQTT-4.3.3-6", [](Scene& s) {
        s.keep(true), s.publish(q2, 1), s.s(Pubrec{1}), s.c(Pubrel{1}), s.come_back(), s.publish(q2, 1, true);
    });
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.c(Pubrel{7}); });
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.publish(q1, 7), s.c(Pubrel{7}); });
    in("MQTT-3.3.1-1", "MQTT-3.3.1-1", [](Scene& s) { s.keep(true), s.publish(q1, 1), s.come_back(), s.publish(q1, 1); });
    in("MQTT-4.6.0-1", "MQTT-4.6.0-1", [](Scene& s) {
        s.keep(true), s.publish(q1, 5), s.publish(q2, 3), s.come_back(), s.publish(q2, 3, true), s.publish(q1, 5, true);
    });
    in("MQTT-4.6.0-4", "MQTT-4.6.0-4", [](Scene& s) {
        s.hello(), s.publish(q2, 1), s.publish(q2, 2), s.s(Pubrec{1}), s.s(Pubrec{2}), s.c(Pubrel{2});
    });
    in("MQTT-4.4.0-1", "MQTT-4.4.0-1", [](Scene& s) {
        s.keep(true), s.publish(q1, 1), s.come_back();
        s.now += 11s;
        s.c(Disconnect{});
    });
    if (v == v4) return;
    in("", "MQTT-4.4.0-1", [](Scene& s) { s.hello(), s.publish(q1, 1), s.publish(q1, 1, true); });
    in("", "MQTT-4.4.0-1", [](Scene& s) { s.hello(), s.publish(q1, 1), s.s(Puback{1}), s.publish(q1, 1, true); });
    in("", "MQTT-4.4.0-1", [](Scene& s) { s.hello(), s.publish(q2, 1), s.s(Pubrec{1}), s.c(Pubrel{1}), s.c(Pubrel{1}); });
    in("", "MQTT-4.4.0-2", [](Scene& s) { s.hello(), s.publish(q1, 1), s.s(Puback{1, 0x87}), s.publish(q1, 1, true); });
    in("", "MQTT-4.4.0-2", [](Scene& s) { s.hello(), s.publish(q2, 1), s.s(Pubrec{1, 0x87}), s.publish(q2, 1, true); });
}

void add_receiving(std::vector<Broken>& all, Version v) {
    const auto in = [&](const char* v3, const char* in5, std::function<void(Scene&)> play) {
        all.push_back({v, v == v4 ? v3 : in5, std::move(play)});
    };
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.c(Puback{1}); });
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.deliver(q1, 1), s.c(Puback{2}); });
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.deliver(q1, 1), s.c(Puback{1}), s.c(Puback{1}); });
    in("MQTT-2.3.1-6", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.c(Pubrec{1}); });
    in("MQTT-4.3.3-2", "MQTT-2.2.1-5", [](Scene& s) { s.hello(), s.c(Pubcomp{1}); });
    in("MQTT-4.3.3-2", "MQTT-4.3.3-11", [](Scene& s) { s.hello(), s.deliver(q2, 1), s.c(Pubrec{1}), s.c(Pubcomp{1}); });
    in("MQTT-3.3.4-1", "MQTT-3.3.4-1", [](Scene& s) { s.hello(), s.deliver(q1, 1), s.c(Pubrec{1}); });
    in("MQTT-3.3.4-1", "MQTT-3.3.4-1", [](Scene& s) { s.hello(), s.deliver(q2, 1), s.c(Puback{1}); });
    in("MQTT-4.6.0-2", "MQTT-4.6.0-2", [](Scene& s) { s.hello(), s.deliver(q1, 1), s.deliver(q1, 2), s.c(Puback{2}), s.c(Puback{1}); });
    in("MQTT-4.6.0-3", "MQTT-4.6.0-3", [](Scene& s) { s.hello(), s.deliver(q2, 1), s.deliver(q2, 2), s.c(Pubrec{2}), s.c(Pubrec{1}); });
}

}  // namespace

std::vector<Broken> broken_rules() {
    std::vector<Broken> all;
    add_connecting(all);
    add_limits(all);
    for (const Version v : {v4, v5}) add_sending(all, v), add_receiving(all, v);
    return all;
}

}  // namespace reference::test
