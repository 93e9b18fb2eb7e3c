// Scenes about publishing, delivering, retaining and subscribing.
#include "reference/tests/scenes.hpp"

namespace reference::test {
namespace {

void acknowledgements(Net& net, Version v) {
    Client& c = hello(net, v, "c");
    for (unsigned qos = 0; qos <= 2; ++qos) c.raw(publish_bytes(v, "t", "x", qos));
    c.raw(publish_bytes(v, "no", "x", 1));
    c.send(mqtt::Pubrel{1});
    c.raw(publish_bytes(v, "t", "x", 2));  // the same identifier once more
    c.send(mqtt::Pubrel{9});
    c.send(mqtt::Pubrec{9});
}

void repeats_of_clients(Net& net, Version v) {
    ear(net, v, "t", 0);
    Client& c = hello(net, v, "c", true);
    c.raw(publish_bytes(v, "t", "a", 1, 5) + publish_bytes(v, "t", "b", 1, 5, false, {}, true));
    c.raw(publish_bytes(v, "t", "c", 2, 6) + publish_bytes(v, "t", "c", 2, 6, false, {}, true));
    c.cut();
    Client& again = hello(net, v, "c", true);
    again.raw(publish_bytes(v, "t", "c", 2, 6, false, {}, true));
    again.send(mqtt::Pubrel{6});
    again.raw(publish_bytes(v, "t", "d", 2, 6));
}

void deliveries(Net& net, Version v) {
    for (unsigned granted = 0; granted <= 2; ++granted) {
        Client& c = hello(net, v, "c" + std::to_string(granted));
        c.raw(subscribe_bytes(v, "t", granted));
        for (unsigned qos = 0; qos <= 2; ++qos) hello(net, v, "mouth").raw(publish_bytes(v, "t", "x", qos));
        c.send(mqtt::Pubrec{2});
    }
    hello(net, v, "mouth").raw(publish_bytes(v, "t", "x", 1, 7, false, {}, true));
}

void topics(Net& net, Version v) {
    for (const char* filter : {"#", "+/x", "a/#", "+",
                               "\xef\xbb\xbf"
                               "b",
                               "A/x"}) {
        Client& c = hello(net, v, filter[0] == '\xef' ? "bom" : filter);
        c.raw(subscribe_bytes(v, filter));
    }
    Client& mouth = hello(net, v, "mouth");
    for (const char* topic : {"$s/x", "a", "a/x",
                              "\xef\xbb\xbf"
                              "b"})
        mouth.raw(publish_bytes(v, topic, "x", 0, 1, true));
    hello(net, v, "late").raw(subscribe_bytes(v, "#"));
}

void retained(Net& net, Version v) {
    ear(net, v);
    Client& mouth = hello(net, v, "mouth");
    mouth.raw(publish_bytes(v, "a", "1", 1, 1, true) + publish_bytes(v, "a", "2", 1, 1, true));
    mouth.raw(publish_bytes(v, "a", "3", 1, 1, false));
    mouth.raw(publish_bytes(v, "b", "1", 1, 1, true) + publish_bytes(v, "b", "", 1, 1, true));
    mouth.cut();
    Client& late = hello(net, v, "late");
    for (unsigned handling = 0; handling <= 2; ++handling)
        for (int i = 0; i < 2; ++i) late.raw(subscribe_bytes(v, "#", 1, v == Version::v5 ? handling << 4 | 8 : 0));
    hello(net, v, "again").raw(publish_bytes(v, "a", "4", 0, 1, true));
}

void subscribe_answers(Net& net, Version v) {
    Client& c = hello(net, v, "c");
    const mqtt::Subscribe::Entry entries[]{{.filter = "a", .qos = QoS(2)}, {.filter = "b"}};
    const mqtt::Unsubscribe::Filter filters[]{{"a"}, {"b"}, {"never"}}, unknown[]{{"never"}}, wide[]{{"x/#"}};
    c.send(mqtt::Subscribe{65'535, {}, entries});
    c.raw(subscribe_bytes(v, "a", 1));
    c.raw(subscribe_bytes(v, "x/y"));
    c.send(mqtt::Unsubscribe{1, {}, wide});
    Client& mouth = hello(net, v, "mouth");
    mouth.raw(publish_bytes(v, "a", "1", 2) + publish_bytes(v, "x/y", "1"));
    c.send(mqtt::Unsubscribe{65'535, {}, filters});
    c.send(mqtt::Unsubscribe{1, {}, unknown});
    mouth.raw(publish_bytes(v, "a", "2") + publish_bytes(v, "b", "2"));
}

void overlaps(Net& net, Version v) {
    Client& c = hello(net, v, "c");
    c.raw(subscribe_bytes(v, "a/#", 2, 0, v == Version::v5 ? 1 : 0));
    c.raw(subscribe_bytes(v, "a/b", 0, 0, v == Version::v5 ? 2 : 0));
    hello(net, v, "mouth").raw(publish_bytes(v, "a/b", "x", 2));
    if (v != Version::v5) return;
    c.raw(subscribe_bytes(v, "own", 0, 4));
    c.raw(publish_bytes(v, "own", "x"));
}

void properties(Net& net, Version v) {
    ear(net, v);
    const std::vector<Property> list{{property::payload_format_indicator, 1u}, {property::content_type, "text"},
                                     {property::response_topic, "r"},          {property::correlation_data, "c"},
                                     {property::user_property, "a", "1"},      {property::user_property, "a", "2"}};
    Client& mouth = hello(net, v, "mouth", true);
    mouth.raw(publish_bytes(v, "t", "x", 0, 1, false, list));
    const std::vector<Property> alias{{property::topic_alias, 1u}};
    mouth.raw(publish_bytes(v, "t", "x", 0, 1, false, alias));
    mouth.cut();
    hello(net, v, "mouth", true).raw(publish_bytes(v, "", "x", 0, 1, false, alias));
    Client& keen = hello(net, v, "keen", false, {{property::topic_alias_maximum, 1u}});
    keen.raw(subscribe_bytes(v, "k"));
    keen.raw(publish_bytes(v, "k", "x"));
}

void expiry(Net& net, Version v) {
    Client& c = ear(net, v);
    const std::vector<Property> short_lived{{property::message_expiry_interval, 2u}},
        long_lived{{property::message_expiry_interval, 20u}};
    Client& mouth = hello(net, v, "mouth");
    mouth.raw(publish_bytes(v, "t", "begun", 2, 1, false, short_lived));
    net.pass(3s);
    c.send(mqtt::Pubrec{1});
    c.cut();
    mouth.raw(publish_bytes(v, "t", "x", 1, 1, false, short_lived) +
              publish_bytes(v, "t", "y", 1, 1, false, long_lived));
    net.pass(3s);
    hello(net, v, "ear", true);
}

void quotas(Net& net, Version v) {
    Client& c = hello(net, v, "c", false, {{property::receive_maximum, 1u}});
    c.raw(subscribe_bytes(v, "t"));
    Client& mouth = hello(net, v, "mouth");
    for (std::uint16_t id = 1; id <= 3; ++id) mouth.raw(publish_bytes(v, "t", "x", 2, id));
    c.raw(std::string("\xc0\0", 2));
    for (std::uint16_t id = 4; id <= 300; ++id) mouth.raw(publish_bytes(v, "other", "x", 2, id));
}

void shares(Net& net, Version v) {
    if (v != Version::v5) return;
    Client &a = hello(net, v, "a", true), &b = hello(net, v, "b", true);
    for (Client* each : {&a, &b}) each->raw(subscribe_bytes(v, "$share/g/t", 2));
    hello(net, v, "low").raw(subscribe_bytes(v, "$share/h/t", 0));
    Client& mouth = hello(net, v, "mouth");
    mouth.raw(publish_bytes(v, "t", "x", 2, 1));
    mouth.raw(publish_bytes(v, "t", "y", 1, 1));
    b.send(mqtt::Puback{1, 0x87});
    a.cut();
    net.pass(61s);
}

constexpr Scene of_messages[]{{"acknowledgements", acknowledgements},
                              {"repeats of clients", repeats_of_clients},
                              {"deliveries", deliveries},
                              {"topics", topics},
                              {"retained", retained},
                              {"subscribe answers", subscribe_answers},
                              {"overlaps", overlaps},
                              {"properties", properties},
                              {"expiry", expiry},
                              {"quotas", quotas},
                              {"shares", shares}};

}  // namespace

std::span<const Scene> message_scenes() { return of_messages; }

}  // namespace reference::test
