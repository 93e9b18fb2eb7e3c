// A broker, its clients and a clock that only moves when told.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "codec/codec.hpp"
#include "reference/broker.hpp"

namespace reference::test {

using namespace std::chrono_literals;
using mqtt::Property;
using mqtt::QoS;
using mqtt::Version;
namespace property = mqtt::property;

class Net;

/// The other end of one link. Every packet that comes is decoded strictly: a malformed one fails the test.
class Client {
public:
    Client(Net& net, Version version);
    template <class P> void send(const P& packet) { raw(mqtt::encode(packet, version)); }
    void raw(std::string_view bytes);
    /// The connection breaks without DISCONNECT.
    void cut();
    /// The next packet, whatever it is.
    mqtt::Packet next() {
        if (frames.empty()) {
            ADD_FAILURE() << "no packet has come";
            return mqtt::Pingreq{};
        }
        kept.push_back(std::make_unique<std::string>(std::move(frames.front())));
        frames.pop_front();
        mqtt::Packet packet;
        mqtt::Fault fault;
        mqtt::decode(packet, mqtt::octets(*kept.back()), version, fault);
        EXPECT_FALSE(fault) << fault.field << ": " << fault.what;
        return packet;
    }
    /// The next packet, which has to be a P.
    template <class P> P take() {
        const mqtt::Packet packet = next();
        if (const P* p = std::get_if<P>(&packet)) return *p;
        ADD_FAILURE() << "not expected: " << mqtt::print(packet, version);
        return P{};
    }
    std::string subscribe(std::string_view filter, QoS qos = QoS::exactly_once, unsigned options = 0);
    bool quiet() const { return frames.empty(); }
    bool answers_ping() {
        send(mqtt::Pingreq{});
        return !quiet() && std::holds_alternative<mqtt::Pingresp>(next());
    }

    Net& net;
    Version version;
    LinkId link;
    bool closed = false;
    std::string input;
    std::deque<std::string> frames;
    std::vector<std::unique_ptr<std::string>> kept;  // so that views stay good
};

struct Hello {
    std::string id = "c";
    bool clean = true;
    std::uint16_t keep_alive = 0;
    std::vector<Property> properties{};
    std::optional<mqtt::Will> will{};
    std::optional<std::string> user{}, password{};
};

class Net {
public:
    explicit Net(Settings settings = {}) : broker(std::move(settings)) {}

    Client& dial(Version v) {
        clients.push_back(std::make_unique<Client>(*this, v));
        by_link[clients.back()->link] = clients.back().get();
        return *clients.back();
    }
    /// Sends CONNECT; the answer is not taken.
    Client& greet(Version v, const Hello& hello) {
        Client& c = dial(v);
        mqtt::Connect connect{
            .level = static_cast<std::uint8_t>(v), .clean_start = hello.clean, .keep_alive = hello.keep_alive};
        if (v == Version::v3_1) connect.protocol = "MQIsdp";
        connect.client_id = hello.id;
        connect.properties = std::span<const Property>(hello.properties);
        connect.will = hello.will;
        if (hello.user) connect.user_name = *hello.user;
        if (hello.password) connect.password = *hello.password;
        c.send(connect);
        return c;
    }
    Client& connect(Version v, const Hello& hello) {
        Client& c = greet(v, hello);
        connack = c.take<mqtt::Connack>();
        EXPECT_EQ(connack.code, 0);
        return c;
    }
    Client& connect(Version v, const char* id) { return connect(v, Hello{.id = id}); }
    /// Kept for ever, in either version.
    Client& persistent(Version v, std::string id, bool clean = false) {
        Hello hello{.id = std::move(id), .clean = clean};
        if (v == Version::v5) hello.properties = {{property::session_expiry_interval, 0xffffffffu}};
        return connect(v, hello);
    }
    void flush() {
        while (!broker.dirty().empty()) {
            const LinkId id = broker.dirty().back();
            bool close = false;
            const auto bytes = broker.take(id, close);
            by_link[id]->input += bytes;
            if (close) by_link[id]->closed = true;
            log += std::to_string(id) + ':' + bytes + (close ? "|" : "");
            split(*by_link[id]);
        }
    }
    /// Time passes, deadline by deadline.
    void pass(Time span) {
        const Time end = now + span;
        while (broker.deadline() && *broker.deadline() <= end) {
            now = std::max(now, *broker.deadline());
            broker.tick(now);
            flush();
        }
        now = end;
    }

    Broker broker;
    Time now{1'000'000};
    mqtt::Connack connack;
    std::vector<std::unique_ptr<Client>> clients;
    std::map<LinkId, Client*> by_link;
    std::string log;  // all that was sent to whom, and each close

private:
    static void split(Client& c) {
        mqtt::Fault fault;
        for (mqtt::Frame f; (f = mqtt::frame(mqtt::octets(c.input), c.version, fault)).size != 0;) {
            c.frames.push_back(c.input.substr(0, f.size));
            c.input.erase(0, f.size);
        }
    }
    friend class Client;
};

inline Client::Client(Net& n, Version v) : net(n), version(v), link(n.broker.open(n.now)) {}
inline void Client::raw(std::string_view bytes) {
    net.broker.receive(link, mqtt::octets(bytes), net.now);
    net.flush();
}
inline void Client::cut() {
    net.broker.lost(link, net.now);
    net.flush();
    closed = true;
}
/// The codes of SUBACK. Options are those of 5.0, QoS bits left out.
inline std::string Client::subscribe(std::string_view filter, QoS qos, unsigned options) {
    const mqtt::Subscribe::Entry entries[]{{filter, qos, (options & 4) != 0, (options & 8) != 0,
                                            static_cast<std::uint8_t>(options >> 4 & 3)}};
    send(mqtt::Subscribe{77, {}, entries});
    const auto suback = take<mqtt::Suback>();
    EXPECT_EQ(suback.packet_id, 77);
    std::string codes;
    for (const auto& code : suback.codes) codes.push_back(static_cast<char>(code.value));
    return codes;
}

inline mqtt::Publish message(std::string_view topic, std::string_view payload, QoS qos = QoS::at_most_once,
                             std::uint16_t id = 0, bool retain = false) {
    return {.qos = qos, .retain = retain, .topic = topic, .packet_id = id, .payload = payload};
}

class BothVersions : public testing::TestWithParam<Version> {
protected:
    Version v = GetParam();
    bool v5() const { return v == Version::v5; }
    std::uint8_t code(std::uint8_t v3, std::uint8_t in5) const { return v5() ? in5 : v3; }
};
#define BOTH_VERSIONS(Suite)                                                                                        \
    INSTANTIATE_TEST_SUITE_P(, Suite, testing::Values(Version::v3_1_1, Version::v5),                                \
                             [](const auto& i) { return i.param == Version::v5 ? "v5" : "v3_1_1"; })

}  // namespace reference::test
