#include <gtest/gtest.h>

#include "reference/login.hpp"

namespace reference {
namespace {

constexpr std::string_view sample = R"(# anonymous clients
topic read public/#
topic deny public/secret/#

user alice
topic news/+/today
topic write in box/a
topic read $SYS/#
topic deny news/bad/today
pattern readwrite own/%u/#
pattern read device/%c/state
)";

class Acl : public testing::Test {
protected:
    AclFile acl = AclFile::parse(sample, "acl");
    bool publish(std::string_view user, std::string_view topic, std::string_view client = "c1") const {
        return acl.allows({client, user, Action::publish, topic});
    }
    bool subscribe(std::string_view user, std::string_view filter, std::string_view client = "c1") const {
        return acl.allows({client, user, Action::subscribe, filter});
    }
};

TEST_F(Acl, WhatNoLineAllowsIsDenied) {
    EXPECT_FALSE(publish("", "public/a"));
    EXPECT_FALSE(publish("bob", "news/x/today"));
    EXPECT_FALSE(subscribe("bob", "public/a"));
    EXPECT_FALSE(AclFile::parse("", "empty").allows({"c", "u", Action::publish, "t"}));
}

TEST_F(Acl, LinesHoldForTheUserAboveThem) {
    EXPECT_TRUE(subscribe("", "public/a"));
    EXPECT_TRUE(publish("alice", "news/x/today"));
    EXPECT_TRUE(subscribe("alice", "news/x/today"));
    EXPECT_FALSE(subscribe("alice", "public/a"));
}

TEST_F(Acl, ReadAndWriteDiffer) {
    EXPECT_TRUE(publish("alice", "in box/a"));
    EXPECT_FALSE(subscribe("alice", "in box/a"));
    EXPECT_FALSE(publish("alice", "$SYS/x"));
    EXPECT_TRUE(subscribe("alice", "$SYS/x/y"));
}

TEST_F(Acl, ASubscriptionHasToLieWithinALine) {
    EXPECT_TRUE(subscribe("", "public/open/+"));
    EXPECT_FALSE(subscribe("", "#"));
    EXPECT_FALSE(subscribe("", "+/a"));
    EXPECT_FALSE(subscribe("alice", "news/#"));
    EXPECT_FALSE(subscribe("alice", "news/+/+"));
    EXPECT_TRUE(subscribe("alice", "$share/group/own/alice/#"));
}

TEST_F(Acl, ADenyBeatsEveryAllow) {
    EXPECT_FALSE(publish("alice", "news/bad/today"));
    EXPECT_FALSE(subscribe("alice", "news/+/today")) << "it takes in news/bad/today";
    EXPECT_FALSE(subscribe("", "public/#"));
    EXPECT_FALSE(subscribe("", "public/secret/x"));
    EXPECT_FALSE(subscribe("", "public/secret"));
}

TEST_F(Acl, PatternsAreForEverybody) {
    EXPECT_TRUE(publish("bob", "own/bob/x"));
    EXPECT_FALSE(publish("bob", "own/alice/x"));
    EXPECT_FALSE(publish("", "own//x"));
    EXPECT_TRUE(subscribe("bob", "device/c1/state"));
    EXPECT_FALSE(subscribe("bob", "device/c2/state"));
}

TEST_F(Acl, NamesThatWouldChangeTheFilterGetNothing) {
    EXPECT_FALSE(publish("+", "own/bob/x"));
    EXPECT_FALSE(subscribe("bob", "device/c2/state", "+"));
    EXPECT_FALSE(publish("bob/deep", "own/bob/deep/x"));
}

TEST_F(Acl, DollarTopicsAreNotTakenInByWildcards) {
    acl = AclFile::parse("topic #", "acl");
    EXPECT_TRUE(subscribe("", "#"));
    EXPECT_TRUE(publish("", "a"));
    EXPECT_FALSE(publish("", "$SYS/a"));
    EXPECT_FALSE(subscribe("", "$SYS/#"));
}

std::string refusal_of_acl(std::string_view text) {
    try {
        AclFile::parse(text, "acl");
        return "taken";
    } catch (const FileFault& e) {
        return e.what();
    }
}

TEST(AclFaults, NameFileAndLine) {
    EXPECT_EQ(refusal_of_acl("topik a\n"), "acl:1: \"topik\" is none of user, topic, pattern");
    EXPECT_EQ(refusal_of_acl("\n\nuser\n"), "acl:3: a user name is missing");
    EXPECT_EQ(refusal_of_acl("topic\n"), "acl:1: a topic filter is missing");
    EXPECT_EQ(refusal_of_acl("topic read a/#/b\n"), "acl:1: \"a/#/b\" is no topic filter");
    EXPECT_EQ(refusal_of_acl("topic read\n"), "taken") << "a topic of that name, as mosquitto has it";
    EXPECT_THROW(AclFile::read("/nonexistent/acl"), FileFault);
}

}  // namespace
}  // namespace reference
