#include "conformance/statements.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace conformance {
namespace {

using mqtt::Version;

std::size_t number_of(Version v, std::string_view prefix) {
    const auto all = statements();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& s) { return s.protocol == v && s.id.starts_with(prefix); }));
}

TEST(Statements, AreAllThere) {
    EXPECT_EQ(number_of(Version::v3_1_1, "MQTT-"), 141u);
    EXPECT_EQ(number_of(Version::v5, "MQTT-"), 251u);
    EXPECT_GT(number_of(Version::v5, "X-"), 10u);
}

TEST(Statements, AreFoundByIdAndVersion) {
    const Statement* old_one = find_statement("MQTT-3.1.2-24", Version::v3_1_1);
    const Statement* new_one = find_statement("MQTT-3.1.2-24", Version::v5);
    ASSERT_TRUE(old_one && new_one);
    EXPECT_EQ(section_number(*old_one), "3.1.2.10");
    EXPECT_EQ(section_number(*new_one), "3.1.2.11.4");
    EXPECT_NE(old_one->summary, new_one->summary);
    EXPECT_EQ(find_statement("MQTT-2.2.1-1", Version::v5), nullptr);  // tidy: no such id, a gap in the numbers
    EXPECT_TRUE(is_statement("X-3.8.3-qos-three"));
    EXPECT_FALSE(is_statement("MQTT-9.9.9-9"));  // tidy: no such id
}

TEST(Statements, StandInTheOrderOfTheStandard) {
    const auto all = statements();
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i].protocol != all[i - 1].protocol) continue;
        EXPECT_FALSE(stands_before(section_number(all[i]), section_number(all[i - 1]))) << all[i].id;
    }
    EXPECT_EQ(all.front().protocol, Version::v3_1_1);
    EXPECT_EQ(all.back().protocol, Version::v5);
}

TEST(Statements, NumbersAreComparedAsNumbers) {
    EXPECT_TRUE(stands_before("3.2", "3.10"));
    EXPECT_TRUE(stands_before("MQTT-3.1.2-9", "MQTT-3.1.2-10"));
    EXPECT_TRUE(stands_before("3.1", "3.1.2"));
    EXPECT_FALSE(stands_before("3.1.2", "3.1.2"));
    EXPECT_FALSE(stands_before("4", "3.1.2"));
}

TEST(Statements, ExcusesNameRowsAndReasons) {
    ASSERT_FALSE(excuses().empty());
    for (const auto& e : excuses()) {
        EXPECT_TRUE(find_statement(e.id, e.protocol)) << e.id;
        EXPECT_FALSE(e.reason.empty()) << e.id;
    }
    const Excuse* client = find_excuse("MQTT-3.14.4-2", Version::v3_1_1);
    ASSERT_TRUE(client);
    EXPECT_FALSE(client->planned);
}

}  // namespace
}  // namespace conformance
