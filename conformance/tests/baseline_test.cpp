#include "conformance/baseline.hpp"

#include <gtest/gtest.h>

#include "conformance/run_options.hpp"
#include "conformance/tests/sample_table.hpp"

namespace conformance {
namespace {

using mqtt::Version;
constexpr auto v4 = Version::v3_1_1, v5 = Version::v5;

RunResult run_of(std::vector<CaseResult> cases) {
    RunResult run;
    run.cases = std::move(cases);
    return run;
}

std::string fault_of(std::string_view toml) {
    try {
        parse_baseline(toml, "b.toml");
        return "taken";
    } catch (const UsageError& e) {
        return e.what();
    }
}

const Baseline expects_fail{{"a.one", v5, Verdict::fail, "known"}};
const Baseline expects_warn{{"a.one", v5, Verdict::warn, "known"}};

TEST(Baseline, ComesBackFromItsText) {
    const Baseline b{{"a.one", v5, Verdict::fail, "says \"no\""}, {"a.two", v4, Verdict::warn, "why"}};
    EXPECT_EQ(parse_baseline(print_baseline(b), "again"), b);
    EXPECT_TRUE(parse_baseline("", "empty").empty());
}

TEST(Baseline, MistakesAreNamed) {
    EXPECT_EQ(fault_of("[[expected]]\ncase = \"a\"\nprotocol = \"5\"\nverdict = \"fail\""),
              "b.toml:1: an [[expected]] entry without \"reason\"");
    EXPECT_EQ(fault_of("[[expected]]\ncase=\"a\"\nprotocol=\"6\"\nverdict=\"fail\"\nreason=\"r\""),
              "b.toml:1: protocol: has to be \"3.1.1\" or \"5\"");
    EXPECT_EQ(fault_of("[[expected]]\ncase=\"a\"\nprotocol=\"5\"\nverdict=\"skip\"\nreason=\"r\""),
              "b.toml:1: verdict: has to be \"fail\" or \"warn\"");
    EXPECT_EQ(fault_of("[[expceted]]\ncase=\"a\""), "b.toml:1: expceted: is no known key");
    EXPECT_EQ(fault_of("[[expected]]\ncase=\"a\"\nprotocol=\"5\"\nverdict=\"fail\"\nreason=\"r\"\nresaon=\"r\""),
              "b.toml:6: resaon: is no known key");
    const std::string one = "[[expected]]\ncase=\"a\"\nprotocol=\"5\"\nverdict=\"fail\"\nreason=\"r\"\n";
    EXPECT_EQ(fault_of(one + one), "b.toml:6: a stands twice for 5");
}

TEST(Baseline, OnlyNewsFails) {
    const auto run = run_of({sample_result("a.one", v5, Verdict::fail), sample_result("a.two", v5, Verdict::pass)});
    EXPECT_EQ(exit_code(run, judge(run, {}, false)), 1);
    EXPECT_EQ(exit_code(run, judge(run, expects_fail, false)), 0);
    const auto judged = judge(run, expects_fail, false);
    ASSERT_EQ(judged.expected.size(), 1u);
    EXPECT_EQ(judged.expected[0].second->reason, "known");
    EXPECT_TRUE(judged.gone.empty());
}

TEST(Baseline, IsForOneVersion) {
    const auto run = run_of({sample_result("a.one", v4, Verdict::fail), sample_result("a.two", v5, Verdict::pass)});
    EXPECT_EQ(judge(run, expects_fail, false).news.size(), 1u);
}

TEST(Baseline, AWarnThatBecomesAFailIsNews) {
    const auto run = run_of({sample_result("a.one", v5, Verdict::fail)});
    EXPECT_EQ(judge(run, expects_warn, false).news.size(), 1u);
    EXPECT_TRUE(judge(run, expects_warn, false).gone.empty());
}

TEST(Baseline, WarnsCountWhenStrict) {
    const auto run = run_of({sample_result("a.one", v5, Verdict::warn), sample_result("a.two", v5, Verdict::pass)});
    EXPECT_EQ(exit_code(run, judge(run, {}, false)), 0);
    EXPECT_EQ(exit_code(run, judge(run, {}, true)), 1);
    EXPECT_EQ(exit_code(run, judge(run, expects_warn, true)), 0);
}

TEST(Baseline, WhatNoLongerFailsIsNamed) {
    const auto fixed = run_of({sample_result("a.one", v5, Verdict::pass)});
    EXPECT_EQ(judge(fixed, expects_fail, false).gone.size(), 1u);
    const auto weaker = run_of({sample_result("a.one", v5, Verdict::warn)});
    EXPECT_EQ(judge(weaker, expects_fail, false).gone.size(), 1u);
    EXPECT_TRUE(judge(weaker, expects_fail, true).news.empty());
    const auto not_run = run_of({sample_result("a.two", v5, Verdict::pass)});
    EXPECT_TRUE(judge(not_run, expects_fail, false).gone.empty());
    const auto repeated =
        run_of({sample_result("a.one", v5, Verdict::pass), sample_result("a.one", v5, Verdict::fail)});
    EXPECT_TRUE(judge(repeated, expects_fail, false).gone.empty());
    const auto broken = run_of({sample_result("a.one", v5, Verdict::error)});
    EXPECT_TRUE(judge(broken, expects_fail, false).gone.empty());
}

TEST(Baseline, UpdatingKeepsReasonsAndWhatDidNotRun) {
    const Baseline before{{"a.one", v5, Verdict::fail, "known"},
                          {"a.gone", v5, Verdict::fail, "fixed"},
                          {"a.absent", v4, Verdict::warn, "else"}};
    const auto run = run_of({sample_result("a.one", v5, Verdict::warn), sample_result("a.one", v5, Verdict::fail),
                             sample_result("a.gone", v5, Verdict::pass), sample_result("a.new", v4, Verdict::fail)});
    const Baseline after = updated(before, run);
    EXPECT_EQ(after, (Baseline{{"a.one", v5, Verdict::fail, "known"},
                               {"a.new", v4, Verdict::fail, "not looked at yet: the message"},
                               {"a.absent", v4, Verdict::warn, "else"}}));
    EXPECT_EQ(exit_code(run, judge(run, after, true)), 0);
}

TEST(ExitCode, SaysWhatHappened) {
    auto run = run_of({sample_result("a", v5, Verdict::pass), sample_result("b", v5, Verdict::error)});
    EXPECT_EQ(exit_code(run, judge(run, {}, false)), 4);
    run.lost = "gone";
    EXPECT_EQ(exit_code(run, judge(run, {}, false)), 3);
    run.interrupted = true;
    EXPECT_EQ(exit_code(run, judge(run, {}, false)), 130);
}

TEST(ExitCode, IsNeverZeroWhereNothingPassed) {
    for (const Verdict v : {Verdict::skip, Verdict::info, Verdict::unreachable, Verdict::warn}) {
        const auto run = run_of({sample_result("a", v5, v)});
        EXPECT_EQ(exit_code(run, judge(run, {}, false)), 1) << name(v);
    }
    EXPECT_NE(exit_code(RunResult{}, {}), 0);
    const auto expected = run_of({sample_result("a.one", v5, Verdict::fail)});
    EXPECT_NE(exit_code(expected, judge(expected, expects_fail, false)), 0);
}

}  // namespace
}  // namespace conformance
