// From the first octet of a connection to the decision about its CONNECT (sections 3.1 and 3.1.4).
#include <algorithm>

#include "reference/core.hpp"

namespace reference {
namespace {

using mqtt::Version;

struct Greeting {
    std::string_view protocol;
    std::uint8_t level = 0;
    bool whole = false;
};
// Protocol name and level, before anything else is known of the packet.
Greeting greeting(mqtt::View body) {
    if (body.size() < 2) return {};
    const std::size_t length = std::size_t(body[0]) << 8 | body[1];
    if (body.size() < length + 3) return {};
    return {mqtt::bytes(body.subspan(2, length)), body[2 + length], true};
}

}  // namespace

std::size_t Core::first_packet(Link& link, mqtt::View bytes) {
    mqtt::Fault fault;
    if (mqtt::Type(bytes[0] >> 4) != mqtt::Type::connect) {  // 3.1.0-1
        if (breaks(Break::packet_before_connect_tolerated)) return mqtt::frame(bytes, Version::v3_1_1, fault).size;
        shut(link);
        return bytes.size();
    }
    const auto whole = mqtt::frame(bytes, Version::v3_1_1, fault, {settings_.limits.connect_packet});
    if (fault) {
        shut(link);
        return bytes.size();
    }
    if (whole.size == 0) return 0;
    auto packet = bytes.first(whole.size);
    if (!version_is_served(link, packet.subspan(whole.body))) return whole.size;
    std::string as_served;
    if (breaks(Break::protocol_level_unchecked)) {  // 3.1.2-2: an unknown level is read as the newest
        as_served = mqtt::bytes(packet);
        as_served[whole.body + 2 + greeting(packet.subspan(whole.body)).protocol.size()] = char(link.version);
        packet = mqtt::octets(as_served);
    }
    mqtt::Connect connect;
    if (mqtt::decode(connect, packet, link.version, fault) == 0) return on_fault(link, packet, fault);
    if (bytes.size() > whole.size && breaks(Break::pingresp_before_connack)) send(link, mqtt::Pingresp{});  // 3.2.0-1
    on_connect(link, connect, packet);
    return link.state == Link::State::deciding ? 0 : whole.size;
}

// Sets the link's version; false: the connection is on its end.
bool Core::version_is_served(Link& link, mqtt::View body) {
    const auto [protocol, level, whole] = greeting(body);
    if (!whole) {  // 3.1.4-1
        shut(link);
        return false;
    }
    const bool old = protocol == "MQIsdp";
    link.version = level >= 5 && !old ? Version::v5 : old && level == 3 ? Version::v3_1 : Version::v3_1_1;
    if (!old && protocol != "MQTT") {  // 3.1.2-1
        if (breaks(Break::protocol_name_unchecked)) return true;
        if (link.v5())
            refuse(link, 0, reason::unsupported_version);
        else
            shut(link);
        return false;
    }
    const Offer& offer = settings_.offer;
    if (old ? level == 3 && offer.v3_1 : (level == 4 && offer.v3_1_1) || (level == 5 && offer.v5)) return true;
    if (breaks(Break::protocol_level_unchecked)) return true;
    // 3.1.2-2. Levels we know nothing of are answered in the newest form.
    if (!offer.v5 || level <= 5) link.version = Version::v3_1_1;
    refuse(link, breaks(Break::unsupported_level_wrong_code) ? 5 : 1, reason::unsupported_version);
    return false;
}

void Core::on_connect(Link& link, const mqtt::Connect& c, mqtt::View frame) {
    if (link.decision == Admission::pending) ++counters_.packets_received, ++counters_.connects;
    read_limits(link, c);
    if (link.v5() && mqtt::find(c.properties, mqtt::property::authentication_method))
        return start_authentication(link, c, frame);
    admit(link, c, {});
}

void Core::read_limits(Link& link, const mqtt::Connect& c) {
    using namespace mqtt::property;
    link.keep_alive = c.keep_alive;
    if (c.user_name && !link.identified) link.rare.make().user_name = *c.user_name;
    if (!link.v5()) return;
    if (settings_.offer.server_keep_alive)
        link.keep_alive = *settings_.offer.server_keep_alive;
    else if (breaks(Break::keep_alive_of_server_untold))
        link.keep_alive = 10;  // 5.0, 3.2.2-22: the client's value holds
    const auto read = [&](std::uint32_t id, std::uint32_t otherwise) {
        return mqtt::number_or(c.properties, id, otherwise);
    };
    link.receive_maximum = static_cast<std::uint16_t>(read(receive_maximum, 65'535));
    link.alias_maximum = static_cast<std::uint16_t>(read(topic_alias_maximum, 0));
    link.maximum_packet = read(maximum_packet_size, mqtt::largest_packet);
    if (breaks(Break::client_maximum_ignored)) link.maximum_packet = mqtt::largest_packet;
    if (link.receive_maximum == 0) link.receive_maximum = 65'535;              // a violation let it pass
    if (link.maximum_packet == 0) link.maximum_packet = mqtt::largest_packet;  // as above
    link.problem_information = read(request_problem_information, 1) != 0;
    link.session_expiry = read(session_expiry_interval, 0);
}

void Core::admit(Link& link, const mqtt::Connect& c, std::string_view auth_data) {
    if (!settings_.available) return refuse(link, 3, reason::server_unavailable);
    if (!settings_.server_reference.empty()) return refuse(link, 3, reason::use_another_server);
    if (!client_id_is_served(link, c)) return;
    if (c.keep_alive == 0 && breaks(Break::keep_alive_zero_refused)) return refuse(link, 3, reason::unspecified);
    const bool assigned = c.client_id.empty();
    const std::string id = assigned ? assign_client_id() : session_key(c.client_id);
    if (!link.authentication() && !may_connect(link, c, id)) return;
    if (!will_is_served(link, c)) return;
    if (sessions_.size() >= settings_.limits.sessions && !find_session(id))
        return refuse(link, 3, reason::quota_exceeded);
    bool present = false;
    Session& session = attach(link, c, id, present);
    const bool early = present && breaks(Break::connack_not_first);  // 3.2.0-1
    if (early) resume(session);
    accept(link, c, present, assigned, auth_data);
    if (link.session && !early) resume(session);
}

bool Core::client_id_is_served(Link& link, const mqtt::Connect& c) {
    const auto length = c.client_id.size();
    const bool no_empty = link.version == Version::v3_1 || !style().empty_client_ids ||
                          (link.version == Version::v3_1_1 && !c.clean_start &&  // 3.1.1, 3.1.3-8
                           !breaks(Break::empty_id_persistent_accepted));
    const bool no_long = link.version == Version::v3_1 || !style().long_client_ids;
    const bool wrong = (length == 0 && no_empty) || (length > 23 && no_long) ||
                       (length == 23 && breaks(Break::client_id_23_refused));  // 3.1.3-5
    if (wrong) {
        const bool lies = length == 0 && breaks(Break::empty_id_refused_with_wrong_code);
        refuse(link, lies ? 5 : 2, reason::bad_client_id);
        return false;
    }
    const bool misnamed = length > 23 && breaks(Break::long_client_id_wrong_code);  // 3.1.3-9, 5.0: 3.1.3-8
    if (misnamed) refuse(link, 3, reason::server_unavailable);
    return !misnamed;
}

bool Core::may_connect(Link& link, const mqtt::Connect& c, std::string_view client_id) {
    if (!settings_.login || link.identified) return true;
    struct Codes {
        std::uint8_t v3, v5;
    };
    const auto codes = [&]() -> Codes {
        const bool decided = link.decision != Admission::pending;
        switch (decided ? link.decision
                        : settings_.login({link.version, client_id, c.user_name, c.password, link.id})) {
            case Admission::pending: link.state = Link::State::deciding; return {};
            case Admission::granted: return {0, 0};
            case Admission::bad_login: return {4, reason::bad_login};
            case Admission::not_authorized: return {5, reason::not_authorized};
            case Admission::bad_client_id: return {2, reason::bad_client_id};
            case Admission::unavailable: return {3, reason::server_unavailable};
            case Admission::banned: return {5, reason::banned};
            case Admission::busy: return {3, reason::server_busy};
        }
        return {3, reason::unspecified};
    }();
    if (link.state == Link::State::deciding) return false;
    if (codes.v3 == 0 || breaks(Break::bad_login_accepted)) return true;  // 5.0, 3.1.4-2
    refuse(link, codes.v3, codes.v5);
    return false;
}

bool Core::reads(LinkId id) const {
    const Link* link = links_.find(id);
    return !link || link->state != Link::State::deciding;
}

// CONNECT was kept as it came: it is gone through once more, with the answer known.
void Core::decide(LinkId id, Admission answer, Time now) {
    set_now(now);
    Link* link = links_.find(id);
    if (!link || link->state != Link::State::deciding || answer == Admission::pending) return;
    link->state = Link::State::fresh;
    link->decision = answer;
    receive(id, {}, now);
}

bool Core::will_is_served(Link& link, const mqtt::Connect& c) {
    if (!c.will || !link.v5()) return true;
    const Offer& offer = settings_.offer;
    const auto qos = std::min(c.will->qos, mqtt::QoS::exactly_once);  // 3 passes in a violation only
    if (qos > offer.maximum_qos && !breaks(Break::will_above_maximum_qos_accepted))
        refuse(link, 0, reason::qos_not_supported);  // 3.2.2-12
    else if (c.will->retain && !offer.retain && !breaks(Break::retained_will_unavailable_accepted))
        refuse(link, 0, reason::retain_not_supported);  // 3.2.2-13
    return link.state != Link::State::closing;
}

void Core::refuse(Link& link, std::uint8_t code_3, std::uint8_t code_5) {
    const bool lies = breaks(Break::session_present_on_refusal);  // 3.1.1, 3.2.2-4; 5.0, 3.2.2-6
    if (link.v5() && style().connack_on_error) {
        if (breaks(Break::disconnect_before_connack))
            send(link, mqtt::Disconnect{code_5});  // 5.0, 3.14.0-1
        else if (breaks(Break::connack_undefined_reason))
            send(link, mqtt::Connack{lies, 0x05});  // 5.0, 3.2.2-8
        else if (code_5 == reason::use_another_server)
            redirect(link);
        else
            answer(link, mqtt::Connack{lies, code_5}, code_5);
    } else if (!link.v5() && code_3 != 0) {
        send(link, mqtt::Connack{lies, code_3});
    }
    link.refused = true;
    link.left_open = breaks(Break::refusal_left_open);  // 3.1.1, 3.2.2-5; 5.0, 3.2.2-7
    shut(link);
}

// 5.0, section 4.11
void Core::redirect(Link& link) {
    const mqtt::Property to[]{{mqtt::property::server_reference, mqtt::Text(settings_.server_reference)}};
    if (!send(link, mqtt::Connack{false, reason::use_another_server, to}))
        send(link, mqtt::Connack{false, reason::use_another_server});
}

// What follows a refused CONNECT is ignored (3.1.1, 3.1.4-5; 5.0, 3.1.4-6).
void Core::after_refusal(Link& link, mqtt::View bytes) {
    if (!link.refused || !breaks(Break::refused_connect_served)) return;
    mqtt::Fault fault;
    mqtt::Publish p;
    while (const auto size = mqtt::decode(p, bytes, link.version, fault)) {
        publish(make_message(link, p, p.topic));
        bytes = bytes.subspan(size);
    }
}

void Core::second_connect(Link& link) {
    if (breaks(Break::second_connect_ignored)) return;
    if (link.v5() && breaks(Break::connack_twice)) send(link, mqtt::Connack{});                       // 5.0, 3.2.0-2
    fail(link, reason::protocol_error);                                                               // 3.1.0-2
    link.left_open = link.left_open || (link.v5() && breaks(Break::error_disconnect_without_close));  // 5.0, 4.13.2-1
}

}  // namespace reference
