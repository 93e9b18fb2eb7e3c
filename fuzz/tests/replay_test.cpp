// Seeds and past findings through the targets, without an engine: promises are kept, and every seed means what it says.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "fuzz/promise.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/steps.hpp"
#include "fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;
const fs::path corpus = MQTTSPEC_CORPUS;

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> files(const fs::path& folder) {
    std::vector<fs::path> paths;
    if (fs::exists(folder))
        for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
    std::ranges::sort(paths);
    return paths;
}

class Targets : public testing::TestWithParam<const fuzz::Target*> {
protected:
    const fuzz::Target& target() const { return *GetParam(); }
    fs::path seeds() const { return corpus / "seeds" / std::string(target().name); }
};
INSTANTIATE_TEST_SUITE_P(Fuzz, Targets, testing::ValuesIn(fuzz::targets),
                         [](const auto& info) { return std::string(info.param->name); });

TEST_P(Targets, KeepTheirPromisesOnSeedsAndRegressions) {
    auto paths = files(seeds());
    const auto seeds_alone = paths.size();
    for (auto& p : files(corpus / "regressions" / std::string(target().name))) paths.push_back(p);
    EXPECT_GE(seeds_alone, 12u);
    for (const auto& path : paths) {
        SCOPED_TRACE(path);
        try {
            target().run(mqtt::octets(read(path)));
        } catch (const fuzz::BrokenPromise& broken) {
            ADD_FAILURE() << broken.what();
        }
    }
}

// The name of a seed begins with what it is for; a change of the targets' input must not leave noise behind.
TEST_P(Targets, SeedsMeanWhatTheirNamesSay) {
    for (const auto& path : files(seeds())) {
        const auto octets = read(path);
        const auto meaning = fuzz::meaning(std::string(target().name), mqtt::octets(octets));
        EXPECT_TRUE(path.filename().string().starts_with(meaning + "-")) << path << " means " << meaning;
    }
}

// The same on every machine, and what scripts/seeds would write.
TEST_P(Targets, SeedsOfTheGeneratorAreInTheCorpus) {
    std::size_t count = 0;
    for (const auto& seed : fuzz::generated_seeds()) {
        if (seed.target != target().name) continue;
        ++count;
        EXPECT_EQ(read(seeds() / seed.name), seed.octets) << seed.name << ": run scripts/seeds";
    }
    EXPECT_GE(count, 12u);
}

// Structure-aware mutation goes on for ever, stays within bounds and leads somewhere new.
TEST_P(Targets, MutantsRunAndDiffer) {
    fuzz::Dice dice(4);
    const auto paths = files(seeds());
    ASSERT_FALSE(paths.empty());
    std::set<std::string> met;
    std::string input = read(paths.front());
    for (int i = 0; i < 2'000; ++i) {
        if (i % 50 == 0) input = read(paths[dice.roll(paths.size())]);
        auto made = i % 10 == 9 ? target().cross(mqtt::octets(input), mqtt::octets(read(paths[dice.roll(paths.size())])), dice)
                                : target().mutate(mqtt::octets(input), dice);
        if (made.empty() || made.size() > 4'096) continue;
        input = made;
        met.insert(input);
        EXPECT_NO_THROW(target().run(mqtt::octets(input)));
    }
    EXPECT_GT(met.size(), 500u);
}

TEST(Seeds, AreOfUsefulSizes) {
    for (const char* target : {"decode", "round_trip", "broker"}) {
        std::vector<std::size_t> sizes;
        for (const auto& path : files(corpus / "seeds" / target)) sizes.push_back(fs::file_size(path));
        ASSERT_GE(sizes.size(), 50u) << target;
        std::ranges::nth_element(sizes, sizes.begin() + std::ptrdiff_t(sizes.size() / 2));
        EXPECT_GE(sizes[sizes.size() / 2], 60u) << target;
    }
}

// Every packet type of every version, as a good packet and as a bad one.
TEST(Seeds, CoverTypesAndVersions) {
    const auto paths = files(corpus / "seeds/decode");
    const auto any = [&](const std::string& prefix) {
        return std::ranges::any_of(paths, [&](const auto& p) { return p.filename().string().starts_with(prefix); });
    };
    for (const std::string version : {"v3.1-", "v3.1.1-", "v5-"})
        for (const std::string type : {"connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe",
                                       "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"}) {
            if (type == "auth" && version != "v5-") continue;
            EXPECT_TRUE(any(version + type + "-good-")) << version << type;
            EXPECT_TRUE(any(version + type + "-short-")) << version << type;
            if (!type.starts_with("ping") && !(type == "disconnect" && version != "v5-")) {
                EXPECT_TRUE(any(version + type + "-fault-")) << version << type;
            }
        }
}

// Scenarios can be edited; the last step of a finding may have been cut short, which does not last.
TEST(Scenarios, SurviveReadingAndWriting) {
    const auto again = [](const std::string& s) { return fuzz::write_scenario(fuzz::read_scenario(mqtt::octets(s))); };
    for (const auto& path : files(corpus / "seeds/broker")) {
        const auto octets = read(path);
        EXPECT_EQ(again(octets), octets) << path;
    }
    for (const auto& path : files(corpus / "regressions/broker")) {
        const auto once = again(read(path));
        EXPECT_EQ(again(once), once) << path;
    }
}

TEST(Dictionaries, AreWhatTheTablesMake) {
    for (const char* target : {"decode", "framing", "round_trip", "broker"})
        EXPECT_EQ(read(corpus / "dictionaries" / (std::string(target) + ".dict")), fuzz::packet_dictionary());
    EXPECT_EQ(read(corpus / "dictionaries/topics.dict"), fuzz::topic_dictionary());
}

}  // namespace
