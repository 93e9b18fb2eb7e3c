// The engine: what becomes of a case, whatever it does. On a virtual network, so nothing here waits.
#include "conformance/engine.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "conformance/embedded.hpp"
#include "conformance/kit.hpp"
#include "conformance/virtual_network.hpp"

namespace conformance {
namespace {

Task<void> passes(Test& test) {
    Peer* p = co_await test.connect("client");
    p->send(Pingreq{});
    co_await p->expect<Pingresp>();
}
Task<void> expects_in_vain(Test& test) {
    Peer* p = co_await test.connect("client");
    co_await p->expect<Suback>();
}
Task<void> expects_another(Test& test) {
    Peer* p = co_await test.connect("client");
    p->send(Pingreq{});
    co_await p->expect<Suback>();
}
Task<void> compares(Test& test) {
    co_await test.connect("client");
    test.equal(1, 2, "one");
}
Task<void> warns(Test& test) {
    test.info("a note");
    test.warn("careful");
    test.warn("careful");
    co_return;
}
Task<void> notes(Test& test) {
    test.info("a note");
    co_return;
}
Task<void> skips(Test& test) {
    test.skip("not here");
    co_return;
}
Task<void> cannot(Test& test) {
    test.unreachable("no way");
    co_return;
}
Task<void> throws(Test&) {
    throw std::logic_error("a bug of the case");
    co_return;
}
Task<void> waits_for_ever(Test& test) {
    Peer* p = co_await test.connect("client");
    for (;;) co_await test.wait(p, 1s);
}
Task<void> stays_open(Test& test) {
    Peer* p = co_await test.connect("client");
    co_await test.must_close(p, "nothing at all");
}
Task<void> leaves_things_behind(Test& test) {
    Peer* p = co_await test.connect("keeper", Keep::yes);
    const Text topic = test.topic("kept");
    co_await test.retain(p, topic, "stays?");
}

Case made(std::string_view name, Task<void> (*run)(Test&), std::vector<Need> needs = {}) {
    return Case{"test", name, name, "A made-up case", Covers{{"MQTT-3.12.4-1"}, {"MQTT-3.12.4-1"}, std::move(needs)}, 1, run};
}

struct Bench {
    VirtualNetwork network{embedded_settings()};
    Profile profile{};
    Capabilities offers{};
    std::deque<Case> cases{};
    std::vector<CaseResult> run(std::size_t jobs = 64) {
        offers.spoken = true;
        EngineOptions how{{"virtual", 1883}, profile, {{Version::v5, offers}, {Version::v3_1_1, offers}}, jobs, 5s, 7};
        Engine engine(network, std::move(how));
        for (const Case& c : cases)
            for (Version v : {Version::v3_1_1, Version::v5}) engine.add(c, v);
        engine.start();
        network.run([&] { return engine.finished(); });
        EXPECT_TRUE(engine.finished());
        EXPECT_EQ(engine.lost(), "");
        return engine.take_results();
    }
    CaseResult one(Task<void> (*body)(Test&), std::vector<Need> needs = {}) {
        cases.clear();
        cases.push_back(made("only", body, std::move(needs)));
        auto results = run();
        EXPECT_EQ(results.size(), 2u);
        EXPECT_EQ(results[0].verdict, results[1].verdict) << "both versions alike";
        return results[1];
    }
};

TEST(engine, gives_every_kind_of_verdict) {
    Bench b;
    EXPECT_EQ(b.one(passes).verdict, Verdict::pass);
    EXPECT_EQ(b.one(compares).verdict, Verdict::fail);
    EXPECT_EQ(b.one(warns).verdict, Verdict::warn);
    EXPECT_EQ(b.one(notes).verdict, Verdict::info);
    EXPECT_EQ(b.one(skips).verdict, Verdict::skip);
    EXPECT_EQ(b.one(cannot).verdict, Verdict::unreachable);
    EXPECT_EQ(b.one(throws).verdict, Verdict::error);
}

TEST(engine, says_why) {
    Bench b;
    const auto compared = b.one(compares);
    EXPECT_EQ(compared.message, "one: expected 2, received 1");
    EXPECT_EQ(compared.expected, "2");
    EXPECT_EQ(compared.actual, "1");
    EXPECT_EQ(b.one(warns).message, "careful") << "the same warning once, and no note beside it";
    EXPECT_EQ(b.one(skips).message, "not here");
    EXPECT_EQ(b.one(throws).message, "a bug of the case");
}

TEST(engine, keeps_the_ladder_of_what_did_not_pass) {
    Bench b;
    EXPECT_TRUE(b.one(passes).ladder.empty());
    const auto ladder = b.one(expects_another).ladder;
    ASSERT_FALSE(ladder.empty());
    EXPECT_NE(ladder.back().find("PINGRESP"), std::string::npos) << ladder.back();
}

TEST(engine, a_wait_ends_by_itself) {
    Bench b;
    const auto r = b.one(expects_in_vain);
    EXPECT_EQ(r.verdict, Verdict::fail);
    EXPECT_NE(r.message.find("SUBACK"), std::string::npos) << r.message;
    EXPECT_NEAR(r.duration_ms, 5000, 50);
}

TEST(engine, a_case_ends_by_its_deadline) {
    Bench b;
    const auto r = b.one(waits_for_ever);
    EXPECT_EQ(r.verdict, Verdict::fail);
    EXPECT_LE(r.duration_ms, 21'000);
}

TEST(engine, an_open_connection_is_not_taken_for_a_closed_one) {
    Bench b;
    const auto r = b.one(stays_open);
    EXPECT_EQ(r.verdict, Verdict::fail);
    EXPECT_NE(r.message.find("stays open after nothing at all"), std::string::npos) << r.message;
}

TEST(engine, skips_what_the_broker_need_not_have) {
    Bench b;
    b.offers.retain = false;
    const auto r = b.one(passes, {Need::retain});
    EXPECT_EQ(r.verdict, Verdict::skip);
    EXPECT_EQ(r.message, "the broker has no retained messages");
}

TEST(engine, results_do_not_depend_on_the_number_of_jobs) {
    std::vector<std::vector<std::pair<std::string, Verdict>>> runs;
    for (std::size_t jobs : {std::size_t(1), std::size_t(2), std::size_t(256)}) {
        Bench b;
        for (auto body : {passes, compares, expects_in_vain, warns, throws, passes}) b.cases.push_back(made("x", body));
        auto& run = runs.emplace_back();
        for (auto& r : b.run(jobs)) run.emplace_back(r.name + r.message, r.verdict);
    }
    EXPECT_EQ(runs[0].size(), 12u);
    EXPECT_EQ(runs[0], runs[1]);
    EXPECT_EQ(runs[0], runs[2]);
}

TEST(engine, takes_retained_messages_and_sessions_off_the_broker) {
    Bench b;
    EXPECT_EQ(b.one(leaves_things_behind).verdict, Verdict::pass);
    b.network.run();
    EXPECT_EQ(b.network.broker().counts().retained, 0u);
    EXPECT_EQ(b.network.broker().counts().sessions, 0u);
}

TEST(engine, names_differ_by_seed_and_index) {
    EXPECT_EQ(unique_name(1, 2), unique_name(1, 2));
    EXPECT_NE(unique_name(1, 2), unique_name(1, 3));
    EXPECT_NE(unique_name(1, 2), unique_name(2, 2));
    EXPECT_EQ(unique_name(1, 2).size(), 12u);
}

/// A network on which nothing listens.
struct DeadNetwork final : net::Loop {
    VirtualNetwork clock{reference::Settings{}};
    struct DeadStream final : net::Stream {
        void send(std::string) override {}
        void half_close() override {}
        void close() override {}
        void reset() override {}
    };
    net::Time now() const override { return clock.now(); }
    net::TimerId call_at(net::Time at, std::function<void()> call) override { return clock.call_at(at, std::move(call)); }
    void cancel(net::TimerId id) override { clock.cancel(id); }
    std::unique_ptr<net::Stream> dial(const net::Target&, net::Events& events) override {
        clock.call_at(clock.now(), [&events] { events.on_end(net::End::refused, "connection refused"); });
        return std::make_unique<DeadStream>();
    }
};

TEST(engine, a_target_that_is_gone_is_lost_after_three_cases) {
    DeadNetwork network;
    const Profile profile;
    Capabilities offers;
    offers.spoken = true;
    Engine engine(network, EngineOptions{{"nowhere", 1}, profile, {{Version::v5, offers}}, 1, 5s, 7});
    const Case c = made("x", passes);
    for (int n = 0; n < 10; ++n) engine.add(c, Version::v5);
    engine.start();
    network.clock.run([&] { return engine.finished(); });
    EXPECT_TRUE(engine.finished());
    EXPECT_NE(engine.lost().find("refused"), std::string::npos) << engine.lost();
    const auto results = engine.take_results();
    EXPECT_EQ(results.size(), 3u);
    for (auto& r : results) EXPECT_EQ(r.verdict, Verdict::error);
}

}  // namespace
}  // namespace conformance
