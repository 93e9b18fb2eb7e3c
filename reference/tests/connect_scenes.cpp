// Scenes about CONNECT, faults of the format, and how connections end.
#include "reference/tests/scenes.hpp"

namespace reference::test {
namespace {

std::string patched(std::string bytes, std::size_t at, unsigned value) {
    bytes.at(at) = static_cast<char>(value);
    return bytes;
}
std::string flagged(const std::string& bytes) { return patched(bytes, 0, static_cast<unsigned char>(bytes[0]) ^ 1u); }
std::string connect_with_flags(Version v, unsigned flags) { return patched(connect_bytes(v), 9, flags); }

mqtt::Connect base(Version v) { return {.level = static_cast<std::uint8_t>(v), .keep_alive = 0, .client_id = "c"}; }

// Each on a connection of its own, as the first packet.
void first_packets(Net& net, Version v) {
    const auto with_will = [&](std::string_view topic, QoS qos = {}) {
        auto c = base(v);
        c.will = mqtt::Will{.qos = qos, .topic = topic, .payload = "gone"};
        return mqtt::encode(c, v);
    };
    auto user = base(v), password = base(v);
    user.user_name = "\xff";
    password.password = "p";
    std::string five_props = v == Version::v5 ? std::string(1, '\0') : "";
    const std::string no_id = std::string("\x10", 1) + char(10 + five_props.size()) + std::string("\0\4MQTT", 6) +
                              char(v) + std::string("\2\0\0", 3) + five_props;
    auto longer = connect_bytes(v) + std::string("\0\1x", 3);
    longer[1] = static_cast<char>(longer[1] + 3);
    const std::string packets[]{std::string("\xc0\0", 2) + connect_bytes(v),
                                flagged(connect_bytes(v)),
                                connect_with_flags(v, 3),
                                connect_with_flags(v, 0x0a),
                                connect_with_flags(v, 0x22),
                                connect_with_flags(v, 0x82),
                                with_will("w", QoS(3)),
                                with_will("w/#"),
                                with_will("\xff"),
                                mqtt::encode(user, v),
                                mqtt::encode(password, v),
                                connect_with_flags(v, 0x06),
                                no_id,
                                longer,
                                connect_bytes(v, "\xff"),
                                patched(connect_bytes(v), 7, 'X'),
                                patched(connect_bytes(v), 8, 1),
                                patched(connect_bytes(v), 8, 9)};
    for (const auto& packet : packets) {
        Client& c = net.dial(v);
        c.raw(packet);
        if (!c.closed) c.cut();
    }
    auto both = base(v);  // announces a password, but has none
    both.user_name = "user";
    net.dial(v).raw(patched(mqtt::encode(both, v), 9, 0xc2));
}

void ids(Net& net, Version v) {
    net.greet(v, {.id = "", .clean = false});
    net.greet(v, {.id = ""});
    net.greet(v, {.id = ""});
    net.greet(v, {.id = "12345678901234567890123"});
    hello(net, v, "abc", true);
    hello(net, v, "ABC", true);
}

void refusals(Net& net, Version v) {
    ear(net, v);
    Client& c = net.dial(v);
    c.raw(patched(connect_bytes(v), 8, 1) + publish_bytes(v, "t", "x"));
    net.greet(v, {.id = "bad"});
    net.greet(v, {.id = "bad", .properties = {{property::maximum_packet_size, 10u}}});
    hello(net, v, "m", false, {{property::authentication_method, "NONE"}});
}

void session_present(Net& net, Version v) {
    ear(net, v).cut();
    ear(net, v).cut();
    hello(net, v, "ear").cut();
    hello(net, v, "ear", true).cut();
}

void second_connect(Net& net, Version v) { hello(net, v, "c").raw(connect_bytes(v)); }

void takeover(Net& net, Version v) {
    ear(net, v);
    net.greet(v, {.id = "c", .will = mqtt::Will{.topic = "w", .payload = "gone"}});
    hello(net, v, "c");
}

void keep_alive(Net& net, Version v) {
    ear(net, v, "a");
    Client& c = net.greet(v, {.id = "c", .keep_alive = 2, .will = mqtt::Will{.topic = "a", .payload = "gone"}});
    c.raw(subscribe_bytes(v, "b"));
    Client& mouth = net.greet(v, {.id = "mouth", .keep_alive = 60});
    for (int i = 0; i < 5; ++i) {
        net.pass(1s);
        mouth.raw(publish_bytes(v, "b", "x"));
    }
    net.pass(20s);
    mouth.raw(std::string("\xc0\0", 2));
}

void asked_for(Net& net, Version v) {
    Client& c = hello(net, v, "c", false, {{property::request_problem_information, 0u}});
    c.raw(publish_bytes(v, "t", "x", 1));
    c.raw(std::string("\xf0\0", 2));
}

std::string unsubscribe_bytes(Version v, std::string_view filter) {
    const mqtt::Unsubscribe::Filter filters[]{{filter}};
    return mqtt::encode(mqtt::Unsubscribe{1, {}, filters}, v);
}

std::vector<std::string> faulty_publishes(Version v) {
    return {publish_bytes(v, "t/#", "x"),
            publish_bytes(v, "t\xff", "x"),
            publish_bytes(v, {"t\0", 2}, "x"),
            publish_bytes(v, "", "x"),
            publish_bytes(v, "t", "x", 3),
            publish_bytes(v, "t", "x", 1, 0),
            flagged(mqtt::encode(mqtt::Puback{1}, v)),
            flagged(mqtt::encode(mqtt::Pubrec{1}, v)),
            flagged(mqtt::encode(mqtt::Pubrel{1}, v)),
            flagged(mqtt::encode(mqtt::Pubcomp{1}, v))};
}

std::vector<std::string> faulty_requests(Version v) {
    auto odd = subscribe_bytes(v, "t");
    odd.back() = static_cast<char>(odd.back() | (v == Version::v5 ? 0x40 : 0x04));
    const auto good = subscribe_bytes(v, "t"), bye = unsubscribe_bytes(v, "t");
    return {odd,
            flagged(good),
            flagged(bye),
            patched(good, 3, 0),
            patched(bye, 3, 0),
            subscribe_bytes(v, "t", 3),
            subscribe_bytes(v, "\xff"),
            subscribe_bytes(v, {"a\0", 2}),
            subscribe_bytes(v, ""),
            subscribe_bytes(v, "a#"),
            subscribe_bytes(v, "a+"),
            mqtt::encode(mqtt::Subscribe{1}, v),
            mqtt::encode(mqtt::Unsubscribe{1}, v),
            unsubscribe_bytes(v, "\xff"),
            std::string("\xc1\0\xe0\0", 4),
            std::string("\xe1\0", 2),
            std::string("\0\0", 2)};
}

std::vector<std::string> faulty_packets_of_5() {
    constexpr Version v = Version::v5;
    std::vector<std::string> packets{subscribe_bytes(v, "$share//t"), subscribe_bytes(v, "$share/g+/t"),
                                     subscribe_bytes(v, "$share/g/t", 0, 4),
                                     publish_bytes(v, "t", std::string(1 << 20, 'x'))};
    const std::vector<Property> lists[]{{{property::response_topic, "r/#"}},
                                        {{property::response_topic, "\xff"}},
                                        {{property::content_type, "\xff"}},
                                        {{property::user_property, "\xff", "v"}},
                                        {{property::content_type, "a"}, {property::content_type, "b"}},
                                        {{property::topic_alias, 0u}},
                                        {{property::topic_alias, 16u}},  // this one is right
                                        {{property::topic_alias, 17u}},
                                        {{property::subscription_identifier, 1u}}};
    for (const auto& list : lists) packets.push_back(publish_bytes(v, "t", "x", 0, 1, false, list));
    packets.push_back(publish_bytes(v, "t", "x", 0, 1, false, {{0x7e, std::string_view("\1\2", 2)}}));
    packets.push_back(publish_bytes(v, "t", "x", 0, 1, false, {{property::receive_maximum, 5u}}));
    packets.push_back(publish_bytes(v, "t", "x", 0, 1, false, {{property::payload_format_indicator, 2u}}));
    packets.push_back(mqtt::encode(mqtt::Puback{1, 0x05}, v));
    packets.push_back(mqtt::encode(mqtt::Pubrec{1, 0x05}, v));
    packets.push_back(mqtt::encode(mqtt::Pubrel{1, 0x05}, v));
    packets.push_back(mqtt::encode(mqtt::Pubcomp{1, 0x05}, v));
    return packets;
}

// Each on a connection of its own; its will tells how that ended, a listener what was let through.
void faulty_packets(Net& net, Version v) {
    ear(net, v);
    net.greet(v, {.id = "d", .will = mqtt::Will{.qos = QoS::exactly_once, .topic = "w"}}).cut();
    net.greet(v, {.id = "d", .will = mqtt::Will{.retain = true, .topic = "w"}}).cut();
    auto packets = faulty_publishes(v);
    for (auto& packet : faulty_requests(v)) packets.push_back(packet);
    if (v == Version::v5)
        for (auto& packet : faulty_packets_of_5()) packets.push_back(packet);
    for (const auto& packet : packets) {
        Client& c = net.greet(v, {.id = "c", .will = mqtt::Will{.topic = "w", .payload = "gone"}});
        c.raw(packet);
        c.raw(std::string("\xc0\0", 2));
        if (!c.closed) c.send(mqtt::Disconnect{});
    }
}

void small_clients(Net& net, Version v) {
    const Property small{property::maximum_packet_size, 25u};
    Client& c = hello(net, v, "c", false, {small});
    c.raw(publish_bytes(v, "t", "x", 1));
    c.raw(publish_bytes(v, "t", "x", 2));
    c.raw(mqtt::encode(mqtt::Pubrel{9}, v) + mqtt::encode(mqtt::Pubrec{9}, v));
    const mqtt::Unsubscribe::Filter filters[]{{"never"}};
    c.send(mqtt::Unsubscribe{1, {}, filters});
    c.raw(subscribe_bytes(v, "no"));
    c.raw(subscribe_bytes(v, "t"));
    Client& mouth = hello(net, v, "mouth");
    mouth.raw(publish_bytes(v, "t", "much too large for this client", 1));
    mouth.raw(publish_bytes(v, "t", "fits", 1));
    c.raw(std::string("\xd0\0", 2));
}

constexpr Scene of_connects[]{{"first packets", first_packets},
                              {"ids", ids},
                              {"refusals", refusals},
                              {"session present", session_present},
                              {"second connect", second_connect},
                              {"takeover", takeover},
                              {"keep alive", keep_alive},
                              {"asked for", asked_for},
                              {"faulty packets", faulty_packets},
                              {"small clients", small_clients}};

}  // namespace

std::span<const Scene> connect_scenes() { return of_connects; }

}  // namespace reference::test
