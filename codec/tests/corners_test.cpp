// What scripts/mutate showed to be watched by nobody: marks of all kinds of fields, masks, defaults, unknown ids.
#include <set>

#include "codec/vectors/good_packets.hpp"
#include "codec/tests/property_places.hpp"
#include "codec/tests/testing.hpp"

namespace mqtt::testing {
namespace {

std::string marks(const Packet& p, Version v) {
    std::string line;
    for (auto& m : layout(p, v)) line += std::string(m.name) + "@" + std::to_string(m.offset) + " ";
    return line;
}
TEST(Layout, of_connect_with_all_it_may_hold) {
    // 10 25, 00 04 MQTT, 05, ce, 00 0a, 05 (11 ....), 00 01 c, 05 (18 ....), 00 01 w, 00 01 x, 00 01 u, 00 01 p
    EXPECT_EQ(marks(connects()[5].packet, v5),
              "fixed header@0 protocol name@2 protocol level@8 connect flags@9 keep alive@10 properties@12 "
              "session expiry interval@14 client identifier@18 will properties@21 will delay interval@23 will topic@27 "
              "will payload@30 user name@33 password@36 ");
}
TEST(Layout, of_properties_of_every_shape) {
    const Property list[]{{property::payload_format_indicator, 1u}, {property::subscription_identifier, 300u},
                          {property::topic_alias, 7u}, {property::correlation_data, "d"},
                          {property::user_property, "k", "v"}, {0x7f, "zz"}};
    // 30 .., 00 01 t, 16: 01 01, 0b ac 02, 23 00 07, 09 00 01 d, 26 00 01 k 00 01 v, 7f z z
    EXPECT_EQ(marks(Publish{.topic = "t", .properties = list, .payload = "x"}, v5),
              "fixed header@0 topic name@2 properties@5 payload format indicator@7 subscription identifier@9 "
              "topic alias@12 correlation data@15 user property@19 user property@22 property@26 payload@28 ");
}
TEST(Layout, of_answers_and_lists) {
    EXPECT_EQ(marks(Puback{.packet_id = 1, .reason = 0x80, .properties = reason_bad}, v5),
              "fixed header@0 packet identifier@2 reason code@4 properties@5 reason string@7 ");
    EXPECT_EQ(marks(Suback{.packet_id = 1, .codes = two_codes_5}, v5),
              "fixed header@0 packet identifier@2 properties@4 codes@5 reason code@5 reason code@6 ");
    EXPECT_EQ(marks(Connack{}, v4), "fixed header@0 acknowledge flags@2 return code@3 ");
}

TEST(Masks, keep_a_field_in_its_bits) {
    EXPECT_EQ(hex(octets(encode(Publish{.qos = QoS{0xf7}, .topic = "a"}, v4))), "36 05 00 01 61 00 00");
    const Subscribe::Entry wide[]{{.filter = "a", .qos = QoS{0x04}, .retain_handling = 0x0d}};
    EXPECT_EQ(hex(octets(encode(Subscribe{.packet_id = 1, .entries = wide}, v5))), "82 07 00 01 00 00 01 61 10");
    EXPECT_EQ(hex(octets(encode(Connect{.will = Will{.qos = QoS{0x0c}}}, v5))),
              "10 12 00 04 4d 51 54 54 05 06 00 3c 00 00 00 00 00 00 00 00");
}
TEST(Masks, write_lengths_of_two_octets_whatever_they_are_of) {
    const std::string longest(65'537, 'x');
    const auto wire = encode(Publish{.topic = longest}, v4);
    EXPECT_EQ(hex(octets(wire).first(6)), "30 83 80 04 00 01");  // 65,539 octets, a length of 1
    EXPECT_EQ(wire.size(), 4 + 2 + longest.size());
}

TEST(Defaults, are_zero_but_for_connect) {
    const std::pair<Packet, const char*> packets[]{
        {Connect{}, "10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00"},
        {Connack{}, "20 03 00 00 00"},
        {Publish{}, "30 03 00 00 00"},
        {Publish{.qos = QoS::at_least_once}, "32 05 00 00 00 00 00"},
        {Puback{}, "40 02 00 00"},
        {Pubrec{}, "50 02 00 00"},
        {Pubrel{}, "62 02 00 00"},
        {Pubcomp{}, "70 02 00 00"},
        {Subscribe{}, "82 03 00 00 00"},
        {Suback{}, "90 03 00 00 00"},
        {Unsubscribe{}, "a2 03 00 00 00"},
        {Unsuback{}, "b0 03 00 00 00"},
        {Disconnect{}, "e0 00"},
        {Auth{}, "f0 00"},
    };
    for (auto& [packet, digits] : packets) EXPECT_EQ(hex(octets(encode(packet, v5))), digits);
    const Subscribe::Entry entry[]{{}};
    const Suback::Code code[]{{}};
    EXPECT_EQ(hex(octets(encode(Subscribe{.entries = entry}, v5))), "82 06 00 00 00 00 00 00");
    EXPECT_EQ(hex(octets(encode(Suback{.codes = code}, v5))), "90 04 00 00 00 00");
    EXPECT_EQ(Property{}.id, 0u);
    EXPECT_EQ(Property(property::topic_alias, "t").number, 0u);
}

/// Table 2-4 ends at 0x2a and has gaps; identifiers of two octets are in no table.
TEST(Properties, of_any_other_identifier_are_unknown) {
    std::set<std::uint32_t> known;
    for (auto& s : samples) known.insert(s.meaning.id);
    for (std::uint32_t id = 0; id < 300; ++id) {
        if (known.count(id)) continue;
        const auto number = id < 128 ? std::string{char(id)} : std::string{char(id | 128), char(id >> 7)};
        const auto list = number + std::string(1, '\1');
        const auto wire = unhex("e0") + char(2 + list.size()) + unhex("00") + char(list.size()) + list;
        Packet p;
        Fault fault;
        EXPECT_EQ(decode(p, octets(wire), v5, fault), 0u) << id;
        EXPECT_EQ(fault.statement, "X-2.2.2-property-unknown") << id;
        EXPECT_EQ(fault.offset, 4 + number.size()) << id;
        EXPECT_EQ(all_faults(octets(wire), v5).size(), 1u) << id;
    }
}

TEST(Lists, are_the_same_item_by_item) {
    const Property one[]{{property::topic_alias, 7u}}, two[]{{property::topic_alias, 7u}, {property::topic_alias, 8u}},
        other[]{{property::topic_alias, 9u}};
    const Properties none, a(one), b(two), c(other);
    EXPECT_TRUE(none == Properties{} && a == Properties(one) && b == Properties(two));
    EXPECT_FALSE(a == b || b == a || a == c || none == a || a == none);
    const Property same_twice[]{one[0], one[0]};
    EXPECT_FALSE(a == Properties(same_twice) || Properties(same_twice) == a);
    const auto wire = unhex("23 00 07 23 00 08");
    EXPECT_TRUE(Properties::raw(octets(wire), v5) == b);
    EXPECT_FALSE(Properties::raw(octets(wire), v5) == a);
    EXPECT_TRUE(none.empty() && !a.empty() && a.count() == 1 && b.count() == 2);
    EXPECT_TRUE(a.is_kept() && !a.is_raw(v5));
    EXPECT_TRUE(Properties::raw(octets(wire), v5).is_raw(v5) && !Properties::raw(octets(wire), v5).is_raw(v4));
}

}  // namespace
}  // namespace mqtt::testing
