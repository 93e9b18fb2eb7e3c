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

}  // namespace
}  // namespace mqtt::testing
