// 3.14 DISCONNECT from the client: its flags and reasons, and what becomes of the will.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// Section 3.14.2.1: what a client may give beside 0x00.
constexpr unsigned client_reasons[]{0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99};

/// A client with a will for the watched topic.
Task<Peer*> connect_with_will(Test& test, Watch w, Text payload) {
    Connect c = test.hello("testator");
    Will will;
    will.topic = w.topic;
    will.payload = payload;
    c.will = will;
    co_return co_await test.connect_as("testator", c);
}
/// The next thing the watcher hears is the will.
Task<void> will_comes(Test& test, Watch w, Text payload, std::string after) {
    const auto heard = co_await w.listener->expect<Publish>();
    test.equal(heard.payload, payload, "what is published after " + after);
}
/// Whether the will is there by the time a fence comes; a lazy server is given the time of one wait.
Task<bool> will_is_published(Test& test, Watch w, Text payload) {
    bool came = true;
    try {
        const auto heard = co_await w.listener->expect<Publish>();
        test.equal(heard.payload, payload, "payload of the will");
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        came = false;
    }
    co_return came;
}

/// The server should close after the client's DISCONNECT (3.14.4): staying open is a warning.
Task<void> closed_after_disconnect(Test& test, Peer* client) {
    bool open = false;
    try {
        co_await client->ending();
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        open = true;
    }
    if (!open) co_return;
    test.warn("the server does not close the connection after DISCONNECT");
    client->close();
}

std::string disconnect_octets(unsigned reason) { return packet_of(0xE0, std::string(1, char(reason))); }

}  // namespace

