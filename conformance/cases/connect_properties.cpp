// 5.0, 3.1.2.11: the properties of CONNECT, right and wrong ones.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

using namespace property;

/// Each may stand once in a CONNECT.
const Property single[]{{session_expiry_interval, 0u},      {receive_maximum, 10u},
                        {maximum_packet_size, 65'536u},     {topic_alias_maximum, 10u},
                        {request_response_information, 0u}, {request_problem_information, 1u}};
/// Each belongs to another packet, or to a will.
const Property foreign[]{{payload_format_indicator, 1u}, {message_expiry_interval, 60u}, {content_type, "text"sv},
                         {response_topic, "answers"sv},  {correlation_data, "c"sv},      {subscription_identifier, 1u},
                         {assigned_client_identifier, "me"sv}, {server_keep_alive, 60u}, {will_delay_interval, 1u},
                         {response_information, "r"sv},  {server_reference, "other"sv},  {reason_string, "why"sv},
                         {topic_alias, 1u},              {maximum_qos, 1u},              {retain_available, 1u}};

std::string named(const Property& p) { return std::string(row(p.id).name); }

/// The CONNECT of a client with these two properties; the second may be left out.
std::string with_properties(Test& test, const Property& one, const Property* two = nullptr) {
    Connect c = test.hello("client");
    c.properties = test.with({}, one);
    if (two) c.properties = test.with(c.properties, *two);
    return test.octets(c);
}

/// The first Reason String or User Property on a packet other than PUBLISH, CONNACK and DISCONNECT.
template <class P> void look(const P& packet, std::string& found) {
    if (!found.empty()) return;
    for (std::uint32_t id : {reason_string, user_property})
        if (find(packet.properties, id)) found = print(packet, Version::v5);
}

/// Asks for answers that invite words: to publishes nobody hears, to filters never held, where declared to a denial.
Task<std::string> diagnostics(Test& test, Peer* client) {
    std::string found;
    const auto& denied = test.profile.denied_subscribe;
    const bool may_ask = denied && (test.offers.wildcard || !has_wildcard(*denied));
    const Subscribe::Entry entry{.filter = may_ask ? Text(*denied) : test.topic("granted")};
    Subscribe subscribe;
    subscribe.packet_id = test.next_id();
    subscribe.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    client->send(subscribe);
    look(co_await client->expect<Suback>(), found);
    const Unsubscribe::Filter filter{test.topic("never/held")};
    Unsubscribe unsubscribe;
    unsubscribe.packet_id = test.next_id();
    unsubscribe.filters = List<Unsubscribe::Filter>(std::span<const Unsubscribe::Filter>(&filter, 1));
    client->send(unsubscribe);
    look(co_await client->expect<Unsuback>(), found);
    const Text topic = test.topic("nobody/hears");
    if (test.offers.maximum_qos > 0) {
        client->send(test.message(topic, "unheard", QoS::at_least_once));
        look(co_await client->expect<Puback>(), found);
    }
    if (test.offers.maximum_qos > 1) {
        const Publish m = test.message(topic, "unheard", QoS::exactly_once);
        client->send(m);
        const auto pubrec = co_await client->expect<Pubrec>();
        look(pubrec, found);
        Pubrel release;
        release.packet_id = m.packet_id;  // unknown where PUBREC refuses
        client->send(release);
        look(co_await client->expect<Pubcomp>(), found);
    }
    co_return found;
}

}  // namespace

CASE(connect, property_twice_is_refused, "A CONNECT property that stands twice is met by a close",
     {.v5 = {"X-2.2.2-property-twice", "MQTT-3.1.4-1"}}) {
    for (const Property& p : single) {
        const std::string control = with_properties(test, p), twice = with_properties(test, p, &p);
        test.check(co_await admitted(test, control), "a CONNECT with " + named(p) + " is not accepted");
        co_await test.must_refuse(twice, "a CONNECT with " + named(p) + " twice");
    }
}

CASE(connect, foreign_property_is_refused, "A property that does not belong on CONNECT is met by a close",
     {.v5 = {"X-2.2.2-property-not-allowed", "MQTT-3.1.4-1"}}) {
    for (const Property& p : foreign) co_await test.must_refuse(with_properties(test, p), "a CONNECT with " + named(p));
}

