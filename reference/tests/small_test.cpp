// The containers of the core, beside plain ones that do the same.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "reference/alarms.hpp"
#include "reference/fifo.hpp"
#include "reference/small.hpp"

namespace reference::test {
namespace {

TEST(Fifo, DoesWhatADequeDoes) {
    std::mt19937 dice(1);
    Fifo<int> fifo;
    std::deque<int> deque;
    for (int step = 0; step < 20'000; ++step) {
        const auto what = dice() % 20;
        if (what < 9) fifo.push_back(step), deque.push_back(step);
        else if (what < 11) fifo.push_front(step), deque.push_front(step);
        else if (what < 19 && !deque.empty()) fifo.pop_front(), deque.pop_front();
        else if (what == 19) {
            const auto odd = [](int i) { return i % 2 != 0; };
            ASSERT_EQ(fifo.erase_if(odd), std::erase_if(deque, odd));
        }
        ASSERT_EQ(fifo.size(), deque.size());
        ASSERT_EQ(fifo.empty(), deque.empty());
        if (!deque.empty()) {
            ASSERT_EQ(fifo.front(), deque.front());
        }
        if (step % 100 == 0) {
            ASSERT_EQ(std::deque<int>(fifo.begin(), fifo.end()), deque);
        }
    }
    fifo.clear();
    EXPECT_TRUE(fifo.empty());
    EXPECT_EQ(sizeof fifo, sizeof(void*));
}

TEST(Alarms, RingInOrderAndDropWhatIsOutOfDate) {
    std::mt19937 dice(2);
    Alarms alarms;
    std::multiset<Time> times;
    for (LinkId link = 1; link <= 5'000; ++link) {
        const Time at(dice() % 1'000);
        alarms.add(at, link);
        if (link > 100) continue;
        times.insert(at);  // the rest is out of date
    }
    alarms.tidy(100, [](Time, LinkId link) { return link <= 100; });
    for (; !times.empty(); times.erase(times.begin())) {
        ASSERT_EQ(alarms.earliest(), *times.begin());
        EXPECT_LE(alarms.pop(), 100u);
    }
    EXPECT_FALSE(alarms.earliest());
}

TEST(Moment, IsAnOptionalTimeInEightOctets) {
    Moment m;
    EXPECT_FALSE(m);
    EXPECT_EQ(m.get(), std::nullopt);
    m = Time(5);
    EXPECT_TRUE(m);
    EXPECT_EQ(*m, Time(5));
    m = std::optional<Time>();
    EXPECT_FALSE(m);
    EXPECT_EQ(sizeof m, 8u);
}

}  // namespace
}  // namespace reference::test
