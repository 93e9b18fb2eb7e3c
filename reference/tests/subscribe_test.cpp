#include <algorithm>

#include "codec/topics.hpp"
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

class Subscribing : public BothVersions {};
BOTH_VERSIONS(Subscribing);

TEST_P(Subscribing, TheTreeAgreesWithTheCodec) {
    const char* filters[]{"#",   "+",    "a",     "a/#",  "a/+",  "+/+", "+/b",     "/",  "/+",
                          "+/#", "a//b", "a/+/c", "$x/#", "$x/+", "A",   "a/b/c/#", "//", "+/+/#"};
    const char* names[]{"a", "a/b", "a/b/c", "/", "/a", "a/", "a//b", "$x", "$x/y", "b", "a/b/c/d", "//"};
    for (const char* filter : filters)
        for (const char* name : names)
            for (bool retained : {false, true}) {
                Net net;
                Client& ear = net.connect(v, "ear");
                Client& mouth = net.connect(v, "mouth");
                if (!retained) ear.subscribe(filter);
                mouth.send(message(name, "x", QoS::at_most_once, 0, retained));
                if (retained) ear.subscribe(filter);
                EXPECT_EQ(!ear.quiet(), mqtt::matches(filter, name)) << filter << " " << name << " " << retained;
            }
}

