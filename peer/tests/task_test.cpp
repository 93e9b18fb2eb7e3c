#include "peer/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using peer::Running;
using peer::Task;

/// Something outside that a coroutine may wait for.
struct Gate {
    std::coroutine_handle<> waiting;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
    void await_resume() const {}
    void open() { peer::resume(std::exchange(waiting, {})); }
};

/// Says when it is destroyed.
struct Mark {
    int* count;
    explicit Mark(int& c) : count(&c) {}
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { ++*count; }
};

struct Outcome {
    bool ended = false;
    std::string thrown;
    Running::Done done() {
        return [this](std::exception_ptr e) {
            ended = true;
            try {
                if (e) std::rethrow_exception(e);
            } catch (const std::exception& x) {
                thrown = x.what();
            }
        };
    }
};

Task<int> number(int n) { co_return n; }
Task<std::string> text(std::string s) { co_return s; }
Task<std::unique_ptr<int>> owned(int n) { co_return std::make_unique<int>(n); }
Task<void> fails() {
    throw std::runtime_error("on purpose");
    co_return;
}
Task<int> fails_with_a_value() {
    throw std::runtime_error("no value");
    co_return 1;
}

TEST(Task, IsLazyAndGivesValues) {
    std::string result;
    const auto body = [](std::string& to) -> Task<void> {
        const int a = co_await number(40);
        const std::string b = co_await text("two");
        const auto c = co_await owned(2);
        to = std::to_string(a + *c) + b;
    };
    auto task = body(result);
    EXPECT_TRUE(task);
    EXPECT_EQ(result, "");
    Outcome outcome;
    const auto running = peer::start(std::move(task), outcome.done());
    EXPECT_TRUE(outcome.ended);
    EXPECT_TRUE(running.done());
    EXPECT_EQ(result, "42two");
    EXPECT_EQ(outcome.thrown, "");
}

TEST(Task, ExceptionsPropagateThroughEveryLevel) {
    std::string caught;
    const auto body = [](std::string& to) -> Task<void> {
        try {
            co_await fails();
        } catch (const std::runtime_error& e) {
            to = e.what();
        }
        co_await fails_with_a_value();
        to = "not reached";
    };
    Outcome outcome;
    const auto running = peer::start(body(caught), outcome.done());
    EXPECT_EQ(caught, "on purpose");
    EXPECT_EQ(outcome.thrown, "no value");
}

TEST(Task, GoesOnWhereItWaited) {
    Gate gate;
    std::vector<int> steps;
    const auto inner = [](Gate& g, std::vector<int>& s) -> Task<int> {
        s.push_back(1);
        co_await g;
        s.push_back(2);
        co_await g;
        co_return 3;
    };
    const auto outer = [&inner](Gate& g, std::vector<int>& s) -> Task<void> {
        const int last = co_await inner(g, s);
        s.push_back(last);
    };
    Outcome outcome;
    const auto running = peer::start(outer(gate, steps), outcome.done());
    EXPECT_EQ(steps, (std::vector<int>{1}));
    gate.open();
    EXPECT_EQ(steps, (std::vector<int>{1, 2}));
    EXPECT_FALSE(outcome.ended);
    gate.open();
    EXPECT_EQ(steps, (std::vector<int>{1, 2, 3}));
    EXPECT_TRUE(outcome.ended);
}

TEST(Task, ALoopOfManyAwaitsTakesNoStack) {
    long sum = 0;
    const auto body = [](long& to) -> Task<void> {
        for (int i = 0; i < 1'000'000; ++i) to += co_await number(i % 10);
    };
    Outcome outcome;
    const auto running = peer::start(body(sum), outcome.done());
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(sum, 4'500'000);
}

Task<int> nested(Gate& gate, int depth) {
    if (depth == 0) {
        co_await gate;
        co_return 0;
    }
    const int below = co_await nested(gate, depth - 1);
    co_return below + 1;
}

