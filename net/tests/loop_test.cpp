// The loop over real TCP, against small blocking servers.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "net/asio_loop.hpp"
#include "net/tests/listener.hpp"

namespace {

using namespace std::chrono_literals;
using net::End;
using net::test::Listener;

/// Writes down what a stream reports; a callback may be hooked.
struct Record final : net::Events {
    bool opened = false;
    std::string bytes, why;
    std::optional<End> end;
    int after_end = 0;
    std::function<void()> opening, reading, ending;

    void on_open() override {
        after_end += end.has_value();
        opened = true;
        if (opening) opening();
    }
    void on_bytes(mqtt::View view) override {
        after_end += end.has_value();
        bytes += mqtt::bytes(view);
        if (reading) reading();
    }
    void on_end(End how, std::string text) override {
        after_end += end.has_value();
        end = how;
        why = std::move(text);
        if (ending) ending();
    }
};

struct LoopTest : testing::Test {
    net::AsioLoop loop;
    Record record;
    std::unique_ptr<net::Stream> stream;

    void dial(std::uint16_t port, net::Duration within = 5s) {
        const net::Target target{"127.0.0.1", port, within};
        stream = loop.dial(target, record);
        EXPECT_FALSE(record.opened || record.end) << "reported from inside dial()";
    }
    bool until(const std::function<bool()>& done) { return loop.run_for(10s, done); }
    bool until_end() {
        return until([this] { return record.end.has_value(); });
    }
};

TEST_F(LoopTest, ARefusedPortIsReportedAsSuch) {
    const Listener nobody(0, false);
    dial(nobody.port);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::refused);
    EXPECT_FALSE(record.opened);
    EXPECT_NE(record.why.find("127.0.0.1"), std::string::npos);
}

TEST_F(LoopTest, ANameThatDoesNotExistIsUnresolved) {
    const net::Target target{"no-such-host.invalid", 1883, 5s};
    stream = loop.dial(target, record);
    ASSERT_TRUE(until_end());
    EXPECT_TRUE(record.end == End::unresolved || record.end == End::timed_out) << net::name(*record.end);
    EXPECT_FALSE(record.opened);
}

TEST_F(LoopTest, AllAddressesOfANameAreTried) {
    Listener listener;
    listener.serve([](int fd) { ::close(fd); });
    for (int round = 0; round < 2; ++round) {  // the second: from memory
        const net::Target target{"localhost", listener.port, 5s};
        stream = loop.dial(target, record);
        ASSERT_TRUE(until([this] { return record.opened || record.end; }));
        EXPECT_TRUE(record.opened) << record.why;
        record = Record();
    }
}

TEST_F(LoopTest, ConnectingHasADeadline) {
    const Listener full(0);
    Record others[4];
    std::vector<std::unique_ptr<net::Stream>> fillers;
    const net::Target target{"127.0.0.1", full.port, 300ms};
    for (auto& other : others) fillers.push_back(loop.dial(target, other));  // backlog 0 takes one of them
    const auto before = loop.now();
    dial(full.port, 300ms);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::timed_out);
    EXPECT_GE(loop.now() - before, 300ms);
}

TEST_F(LoopTest, ASilentPeerReportsNothing) {
    Listener listener;
    listener.serve([](int fd) {
        int error = 0;
        net::test::read_all(fd, error);
        ::close(fd);
    });
    dial(listener.port);
    EXPECT_FALSE(loop.run_for(100ms, [this] { return record.end || !record.bytes.empty(); }));
    EXPECT_TRUE(record.opened);
    stream.reset();
    loop.run_for(10ms);
}

TEST_F(LoopTest, FinAndRstAreToldApart) {
    Listener finishing, resetting;
    finishing.serve([](int fd) {
        net::test::write_all(fd, "last words");
        ::close(fd);
    });
    resetting.serve([](int fd) { net::test::reset(fd); });
    dial(finishing.port);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::fin);
    EXPECT_EQ(record.bytes, "last words");

    record = Record();
    dial(resetting.port);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::reset);
    loop.run_for(20ms);
    EXPECT_EQ(record.after_end, 0);
}

TEST_F(LoopTest, BytesBeforeAnRstAreReadAlsoWhenAWriteMeetsItFirst) {
    Listener listener;
    listener.serve([](int fd) {
        net::test::write_all(fd, "refused because");
        net::test::reset(fd);
    });
    record.opening = [this, &listener] {
        listener.join();  // both are on the way, and on loopback there, before anything is written or read
        stream->send("a");
        stream->send("b");
    };
    dial(listener.port);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.bytes, "refused because");
    EXPECT_EQ(record.end, End::reset);
}

TEST_F(LoopTest, AnRstRightAfterConnectingHidesNothing) {
    Listener listener;
    listener.serve([](int fd) {
        net::test::write_all(fd, "no room");
        net::test::reset(fd);
    });
    dial(listener.port);
    listener.join();  // the kernel has connected and been reset before the loop looks for the first time
    ASSERT_TRUE(until_end());
    EXPECT_TRUE(record.opened);
    EXPECT_EQ(record.bytes, "no room");
    EXPECT_EQ(record.end, End::reset);
}

