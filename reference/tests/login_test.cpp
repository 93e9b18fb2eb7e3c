#include "reference/login.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace reference {
namespace {

// Made by mosquitto_passwd 2.0.11: alice/secret ($7$), bob/hunter2 ($6$).
constexpr std::string_view mosquittos =
    "# a comment\n"
    "alice:$7$101$gsIz18wfMa3+sAgM$snUBVkeJJPAz3hvE+zMpQGCp4JK+0c1a23iKrjMeVNWbLI+uOtEfERvGVUiHBkqc+"
    "JBG3Gy7IAEPh6a5frCmxw==\n"
    "\n"
    "bob:$6$AXWaA2HoSUcb+5G9$u0+/V1KCnVn9aWraJb5t/UL2T1XcILLQb/"
    "esJveTXrvKpEQuD+BrD05O9cdncsn10SY9enE3aiAAx0aM3fwLFg==\r\n";

Credentials with(std::optional<std::string_view> user, std::optional<std::string_view> password) {
    return {mqtt::Version::v5, "client", user, password};
}

std::string refusal(std::string_view text) {
    try {
        LoginFile::parse(text, "logins");
        return "taken";
    } catch (const FileFault& e) {
        return e.what();
    }
}

class Login : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(can_hash()) << "these tests are for builds with TLS"; }
};

TEST_F(Login, MosquittosHashesAreUnderstood) {
    const auto file = LoginFile::parse(mosquittos, "logins");
    EXPECT_EQ(file.size(), 2u);
    EXPECT_TRUE(file.admits("alice", "secret"));
    EXPECT_TRUE(file.admits("bob", "hunter2"));
    EXPECT_FALSE(file.admits("alice", "hunter2"));
    EXPECT_FALSE(file.admits("bob", "hunter"));
    EXPECT_FALSE(file.admits("bob", ""));
    EXPECT_FALSE(file.admits("Alice", "secret"));
}

TEST_F(Login, OurHashesComeBack) {
    const std::string first = hash_password("pass:word"), second = hash_password("pass:word");
    EXPECT_NE(first, second) << "the salt is random";
    const auto file = LoginFile::parse("u:" + first + "\nv:" + second + "\n", "logins");
    EXPECT_TRUE(file.admits("u", "pass:word"));
    EXPECT_TRUE(file.admits("v", "pass:word"));
    EXPECT_FALSE(file.admits("v", "pass:word "));
    EXPECT_EQ(first.find("pass"), std::string::npos);
}

TEST_F(Login, UnknownUsersTakeAsLong) {
    const auto file = LoginFile::parse("u:" + hash_password("x") + "\n", "logins");
    const auto time = [&](const char* user) {
        auto least = std::chrono::steady_clock::duration::max();
        for (int i = 0; i < 5; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_FALSE(file.admits(user, "wrong"));
            least = std::min(least, std::chrono::steady_clock::now() - begin);
        }
        return least;
    };
    EXPECT_GT(time("nobody") * 4, time("u"));
}

TEST_F(Login, WhereKindsAreMixedAbsentUsersAreToo) {
    const auto file = LoginFile::parse(mosquittos, "logins"), again = LoginFile::parse(mosquittos, "logins");
    int cheap = 0;
    for (int i = 0; i < 400; ++i) {
        const std::string name = "nobody" + std::to_string(i);
        const std::string& hash = file.stand_in(name);
        EXPECT_EQ(hash, again.stand_in(name)) << "a restart does not change it";
        cheap += hash.starts_with("$6$");
    }
    EXPECT_GT(cheap, 100) << "half of the users are cheap to check";
    EXPECT_LT(cheap, 300);
    EXPECT_FALSE(file.admits("nobody1", "secret"));
    EXPECT_FALSE(file.admits("nobody1", "hunter2"));
}

TEST_F(Login, MistakesNameFileAndLine) {
    EXPECT_EQ(refusal("\nalice\n"), "logins:2: has to be USER:HASH");
    EXPECT_EQ(refusal(":x\n"), "logins:1: has to be USER:HASH");
    EXPECT_EQ(refusal("alice:secret\n"),
              "logins:1: the password of \"alice\" is no hash: passwords in clear are not accepted");
    EXPECT_EQ(refusal("alice:$5$x$y\n").find("logins:1: the password of \"alice\" is no hash of a known form"), 0u);
    EXPECT_EQ(refusal("a:$scrypt$40$8$1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA\n").find("logins:1: "), 0u)
        << "it would take all memory";
    EXPECT_EQ(refusal(std::string(mosquittos) + std::string(mosquittos)), "logins:6: user \"alice\" stands twice");
    EXPECT_THROW(LoginFile::read("/nonexistent/logins"), FileFault);
    EXPECT_THROW(LoginFile::read("/"), FileFault);
}

TEST_F(Login, TheHookKnowsAnonymousClients) {
    const auto file = LoginFile::parse(mosquittos, "logins");
    EXPECT_EQ(file.hook(false)(with({}, {})), Admission::not_authorized);
    EXPECT_EQ(file.hook(true)(with({}, {})), Admission::granted);
    EXPECT_EQ(file.hook(true)(with("alice", {})), Admission::bad_login);
    EXPECT_EQ(file.hook(false)(with("alice", "secret")), Admission::granted);
    EXPECT_EQ(file.hook(false)(with("nobody", "secret")), Admission::bad_login);
    EXPECT_EQ(LoginFile::parse("", "empty").hook(false)(with("nobody", "")), Admission::bad_login);
}

}  // namespace
}  // namespace reference
