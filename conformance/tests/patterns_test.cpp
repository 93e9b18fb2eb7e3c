#include "conformance/patterns.hpp"

#include <gtest/gtest.h>

#include "conformance/run_options.hpp"
#include "conformance/tests/sample_table.hpp"

namespace conformance {
namespace {

using mqtt::Version;

std::string chosen(const Selection& how) {
    std::string out;
    for (const auto& s : choose(sample_table(), how))
        out += std::string(s.info->name) + "/" + std::string(mqtt::name(s.protocol)) + " ";
    return out;
}

std::string refusal(const Selection& how) {
    try {
        return "chosen: " + chosen(how);
    } catch (const UsageError& e) {
        return e.what();
    }
}

TEST(Patterns, NothingChoosesEverythingOldVersionFirst) {
    EXPECT_EQ(chosen({}), "connect.alpha/3.1.1 publish.gamma/3.1.1 connect.alpha/5 connect.beta/5 ");
    EXPECT_EQ(chosen({.versions = {Version::v5}}), "connect.alpha/5 connect.beta/5 ");
}

TEST(Patterns, NamesStatementsAndSections) {
    EXPECT_EQ(chosen({.only = {"connect.*"}}), "connect.alpha/3.1.1 connect.alpha/5 connect.beta/5 ");
    EXPECT_EQ(chosen({.only = {"MQTT-3.1.4-?"}}), "connect.beta/5 ");
    EXPECT_EQ(chosen({.only = {"X-3.1.2-*"}}), "connect.beta/5 ");
    EXPECT_EQ(chosen({.only = {"3.1.1/3.3"}}), "publish.gamma/3.1.1 ");  // 3.3.2.1 lies in it
    EXPECT_EQ(chosen({.only = {"5.0/3.1.2"}}), "connect.beta/5 ");       // 3.1.2.11.3
    EXPECT_EQ(chosen({.only = {"*/3.1"}}), "connect.alpha/3.1.1 connect.alpha/5 connect.beta/5 ");
    EXPECT_EQ(chosen({.only = {"connect.*"}, .skip = {"5/3.1.4", "*gamma"}}), "connect.alpha/3.1.1 connect.alpha/5 ");
}

TEST(Patterns, WithoutAMatchAreNamed) {
    EXPECT_EQ(refusal({.only = {"connect.alhpa"}}),
              "--only connect.alhpa: matches no case; did you mean connect.alpha, connect.beta?");
    EXPECT_EQ(refusal({.only = {"connect.*", "5/3.99"}}), "--only 5/3.99: matches no case");
    EXPECT_EQ(
        refusal({.versions = {Version::v5}, .only = {"publish.gamma"}}).find("--only publish.gamma: matches no case"),
        0u);
    EXPECT_EQ(refusal({.skip = {"nothing"}}), "--skip nothing: matches no case");
    EXPECT_EQ(refusal({.only = {"MQTT-3.14.4-2"}}).find("--only MQTT-3.14.4-2: matches no case (excused: "), 0u);
    const std::string misspelt = "MQTT-3.1.0-22";  // tidy: no such id
    EXPECT_EQ(refusal({.only = {misspelt}}).find("--only " + misspelt + ": matches no case; did you mean MQTT-3.1.0-2"),
              0u);
}

TEST(Patterns, SkipForTheOtherVersionDoesNoHarm) {
    EXPECT_EQ(chosen({.versions = {Version::v5}, .skip = {"publish.gamma"}}), "connect.alpha/5 connect.beta/5 ");
}

TEST(Patterns, NothingLeftIsAnError) {
    EXPECT_EQ(refusal({.only = {"publish.*"}, .skip = {"publish.*"}}).find("no case is left"), 0u);
    EXPECT_EQ(refusal({.only = {"publish.*"}, .shard = 2, .shards = 2}).find("no case is left"), 0u);
}

TEST(Patterns, ShardsMakeUpTheWhole) {
    EXPECT_EQ(chosen({.shard = 1, .shards = 3}), "connect.alpha/3.1.1 connect.beta/5 ");
    EXPECT_EQ(chosen({.shard = 2, .shards = 3}), "publish.gamma/3.1.1 ");
    EXPECT_EQ(chosen({.shard = 3, .shards = 3}), "connect.alpha/5 ");
}

TEST(Patterns, GlobsTakeTheWholeText) {
    EXPECT_TRUE(glob_matches("a*c", "a/b.c"));
    EXPECT_FALSE(glob_matches("a", "ab"));
    EXPECT_TRUE(glob_matches("MQTT-3.1.[24]-1", "MQTT-3.1.4-1"));
}

}  // namespace
}  // namespace conformance
