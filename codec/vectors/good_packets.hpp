// Packets by hand, from the tables and figures of the standards: hex on the left, the fields they mean on the right.
// Nothing here came out of our encoder.
#pragma once
#include <vector>

#include "codec/codec.hpp"

namespace mqtt::testing {

struct Good {
    const char* hex;
    Version version;
    Packet packet;
};
inline constexpr auto v3 = Version::v3_1, v4 = Version::v3_1_1, v5 = Version::v5;

inline const Subscribe::Entry two_entries[]{{.filter = "a/b", .qos = QoS::at_least_once},
                                            {.filter = "c/d", .qos = QoS::exactly_once}};
inline const Subscribe::Entry one_entry[]{{.filter = "a", .qos = QoS::at_least_once}};
inline const Subscribe::Entry two_entries_5[]{
    {.filter = "a/b", .qos = QoS::at_least_once},
    {.filter = "c/d", .qos = QoS::exactly_once, .no_local = true, .retain_as_published = true, .retain_handling = 2}};
inline const Subscribe::Entry shared_entry[]{{.filter = "$share/g/+/#", .qos = QoS{}, .retain_handling = 1}};
inline const Unsubscribe::Filter two_filters[]{{.text = "a/b"}, {.text = "c/d"}};
inline const Suback::Code three_codes[]{{0x00}, {0x02}, {0x80}};
inline const Suback::Code two_codes_5[]{{0x00}, {0x87}};
inline const Unsuback::Code two_unsuback_codes[]{{0x00}, {0x11}};
inline const Property expiry_ten[]{{property::session_expiry_interval, 10u}};
inline const Property expiry_zero[]{{property::session_expiry_interval, 0u}};
inline const Property delay_five[]{{property::will_delay_interval, 5u}};
inline const Property receive_ten[]{{property::receive_maximum, 10u}};
inline const Property alias_seven[]{{property::topic_alias, 7u}};
inline const Property reason_bad[]{{property::reason_string, "bad"}};
inline const Property pair_a_b[]{{property::user_property, "a", "b"}};
inline const Property identifier_five[]{{property::subscription_identifier, 5u}};
inline const Property method_and_data[]{{property::authentication_method, "m"}, {property::authentication_data, "d"}};

inline std::vector<Good> connects() {
    return {
        {"10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 63", v4, Connect{.level = 4, .client_id = "c"}},
        {"10 20 00 04 4d 51 54 54 04 ce 00 0a 00 03 61 62 63 00 03 77 2f 74 00 03 62 79 65 00 01 75 00 02 70 77", v4,
         Connect{.level = 4, .keep_alive = 10, .client_id = "abc",
                 .will = Will{.qos = QoS::at_least_once, .topic = "w/t", .payload = "bye"},
                 .user_name = "u", .password = "pw"}},
        {"10 13 00 04 4d 51 54 54 04 34 ff ff 00 01 63 00 01 77 00 01 00", v4,
         Connect{.level = 4, .clean_start = false, .keep_alive = 65535, .client_id = "c",
                 .will = Will{.qos = QoS::exactly_once, .retain = true, .topic = "w", .payload = {"\0", 1}}}},
        {"10 0f 00 06 4d 51 49 73 64 70 03 02 00 3c 00 01 63", v3,
         Connect{.protocol = "MQIsdp", .level = 3, .client_id = "c"}},
        {"10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00", v5, Connect{}},
        {"10 25 00 04 4d 51 54 54 05 ce 00 0a 05 11 00 00 00 0a 00 01 63 05 18 00 00 00 05 00 01 77 00 01 78"
         " 00 01 75 00 01 70", v5,
         Connect{.keep_alive = 10, .properties = expiry_ten, .client_id = "c",
                 .will = Will{.qos = QoS::at_least_once, .properties = delay_five, .topic = "w", .payload = "x"},
                 .user_name = "u", .password = "p"}},
        {"10 10 00 04 4d 51 54 54 05 42 00 3c 00 00 00 00 01 70", v5, Connect{.password = "p"}},
        {"10 10 00 04 4d 51 54 54 05 80 00 00 00 00 00 00 01 75", v5,
         Connect{.clean_start = false, .keep_alive = 0, .user_name = "u"}},
    };
}

inline std::vector<Good> other_packets_311() {
    return {
        {"20 02 01 00", v4, Connack{.session_present = true}},
        {"20 02 00 05", v4, Connack{.code = 5}},
        {"20 02 01 05", v3, Connack{.session_present = true, .code = 5}},  // 3.1 does not use that octet
        {"31 05 00 03 61 2f 62", v4, Publish{.retain = true, .topic = "a/b"}},
        {"32 09 00 03 61 2f 62 00 0a 68 69", v4,
         Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 10, .payload = "hi"}},
        {"3d 07 00 03 61 2f 62 ff ff", v4,
         Publish{.dup = true, .qos = QoS::exactly_once, .retain = true, .topic = "a/b", .packet_id = 65535}},
        {"40 02 00 0a", v4, Puback{.packet_id = 10}},
        {"50 02 00 0a", v4, Pubrec{.packet_id = 10}},
        {"62 02 00 0a", v4, Pubrel{.packet_id = 10}},
        {"70 02 00 0a", v4, Pubcomp{.packet_id = 10}},
        {"82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02", v4, Subscribe{.packet_id = 10, .entries = two_entries}},
        {"90 05 00 0a 00 02 80", v4, Suback{.packet_id = 10, .codes = three_codes}},
        {"a2 0c 00 0a 00 03 61 2f 62 00 03 63 2f 64", v4, Unsubscribe{.packet_id = 10, .filters = two_filters}},
        {"b0 02 00 0a", v4, Unsuback{.packet_id = 10}},
        {"c0 00", v4, Pingreq{}},
        {"d0 00", v4, Pingresp{}},
        {"e0 00", v4, Disconnect{}},
    };
}

