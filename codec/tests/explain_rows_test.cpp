// Rows and JSON of packets that are odd in one place: what scripts/mutate showed to be watched by nobody.
#include "codec/explain.hpp"
#include "codec/tests/good_packets.hpp"
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

}  // namespace
}  // namespace mqtt::testing
