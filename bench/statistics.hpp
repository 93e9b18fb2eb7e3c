// Latencies: what is kept of them, and the times they are measured from. No clock here: times are arguments.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>

namespace bench {

using Micros = std::chrono::microseconds;

/// Counts by size, exact below 64 us and within 1.6 % above; memory does not grow with the number of values.
class Histogram {
public:
    /// Negative ones count as 0.
    void add(Micros value, std::uint64_t times = 1);
    std::uint64_t count() const { return count_; }
    /// The smallest value that at least `percent` (0 to 100) of all do not exceed; 0 where there is none.
    Micros percentile(double percent) const;
    Micros largest() const { return largest_; }
    double mean() const { return count_ ? sum_ / double(count_) : 0; }  // us

private:
    static constexpr unsigned fine_bits = 6;  // 64 steps in every power of two
    static std::size_t place(std::uint64_t value);
    static std::uint64_t top_of(std::size_t place);
    std::array<std::uint64_t, (64 - fine_bits + 1) << fine_bits> counts_{};
    std::uint64_t count_ = 0;
    Micros largest_{};
    double sum_ = 0;
};

/// When messages are meant to be sent at a fixed rate. Latency counts from there and not from when a message went out
/// at last: else a stall that holds back the sender too hides the waiting it caused (coordinated omission).
class Schedule {
public:
    Schedule(Micros start, double per_second) : start_(start), gap_(1e6 / per_second) {}
    /// Of the n-th message, from 0.
    Micros intended(std::uint64_t n) const { return start_ + Micros(std::int64_t(double(n) * gap_)); }
    /// How many messages are meant to have been sent by then.
    std::uint64_t due(Micros now) const;

private:
    Micros start_;
    double gap_;  // us
};

}  // namespace bench
