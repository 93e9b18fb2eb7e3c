// A build without TLS has no hashing, and says so.
#include <gtest/gtest.h>

#include "reference/login.hpp"

namespace reference {
namespace {

TEST(LoginWithoutTls, IsRefusedInWords) {
    EXPECT_FALSE(can_hash());
    EXPECT_THROW(hash_password("x"), std::runtime_error);
    try {
        LoginFile::parse("u:$6$AAAA$AAAA\n", "logins");
        FAIL() << "taken";
    } catch (const FileFault& e) {
        EXPECT_STREQ(
            e.what(),
            "logins:1: the password of \"u\" cannot be checked: this build has no hashing (-DMQTTSPEC_TLS=OFF)");
    }
}

}  // namespace
}  // namespace reference
