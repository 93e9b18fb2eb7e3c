// Enhanced authentication (5.0, section 4.12): AUTH to and fro until an authenticator of the settings is content.
#include "codec/rules.hpp"
#include "reference/core.hpp"

namespace reference {
namespace {

std::string_view data_of(const mqtt::Properties& list) {
    const auto data = mqtt::find(list, mqtt::property::authentication_data);
    return data ? data->text : std::string_view{};
}

}  // namespace

void Core::start_authentication(Link& link, const mqtt::Connect& c, mqtt::View frame) {
    const auto method = mqtt::find(c.properties, mqtt::property::authentication_method)->text;
    const auto known = settings_.authenticators.find(method);
    link.rare.make().authentication = std::make_unique<Authentication>();
    link.authentication()->method = method;
    if (known == settings_.authenticators.end()) {  // 4.12.0-1
        if (breaks(Break::unknown_method_accepted)) return admit(link, c, {});
        return refuse(link, 0, reason::bad_authentication_method);
    }
    link.authentication()->exchange = known->second(c.client_id);
    link.authentication()->connect = mqtt::bytes(frame);
    link.state = Link::State::authenticating;
    take_step(link, link.authentication()->exchange(data_of(c.properties)));
}

void Core::take_step(Link& link, const AuthStep& step) {
    Authentication& auth = *link.authentication();
    const bool first = !auth.connect.empty();
    const bool forgiven = step.outcome == AuthStep::Outcome::failure &&
                          breaks(first ? Break::auth_failure_accepted : Break::re_authentication_failure_tolerated);
    if (step.outcome == AuthStep::Outcome::failure && !forgiven) {  // 4.12.0-4, 4.12.1-2
        if (first) return refuse_authentication(link, step);
        return disconnect(link, step.reason, style().disconnect_on_error);
    }
    const bool done = forgiven || step.outcome == AuthStep::Outcome::success;
    if (done) link.rare.make().user_name = step.user_name;
    if (done) auth.exchange = nullptr;
    if (done && first) {
        const std::string kept = std::exchange(auth.connect, {});
        mqtt::Connect c;
        mqtt::Fault fault;
        mqtt::decode(c, mqtt::octets(kept), link.version, fault);
        return admit(link, c, step.data);
    }
    // 4.12.0-2, 4.12.0-5
    const mqtt::Text name = breaks(Break::auth_names_other_method) ? "another" : mqtt::Text(auth.method);
    std::vector<mqtt::Property> list{{mqtt::property::authentication_method, name}};
    if (!step.data.empty()) list.emplace_back(mqtt::property::authentication_data, mqtt::Text(step.data));
    if (breaks(Break::auth_reason_too_long)) {  // 3.15.2-2
        list.emplace_back(mqtt::property::reason_string, mqtt::Text("there is more to be said than fits"));
        link.maximum_packet = mqtt::largest_packet;
    }
    if (breaks(Break::auth_user_property_too_long)) {  // 3.15.2-3
        list.emplace_back(mqtt::property::user_property, mqtt::Text("why"), mqtt::Text("there is more to be said"));
        link.maximum_packet = mqtt::largest_packet;
    }
    const mqtt::Properties properties{std::span<const mqtt::Property>(list)};
    const auto more = breaks(Break::auth_asks_with_wrong_reason) ? reason::re_authenticate
                                                                 : reason::continue_authentication;
    if (!send(link, mqtt::Auth{done ? reason::success : more, properties})) shut(link);
}

// The method's last word goes with CONNACK; DISCONNECT has no place for it (5.0, 3.2.2.3.18, 3.14.2.2).
void Core::refuse_authentication(Link& link, const AuthStep& step) {
    if (step.data.empty() || !style().connack_on_error) return refuse(link, 0, step.reason);
    const mqtt::Property list[]{{mqtt::property::authentication_method, mqtt::Text(link.authentication()->method)},
                                {mqtt::property::authentication_data, mqtt::Text(step.data)}};
    if (!send(link, mqtt::Connack{false, step.reason, list})) return refuse(link, 0, step.reason);
    link.refused = true;
    shut(link);
}

void Core::on(Link& link, const mqtt::Auth& p) {
    if (!link.authentication()) {  // 4.12.0-7
        if (breaks(Break::auth_without_method_tolerated)) return;
        return fail(link, reason::protocol_error);
    }
    Authentication& auth = *link.authentication();
    const auto method = mqtt::find(p.properties, mqtt::property::authentication_method);
    const bool connecting = link.state == Link::State::authenticating;
    const bool lax = breaks(connecting ? Break::auth_method_change_accepted : Break::re_authentication_by_other_method);
    if (!method || (method->text != auth.method && !lax))
        return fail(link, reason::protocol_error);  // 4.12.0-5, 4.12.1-1
    const bool undefined = breaks(Break::auth_reason_unchecked) && !mqtt::auth_5.has(p.reason);  // 3.15.2-1
    const bool again = p.reason == reason::re_authenticate || undefined;
    const auto known = settings_.authenticators.find(auth.method);
    if (again && !connecting && !auth.exchange && known != settings_.authenticators.end())
        auth.exchange = known->second(link.session->client_id);
    else if ((p.reason != reason::continue_authentication && !breaks(Break::auth_client_reason_unchecked)) ||
             !auth.exchange)  // 4.12.0-3
        return fail(link, reason::protocol_error);
    take_step(link, auth.exchange(data_of(p.properties)));
}

}  // namespace reference
