// A client and a server as they talk, for the judge; both say what the test wants.
#pragma once
#include <gtest/gtest.h>

#include <functional>

#include "codec/codec.hpp"
#include "codec/hex.hpp"
#include "reference/client_judge.hpp"

namespace reference::test {

using namespace std::chrono_literals;
using mqtt::Property;
using mqtt::QoS;
using mqtt::Version;
namespace property = mqtt::property;

class Scene {
public:
    explicit Scene(Version v, ClientJudge::Options o = {}) : version(v), options(o) { dial(); }

    void dial() {
        judge = std::make_unique<ClientJudge>(memory, [this](const Accusation& a) {
            told.emplace_back(a.statement);
            last = {std::string(a.client), std::string(a.what), std::string(mqtt::bytes(a.packet))};
        }, options);
    }
    void raw(std::string_view bytes) { judge->received(mqtt::octets(bytes), now += 1ms); }
    /// From the client, from the server.
    template <class P> void c(const P& p) { raw(mqtt::encode(p, version)); }
    template <class P> void s(const P& p) { judge->sent(mqtt::octets(mqtt::encode(p, version)), now += 1ms); }
    void connect(const mqtt::Connect& connect, bool present = false, std::vector<Property> limits = {}) {
        mqtt::Connect c4 = connect;
        c4.level = static_cast<std::uint8_t>(version);
        c(c4);
        s(mqtt::Connack{present, 0, std::span<const Property>(limits)});
    }
    void hello(std::vector<Property> limits = {}) { connect({.client_id = "c"}, false, std::move(limits)); }
    /// A session that is kept.
    void keep(bool clean = false, bool present = false, std::vector<Property> limits = {}) {
        const Property expiry[]{{property::session_expiry_interval, 1000u}};
        mqtt::Connect connect_{.clean_start = clean && version == Version::v5, .client_id = "c"};
        if (version == Version::v5) connect_.properties = expiry;
        connect(connect_, present, std::move(limits));
    }
    /// The connection breaks, and the client comes back to its session.
    void come_back(bool present = true, std::vector<Property> limits = {}) {
        dial();
        keep(false, present, std::move(limits));
    }
    void publish(QoS qos, std::uint16_t id, bool dup = false, std::string_view payload = "x") {
        c(mqtt::Publish{.dup = dup, .qos = qos, .topic = "t", .packet_id = id, .payload = payload});
    }
    void deliver(QoS qos, std::uint16_t id) { s(mqtt::Publish{.qos = qos, .topic = "t", .packet_id = id}); }

    struct Last {
        std::string client, what, packet;
    };
    Version version;
    ClientJudge::Options options;
    ClientMemory memory;
    std::unique_ptr<ClientJudge> judge;
    ClientJudge::Time now{1'000'000};
    std::vector<std::string> told;
    Last last;
};

inline constexpr auto q1 = QoS::at_least_once, q2 = QoS::exactly_once;
inline constexpr auto v4 = Version::v3_1_1, v5 = Version::v5;
using mqtt::Puback, mqtt::Pubrec, mqtt::Pubrel, mqtt::Pubcomp;

/// A client that breaks one statement, and nothing else.
struct Broken {
    Version version;
    std::string_view statement;
    std::function<void(Scene&)> play;
};
/// Those the session's rules tell, and those the codec tells.
std::vector<Broken> broken_rules();
std::vector<Broken> broken_formats();

}  // namespace reference::test
