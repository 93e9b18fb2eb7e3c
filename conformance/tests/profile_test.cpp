#include "conformance/profile.hpp"

#include <gtest/gtest.h>

#include "conformance/run_options.hpp"
#include "conformance/toml.hpp"

namespace conformance {
namespace {

constexpr std::string_view whole = R"(
name = "a broker"
[login]
user_name = "u"
password = "p\"w"
[login.second]
user_name = "v"
[denied]
publish = "no/way"
client_id = "bad"
[features]
retain = false
maximum_qos = 1
receive_maximum = 20
maximum_packet_size = 4294967295
[authentication]
method = "M"
[timing]
tolerance_ms = 500
)";

std::string complaint(std::string_view toml) {
    try {
        parse_profile(toml, "p.toml");
        return "taken";
    } catch (const UsageError& e) {
        return e.what();
    }
}

TEST(Profile, IsReadWhole) {
    const Profile p = parse_profile(whole, "p.toml");
    EXPECT_EQ(p.name, "a broker");
    EXPECT_EQ(p.login.user_name, "u");
    EXPECT_EQ(p.login.password, "p\"w");
    ASSERT_TRUE(p.second);
    EXPECT_EQ(p.second->user_name, "v");
    EXPECT_FALSE(p.second->password);
    EXPECT_FALSE(p.refused);
    EXPECT_EQ(p.denied_publish, "no/way");
    EXPECT_EQ(p.refused_client_id, "bad");
    EXPECT_EQ(p.retain, false);
    EXPECT_FALSE(p.wildcard);
    EXPECT_EQ(p.maximum_qos, 1);
    EXPECT_EQ(p.receive_maximum, 20);
    EXPECT_EQ(p.maximum_packet_size, 4294967295u);
    EXPECT_EQ(p.auth_method, "M");
    EXPECT_EQ(p.tolerance_ms, 500);
}

TEST(Profile, ComesBackFromItsText) {
    Profile p = parse_profile(whole, "p.toml");
    p.not_authorized = Login{"x", "y"};
    EXPECT_EQ(parse_profile(print_profile(p), "again"), p);
    EXPECT_EQ(parse_profile(print_profile({}), "again"), Profile{});
}

TEST(Profile, MistakesAreNamed) {
    EXPECT_EQ(complaint("[features]\nretian = true"), "p.toml:2: features.retian: is no known key");
    EXPECT_EQ(complaint("nmae = \"x\""), "p.toml:1: nmae: is no known key");
    EXPECT_EQ(complaint("\n[featuers]\nretain = true").find("p.toml:2: featuers: is no known key"), 0u);
    EXPECT_EQ(complaint("[login.third]\nuser_name = \"x\""), "p.toml:1: login.third: is no known key");
    EXPECT_EQ(complaint("[features]\nmaximum_qos = 3"),
              "p.toml:2: features.maximum_qos: has to be a number from 0 to 2");
    EXPECT_EQ(complaint("[features]\nretain = 1"), "p.toml:2: features.retain: has to be true or false");
    EXPECT_EQ(complaint("name = 3"), "p.toml:1: name: has to be a text in quotes");
    EXPECT_EQ(complaint("name = ").find("p.toml:1: "), 0u);
}

TEST(Profile, AFileThatIsNotThere) {
    EXPECT_THROW(read_profile("/nonexistent/p.toml"), UsageError);
    EXPECT_THROW(read_profile("/"), UsageError);
    EXPECT_EQ(read_file("/dev/null"), "");
}

}  // namespace
}  // namespace conformance
