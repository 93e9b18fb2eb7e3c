// Packets explained: hex by hand from the tables of the standards, and what has to be said about it.
#include <random>

#include "codec/explain.hpp"
#include "codec/tests/testing.hpp"
#include "codec/vectors/faulty_packets.hpp"
#include "codec/vectors/good_packets.hpp"

namespace mqtt::testing {
namespace {

using Kind = Field::Kind;

struct Told {
    std::string wire;  // what the views in `packet` are of
    Explained packet;
    Told(std::string octet_string, Version v) : wire(std::move(octet_string)) { explain(packet, octets(wire), v); }
    Told(const Told&) = delete;
};
std::string json(std::string_view digits, Version v) {
    const Told t(unhex(digits), v);
    std::string out = "{";
    append_json(out, t.packet);
    return out + "}";
}
std::string faults(std::string_view digits, Version v) {
    const Told t(unhex(digits), v);
    std::string out;
    for (const auto& f : t.packet.faults) out += mqtt::describe(f) + "\n";
    return out;
}
std::string rows(std::string_view digits, Version v, std::size_t base = 0) {
    const Told t(unhex(digits), v);
    return annotated(t.packet, octets(t.wire), base);
}

TEST(ExplainJson, connect_of_every_version) {
    // 3.1.1, figure 3.6: flags 0xce, keep alive 10
    EXPECT_EQ(
        json("10 20 00 04 4d 51 54 54 04 ce 00 0a 00 03 61 62 63 00 03 77 2f 74 00 03 62 79 65 00 01 75 00 02 70 77",
             v4),
        R"({"protocol name":"MQTT","protocol level":4,"user name flag":true,"password flag":true,"will flag":true,)"
        R"("will retain":false,"will QoS":1,"clean session":true,"keep alive":10,"client identifier":"abc",)"
        R"("will topic":"w/t","will payload":"bye","user name":"u","password":"***"})");
    EXPECT_EQ(json("10 0f 00 06 4d 51 49 73 64 70 03 00 00 3c 00 01 63", v3),
              R"({"protocol name":"MQIsdp","protocol level":3,"user name flag":false,"password flag":false,)"
              R"("will flag":false,"clean session":false,"keep alive":60,"client identifier":"c"})");
    EXPECT_EQ(
        json("10 25 00 04 4d 51 54 54 05 ce 00 0a 05 11 00 00 00 0a 00 01 63 05 18 00 00 00 05 00 01 77 00 01 78"
             " 00 01 75 00 01 70",
             v5),
        R"({"protocol name":"MQTT","protocol level":5,"user name flag":true,"password flag":true,"will flag":true,)"
        R"("will retain":false,"will QoS":1,"clean start":true,"keep alive":10,)"
        R"("properties":[{"id":17,"name":"session expiry interval","value":10}],"client identifier":"c",)"
        R"("will properties":[{"id":24,"name":"will delay interval","value":5}],)"
        R"("will topic":"w","will payload":"x","user name":"u","password":"***"})");
}
TEST(ExplainJson, publish_and_its_answers) {
    EXPECT_EQ(json("32 09 00 03 61 2f 62 00 0a 68 69", v4),  // 3.1.1, figure 3.11
              R"({"DUP":false,"QoS":1,"RETAIN":false,"topic name":"a/b","packet identifier":10,"payload":"hi"})");
    EXPECT_EQ(
        json("39 09 00 01 74 05 22 00 00 ff 01", v5),
        R"({"DUP":true,"QoS":0,"RETAIN":true,"topic name":"t",)"
        R"("properties":[{"id":34,"name":"topic alias maximum","value":0},{"id":255,"name":"property","value":""}],)"
        R"("payload":""})");
    EXPECT_EQ(json("40 02 00 0a", v5), R"({"packet identifier":10})");
    EXPECT_EQ(json("62 03 00 0a 92", v5), R"({"packet identifier":10,"reason code":146})");
    EXPECT_EQ(json("c0 00", v4), "{}");
    EXPECT_EQ(json("f0 06 18 04 15 00 01 6d", v5),
              R"({"reason code":24,"properties":[{"id":21,"name":"authentication method","value":"m"}]})");
}
TEST(ExplainJson, properties_in_order_with_duplicates) {
    EXPECT_EQ(json("30 1a 00 01 74 15 26 00 01 61 00 01 62 26 00 01 61 00 01 62 09 00 02 ff 00 0b 07 78", v5),
              R"({"DUP":false,"QoS":0,"RETAIN":false,"topic name":"t",)"
              R"("properties":[{"id":38,"name":"user property","value":["a","b"]},)"
              R"({"id":38,"name":"user property","value":["a","b"]},)"
              R"({"id":9,"name":"correlation data","value":{"hex":"ff00","length":2}},)"
              R"({"id":11,"name":"subscription identifier","value":7}],"payload":"x"})");
    EXPECT_EQ(json("30 08 00 01 74 04 0b 01 0b 02", v5),
              R"({"DUP":false,"QoS":0,"RETAIN":false,"topic name":"t",)"
              R"("properties":[{"id":11,"name":"subscription identifier","value":1},)"
              R"({"id":11,"name":"subscription identifier","value":2}],"payload":""})");
    EXPECT_EQ(json("e0 05 00 03 7f 7a 7a", v5),
              R"({"reason code":0,"properties":[{"id":127,"name":"property","value":"zz"}]})");
}
TEST(ExplainJson, lists_hold_objects) {
    EXPECT_EQ(
        json("82 0e 00 0a 00 03 61 2f 62 01 00 03 63 2f 64 02", v4),  // 3.1.1, figure 3.23
        R"({"packet identifier":10,"subscriptions":[{"topic filter":"a/b","QoS":1},{"topic filter":"c/d","QoS":2}]})");
    EXPECT_EQ(json("82 07 00 0a 00 00 01 61 2e", v5),
              R"({"packet identifier":10,"properties":[],"subscriptions":[{"topic filter":"a","QoS":2,"no local":true,)"
              R"("retain as published":true,"retain handling":2}]})");
    EXPECT_EQ(json("90 05 00 0a 00 02 80", v4),  // 3.1.1, figure 3.26
              R"({"packet identifier":10,"codes":[{"return code":0},{"return code":2},{"return code":128}]})");
    EXPECT_EQ(json("a2 0c 00 0a 00 03 61 2f 62 00 03 63 2f 64", v4),
              R"({"packet identifier":10,"filters":[{"topic filter":"a/b"},{"topic filter":"c/d"}]})");
    EXPECT_EQ(json("b0 05 00 0a 00 00 11", v5),
              R"({"packet identifier":10,"properties":[],"codes":[{"reason code":0},{"reason code":17}]})");
}
TEST(ExplainJson, of_what_is_broken) {
    EXPECT_EQ(json("30 04 00 05 61 62", v4),  // the topic is longer than the packet
              R"({"DUP":false,"QoS":0,"RETAIN":false,"topic name":{"hex":"00056162","length":4},"payload":""})");
    EXPECT_EQ(json("30 04 00 02 c0 80", v4),  // an overlong U+0000
              R"({"DUP":false,"QoS":0,"RETAIN":false,"topic name":{"hex":"c080","length":2},"payload":""})");
    EXPECT_EQ(json("40 03 00 0a ff", v4), R"({"packet identifier":10,"octets left over":{"hex":"ff","length":1}})");
    EXPECT_EQ(json("f0 02 00 0a", v4), R"({"body":{"hex":"000a","length":2}})");
    EXPECT_EQ(json("20 02 00 05", v5), R"({"session present":false,"reason code":5})");
    EXPECT_EQ(
        json("20 04 00 00 05 21", v5),
        R"({"session present":false,"reason code":0,"properties":[],"properties not whole":{"hex":"21","length":1}})");
    EXPECT_EQ(json("20 06 00 00 03 27 00 09", v5),
              R"({"session present":false,"reason code":0,)"
              R"("properties":[{"id":39,"name":"maximum packet size","value":{"hex":"0009","length":2}}]})");
    EXPECT_EQ(json("20 04 00 00 82 80", v5),
              R"({"session present":false,"reason code":0,"properties":{"hex":"8280","length":2}})");
    EXPECT_EQ(json("30 ff ff ff ff 01", v4), R"({"fixed header":{"hex":"30ffffffff","length":5}})");
}
TEST(ExplainJson, payloads_are_text_where_short_and_cut_where_long) {
    std::string wire = unhex("30 83 10 00 01 74") + std::string(2048, 'x');
    const auto payload_of = [](const std::string& octet_string) {
        const Told t(octet_string, v4);
        std::string out;
        append_json(out, t.packet);
        return out.substr(out.find("\"payload\""));
    };
    std::string first_kilobyte;
    for (int i = 0; i < 1024; ++i) first_kilobyte += "78";
    EXPECT_EQ(payload_of(wire), "\"payload\":{\"hex\":\"" + first_kilobyte + "\",\"length\":2048}");
    EXPECT_EQ(payload_of(unhex("30 06 00 01 74 c3 bc 22")), "\"payload\":\"ü\\\"\"");
    EXPECT_EQ(payload_of(unhex("30 05 00 01 74 c3 28")), "\"payload\":{\"hex\":\"c328\",\"length\":2}");
    wire = unhex("30 83 08 00 01 74") + std::string(1024, 'x');
    EXPECT_EQ(payload_of(wire), "\"payload\":\"" + std::string(1024, 'x') + "\"");
}
TEST(ExplainJson, strings_are_escaped) {
    const auto quote = [](std::string_view s) {
        std::string out;
        append_json_string(out, s);
        return out;
    };
    using namespace std::string_view_literals;
    EXPECT_EQ(quote("a\"b\\c\n\r\t\x01\x1f\x7f"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u007f\"");
    EXPECT_EQ(quote("\0"sv), R"("\u0000")");
    EXPECT_EQ(quote("grüße €😀"), "\"grüße €😀\"");
    EXPECT_EQ(quote("gr\xfc\xc3"), R"("gr\ufffd\ufffd")");
    EXPECT_EQ(quote("\xc2\x80\xc2\x9b[1m\xc2\xa0"), "\"\\u0080\\u009b[1m\xc2\xa0\"");
    EXPECT_EQ(quote("a\xe2\x80\xae\xe2\x81\xa9\xe2\x80\x8e\xd8\x9c€"), R"("a\u202e\u2069\u200e\u061c€")");
    EXPECT_EQ(quote(""), R"("")");
}

TEST(ExplainText, annotated_octets) {
    EXPECT_EQ(rows("32 09 00 03 61 2f 62 00 0a 68 69", v4),
              "       0  32 09                                           fixed header: remaining length 9\n"
              "                                                            DUP = 0\n"
              "                                                            QoS = 1\n"
              "                                                            RETAIN = 0\n"
              "       2  00 03 61 2f 62                                  topic name = \"a/b\"\n"
              "       7  00 0a                                           packet identifier = 10\n"
              "       9  68 69                                           payload = \"hi\"\n");
    EXPECT_EQ(
        rows("e0 0b 04 09 26 00 01 61 00 01 62 7f 7a", v5),
        "       0  e0 0b                                           fixed header: remaining length 11\n"
        "       2  04                                              reason code = 4\n"
        "       3  09                                              properties: 9 octets\n"
        "       4  26 00 01 61                                       user property (0x26) = \"a\"\n"
        "       8  00 01 62                                          user property = \"b\"\n"
        "      11  7f 7a                                             property (0x7f) = \"z\"\n"
        "             ^^                                           ! property: is unknown [X-2.2.2-property-unknown]"
        " at 12\n");
}
TEST(ExplainText, faults_stand_under_their_octet) {
    EXPECT_EQ(
        rows("82 0b 00 0a 00 01 61 04 00 01 62 03 00", v4, 100),
        "     100  82 0b                                           fixed header: remaining length 11\n"
        "     102  00 0a                                           packet identifier = 10\n"
        "                                                          subscriptions\n"
        "                                                            item\n"
        "     104  00 01 61                                            topic filter = \"a\"\n"
        "     107  04                                                  requested QoS\n"
        "                                                                QoS = 0\n"
        "                                                                reserved bits = 1\n"
        "          ^^                                              ! reserved bits: are not as laid down [MQTT-3.8.3-4]"
        " at 7 (107 in the stream)\n"
        "                                                            item\n"
        "     108  00 01 62                                            topic filter = \"b\"\n"
        "     111  03                                                  requested QoS\n"
        "                                                                QoS = 3\n"
        "          ^^                                              ! QoS: is 3 [MQTT-3.8.3-4] at 11 (111 in the "
        "stream)\n"
        "                                                            item\n"
        "     112  00                                                  topic filter = (00)\n"
        "          ^^                                              ! topic filter: ends early [X-2.0-packet-length]"
        " at 12 (112 in the stream)\n"
        "                                                              requested QoS: missing\n"
        "                                                          ! requested QoS: ends early [X-2.0-packet-length]"
        " at 13 (113 in the stream)\n");
    EXPECT_EQ(rows("20 06 00 00 03 27 00 09", v5),
              "       0  20 06                                           fixed header: remaining length 6\n"
              "       2  00                                              acknowledge flags\n"
              "                                                            session present = 0\n"
              "       3  00                                              reason code = 0\n"
              "       4  03                                              properties: 3 octets\n"
              "       5  27 00 09                                          maximum packet size (0x27) = (00 09)\n"
              "             ^^                                           ! maximum packet size: ends early"
              " [X-2.0-packet-length] at 6\n");
}
TEST(ExplainText, what_is_there_of_a_packet_that_is_not_whole) {
    EXPECT_EQ(rows("20 08 00 00 05 27 00 09", v5),
              "       0  20 08                                           fixed header: remaining length 8\n"
              "       2  00                                              acknowledge flags\n"
              "                                                            session present = 0\n"
              "       3  00                                              reason code = 0\n"
              "       4  05                                              properties: 5 octets\n"
              "       5  27 00 09                                        properties not whole = (27 00 09)\n");
}
TEST(ExplainText, long_values_are_cut) {
    const std::string wire = unhex("30 fb 01 00 01 74") + std::string(248, 'x');
    const Told t(wire, v4);
    const auto text = annotated(t.packet, octets(wire));
    EXPECT_NE(text.find("\n       6  78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 payload = \"xxxx"), text.npos)
        << text;
    EXPECT_NE(text.find("... 120 octets more\n"), text.npos) << text;
    EXPECT_EQ(line(t.packet),
              R"(PUBLISH DUP=0 QoS=0 RETAIN=0 topic name="t" payload=")" + std::string(80, 'x') + "\"... (248 octets)");
}
TEST(ExplainText, a_line_is_what_print_makes) {
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        for (auto& g : part) {
            const Told t(unhex(g.hex), g.version);
            if (encode(g.packet, g.version) != t.wire) continue;  // a length or a reason that may be left out
            EXPECT_EQ(line(t.packet), print(g.packet, g.version));
        }
    const Told t(unhex("e0 05 00 03 7f 7a 7a"), v5);
    EXPECT_EQ(line(t.packet), R"(DISCONNECT reason code=0 property 0x7f="zz")");
}

TEST(Explain, a_password_is_shown_nowhere) {
    const auto whole =
        unhex("10 1b 00 04 4d 51 54 54 04 c2 00 0a 00 01 63 00 01 75") + std::string("\0\x09hunter2hi", 11);
    std::vector<std::string> wires{whole, whole.substr(0, 20), whole.substr(0, 24)};
    for (const std::size_t at : {12u, 15u, 18u}) {  // lengths that reach into the password, or past it
        wires.push_back(whole);
        wires.back()[at + 1] = char(at == 18 ? 60 : 40);
    }
    wires.push_back(whole);
    wires.back()[9] = char(0x82);  // no password flag: it is left over
    for (const auto& wire : wires) {
        const Told t(wire, v4);
        std::string all = line(t.packet) + annotated(t.packet, octets(wire));
        append_json(all, t.packet);
        for (const char* secret : {"hunter", "68 75 6e", "68756e", "74 65 72"})
            EXPECT_EQ(all.find(secret), all.npos) << all;
        EXPECT_NE(all.find("***"), all.npos) << all;
    }
}
TEST(Explain, only_the_length_of_a_password_is_shown) {
    const char *good = "10 14 00 04 4d 51 54 54 04 c2 00 0a 00 01 63 00 01 75 00 02 70 77",
               *too_long = "10 14 00 04 4d 51 54 54 04 c2 00 0a 00 01 63 00 01 75 00 09 70 77",
               *no_flag = "10 14 00 04 4d 51 54 54 04 82 00 0a 00 01 63 00 01 75 00 02 70 77";
    EXPECT_NE(rows(good, v4).find("\n      18  00 02 ** **  "), std::string::npos) << rows(good, v4);
    EXPECT_NE(rows(too_long, v4).find("\n      18  ** ** ** **  "), std::string::npos) << rows(too_long, v4);
    EXPECT_NE(rows(no_flag, v4).find("\n      18  ** ** ** **  "), std::string::npos) << rows(no_flag, v4);
}
TEST(Explain, takes_the_version_from_connect) {
    const Told five(unhex("10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00"), v4),
        three(unhex("11 0f 00 06 4d 51 49 73 64 70 03 02 00 3c 00 01 63"), v5);
    EXPECT_EQ(five.packet.version, v5);
    EXPECT_TRUE(five.packet.faults.empty());
    EXPECT_EQ(three.packet.version, v3);
    EXPECT_TRUE(three.packet.faults.empty()) << "3.1 leaves the flags unused";
    EXPECT_EQ(Told(unhex("10 0d 00 04 4d 51 54 54 09 02 00 3c 00 00 00"), v5).packet.version, v5);
    EXPECT_EQ(faults("11 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 63", v5),
              "reserved bits: are not as laid down [MQTT-2.2.2-2] at 0\n");
}
TEST(Explain, all_faults_of_a_packet) {
    EXPECT_EQ(faults("3e 05 00 01 23 00 00", v4),
              "QoS: is 3 [MQTT-3.3.1-4] at 0\n"
              "topic name: holds a wildcard [MQTT-3.3.2-2] at 2\n"
              "packet identifier: is zero [MQTT-2.3.1-1] at 5\n");
    EXPECT_EQ(faults("c0 80 00", v5), "remaining length: is not in the fewest octets [MQTT-1.5.5-1] at 1\n");
    EXPECT_EQ(faults("41 82 00 00 00", v5),
              "remaining length: is not in the fewest octets [MQTT-1.5.5-1] at 1\n"
              "reserved bits: are not as laid down [MQTT-2.1.3-1] at 0\n"
              "packet identifier: is zero [MQTT-2.2.1-5] at 3\n");
    EXPECT_EQ(faults("f0 00", v4), "packet type: is reserved [X-2.2.1-packet-type] at 0\n");
}
TEST(Explain, what_is_cut_off_is_no_fault) {
    EXPECT_EQ(faults("32 09 00 03 61 2f", v4), "");
    EXPECT_EQ(faults("82 06 00 0a", v4), "");
    EXPECT_EQ(faults("82", v4), "");
    EXPECT_EQ(faults("36 09 00 03 61 2f", v4), "QoS: is 3 [MQTT-3.3.1-4] at 0\n") << "what is there is judged";
    const Told t(unhex("32 09 00 03 61"), v4);
    EXPECT_EQ(t.packet.size, 11u);
    EXPECT_EQ(t.packet.here, 5u);
    EXPECT_FALSE(t.packet.whole());
}

/// Own octets of the fields follow each other from the first octet to the last.
void expect_tiles(const Told& t) {
    std::size_t at = 0;
    for (const auto& f : t.packet.fields) {
        if (!f.size) continue;
        EXPECT_EQ(f.offset, at) << f.name << " of " << hex(octets(t.wire), 64);
        at = f.offset + f.size;
    }
    EXPECT_EQ(at, t.packet.here) << hex(octets(t.wire), 64);
}
TEST(Explain, finds_the_faults_that_decoding_finds) {
    for (const auto& b : bad_packets()) {
        const Told t(unhex(b.hex), b.version);
        expect_tiles(t);
        ASSERT_FALSE(t.packet.faults.empty()) << b.hex;
        EXPECT_EQ(t.packet.faults[0].statement, b.statement) << b.hex;
        EXPECT_EQ(t.packet.faults[0].field, b.field) << b.hex;
        EXPECT_EQ(t.packet.faults[0].offset, b.offset) << b.hex;
        const auto all = all_faults(octets(t.wire), b.version);
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_EQ(testing::describe(t.packet.faults.at(i)), testing::describe(all[i])) << b.hex;
    }
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        for (auto& g : part) EXPECT_EQ(faults(g.hex, g.version), "") << g.hex;
}
TEST(Explain, leaves_no_octet_out_of_anything) {
    std::mt19937 random(20260101);
    for (int i = 0; i < 60'000; ++i) {
        std::string wire(1 + random() % 48, '\0');
        for (char& c : wire) c = char(random() % 3 ? random() % 48 : random());
        wire[0] = char(random());
        if (wire.size() > 1 && random() % 8) wire[1] = char(wire.size() - 2);
        const Told t(wire, random() % 2 ? v5 : v4);
        expect_tiles(t);
        if (t.packet.type() == Type::connect || !t.packet.whole() || wire[1] & 0x80) continue;
        std::string mine, theirs;
        for (auto& f : t.packet.faults) mine += testing::describe(f) + "\n";
        for (auto& f : all_faults(octets(wire), t.packet.version)) theirs += testing::describe(f) + "\n";
        EXPECT_EQ(mine, theirs) << hex(octets(wire));
    }
    for (const auto& b : bad_packets())
        for (std::size_t n = 1; n < unhex(b.hex).size(); ++n) expect_tiles(Told(unhex(b.hex).substr(0, n), b.version));
}
TEST(Explain, lists_of_any_length_take_bounded_memory) {
    const std::string codes = unhex("90 c2 9a 0c 00 0a") + std::string(200'000, '\x7f');
    const Told t(codes, v4);
    EXPECT_TRUE(t.packet.whole());
    EXPECT_LE(t.packet.fields.size(), most_fields + 4);
    EXPECT_EQ(t.packet.faults.size(), most_faults);
    EXPECT_EQ(t.packet.faults.size() + t.packet.more_faults, 200'000u);
    expect_tiles(t);
    // 5.0 PUBLISH, topic "t", 150000 octets of subscription identifiers 1
    std::string wire = unhex("30 f7 93 09 00 01 74 f0 93 09");
    for (int i = 0; i < 75'000; ++i) wire += unhex("0b 01");
    wire += "x";
    const Told p(wire, v5);
    EXPECT_TRUE(p.packet.whole());
    EXPECT_TRUE(p.packet.faults.empty());
    expect_tiles(p);
    EXPECT_EQ(p.packet.fields.back().text, "x");
    EXPECT_EQ(p.packet.fields[p.packet.fields.size() - 2].name, "properties not listed");
}
TEST(Explain, lengths_at_their_edges) {
    struct Row {
        const char* header;
        std::size_t body, size;
    };
    for (const auto& r : {Row{"c0 00", 2, 2}, Row{"30 7f", 2, 129}, Row{"30 80 01", 3, 131}, Row{"30 ff 7f", 3, 16'386},
                          Row{"30 80 80 01", 4, 16'388}, Row{"30 ff ff 7f", 4, 2'097'155},
                          Row{"30 80 80 80 01", 5, 2'097'157}, Row{"30 ff ff ff 7f", 5, 268'435'460}, Row{"30", 0, 0},
                          Row{"30 ff ff ff", 0, 0}, Row{"30 ff ff ff ff 01", 0, 0}}) {
        const auto wire = unhex(r.header);
        EXPECT_EQ(declared_frame(octets(wire)).body, r.body) << r.header;
        EXPECT_EQ(declared_frame(octets(wire)).size, r.size) << r.header;
        EXPECT_EQ(Told(wire, v5).packet.size, r.size) << r.header;
    }
}
TEST(Explain, names_types_of_its_version) {
    EXPECT_EQ(Told(unhex("f0 00"), v5).packet.type_name(), "AUTH");
    EXPECT_EQ(Told(unhex("f0 00"), v4).packet.type_name(), "RESERVED");
    EXPECT_EQ(Told(unhex("00 00"), v5).packet.type_name(), "RESERVED");
    EXPECT_EQ(Told(unhex("d0 00"), v3).packet.type_name(), "PINGRESP");
}
TEST(Print, names_an_unknown_property_by_its_identifier) {
    const Property properties[]{{property::user_property, "a", "b"}, {0x7f, "zz"}};
    EXPECT_EQ(print(Disconnect{.reason = 4, .properties = properties}, v5),
              R"(DISCONNECT reason code=4 user property="a" user property="b" property 0x7f="zz")");
}
TEST(HexNumber, is_whole_octets) {
    EXPECT_EQ(hex_number(0), "0x00");
    EXPECT_EQ(hex_number(0x7f), "0x7f");
    EXPECT_EQ(hex_number(0xabc), "0x0abc");
}

}  // namespace
}  // namespace mqtt::testing