inline std::vector<Good> publishing_packets_5() {
    return {
        {"20 03 00 00 00", v5, Connack{}},
        {"20 03 00 8a 00", v5, Connack{.code = 0x8a}},
        {"20 06 01 00 03 21 00 0a", v5, Connack{.session_present = true, .properties = receive_ten}},
        {"30 04 00 01 61 00", v5, Publish{.topic = "a"}},
        {"32 0a 00 03 61 2f 62 00 0a 00 68 69", v5,
         Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 10, .payload = "hi"}},
        {"30 06 00 00 03 23 00 07", v5, Publish{.properties = alias_seven}},
        {"3d 08 00 03 61 2f 62 00 0b 00", v5,
         Publish{.dup = true, .qos = QoS::exactly_once, .retain = true, .topic = "a/b", .packet_id = 11}},
        {"40 02 00 0a", v5, Puback{.packet_id = 10}},
        {"40 03 00 0a 10", v5, Puback{.packet_id = 10, .reason = 0x10}},
        {"40 0a 00 0a 80 06 1f 00 03 62 61 64", v5,
         Puback{.packet_id = 10, .reason = 0x80, .properties = reason_bad}},
        {"50 03 00 0a 97", v5, Pubrec{.packet_id = 10, .reason = 0x97}},
        {"50 0b 00 0a 00 07 26 00 01 61 00 01 62", v5, Pubrec{.packet_id = 10, .properties = pair_a_b}},
        {"62 02 00 0a", v5, Pubrel{.packet_id = 10}},
        {"62 03 00 0a 92", v5, Pubrel{.packet_id = 10, .reason = 0x92}},
        {"70 03 00 0a 92", v5, Pubcomp{.packet_id = 10, .reason = 0x92}},
        {"70 0b 00 0a 92 07 26 00 01 61 00 01 62", v5,
         Pubcomp{.packet_id = 10, .reason = 0x92, .properties = pair_a_b}},
    };
}

inline std::vector<Good> other_packets_5() {
    return {
        {"82 11 00 0a 02 0b 05 00 03 61 2f 62 01 00 03 63 2f 64 2e", v5,
         Subscribe{.packet_id = 10, .properties = identifier_five, .entries = two_entries_5}},
        {"82 12 00 0a 00 00 0c 24 73 68 61 72 65 2f 67 2f 2b 2f 23 10", v5,
         Subscribe{.packet_id = 10, .entries = shared_entry}},
        {"90 05 00 0a 00 00 87", v5, Suback{.packet_id = 10, .codes = two_codes_5}},
        {"90 0b 00 0a 06 1f 00 03 62 61 64 00 87", v5,
         Suback{.packet_id = 10, .properties = reason_bad, .codes = two_codes_5}},
        {"a2 0d 00 0a 00 00 03 61 2f 62 00 03 63 2f 64", v5, Unsubscribe{.packet_id = 10, .filters = two_filters}},
        {"b0 05 00 0a 00 00 11", v5, Unsuback{.packet_id = 10, .codes = two_unsuback_codes}},
        {"c0 00", v5, Pingreq{}},
        {"d0 00", v5, Pingresp{}},
        {"e0 00", v5, Disconnect{}},
        {"e0 01 8e", v5, Disconnect{.reason = 0x8e}},
        {"e0 07 00 05 11 00 00 00 00", v5, Disconnect{.properties = expiry_zero}},
        {"f0 00", v5, Auth{}},
        {"f0 0a 18 08 15 00 01 6d 16 00 01 64", v5, Auth{.reason = 0x18, .properties = method_and_data}},
    };
}

/// Legal, but not as the encoder writes it: that is the shorter form.
inline std::vector<Good> longer_than_needed() {
    return {
        {"40 03 00 0a 00", v5, Puback{.packet_id = 10}},
        {"50 04 00 0a 00 00", v5, Pubrec{.packet_id = 10}},
        {"62 04 00 0a 92 00", v5, Pubrel{.packet_id = 10, .reason = 0x92}},
        {"e0 01 00", v5, Disconnect{}},
        {"e0 02 04 00", v5, Disconnect{.reason = 4}},
        {"f0 02 00 00", v5, Auth{}},
        {"40 82 00 00 0a", v4, Puback{.packet_id = 10}},  // 3.1.1 lets padded lengths pass
        {"c0 80 80 80 00", v4, Pingreq{}},
        {"8f 06 00 0a 00 01 61 01", v3, Subscribe{.packet_id = 10, .entries = one_entry}},  // 3.1 ignores flags
        // 3.1, section 3.1: user name and password may be flagged and missing; the remaining length goes before the flags.
        {"10 0f 00 06 4d 51 49 73 64 70 03 82 00 3c 00 01 63", v3,
         Connect{.protocol = "MQIsdp", .level = 3, .client_id = "c"}},
        {"10 0f 00 06 4d 51 49 73 64 70 03 c2 00 3c 00 01 63", v3,
         Connect{.protocol = "MQIsdp", .level = 3, .client_id = "c"}},
        {"10 12 00 06 4d 51 49 73 64 70 03 c2 00 3c 00 01 63 00 01 75", v3,
         Connect{.protocol = "MQIsdp", .level = 3, .client_id = "c", .user_name = "u"}},
    };
}

inline std::vector<Good> good_packets() {
    std::vector<Good> all;
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

}  // namespace mqtt::testing
