#include "bench/statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bench {

std::size_t Histogram::place(std::uint64_t value) {
    const unsigned width = unsigned(std::bit_width(value));
    if (width <= fine_bits) return std::size_t(value);
    const unsigned shift = width - fine_bits - 1;  // the highest 7 bits are kept: 64 to 127
    return (std::size_t(shift) << fine_bits) + std::size_t(value >> shift);
}

std::uint64_t Histogram::top_of(std::size_t place) {
    if (place < (2u << fine_bits)) return place;
    const unsigned shift = unsigned(place >> fine_bits) - 1;
    const std::uint64_t kept = (place & ((1u << fine_bits) - 1)) | (1u << fine_bits);
    return ((kept + 1) << shift) - 1;
}

void Histogram::add(Micros value, std::uint64_t times) {
    const auto v = std::uint64_t(std::max<std::int64_t>(value.count(), 0));
    counts_[place(v)] += times;
    count_ += times;
    sum_ += double(v) * double(times);
    largest_ = std::max(largest_, Micros(std::int64_t(v)));
}

Micros Histogram::percentile(double percent) const {
    if (!count_) return Micros(0);
    const auto wanted = std::max(std::uint64_t(std::ceil(percent * double(count_) / 100 - 1e-6)), std::uint64_t(1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen >= wanted) return std::min(Micros(std::int64_t(top_of(i))), largest_);
    }
    return largest_;
}

std::uint64_t Schedule::due(Micros now) const {
    if (now < start_) return 0;
    return std::uint64_t(std::floor(double((now - start_).count()) / gap_)) + 1;
}

}  // namespace bench
