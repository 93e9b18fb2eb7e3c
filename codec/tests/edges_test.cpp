// The limits of the format at their edges: lengths of one to four octets (3.1.1, 2.2.3; 5.0, 1.5.5), texts of 65,535
// octets (1.5.3, 1.5.4), and the ends of every number.
#include "codec/tests/testing.hpp"

namespace mqtt::testing {
namespace {

/// The octets of a length, from the table of section 2.2.3 (3.1.1) and 1.5.5 (5.0).
struct Edge {
    std::size_t length;
    const char* hex;
};
constexpr Edge edges[]{{4, "04"},           {127, "7f"},           {128, "80 01"},           {16'383, "ff 7f"},
                       {16'384, "80 80 01"}, {2'097'151, "ff ff 7f"}, {2'097'152, "80 80 80 01"},
                       {268'435'455, "ff ff ff 7f"}};

void expect_survival(const Packet& p, const std::string& wire, Version v) {
    Packet same;
    Fault fault;
    EXPECT_EQ(decode(same, octets(wire), v, fault), wire.size()) << describe(fault);
    EXPECT_TRUE(same == p);
    EXPECT_TRUE(encode(same, v) == wire);
    EXPECT_EQ(decode(same, octets(wire).first(wire.size() - 1), v, fault), 0u);
    EXPECT_FALSE(fault) << describe(fault);
}

TEST(Edges, remaining_length_of_every_width) {
    const std::string payload(268'435'455, 'p');
    for (const auto& edge : edges)
        for (auto v : {Version::v3_1_1, Version::v5}) {
            const std::size_t others = v == Version::v5 ? 4 : 3;  // topic "a", no properties
            Publish p{.topic = "a", .payload = Bytes(payload).substr(0, edge.length - others)};
            const auto wire = encode(p, v);
            const auto head = unhex(std::string("30 ") + edge.hex);
            ASSERT_EQ(wire.size(), head.size() + edge.length);
            EXPECT_EQ(wire.substr(0, head.size()), head);
            expect_survival(p, wire, v);
        }
    EXPECT_EQ(encode(Pingreq{}, Version::v5), unhex("c0 00"));
    EXPECT_EQ(largest_packet, 268'435'455u + 5);
}

TEST(Edges, property_length_of_every_width) {
    // User Properties of 5 + 65,000 octets fill it up, a last one of 5 + n makes it exact.
    const std::string value(65'535, 'v');
    for (const auto& edge : {edges[1], edges[2], edges[3], edges[4], edges[5], edges[6]}) {
        std::vector<Property> list(edge.length / 70'000, {property::user_property, "", Text(value).substr(0, 65'000)});
        for (auto left = edge.length - list.size() * 65'005; left > 0;) {
            const auto most = std::min<std::size_t>(left, 65'540);
            const auto now = left - most > 0 && left - most < 5 ? most - 5 : most;  // a next one takes 5 at least
            list.push_back({property::user_property, "", Text(value).substr(0, now - 5)});
            left -= now;
        }
        const Publish p{.topic = "a", .properties = std::span<const Property>(list), .payload = ""};
        const auto wire = encode(p, Version::v5);
        const auto length = unhex(edge.hex);
        const auto at = wire.find(std::string("\0\1a", 3));
        ASSERT_NE(at, wire.npos);
        EXPECT_EQ(wire.substr(at + 3, length.size()), length);
        EXPECT_EQ(wire.size(), at + 3 + length.size() + edge.length);
        expect_survival(p, wire, Version::v5);
    }
}

TEST(Edges, texts_of_any_length) {
    for (std::size_t size : {0u, 1u, 7u, 8u, 15u, 16u, 31u, 32u, 33u, 255u, 256u, 65'534u, 65'535u}) {
        const std::string s(size, 's');
        const Property list[]{{property::reason_string, s}, {property::user_property, s, s}};
        const Disconnect p{.properties = list};
        expect_survival(p, encode(p, Version::v5), Version::v5);
        const Connect c{.level = 4, .client_id = s, .will = Will{.topic = size ? Text(s) : Text("w"), .payload = s},
                        .user_name = s, .password = s};
        const auto wire = encode(c, Version::v3_1_1);
        EXPECT_EQ(wire.substr(wire.size() - size - 2, 2),
                  (std::string{static_cast<char>(size >> 8), static_cast<char>(size & 255)}));
        expect_survival(c, wire, Version::v3_1_1);
    }
}

// One octet that is not UTF-8, at each place of texts of each length: whatever is looked at in blocks has ends.
TEST(Edges, a_bad_octet_is_found_at_any_place) {
    for (std::size_t size = 1; size <= 70; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (const char bad : {'\0', '\xff', '+'}) {
                std::string s(size, 's');
                s[at] = bad;
                const auto wire = encode(Publish{.topic = s}, Version::v3_1_1);
                Packet p;
                Fault fault;
                EXPECT_EQ(decode(p, octets(wire), Version::v3_1_1, fault), 0u) << size << " " << at;
                EXPECT_EQ(fault.statement, bad == '\0' ? "MQTT-1.5.3-2" : bad == '+' ? "MQTT-3.3.2-2" : "MQTT-1.5.3-1");
            }
}

TEST(Edges, numbers_at_both_ends) {
    struct Value {
        std::uint32_t id, number;
        const char* hex;  // identifier and value, from table 2-4
    };
    constexpr Value values[]{
        {property::session_expiry_interval, 0, "11 00 00 00 00"},
        {property::session_expiry_interval, 0xffff'ffff, "11 ff ff ff ff"},
        {property::receive_maximum, 1, "21 00 01"},
        {property::receive_maximum, 65'535, "21 ff ff"},
        {property::maximum_packet_size, 1, "27 00 00 00 01"},
        {property::maximum_packet_size, 0xffff'ffff, "27 ff ff ff ff"},
        {property::topic_alias_maximum, 0, "22 00 00"},
        {property::topic_alias_maximum, 65'535, "22 ff ff"}};
    for (const auto& [id, number, digits] : values) {
        const Property list[]{{id, number}};
        const Connect c{.keep_alive = 65'535, .properties = list, .client_id = "c"};
        const auto wire = encode(c, Version::v5);
        EXPECT_NE(wire.find(unhex(digits)), wire.npos) << digits;
        EXPECT_EQ(wire.substr(10, 2), "\xff\xff");
        expect_survival(c, wire, Version::v5);
    }
    for (const auto& edge : {Edge{1, "01"}, edges[1], edges[2], edges[3], edges[4], edges[5], edges[6], edges[7]}) {
        const Property list[]{{property::subscription_identifier, std::uint32_t(edge.length)}};
        const Publish p{.qos = QoS::at_least_once, .topic = "a", .packet_id = 65'535, .properties = list};
        const auto wire = encode(p, Version::v5);
        const auto number = unhex(edge.hex);
        const std::string length(1, static_cast<char>(1 + number.size()));
        EXPECT_EQ(wire.substr(5), "\xff\xff" + length + "\x0b" + number) << edge.hex;
        expect_survival(p, wire, Version::v5);
    }
}

}  // namespace
}  // namespace mqtt::testing
