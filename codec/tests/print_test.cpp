// Lines and hex as people read them.
#include "codec/tests/testing.hpp"
#include "codec/vectors/good_packets.hpp"

namespace mqtt::testing {
namespace {

using namespace std::string_view_literals;

TEST(Print, one_line_with_the_fields_in_wire_order) {
    EXPECT_EQ(print(Pingreq{}, v4), "PINGREQ");
    EXPECT_EQ(print(Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 10, .payload = "hi"}, v4),
              R"(PUBLISH DUP=0 QoS=1 RETAIN=0 topic name="a/b" packet identifier=10 payload="hi")");
    EXPECT_EQ(print(Publish{.retain = true, .topic = "a", .packet_id = 10}, v4),
              R"(PUBLISH DUP=0 QoS=0 RETAIN=1 topic name="a" payload="")");
    EXPECT_EQ(print(Connack{.session_present = true}, v4), "CONNACK session present=1 return code=0");
    EXPECT_EQ(print(Connack{.code = 0x85, .properties = receive_ten}, v5),
              "CONNACK session present=0 reason code=133 receive maximum=10");
    EXPECT_EQ(print(Puback{.packet_id = 10, .properties = pair_a_b}, v5),
              R"(PUBACK packet identifier=10 reason code=0 user property="a" user property="b")");
    EXPECT_EQ(print(Subscribe{.packet_id = 10, .entries = two_entries}, v4),
              R"(SUBSCRIBE packet identifier=10 topic filter="a/b" QoS=1 topic filter="c/d" QoS=2)");
    EXPECT_EQ(print(Suback{.packet_id = 10, .codes = three_codes}, v4),
              "SUBACK packet identifier=10 return code=0 return code=2 return code=128");
    EXPECT_EQ(print(Disconnect{.reason = 4}, v5), "DISCONNECT reason code=4");
    EXPECT_EQ(print(Disconnect{.reason = 4}, v4), "DISCONNECT");
}
TEST(Print, connect_with_all_it_may_hold) {
    EXPECT_EQ(print(connects()[1].packet, v4),
              R"(CONNECT protocol name="MQTT" protocol level=4 will retain=0 will QoS=1 clean session=1 keep alive=10)"
              R"( client identifier="abc" will topic="w/t" will payload="bye" user name="u" password=***)");
    EXPECT_EQ(print(Connect{}, v5),
              R"(CONNECT protocol name="MQTT" protocol level=5 clean start=1 keep alive=60 client identifier="")");
}
TEST(Print, never_shows_a_password) {
    for (auto v : {v3, v4, v5}) {
        const auto line = print(Connect{.user_name = "user", .password = "hunter2"}, v);
        EXPECT_EQ(line.find("hunter2"), line.npos) << line;
        EXPECT_NE(line.find("password=***"), line.npos) << line;
        EXPECT_EQ(print(Connect{.user_name = "user"}, v).find("password"), line.npos);
    }
}
TEST(Print, cuts_long_values_and_stays_on_one_line) {
    const std::string longer(1000, 'x');
    const auto line = print(Publish{.topic = "t", .payload = longer}, v4);
    EXPECT_LT(line.size(), 250u);
    EXPECT_NE(line.find("(1000 octets)"), line.npos) << line;
    EXPECT_EQ(print(Publish{.topic = "t", .payload = "a\nb\r\0"sv}, v4).find_first_of("\n\r\0"sv), line.npos);
}
TEST(Print, shows_eighty_octets_of_a_value) {
    const std::string eighty(80, 'x');
    EXPECT_EQ(print(Publish{.topic = "t", .payload = eighty}, v4),
              "PUBLISH DUP=0 QoS=0 RETAIN=0 topic name=\"t\" payload=\"" + eighty + "\"");
    EXPECT_EQ(print(Publish{.topic = "t", .payload = eighty + "y"}, v4),
              "PUBLISH DUP=0 QoS=0 RETAIN=0 topic name=\"t\" payload=\"" + eighty + "\"... (81 octets)");
}
TEST(Print, every_type_begins_with_its_name) {
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        for (auto& g : part) {
            const auto line = print(g.packet, g.version), type = std::string(name(type_of(g.packet)));
            EXPECT_EQ(line.substr(0, line.find(' ')), type);
        }
    EXPECT_EQ(name(Type{}), "RESERVED");
    EXPECT_EQ(name(Type::auth), "AUTH");
    EXPECT_EQ(name(v3), "3.1");
    EXPECT_EQ(name(v4), "3.1.1");
    EXPECT_EQ(name(v5), "5");
}

std::string layout_line(const Packet& p, Version v) {
    std::string line;
    for (auto& m : layout(p, v)) line += std::string(m.name) + "@" + std::to_string(m.offset) + " ";
    return line;
}
TEST(Layout, tells_where_each_field_lands) {
    EXPECT_EQ(layout_line(Publish{.qos = QoS::at_least_once, .topic = "a/b", .packet_id = 10, .payload = "hi"}, v4),
              "fixed header@0 topic name@2 packet identifier@7 payload@9 ");
    EXPECT_EQ(layout_line(Publish{.properties = alias_seven}, v5),
              "fixed header@0 topic name@2 properties@4 topic alias@6 payload@8 ");
    EXPECT_EQ(layout_line(Publish{.topic = "t", .payload = std::string(200, 'x')}, v4),
              "fixed header@0 topic name@3 payload@6 ");
    EXPECT_EQ(layout_line(Subscribe{.packet_id = 10, .entries = two_entries}, v4),
              "fixed header@0 packet identifier@2 subscriptions@4 topic filter@4 requested QoS@9 topic filter@10 "
              "requested QoS@15 ");
}

TEST(Pack, writes_a_list_once_and_changes_nothing) {
    std::uint8_t room[64];
    const Property list[]{{property::topic_alias, 7u}, {property::user_property, "a", "b"}};
    const Publish plain{.topic = "t", .properties = list};
    const Publish packed{.topic = "t", .properties = pack(plain.properties, v5, room)};
    EXPECT_TRUE(packed.properties.is_raw(v5));
    EXPECT_EQ(hex(packed.properties.octets()), "23 00 07 26 00 01 61 00 01 62");
    EXPECT_EQ(encode(packed, v5), encode(plain, v5));
    EXPECT_TRUE(packed == plain);
    EXPECT_FALSE(pack(plain.properties, v5, std::span(room).first(9)).is_raw(v5));
    const List<Subscribe::Entry> entries(two_entries), raw = pack(entries, v4, room);
    const Subscribe as_kept{.packet_id = 1, .entries = entries}, as_raw{.packet_id = 1, .entries = raw};
    EXPECT_EQ(encode(as_raw, v4), encode(as_kept, v4));
    EXPECT_EQ(encode(as_raw, v5), encode(as_kept, v5));  // octets of the other version are walked
}
TEST(List, of_made_up_octets_ends_where_they_stop_making_sense) {
    const auto octet_string = unhex("23 00 07 1f 00 05 61");
    const auto list = Properties::raw(octets(octet_string), v5);
    EXPECT_EQ(list.count(), 1u);
    EXPECT_EQ((*list.begin()).number, 7u);
    EXPECT_EQ(encode(Publish{.topic = "t", .properties = list}, v5), unhex("30 0b 00 01 74 07 23 00 07 1f 00 05 61"));
}
TEST(Lying, the_encoder_writes_what_it_is_told) {
    EXPECT_EQ(hex(octets(encode(Connect{.level = 9}, v5))), "10 0d 00 04 4d 51 54 54 09 02 00 3c 00 00 00");
    EXPECT_EQ(hex(octets(encode(Publish{.dup = true, .qos = QoS{3}, .topic = "#"}, v4))), "3e 05 00 01 23 00 00");
    const Property twice[]{{property::topic_alias, 0u}, {property::topic_alias, 0u}};
    EXPECT_EQ(hex(octets(encode(Publish{.properties = twice}, v5))), "30 09 00 00 06 23 00 00 23 00 00");
    const Property unknown[]{{0x7f, "zz"}};
    EXPECT_EQ(hex(octets(encode(Disconnect{.properties = unknown}, v5))), "e0 05 00 03 7f 7a 7a");
}

TEST(Hex, is_two_digits_an_octet) {
    EXPECT_EQ(hex(octets("\x00\x0f\xf0\xff"sv)), "00 0f f0 ff");
    EXPECT_EQ(hex({}), "");
    EXPECT_EQ(hex(octets("abc"), 2), "61 62... (3 octets)");
    EXPECT_EQ(hex(octets("abc"), 3), "61 62 63");
}
TEST(Hex, is_read_with_what_may_stand_between) {
    EXPECT_EQ(from_hex("00 0F,f0:ff"), "\x00\x0f\xf0\xff"sv);
    EXPECT_EQ(from_hex("0xc000"), "\xc0\x00"sv);
    EXPECT_EQ(from_hex("c0\r\n\t00\n"), "\xc0\x00"sv);
    EXPECT_EQ(from_hex(""), "");
    for (Text bad : {"c", "c0 0", "c 0", "g0", "0g", "c0-00", "0x0x00", "c0 0 0"}) EXPECT_FALSE(from_hex(bad)) << bad;
}
TEST(Hex, there_and_back) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += char(i);
    EXPECT_EQ(from_hex(hex(octets(all))), all);
}
TEST(Quoted, escapes_what_cannot_be_shown) {
    EXPECT_EQ(quoted("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
    EXPECT_EQ(quoted("\x00\x1f\x7f"sv), R"("\x00\x1f\x7f")");
    EXPECT_EQ(quoted("grüße"), "\"grüße\"");
    EXPECT_EQ(quoted("gr\xfc"), R"("gr\xfc")");
    EXPECT_EQ(quoted(""), "\"\"");
}
/// Each of them, its neighbours, and a character that follows one.
TEST(Quoted, escapes_controls_beyond_ascii) {
    const auto utf8 = [](unsigned c) {
        if (c < 0x800) return std::string{char(0xc0 | c >> 6), char(0x80 | (c & 63))};
        return std::string{char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    };
    for (unsigned c = 0x80; c < 0xd800; ++c) {
        const auto text = utf8(c);
        const bool escaped = c < 0xa0 || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
                             (c >= 0x2066 && c <= 0x2069);
        ASSERT_EQ(control(text), escaped ? text.size() : 0) << std::hex << c;
        std::string octets;
        for (char o : text) octets += "\\x" + hex(mqtt::octets(std::string_view(&o, 1)));
        ASSERT_EQ(mqtt::quoted("a" + text + text + "ü"), "\"a" + (escaped ? octets + octets : text + text) + "ü\"")
            << std::hex << c;
    }
    for (Text cut : {"", "a", "\xc2", "\xd8", "\xe2", "\xe2\x80", "\xe2\x81"}) EXPECT_EQ(control(cut), 0u);
}
TEST(Quoted, cuts_between_characters) {
    EXPECT_EQ(quoted("abcd", 2), "\"ab\"... (4 octets)");
    EXPECT_EQ(quoted("aüb", 2), "\"a\"... (4 octets)");
    EXPECT_EQ(quoted("aüb", 3), "\"aü\"... (4 octets)");
    EXPECT_EQ(quoted("aüb", 4), "\"aüb\"");
    const auto binary = quoted(std::string(100, '\x80'), 10);  // no characters at all: cut, but not to nothing
    EXPECT_TRUE(binary.starts_with(R"("\x80\x80)")) << binary;
    EXPECT_TRUE(binary.ends_with("... (100 octets)")) << binary;
    EXPECT_EQ(quoted(std::string(9, '\x80'), 5), R"("\x80\x80"... (9 octets))");  // three octets back at most
    EXPECT_EQ(quoted("a\xf0\x9f\x98\x80", 4), "\"a\"... (5 octets)");             // those of the longest character
    EXPECT_EQ(quoted("\xc3\xbc", 1), "\"\"... (2 octets)");
    EXPECT_EQ(quoted("abc", 0), "\"\"... (3 octets)");
}

}  // namespace
}  // namespace mqtt::testing
