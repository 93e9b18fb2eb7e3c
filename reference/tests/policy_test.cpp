#include <algorithm>
#include <fstream>
#include <set>

#include "reference/tests/kit.hpp"
#include "reference/variations.hpp"

namespace reference::test {
namespace {

std::set<std::string, std::less<>> ids_of(const std::string& table) {
    std::ifstream in(MQTTSPEC_CORPUS "/statements/" + table);
    std::set<std::string, std::less<>> ids;
    for (std::string line; std::getline(in, line);) ids.insert(line.substr(0, line.find('\t')));
    std::ifstream extra(MQTTSPEC_CORPUS "/statements/extra.tsv");  // the protocol comes first there
    for (std::string line; std::getline(extra, line);) {
        const auto id = line.find('\t') + 1;
        ids.insert(line.substr(id, line.find('\t', id) - id));
    }
    return ids;
}

TEST(Violations, NameStatementsThatExist) {
    const auto v3 = ids_of("mqtt-3.1.1.tsv"), v5 = ids_of("mqtt-5.0.tsv");
    ASSERT_GT(v3.size(), 140u);
    ASSERT_GT(v5.size(), 250u);
    for (const Violation& row : violations()) {
        EXPECT_TRUE(row.statements.v3_1_1.empty() || v3.contains(row.statements.v3_1_1)) << row.id;
        EXPECT_TRUE(row.statements.v5.empty() || v5.contains(row.statements.v5)) << row.id;
        EXPECT_FALSE(row.statements.v3_1_1.empty() && row.statements.v5.empty()) << row.id;
        EXPECT_FALSE(row.effect.empty()) << row.id;
    }
}

TEST(Violations, AreFoundByTheirId) {
    std::set<std::string_view> seen;
    for (const Violation& v : violations()) {
        EXPECT_TRUE(seen.insert(v.id).second) << v.id;
        const auto found = find_violation(v.id);
        ASSERT_TRUE(found) << v.id;
        EXPECT_EQ(row(*found).id, v.id);
    }
    EXPECT_FALSE(find_violation("no_such_violation"));
    EXPECT_GE(seen.size(), 80u);
}

TEST(Violations, AreOffByDefault) {
    EXPECT_TRUE(Policy{}.honest());
    Policy policy;
    policy.violate(Break::puback_missing);
    EXPECT_TRUE(policy.breaks(Break::puback_missing));
    EXPECT_FALSE(policy.breaks(Break::pubrec_missing));
}

// Every one of them must leave a broker that still serves a plain client, in a version it does not concern too.
TEST(Violations, LeaveABrokerThatServes) {
    for (unsigned i = 0; i < static_cast<unsigned>(Break::count); ++i)
        for (Version v : {Version::v3_1_1, Version::v5}) {
            Settings settings;
            settings.policy.violate(static_cast<Break>(i));
            Net net(settings);
            Client& c = net.greet(v, {.id = "plain", .keep_alive = 60});
            ASSERT_FALSE(c.closed) << violations()[i].id;
            const mqtt::Subscribe::Entry entries[]{{.filter = "t"}};
            c.send(mqtt::Subscribe{1, {}, entries});
            net.greet(v, {.id = "other"}).send(message("t", "x"));
            EXPECT_FALSE(c.closed) << violations()[i].id;
        }
}

TEST(Variations, ServeAPlainClient) {
    for (const Variation& variation : variations())
        for (Version v : {Version::v3_1_1, Version::v5}) {
            Settings settings;
            variation.apply(settings);
            const bool served = v == Version::v5 ? settings.offer.v5 : settings.offer.v3_1_1;
            Net net(settings);
            Client& c = net.greet(v, {.id = "plain"});
            EXPECT_EQ(c.closed, !served) << variation.id;
            if (!served) continue;
            EXPECT_EQ(c.take<mqtt::Connack>().code, 0) << variation.id;
            c.subscribe("t");
            net.greet(v, {.id = "other"}).send(message("t", "x"));
            EXPECT_EQ(c.take<mqtt::Publish>().payload, "x") << variation.id;
            EXPECT_TRUE(c.answers_ping()) << variation.id;
            EXPECT_EQ(find_variation(variation.id), &variation);
        }
    EXPECT_EQ(find_variation("none"), nullptr);
    EXPECT_GE(variations().size(), 25u);
}

TEST(Variations, HaveAnEffect) {
    EXPECT_TRUE(std::ranges::none_of(variations(), [](const Variation& v) { return v.effect.empty(); }));
}

}  // namespace
}  // namespace reference::test
