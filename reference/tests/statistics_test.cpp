// Counters, $SYS topics and the text for Prometheus.
#include "reference/statistics.hpp"

#include <regex>
#include <set>
#include <sstream>

#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

Settings with_sys() {
    Settings s;
    s.style.refuse_sys_publish = true;
    return s;
}

class Statistics : public BothVersions {
protected:
    void publish() {
        sys.publish(net.broker, {"1.2", net.now - begin, 4711}, net.now);
        net.flush();
    }
    /// Topic and payload of all retained messages the filter gets.
    std::map<std::string, std::string> heard(Client& c, std::string filter) {
        c.subscribe(filter);
        return take_all(c);
    }
    static std::map<std::string, std::string> take_all(Client& c) {
        std::map<std::string, std::string> all;
        while (!c.quiet()) {
            const auto p = c.take<mqtt::Publish>();
            all[std::string(p.topic)] = p.payload;
        }
        return all;
    }
    Net net{with_sys()};
    Time begin = net.now;
    SysTopics sys;
};

TEST_P(Statistics, CountersCount) {
    Client& a = net.connect(v, "a");
    Client& b = net.persistent(v, "b");
    b.subscribe("t/#", QoS::at_least_once);
    b.subscribe("u", QoS::at_most_once);
    a.send(message("t/1", "four", QoS::at_least_once, 1));
    a.take<mqtt::Puback>();
    b.send(mqtt::Puback{b.take<mqtt::Publish>().packet_id});
    a.send(message("nobody", "12"));
    const auto& c = net.broker.counters();
    EXPECT_EQ(c.connects, 2u);
    EXPECT_EQ(c.connected, 2u);
    EXPECT_EQ(c.publishes_received, 2u);
    EXPECT_EQ(c.payload_octets_received, 6u);
    EXPECT_EQ(c.publishes_sent, 1u);
    EXPECT_EQ(c.payload_octets_sent, 4u);
    EXPECT_EQ(c.packets_received, 2u + 2u + 2u + 1u) << "CONNECT, SUBSCRIBE, PUBLISH, PUBACK";
    EXPECT_EQ(c.packets_sent, 2u + 2u + 1u + 1u);
    std::size_t sent = 0;  // the log has "LINK:" before and maybe "|" behind each
    std::size_t lines = 0;
    for (const auto& client : net.clients) lines += client->kept.size();
    EXPECT_EQ(lines, c.packets_sent);
    for (const auto& client : net.clients)
        for (const auto& frame : client->kept) sent += frame->size();
    EXPECT_EQ(c.octets_sent, sent);
    a.cut(), b.cut();
    EXPECT_EQ(c.connected, 0u);
    EXPECT_EQ(c.most_connected, 2u);
}

TEST_P(Statistics, CopiesForManyCountEach) {
    Client& a = net.connect(v, "a");
    for (const char* id : {"b", "c", "d"}) net.connect(v, id).subscribe("t", QoS::at_most_once);
    a.send(message("t", "four"));
    EXPECT_EQ(net.broker.counters().publishes_sent, 3u);
    EXPECT_EQ(net.broker.counters().payload_octets_sent, 12u);
}

TEST_P(Statistics, TakeoverRefusalAndExpiry) {
    net.connect(v, "a");
    net.connect(v, "a");
    EXPECT_EQ(net.broker.counters().connected, 1u);
    EXPECT_EQ(net.broker.counters().most_connected, 1u);
    net.broker.set_available(false);
    net.greet(v, {.id = "b"});
    EXPECT_EQ(net.broker.counters().connected, 1u);
    net.broker.set_available(true);
    if (!v5()) return;
    net.connect(v, {.id = "x", .properties = {{property::session_expiry_interval, 5u}}}).cut();
    EXPECT_EQ(net.broker.counters().sessions_expired, 0u);
    net.pass(6s);
    EXPECT_EQ(net.broker.counters().sessions_expired, 1u);
}

TEST_P(Statistics, WhatIsDroppedIsCounted) {
    Settings s;
    s.limits.queued_messages = 3;
    Net small(s);
    small.persistent(v, "away").subscribe("t", QoS::at_least_once);
    small.clients.back()->cut();
    Client& a = small.connect(v, "a");
    for (std::uint16_t i = 1; i <= 5; ++i) a.send(message("t", "x", QoS::at_least_once, i));
    EXPECT_EQ(small.broker.counters().publishes_dropped, 2u);
}

