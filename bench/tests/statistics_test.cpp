#include "bench/statistics.hpp"

#include <gtest/gtest.h>

namespace bench {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram h;
    EXPECT_EQ(h.count(), 0u);
    EXPECT_EQ(h.percentile(50), Micros(0));
    EXPECT_EQ(h.largest(), Micros(0));
    EXPECT_EQ(h.mean(), 0);
}

TEST(Histogram, PercentilesAreTheSmallestValueThatEnoughDoNotExceed) {
    Histogram h;
    for (int i = 100; i >= 1; --i) h.add(Micros(i));
    EXPECT_EQ(h.percentile(0), Micros(1));
    EXPECT_EQ(h.percentile(1), Micros(1));
    EXPECT_EQ(h.percentile(1.5), Micros(2));
    EXPECT_EQ(h.percentile(50), Micros(50));
    EXPECT_EQ(h.percentile(50.5), Micros(51));
    EXPECT_EQ(h.percentile(99), Micros(99));
    EXPECT_EQ(h.percentile(99.9), Micros(100));
    EXPECT_EQ(h.percentile(100), Micros(100));
    EXPECT_DOUBLE_EQ(h.mean(), 50.5);
}

TEST(Histogram, OneRareLargeValueShowsOnlyWhereItBelongs) {
    Histogram h;
    h.add(Micros(10), 999);
    h.add(Micros(1'000'000));
    EXPECT_EQ(h.count(), 1000u);
    EXPECT_EQ(h.percentile(99.9), Micros(10));
    EXPECT_EQ(h.percentile(99.91), Micros(1'000'000));
    EXPECT_EQ(h.largest(), Micros(1'000'000));
    EXPECT_DOUBLE_EQ(h.mean(), (999 * 10 + 1'000'000) / 1000.);
}

TEST(Histogram, LargeValuesAreWithin1Point6Percent) {
    for (std::int64_t value = 1; value < 4'000'000'000'000; value = value * 5 / 4 + 1) {
        Histogram h;
        h.add(Micros(value));
        h.add(Micros(value * 3));  // else the largest one hides the rounding
        const auto got = double(h.percentile(50).count());
        EXPECT_GE(got, double(value));
        EXPECT_LE(got, double(value) * 1.016) << value;
    }
}

TEST(Histogram, EveryStepGrows) {
    Micros before(-1);
    for (std::int64_t value = 0; value < 5000; ++value) {
        Histogram h;
        h.add(Micros(value));
        h.add(Micros(1'000'000'000));
        EXPECT_GE(h.percentile(50), before) << value;
        EXPECT_GE(h.percentile(50), Micros(value));
        before = h.percentile(50);
    }
}

TEST(Histogram, NegativeCountsAsNothing) {
    Histogram h;
    h.add(Micros(-5));
    EXPECT_EQ(h.percentile(100), Micros(0));
    EXPECT_EQ(h.mean(), 0);
}

TEST(Schedule, SaysWhenAndHowMany) {
    const Schedule s(Micros(5000), 1000);
    EXPECT_EQ(s.intended(0), Micros(5000));
    EXPECT_EQ(s.intended(1), Micros(6000));
    EXPECT_EQ(s.intended(1'000'000), Micros(1'000'005'000));
    EXPECT_EQ(s.due(Micros(0)), 0u);
    EXPECT_EQ(s.due(Micros(4999)), 0u);
    EXPECT_EQ(s.due(Micros(5000)), 1u);
    EXPECT_EQ(s.due(Micros(5999)), 1u);
    EXPECT_EQ(s.due(Micros(6000)), 2u);
}

TEST(Schedule, DoesNotDriftAtOddRates) {
    const Schedule s(Micros(0), 3);
    EXPECT_EQ(s.intended(3), Micros(1'000'000));
    EXPECT_EQ(s.intended(3000), Micros(1'000'000'000));
    for (std::uint64_t n = 1; n < 1000; ++n) EXPECT_GE(s.due(s.intended(n) + Micros(1)), n + 1) << n;
}

/// 1000 messages a second for ten seconds, each answered in 1 ms, but from 5.0 s to 6.0 s the broker stands still. It
/// holds the sender back too: nothing goes out then, and the thousand that were due go out, and are answered, at 6.0 s.
struct Stall {
    Histogram corrected, naive;
    Stall() {
        const Schedule schedule(Micros(0), 1000);
        const Micros from(5'000'000), until(6'000'000), usual(1000);
        for (std::uint64_t n = 0; n < 10'000; ++n) {
            const Micros intended = schedule.intended(n);
            const Micros sent = intended > from && intended < until ? until : intended;
            const Micros arrived = intended == from ? until + usual : sent + usual;
            corrected.add(arrived - intended);
            naive.add(arrived - sent);
        }
    }
};

TEST(CoordinatedOmission, AStallCountsForEveryMessageThatWasDueInIt) {
    const Stall s;
    // By hand: 9,000 of 1 ms, and 2 ms, 3 ms, ... 1,001 ms once each.
    EXPECT_EQ(s.corrected.count(), 10'000u);
    EXPECT_EQ(s.corrected.largest(), Micros(1'001'000));
    EXPECT_NEAR(double(s.corrected.percentile(90).count()), 1000, 16);
    EXPECT_NEAR(double(s.corrected.percentile(95).count()), 501'000, 501'000 * .016);
    EXPECT_NEAR(double(s.corrected.percentile(99).count()), 901'000, 901'000 * .016);
    EXPECT_NEAR(s.corrected.mean(), (9000. * 1000 + (2000. + 1'001'000) / 2 * 1000) / 10'000, 1);
}

TEST(CoordinatedOmission, MeasuredFromTheActualSendingItWouldHide) {
    const Stall s;
    EXPECT_NEAR(double(s.naive.percentile(99.9).count()), 1000, 16);  // what this must not look like
    EXPECT_EQ(s.naive.largest(), Micros(1'001'000));
}

}  // namespace
}  // namespace bench