TEST_F(LoopTest, HalfCloseLetsTheAnswerThrough) {
    Listener listener;
    std::string heard;
    listener.serve([&heard](int fd) {
        int error = 0;
        heard = net::test::read_all(fd, error);
        net::test::write_all(fd, "I heard you");
        ::close(fd);
    });
    dial(listener.port);
    stream->send("one ");  // before it is open: queued
    stream->send("two");
    stream->half_close();
    stream->send("too late");
    ASSERT_TRUE(until_end());
    listener.join();
    EXPECT_EQ(heard, "one two");
    EXPECT_EQ(record.bytes, "I heard you");
    EXPECT_EQ(record.end, End::fin);
}

TEST_F(LoopTest, ThreeMegabytesComeBackAsTheyWent) {
    Listener listener;
    listener.serve([](int fd) {
        char chunk[10000];
        for (;;) {
            const auto n = ::recv(fd, chunk, sizeof chunk, 0);
            if (n <= 0) break;
            net::test::write_all(fd, std::string(chunk, std::size_t(n)));
        }
        ::close(fd);
    });
    std::string sent(3'000'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = char(i * 7 + i / 251);
    dial(listener.port);
    stream->send(sent.substr(0, 1000));
    stream->send(sent.substr(1000));
    stream->half_close();
    ASSERT_TRUE(until_end());
    EXPECT_TRUE(record.bytes == sent);
    EXPECT_EQ(record.end, End::fin);
}

TEST_F(LoopTest, CloseWritesWhatIsQueuedThenFin) {
    Listener listener;
    std::size_t heard = 0;
    int error = -1;
    listener.serve([&](int fd) {
        heard = net::test::read_all(fd, error).size();
        net::test::write_all(fd, "nobody listens");
        ::close(fd);
    });
    dial(listener.port);
    stream->send(std::string(3'000'000, 'x'));
    ASSERT_TRUE(until([this] { return record.opened; }));
    stream.reset();  // deleting is closing
    std::thread waiter([&] {
        listener.join();
        loop.stop();
    });
    loop.run();
    waiter.join();
    EXPECT_EQ(heard, 3'000'000u);
    EXPECT_EQ(error, 0);
    EXPECT_FALSE(record.end) << "events after close()";
    EXPECT_EQ(record.bytes, "");
}

TEST_F(LoopTest, ResetIsSeenAsRst) {
    Listener listener;
    int error = 0;
    listener.serve([&](int fd) {
        net::test::read_all(fd, error);
        ::close(fd);
    });
    dial(listener.port);
    ASSERT_TRUE(until([this] { return record.opened; }));
    stream->reset();
    listener.join();
    EXPECT_EQ(error, ECONNRESET);
    loop.run_for(10ms);
    EXPECT_FALSE(record.end);
}

TEST_F(LoopTest, AStreamMayBeDeletedInsideItsOwnCallbacks) {
    for (int where = 0; where < 3; ++where) {
        Listener listener;
        listener.serve([](int fd) {
            net::test::write_all(fd, "hello");
            ::close(fd);
        });
        record = Record();
        bool deleted = false;
        const auto drop = [&] {
            stream.reset();
            deleted = true;
        };
        (where == 0 ? record.opening : where == 1 ? record.reading : record.ending) = drop;
        dial(listener.port);
        ASSERT_TRUE(until([&] { return deleted; }));
        loop.run_for(20ms);
        EXPECT_EQ(record.end.has_value(), where == 2);
        EXPECT_EQ(record.bytes.empty(), where == 0);
    }
}

TEST_F(LoopTest, TimersRingInOrderAndStopEndsARun) {
    std::string order;
    const auto start = loop.now();
    loop.call_at(start + 20ms, [&] { order += 'b'; });
    loop.call_at(start + 10ms, [&] { order += 'a'; });
    const auto never = loop.call_at(start + 15ms, [&] { order += 'x'; });
    loop.call_at(start, [&] { loop.cancel(never); });
    loop.call_at(start + 30ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(order, "ab");
    EXPECT_GE(loop.now() - start, 30ms);
    EXPECT_FALSE(loop.run_for(1ms));
    EXPECT_TRUE(loop.run_for(1s, [] { return true; }));
}

TEST_F(LoopTest, SignalsAreCallsFromTheLoop) {
    int calls = 0;
    loop.on_signal(SIGUSR1, [&] { ++calls; });
    loop.call_at(loop.now(), [] { std::raise(SIGUSR1); });
    EXPECT_TRUE(loop.run_for(5s, [&] { return calls == 1; }));
}

TEST_F(LoopTest, AThousandConnectionsAtOnce) {
    constexpr std::size_t crowd = 1000;
    ASSERT_GE(net::raise_descriptor_limit(), 2 * crowd + 100);
    Listener listener(4096);
    std::thread server([&] {
        std::vector<int> all;
        while (all.size() < crowd) all.push_back(listener.accept());
        for (const int fd : all) {
            int error = 0;
            net::test::write_all(fd, net::test::read_all(fd, error, 4));
            ::close(fd);
        }
    });
    std::vector<Record> records(crowd);
    std::vector<std::unique_ptr<net::Stream>> streams;
    std::size_t ended = 0;
    const net::Target target{"127.0.0.1", listener.port, 20s};
    for (auto& each : records) {
        each.ending = [&] { ++ended; };
        streams.push_back(loop.dial(target, each));
        streams.back()->send("ping");
    }
    EXPECT_TRUE(loop.run_for(30s, [&] { return ended == crowd; })) << ended;
    server.join();
    for (const auto& each : records) {
        ASSERT_EQ(each.bytes, "ping");
        ASSERT_EQ(each.end, End::fin);
    }
}

}  // namespace
