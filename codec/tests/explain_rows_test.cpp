// Rows and JSON of packets that are odd in one place: what scripts/mutate showed to be watched by nobody.
#include "codec/explain.hpp"
#include "codec/vectors/good_packets.hpp"
#include "codec/tests/testing.hpp"

namespace mqtt::testing {
namespace {

std::string rows(const std::string& wire, Version v, std::size_t base = 0) {
    Explained packet;
    explain(packet, octets(wire), v);
    return annotated(packet, octets(wire), base);
}

TEST(ExplainRows, bits_in_the_order_of_the_description) {
    EXPECT_EQ(rows(unhex("20 02 02 00"), v4),
              "       0  20 02                                           fixed header: remaining length 2\n"
              "       2  02                                              acknowledge flags\n"
              "                                                            session present = 0\n"
              "                                                            reserved bits = 1\n"
              "          ^^                                              ! reserved bits: are not as laid down"
              " [X-3.2.2-acknowledge-flags] at 2\n"
              "       3  00                                              return code = 0\n");
}
TEST(ExplainRows, of_properties_that_are_all_missing_nothing_is_made_up) {
    EXPECT_EQ(rows(unhex("20 03 00 00 05"), v5),
              "       0  20 03                                           fixed header: remaining length 3\n"
              "       2  00                                              acknowledge flags\n"
              "                                                            session present = 0\n"
              "       3  00                                              reason code = 0\n"
              "       4  05                                              properties: 5 octets\n"
              "                                                          ! properties: ends early"
              " [X-2.0-packet-length] at 5\n");
}
TEST(ExplainRows, sixteen_octets_each) {
    EXPECT_EQ(rows(unhex("30 17 00 01 74") + "abcdefghijklmnopqrst", v4),
              "       0  30 17                                           fixed header: remaining length 23\n"
              "                                                            DUP = 0\n"
              "                                                            QoS = 0\n"
              "                                                            RETAIN = 0\n"
              "       2  00 01 74                                        topic name = \"t\"\n"
              "       5  61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 payload = \"abcdefghijklmnopqrst\"\n"
              "      21  71 72 73 74\n");
}
TEST(ExplainRows, hide_what_may_hold_a_password) {
    // the length of the protocol name takes in all that follows: flags c2, client "c", user "u", password "pw"
    const auto text = rows(unhex("10 14 00 7f 4d 51 54 54 04 c2 00 0a 00 01 63 00 01 75 00 02 70 77"), v4);
    EXPECT_NE(text.find("       2  ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** protocol name = ***\n"), text.npos)
        << text;
    EXPECT_NE(text.find("      18  ** ** ** **\n"), text.npos) << text;
}
TEST(ExplainRows, missing_fields_come_last_with_all_that_is_missing) {
    const auto text = rows(unhex("10 0b 00 04 4d 51 54 54 05 02 00 3c 09"), v5);  // no octet of the properties is there
    EXPECT_TRUE(text.ends_with(
        "      12  09                                              properties: 9 octets\n"
        "                                                          client identifier: missing\n"
        "                                                          ! properties: ends early"
        " [X-2.0-packet-length] at 13\n"
        "                                                          ! client identifier: ends early"
        " [X-2.0-packet-length] at 13\n"))
        << text;
}
TEST(ExplainRows, numbers_of_four_octets) {
    EXPECT_EQ(rows(unhex("e0 0c 00 0a 11 ff ff ff ff ff ff ff 7f 01"), v5),
              "       0  e0 0c                                           fixed header: remaining length 12\n"
              "       2  00                                              reason code = 0\n"
              "       3  0a                                              properties: 10 octets\n"
              "       4  11 ff ff ff ff                                    session expiry interval (0x11) ="
              " 4294967295\n"
              "       9  ff ff ff 7f 01                                    property (0x0fffffff) = \"\\x01\"\n"
              "                      ^^                                  ! property: is unknown"
              " [X-2.2.2-property-unknown] at 13\n");
    // DISCONNECT, a list of 70,000 octets (f0 a2 04): unknown, so all of it is one property; 70,004 octets (f4 a2 04)
    const auto text = rows(unhex("e0 f4 a2 04 00 f0 a2 04") + std::string(70'000, '\x7f'), v5);
    EXPECT_NE(text.find("fixed header: remaining length 70004\n"), text.npos) << text;
    EXPECT_NE(text.find("properties: 70000 octets\n"), text.npos) << text;
}
/// A SUBACK of 5,040 codes: its last 41 are beyond what is listed one by one. One of them is wrong.
TEST(ExplainRows, mark_faults_in_what_is_not_listed) {
    const std::size_t unlisted = 5004, wrong = unlisted + 17;
    auto wire = unhex("90 b2 27 00 0a") + std::string(5040, '\0');
    wire[wrong] = '\x7f';
    const auto text = rows(wire, v4);
    const auto row = std::string("    5020  00 7f 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n") + std::string(13, ' ') +
                     "^^" + std::string(43, ' ') +
                     "! return code: is not in the table of codes [MQTT-3.9.3-2] at 5021\n";
    EXPECT_NE(text.find(row), text.npos) << text.substr(text.size() - 800);
    EXPECT_EQ(text.find("^^"), text.rfind("^^"));
}

std::string json(const std::string& wire, Version v) {
    Explained packet;
    explain(packet, octets(wire), v);
    std::string out;
    append_json(out, packet);
    return out;
}
TEST(ExplainRows, json_of_a_varint_that_is_not_whole) {
    EXPECT_EQ(json(unhex("82 04 00 0a 01 0b"), v5),
              R"("packet identifier":10,"properties":[{"id":11,"name":"subscription identifier",)"
              R"("value":{"hex":"","length":0}}],"subscriptions":[])");
    EXPECT_EQ(json(unhex("82 05 00 0a 02 0b 80"), v5),
              R"("packet identifier":10,"properties":[{"id":11,"name":"subscription identifier",)"
              R"("value":{"hex":"80","length":1}}],"subscriptions":[])");
}
TEST(ExplainRows, json_of_what_is_not_listed) {
    const auto text = json(unhex("90 b2 27 00 0a") + std::string(5040, '\0'), v4);
    EXPECT_TRUE(text.ends_with(R"({"return code":0},{"items not listed":{"hex":")" + std::string(82, '0') +
                               R"(","length":41}}])"))
        << text.substr(text.size() - 300);
}
/// Topic "t" and 10,000 Subscription Identifiers: before them stand six fields.
TEST(ExplainRows, no_more_fields_than_most_fields_are_listed) {
    auto wire = unhex("30 a6 9c 01 00 01 74 a0 9c 01");
    for (int i = 0; i < 10'000; ++i) wire += unhex("0b 01");
    Explained packet;
    explain(packet, octets(wire), v5);
    ASSERT_EQ(packet.fields.size(), 10'002u);
    EXPECT_EQ(packet.fields[9'999].name, "subscription identifier");
    EXPECT_EQ(packet.fields[10'000].name, "properties not listed");
    EXPECT_EQ(packet.fields[10'000].size, 12u);
    EXPECT_EQ(packet.fields[10'001].name, "payload");
    EXPECT_TRUE(packet.faults.empty());
}

}  // namespace
}  // namespace mqtt::testing
