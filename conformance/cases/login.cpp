// 3.1.4, 3.2.2: logins and client identifiers that the profile declares as refused.
#include "conformance/cases/wills.hpp"

namespace conformance {
namespace {

/// A refusal: CONNACK with one of these codes, where there is one, and the close.
Task<void> is_refused(Test& test, const Connect& c, std::string what, Reasons codes) {
    auto* client = co_await test.open("client");
    client->send(c);
    const auto answer = co_await client->next();
    if (!answer) {
        // 3.1.1, section 3.1.4: a CONNACK should come; 5.0: it may
        if (test.v5()) test.info(what + " is met by a bare close");
        else test.warn(what + " is met by a bare close, without a CONNACK");
        co_return;
    }
    const auto* connack = std::get_if<Connack>(&*answer);
    if (!connack) test.fail(what + " is answered by " + print(*answer, test.version));
    test.check(connack->code != 0, what + " is accepted");
    if (std::find(codes.begin(), codes.end(), connack->code) == codes.end())
        test.warn(what + " is refused with code " + std::to_string(connack->code));
    test.equal(connack->session_present, false, "Session Present in a refusal");
    const Ending end = co_await client->ending();
    for (const Packet& p : end.packets) test.fail("after a refusal comes " + print(p, test.version));
}

Connect with_bad_login(Test& test, Text who) {
    Connect c = test.hello(who);
    Test::log_in(c, *test.profile.refused);
    return c;
}
Reasons login_codes(const Test& test) { return test.v5() ? reasons(0x86, 0x87) : reasons(4, 5); }

}  // namespace

CASE(login, wrong_login_is_refused, "A wrong login is refused, and the connection closed",
     {.v3_1_1 = {"MQTT-3.2.2-5"}, .v5 = {"MQTT-3.1.4-2", "MQTT-3.2.2-7"}, .needs = {Need::login_refused}}) {
    const Connect c = with_bad_login(test, "client");
    co_await is_refused(test, c, "a wrong login", login_codes(test));
    co_await test.connect("client");  // the control: the right one is welcome
}

CASE(login, user_without_leave_is_refused, "A user who may not connect is refused, and the connection closed",
     {.v3_1_1 = {"MQTT-3.2.2-5"}, .v5 = {"MQTT-3.1.4-2", "MQTT-3.2.2-7"}, .needs = {Need::not_authorized}}) {
    Connect c = test.hello("client");
    Test::log_in(c, *test.profile.not_authorized);
    co_await is_refused(test, c, "a user without leave to connect", login_codes(test));
}

CASE(login, refused_login_leaves_the_session, "A refused CONNECT neither shows the stored session nor ends it",
     {.v3_1_1 = {"MQTT-3.2.2-4", "MQTT-4.1.0-1"},
      .v5 = {"MQTT-3.2.2-6", "MQTT-3.1.2-23"},
      .needs = {Need::login_refused, Need::kept_sessions}}) {
    const Text topic = test.topic("news");
    auto* client = co_await test.connect("client", Keep::yes);
    co_await test.subscribe(client, topic, QoS::at_most_once);
    co_await test.leave(client);
    for (bool clean : {false, true}) {
        Connect c = with_bad_login(test, "client");
        c.clean_start = clean;
        co_await is_refused(test, c, "a wrong login", login_codes(test));
    }
    client = co_await test.resume("client");
    auto* speaker = co_await test.connect("speaker");
    co_await test.up_to_fence(client, speaker, topic);
}

CASE(login, refused_login_publishes_nothing, "A refused CONNECT has its will and a PUBLISH behind it ignored",
     {.v3_1_1 = {"MQTT-3.1.4-5", "MQTT-3.1.2-8"},
      .v5 = {"MQTT-3.1.4-6", "MQTT-3.1.2-7"},
      .needs = {Need::login_refused}}) {
    const Text topic = test.topic("news");
    const Audience a = co_await audience(test, topic);
    Connect c = with_will(test, "client", topic, "the will");
    Test::log_in(c, *test.profile.refused);
    auto* client = co_await test.open("client");
    client->send_bytes(test.octets(c) + test.octets(test.message(topic, "not to be heard")));
    co_await client->ending();
    co_await test.hears_nothing(a.watcher, a.speaker, topic, "a client with a wrong login publishes");
}

CASE(login, refused_client_id_gets_its_code, "An identifier the server does not admit is refused as such, with a close",
     {.v3_1_1 = {"MQTT-3.1.3-9", "MQTT-3.2.2-5"}, .v5 = {"MQTT-3.1.3-8"}, .needs = {Need::refused_client_id}}) {
    Connect c = test.hello("client");
    c.client_id = *test.profile.refused_client_id;
    auto* client = co_await test.open("client");
    client->send(c);
    const auto answer = co_await client->next();
    const auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    if (answer && !connack) test.fail("CONNECT is answered by " + print(*answer, test.version));
    if (connack) test.check(connack->code != 0, "the client identifier is accepted");
    if (!test.v5()) {
        test.check(connack, "a client identifier is refused by a bare close, without CONNACK 2");
        if (connack->code == 5) test.info("code 5: the identifier is not for this login");
        else test.equal(connack->code, 2, "CONNACK code that refuses a client identifier");
    } else if (connack && connack->code != 0x85) {
        test.warn("a client identifier is refused with reason " + std::to_string(connack->code));
    }
    co_await client->ending();
}

}  // namespace conformance
