// What is sent once more on the same connection, before it was answered (3.1.1).
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using namespace std::chrono_literals;
using mqtt::QoS;
using mqtt::Version;
using Names = std::vector<std::string>;

/// One packet identifier twice, and so many answers to it.
Script repeated(QoS qos, int answers, bool resumed = false) {
    Script s;
    std::string who = "mouth";
    s.join(who, Version::v3_1_1, !resumed);
    if (resumed) s.leave(who), who = "again", s.join(who, Version::v3_1_1, false, true, "mouth");
    const mqtt::Publish p{.qos = qos, .topic = "t", .packet_id = 7, .payload = "x"};
    auto copy = p;
    copy.dup = true;
    s.send(who, p).send(who, copy);
    for (int i = 0; i < answers; ++i) {
        if (qos == QoS::at_least_once) s.expect(who, mqtt::Puback{.packet_id = 7});
        if (qos == QoS::exactly_once) s.expect(who, mqtt::Pubrec{.packet_id = 7});
    }
    if (qos == QoS::exactly_once) s.send(who, mqtt::Pubrel{.packet_id = 7}).expect(who, mqtt::Pubcomp{.packet_id = 7});
    s.send(who, mqtt::Publish{.qos = qos, .topic = "t", .packet_id = 7, .payload = "next"});
    if (qos == QoS::at_least_once) s.expect(who, mqtt::Puback{.packet_id = 7});
    if (qos == QoS::exactly_once)
        s.expect(who, mqtt::Pubrec{.packet_id = 7})
            .send(who, mqtt::Pubrel{.packet_id = 7})
            .expect(who, mqtt::Pubcomp{.packet_id = 7});
    return s.leave(who);
}

TEST(Repeats, of_a_publish_are_answered_once_or_each) {
    for (const auto qos : {QoS::at_least_once, QoS::exactly_once})
        for (const bool resumed : {false, true})
            for (const int answers : {1, 2, 3}) {
                const auto played = play(repeated(qos, answers, resumed));
                EXPECT_EQ(played.differences(), Names{}) << unsigned(qos) << answers << resumed;
                EXPECT_LT(played.took, 1s);  // what need not come is not waited for
                const bool same = played.choices().find("one answer to each repeat") == std::string::npos;
                EXPECT_EQ(same, answers != 1) << unsigned(qos) << answers << resumed;
                EXPECT_EQ(played.count(Verdict::inconclusive), answers == 3 ? 1u : 0u);
            }
}

/// That there is one answer at least is no choice.
TEST(Repeats, of_a_publish_are_answered) {
    EXPECT_EQ(play(repeated(QoS::at_least_once, 2), breaking(reference::Break::puback_missing)).differences(),
              (Names{"missing PUBACK", "missing PUBACK"}));
}

/// A delivery that is not answered, sent again by the capture's server; then its client answers.
Script delivered_twice(Version v, QoS qos) {
    Script s;
    s.join("ear", v).subscribe("ear", "t", qos).join("mouth", v);
    s.send("mouth", mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = 1, .payload = "x"})
        .expect("mouth", mqtt::Pubrec{.packet_id = 1})
        .send("mouth", mqtt::Pubrel{.packet_id = 1})
        .expect("mouth", mqtt::Pubcomp{.packet_id = 1});
    for (const bool dup : {false, true})
        s.expect("ear", mqtt::Publish{.dup = dup, .qos = qos, .topic = "t", .packet_id = 9, .payload = "x"});
    if (qos == QoS::at_least_once) s.send("ear", mqtt::Puback{.packet_id = 9});
    if (qos == QoS::exactly_once)
        s.send("ear", mqtt::Pubrec{.packet_id = 9})
            .expect("ear", mqtt::Pubrel{.packet_id = 9})
            .send("ear", mqtt::Pubcomp{.packet_id = 9});
    return s.leave("mouth").leave("ear");
}

TEST(Repeats, of_a_delivery_need_not_come) {
    for (const auto qos : {QoS::at_least_once, QoS::exactly_once}) {
        const auto played = play(delivered_twice(Version::v3_1_1, qos));
        EXPECT_EQ(played.differences(), Names{}) << unsigned(qos);
        EXPECT_LT(played.took, 1s);
        EXPECT_NE(played.choices().find("may be sent again on the same connection"), std::string::npos);
        EXPECT_NE(play(delivered_twice(Version::v5, qos)).differences(), Names{});  // 4.4.0-1
    }
}

/// The target sends the octets of a delivery again, before they are answered.
class Repeating final : public net::Loop {
public:
    net::Time now() const override { return network.now(); }
    net::TimerId call_at(net::Time at, std::function<void()> call) override {
        return network.call_at(at, std::move(call));
    }
    void cancel(net::TimerId id) override { network.cancel(id); }
    std::unique_ptr<net::Stream> dial(const net::Target& target, net::Events& events) override {
        ears_.push_back(std::make_unique<Ear>(events));
        return network.dial(target, *ears_.back());
    }
    conformance::VirtualNetwork network{reference::Settings{}};

private:
    struct Ear final : net::Events {
        explicit Ear(net::Events& of) : owner(of) {}
        void on_open() override { owner.on_open(); }
        void on_bytes(mqtt::View bytes) override {
            owner.on_bytes(bytes);
            std::string again(mqtt::bytes(bytes));
            if ((std::uint8_t(again[0]) & 0xf6) != 0x32) return;
            again[0] = char(0x3a);
            owner.on_bytes(mqtt::octets(again));
        }
        void on_end(net::End end, std::string why) override { owner.on_end(end, std::move(why)); }
        net::Events& owner;
    };
    std::vector<std::unique_ptr<Ear>> ears_;
};

TEST(Repeats, of_a_delivery_may_come) {
    for (const auto v : {Version::v3_1_1, Version::v5}) {
        Script s;
        s.join("ear", v).subscribe("ear", "t", QoS::at_least_once).join("mouth", v);
        s.send("mouth", mqtt::Publish{.topic = "t", .payload = "x"});
        s.send("mouth", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1, .payload = "y"})
            .expect("mouth", mqtt::Puback{.packet_id = 1})
            .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"})
            .expect("ear", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 1, .payload = "y"})
            .send("ear", mqtt::Puback{.packet_id = 1});
        s.leave("mouth").leave("ear");
        Repeating loop;
        const Plan p = plan(s.scenario, {});
        Engine engine(loop, p, {.prepare = false});
        engine.start();
        loop.network.run([&] { return engine.finished(); });
        const Played played{engine.take()};
        EXPECT_EQ(played.differences(), v == Version::v5 ? Names{"unexpected PUBLISH"} : Names{});
    }
}

}  // namespace
}  // namespace replay
