// 3.1.2.3 to 3.1.2.9: the connect flags, and the payload fields they promise.
#include "conformance/cases/connect_octets.hpp"

namespace conformance {
namespace {

using namespace connect_flag;

/// A CONNECT without a login has to be welcome, or a refusal of what follows would say nothing.
Task<void> needs_anonymous(Test& test) {
    if (test.profile.login.empty()) co_return;
    const std::string plain = anonymous_connect(test, "anonymous").octets();
    if (!co_await admitted(test, plain))
        test.unreachable("the target asks for a login, so that the fault cannot be told from a missing login");
}

/// A user name alone has to be welcome.
Task<RawConnect> user_name_alone(Test& test) {
    RawConnect raw = anonymous_connect(test);
    raw.flags |= user_name;
    raw.payload.push_back(field(test.profile.login.user_name.value_or("nobody")));
    const std::string plain = raw.octets();
    if (!co_await admitted(test, plain)) test.unreachable("the target refuses a user name without a password");
    co_return raw;
}

}  // namespace

CASE(connect, reserved_flag_is_refused, "A CONNECT with the reserved connect flag set is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-3", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-3", "MQTT-3.1.4-1"}}) {
    RawConnect raw = raw_connect(test);
    raw.flags |= reserved;
    co_await test.must_refuse(raw.octets(), "a CONNECT with the reserved flag set");
}

CASE(connect, will_qos_without_will_is_refused, "A will QoS without the will flag is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-13", "MQTT-3.1.2-11", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-11", "MQTT-3.1.4-1"}}) {
    for (unsigned qos : {1u, 2u, 3u}) {
        RawConnect raw = raw_connect(test);
        raw.flags |= qos * will_qos_1;
        co_await test.must_refuse(raw.octets(), "a CONNECT with will flag 0 and will QoS " + std::to_string(qos));
    }
}

CASE(connect, will_retain_without_will_is_refused, "Will retain without the will flag is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-15", "MQTT-3.1.2-11", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-13", "MQTT-3.1.4-1"}}) {
    RawConnect raw = raw_connect(test);
    raw.flags |= will_retain;
    co_await test.must_refuse(raw.octets(), "a CONNECT with will flag 0 and will retain 1");
}

CASE(connect, will_qos_three_is_refused, "A will QoS of 3 is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-14", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-12", "MQTT-3.1.4-1"}}) {
    RawConnect raw = raw_connect(test);
    add_will(raw, test.topic("will"));
    raw.flags |= 3 * will_qos_1;
    co_await test.must_refuse(raw.octets(), "a CONNECT with will QoS 3");
}

CASE(connect, will_flag_demands_will_fields, "The will flag without the fields of a will is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-9", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-9", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);  // the fields of a login could be read as the will
    raw.flags |= will;
    co_await test.must_refuse(raw.octets(), "a CONNECT with the will flag set and only a client identifier");
    add_will(raw, test.topic("will"));
    raw.payload.pop_back();
    co_await test.must_refuse(raw.octets(), "a CONNECT with the will flag set and no will payload");
}

CASE(connect, will_fields_demand_will_flag, "The fields of a will without the will flag are met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-11", "MQTT-3.1.4-1", "X-2.0-packet-length"},
      .v5 = {"X-2.0-packet-length", "MQTT-3.1.4-1"}}) {
    co_await needs_anonymous(test);
    RawConnect raw = anonymous_connect(test);
    add_will(raw, test.topic("will"));
    raw.flags &= ~unsigned(will);
    co_await test.must_refuse(raw.octets(), "a CONNECT with will topic and payload but will flag 0");
}

CASE(connect, user_name_demands_its_flag, "A field more than the flags promise is met by a close: no user name",
     {.v3_1_1 = {"MQTT-3.1.2-18", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-16", "MQTT-3.1.4-1"}}) {
    co_await needs_anonymous(test);
    RawConnect raw = anonymous_connect(test);
    raw.payload.push_back(field("nobody"));
    co_await test.must_refuse(raw.octets(), "a CONNECT with a user name but user name flag 0");
}

CASE(connect, user_name_flag_demands_user_name, "The user name flag without a user name is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-19", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-17", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);
    raw.flags |= user_name;
    co_await test.must_refuse(raw.octets(), "a CONNECT with user name flag 1 but no user name");
}

CASE(connect, password_demands_its_flag, "A field more than the flags promise is met by a close: no password",
     {.v3_1_1 = {"MQTT-3.1.2-20", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-18", "MQTT-3.1.4-1"}}) {
    RawConnect raw = co_await user_name_alone(test);
    raw.payload.push_back(field("secret"));
    co_await test.must_refuse(raw.octets(), "a CONNECT with a password but password flag 0");
}

CASE(connect, password_flag_demands_password, "The password flag without a password is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-21", "MQTT-3.1.4-1"}, .v5 = {"MQTT-3.1.2-19", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);
    raw.flags |= user_name | password;
    raw.payload.push_back(field(test.profile.login.user_name.value_or("nobody")));
    co_await test.must_refuse(raw.octets(), "a CONNECT with password flag 1 but no password");
}

CASE(connect, password_demands_user_name, "A password without a user name is met by a close",
     {.v3_1_1 = {"MQTT-3.1.2-22", "MQTT-3.1.4-1"}}) {
    RawConnect raw = anonymous_connect(test);
    raw.flags |= password;
    raw.payload.push_back(field("secret"));
    co_await test.must_refuse(raw.octets(), "a CONNECT with password flag 1 and user name flag 0");
}

}  // namespace conformance
