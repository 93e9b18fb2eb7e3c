#include "peer/transcript.hpp"

#include <gtest/gtest.h>

namespace peer {
namespace {

using namespace std::chrono_literals;
using mqtt::Version;

TEST(Transcript, HasALinePerPacketAndEvent) {
    Transcript transcript(100ms);
    transcript.add(103ms, "listener", Direction::event, Version::v5, "opened");
    const mqtt::Puback puback{.packet_id = 7};
    transcript.add(104ms, "listener", Direction::sent, Version::v5, mqtt::encode(puback, Version::v5));
    transcript.add(1105ms, "speaker", Direction::received, Version::v5, mqtt::encode(mqtt::Pingresp(), Version::v5));
    transcript.add(1106ms, "speaker", Direction::raw_sent, Version::v5, "\x01\x02");
    const auto lines = transcript.lines();
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "  0.003 listener -- opened");
    EXPECT_EQ(lines[1], "  0.004 listener -> " + mqtt::print(puback, Version::v5));
    EXPECT_EQ(lines[2], "  1.005 speaker <- PINGRESP");
    EXPECT_EQ(lines[3], "  1.006 speaker -> octets 01 02");
}

TEST(Transcript, SaysWhatIsWrongWithAReceivedPacket) {
    Transcript transcript;
    const auto& entry = transcript.add(0ms, "p", Direction::received, Version::v5, std::string("\x40\x02\x00\x00", 4));
    const auto line = transcript.line(entry);
    EXPECT_NE(line.find("malformed: packet identifier"), std::string::npos) << line;
    EXPECT_NE(line.find("40 02 00 00"), std::string::npos) << line;
}

TEST(Transcript, CutsLongLinesNotInsideACharacter) {
    Transcript transcript;
    std::string long_text(100, 'x');
    for (int i = 0; i < 2; ++i) long_text.append("\xc3\xa4");
    const auto& text = transcript.add(0ms, "p", Direction::event, Version::v5, long_text);
    for (std::size_t width = 100; width < 120; ++width) {
        const auto line = transcript.line(text, width);
        EXPECT_LE(line.size(), width);
        if (line.ends_with("...")) {
            EXPECT_NE(std::uint8_t(line[line.size() - 4]), 0xc3);
        }
    }
    const auto& raw = transcript.add(0ms, "p", Direction::raw_sent, Version::v5, std::string(5000, '\x11'));
    EXPECT_LE(transcript.line(raw).size(), 200u);
}

TEST(Transcript, NeverShowsPasswords) {
    Transcript transcript;
    transcript.hide("topsecret");
    transcript.hide("pw");
    for (const auto version : {Version::v3_1_1, Version::v5}) {
        const mqtt::Connect connect{.client_id = "c", .user_name = "u", .password = "pw"};
        auto bytes = mqtt::encode(connect, version);
        transcript.add(0ms, "p", Direction::sent, version, bytes);
        transcript.add(0ms, "p", Direction::raw_sent, version, bytes);
        bytes.resize(bytes.size() - 1);
        transcript.add(0ms, "p", Direction::raw_sent, version, bytes + "w");
        bytes[9] = char(bytes[9] | 1);
        transcript.add(0ms, "p", Direction::raw_sent, version, bytes + "w tail");
        const mqtt::Publish leak{.topic = "a", .payload = "it is topsecret"};
        transcript.add(0ms, "p", Direction::received, version, mqtt::encode(leak, version));
        transcript.add(0ms, "p", Direction::raw_received, version, "xtopsecretx");
    }
    for (const auto& line : transcript.lines()) {
        EXPECT_EQ(line.find("pw"), std::string::npos) << line;
        EXPECT_EQ(line.find("70 77"), std::string::npos) << line;
        EXPECT_EQ(line.find("topsecret"), std::string::npos) << line;
        EXPECT_EQ(line.find("74 6f 70"), std::string::npos) << line;
        EXPECT_NE(line.find("**"), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace peer
