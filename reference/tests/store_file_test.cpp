// The file: what is refused, what a full disk does, and what time does while the broker is down.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "reference/tests/store_kit.hpp"

namespace reference::test {
namespace {

constexpr std::int64_t wall_at_start = 1'700'000'000'000;
constexpr Time some_time = 500s;

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
    EXPECT_EQ(life.said, "store " + file.string() + ": restored 3 sessions, 80 messages to deliver, 5 retained messages");
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

// A file may be damaged so that nobody can tell; then it has to be usable.
TEST_F(StoreFile, DamagedIsRefusedOrHarmless) {
    fill(file);
    const auto whole = octets_of(file);
    std::mt19937_64 dice(1);
    int refused = 0, taken = 0;
    for (int round = 0; round < 3'000; ++round) {
        auto damaged = whole;
        for (auto flips = 1 + dice() % 8; flips > 0; --flips) damaged[dice() % damaged.size()] ^= char(1u << dice() % 8);
        write(file, damaged);
        try {
            Life life(file, wall_at_start, some_time);
            for (const char* id : {"here", "gone", "mouth"}) life.net.greet(Version::v5, Hello{.id = id, .clean = false});
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
                life.commit();
            }
            ADD_FAILURE() << "the file grew beyond its limit";
        } catch (const StoreFailed& failed) {
            EXPECT_NE(std::string(failed.what()).find("store " + file.string() + ": cannot be written"), std::string::npos);
        }
        mouth.send(message("t", "more", QoS::at_least_once, 1));
        EXPECT_THROW(life.commit(), StoreFailed) << "nothing is acknowledged any more";
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

// ---- commits and time ------------------------------------------------------------

struct Restart : StoreFile {
    /// kill -9, and a while until the broker is there again.
    Life& restart(Time down = 0s, Settings settings = {}) {
        const auto wall = lives.back()->wall() + down.count();
        copy_store(lives.back()->path, file.string() + std::to_string(lives.size()));
        lives.push_back(std::make_unique<Life>(file.string() + std::to_string(lives.size()), wall, 7s, settings));
        return *lives.back();
    }
    Life& first(Settings settings = {}) {
        lives.push_back(std::make_unique<Life>(file, wall_at_start, some_time, settings));
        return *lives.back();
    }
    static Client& with_expiry(Net& net, const char* id, std::uint32_t expiry, std::uint32_t delay = 0,
                               QoS will = QoS::at_least_once) {
        const Property delays[]{{property::will_delay_interval, delay}};
        Hello hello{.id = id, .clean = false, .properties = {{property::session_expiry_interval, expiry}}};
        hello.will = mqtt::Will{will, false, {}, "will", id};
        hello.will->properties = std::span<const Property>(delays);
        return net.connect(Version::v5, hello);
    }
    std::vector<std::unique_ptr<Life>> lives;
};

TEST_F(Restart, WhatIsNotCommittedNeverWas) {
    Life& life = first();
    Client& c = life.net.persistent(Version::v3_1_1, "c");
    c.subscribe("a");
    life.commit();
    c.subscribe("b");
    Life& again = restart();
    EXPECT_EQ(again.net.broker.counts().sessions, 1u);
    EXPECT_EQ(again.net.broker.counts().subscriptions, 1u);
}

TEST_F(Restart, WillsOfThoseThatWereThere) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    for (const QoS qos : {QoS::at_least_once, QoS::exactly_once})
        life.net.connect(Version::v3_1_1, Hello{.id = "w" + std::to_string(int(qos)),
                                                .will = mqtt::Will{qos, false, {}, "will", "now"}});
    with_expiry(life.net, "delayed", 100, 10);
    with_expiry(life.net, "outlived", 5, 10);
    with_expiry(life.net, "left", 100).send(mqtt::Disconnect{});
    life.commit();
    Life& again = restart(1h);  // however long it was down: a delay starts at the restart
    Client& heir = again.net.persistent(Version::v5, "heir");
    const auto will = [&] { return std::string(heir.quiet() ? "" : heir.take<mqtt::Publish>().payload); };
    EXPECT_EQ(will() + will(), "nownow");
    again.net.pass(4s);
    EXPECT_TRUE(heir.quiet());
    again.net.pass(1s);
    EXPECT_EQ(will(), "outlived");
    again.net.pass(4s);
    EXPECT_TRUE(heir.quiet());
    again.net.pass(1s);
    EXPECT_EQ(will(), "delayed");
    again.commit();
    Life& third = restart();  // once
    EXPECT_EQ(third.net.broker.counts().queued, 4u);
    EXPECT_EQ(third.net.broker.counts().sessions, 2u) << "heir and delayed; left had its time while nobody was there";
}

TEST_F(Restart, ReturnInTimeStopsTheWill) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    with_expiry(life.net, "c", 100, 10);
    life.commit();
    Life& again = restart();
    again.net.pass(9s);
    again.net.persistent(Version::v5, "c");
    again.net.pass(100s);
    EXPECT_TRUE(again.net.persistent(Version::v5, "heir").quiet());
}

TEST_F(Restart, SessionsOfThoseThatWereAwayAge) {
    Life& life = first();
    life.net.persistent(Version::v5, "heir").subscribe("will");
    with_expiry(life.net, "short", 50, 60).cut();
    with_expiry(life.net, "long", 100, 60).cut();
    life.net.pass(20s);
    with_expiry(life.net, "there", 50, 0, QoS::at_most_once);
    life.commit();
    Life& again = restart(35s);  // 55 s since the cut
    again.net.pass(0s);
    EXPECT_EQ(again.net.broker.counts().sessions, 3u) << "heir, long, there";
    Client& heir = again.net.persistent(Version::v5, "heir");
    EXPECT_EQ(heir.take<mqtt::Publish>().payload, "short");
    EXPECT_TRUE(heir.quiet());
    again.net.pass(5s);
    EXPECT_EQ(heir.take<mqtt::Publish>().payload, "long");
    again.net.pass(40s);
    EXPECT_EQ(again.net.broker.counts().sessions, 2u) << "heir, there";
    again.net.pass(10s);
    EXPECT_EQ(again.net.broker.counts().sessions, 1u) << "there has had its 50 s since the restart";
}

TEST_F(Restart, MessagesAgeWhileTheBrokerIsDown) {
    Life& life = first();
    Client& ear = life.net.persistent(Version::v5, "ear");
    ear.subscribe("t");
    ear.cut();
    Client& mouth = life.net.connect(Version::v5, "mouth");
    for (const std::uint32_t expiry : {10u, 30u}) {
        const Property expires[]{{property::message_expiry_interval, expiry}};
        for (const char* topic : {"t", "kept"}) {
            auto p = message(topic, std::to_string(expiry), QoS::at_least_once, 1, topic[0] == 'k');
            p.properties = std::span<const Property>(expires);
            mouth.send(p);
        }
    }
    life.commit();
    Life& again = restart(12s);
    Client& back = again.net.persistent(Version::v5, "ear");
    const auto p = back.take<mqtt::Publish>();
    EXPECT_EQ(p.payload, "30");
    EXPECT_EQ(mqtt::number_or(p.properties, property::message_expiry_interval, 0), 18u);
    EXPECT_TRUE(back.quiet());
    back.subscribe("kept");
    EXPECT_EQ(back.take<mqtt::Publish>().payload, "30");
    Life& third = restart(30s);
    Client& late = third.net.persistent(Version::v5, "late");
    late.subscribe("kept");
    EXPECT_TRUE(late.quiet());
}

// Where identifiers fall on one slot of the small ring, it has to grow.
TEST_F(Restart, OpenDeliveriesKeepTheirIdentifiers) {
    Life& life = first();
    Client& ear = life.net.persistent(Version::v3_1_1, "ear");
    ear.subscribe("t", QoS::at_least_once);
    Client& mouth = life.net.connect(Version::v3_1_1, "mouth");
    std::vector<std::uint16_t> open;
    for (int n = 1; n <= 600; ++n) {
        mouth.send(message("t", std::to_string(n), QoS::at_least_once, 1));
        const auto p = ear.take<mqtt::Publish>();
        if (n % 60 == 0) open.push_back(p.packet_id);
        else ear.send(mqtt::Puback{p.packet_id});
    }
    life.commit();
    Life& again = restart();
    Client& back = again.net.persistent(Version::v3_1_1, "ear");
    for (std::size_t n = 0; n < open.size(); ++n) {
        const auto p = back.take<mqtt::Publish>();
        EXPECT_EQ(p.packet_id, open[n]);
        EXPECT_TRUE(p.dup);
        EXPECT_EQ(p.payload, std::to_string(60 * (n + 1)));
    }
    again.net.connect(Version::v3_1_1, "mouth").send(message("t", "new", QoS::at_least_once, 1));
    EXPECT_FALSE(std::ranges::count(open, back.take<mqtt::Publish>().packet_id));
}

TEST_F(Restart, SharesAreHandedOn) {
    Settings settings;
    settings.style.share_qos1 = ShareQos1::moves_at_end;
    Life& life = first(settings);
    Client& first = with_expiry(life.net, "first", 10);
    first.subscribe("$share/g/t");
    life.net.connect(Version::v5, "mouth").send(message("t", "x", QoS::at_least_once, 1));
    Client& second = life.net.persistent(Version::v5, "second");
    second.subscribe("$share/g/t");
    life.commit();
    Life& again = restart(0s, settings);
    Client& back = again.net.persistent(Version::v5, "second");
    EXPECT_TRUE(back.quiet());
    again.net.pass(10s);
    EXPECT_EQ(back.take<mqtt::Publish>().payload, "x");
    again.commit();
    EXPECT_EQ(restart(0s, settings).net.broker.counts().queued, 1u);
}

}  // namespace
}  // namespace reference::test
