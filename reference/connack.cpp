// The accepting CONNACK, and what it announces (5.0, section 3.2.2.3).
#include "reference/core.hpp"

namespace reference {

void Core::announce(std::vector<mqtt::Property>& list, Link& link, const mqtt::Connect& c) {
    using namespace mqtt::property;
    const Offer& offer = settings_.offer;
    if (link.session->expiry != link.session_expiry) list.emplace_back(session_expiry_interval, link.session->expiry);
    if (offer.receive_maximum != 65'535) list.emplace_back(receive_maximum, offer.receive_maximum);
    if (offer.maximum_qos != mqtt::QoS::exactly_once && !breaks(Break::maximum_qos_untold))  // 3.2.2-9
        list.emplace_back(maximum_qos, std::uint32_t(offer.maximum_qos));
    if (!offer.retain) list.emplace_back(retain_available, 0u);
    if (offer.maximum_packet_size < mqtt::largest_packet)
        list.emplace_back(maximum_packet_size, offer.maximum_packet_size);
    if (offer.topic_alias_maximum != 0) list.emplace_back(topic_alias_maximum, offer.topic_alias_maximum);
    if (!offer.wildcards) list.emplace_back(wildcard_subscription_available, 0u);
    if (!offer.subscription_identifiers) list.emplace_back(subscription_identifiers_available, 0u);
    if (!offer.shared_subscriptions) list.emplace_back(shared_subscription_available, 0u);
    if (offer.server_keep_alive) list.emplace_back(server_keep_alive, *offer.server_keep_alive);
    const bool asked = mqtt::number_or(c.properties, request_response_information, 0) == 1;
    const bool gives = asked || breaks(Break::response_information_uninvited);  // 3.1.2-28
    if (gives && !offer.response_information.empty())
        list.emplace_back(response_information, mqtt::Text(offer.response_information));
}

void Core::accept(Link& link, const mqtt::Connect& c, bool present, bool assigned, std::string_view auth_data) {
    std::vector<mqtt::Property> list;
    if (link.v5()) {
        using namespace mqtt::property;
        if (assigned && !breaks(Break::assigned_id_missing))  // 3.1.3-7, 3.2.2-16
            list.emplace_back(assigned_client_identifier, mqtt::Text(link.session->client_id));
        announce(list, link, c);
        if (link.authentication()) {  // 4.12.0-5; and never without a method in CONNECT (4.12.0-6)
            list.emplace_back(authentication_method, mqtt::Text(link.authentication()->method));
            if (!auth_data.empty()) list.emplace_back(authentication_data, auth_data);
        } else if (breaks(Break::authentication_uninvited)) {
            list.emplace_back(authentication_method, mqtt::Text("none"));
        }
    }
    link.state = Link::State::online;
    link.heard = now_;
    arm(link);
    const mqtt::Properties properties{std::span<const mqtt::Property>(list)};
    if (!send(link, mqtt::Connack{present && link.version != mqtt::Version::v3_1, 0, properties})) shut(link);
}

}  // namespace reference