TEST_P(Subscribing, SeveralFiltersGetSeveralCodes) {
    Settings settings;
    settings.allowed = [](const Request& r) { return r.action != Action::subscribe || r.topic != "no"; };
    Net net(settings);
    Client& c = net.connect(v, "c");
    const mqtt::Subscribe::Entry entries[]{{.filter = "a", .qos = QoS(2)},
                                           {.filter = "no", .qos = QoS(1)},
                                           {.filter = "b"},
                                           {.filter = "a", .qos = QoS(1)}};
    c.send(mqtt::Subscribe{65'535, {}, entries});
    const auto suback = c.take<mqtt::Suback>();
    EXPECT_EQ(suback.packet_id, 65'535);
    std::vector<int> codes;
    for (const auto& code : suback.codes) codes.push_back(code.value);
    EXPECT_EQ(codes, (std::vector<int>{2, code(0x80, 0x87), 0, 1}));
    EXPECT_EQ(net.broker.counts().subscriptions, 2u);
}

TEST_P(Subscribing, AgainReplaces) {
    Net net;
    Client& ear = net.connect(v, "ear");
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("t", "r", QoS::at_least_once, 1, true));
    ear.subscribe("t", QoS::exactly_once);
    EXPECT_EQ(ear.take<mqtt::Publish>().qos, QoS::at_least_once);
    ear.subscribe("t", QoS::at_most_once);
    EXPECT_EQ(ear.take<mqtt::Publish>().qos, QoS::at_most_once);
    mouth.send(message("t", "x", QoS::at_least_once, 1));
    EXPECT_EQ(ear.take<mqtt::Publish>().qos, QoS::at_most_once);
    EXPECT_TRUE(ear.quiet());
}

TEST_P(Subscribing, OverlapsGiveOneCopyAtTheHighestQos) {
    Net net;
    Client& ear = net.connect(v, "ear");
    ear.subscribe("a/#", QoS::at_most_once);
    ear.subscribe("a/+", QoS::exactly_once);
    ear.subscribe("a/b", QoS::at_least_once);
    net.connect(v, "mouth").send(message("a/b", "x", QoS::exactly_once, 1));
    EXPECT_EQ(ear.take<mqtt::Publish>().qos, QoS::exactly_once);
    EXPECT_TRUE(ear.quiet());
}

TEST_P(Subscribing, OverlapsMayGiveACopyEach) {
    Settings settings;
    settings.style.overlap = Overlap::copy_each;
    Net net(settings);
    Client& ear = net.connect(v, "ear");
    ear.subscribe("a/#", QoS::at_most_once);
    ear.subscribe("a/b", QoS::at_least_once);
    net.connect(v, "mouth").send(message("a/b", "x", QoS::exactly_once, 1));
    const auto one = ear.take<mqtt::Publish>(), two = ear.take<mqtt::Publish>();
    EXPECT_NE(one.qos, two.qos);
}

TEST_P(Subscribing, UnsubscribeTakesTheVeryFilterOnly) {
    Net net;
    Client& c = net.connect(v, "c");
    c.subscribe("a/+");
    c.subscribe("b");
    const mqtt::Unsubscribe::Filter filters[]{{"a/b"}, {"a/#"}, {"b"}};
    c.send(mqtt::Unsubscribe{9, {}, filters});
    const auto unsuback = c.take<mqtt::Unsuback>();
    EXPECT_EQ(unsuback.packet_id, 9);
    std::vector<int> codes;
    for (const auto& code : unsuback.codes) codes.push_back(code.value);
    EXPECT_EQ(codes, v5() ? (std::vector<int>{0x11, 0x11, 0}) : std::vector<int>{});
    Client& mouth = net.connect(v, "mouth");
    mouth.send(message("b", "x"));
    EXPECT_TRUE(c.quiet());
    mouth.send(message("a/b", "y"));
    EXPECT_EQ(c.take<mqtt::Publish>().payload, "y");
}

TEST_P(Subscribing, UnsubscribeLetsBegunDeliveriesFinish) {
    Net net;
    Client& c = net.persistent(v, "c");
    c.subscribe("t");
    net.connect(v, "mouth").send(message("t", "x", QoS::exactly_once, 1));
    const auto id = c.take<mqtt::Publish>().packet_id;
    const mqtt::Unsubscribe::Filter filters[]{{"t"}};
    c.send(mqtt::Unsubscribe{9, {}, filters});
    c.take<mqtt::Unsuback>();
    c.cut();
    Client& again = net.persistent(v, "c");
    EXPECT_EQ(again.take<mqtt::Publish>().packet_id, id);
    again.send(mqtt::Pubrec{id});
    again.take<mqtt::Pubrel>();
}

TEST_P(Subscribing, FaultsClose) {
    const auto one = [&](std::string_view filter) {
        const mqtt::Subscribe::Entry entries[]{{.filter = filter}};
        return mqtt::encode(mqtt::Subscribe{1, {}, entries}, v);
    };
    const std::string faults[]{one("a#"),
                               one("a/#/b"),
                               one("a+"),
                               one(""),
                               one("a\xc0\x80"),
                               one(std::string_view("a\0", 2)),
                               mqtt::encode(mqtt::Subscribe{1}, v),
                               mqtt::encode(mqtt::Unsubscribe{1}, v),
                               std::string("\x80\0", 2)};
    for (const auto& fault : faults) {
        Net net;
        Client& c = net.connect(v, "c");
        c.raw(fault);
        EXPECT_TRUE(c.closed);
        EXPECT_EQ(net.broker.counts().subscriptions, 0u);
        EXPECT_EQ(c.frames.size(), v5() ? 1u : 0u);
    }
}

TEST_P(Subscribing, BadFiltersMayFailInsteadOfClosing) {
    Settings settings;
    settings.style.fail_bad_filters = true;
    Net net(settings);
    Client& c = net.connect(v, "c");
    EXPECT_EQ(c.subscribe("a#"), std::string(1, static_cast<char>(code(0x80, 0x8f))));
    EXPECT_EQ(c.subscribe("a/#"), std::string(1, '\2'));
    EXPECT_EQ(net.broker.counts().subscriptions, 1u);
}

TEST_P(Subscribing, GrantsMayBeLower) {
    Settings settings;
    settings.style.grant_at_most = QoS::at_least_once;
    Net net(settings);
    Client& c = net.connect(v, "c");
    EXPECT_EQ(c.subscribe("t"), std::string(1, '\1'));
    net.connect(v, "mouth").send(message("t", "x", QoS::exactly_once, 1));
    EXPECT_EQ(c.take<mqtt::Publish>().qos, QoS::at_least_once);
}

TEST_P(Subscribing, IsBounded) {
    Settings settings;
    settings.limits.subscriptions = 2;
    Net net(settings);
    Client& c = net.connect(v, "c");
    c.subscribe("a");
    c.subscribe("b");
    EXPECT_EQ(c.subscribe("c"), std::string(1, static_cast<char>(code(0x80, 0x97))));
    EXPECT_EQ(c.subscribe("b"), std::string(1, '\2'));
    std::string deep(2'000, '/');
    EXPECT_EQ(net.connect(v, "d").subscribe(deep), std::string(1, static_cast<char>(code(0x80, 0x97))));
}

TEST(Subscribing5, IdentifiersComeWithTheMessage) {
    Net net;
    Client& ear = net.connect(Version::v5, "ear");
    const auto subscribe = [&](std::string_view filter, std::uint32_t id) {
        const mqtt::Subscribe::Entry entries[]{{.filter = filter}};
        const Property ids[]{{property::subscription_identifier, id}};
        if (id) ear.send(mqtt::Subscribe{1, ids, entries});
        else ear.send(mqtt::Subscribe{1, {}, entries});
        ear.take<mqtt::Suback>();
    };
    subscribe("a/#", 3);
    subscribe("a/b", 268'435'455);
    subscribe("+/b", 0);
    Client& mouth = net.connect(Version::v5, "mouth");
    mouth.send(message("a/b", "x"));
    const auto p = ear.take<mqtt::Publish>();
    std::vector<std::uint32_t> ids;
    for (const auto& q : p.properties)
        if (q.id == property::subscription_identifier) ids.push_back(q.number);
    std::ranges::sort(ids);
    EXPECT_EQ(ids, (std::vector<std::uint32_t>{3, 268'435'455}));
    subscribe("a/b", 0);  // replaced as a whole
    mouth.send(message("a/b", "x"));
    EXPECT_EQ(mqtt::number_or(ear.take<mqtt::Publish>().properties, property::subscription_identifier, 0), 3u);
}

TEST(Subscribing5, NoLocal) {
    Net net;
    Client& c = net.connect(Version::v5, "c");
    c.subscribe("t", QoS::exactly_once, 4);
    c.send(message("t", "mine"));
    EXPECT_TRUE(c.quiet());
    net.connect(Version::v5, "d").send(message("t", "theirs"));
    EXPECT_EQ(c.take<mqtt::Publish>().payload, "theirs");
}

TEST(Subscribing5, RetainAsPublished) {
    Net net;
    Client& c = net.connect(Version::v5, "c");
    c.subscribe("t", QoS::exactly_once, 8);
    Client& mouth = net.connect(Version::v5, "mouth");
    mouth.send(message("t", "x", QoS::at_most_once, 0, true));
    EXPECT_TRUE(c.take<mqtt::Publish>().retain);
    mouth.send(message("t", "x"));
    EXPECT_FALSE(c.take<mqtt::Publish>().retain);
}

TEST(Subscribing5, RetainHandling) {
    Net net;
    Client& c = net.connect(Version::v5, "c");
    net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_most_once, 0, true));
    c.subscribe("t", QoS::exactly_once, 2 << 4);
    EXPECT_TRUE(c.quiet());
    c.subscribe("t", QoS::exactly_once, 1 << 4);
    EXPECT_TRUE(c.quiet());
    c.subscribe("t", QoS::exactly_once, 0);
    EXPECT_TRUE(c.take<mqtt::Publish>().retain);
    Client& d = net.connect(Version::v5, "d");
    d.subscribe("t", QoS::exactly_once, 1 << 4);
    EXPECT_TRUE(d.take<mqtt::Publish>().retain);
}

TEST(Subscribing5, WhatIsNotOfferedCloses) {
    struct Row {
        bool Offer::*feature;
        std::string_view filter;
        std::uint8_t code;
    };
    for (bool closes : {true, false})
        for (const Row& row :
             {Row{&Offer::wildcards, "a/+", 0xa2}, Row{&Offer::shared_subscriptions, "$share/g/t", 0x9e}}) {
            Settings settings;
            settings.offer.*row.feature = false;
            settings.style.close_unavailable = closes;
            Net net(settings);
            Client& c = net.connect(Version::v5, "c");
            if (closes) {
                const mqtt::Subscribe::Entry entries[]{{.filter = row.filter}};
                c.send(mqtt::Subscribe{1, {}, entries});
                EXPECT_EQ(c.take<mqtt::Disconnect>().reason, row.code);
            } else {
                EXPECT_EQ(c.subscribe(row.filter), std::string(1, static_cast<char>(row.code)));
            }
            EXPECT_EQ(c.closed, closes);
        }
}

TEST(Shared, OneMemberGetsEach) {
    Net net;
    Client& a = net.connect(Version::v5, "a");
    Client& b = net.connect(Version::v5, "b");
    Client& other = net.connect(Version::v5, "other");
    a.subscribe("$share/g/t");
    b.subscribe("$share/g/t", QoS::at_most_once);
    other.subscribe("$share/h/t");
    Client& mouth = net.connect(Version::v5, "mouth");
    for (std::uint16_t n = 1; n <= 6; ++n) mouth.send(message("t", "x", QoS::at_least_once, n));
    EXPECT_EQ(a.frames.size(), 3u);
    EXPECT_EQ(b.frames.size(), 3u);
    EXPECT_EQ(other.frames.size(), 6u);
    EXPECT_EQ(a.take<mqtt::Publish>().qos, QoS::at_least_once);
    EXPECT_EQ(b.take<mqtt::Publish>().qos, QoS::at_most_once);
}

TEST(Shared, GetsNoRetainedMessages) {
    Net net;
    net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_most_once, 0, true));
    Client& a = net.connect(Version::v5, "a");
    a.subscribe("$share/g/t");
    EXPECT_TRUE(a.quiet());
}

