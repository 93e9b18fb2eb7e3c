// 3.2.2.3.11 to 3.2.2.3.13, 3.8.3: subscriptions of a kind that the server does not serve.
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// Said to be absent: a close (strict in 5.0) or a failure code (the right answer in 3.1.1), never a grant.
Task<void> is_unavailable(Test& test, std::string octets, std::string what, unsigned reason) {
    auto* client = co_await test.connect("offender");
    client->send_bytes(octets);
    const auto answer = co_await client->next();
    const auto* suback = answer ? std::get_if<Suback>(&*answer) : nullptr;
    if (!suback) {
        test.check(!answer || type_of(*answer) == Type::disconnect, what + " gets another answer than SUBACK");
        co_await test.must_close(client, what, reasons(reason, 0x82));
        co_return;
    }
    for (const Suback::Code& code : suback->codes) test.check(code.value >= 0x80, what + " is granted");
    if (test.v5()) test.warn(what + " gets a failure code, where a close is due (MQTT-4.13.1-1)");
    co_await test.leave(client);
}

}  // namespace

CASE(subscribe, no_wildcards, "A server without wildcard subscriptions grants none",
     {.v3_1_1 = {"MQTT-3.8.3-2"}, .v5 = {"MQTT-4.13.1-1"}, .needs = {Need::no_wildcard}}) {
    for (const Text tail : {"#"sv, "+"sv, "a/+"sv, "+/a"sv}) {
        const std::string octets = subscribe_octets(test, test.topic(tail));
        co_await is_unavailable(test, octets, "a subscription to .../" + std::string(tail), 0xA2);
    }
}

CASE(subscribe, no_identifiers, "A server without Subscription Identifiers takes none",
     {.v5 = {"MQTT-4.13.1-1"}, .needs = {Need::no_subscription_identifiers}}) {
    const Property identifier(property::subscription_identifier, 7);
    const std::string octets = subscribe_octets(test, test.topic(), test.with({}, identifier));
    co_await is_unavailable(test, octets, "a subscription with a Subscription Identifier", 0xA1);
}

CASE(subscribe, no_shares, "A server without shared subscriptions grants none",
     {.v5 = {"MQTT-4.13.1-1"}, .needs = {Need::no_shared}}) {
    const std::string octets = subscribe_octets(test, test.text("$share/group/" + std::string(test.topic())));
    co_await is_unavailable(test, octets, "a shared subscription", 0x9E);
}

}  // namespace conformance