TEST_P(Statistics, SysTopicsAreRetainedAndOnlyNewsAreSent) {
    Client& c = net.connect(v, "watch");
    publish();
    auto all = heard(c, "$SYS/#");
    EXPECT_EQ(all["$SYS/broker/version"], "mqttspec 1.2");
    EXPECT_EQ(all["$SYS/broker/uptime"], "0 seconds");
    EXPECT_EQ(all["$SYS/broker/clients/connected"], "1");
    EXPECT_EQ(all["$SYS/broker/heap/current"], "4711");
    EXPECT_EQ(all["$SYS/broker/load/messages/received/15min"], "0.00");
    EXPECT_LE(all.size(), SysTopics::most);
    net.now += 10s;
    publish();
    all = take_all(c);
    EXPECT_EQ(all["$SYS/broker/uptime"], "10 seconds");
    EXPECT_EQ(all["$SYS/broker/messages/received"], "2") << "CONNECT and SUBSCRIBE";
    EXPECT_EQ(all.count("$SYS/broker/version"), 0u);
    EXPECT_EQ(all.count("$SYS/broker/clients/connected"), 0u);
    EXPECT_EQ(heard(c, "$SYS/broker/clients/+")["$SYS/broker/clients/total"], "1");
}

TEST_P(Statistics, WildcardsDoNotMatchThem) {
    Client& c = net.connect(v, "watch");
    c.subscribe("#");
    c.subscribe("+/broker/#");
    publish();
    EXPECT_TRUE(take_all(c).empty());
}

TEST_P(Statistics, LoadsFollowTheTraffic) {
    Client& c = net.connect(v, "a");
    Client& watch = net.connect(v, "watch");
    publish();
    for (int i = 0; i < 60; ++i) c.send(message("t", "x"));
    net.now += 60s;
    publish();
    auto all = heard(watch, "$SYS/broker/load/#");
    EXPECT_EQ(all["$SYS/broker/load/publish/received/1min"], "37.93") << "60 * (1 - 1/e)";
    EXPECT_EQ(all["$SYS/broker/load/publish/received/5min"], "10.88");
    EXPECT_EQ(all["$SYS/broker/load/publish/received/15min"], "3.87");
}

TEST_P(Statistics, ClientsCannotWriteThem) {
    Client& watch = net.connect(v, "watch");
    watch.subscribe("$SYS/#", QoS::exactly_once);
    Client& c = net.connect(v, Hello{.id = "bad", .will = mqtt::Will{.topic = "$SYS/will", .payload = "x"}});
    c.send(message("$SYS/broker/version", "lie", QoS::at_least_once, 1, true));
    const auto puback = c.take<mqtt::Puback>();
    EXPECT_EQ(puback.reason, code(0, 0x87));
    c.cut();
    EXPECT_TRUE(watch.quiet());
    Client& other = net.connect(v, "other");
    other.subscribe("$other/x");
    other.send(message("$other/x", "fine"));
    EXPECT_EQ(other.take<mqtt::Publish>().payload, "fine");
}

BOTH_VERSIONS(Statistics);

/// A small reading of the text format: what `promtool check metrics` wants, too.
TEST(Prometheus, TheTextIsOfTheFormat) {
    Net net;
    net.connect(Version::v5, "a");
    const auto text = prometheus_text(net.broker, {"1 \"2\"\\\n", 1500ms, 7});
    std::istringstream lines(text);
    const std::regex help(R"(# HELP (mqttspec_[a-z_]+) [A-Z].*\.)"), type(R"(# TYPE (mqttspec_[a-z_]+) (gauge|counter))"),
        sample(R"re((mqttspec_[a-z_]+)(\{version="1 \\"2\\"\\\\\\n"\})? ([0-9.]+))re");
    std::set<std::string> seen;
    std::string a, b, c;
    while (std::getline(lines, a) && std::getline(lines, b) && std::getline(lines, c)) {
        std::smatch h, t, s;
        ASSERT_TRUE(std::regex_match(a, h, help)) << a;
        ASSERT_TRUE(std::regex_match(b, t, type)) << b;
        ASSERT_TRUE(std::regex_match(c, s, sample)) << c;
        EXPECT_EQ(h[1], t[1]);
        EXPECT_EQ(h[1], s[1]);
        EXPECT_TRUE(seen.insert(h[1]).second) << "twice: " << h[1];
        EXPECT_EQ(t[2] == "counter", h[1].str().ends_with("_total")) << h[1];
    }
    EXPECT_TRUE(text.ends_with('\n'));
    EXPECT_GE(seen.size(), 20u);
    EXPECT_NE(text.find("\nmqttspec_clients_connected 1\n"), text.npos);
    EXPECT_NE(text.find("\nmqttspec_uptime_seconds 1.500000\n"), text.npos);
}

}  // namespace
}  // namespace reference::test
