// The file: what is refused, and what a full disk does.
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "reference/tests/store_kit.hpp"

namespace reference::test {
namespace {

std::string why_refused(const fs::path& file) {
    try {
        Life life(file, wall_at_start, some_time);
    } catch (const StoreRefused& refused) {
        return refused.what();
    }
    return "";
}

/// A store with something of everything in it.
void fill(const fs::path& file) {
    Life life(file, wall_at_start, some_time);
    Net& net = life.net;
    for (const std::string id : {"here", "gone"}) {
        Client& c = net.persistent(Version::v5, id);
        c.subscribe("t/#");
        c.subscribe("$share/g/s", QoS::at_least_once);
        if (id == "gone") c.cut();
    }
    Client& mouth = net.connect(Version::v5, Hello{.id = "mouth",
                                                   .clean = false,
                                                   .properties = {{property::session_expiry_interval, 100u}},
                                                   .will = mqtt::Will{QoS::at_least_once, true, {}, "t/will", "will"}});
    for (std::uint16_t n = 1; n <= 40; ++n)
        mouth.send(message("t/" + std::to_string(n % 5), std::string(n * 10, 'x'), QoS(1 + n % 2), n, n % 7 == 0));
    life.commit();
}

struct StoreFile : testing::Test {
    Folder folder;
    fs::path file = folder.path / "store";
    void expect_refused(const std::string& what) {
        const auto before = octets_of(file);
        EXPECT_NE(why_refused(file).find(what), std::string::npos) << "refused: " << why_refused(file);
        EXPECT_EQ(octets_of(file), before) << "it was written to";
    }
    void patch(std::size_t at, std::string_view octets) {
        auto all = octets_of(file);
        write(file, all.replace(at, octets.size(), octets));
    }
};

TEST_F(StoreFile, SaysWhatWasRestored) {
    fill(file);
    const Life life(file, wall_at_start, some_time);
    // mouth's will comes to both; it is retained as five of the others are.
    EXPECT_EQ(life.said,
              "store " + file.string() + ": restored 3 sessions, 80 messages to deliver, 5 retained messages");
    EXPECT_EQ(life.net.broker.counts().queued, 82u);
    EXPECT_EQ(life.net.broker.counts().retained, 6u);
}

TEST_F(StoreFile, IsForItsOwnerAlone) {
    fill(file);
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(StoreFile, OfAnotherKindIsRefused) {
    write(file, "Dear diary");
    expect_refused("is not a store of mqttspec");
    write(file, std::string(100'000, '\0'));
    expect_refused("is not a store of mqttspec");
    fs::remove(file);
    fill(file);
    patch(68, "ABCD");  // the application id
    expect_refused("is not a store of mqttspec");
}

TEST_F(StoreFile, OfAnotherVersionIsRefused) {
    fill(file);
    patch(60, std::string_view("\0\0\0\2", 4));
    expect_refused("newer mqttspec (its version is 2, this one knows 1)");
    patch(60, std::string_view("\0\0\0\0", 4));
    expect_refused("is damaged");
}

TEST_F(StoreFile, InUseIsRefused) {
    const Life life(file, wall_at_start, some_time);
    EXPECT_NE(why_refused(file).find("is in use by another broker"), std::string::npos) << why_refused(file);
}

TEST_F(StoreFile, ThatIsNoneIsRefused) {
    EXPECT_NE(why_refused(folder.path).find("is not a file"), std::string::npos);
    EXPECT_NE(why_refused(folder.path / "no" / "folder").find("No such file"), std::string::npos);
    EXPECT_NE(why_refused("").find("empty"), std::string::npos);
    write(file, "");  // as a broker leaves it that was killed at the very start
    EXPECT_EQ(why_refused(file), "");
}

TEST_F(StoreFile, CutShortIsRefused) {
    fill(file);
    const auto whole = octets_of(file);
    for (std::size_t size = 100; size < whole.size(); size += 1'000) {
        write(file, whole.substr(0, size));
        const auto why = why_refused(file);
        ASSERT_NE(why.find("is damaged"), std::string::npos) << size << " octets: " << why;
        ASSERT_EQ(octets_of(file).size(), size) << "it was written to";
    }
}

TEST_F(StoreFile, WithABadListOfFreePagesIsRefused) {  // no reader would notice, the next writer would
    fill(file);
    patch(32, std::string_view("\0\0\0\3\0\0\0\1", 8));
    expect_refused("is damaged");
}

TEST_F(StoreFile, WithBadPropertiesIsRefused) {
    {
        Life life(file, wall_at_start, some_time);
        const Property properties[]{{property::user_property, "key", "value"}};
        auto p = message("t", "x", QoS::at_least_once, 1, true);
        p.properties = std::span<const Property>(properties);
        life.net.connect(Version::v5, "mouth").send(p);
        life.commit();
    }
    const auto at = octets_of(file).find(std::string_view("\x26\0\3key\0\5value", 13));
    ASSERT_NE(at, std::string::npos);
    patch(at + 2, "\x77");  // a longer key than there is
    expect_refused("a message is not sound");
}

// Closing must not move the log into the file then.
TEST_F(StoreFile, RefusedKeepsItsLog) {
    fill(file);
    const auto image = folder.path / "image";
    {
        Life life(file, wall_at_start, some_time);
        life.net.persistent(Version::v5, "another");
        life.commit();
        copy_store(file, image);
    }
    write(image, octets_of(image).substr(0, 4 * 4'096));
    const auto before = octets_of(image), log = octets_of(image.string() + "-wal");
    EXPECT_GT(log.size(), 4'096u);
    EXPECT_NE(why_refused(image).find("is damaged"), std::string::npos) << why_refused(image);
    EXPECT_EQ(octets_of(image), before);
    EXPECT_EQ(octets_of(image.string() + "-wal"), log);
}

// A file may be damaged so that nobody can tell; then it has to be usable.
TEST_F(StoreFile, DamagedIsRefusedOrHarmless) {
    fill(file);
    const auto whole = octets_of(file);
    std::mt19937_64 dice(1);
    int refused = 0, taken = 0;
    for (int round = 0; round < 3'000; ++round) {
        auto damaged = whole;
        for (auto flips = 1 + dice() % 8; flips > 0; --flips)
            damaged[dice() % damaged.size()] ^= char(1u << dice() % 8);
        write(file, damaged);
        try {
            Life life(file, wall_at_start, some_time);
            for (const char* id : {"here", "gone", "mouth"})
                life.net.greet(Version::v5, Hello{.id = id, .clean = false});
            life.net.connect(Version::v3_1_1, "reader").raw(std::string("\x82\x06\0\1\0\1#\1", 8));
            life.net.pass(200s);
            life.commit();
            ++taken;
        } catch (const StoreRefused&) {
            ++refused;
            ASSERT_EQ(octets_of(file), damaged) << "round " << round << ": it was written to";
        } catch (const StoreFailed&) {  // found only when it was written
            ++refused;
        }
    }
    EXPECT_GT(refused, 500);
    EXPECT_GT(taken, 500);
}

// ---- a full disk -----------------------------------------------------------------

TEST_F(StoreFile, ThatCannotGrowLosesNothingAcknowledged) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{1'000'000, before.rlim_max};
    int acknowledged = 0;
    {
        Life life(file, wall_at_start, some_time);
        life.net.persistent(Version::v5, "ear").subscribe("#");
        Client& mouth = life.net.connect(Version::v5, "mouth");
        setrlimit(RLIMIT_FSIZE, &small);
        try {
            for (; acknowledged < 10'000; ++acknowledged) {
                mouth.send(message("t", std::to_string(acknowledged) + std::string(1'000, '.'), QoS::at_least_once, 1));
            }
            ADD_FAILURE() << "the file grew beyond its limit";
        } catch (const StoreFailed& failed) {
            EXPECT_NE(std::string(failed.what()).find("store " + file.string() + ": cannot be written"),
                      std::string::npos);
        }
        EXPECT_THROW(mouth.send(message("t", "more", QoS::at_least_once, 1)), StoreFailed) << "nothing is acknowledged";
        setrlimit(RLIMIT_FSIZE, &before);
        EXPECT_THROW(life.commit(), StoreFailed) << "not even once there is room again: something is missing";
    }
    EXPECT_GT(acknowledged, 50);
    Life life(file, wall_at_start, some_time);
    Client& ear = life.net.persistent(Version::v5, "ear");
    for (int n = 0; n < acknowledged; ++n)
        ASSERT_TRUE(ear.take<mqtt::Publish>().payload.starts_with(std::to_string(n) + "."));
    EXPECT_TRUE(ear.quiet());
}

}  // namespace
}  // namespace reference::test
