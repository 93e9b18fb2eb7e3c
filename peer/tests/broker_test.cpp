// Peers against the reference broker: its TCP server on a thread of its own, and the virtual network.
#include <gtest/gtest.h>

#include "conformance/virtual_network.hpp"
#include "net/asio_loop.hpp"
#include "peer/tests/scenario.hpp"
#include "reference/server.hpp"

namespace peer::test {
namespace {

using namespace std::chrono_literals;
using mqtt::Version;

/// "" or what the task threw.
struct Result {
    bool ended = false;
    std::string thrown;
    Running::Done done() {
        return [this](std::exception_ptr e) {
            ended = true;
            try {
                if (e) std::rethrow_exception(e);
            } catch (const std::exception& x) {
                thrown = x.what();
            }
        };
    }
};

reference::Settings settings() {
    reference::Settings s;
    s.limits.time_to_connect = 5s;
    return s;
}

using ByPeer = std::map<std::string, std::vector<std::string>>;

void play_over_tcp(ByPeer& by_peer, Version version) {
    reference::Server server(settings(), {});
    server.start();
    net::AsioLoop loop;
    Stage stage{loop, {"127.0.0.1", server.port()}, version};
    Result result;
    const auto running = start(conversation(stage), result.done());
    EXPECT_TRUE(loop.run_for(30s, [&] { return result.ended; }));
    EXPECT_EQ(result.thrown, "");
    by_peer = stage.stories();
}

void play_in_memory(ByPeer& by_peer, std::vector<std::string>& in_order, Version version) {
    conformance::VirtualNetwork network(settings());
    Stage stage{network, {}, version};
    Result result;
    const auto running = start(conversation(stage), result.done());
    network.run([&] { return result.ended; });
    EXPECT_TRUE(result.ended);
    EXPECT_EQ(result.thrown, "");
    EXPECT_EQ(network.now(), net::Time(0)) << "nobody has to wait for anything";
    by_peer = stage.stories();
    in_order = stage.story();
}

class Stories : public testing::TestWithParam<Version> {};

TEST_P(Stories, AreTheSameOverTcpAndInMemory) {
    ByPeer tcp, memory, again;
    std::vector<std::string> order, order_again;
    play_in_memory(memory, order, GetParam());
    play_in_memory(again, order_again, GetParam());
    EXPECT_EQ(order, order_again);
    play_over_tcp(tcp, GetParam());
    EXPECT_EQ(tcp, memory);
    EXPECT_EQ(memory.size(), 3u);
    EXPECT_GT(order.size(), 30u);
}
INSTANTIATE_TEST_SUITE_P(BothVersions, Stories, testing::Values(Version::v3_1_1, Version::v5));

/// Connects with a keep alive of 2 s and says no more.
Task<void> fall_silent(Stage& stage, net::Duration& lasted) {
    Peer& peer = stage.dial("sleeper");
    const mqtt::Connect packet{.level = std::uint8_t(stage.version), .keep_alive = 2, .client_id = "sleeper"};
    peer.send(packet);
    co_await peer.expect<mqtt::Connack>();
    const auto since = stage.loop.now();
    const Ending end = co_await peer.ending(8s);
    EXPECT_EQ(end.how, net::End::fin);
    lasted = stage.loop.now() - since;
}

TEST(VirtualNetwork, TimeJumpsToTheDeadlinesOfTheBroker) {
    for (const auto version : {Version::v3_1_1, Version::v5}) {
        conformance::VirtualNetwork network(settings());
        Stage stage{network, {}, version};
        Result result;
        net::Duration lasted{};
        const auto before = std::chrono::steady_clock::now();
        const auto running = start(fall_silent(stage, lasted), result.done());
        network.run([&] { return result.ended; });
        EXPECT_EQ(result.thrown, "");
        EXPECT_GE(lasted, 3s);  // one and a half times the keep alive: 3.1.2-24, 3.1.2-22
        EXPECT_LE(lasted, 4s);
        EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
    }
}

TEST(VirtualNetwork, ATimeoutTakesNoTimeAndARunEndsWhereNothingIsLeft) {
    conformance::VirtualNetwork network(settings());
    Stage stage{network, {}, Version::v5};
    Peer& peer = stage.dial("waiting");
    const auto body = [](Peer& p) -> Task<void> { co_await p.expect<mqtt::Connack>(3s); };
    Result result;
    const auto running = start(body(peer), result.done());
    network.run();
    EXPECT_TRUE(result.ended);
    EXPECT_NE(result.thrown.find("CONNACK did not come within 3000 ms"), std::string::npos) << result.thrown;
    EXPECT_EQ(network.now(), net::Time(3s));
    network.run();
    EXPECT_EQ(network.now(), net::Time(3s));
}

Task<void> reset_the_owner(Stage& stage) {
    Peer& watcher = stage.dial("watcher");
    const mqtt::Connect plain{.level = std::uint8_t(stage.version), .client_id = "watcher"};
    watcher.send(plain);
    co_await watcher.expect<mqtt::Connack>();
    const mqtt::Subscribe::Entry entries[]{{.filter = "will"}};
    const mqtt::Subscribe subscribe{.packet_id = 1, .entries = entries};
    watcher.send(subscribe);
    co_await watcher.expect<mqtt::Suback>();

    Peer& owner = stage.dial("owner");
    mqtt::Connect with_will{.level = std::uint8_t(stage.version), .client_id = "owner"};
    with_will.will = mqtt::Will{.topic = "will", .payload = "gone"};
    owner.send(with_will);
    co_await owner.expect<mqtt::Connack>();
    owner.reset();
    const mqtt::Publish will = co_await watcher.expect<mqtt::Publish>();
    EXPECT_EQ(will.payload, "gone");
    watcher.close();
}

TEST(Resets, ReachTheBrokerOnBothNetworks) {
    conformance::VirtualNetwork network(settings());
    Stage in_memory{network, {}, Version::v5};
    Result memory;
    const auto first = start(reset_the_owner(in_memory), memory.done());
    network.run([&] { return memory.ended; });
    EXPECT_TRUE(memory.ended);
    EXPECT_EQ(memory.thrown, "");

    reference::Server server(settings(), {});
    server.start();
    net::AsioLoop loop;
    Stage over_tcp{loop, {"127.0.0.1", server.port()}, Version::v5};
    Result tcp;
    const auto second = start(reset_the_owner(over_tcp), tcp.done());
    EXPECT_TRUE(loop.run_for(30s, [&] { return tcp.ended; }));
    EXPECT_EQ(tcp.thrown, "");
    EXPECT_EQ(over_tcp.stories(), in_memory.stories());
}

}  // namespace
}  // namespace peer::test