CASE(disconnect, removes_the_will, "A normal DISCONNECT throws the will away unpublished",
     {.v3_1_1 = {"MQTT-3.14.4-3", "MQTT-3.1.2-10"}, .v5 = {"MQTT-3.14.4-3", "MQTT-3.1.2-10"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    auto* control = co_await connect_with_will(test, w, "will of the control");
    test.cut(control);
    co_await will_comes(test, w, "will of the control", "a cut");
    std::vector<std::string> forms{"\xE0\x00"s};
    if (test.v5()) forms.push_back(disconnect_octets(0));
    if (test.v5()) forms.push_back("\xE0\x02\x00\x00"s);
    for (const std::string& form : forms) {
        auto* client = co_await connect_with_will(test, w, "unwanted will");
        client->send_bytes(form);
        co_await closed_after_disconnect(test, client);
        co_await unheard(test, w, "a will after DISCONNECT " + hex(octets(form)));
    }
}

CASE(disconnect, removes_a_delayed_will, "A normal DISCONNECT throws a will with a delay away too",
     {.v5 = {"MQTT-3.14.4-3", "MQTT-3.1.2-10"}, .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    Will will;
    will.topic = topic;
    will.properties = test.with({}, {property::will_delay_interval, 1u});
    for (const Text who : {"leaves"sv, "is cut"sv}) {
        Connect c = test.hello(who, Keep::yes);
        will.payload = who;
        c.will = will;
        auto* client = co_await test.connect_as(who, c);
        if (who == "leaves") co_await test.leave(client);
        else test.cut(client);
    }
    const auto heard = co_await w.listener->expect<Publish>(4s);  // that of the first would come before it
    test.equal(heard.payload, "is cut"sv, "the will that is published");
    co_await unheard(test, w, "a delayed will after DISCONNECT");
}

CASE(disconnect, with_will, "A DISCONNECT with another reason than 0x00 has the will published",
     {.v5 = {"MQTT-3.1.2-8"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const unsigned reason : client_reasons) {
        const Text payload = test.text("will at " + in_hex(reason));
        auto* client = co_await connect_with_will(test, w, payload);
        client->send_bytes(disconnect_octets(reason));
        co_await closed_after_disconnect(test, client);
        co_await will_comes(test, w, payload, "DISCONNECT " + in_hex(reason));
    }
}

CASE(disconnect, undefined_reason, "A DISCONNECT with a reason that is none does not remove the will",
     {.v5 = {"MQTT-3.14.2-1", "MQTT-3.1.2-8"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const unsigned reason : {0x01u, 0x05u, 0x7Fu, 0xFFu}) {
        const Text payload = test.text("will at " + in_hex(reason));
        auto* client = co_await connect_with_will(test, w, payload);
        const std::string octets = disconnect_octets(reason), what = "a DISCONNECT with the reason " + in_hex(reason);
        co_await test.must_close_on(client, octets, what, reasons(0x81, 0x82));
        co_await will_comes(test, w, payload, what);
    }
}

CASE(disconnect, flags, "A DISCONNECT with wrong flags ends the connection and does not remove the will",
     {.v3_1_1 = {"MQTT-3.14.1-1", "MQTT-2.2.2-2"}, .v5 = {"MQTT-3.14.1-1", "MQTT-2.1.3-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const unsigned flags : {1u, 2u, 4u, 8u, 15u}) {
        const Text payload = test.text("will at " + in_hex(0xE0 | flags));
        auto* client = co_await connect_with_will(test, w, payload);
        const std::string octets = packet_of(0xE0 | flags, "");
        const std::string what = "a DISCONNECT that starts with " + in_hex(0xE0 | flags);
        const Ending end = co_await test.must_close_on(client, octets, what, reasons(0x81));
        if (test.v5() && !end.disconnect && flags == 1) test.warn("no DISCONNECT 0x81 comes after " + what);
        const bool came = co_await will_is_published(test, w, payload);
        if (came) continue;
        test.check(!test.v5(), "no will is published after " + what);
        test.warn("no will is published after " + what);
    }
}

CASE(disconnect, malformed, "A malformed DISCONNECT ends the connection and does not remove the will",
     {.v3_1_1 = {"X-2.0-packet-length"}, .v5 = {"X-2.0-packet-length", "MQTT-1.5.4-1"}}) {
    struct Form {
        std::string octets, name;
    };
    std::vector<Form> forms;
    if (!test.v5()) forms.push_back({packet_of(0xE0, "x"), "with an octet more"});
    if (test.v5()) {
        forms.push_back({packet_of(0xE0, "\0\0x"sv), "with an octet more"});
        forms.push_back({packet_of(0xE0, "\0\5\x1F\0\2\xC0\xAF"sv), "with an ill-formed Reason String"});
        forms.push_back({packet_of(0xE0, "\0\2\x7F\1"sv), "with an unknown property"});
        forms.push_back({packet_of(0xE0, "\0\3\x23\0\1"sv), "with a Topic Alias"});
    }
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    for (const Form& form : forms) {
        auto* client = co_await connect_with_will(test, w, "will");
        const std::string what = "a DISCONNECT " + form.name;
        co_await test.must_close_on(client, form.octets, what, reasons(0x81, 0x82));
        const bool came = co_await will_is_published(test, w, "will");
        if (!came) test.warn("no will is published after " + what + ", as if it were right");
    }
}

CASE(disconnect, lowers_the_session_expiry, "A Session Expiry Interval of 0 in DISCONNECT ends the session at once",
     {.v5 = {"MQTT-4.1.0-2"}, .needs = {Need::kept_sessions}}) {
    auto* control = co_await test.connect("control", Keep::yes);
    co_await test.leave(control);
    co_await test.resume("control");
    auto* client = co_await test.connect("client", Keep::yes);
    Disconnect end;
    end.properties = test.with({}, {property::session_expiry_interval, 0u});
    client->send(end);
    co_await closed_after_disconnect(test, client);
    auto* back = co_await test.connect("client", Keep::yes);
    test.equal(test.connack(back).session_present, false, "Session Present after DISCONNECT with the expiry 0");
}

CASE(disconnect, raises_the_session_expiry, "A longer Session Expiry Interval in DISCONNECT keeps the session longer",
     {.v5 = {"MQTT-3.1.2-23"}, .needs = {Need::kept_sessions}}) {
    Connect c = test.hello("client", Keep::yes);
    c.properties = test.with({}, {property::session_expiry_interval, 1u});
    auto* client = co_await test.connect_as("client", c);
    const auto granted = number_or(test.connack(client).properties, property::session_expiry_interval, 1);
    if (granted != 1) test.skip("the server goes by a Session Expiry Interval of its own");
    Disconnect end;
    end.properties = test.with({}, {property::session_expiry_interval, 15u});
    client->send(end);
    co_await closed_after_disconnect(test, client);
    auto* clock = co_await test.connect("clock");
    co_await test.wait(clock, 2500ms);
    auto* back = co_await test.connect("client", Keep::yes);
    test.equal(test.connack(back).session_present, true, "Session Present within the expiry given in DISCONNECT");
}

CASE(disconnect, session_expiry_from_0, "A DISCONNECT that raises the Session Expiry Interval from 0 is an error",
     {.v5 = {"X-3.14.2-session-expiry-raised"}}) {
    auto* client = co_await test.connect("client");
    const auto granted = number_or(test.connack(client).properties, property::session_expiry_interval, 0);
    if (granted != 0) test.skip("the server goes by a Session Expiry Interval of its own");
    Disconnect end;
    end.properties = test.with({}, {property::session_expiry_interval, 100u});
    client->send(end);
    const std::string what = "a DISCONNECT that raises the Session Expiry Interval from 0";
    co_await test.must_close(client, what, reasons(0x82));
    auto* back = co_await test.connect("client", Keep::yes);
    if (test.connack(back).session_present) test.warn("a session is kept for " + what);
}

}  // namespace conformance
