#include "conformance/embedded.hpp"

namespace conformance {
namespace {

constexpr std::string_view bad_user = "mqttspec-bad", unauthorized_user = "mqttspec-unauthorized",
                           second_user = "mqttspec-second", second_password = "second secret",
                           refused_id = "mqttspecRefusedId", denied = "mqttspec-denied/", method = "MQTTSPEC-TEST",
                           open_word = "open sesame";

reference::Admission admit(const reference::Credentials& c) {
    using reference::Admission;
    if (c.client_id == refused_id) return Admission::bad_client_id;
    if (!c.user_name || !c.password) return Admission::granted;  // guests, with a name or without
    if (*c.user_name == unauthorized_user) return Admission::not_authorized;
    if (*c.user_name == second_user && c.password == second_password) return Admission::granted;
    return Admission::bad_login;
}

/// CONNECT and every AUTH have to carry the open word; one AUTH is asked for.
reference::AuthExchange begin_authentication(std::string_view) {
    return [asked = false](std::string_view data) mutable -> reference::AuthStep {
        using Outcome = reference::AuthStep::Outcome;
        if (data != open_word) return {Outcome::failure, "", "", 0x87};
        if (!asked) {
            asked = true;
            return {Outcome::more, "once more", "", 0};
        }
        return {Outcome::success, "welcome", std::string(second_user), 0};
    };
}

}  // namespace

reference::Settings embedded_settings() {
    reference::Settings s;
    s.login = admit;
    s.allowed = [](const reference::Request& r) { return !r.topic.starts_with(denied); };
    s.authenticators.emplace(method, begin_authentication);
    return s;
}

Profile embedded_profile() {
    Profile p;
    p.name = "mqttspec reference broker";
    p.second = Login{std::string(second_user), std::string(second_password)};
    p.refused = Login{std::string(bad_user), "wrong"};
    p.not_authorized = Login{std::string(unauthorized_user), "known"};
    p.denied_publish = std::string(denied) + "topic";
    p.denied_subscribe = std::string(denied) + "#";
    p.refused_client_id = std::string(refused_id);
    p.auth_method = std::string(method);
    p.auth_data = std::string(open_word);
    p.auth_wrong_data = "close sesame";
    return p;
}

}  // namespace conformance