CASE(connect, unknown_property_is_refused, "A property identifier that is not in the table is met by a close",
     {.v5 = {"X-2.2.2-property-unknown", "MQTT-3.1.4-1"}}) {
    for (std::string_view property : {"\x00\x00"sv, "\x04\x00"sv, "\x2b\x00"sv, "\x7f\x00"sv, "\x91\x01\x00"sv}) {
        RawConnect raw = raw_connect(test);
        raw.properties = measured(property);
        co_await test.must_refuse(raw.octets(), "a CONNECT with the unknown property " + quoted(property));
    }
}

CASE(connect, boolean_property_of_two_is_refused, "A yes-or-no property with the value 2 is met by a close",
     {.v5 = {"X-2.2.2-boolean-value", "MQTT-3.1.4-1"}}) {
    for (std::uint32_t id : {request_response_information, request_problem_information}) {
        const Property p{id, 2u};
        co_await test.must_refuse(with_properties(test, p), "a CONNECT with " + named(p) + " 2");
    }
}

CASE(connect, receive_maximum_zero_is_refused, "A Receive Maximum of 0 is met by a close",
     {.v5 = {"X-3.1.2-receive-maximum-zero", "MQTT-3.1.4-1"}}) {
    const Property zero{receive_maximum, 0u};
    co_await test.must_refuse(with_properties(test, zero), "a CONNECT with Receive Maximum 0");
}

CASE(connect, maximum_packet_size_zero_is_refused, "A Maximum Packet Size of 0 is met by a close",
     {.v5 = {"X-3.1.2-maximum-packet-size-zero", "MQTT-3.1.4-1"}}) {
    const Property zero{maximum_packet_size, 0u};
    co_await test.must_refuse(with_properties(test, zero), "a CONNECT with Maximum Packet Size 0");
}

CASE(connect, authentication_data_alone_is_refused, "Authentication Data without a method is met by a close",
     {.v5 = {"X-3.1.2-authentication-data-alone", "MQTT-3.1.4-1"}}) {
    const Property data{authentication_data, "data"sv};
    co_await test.must_refuse(with_properties(test, data), "a CONNECT with Authentication Data alone");
}

CASE(connect, response_information_only_on_request, "Without a request for it CONNACK has no Response Information",
     {.v5 = {"MQTT-3.1.2-28"}}) {
    Connect unasked = test.hello("client"), refused = unasked, asked = unasked;
    refused.properties = test.with({}, {request_response_information, 0u});
    asked.properties = test.with({}, {request_response_information, 1u});
    for (const Connect* c : {&unasked, &refused}) {
        auto* client = co_await test.connect_as("client", *c);
        const bool told = find(test.connack(client).properties, response_information).has_value();
        test.check(!told, "CONNACK has Response Information after " + print(*c, test.version));
        co_await test.leave(client);
    }
    auto* client = co_await test.connect_as("client", asked);  // both answers are right
    co_await test.leave(client);
}

CASE(connect, problem_information_is_held_back, "With Request Problem Information 0 acknowledgements carry no words",
     {.v5 = {"MQTT-3.1.2-29"}}) {
    Connect quiet = test.hello("client");
    quiet.properties = test.with({}, {request_problem_information, 0u});
    auto* client = co_await test.connect_as("client", quiet);
    const std::string found = co_await diagnostics(test, client);
    test.check(found.empty(), "Reason String or User Property in spite of Request Problem Information 0: " + found);

    // a publisher's own User Property is no problem information
    const Text topic = test.topic("news");
    auto* speaker = co_await test.connect("speaker");
    co_await test.subscribe(client, topic, QoS::at_most_once);
    Publish m = test.message(topic, "hello");
    m.properties = test.with({}, {user_property, "name"sv, "value"sv});
    speaker->send(m);
    const auto delivery = co_await client->expect<Publish>();
    test.check(find(delivery.properties, user_property).has_value(), "the User Property of a PUBLISH does not arrive");
}

}  // namespace conformance
