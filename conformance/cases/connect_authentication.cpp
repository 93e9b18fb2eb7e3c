// 5.0, 3.1.2.11.9: what a client that named an Authentication Method may send before CONNACK.
#include "conformance/kit.hpp"

namespace conformance {

CASE(connect, only_auth_comes_before_connack, "Between CONNECT with a method and CONNACK a PUBLISH ends the connection",
     {.v5 = {"MQTT-3.1.2-30", "MQTT-3.14.0-1"}, .needs = {Need::authentication_method}}) {
    const Text topic = test.topic("early");
    auto* watcher = co_await test.connect("watcher");
    co_await test.subscribe(watcher, topic, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(watcher, speaker, topic);
    Connect c = test.hello("client");
    c.properties = test.with({}, {property::authentication_method, Text(*test.profile.auth_method)});
    const Properties method = c.properties;
    if (test.profile.auth_data)
        c.properties = test.with(method, {property::authentication_data, Text(*test.profile.auth_data)});
    auto* client = co_await test.open("client");
    client->send(c);
    const auto answer = co_await client->next();
    if (!answer || !std::holds_alternative<Auth>(*answer)) test.unreachable("the server asks for no AUTH");
    client->send(test.message(topic, "early"));
    const Ending end = co_await client->ending();
    test.check(!end.disconnect, "a DISCONNECT comes before CONNACK");
    for (const Packet& p : end.packets) {
        const auto* connack = std::get_if<Connack>(&p);
        const bool refusal = connack && connack->code != 0;
        test.check(refusal, "a PUBLISH amid the authentication is answered by " + print(p, test.version));
    }
    co_await test.hears_nothing(watcher, speaker, topic, "a PUBLISH amid the authentication is delivered");
}

}  // namespace conformance
