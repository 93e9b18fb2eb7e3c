#include "net/timers.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

TEST(Timers, CallInTheOrderOfTimeThenOfAsking) {
    net::Timers timers;
    std::string order;
    timers.add(20ms, [&] { order += 'c'; });
    timers.add(10ms, [&] { order += 'a'; });
    timers.add(10ms, [&] { order += 'b'; });
    EXPECT_EQ(timers.earliest(), net::Time(10ms));
    EXPECT_FALSE(timers.run_one(9ms));
    while (timers.run_one(15ms)) {
    }
    EXPECT_EQ(order, "ab");
    EXPECT_TRUE(timers.run_one(20ms));
    EXPECT_EQ(order, "abc");
    EXPECT_TRUE(timers.empty());
    EXPECT_FALSE(timers.earliest());
}

TEST(Timers, CancelledOnesAreNotCalledAndUnknownOnesAreIgnored) {
    net::Timers timers;
    int calls = 0;
    const auto kept = timers.add(1ms, [&] { ++calls; });
    const auto cancelled = timers.add(1ms, [&] { calls += 100; });
    timers.cancel(cancelled);
    timers.cancel(cancelled);
    timers.cancel(0);
    while (timers.run_one(1ms)) {
    }
    timers.cancel(kept);
    EXPECT_EQ(calls, 1);
}

TEST(Timers, ACallMayAddAndCancel) {
    net::Timers timers;
    std::string order;
    net::TimerId second = 0;
    timers.add(1ms, [&] {
        order += '1';
        timers.cancel(second);
        timers.add(1ms, [&] { order += '3'; });
    });
    second = timers.add(1ms, [&] { order += '2'; });
    while (timers.run_one(1ms)) {
    }
    EXPECT_EQ(order, "13");
}

}  // namespace