TEST(Task, TenThousandLevelsTakeNoStackOnTheWayDownNorUp) {
    Gate gate;
    int depth = 0;
    const auto body = [](Gate& g, int& to) -> Task<void> { to = co_await nested(g, 10'000); };
    Outcome outcome;
    const auto running = peer::start(body(gate, depth), outcome.done());
    EXPECT_FALSE(outcome.ended);
    gate.open();
    EXPECT_TRUE(outcome.ended);
    EXPECT_EQ(depth, 10'000);
}

Task<void> holds(Gate& gate, int& destroyed) {
    const Mark mark(destroyed);
    co_await gate;
}
Task<void> holds_twice(Gate& gate, int& destroyed) {
    const Mark mark(destroyed);
    co_await holds(gate, destroyed);
}

TEST(Task, DestroyingASuspendedOneDestroysItsLocalsAtEveryLevel) {
    Gate gate;
    int destroyed = 0;
    Outcome outcome;
    {
        const auto running = peer::start(holds_twice(gate, destroyed), outcome.done());
        EXPECT_EQ(destroyed, 0);
        EXPECT_FALSE(running.done());
    }
    EXPECT_EQ(destroyed, 2);
    EXPECT_FALSE(outcome.ended);
}

TEST(Task, OneThatWasNeverStartedRunsNothing) {
    Gate gate;
    int destroyed = 0;
    {
        auto task = holds(gate, destroyed);
        auto moved = std::move(task);
        EXPECT_FALSE(task);
        EXPECT_TRUE(moved);
        task = std::move(moved);
        EXPECT_TRUE(task);
        EXPECT_FALSE(task.done());
    }
    EXPECT_EQ(destroyed, 0);
}

TEST(Task, ArgumentsAndLocalsAreDestroyedOnce) {
    int destroyed = 0;
    const auto body = [](std::unique_ptr<Mark> argument, int& count) -> Task<void> {
        const Mark local(count);
        EXPECT_TRUE(argument);
        co_await number(1);
    };
    Outcome outcome;
    {
        const auto running = peer::start(body(std::make_unique<Mark>(destroyed), destroyed), outcome.done());
        EXPECT_TRUE(outcome.ended);
    }
    EXPECT_EQ(destroyed, 2);
}

TEST(Running, ItsPlaceMayBeDestroyedOrReusedByDone) {
    auto place = std::make_unique<Running>();
    int destroyed = 0;
    Gate gate;
    peer::start(*place, holds(gate, destroyed), [&](std::exception_ptr) { place.reset(); });
    EXPECT_TRUE(place);
    gate.open();
    EXPECT_FALSE(place);
    EXPECT_EQ(destroyed, 1);

    Running again;
    int rounds = 0;
    std::function<void(std::exception_ptr)> next = [&](std::exception_ptr) {
        if (++rounds < 100) peer::start(again, holds(gate, destroyed), next);
    };
    peer::start(again, holds(gate, destroyed), next);
    while (gate.waiting) gate.open();
    EXPECT_EQ(rounds, 100);
    EXPECT_EQ(destroyed, 101);
}

TEST(Running, OneCoroutineMayStartAnother) {
    Gate first, second;
    std::string order;
    Running inner;
    const auto side = [](Gate& g, std::string& o) -> Task<void> {
        o += 'a';
        co_await g;
        o += 'd';
    };
    const auto body = [&side, &inner](Gate& own, Gate& other, std::string& o) -> Task<void> {
        auto task = side(other, o);
        peer::start(inner, std::move(task), {});
        o += 'b';
        co_await own;
        o += 'c';
        other.open();
        o += 'e';
    };
    Outcome outcome;
    const auto running = peer::start(body(first, second, order), outcome.done());
    first.open();
    EXPECT_EQ(order, "abcde");
    EXPECT_TRUE(outcome.ended);
    EXPECT_TRUE(inner.done());
}

TEST(Running, WhereTheHandleIsResumedDirectlyItWorksToo) {
    Gate gate;
    const auto body = [](Gate& g, int& to) -> Task<void> { to = co_await nested(g, 3); };
    int depth = 0;
    Outcome outcome;
    const auto running = peer::start(body(gate, depth), outcome.done());
    gate.waiting.resume();
    EXPECT_EQ(depth, 3);
    EXPECT_TRUE(outcome.ended);
}

}  // namespace
