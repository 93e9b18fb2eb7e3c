// What expired in the capture expires in the replay too (5.0), however fast that is.
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::Properties;
using mqtt::Property;
using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;
namespace property = mqtt::property;

Script& connect(Script& s, const std::string& who, const std::string& id, std::uint32_t expiry, bool resumed = false,
                std::optional<mqtt::Will> will = {}) {
    s.session(who, Version::v5);
    const Property kept{property::session_expiry_interval, expiry};
    mqtt::Connect c{.protocol = "MQTT", .level = 5, .clean_start = false, .client_id = id};
    c.properties = Properties({&kept, 1});
    c.will = will;
    s.step(who, scenario::Step::Kind::open);
    return s.send(who, c).expect(who, mqtt::Connack{.session_present = resumed});
}

Script& publish(Script& s, bool retain, std::uint32_t expiry) {
    const Property short_lived{property::message_expiry_interval, expiry};
    return s
        .send("mouth", mqtt::Publish{.qos = QoS::at_least_once,
                                     .retain = retain,
                                     .topic = "t",
                                     .packet_id = 1,
                                     .properties = Properties({&short_lived, 1}),
                                     .payload = "x"})
        .expect("mouth", mqtt::Puback{.packet_id = 1});
}

Script session(std::uint32_t expiry, net::Time pause) {
    Script s;
    connect(s, "1", "c", expiry).leave("1").wait(pause);
    connect(s, "2", "c", expiry).leave("2");
    return s;
}

TEST(Timers, sessions_expire) {
    const auto played = play(session(7, 10s));
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_EQ(played.count(Verdict::match), 2u);
    EXPECT_GT(played.took, 8s);
    EXPECT_LT(played.took, 9s);
    const auto in_time = play(session(7, 5s));  // what the capture's server did there was no expiry
    EXPECT_EQ(in_time.differences(), Names{"changed CONNACK session present"});
    EXPECT_LT(in_time.took, 1s);
    const auto long_one = play(session(600, 700s));
    EXPECT_EQ(long_one.differences(), Names{});
    EXPECT_EQ(long_one.reasons(), Names{"CONNACK: its session had expired after 600 s"});
    EXPECT_LT(long_one.took, 1s);
}

Script retained(std::uint32_t expiry, net::Time pause) {
    Script s;
    s.join("mouth", Version::v5);
    publish(s, true, expiry).wait(pause);
    s.join("ear", Version::v5).subscribe("ear", "t", QoS::at_least_once).leave("ear");
    return s.leave("mouth");
}

TEST(Timers, retained_messages_expire) {
    const auto played = play(retained(2, 3s));
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_GT(played.took, 3s);
    EXPECT_LT(played.took, 4s);
    EXPECT_EQ(play(retained(20, 3s)).differences(), Names{"unexpected PUBLISH"});
    const auto long_one = play(retained(100, 200s));
    EXPECT_EQ(long_one.differences(), Names{});
    EXPECT_EQ(long_one.count(Verdict::inconclusive), 1u);
    EXPECT_LT(long_one.took, 1s);
}

TEST(Timers, queued_messages_expire) {
    for (const bool expires : {true, false}) {
        Script s;
        connect(s, "ear", "ear", 100).subscribe("ear", "t", QoS::at_least_once).leave("ear");
        s.join("mouth", Version::v5);
        publish(s, false, expires ? 1 : 50).wait(3s);
        connect(s, "ear again", "ear", 100, true).leave("ear again").leave("mouth");
        const auto played = play(s);
        EXPECT_EQ(played.differences(), expires ? Names{} : Names{"unexpected PUBLISH"});
        EXPECT_EQ(played.took > 2s, expires);
    }
}

/// Ends without DISCONNECT, and comes back once its will was published.
Script delayed_will(std::uint32_t seconds) {
    const Property delay{property::will_delay_interval, seconds};
    const mqtt::Will will{QoS::at_least_once, true, Properties({&delay, 1}), "w/1", "gone"};
    Script s;
    connect(s, "1", "c", 100, false, will).close("1").wait(std::chrono::seconds(seconds + 2));
    connect(s, "2", "c", 100, true);
    s.join("ear", Version::v5).subscribe("ear", "w/#", QoS::at_least_once);
    s.expect("ear", mqtt::Publish{
                        .qos = QoS::at_least_once, .retain = true, .topic = "w/1", .packet_id = 1, .payload = "gone"});
    s.send("ear", mqtt::Puback{.packet_id = 1}).leave("ear").leave("2");
    return s;
}

TEST(Timers, wills_are_waited_for) {
    const auto played = play(delayed_will(2));
    EXPECT_EQ(played.differences(), Names{});
    EXPECT_GT(played.took, 3s);
    EXPECT_LT(played.took, 4s);
    const auto long_one = play(delayed_will(90));
    EXPECT_EQ(long_one.differences(), Names{});
    EXPECT_EQ(long_one.reasons(), Names{"PUBLISH: its Will Delay Interval is not waited for"});
}

}  // namespace
}  // namespace replay
