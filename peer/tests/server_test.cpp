// The TCP server around the reference broker: crowds, slow readers, its end, its log.
#include "reference/server.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/resource.h>

#include <csignal>
#include <ctime>
#include <future>
#include <system_error>

#include "net/asio_loop.hpp"
#include "net/tests/listener.hpp"
#include "peer/tests/scenario.hpp"

namespace peer::test {
namespace {

using namespace std::chrono_literals;
using mqtt::Version;

/// One client that comes, waits until all are there, publishes to itself and leaves.
Task<void> visit(Stage& stage, std::string name, std::size_t& present, std::size_t crowd) {
    Peer& peer = stage.dial(name);
    const mqtt::Connect connect{.level = std::uint8_t(stage.version), .client_id = name};
    peer.send(connect);
    co_await peer.expect<mqtt::Connack>();
    ++present;
    while (present < crowd) co_await peer.pause(5ms);
    const mqtt::Subscribe::Entry entries[]{{.filter = name}};
    const mqtt::Subscribe subscribe{.packet_id = 1, .entries = entries};
    peer.send(subscribe);
    co_await peer.expect<mqtt::Suback>();
    const mqtt::Publish publish{.topic = name, .payload = "me"};
    peer.send(publish);
    const mqtt::Publish came = co_await peer.expect<mqtt::Publish>();
    EXPECT_EQ(came.topic, name);
    peer.send(mqtt::Disconnect());
    const Ending end = co_await peer.ending();
    EXPECT_EQ(end.how, net::End::fin);
}

TEST(Server, ServesAThousandAtOnce) {
    constexpr std::size_t crowd = 1000;
    reference::Server server({}, {});
    server.start();
    net::AsioLoop loop;
    Stage stage{loop, {"127.0.0.1", server.port()}, Version::v5};
    std::vector<Running> all(crowd);
    std::size_t present = 0, ended = 0;
    std::string thrown;
    for (std::size_t i = 0; i < crowd; ++i) {
        auto task = visit(stage, "visitor-" + std::to_string(i), present, crowd);
        start(all[i], std::move(task), [&](std::exception_ptr e) {
            ++ended;
            try {
                if (e) std::rethrow_exception(e);
            } catch (const std::exception& x) {
                thrown = x.what();
            }
        });
    }
    EXPECT_TRUE(loop.run_for(60s, [&] { return ended == crowd; })) << ended << " of " << crowd;
    EXPECT_EQ(thrown, "");
}

TEST(Server, TakesNoPortThatIsTaken) {
    const reference::Server first({}, {});
    reference::ServerOptions options;
    options.port = first.port();
    EXPECT_THROW(reference::Server({}, options), std::system_error);
    options.bind = "not an address";
    EXPECT_THROW(reference::Server({}, options), std::system_error);
}

Task<void> stay(Stage& stage, Ending& end, const std::function<void()>& connected) {
    Peer& peer = stage.dial("guest");
    const mqtt::Connect connect{.level = std::uint8_t(stage.version), .client_id = "guest"};
    peer.send(connect);
    co_await peer.expect<mqtt::Connack>();
    connected();
    end = co_await peer.ending();
}

TEST(Server, SaysGoodbyeOnSigtermAndEndsWithinASecond) {
    reference::Server server({}, {});
    std::promise<void> ready;
    std::thread thread([&] { server.run([&] { ready.set_value(); }); });
    ready.get_future().wait();
    net::AsioLoop loop;
    Stage stage{loop, {"127.0.0.1", server.port()}, Version::v5};
    Ending end;
    bool ended = false;
    net::Time asked{};
    const std::function<void()> terminate = [&] {
        asked = loop.now();
        ::kill(::getpid(), SIGTERM);
    };
    const auto running = start(stay(stage, end, terminate), [&](std::exception_ptr e) { ended = !e; });
    EXPECT_TRUE(loop.run_for(10s, [&] { return ended; }));
    stage.peers.clear();
    loop.run_for(1ms);
    thread.join();
    EXPECT_LT(loop.now() - asked, 1s);
    EXPECT_EQ(end.how, net::End::fin);
    ASSERT_TRUE(end.disconnect);
    EXPECT_EQ(end.disconnect->reason, 0x8b);  // 5.0, table 2-6: server shutting down
}

TEST(Server, LogsPacketsAndFaultsButNoPasswords) {
    std::string lines;
    {
        reference::ServerOptions options;
        options.log_level = reference::LogLevel::packets;
        options.log = [&](const std::string& line) { lines += line + '\n'; };
        reference::Server server({}, options);
        server.start();
        net::AsioLoop loop;
        Stage stage{loop, {"127.0.0.1", server.port()}, Version::v5};
        const auto body = [](Stage& s) -> Task<void> {
            Peer& peer = s.dial("logged");
            const mqtt::Connect connect{.client_id = "logged", .user_name = "u", .password = "hush"};
            peer.send(connect);
            co_await peer.expect<mqtt::Connack>();
            peer.send_bytes(std::string_view("\x32\x07\x00\x01" "a\x00\x00\x00z", 9));  // packet identifier 0
            co_await peer.ending();
        };
        bool ended = false;
        const auto running = start(body(stage), [&](std::exception_ptr e) { ended = !e; });
        EXPECT_TRUE(loop.run_for(10s, [&] { return ended; }));
    }
    EXPECT_NE(lines.find("<- CONNECT"), std::string::npos) << lines;
    EXPECT_NE(lines.find("-> CONNACK"), std::string::npos) << lines;
    EXPECT_NE(lines.find("<- PUBLISH: packet identifier"), std::string::npos) << lines;
    EXPECT_NE(lines.find("MQTT-2.2.1-3"), std::string::npos) << lines;
    EXPECT_EQ(lines.find("hush"), std::string::npos) << lines;
}

int open_socket() { return ::socket(AF_INET, SOCK_STREAM, 0); }
void connect_socket(int fd, std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
}

/// Leaves no descriptor to be had, until it is destroyed.
class NoDescriptors {
public:
    explicit NoDescriptors(int first_free) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit tight = before_;
        tight.rlim_cur = rlim_t(first_free);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(Server, WaitsWithoutSpinningWhereDescriptorsRunOut) {
    reference::Server server({}, {});
    server.start();
    net::AsioLoop loop;
    const int client = open_socket();
    {
        const int first_free = ::dup(client);  // everything below is in use
        ::close(first_free);
        const NoDescriptors none(first_free);
        connect_socket(client, server.port());  // the kernel completes it; the server cannot accept it
        const auto before = std::clock();
        loop.run_for(300ms);
        EXPECT_LT(double(std::clock() - before) / CLOCKS_PER_SEC, 0.15);
    }
    const mqtt::Connect connect{.client_id = "patient"};
    net::test::write_all(client, mqtt::encode(connect, Version::v5));
    int error = 0;
    EXPECT_TRUE(net::test::read_all(client, error, 1).starts_with('\x20'));
    ::close(client);
}

/// Connects, subscribes to "flood" and never reads.
int deaf_reader(std::uint16_t port) {
    const int fd = open_socket();
    connect_socket(fd, port);
    const mqtt::Connect connect{.client_id = "deaf"};
    const mqtt::Subscribe::Entry entries[]{{.filter = "flood"}};
    const mqtt::Subscribe subscribe{.packet_id = 1, .entries = entries};
    net::test::write_all(fd, mqtt::encode(connect, Version::v5) + mqtt::encode(subscribe, Version::v5));
    return fd;
}

Task<void> flood(Stage& stage, std::size_t packets) {
    Peer& peer = stage.dial("speaker");
    const mqtt::Connect connect{.client_id = "speaker"};
    peer.send(connect);
    co_await peer.expect<mqtt::Connack>();
    const std::string payload(100'000, 'x');
    const mqtt::Publish publish{.topic = "flood", .payload = payload};
    for (std::size_t i = 0; i < packets; ++i) {
        peer.send(publish);
        if (i % 16 == 15) co_await peer.fence();
    }
    co_await peer.fence();
}

TEST(Server, ResetsAReaderThatIsTooSlowAndServesTheRest) {
    reference::ServerOptions options;
    options.write_patience = 200ms;
    reference::Settings settings;
    settings.limits.outbox_octets = 1 << 20;
    reference::Server server(settings, options);
    server.start();
    const int deaf = deaf_reader(server.port());
    net::AsioLoop loop;
    Stage stage{loop, {"127.0.0.1", server.port()}, Version::v5};
    bool ended = false;
    const auto running = start(flood(stage, 160), [&](std::exception_ptr e) { ended = !e; });
    EXPECT_TRUE(loop.run_for(30s, [&] { return ended; }));
    pollfd end{deaf, 0, 0};  // POLLERR and POLLHUP come unasked
    EXPECT_EQ(::poll(&end, 1, 30'000), 1);
    int error = 0;
    net::test::read_all(deaf, error);
    EXPECT_EQ(error, ECONNRESET);
    ::close(deaf);
}

}  // namespace
}  // namespace peer::test
