// 3.1 CONNECT: it comes first and once; protocol name and version; what a valid one may ask for.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

/// 3.1.1 leaves it to the server whether it drops such a client, so silence is right too; service is not.
Task<void> is_not_served(Test& test, std::string connect_octets, std::string what) {
    Peer* p = co_await test.open("stranger");
    p->tolerant = true;
    p->send_bytes(connect_octets);
    std::optional<Packet> answer;
    try {
        answer = co_await p->next(2s);
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        test.info("neither an answer nor a close after " + what);
    }
    if (!was_accepted(p)) co_return;
    if (co_await p->stays_open_through_ping()) test.fail(what + " is served as MQTT 3.1.1");
}

/// The end of a connection that gets an unknown version or name: no DISCONNECT before CONNACK (3.14.0-1).
Task<bool> is_closed(Test& test, Peer* p, std::string connect_octets) {
    p->tolerant = true;  // the answer may be in another version's form
    p->send_bytes(connect_octets);
    try {
        const Ending end = co_await p->ending();
        if (end.disconnect && !was_accepted(p)) test.fail("a DISCONNECT comes before CONNACK");
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        co_return false;
    }
    co_return true;
}

/// Properties of 5.0 that each ask for something a server has to be able to bear.
std::vector<Property> wishes() {
    using namespace property;
    return {{session_expiry_interval, 1u}, {receive_maximum, 1u}, {maximum_packet_size, 65'536u},
            {topic_alias_maximum, 10u}, {request_response_information, 1u}, {request_problem_information, 0u},
            {user_property, "name"sv, "value"sv}};
}

}  // namespace

CASE(connect, first_packet_is_connect, "A connection that opens with another packet than CONNECT is closed, unanswered",
     {.v3_1_1 = {"MQTT-3.1.0-1", "MQTT-3.2.0-1"}, .v5 = {"MQTT-3.1.0-1", "MQTT-3.2.0-1", "MQTT-3.14.0-1"}}) {
    const Text topic = test.topic("early");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, topic);
    Subscribe subscribe;
    Subscribe::Entry entry{.filter = topic};
    subscribe.packet_id = 1;
    subscribe.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    const std::string early[]{test.octets(test.message(topic, "early")), test.octets(Pingreq()),
                              test.octets(subscribe)};
    for (const std::string& octets : early) {
        auto* intruder = co_await test.open("intruder");
        intruder->send_bytes(octets);
        const Ending end = co_await intruder->ending();
        const auto what = std::string(name(Type(std::uint8_t(octets[0]) >> 4))) + " in place of CONNECT is answered";
        for (const Packet& p : end.packets) test.fail(what + ": " + print(p, test.version));
    }
    co_await test.hears_nothing(watcher, speaker, topic, "a PUBLISH without CONNECT is delivered");
}

CASE(connect, second_connect_closes, "A second CONNECT ends the connection, and gets no CONNACK",
     {.v3_1_1 = {"MQTT-3.1.0-2"}, .v5 = {"MQTT-3.1.0-2", "MQTT-3.2.0-2"}}) {
    auto* client = co_await test.connect("client");
    const std::string again = test.octets(test.hello("client"));
    co_await test.must_close_on(client, again, "a second CONNECT", reasons(0x82));
}

CASE(connect, protocol_name_is_checked, "A CONNECT with another protocol name is not served",
     {.v3_1_1 = {"MQTT-3.1.2-1"}, .v5 = {"MQTT-3.1.2-1"}}) {
    for (std::string_view name : {"MQTX"sv, "mqtt"sv, "MQTTT"sv}) {
        RawConnect raw = raw_connect(test, "stranger");
        raw.protocol = field(name);
        const std::string octets = raw.octets(), what = "a CONNECT with protocol name " + quoted(name);
        if (!test.v5()) {
            co_await is_not_served(test, octets, what);
            continue;
        }
        auto* stranger = co_await test.open("stranger");
        test.check(co_await is_closed(test, stranger, octets), "the connection stays open after " + what);
        test.check(!was_accepted(stranger), what + " is accepted");
    }
}

CASE(connect, unsupported_level_gets_code_1, "A CONNECT of an unknown level is answered by CONNACK 1 and a close",
     {.v3_1_1 = {"MQTT-3.1.2-2", "MQTT-3.2.2-5"}}) {
    for (std::uint8_t level : {std::uint8_t(1), std::uint8_t(2)}) {
        RawConnect raw = raw_connect(test);
        raw.level = level;
        const auto what = "protocol level " + std::to_string(level);
        auto* client = co_await test.open("client");
        const bool closed = co_await is_closed(test, client, raw.octets());
        test.check(!client->frames().empty(), what + " is not answered by a CONNACK");
        const std::string_view answer = client->frames().front();
        const bool form_of_5 = answer.size() > 4 && answer[0] == '\x20' && answer[3] == '\x84';
        if (form_of_5) test.warn("the CONNACK to " + what + " has the form of 5.0");
        else test.equal(Text(answer), Text("\x20\x02\x00\x01"sv), "the CONNACK to " + what);
        test.check(closed, "the connection stays open after a CONNACK that refuses " + what);
    }
}

CASE(connect, unsupported_version_closes, "A CONNECT of an unknown protocol version ends the connection",
     {.v5 = {"MQTT-3.1.2-2"}}) {
    for (unsigned version : {6u, 0x7fu, 0xffu}) {  // 0x83 to 0x85 are marks of bridges
        RawConnect raw = raw_connect(test);
        raw.level = std::uint8_t(version);
        const auto what = "protocol version " + std::to_string(version);
        auto* client = co_await test.open("client");
        const bool closed = co_await is_closed(test, client, raw.octets());
        if (was_accepted(client)) test.warn(what + " is accepted");
        else test.check(closed, "the connection stays open after a CONNECT of " + what);
    }
}

CASE(connect, valid_connect_is_accepted, "A valid CONNECT gets CONNACK 0, whatever its Keep Alive and properties",
     {.v3_1_1 = {"MQTT-3.1.4-4"}, .v5 = {"MQTT-3.1.4-5"}}) {
    std::vector<Connect> valid(3, test.hello("client"));
    valid[1].keep_alive = 0;
    valid[2].keep_alive = 65'535;
    if (test.v5()) {
        for (const Property& wish : wishes()) {
            valid.push_back(valid[0]);
            valid.back().properties = test.with({}, wish);
        }
        valid.push_back(valid[0]);
        for (const Property& wish : wishes()) valid.back().properties = test.with(valid.back().properties, wish);
    }
    for (const Connect& c : valid) {
        auto* client = co_await test.connect_as("client", c);
        test.check(co_await client->stays_open_through_ping(), "the connection ends after " + print(c, test.version));
        co_await test.leave(client);
    }
}

CASE(connect, payload_fields_stand_in_order, "The payload is read in its order: identifier, will, login",
     {.v3_1_1 = {"MQTT-3.1.3-1"}, .v5 = {"MQTT-3.1.3-1"}}) {
    const Text topic = test.topic("order"), payload = test.topic("not/a/topic");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    co_await test.subscribe(watcher, payload, QoS::at_most_once);
    Connect c = test.hello("client");  // with the login, where there is one
    c.will = Will{};
    c.will->topic = topic;
    c.will->payload = payload;
    auto* client = co_await test.connect_as("client", c);
    test.cut(client);
    const auto will = co_await watcher->expect<Publish>();
    test.equal(will.topic, topic, "topic of the will");
    test.equal(Text(will.payload), payload, "payload of the will");
}

}  // namespace conformance
