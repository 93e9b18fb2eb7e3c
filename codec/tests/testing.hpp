// What the codec's tests share.
#pragma once
#include <gtest/gtest.h>

#include "codec/codec.hpp"
#include "codec/hex.hpp"

namespace mqtt::testing {

/// The octets of a literal; a wrong literal is a fault of the test.
inline std::string unhex(std::string_view digits) {
    auto octets = from_hex(digits);
    EXPECT_TRUE(octets) << digits;
    return octets.value_or("");
}
inline std::string describe(const Fault& f) {
    return std::string(f.field) + " " + std::string(f.what) + " [" + std::string(f.statement) + "] at " +
           std::to_string(f.offset);
}

}  // namespace mqtt::testing
