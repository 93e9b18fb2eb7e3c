// The judge alone, with packets by hand: no broker is near.
#include <gtest/gtest.h>

#include "codec/codec.hpp"
#include "codec/topics.hpp"
#include "fuzz/dice.hpp"
#include "model/model.hpp"
#include "model/topics.hpp"

namespace model::test {
namespace {

using mqtt::QoS;
using mqtt::Version;

class Scene {
public:
    explicit Scene(Version v) : version(v) {}
    template <class P> Scene& sent(ConnectionId c, const P& packet) {
        model.sent(c, mqtt::octets(mqtt::encode(packet, version)), now);
        return *this;
    }
    template <class P> Scene& received(ConnectionId c, const P& packet) {
        model.received(c, mqtt::octets(mqtt::encode(packet, version)), now);
        return *this;
    }
    void greet(ConnectionId c, std::string_view id, bool clean = true, bool present = false) {
        model.opened(c, now);
        sent(c, mqtt::Connect{.level = std::uint8_t(version), .clean_start = clean, .keep_alive = 0, .client_id = id});
        received(c, mqtt::Connack{present, 0, {}});
    }
    void subscribe(ConnectionId c, std::string_view filter, QoS qos = QoS::exactly_once) {
        const mqtt::Subscribe::Entry entries[]{{filter, qos}};
        const mqtt::Suback::Code codes[]{{std::uint8_t(qos)}};
        sent(c, mqtt::Subscribe{1, {}, entries}).received(c, mqtt::Suback{1, {}, codes});
    }
    std::string rest() {
        model.rest(now);
        return model.findings().empty() ? "" : std::string(model.findings()[0].statement);
    }
    Version version;
    Model model;
    Time now{1'000};
};

mqtt::Publish message(std::string_view payload, QoS qos = QoS::at_most_once, std::uint16_t id = 0, bool dup = false) {
    return {.dup = dup, .qos = qos, .topic = "t", .packet_id = id, .payload = payload};
}

TEST(Judge, AcceptsAPlainDelivery) {
    for (const auto v : {Version::v3_1_1, Version::v5}) {
        Scene s(v);
        s.greet(1, "ear");
        s.subscribe(1, "t");
        s.greet(2, "mouth");
        s.sent(2, message("x", QoS::at_least_once, 7)).received(2, mqtt::Puback{7}).received(1, message("x", QoS::at_least_once, 1));
        EXPECT_EQ(s.rest(), "");
    }
}

TEST(Judge, MissesWhatIsOwed) {
    Scene s(Version::v5);
    s.greet(1, "ear");
    s.subscribe(1, "t");
    s.sent(1, message("x", QoS::at_least_once, 7)).received(1, mqtt::Puback{7});
    EXPECT_EQ(s.rest(), "MQTT-4.5.0-1");
}

TEST(Judge, MissesAnswers) {
    Scene s(Version::v3_1_1);
    s.greet(1, "c");
    s.sent(1, mqtt::Pingreq{});
    EXPECT_EQ(s.rest(), "MQTT-3.12.4-1");
}

TEST(Judge, ToleratesADeliveryBeforeSuback) {
    Scene s(Version::v5);
    s.greet(1, "c");
    const mqtt::Subscribe::Entry entries[]{{"t", QoS::at_least_once}};
    const mqtt::Suback::Code codes[]{{1}};
    s.sent(1, mqtt::Subscribe{1, {}, entries}).sent(1, message("x")).received(1, message("x"));
    s.received(1, mqtt::Suback{1, {}, codes});
    EXPECT_EQ(s.rest(), "");
}

TEST(Judge, SeesASecondCopy) {
    Scene s(Version::v5);
    s.greet(1, "c");
    s.subscribe(1, "t");
    s.sent(1, message("x")).received(1, message("x")).received(1, message("x"));
    EXPECT_EQ(s.rest(), "MQTT-3.8.4-3");
}

TEST(Judge, AcceptsOverlappingSubscriptionsEitherWay) {
    for (const int copies : {1, 2, 3}) {
        Scene s(Version::v3_1_1);
        s.greet(1, "c");
        s.subscribe(1, "t", QoS::at_least_once);
        s.sent(1, mqtt::Pingreq{}).received(1, mqtt::Pingresp{});
        s.subscribe(1, "#", QoS::at_most_once);
        s.sent(1, message("x", QoS::at_least_once, 9)).received(1, mqtt::Puback{9});
        s.received(1, message("x", QoS::at_least_once, 1));
        if (copies > 1) s.received(1, message("x"));
        if (copies > 2) s.received(1, message("x", QoS::at_least_once, 2));
        EXPECT_EQ(s.rest().empty(), copies < 3) << copies;
    }
}

TEST(Judge, WantsRepeatsWithDup) {
    for (const bool dup : {false, true}) {
        Scene s(Version::v3_1_1);
        s.greet(1, "c", false);
        s.subscribe(1, "t");
        s.sent(1, message("x", QoS::at_least_once, 9)).received(1, mqtt::Puback{9}).received(1, message("x", QoS::at_least_once, 1));
        EXPECT_EQ(s.rest(), "");
        s.model.closed(1, Closer::client, s.now);
        s.greet(2, "c", false, true);
        s.received(2, message("x", QoS::at_least_once, 1, dup));
        EXPECT_EQ(s.rest(), dup ? "" : "MQTT-3.3.1-1");
    }
}

TEST(Judge, LetsNobodyBeSentWhatNobodyAskedFor) {
    Scene s(Version::v5);
    s.greet(1, "c");
    s.subscribe(1, "t");
    s.received(1, message("out of the blue"));
    EXPECT_EQ(s.rest(), "MQTT-3.3.2-3");
}

// Two matchers that share no line: the codec's and the judge's.
TEST(Topics, AreMatchedAsTheCodecDoes) {
    fuzz::Dice dice(4711);
    const std::string_view levels[]{"", "a", "b", "$x", "+", "#"};
    const auto draw = [&](bool filter) {
        std::string text;
        for (std::size_t i = 0, count = 1 + dice.roll(4); i < count; ++i) {
            const auto level = levels[dice.roll(filter ? (i + 1 == count ? 6 : 5) : 4)];
            text += (i ? "/" : "") + std::string(level);
        }
        return text.empty() ? std::string("/") : text;
    };
    int matched = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto filter = draw(true), name = draw(false);
        ASSERT_EQ(matches(filter, name), mqtt::matches(filter, name)) << filter << " " << name;
        matched += matches(filter, name);
    }
    EXPECT_GT(matched, 1'000);
    EXPECT_EQ(behind_share("$share/g/a/b"), "a/b");
    EXPECT_EQ(behind_share("$shared/g/a"), "");
}

}  // namespace
}  // namespace model::test
