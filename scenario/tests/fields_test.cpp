// Packets to fields and back: by property over all packets, and by hand.
#include "scenario/fields.hpp"

#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "codec/hex.hpp"
#include "codec/tests/arbitrary.hpp"

#include <gtest/gtest.h>

namespace scenario {
namespace {

using mqtt::Version;
using nlohmann::json;

TEST(Fields, every_packet_comes_back_from_its_fields) {
    mqtt::expect_of_any("fields and back", [](const mqtt::Owned& owned) {
        const auto v = owned.version;
        const auto wire = mqtt::encode(owned.packet, v);
        const auto fields = fields_of(mqtt::octets(wire), v, Secrets::shown);
        RC_ASSERT(fields.has_value());
        RC_ASSERT(packet_of(mqtt::name(type_of(owned.packet)), json::parse(*fields), v) == wire);
    });
}

/// CONNECT 3.1.1, client "c", user "u", password "pass", keep alive 60.
const std::string connect = *mqtt::from_hex("10 16 00 04 4d 51 54 54 04 c2 00 3c 00 01 63 00 01 75 00 04 70 61 73 73");

TEST(Fields, have_the_names_of_decode) {
    const auto fields = json::parse(fields_of(mqtt::octets(connect), Version::v3_1_1, Secrets::shown).value());
    EXPECT_EQ(fields["client identifier"], "c");
    EXPECT_EQ(fields["keep alive"], 60);
    EXPECT_EQ(fields["password"], "pass");
    EXPECT_EQ(fields["clean session"], true);
}

TEST(Fields, secrets_are_masked) {
    const auto fields = fields_of(mqtt::octets(connect), Version::v3_1_1, Secrets::masked).value();
    EXPECT_EQ(fields.find("pass\""), std::string::npos);
    EXPECT_EQ(json::parse(fields)["password"], mask);
    const std::string octets = masked(mqtt::octets(connect), Version::v3_1_1);
    EXPECT_EQ(octets, connect.substr(0, connect.size() - 4) + "****");
}

TEST(Fields, secrets_are_masked_in_what_is_no_packet) {
    std::string cut = connect.substr(0, connect.size() - 1);
    EXPECT_EQ(masked(mqtt::octets(cut), Version::v3_1_1).find("pas"), std::string::npos);
    std::string longer = connect + "pass";
    longer[1] = char(longer[1] + 4);
    EXPECT_EQ(masked(mqtt::octets(longer), Version::v3_1_1).find("pas"), std::string::npos);
}

TEST(Fields, secrets_are_masked_in_what_is_cut) {
    // AUTH 0x18, Authentication Method "m", Authentication Data "TOPSECRET": every beginning of it.
    const std::string auth("\xf0\x12\x18\x10\x15\0\1m\x16\0\x09TOPSECRET", 20);
    for (std::size_t n = 1; n < auth.size(); ++n) {
        const auto shown = masked(mqtt::octets(auth.substr(0, n)), Version::v5);
        EXPECT_EQ(shown.find("TO"), std::string::npos) << n;
        EXPECT_EQ(shown.size(), n);
    }
    // What can hold no secret stays as it came: it is sent again like that.
    const std::string publish("\x36\x05\0\1aTO", 7);
    EXPECT_EQ(masked(mqtt::octets(publish), Version::v5), publish);
}

TEST(Fields, that_are_left_out_have_defaults_and_flags_follow) {
    const json fields{{"client identifier", "c"}, {"clean session", true}, {"user name", "u"},
                      {"password", "pass"},       {"protocol level", 4},   {"protocol name", "MQTT"}};
    EXPECT_EQ(mqtt::hex(mqtt::octets(packet_of("CONNECT", fields, Version::v5))), mqtt::hex(mqtt::octets(connect)));
}

TEST(Fields, properties_may_be_named) {
    const json fields{
        {"topic name", "a"},
        {"properties", {{{"name", "topic alias"}, {"value", 7}}, {{"name", "user property"}, {"value", {"k", "v"}}}}},
        {"payload", {{"hex", "00ff"}}}};
    EXPECT_EQ(mqtt::hex(mqtt::octets(packet_of("PUBLISH", fields, Version::v5))),
              "30 10 00 01 61 0a 23 00 07 26 00 01 6b 00 01 76 00 ff");
}

TEST(Fields, large_payloads_are_whole) {
    const auto wire = mqtt::encode(mqtt::Publish{.topic = "a", .payload = std::string_view("x")}, Version::v5);
    const std::string payload(5000, 'p');
    const auto large = mqtt::encode(mqtt::Publish{.topic = "a", .payload = payload}, Version::v5);
    const auto fields = fields_of(mqtt::octets(large), Version::v5, Secrets::masked).value();
    EXPECT_EQ(packet_of("PUBLISH", json::parse(fields), Version::v5), large);
}

TEST(Fields, there_are_none_of_what_is_malformed) {
    EXPECT_FALSE(fields_of(mqtt::octets(*mqtt::from_hex("36 03 00 01 61")), Version::v3_1_1, Secrets::shown));  // QoS 3
    EXPECT_FALSE(fields_of(mqtt::octets(*mqtt::from_hex("00 00")), Version::v3_1_1, Secrets::shown));
    EXPECT_FALSE(fields_of({}, Version::v3_1_1, Secrets::shown));
    // 3.1 lets a flagged user name be absent; fields would put an empty one there.
    EXPECT_FALSE(fields_of(mqtt::octets(*mqtt::from_hex("10 0f 00 06 4d 51 49 73 64 70 03 82 00 3c 00 01 63")),
                           Version::v3_1, Secrets::shown));
}

std::string refusal(std::string_view type, const json& fields) {
    try {
        packet_of(type, fields, Version::v5);
    } catch (const FieldError& e) {
        return e.what();
    }
    return "none";
}

TEST(Fields, mistakes_are_named) {
    EXPECT_EQ(refusal("PUBLISH", {{"QoS", 7}}), "QoS: 7 is no number from 0 to 3");
    EXPECT_EQ(refusal("PUBLISH", {{"QoS", -1}}), "QoS: -1 is no number from 0 to 3");
    EXPECT_EQ(refusal("PUBLISH", {{"topic", "a"}}), "topic: is no field of this packet");
    EXPECT_EQ(refusal("PUBLISH", {{"topic name", 1}}), "topic name: has to be a text, or {\"hex\": \"...\"}");
    EXPECT_EQ(refusal("PUBLISH", {{"payload", {{"hex", "0"}}}}), "payload: hex: has to be pairs of hex digits");
    EXPECT_EQ(refusal("PUBLISH", {{"payload", {{"hex", "00"}, {"length", 5}}}}),
              "payload: length: is 5, but there are 1 octets");
    EXPECT_EQ(refusal("PUBLISH", {{"properties", {{{"name", "alias"}, {"value", 1}}}}}),
              "properties: \"alias\" is no property");
    EXPECT_EQ(refusal("PUBLISH", {{"properties", {{{"name", 7}, {"value", 1}}}}}),
              "properties: an item without \"id\" and without \"name\", a text");
    EXPECT_EQ(refusal("PUBLISH", {{"topic name", std::string(70'000, 'a')}}),
              "topic name: 70000 octets are more than 65535");
    EXPECT_EQ(refusal("PUBLISH", {{"topic name", std::string(65'535, 'a')}, {"payload", std::string(70'000, 'p')}}),
              "none");
    EXPECT_EQ(refusal("SUBSCRIBE", {{"subscriptions", {{{"filter", "a"}}}}}), "filter: is no field of this packet");
    EXPECT_EQ(refusal("CONNECT", {{"will flag", 1}}), "will flag: has to be true or false");
    EXPECT_EQ(refusal("PUBLISHED", json::object()), "type: \"PUBLISHED\" is no packet type");
}

}  // namespace
}  // namespace scenario
