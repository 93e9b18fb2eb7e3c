// 3.1.4: a client identifier that connects again takes the place of its earlier connection.
#include "conformance/kit.hpp"

namespace conformance {

CASE(takeover, first_connection_is_closed, "The same identifier again closes the earlier connection",
     {.v3_1_1 = {"MQTT-3.1.4-2"}, .v5 = {"MQTT-3.1.4-3"}}) {
    auto* bystander = co_await test.connect("bystander");
    auto* first = co_await test.connect("client");
    auto* second = co_await test.connect("client");
    const Ending end = co_await test.must_close(first, "a takeover", reasons(0x8E));
    if (test.v5() && !end.disconnect) test.warn("the connection taken over gets no DISCONNECT 0x8E");
    test.check(co_await second->stays_open_through_ping(), "the connection that took over is closed as well");
    test.check(co_await bystander->stays_open_through_ping(), "a client with another identifier is closed");
}

CASE(takeover, session_moves_to_the_new_connection, "A takeover with clean session 0 carries the session on",
     {.v3_1_1 = {"MQTT-3.1.4-3", "MQTT-3.1.4-2", "MQTT-3.1.2-4"},
      .v5 = {"MQTT-3.1.4-4", "MQTT-3.1.4-3", "MQTT-3.1.2-5"},
      .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("news");
    auto* first = co_await test.connect("client", Keep::yes);
    co_await test.subscribe(first, topic, QoS::at_most_once);
    auto* second = co_await test.resume("client");
    co_await first->ending();
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(second, speaker, topic);
}

CASE(takeover, clean_takeover_discards_the_session, "A takeover with clean session 1 begins anew",
     {.v3_1_1 = {"MQTT-3.1.4-3", "MQTT-3.1.2-6", "MQTT-3.2.2-1"},
      .v5 = {"MQTT-3.1.4-4", "MQTT-3.1.2-4", "MQTT-3.2.2-2"},
      .needs = {Need::kept_sessions}}) {
    const Text topic = test.topic("news"), control = test.topic("control");
    auto* first = co_await test.connect("client", Keep::yes);
    co_await test.subscribe(first, topic, QoS::at_most_once);
    auto* second = co_await test.connect("client", Keep::no);
    test.equal(test.connack(second).session_present, false, "Session Present after a clean takeover");
    co_await first->ending();
    co_await test.subscribe(second, control, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.publish(speaker, topic, "for the old session");
    co_await test.hears_nothing(second, speaker, control, "a subscription of the old session is served");
}

}  // namespace conformance
