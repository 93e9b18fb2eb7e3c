// Logins on threads of their own: bounded, and nobody else waits for them.
#include "reference/login_pool.hpp"

#include <algorithm>
#include <latch>
#include <semaphore>

#include "codec/codec.hpp"
#include "reference/server.hpp"
#include "reference/tests/socket.hpp"

namespace reference::test {
namespace {

using namespace std::chrono_literals;
using Gate = std::counting_semaphore<1000>;
constexpr auto patience = 20s;

Credentials login(LinkId link, std::string_view user, std::string_view password = "p") {
    return {mqtt::Version::v5, "c", user, password, link};
}

struct Answers {
    void give(LinkId link, Admission a) {
        {
            const std::lock_guard lock(mutex);
            all.emplace_back(link, a);
        }
        came.release();
    }
    std::mutex mutex;
    std::vector<std::pair<LinkId, Admission>> all;
    Gate came{0};
};

TEST(LoginPool, AnswersEachLoginOnce) {
    Answers answers;
    LoginPool pool({.threads = 3, .waiting = 100}, [](const Credentials& c) {
        EXPECT_EQ(c.client_id, "c");
        return c.password == "right" ? Admission::granted : Admission::bad_login;
    }, [&](LinkId link, Admission a) { answers.give(link, a); });
    for (LinkId i = 0; i < 100; ++i)
        EXPECT_EQ(pool.take(login(i, "u", i % 2 ? "right" : "wrong")), Admission::pending);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(answers.came.try_acquire_for(patience));
    std::ranges::sort(answers.all);
    for (LinkId i = 0; i < 100; ++i)
        EXPECT_EQ(answers.all[i], std::pair(i, i % 2 ? Admission::granted : Admission::bad_login));
}

TEST(LoginPool, MoreThanMayWaitIsBusy) {
    Gate begun{0}, open{0};
    Answers answers;
    LoginPool pool({.threads = 1, .waiting = 2, .waiting_octets = 20}, [&](const Credentials&) {
        begun.release();
        open.acquire();
        return Admission::granted;
    }, [&](LinkId link, Admission a) { answers.give(link, a); });
    EXPECT_EQ(pool.take(login(1, "a")), Admission::pending);
    ASSERT_TRUE(begun.try_acquire_for(patience));  // it waits no more
    EXPECT_EQ(pool.take(login(2, "b")), Admission::pending);
    EXPECT_EQ(pool.take(login(3, "much too long a name")), Admission::busy) << "octets count too";
    EXPECT_EQ(pool.take(login(4, "c")), Admission::pending);
    EXPECT_EQ(pool.take(login(5, "d")), Admission::busy);
    open.release(3);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(answers.came.try_acquire_for(patience));
    EXPECT_EQ(pool.take(login(6, "seventeen letters")), Admission::pending) << "their octets are free again";
    open.release();
    ASSERT_TRUE(answers.came.try_acquire_for(patience));
}

TEST(LoginPool, EndsWithLoginsWaiting) {
    std::latch begun(1);
    int checked = 0;
    {
        LoginPool pool({.threads = 1}, [&](const Credentials&) {
            if (checked++ == 0) begun.count_down();
            std::this_thread::yield();
            return Admission::granted;
        }, [](LinkId, Admission) {});
        for (LinkId i = 0; i < 200; ++i) pool.take(login(i, "u"));
        begun.wait();
    }
    EXPECT_GE(checked, 1);
}

TEST(LoginPool, NoUserNameIsCheckedAtOnce) {
    LoginPool pool({.threads = 1, .waiting = 0}, [](const Credentials& c) {
        return c.user_name ? Admission::granted : Admission::not_authorized;
    }, [](LinkId, Admission) {});
    EXPECT_EQ(pool.take({mqtt::Version::v5, "c", {}, {}}), Admission::not_authorized);
    EXPECT_EQ(pool.take(login(1, "u")), Admission::busy);
}

std::string connect(std::string_view id, std::optional<std::string_view> user = {}) {
    mqtt::Connect c{.level = 4, .clean_start = true};
    c.client_id = id;
    if (user) c.user_name = *user, c.password = "p";
    return mqtt::encode(c, mqtt::Version::v3_1_1);
}
const std::string accepted("\x20\2\0\0", 4), ping("\xc0\0", 2), pong("\xd0\0", 2);

class ServerLogin : public testing::Test {
protected:
    ServerOptions options() {
        ServerOptions o;
        o.logins = {.threads = 1, .waiting = 1};
        o.login = [this](const Credentials& c) {
            if (!c.user_name) return Admission::granted;
            begun.release();
            open.acquire();
            return *c.user_name == "good" ? Admission::granted : Admission::bad_login;
        };
        return o;
    }
    void SetUp() override { server.start(); }
    void TearDown() override { open.release(100); }
    Gate begun{0}, open{0};
    Server server{{}, options()};
};

TEST_F(ServerLogin, OthersAreServedMeanwhile) {
    Wire slow(server.port()), other(server.port()), third(server.port()), fourth(server.port());
    slow.send(connect("slow", "good") + ping);
    ASSERT_TRUE(begun.try_acquire_for(patience));
    other.send(connect("other") + ping);
    EXPECT_EQ(other.read(6), accepted + pong);
    // Of two more one waits, and the other is told that the server is busy: which, is the kernel's choice.
    third.send(connect("third", "bad"));
    fourth.send(connect("fourth", "bad"));
    const bool third_is_busy = Wire::readable_first(third, fourth);
    EXPECT_EQ((third_is_busy ? third : fourth).read_all(), std::string("\x20\2\0\3", 4));
    open.release(2);
    EXPECT_EQ(slow.read(6), accepted + pong);
    EXPECT_EQ((third_is_busy ? fourth : third).read_all(), std::string("\x20\2\0\4", 4));
}

TEST_F(ServerLogin, MuchMayFollowConnectAtOnce) {
    Wire client(server.port());
    std::string much = connect("eager", "good");
    const std::string payload(1 << 20, 'x');
    for (std::uint16_t i = 1; i <= 4; ++i)
        much += mqtt::encode(mqtt::Publish{.qos = mqtt::QoS::at_least_once, .topic = "t", .packet_id = i,
                                           .payload = payload}, mqtt::Version::v3_1_1);
    std::thread writer([&] { client.send(much); });
    EXPECT_TRUE(begun.try_acquire_for(patience));
    open.release();
    EXPECT_EQ(client.read(20).substr(0, 8), accepted + std::string("\x40\2\0\1", 4));
    writer.join();
}

TEST_F(ServerLogin, AClientThatGoesMeanwhileIsHarmless) {
    {
        Wire gone(server.port());
        gone.send(connect("gone", "good"));
        ASSERT_TRUE(begun.try_acquire_for(patience));
    }
    open.release(2);
    Wire next(server.port());
    next.send(connect("next", "good"));
    EXPECT_EQ(next.read(4), accepted);
}

TEST_F(ServerLogin, TheServerEndsWhileOneIsPending) {
    Wire client(server.port());
    client.send(connect("c", "good"));
    ASSERT_TRUE(begun.try_acquire_for(patience));
    std::thread end([this] { server.stop(); });
    EXPECT_EQ(client.read_all(), "");
    open.release();
    end.join();
}

}  // namespace
}  // namespace reference::test
