// 3.1.4-1: a CONNECT that does not fit the format ends the connection; in 3.1.1 without a CONNACK.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

struct IllFormed {
    std::string_view octets, what;
};
/// Not UTF-8 by any reading of 1.5.3 (3.1.1) or 1.5.4 (5.0).
constexpr IllFormed ill_formed[]{{"\xC3\x28", "a truncated character"},
                                 {"\xC0\xAF", "an overlong form"},
                                 {"\xED\xA0\x80", "a surrogate"},
                                 {"\xF4\x90\x80\x80", "a code point above U+10FFFF"},
                                 {"\xFF", "the octet FF"}};

}  // namespace

CASE(connect, cut_short_is_refused, "A CONNECT that ends inside a field is met by a close",
     {.v3_1_1 = {"MQTT-3.1.4-1", "X-2.0-packet-length"}, .v5 = {"MQTT-3.1.4-1", "X-2.0-packet-length"}}) {
    const std::string body = raw_connect(test).body();
    // in and after: the length of the name, the name, level, flags, Keep Alive; the length of the client identifier
    for (std::size_t kept : {0u, 1u, 2u, 4u, 6u, 7u, 8u, 9u, 11u, 14u}) {
        const std::string octets = "\x10" + measured(body.substr(0, kept));
        co_await test.must_refuse(octets, "a CONNECT cut after " + std::to_string(kept) + " octets of its body");
    }
}

CASE(connect, octets_left_over_are_refused, "A CONNECT with octets after its last field is met by a close",
     {.v3_1_1 = {"MQTT-3.1.4-1", "X-2.0-packet-length"}, .v5 = {"MQTT-3.1.4-1", "X-2.0-packet-length"}}) {
    for (std::string_view more : {"\x00"sv, "\x00\x00"sv, "more"sv}) {
        const std::string octets = "\x10" + measured(raw_connect(test).body() + std::string(more));
        co_await test.must_refuse(octets, "a CONNECT with " + std::to_string(more.size()) + " octets too many");
    }
}

CASE(connect, client_id_field_is_demanded, "A CONNECT without a client identifier field is met by a close",
     {.v3_1_1 = {"MQTT-3.1.3-3", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.3-3", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);
    raw.payload.clear();
    co_await test.must_refuse(raw.octets(), "a CONNECT without a client identifier");
}

CASE(connect, client_id_is_utf8, "A client identifier that is no UTF-8 is met by a close",
     {.v3_1_1 = {"MQTT-3.1.3-4", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.3-4", "MQTT-3.1.4-1"}}) {
    const std::string id(test.client_id("client"));
    for (const IllFormed& bad : ill_formed) {
        RawConnect raw = raw_connect(test);
        raw.payload[0] = field(id + std::string(bad.octets));
        co_await test.must_refuse(raw.octets(), "a client identifier with " + std::string(bad.what));
    }
}

CASE(connect, will_topic_is_utf8, "A will topic that is no UTF-8 is met by a close",
     {.v3_1_1 = {"MQTT-3.1.3-10", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.3-11", "MQTT-3.1.4-1"}}) {
    for (const IllFormed& bad : ill_formed) {
        RawConnect raw = raw_connect(test);
        add_will(raw, std::string(test.topic("will")) + std::string(bad.octets));
        co_await test.must_refuse(raw.octets(), "a will topic with " + std::string(bad.what));
    }
}

CASE(connect, user_name_is_utf8, "A user name that is no UTF-8 is met by a close",
     {.v3_1_1 = {"MQTT-3.1.3-11", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.3-12", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);
    raw.flags |= connect_flag::user_name;
    raw.payload.push_back(field("nobody"));
    const std::string control = raw.octets();
    if (!co_await admitted(test, control))
        test.unreachable("unknown users are refused, so that the fault cannot be told from a bad login");
    for (const IllFormed& bad : ill_formed) {
        raw.payload.back() = field("nobody" + std::string(bad.octets));
        co_await test.must_refuse(raw.octets(), "a user name with " + std::string(bad.what));
    }
}

CASE(connect, properties_fill_their_length, "A CONNECT whose properties do not fit their length is met by a close",
     {.v5 = {"MQTT-3.1.4-1", "X-2.0-packet-length"}}) {
    const std::string expiry = "\x11\x00\x00\x00\x05"s;
    RawConnect raw = raw_connect(test);
    raw.properties = measured(expiry);
    const std::string control = raw.octets();
    test.check(co_await admitted(test, control), "a CONNECT with Session Expiry Interval 5 is not accepted");
    raw.properties = "\x7f" + expiry;
    co_await test.must_refuse(raw.octets(), "a property length that goes beyond the packet");
    raw.properties = "\x03" + expiry;
    co_await test.must_refuse(raw.octets(), "a property length that ends inside a property");
    raw.properties = "\x80\x80\x80\x80\x00"s;
    co_await test.must_refuse(raw.octets(), "a property length of five octets");
}

}  // namespace conformance
