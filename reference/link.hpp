// One network connection, as the core sees it.
#pragma once
#include <deque>
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

/// What few connections need.
struct Rare {
    std::string user_name;
    Subscriptions::Last last_topic;       // of the client's publishes
    std::vector<std::string> aliases_in;  // by alias (5.0, 3.3.2.3.4)
    std::unordered_map<std::string, std::uint16_t, TextHash, std::equal_to<>> aliases_out;
    std::unique_ptr<Authentication> authentication;
    std::set<std::uint16_t> seen_qos1;  // for a violation only
    std::uint16_t held_pubrel = 0;      // likewise
};

struct Link {
    enum class State : std::uint8_t { fresh, deciding, authenticating, online, closing };

    LinkId id = 0;
    State state = State::fresh;
    Admission decision = Admission::pending;  // of Broker::decide()
    mqtt::Version version = mqtt::Version::v3_1_1;
    bool dirty = false, refused = false, problem_information = true;
    bool identified = false;  // by a certificate: its name stands, and no login is asked for
    bool stalled = false;     // deliveries wait for take()
    bool overrun = false;     // its queue is full, and that ends it
    bool left_open = false;   // a violation keeps it from being closed
    std::uint32_t dirty_at = 0;
    std::uint16_t keep_alive = 0;      // seconds; 0: not watched
    std::uint16_t open_publishes = 0;  // QoS 2 not yet complete, against our Receive Maximum
    std::uint32_t session_expiry = 0;  // as CONNECT had it
    std::uint32_t maximum_packet = std::uint32_t(mqtt::largest_packet);  // the client's (5.0, 3.1.2.11)
    std::uint16_t receive_maximum = 65'535, alias_maximum = 0;           // the client's
    Session* session = nullptr;
    Time heard{};                          // the last packet from the client
    Moment armed;                          // when it is looked at
    std::unique_ptr<std::string> partial;  // an unfinished packet
    std::unique_ptr<std::string> outbox;   // borrowed from a pool
    Lazy<Rare> rare;

    bool v5() const { return version == mqtt::Version::v5; }
    const std::string& user_name() const { return rare.read().user_name; }
    Authentication* authentication() const { return rare.read().authentication.get(); }
    std::size_t waiting_octets() const { return outbox ? outbox->size() : 0; }
};

/// All links, each at the place its id names.
class Links {
public:
    Link& add();
    Link* find(LinkId id) const {
        const auto slot = slot_of(id);
        return slot < table_.size() && table_[slot] && table_[slot]->id == id ? table_[slot].get() : nullptr;
    }
    void remove(LinkId id);
    std::size_t size() const { return table_.size() - free_.size(); }
    /// Of all of them, in the order they were added.
    std::vector<LinkId> ids() const;

private:
    std::deque<std::unique_ptr<Link>> table_;  // grows without slack
    std::vector<std::uint32_t> free_;
    std::uint64_t added_ = 0;
};

}  // namespace reference
