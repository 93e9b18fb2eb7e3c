// The reference broker before the judge: a right one is never accused, one that breaks a rule is.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>

#include "model/tests/play.hpp"
#include "reference/variations.hpp"

namespace model::test {
namespace {

using reference::Settings;

Settings with(std::string_view variation) {
    Settings settings;
    if (const auto* v = reference::find_variation(variation)) v->apply(settings);
    return settings;
}

rc::Gen<std::vector<Command>> any_commands() {
    const auto any = rc::gen::build<Command>(
        rc::gen::set(&Command::kind, rc::gen::arbitrary<std::uint8_t>()),
        rc::gen::set(&Command::client, rc::gen::inRange<std::uint8_t>(0, 5)),
        rc::gen::set(&Command::a, rc::gen::resize(100, rc::gen::arbitrary<std::uint32_t>())),
        rc::gen::set(&Command::b, rc::gen::resize(100, rc::gen::arbitrary<std::uint32_t>())));
    return rc::gen::scale(2.0, rc::gen::container<std::vector<Command>>(any));
}

// What rapidcheck shrinks is printed with every packet; RC_PARAMS="reproduce=...", as printed, runs it again.
TEST(Model, AcceptsWhateverAnHonestBrokerDoes) {
    setenv("RC_PARAMS", "max_success=500 max_size=150", 0);  // NOLINT: nobody else reads it yet
    const auto all = reference::variations();
    EXPECT_TRUE(rc::check("five clients, any commands, any variation", [&] {
        const auto which = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
        const auto commands = *any_commands();
        Settings settings;
        if (which < all.size()) all[which].apply(settings);
        if (!play(commands, settings).findings.empty())
            RC_FAIL((which < all.size() ? std::string(all[which].id) : "default") + "\n" +
                    describe(play(commands, settings, true)));
    }));
}

class Variations : public testing::TestWithParam<std::string> {};

TEST_P(Variations, AreAccusedOfNothing) {
    const auto settings = with(GetParam());
    std::size_t deliveries = 0;
    for (std::uint32_t seed = 0; seed < 25; ++seed) {
        const auto commands = draw(seed, 200);
        const auto outcome = play(commands, settings);
        ASSERT_TRUE(outcome.findings.empty()) << "seed " << seed << "\n" << describe(play(commands, settings, true));
        deliveries += outcome.deliveries;
    }
    EXPECT_GT(deliveries, 100u);  // the judge had something to see
}

std::vector<std::string> names() {
    std::vector<std::string> list{"none"};
    for (const auto& v : reference::variations()) list.emplace_back(v.id);
    return list;
}
INSTANTIATE_TEST_SUITE_P(, Variations, testing::ValuesIn(names()), [](const auto& i) { return i.param; });

struct Caught {
    std::string_view violation, variation;
};
constexpr Caught caught[]{
#define CAUGHT(violation, variation) {#violation, variation},
#include "model/tests/caught.def"
#undef CAUGHT
};

// The list may grow and must not shrink; --gtest_output or the log tells which statement each was found by.
TEST(Violations, AreFound) {
    std::size_t by_name = 0;
    for (const Caught& row : caught) {
        const auto id = reference::find_violation(row.violation);
        ASSERT_TRUE(id) << row.violation;
        auto settings = with(row.variation);
        settings.policy.violate(*id);
        std::vector<Finding> findings;
        for (std::uint32_t seed = 0; seed < 100 && findings.empty(); ++seed)
            findings = play(draw(seed, 200), settings).findings;
        EXPECT_FALSE(findings.empty()) << row.violation;
        if (findings.empty()) continue;
        const auto& ids = reference::row(*id).statements;
        by_name += findings[0].statement == ids.v5 || findings[0].statement == ids.v3_1_1;
    }
    EXPECT_GE(by_name * 2, std::size(caught));  // at least every other is told by its own statement
    EXPECT_GE(std::size(caught), 150u);
}

}  // namespace
}  // namespace model::test
