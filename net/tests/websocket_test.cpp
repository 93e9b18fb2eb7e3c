// WebSocket layers against each other and against frames by hand.
#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include "net/tests/wired.hpp"
#include "net/upgrade.hpp"

namespace {

using net::Frame;
using net::Opcode;
using State = net::Layer::State;

constexpr std::string_view head = "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
constexpr std::string_view offer = "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

net::test::Wired wired() {
    net::test::Wired w;
    w.client = net::websocket_client({"h:1", "/mqtt", {"mqtt"}, false});
    w.server = net::websocket_server();
    return w;
}

/// A server after its handshake, fed by hand.
struct Server {
    std::unique_ptr<net::Layer> layer = net::websocket_server();
    std::string up, down;
    Server() {
        feed(std::string(head) + std::string(offer));
        EXPECT_TRUE(layer->ready()) << layer->what();
        down.clear();
    }
    void feed(const std::string& octets) { layer->receive(mqtt::octets(octets), up, down); }
};

std::string answer_to(std::string request) {
    const auto layer = net::websocket_server();
    std::string up, down;
    layer->receive(mqtt::octets(request), up, down);
    return down.substr(0, down.find("\r\n"));
}

TEST(Upgrade, TheSampleOfTheStandard) {
    EXPECT_EQ(net::accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_NE(net::new_websocket_key(), net::new_websocket_key());
    EXPECT_EQ(net::new_websocket_key().size(), 24u);
    EXPECT_EQ(answer_to(std::string(head) + std::string(offer)), "HTTP/1.1 101 Switching Protocols");
}

TEST(Upgrade, WhatTheServerRefuses) {
    const auto changed = [](std::string_view what, std::string_view by) {
        std::string request = std::string(head) + std::string(offer);
        const auto at = request.find(what);
        EXPECT_NE(at, std::string::npos) << what;
        return answer_to(request.replace(at, what.size(), by));
    };
    EXPECT_EQ(changed("GET", "POST"), "HTTP/1.1 405 Method Not Allowed");
    EXPECT_EQ(changed("/mqtt ", "/other "), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(changed("/mqtt ", "/mqtt?token=1 "), "HTTP/1.1 101 Switching Protocols");
    EXPECT_EQ(changed("HTTP/1.1", "HTTP/1.0"), "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(changed("websocket", "h2c"), "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(changed("keep-alive, Upgrade", "keep-alive"), "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(changed("Version: 13", "Version: 8"), "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(changed("dGhlIHNhbXBsZSBub25jZQ==", "short"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(changed("Protocol: mqtt", "Protocol: MQTT"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(changed("Protocol: mqtt", "Protocol: mqttv3.1, chat"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(changed("Protocol: mqtt", "Protocol: mqttv3.1, mqtt"), "HTTP/1.1 101 Switching Protocols");
    EXPECT_EQ(answer_to(std::string(head) + "\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(answer_to("\x16\x03\x01 garbage\r\n\r\n"), "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(answer_to("GET /" + std::string(9000, 'a')), "HTTP/1.1 431 Request Header Fields Too Large");
    EXPECT_EQ(answer_to("GET /mqtt HTTP/1.1\r\n"), "");
}

TEST(Upgrade, WhatTheClientRefuses) {
    const net::WebSocketClient o;
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    const std::string good = "HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: " +
                             net::accept_for(key) + "\r\n";
    const auto fault = [&](const std::string& answer) { return net::read_answer(answer + "\r\n", key, o).fault; };
    EXPECT_EQ(fault(good + "Sec-WebSocket-Protocol: mqtt\r\n"), "");
    EXPECT_EQ(fault(good), "WebSocket: the broker chose no subprotocol; it has to be mqtt");
    EXPECT_EQ(fault(good + "Sec-WebSocket-Protocol: mqttv3.1\r\n"),
              "WebSocket: the broker chose the subprotocol mqttv3.1; it has to be mqtt");
    EXPECT_EQ(fault("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n"),
              "WebSocket: the answer is HTTP 404 Not Found, 101 is wanted");
    EXPECT_EQ(fault("\x20\x02\r\n"), "WebSocket: the answer is no HTTP");
    EXPECT_NE(fault("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n").find("something else"), std::string::npos);
    EXPECT_NE(net::read_answer(good + "\r\n", "AAAAAAAAAAAAAAAAAAAAAA==", o).fault.find("Accept"), std::string::npos);
    EXPECT_NE(fault(good + "Sec-WebSocket-Extensions: permessage-deflate\r\n").find("extension"), std::string::npos);
    const auto any = net::read_answer(good + "\r\n", key, {"", "", {"mqtt"}, true});
    EXPECT_EQ(any.fault + any.chosen, "");
}

TEST(WebSocket, CarriesBytesBothWaysHoweverTheyAreCut) {
    for (const std::size_t cut : {std::size_t(1), std::size_t(3), SIZE_MAX})
        for (const std::size_t size : {1u, 125u, 126u, 65'535u, 65'536u, 100'000u}) {
            auto w = wired();
            w.cut = cut;
            w.start();
            ASSERT_TRUE(w.client->ready() && w.server->ready()) << w.client->what() << w.server->what();
            EXPECT_EQ(w.client->chosen(), "mqtt");
            std::string much(size, '\0');
            for (std::size_t i = 0; i < size; ++i) much[i] = char(i * 7);
            w.say(*w.client, much);
            w.say(*w.client, "and more");
            w.say(*w.server, much);
            EXPECT_TRUE(w.at_server == much + "and more") << size;
            EXPECT_TRUE(w.at_client == much) << size;
        }
}

TEST(WebSocket, BytesBehindTheHandshakeAreNotLost) {
    Server s;
    s.layer = net::websocket_server();
    s.feed(std::string(head) + std::string(offer) + net::encode_frame({Opcode::binary, "early"}));
    EXPECT_EQ(s.up, "early");
}

TEST(WebSocket, FragmentsPingAndPong) {
    Server s;
    s.feed(net::encode_frame({Opcode::binary, "one ", false}) + net::encode_frame({Opcode::ping, "are you there"}) +
           net::encode_frame({Opcode::continuation, "", false}) + net::encode_frame({Opcode::pong, "unasked"}) +
           net::encode_frame({Opcode::continuation, "two"}) + net::encode_frame({Opcode::ping, ""}));
    EXPECT_EQ(s.up, "one two");
    EXPECT_EQ(s.down, net::encode_frame({Opcode::pong, "are you there", true, false}) +
                          net::encode_frame({Opcode::pong, "", true, false}));
    EXPECT_TRUE(s.layer->ready());
}

TEST(WebSocket, CloseIsAnsweredOnce) {
    auto w = wired();
    w.start();
    w.client->finish(w.to_server);
    EXPECT_FALSE(w.client->may_close()) << "the server closes first";
    w.run();
    EXPECT_EQ(w.server->state(), State::ended);
    EXPECT_EQ(w.server->what(), "WebSocket close 1000");
    EXPECT_EQ(w.client->state(), State::ended);
    EXPECT_TRUE(w.client->may_close());
    w.say(*w.server, "too late");
    EXPECT_EQ(w.at_client, "");
    Server s;
    s.feed(net::encode_frame({Opcode::close, "\x03\xf1 no text please"}));
    EXPECT_EQ(s.layer->what(), "WebSocket close 1009 ( no text please)");
}

TEST(WebSocket, FramesThatBreakARuleEndIt) {
    using namespace std::string_literals;
    const std::string ping_of_126 = net::encode_frame({Opcode::ping, std::string_view("x", 1)});
    const struct {
        std::string octets, why;
        unsigned code;
    } rows[]{
        {net::encode_frame({Opcode::text, "hello"}), "a text frame, MQTT wants binary ones", 1003},
        {net::encode_frame({Opcode::binary, "hello", true, false}), "a frame is not masked", 1002},
        {net::encode_frame({Opcode::continuation, "x"}), "a continuation of nothing", 1002},
        {net::encode_frame({Opcode::binary, "x", false}) + net::encode_frame({Opcode::binary, "y"}),
         "a message begins inside another", 1002},
        {net::encode_frame({Opcode::ping, "x", false}), "a control frame is fragmented", 1002},
        {net::encode_frame({Opcode::ping, std::string(126, 'x')}), "a control frame is too long", 1002},
        {net::encode_frame({Opcode(3), "x"}), "the opcode is reserved", 1002},
        {net::encode_frame({Opcode(11), "x"}), "the opcode is reserved", 1002},
        {net::encode_frame({Opcode::close, "x"}), "a close of one octet", 1002},
        {"\xc2\x80\1\2\3\4"s, "a reserved bit is set", 1002},
        {"\x82\xfe\x00\x7d\1\2\3\4"s, "the length is not in its shortest form", 1002},
        {"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\1\2\3\4"s, "the length is not in its shortest form", 1002},
        {"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\1\2\3\4"s, "the length is not in its shortest form", 1002},
    };
    for (const auto& row : rows) {
        Server s;
        s.feed(row.octets);
        EXPECT_EQ(s.layer->state(), State::failed) << row.why;
        EXPECT_EQ(s.layer->what(), "WebSocket: " + row.why);
        const char code[]{char(row.code >> 8), char(row.code & 255)};
        EXPECT_EQ(s.down, net::encode_frame({Opcode::close, {code, 2}, true, false})) << row.why;
    }
    auto w = wired();
    w.start();
    w.client->receive(mqtt::octets(net::encode_frame({Opcode::binary, "x"})), w.at_client, w.to_server);
    EXPECT_EQ(w.client->what(), "WebSocket: a frame of the broker is masked");
}

TEST(WebSocket, AnAnnouncedGigabyteCostsNothing) {
    using namespace std::string_literals;
    Server s;
    s.feed("\x82\xff\0\0\0\0\x40\0\0\0\0\0\0\0"s);
    s.feed("abc");
    EXPECT_EQ(s.up, "abc");
    EXPECT_TRUE(s.layer->ready());
    EXPECT_EQ(s.down, "");
}

TEST(WebSocket, BelowTheFramesAnythingGoes) {
    auto w = wired();
    w.start();
    w.client->send_below(mqtt::octets(net::encode_frame({Opcode::text, "t"})), w.to_server);
    w.run();
    EXPECT_EQ(w.server->state(), State::failed);
    EXPECT_EQ(w.client->what(), "WebSocket close 1003");
}

}  // namespace
