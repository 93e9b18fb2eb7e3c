// The octets of one execution, taken from the front. What is missing reads as zero, so that every input means something.
#pragma once
#include <algorithm>

#include "codec/words.hpp"

namespace fuzz {

class Input {
public:
    explicit Input(mqtt::View octets) : left_(octets) {}
    std::uint8_t one() {
        if (left_.empty()) return 0;
        const auto octet = left_.front();
        left_ = left_.subspan(1);
        return octet;
    }
    std::uint16_t two() {
        const auto high = one();
        return static_cast<std::uint16_t>(high << 8 | one());
    }
    std::uint32_t four() {
        const std::uint32_t high = two();
        return high << 16 | two();
    }
    /// At most what is left.
    mqtt::View take(std::size_t most) {
        const auto taken = left_.first(std::min(most, left_.size()));
        left_ = left_.subspan(taken.size());
        return taken;
    }
    mqtt::View rest() const { return left_; }
    bool empty() const { return left_.empty(); }

private:
    mqtt::View left_;
};

/// 3.1, 3.1.1 or 5.0, the latter twice as often.
inline mqtt::Version version_from(std::uint8_t octet) {
    constexpr mqtt::Version versions[]{mqtt::Version::v5, mqtt::Version::v3_1_1, mqtt::Version::v3_1, mqtt::Version::v5};
    return versions[octet & 3];
}
/// The octet that version_from() reads as that version.
inline std::uint8_t octet_of(mqtt::Version v) { return v == mqtt::Version::v5 ? 0 : v == mqtt::Version::v3_1_1 ? 1 : 2; }

}  // namespace fuzz
