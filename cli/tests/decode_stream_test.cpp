// Streams taken apart: what pieces they come in, whatever the window, and the version they are read in.
#include <gtest/gtest.h>

#include <random>

#include "cli/decode_output.hpp"
#include "codec/hex.hpp"

namespace cli {
namespace {

const std::string connect_3_1_1 = "10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 63",
                  connect_5 = "10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00",
                  connect_3_1 = "10 0f 00 06 4d 51 49 73 64 70 03 02 00 3c 00 01 63", disconnect_5 = "e0 02 04 00";

std::string unhex(const std::string& digits) { return mqtt::from_hex(digits).value(); }

/// "CONNECT 0+15 3.1.1 client; ..." of each piece; a fault adds " !".
std::string pieces(const std::string& stream, const StreamOptions& options = {}) {
    Octets octets = Octets::of(stream);
    Window window(octets, options.max_packet, [] {});
    std::string out;
    take_apart(
        window, options,
        [&](const Piece& p) {
            out += std::string(p.type()) + " " + std::to_string(p.offset) + "+" + std::to_string(p.length) + " " +
                   std::string(mqtt::name(p.packet->version)) + (p.from_server ? " server" : " client");
            if (p.missing) out += " -" + std::to_string(p.missing);
            out += p.packet->faults.empty() ? "; " : " !; ";
        },
        [](const Guess&) {});
    return out;
}

TEST(DecodeStream, connect_tells_the_version_each_time) {
    EXPECT_EQ(
        pieces(unhex(connect_3_1_1 + connect_5 + disconnect_5 + connect_3_1)),
        "CONNECT 0+15 3.1.1 client; CONNECT 15+15 5 client; DISCONNECT 30+4 5 client; CONNECT 34+17 3.1 client; ");
    EXPECT_EQ(pieces(unhex(connect_5 + disconnect_5), {.version = mqtt::Version::v3_1_1}),
              "CONNECT 0+15 5 client; DISCONNECT 15+4 5 client; ");
    EXPECT_EQ(pieces(unhex(disconnect_5 + connect_5), {.version = mqtt::Version::v3_1_1}),
              "DISCONNECT 0+4 3.1.1 client !; CONNECT 4+15 5 client; ");
}
TEST(DecodeStream, connack_tells_it_by_its_length) {
    EXPECT_EQ(pieces(unhex("20 02 00 00 d0 00")), "CONNACK 0+4 3.1.1 server; PINGRESP 4+2 3.1.1 server; ");
    EXPECT_EQ(pieces(unhex("20 03 00 00 00 e0 01 8b")), "CONNACK 0+5 5 server; DISCONNECT 5+3 5 server; ");
    EXPECT_EQ(pieces(unhex("20 03 00 00 00"), {.version = mqtt::Version::v3_1_1}), "CONNACK 0+5 3.1.1 server !; ");
    EXPECT_EQ(pieces(unhex(connect_5 + "20 02 00 00")), "CONNECT 0+15 5 client; CONNACK 15+4 5 server !; ")
        << "a guess is no better than what CONNECT said";
    EXPECT_EQ(
        pieces(unhex("82 06 00 0a 00 01 61 00" + connect_5 + "20 02 00 00")),
        "MIDSTREAM 0+0 3.1.1 client; SUBSCRIBE 0+8 3.1.1 client; CONNECT 8+15 5 client; CONNACK 23+4 5 server !; ");
}
TEST(DecodeStream, else_it_is_guessed_by_the_faults) {
    const auto guess = [](const char* digits) { return guess_version(mqtt::octets(unhex(digits))).version; };
    EXPECT_EQ(guess("82 06 00 0a 00 01 61 00"), mqtt::Version::v3_1_1);     // 5.0 takes its filter for 353 octets
    EXPECT_EQ(guess("82 07 00 0a 00 00 01 61 04"), mqtt::Version::v5);      // an empty filter, and flags, in 3.1.1
    EXPECT_EQ(guess("30 07 00 01 74 68 69 21 21"), mqtt::Version::v3_1_1);  // 104 octets of properties
    EXPECT_EQ(guess("f0 00"), mqtt::Version::v5);
    EXPECT_EQ(guess("c0 00"), mqtt::Version::v5);  // either
    EXPECT_EQ(guess("32"), mqtt::Version::v5);
    EXPECT_EQ(pieces(unhex("82 06 00 0a 00 01 61 00")), "MIDSTREAM 0+0 3.1.1 client; SUBSCRIBE 0+8 3.1.1 client; ");
    EXPECT_EQ(pieces(unhex("82 06 00 0a 00 01 61 00 20 03 00 00 00")),
              "MIDSTREAM 0+0 3.1.1 client; SUBSCRIBE 0+8 3.1.1 client; CONNACK 8+5 5 server; ");
}
TEST(DecodeStream, sides_by_what_only_one_of_them_sends) {
    EXPECT_EQ(pieces(unhex("40 02 00 0a 90 03 00 0a 00 40 02 00 0a"), {.version = mqtt::Version::v3_1_1}),
              "PUBACK 0+4 3.1.1 server; SUBACK 4+5 3.1.1 server; PUBACK 9+4 3.1.1 server; ");
    EXPECT_EQ(pieces(unhex("40 02 00 0a e0 00"), {.version = mqtt::Version::v3_1_1}),
              "PUBACK 0+4 3.1.1 client; DISCONNECT 4+2 3.1.1 client; ");
    EXPECT_EQ(pieces(unhex("d0 00 c0 00 40 02 00 0a"), {.version = mqtt::Version::v3_1_1}),
              "PINGRESP 0+2 3.1.1 server; PINGREQ 2+2 3.1.1 client; PUBACK 4+4 3.1.1 client; ");
    EXPECT_EQ(pieces(unhex("c0 00"), {.version = mqtt::Version::v5, .from_server = true}), "PINGREQ 0+2 5 server; ");
}
TEST(DecodeStream, ends_and_broken_headers) {
    const StreamOptions v5{.version = mqtt::Version::v5};
    EXPECT_EQ(pieces("", v5), "");
    EXPECT_EQ(pieces(unhex("c0"), v5), "TRUNCATED 0+1 5 client; ");
    EXPECT_EQ(pieces(unhex("c0 00 30 ff ff"), v5), "PINGREQ 0+2 5 client; TRUNCATED 2+3 5 client; ");
    EXPECT_EQ(pieces(unhex("c0 00 30 09 00 01 74"), v5), "PINGREQ 0+2 5 client; TRUNCATED 2+5 5 client -6; ");
    EXPECT_EQ(pieces(unhex("c0 00 30 ff ff ff ff 01 c0 00"), v5), "PINGREQ 0+2 5 client; GAP 2+8 5 client !; ");
    EXPECT_EQ(pieces(unhex("c0 80 00 c0 00"), v5), "PINGREQ 0+3 5 client !; PINGREQ 3+2 5 client; ");
    EXPECT_EQ(pieces(unhex("00 01 ff c0 00"), v5), "RESERVED 0+3 5 client !; PINGREQ 3+2 5 client; ");
    EXPECT_EQ(pieces(unhex("3e 01 ff c0 00"), v5), "PUBLISH 0+3 5 client !; PINGREQ 3+2 5 client; ");
}
TEST(DecodeStream, packets_above_the_window_are_skipped) {
    const StreamOptions small{.version = mqtt::Version::v3_1_1, .max_packet = 16};
    const std::string large = unhex("30 80 80 08 00 01 74") + std::string(131072 - 3, 'x'), ping = unhex("c0 00");
    EXPECT_EQ(pieces(large + ping, small), "PUBLISH 0+131076 3.1.1 client; PINGREQ 131076+2 3.1.1 client; ");
    EXPECT_EQ(pieces(large + ping, {.version = mqtt::Version::v3_1_1}),
              "PUBLISH 0+131076 3.1.1 client; PINGREQ 131076+2 3.1.1 client; ")
        << "it takes more than one read";
    EXPECT_EQ(pieces(large.substr(0, 100'000), small), "TRUNCATED 0+100000 3.1.1 client -31076; ");
    EXPECT_EQ(pieces(large.substr(0, 50), small), "TRUNCATED 0+50 3.1.1 client -131026; ");
    EXPECT_EQ(pieces(unhex("30 10 00 01 74") + std::string(13, 'x') + ping, small),
              "PUBLISH 0+18 3.1.1 client; PINGREQ 18+2 3.1.1 client; ");
    const std::string bad = unhex("36 80 80 08 00 01 74") + std::string(131072 - 3, 'x');
    EXPECT_EQ(pieces(bad + ping, small), "PUBLISH 0+131076 3.1.1 client !; PINGREQ 131076+2 3.1.1 client; ");
}
TEST(DecodeStream, lengths_add_up_to_the_stream) {
    std::mt19937 random(20260102);
    for (int i = 0; i < 3'000; ++i) {
        std::string stream(random() % 2'000, '\0');
        for (char& c : stream) c = char(random() % 2 ? random() % 32 : random());
        StreamOptions options{.max_packet = 16u << (random() % 8)};
        Octets octets = Octets::of(stream);
        Window window(octets, options.max_packet, [] {});
        std::size_t at = 0;
        take_apart(
            window, options,
            [&](const Piece& p) {
                EXPECT_EQ(p.offset, at);
                at += p.length;
            },
            [](const Guess&) {});
        EXPECT_EQ(at, stream.size());
    }
}

}  // namespace
}  // namespace cli