TEST(Shared, IsAPlainFilterBefore5) {
    Net net;
    Client& a = net.connect(Version::v3_1_1, "a");
    a.subscribe("$share/g/t");
    net.connect(Version::v5, "mouth").send(message("t", "x"));
    EXPECT_TRUE(a.quiet());
}

TEST(Shared, Qos2StaysWithItsMember) {
    for (const char* lie : {"", "share_qos2_moved", "share_qos2_moved_after_end"}) {
        Settings settings;
        if (*lie) settings.policy.violate(*find_violation(lie));
        Net net(settings);
        const Hello kept{.id = "a", .clean = false, .properties = {{property::session_expiry_interval, 60u}}};
        Client& a = net.connect(Version::v5, kept);
        a.subscribe("$share/g/t");
        net.connect(Version::v5, "mouth").send(message("t", "x", QoS::exactly_once, 1));
        const auto id = a.take<mqtt::Publish>().packet_id;
        Client& b = net.connect(Version::v5, "b");
        b.subscribe("$share/g/t");
        a.cut();
        EXPECT_EQ(b.quiet(), std::string_view(lie) != "share_qos2_moved");
        b.frames.clear();
        Client& back = net.connect(Version::v5, kept);
        if (std::string_view(lie) != "share_qos2_moved") { EXPECT_EQ(back.take<mqtt::Publish>().packet_id, id); }
        back.cut();
        net.pass(61s);
        EXPECT_EQ(b.quiet(), std::string_view(lie) != "share_qos2_moved_after_end");
    }
}

