// /metrics over HTTP: what is served, what is refused, and that hostile scrapers are bounded. $SYS topics of a server.
#include "reference/server.hpp"
#include "reference/tests/kit.hpp"
#include "reference/tests/socket.hpp"

namespace reference::test {
namespace {

class Metrics : public testing::Test {
protected:
    static ServerOptions options() {
        ServerOptions o;
        o.metrics_port = std::uint16_t{0};
        o.sys_interval = 1h;
        o.version = "9.9";
        return o;
    }
    void SetUp() override { server.start(); }
    std::string ask(std::string_view request) {
        Wire wire(server.metrics_port());
        wire.send(request);
        return wire.read_all();
    }
    std::string first_line(std::string_view request) {
        const auto answer = ask(request);
        return answer.substr(0, answer.find('\r'));
    }
    Server server{{}, options()};
};

TEST_F(Metrics, AreServed) {
    const auto answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0u);
    EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), answer.npos);
    EXPECT_NE(answer.find("Connection: close\r\n"), answer.npos);
    EXPECT_NE(answer.find("mqttspec_build_info{version=\"9.9\"} 1\n"), answer.npos);
    const auto body = answer.substr(answer.find("\r\n\r\n") + 4);
    EXPECT_NE(answer.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), answer.npos);
    EXPECT_EQ(first_line("GET /metrics?x=y HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK");
}

TEST_F(Metrics, NothingElseIs) {
    EXPECT_EQ(first_line("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(first_line("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"), "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(first_line("HEAD /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(first_line("\x10\x0c\0\4MQTT\4\2\0\0\0\0\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(first_line("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(first_line("POST /metrics HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"), "HTTP/1.1 400 Bad Request");
}

TEST_F(Metrics, ConnectionsAreCapped) {
    std::vector<std::unique_ptr<Wire>> idle;
    for (int i = 0; i < 16; ++i) {
        idle.push_back(std::make_unique<Wire>(server.metrics_port()));
        idle.back()->send("GET /met");
    }
    Wire extra(server.metrics_port());
    EXPECT_TRUE(Wire::readable_first(extra, *idle.front())) << "one too many is closed before the others are";
    EXPECT_EQ(extra.read_all(), "");
    idle.pop_back();
    std::string answer;  // the end of that one is seen some time later
    for (int i = 0; i < 1000 && answer.empty(); ++i) answer = ask("GET /metrics HTTP/1.1\r\n\r\n");
    EXPECT_EQ(answer.find("HTTP/1.1 200 OK"), 0u);
    EXPECT_EQ(idle.front()->read_all(), "") << "who sends no whole request is cut in the end";
}

TEST_F(Metrics, SysTopicsAreThereFromTheBeginning) {
    Wire wire(server.port());
    mqtt::Connect connect{.level = 4, .clean_start = true};
    connect.client_id = "s";
    const mqtt::Subscribe::Entry entries[]{{"$SYS/broker/version", QoS::at_most_once}};
    wire.send(mqtt::encode(connect, Version::v3_1_1) + mqtt::encode(mqtt::Subscribe{1, {}, entries}, Version::v3_1_1));
    const auto publish = mqtt::encode(message("$SYS/broker/version", "mqttspec 9.9", QoS::at_most_once, 0, true),
                                      Version::v3_1_1);
    EXPECT_EQ(wire.read(9 + publish.size()).substr(9), publish);
}

TEST(MetricsPort, NoneWithoutIt) {
    EXPECT_EQ(Server({}, {}).metrics_port(), 0);
    ServerOptions o;
    o.metrics_port = Server({}, {}).port();
    Server first({}, o);
    o.metrics_port = first.metrics_port();
    EXPECT_THROW(Server({}, o), std::system_error);
}

}  // namespace
}  // namespace reference::test
