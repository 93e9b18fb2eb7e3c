// The packets that are measured: ordinary ones, of the sizes that issue 3 names.
#pragma once
#include "codec/codec.hpp"

namespace mqtt::bench {

inline constexpr Text payload = "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp";  // 64 octets
inline constexpr Property five_properties[]{{property::content_type, "application/json"},
                                            {property::response_topic, "replies/client-17/x"},
                                            {property::correlation_data, "0123456789abcdef"},
                                            {property::user_property, "trace", "4bf92f3577b34da6"},
                                            {property::message_expiry_interval, 3600u}};
inline constexpr Property connect_properties[]{{property::session_expiry_interval, 3600u},
                                               {property::receive_maximum, 100u},
                                               {property::maximum_packet_size, 65'536u},
                                               {property::user_property, "device", "room-7"}};
inline constexpr Property connack_properties[]{{property::receive_maximum, 100u},
                                               {property::assigned_client_identifier, "client-0042"},
                                               {property::topic_alias_maximum, 16u},
                                               {property::maximum_qos, 1u},
                                               {property::shared_subscription_available, 0u}};
inline constexpr Property will_properties[]{{property::will_delay_interval, 30u}};
inline constexpr Property identifier[]{{property::subscription_identifier, 7u}};
inline constexpr Property reason[]{{property::reason_string, "no such room"}};
inline constexpr Property login[]{{property::authentication_method, "SCRAM-SHA-256"},
                                  {property::authentication_data, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"}};

inline constexpr Subscribe::Entry five_entries[]{{.filter = "sport/tennis/player1"},
                                                 {.filter = "sensors/+/temperature", .qos = QoS::at_least_once},
                                                 {.filter = "home/kitchen/#", .qos = QoS::exactly_once},
                                                 {.filter = "a/b"},
                                                 {.filter = "devices/device-0042/state"}};
inline constexpr Subscribe::Entry mixed_entries[]{{.filter = "sport/tennis/spieler-größe"},
                                                  {.filter = "sensoren/+/temperatur-in-°C", .qos = QoS::at_least_once},
                                                  {.filter = "家/台所/#", .qos = QoS::exactly_once},
                                                  {.filter = "a/b"},
                                                  {.filter = "devices/device-0042/state"}};
inline constexpr Subscribe::Entry shared_entries[]{{.filter = "$share/workers/jobs/+/new", .qos = QoS::at_least_once},
                                                   {.filter = "$share/workers/jobs/#", .retain_handling = 1}};
inline constexpr Unsubscribe::Filter five_filters[]{
    {"sport/tennis/player1"}, {"sensors/+/temperature"}, {"home/kitchen/#"}, {"a/b"}, {"devices/device-0042/state"}};
inline constexpr Suback::Code five_codes[]{{0}, {1}, {2}, {0}, {0x80}};
inline constexpr Unsuback::Code five_unsuback_codes[]{{0}, {0x11}, {0}, {0}, {0x87}};

inline Connect a_connect(Version v) {
    return {.level = std::uint8_t(v),
            .client_id = "client-0042",
            .will = Will{.qos = QoS::at_least_once, .topic = "clients/client-0042/gone", .payload = "gone"},
            .user_name = "a user",
            .password = "a secret"};
}
inline Connect a_mixed_connect(Version v) {
    Connect c = a_connect(v);
    c.client_id = "Gerät-0042";
    c.will->topic = "clients/Gerät-0042/verschwunden";
    c.user_name = "Jürgen";
    return c;
}
inline Connect a_connect_with_properties() {
    Connect c = a_connect(Version::v5);
    c.properties = connect_properties;
    c.will->properties = will_properties;
    return c;
}
inline Publish a_publish(QoS qos) {
    return {.qos = qos,
            .topic = "sensors/room-7/tempe",
            .packet_id = std::uint16_t(qos == QoS{} ? 0 : 4711),
            .payload = payload};
}
inline Publish a_mixed_publish() {
    Publish p = a_publish(QoS::at_least_once);
    p.topic = "sensoren/küche/°C-温";
    return p;
}
inline Publish a_publish_with_five() {
    Publish p = a_publish(QoS::at_least_once);
    p.properties = five_properties;
    return p;
}
inline Publish a_publish_of_100_octets() {
    return {.topic = "sensors/room-7/tempe",
            .payload =
                "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
                "pppppppppppppppp"};
}

}  // namespace mqtt::bench
