// 4.8 / 4.13 Handling errors: the reference rows. What each error looks like is in the files of its packets.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// A packet of the type that is reserved in either version.
std::string violation() { return packet_of(0x00, ""); }

}  // namespace

CASE(errors, only_the_offender_is_closed, "A protocol violation ends the connection it came on, and no other",
     {.v3_1_1 = {"MQTT-4.8.0-1"}, .v5 = {"MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    auto* bystander = co_await test.connect("bystander");
    auto* offender = co_await test.connect("offender");
    co_await test.must_close_on(offender, violation(), "a packet of type 0", reasons(0x81, 0x82));
    const bool open = co_await bystander->stays_open_through_ping();
    test.check(open, "the connection of another client ends too");
    co_await test.publish(bystander, topic, "still here");
    const auto delivery = co_await test.receive(w.listener);
    test.equal(delivery.payload, "still here"sv, "what the watcher hears next");
    auto* again = co_await test.connect("offender");  // and the client may come again
    co_await again->fence();
}

CASE(errors, nothing_after_it_is_served, "What follows a protocol violation on its connection is not served",
     {.v3_1_1 = {"MQTT-4.8.0-1"}, .v5 = {"MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    const std::string after = test.octets(test.message(topic, "after a violation"));
    const std::string what = "a packet of type 0 and a PUBLISH after it";
    co_await closes_unheard(test, w, violation() + after, what, reasons(0x81, 0x82));
}

CASE(errors, will_is_published, "After a protocol violation the will of the offender is published",
     {.v3_1_1 = {"MQTT-3.1.2-8", "MQTT-4.8.0-1"}, .v5 = {"MQTT-3.1.2-8", "MQTT-4.13.1-1"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    Connect c = test.hello("offender");
    Will will;
    will.topic = topic;
    will.payload = "will";
    c.will = will;
    const std::string faults[]{violation(), test.octets(c)};  // the second CONNECT: 3.1.0-2
    for (const std::string& fault : faults) {
        auto* offender = co_await test.connect_as("offender", c);
        co_await test.must_close_on(offender, fault, "a protocol violation", reasons(0x81, 0x82));
        const auto delivery = co_await test.receive(w.listener);
        test.equal(delivery.payload, "will"sv, "what is published after the close");
        co_await unheard(test, w, "a second message after the will");
    }
}

CASE(errors, disconnect_comes_first, "A DISCONNECT with the reason comes before the close",
     {.v5 = {"MQTT-4.13.1-1", "MQTT-4.13.2-1"}}) {
    auto* offender = co_await test.connect("offender");
    const Ending end = co_await test.must_close_on(offender, violation(), "a packet of type 0", reasons(0x81, 0x82));
    if (!end.disconnect) test.warn("the connection is closed without a DISCONNECT, which 4.13.1 advises");
    else test.check(end.disconnect->reason >= 0x80, "DISCONNECT after an error has a reason below 0x80");
}

CASE(errors, refusal_ends_the_connection, "After a CONNACK with an error the server closes, and serves nothing more",
     {.v5 = {"MQTT-4.13.2-1", "MQTT-3.2.2-7"}}) {
    const Text topic = test.topic();
    const auto w = co_await watch(test, topic, topic);
    Connect c = test.hello("offender");
    const Property method(property::authentication_method, "mqttspec-made-up");
    c.properties = test.with(c.properties, method);
    const std::string after = test.octets(test.message(topic, "after a refusal"));
    co_await test.must_refuse(test.octets(c) + after, "a CONNECT with an unknown authentication method");
    co_await unheard(test, w, "a PUBLISH behind a refused CONNECT");
}

}  // namespace conformance
