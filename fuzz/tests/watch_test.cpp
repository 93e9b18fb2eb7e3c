// The judge of fuzz_broker can say no: answers that no honest server gives.
#include <gtest/gtest.h>

#include "codec/codec.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/watch.hpp"

namespace fuzz {
namespace {

using mqtt::QoS;
using mqtt::Version;

/// A client that connected with 5.0 and was accepted.
class Watching : public testing::Test {
protected:
    Watching() {
        watch.sent(mqtt::octets(mqtt::encode(mqtt::Connect{.client_id = "c"}, Version::v5)));
        hears(mqtt::Connack{});
    }
    template <class P> void says(const P& p) { watch.sent(mqtt::octets(mqtt::encode(p, Version::v5))); }
    template <class P> void hears(const P& p, bool closed = false) {
        watch.received(mqtt::octets(mqtt::encode(p, Version::v5)), closed);
    }
    Watch watch{1};
};

TEST_F(Watching, LetsAnHonestServerPass) {
    says(mqtt::Publish{.qos = QoS::exactly_once, .topic = "a", .packet_id = 7});
    hears(mqtt::Pubrec{7});
    says(mqtt::Pubrel{7});
    hears(mqtt::Pubcomp{7});
    says(mqtt::Pingreq{});
    hears(mqtt::Pingresp{});
    const mqtt::Subscribe::Entry entries[]{{"a", QoS::at_least_once}};
    says(mqtt::Subscribe{8, {}, entries});
    const mqtt::Suback::Code codes[]{{1}};
    hears(mqtt::Suback{8, {}, codes});
    hears(mqtt::Publish{.qos = QoS::at_least_once, .topic = "a", .packet_id = 1});
    EXPECT_TRUE(watch.accepted());
    EXPECT_EQ(watch.packets(), 6u);
}

TEST_F(Watching, CatchesAnswersToNothing) {
    EXPECT_THROW(hears(mqtt::Puback{7}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Pubrec{7}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Pubrel{7}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Pubcomp{7}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Pingresp{}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Connack{}), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Pingreq{}), BrokenPromise);
    const mqtt::Suback::Code codes[]{{1}};
    EXPECT_THROW(hears(mqtt::Suback{8, {}, codes}), BrokenPromise);
}

TEST_F(Watching, CatchesASecondAnswer) {
    says(mqtt::Publish{.qos = QoS::at_least_once, .topic = "a", .packet_id = 7});
    hears(mqtt::Puback{7});
    EXPECT_THROW(hears(mqtt::Puback{7}), BrokenPromise);
}

TEST_F(Watching, CatchesCodesForOtherEntriesThanAsked) {
    const mqtt::Subscribe::Entry entries[]{{"a", QoS::at_least_once}};
    says(mqtt::Subscribe{8, {}, entries});
    const mqtt::Suback::Code codes[]{{1}, {1}};
    EXPECT_THROW(hears(mqtt::Suback{8, {}, codes}), BrokenPromise);
}

TEST_F(Watching, CatchesWhatFollowsDisconnect) {
    EXPECT_THROW(hears(mqtt::Disconnect{0x8b}, false), BrokenPromise) << "no close";
    EXPECT_THROW(hears(mqtt::Publish{.topic = "a"}), BrokenPromise);
}

TEST_F(Watching, CatchesBadPacketsAndAliases) {
    EXPECT_THROW(watch.received(mqtt::octets(std::string_view("\x30\x02\x00\x01", 4)), false), BrokenPromise);
    EXPECT_THROW(hears(mqtt::Publish{.topic = "a#"}), BrokenPromise);
    const mqtt::Property alias[]{{mqtt::property::topic_alias, 1}};
    EXPECT_THROW(hears(mqtt::Publish{.topic = "a", .properties = alias}), BrokenPromise);
}

}  // namespace
}  // namespace fuzz
