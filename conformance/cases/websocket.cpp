// 6 Using WebSocket as a network transport.
#include "conformance/kit.hpp"

namespace conformance {
namespace {

constexpr std::uint8_t continuation = 0, text_frame = 1, binary_frame = 2;  // RFC 6455, section 5.2

/// `octets` in one message of that many frames or less.
void send_in_frames(Peer* p, std::string_view octets, std::size_t frames) {
    const std::size_t size = octets.size() / frames + 1;
    for (std::size_t at = 0; at < octets.size(); at += size)
        p->send_frame(at == 0 ? binary_frame : continuation, octets.substr(at, size), at + size >= octets.size());
}

}  // namespace

CASE(websocket, subprotocol_is_chosen, "The broker chooses the subprotocol mqtt, alone or among others",
     {.v3_1_1 = {"MQTT-6.0.0-4"}, .v5 = {"MQTT-6.0.0-4"}, .needs = {Need::websocket}}) {
    for (const bool alone : {true, false}) {
        std::vector<std::string> offers{"mqtt"};
        if (!alone) offers.insert(offers.begin(), "x-mqttspec-made-up");
        Peer* p = co_await test.open_offering(alone ? "plain" : "choosy", offers);
        const std::string chosen = p->chosen_subprotocol();
        test.equal(Text(chosen), Text("mqtt"), alone ? "the subprotocol, mqtt alone being offered"s
                                                     : "the subprotocol, mqtt being offered after a made-up one"s);
        const Connect hello = test.hello(p->name());
        p->send(hello);
        const auto answer = co_await p->expect<Connack>();
        test.equal(answer.code, 0, "CONNACK code");
    }
}

CASE(websocket, answers_are_binary_frames, "What the broker sends comes in binary frames",
     {.v3_1_1 = {"MQTT-6.0.0-1"}, .v5 = {"MQTT-6.0.0-1"}, .needs = {Need::websocket}}) {
    Peer* p = co_await test.connect("client");
    test.check(p->text_frames() == 0, "CONNACK comes in a text frame");
    const Text topic = test.topic();
    co_await test.subscribe(p, topic, QoS::at_most_once);
    test.check(p->text_frames() == 0, "SUBACK comes in a text frame");
    const Publish m = test.message(topic, "payload");
    p->send(m);
    co_await test.receive(p);
    p->send(Pingreq{});
    co_await p->expect<Pingresp>();
    test.check(p->text_frames() == 0, "a delivery or PINGRESP comes in a text frame");
}

CASE(websocket, text_frame_ends_the_connection, "A text frame makes the broker close the connection",
     {.v3_1_1 = {"MQTT-6.0.0-1"}, .v5 = {"MQTT-6.0.0-1"}, .needs = {Need::websocket}}) {
    Peer* p = co_await test.connect("client");
    const Publish m = test.message(test.topic(), "this is good UTF-8");
    p->send_frame(text_frame, test.octets(m));
    co_await test.must_close(p, "a text frame");
}

CASE(websocket, frames_and_packets_need_not_fit, "Packets may be spread over frames, and frames hold several packets",
     {.v3_1_1 = {"MQTT-6.0.0-2"}, .v5 = {"MQTT-6.0.0-2"}, .needs = {Need::websocket}}) {
    Peer* p = co_await test.open("client");
    const Connect hello = test.hello("client");
    p->send_chunks(test.octets(hello), 1);  // a message each
    const auto connack = co_await p->expect<Connack>();
    test.equal(connack.code, 0, "CONNACK code");
    const Text topic = test.topic();
    co_await test.subscribe(p, topic, QoS::at_most_once);
    const auto packet = [&](Text payload) { return test.octets(test.message(topic, payload)); };
    p->send_bytes(packet("two in") + packet("one frame"));
    send_in_frames(p, packet("one message of five frames"), 5);
    const std::string cut = packet("one and a half"), ping = test.octets(Pingreq{});
    p->send_bytes(packet("in one frame, and") + cut.substr(0, 7));
    p->send_bytes(cut.substr(7) + ping);
    for (const Text payload : {"two in"sv, "one frame"sv, "one message of five frames"sv, "in one frame, and"sv, "one and a half"sv}) {
        const auto delivery = co_await test.receive(p);
        test.equal(delivery.payload, payload, "payload");
    }
    co_await p->expect<Pingresp>();
}

}  // namespace conformance