TEST(Shared, Qos1MayMoveAtTheEnd) {
    Settings settings;
    settings.style.share_qos1 = ShareQos1::moves_at_end;
    Net net(settings);
    Client& a = net.connect(Version::v5, "a");
    a.subscribe("$share/g/t");
    net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    Client& b = net.connect(Version::v5, "b");
    b.subscribe("$share/g/t");
    a.cut();
    EXPECT_EQ(b.take<mqtt::Publish>().payload, "x");
}

TEST(Shared, ARefusalIsFinal) {
    Net net;
    Client& a = net.connect(Version::v5, "a");
    Client& b = net.connect(Version::v5, "b");
    a.subscribe("$share/g/t");
    b.subscribe("$share/g/t");
    net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    Client& chosen = a.quiet() ? b : a;
    Client& spare = a.quiet() ? a : b;
    chosen.send(mqtt::Puback{chosen.take<mqtt::Publish>().packet_id, 0x97});
    EXPECT_TRUE(spare.quiet());
    EXPECT_TRUE(chosen.quiet());
}

TEST(Shared, MalformedOnesClose) {
    for (const char* filter : {"$share//t", "$share/g", "$share/g/", "$share/+/t", "$share/#/t"}) {
        Net net;
        Client& c = net.connect(Version::v5, "c");
        const mqtt::Subscribe::Entry entries[]{{.filter = filter}};
        c.send(mqtt::Subscribe{1, {}, entries});
        EXPECT_TRUE(c.closed) << filter;
    }
}

}  // namespace
}  // namespace reference::test
