// One network connection, as the core sees it.
#pragma once
#include <set>

#include "codec/codec.hpp"
#include "reference/session.hpp"
#include "reference/subscriptions.hpp"

namespace reference {

/// An enhanced authentication under way or done (5.0, section 4.12).
struct Authentication {
    std::string method;
    AuthExchange exchange;
    std::string connect;  // the CONNECT that waits for the outcome; empty once it is admitted
};

struct Link {
    enum class State : std::uint8_t { fresh, deciding, authenticating, online, closing };

    LinkId id = 0;
    State state = State::fresh;
    Admission decision = Admission::pending;  // of Broker::decide()
    mqtt::Version version = mqtt::Version::v3_1_1;
    bool dirty = false, refused = false, problem_information = true;
    bool stalled = false;    // deliveries wait for take()
    bool left_open = false;  // a violation keeps it from being closed
    std::size_t dirty_at = 0;
    Session* session = nullptr;
    Time opened{}, heard{};               // heard: the last packet from the client
    std::optional<Time> armed;
    std::uint32_t keep_alive = 0;         // seconds; 0: not watched
    std::uint16_t receive_maximum = 65'535, alias_maximum = 0;  // the client's (5.0, 3.1.2.11)
    std::size_t maximum_packet = mqtt::largest_packet;          // the client's
    std::uint32_t session_expiry = 0;     // as CONNECT had it
    std::size_t open_publishes = 0;       // QoS 2 not yet complete, against our Receive Maximum
    std::string partial;                  // an unfinished packet
    std::string outbox;
    std::string user_name;
    Subscriptions::Last last_topic;       // of the client's publishes
    std::vector<std::string> aliases_in;  // by alias (5.0, 3.3.2.3.4)
    std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>> aliases_out;
    std::unique_ptr<Authentication> authentication;
    std::set<std::uint16_t> seen_qos1;    // for a violation only
    std::uint16_t held_pubrel = 0;        // likewise

    bool v5() const { return version == mqtt::Version::v5; }
};

}  // namespace reference
