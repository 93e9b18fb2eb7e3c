// What the judge remembers: messages, sessions with their subscriptions, and connections.
#pragma once
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "codec/codec.hpp"
#include "codec/framer.hpp"
#include "model/model.hpp"

namespace model {

using mqtt::QoS;
using mqtt::Version;

/// Counts what was told; things that happened between the same two counts have no known order.
using Seq = std::uint64_t;
inline constexpr Seq never = std::numeric_limits<Seq>::max();
inline constexpr Time no_time = Time::max();

/// A statement in both versions.
using Ids = mqtt::Ids;

struct OwnProperty {
    std::uint32_t id = 0, number = 0;
    std::string text, value;
    bool operator==(const OwnProperty&) const = default;
};
using OwnProperties = std::vector<OwnProperty>;

/// One application message: a PUBLISH, however often it was sent at QoS 2, or a will.
struct Message {
    std::size_t number = 0;
    std::string topic, payload, publisher;
    QoS qos{};
    bool retain = false, will = false, from_v5 = false;
    OwnProperties passed_on;
    std::optional<std::uint32_t> expiry;  // seconds
    Seq sent = never, done = never;       // the server took it somewhere between
    Seq released = never;                 // PUBREL was sent
    Time sent_at = no_time, done_at = no_time;
    bool optional = false;                // the server need not forward it
    Ids forbidden{};                      // it must not be forwarded, by this statement
    bool claimed = false;                 // claims to it were made
    bool wild = false;                    // published where nothing is judged
    bool is_forbidden() const { return !forbidden.v3_1_1.empty() || !forbidden.v5.empty(); }
};

/// One making of a subscription: a SUBSCRIBE that is repeated makes another.
struct Subscription {
    std::string filter, matched;
    bool shared = false, no_local = false, retain_as_published = false, made_in_v5 = false;
    QoS asked{};
    std::optional<QoS> granted{};
    std::uint32_t identifier = 0;
    unsigned retain_handling = 0;
    std::optional<bool> is_new{};  // nullopt: nobody knows
    Seq from = never, sure_from = never, sure_until = never, until = never;
    bool refused = false, unavailable = false;  // the latter: the server does not offer it

    bool sure() const { return sure_from != never && sure_until == never; }
    bool possible() const { return !refused && until == never; }
};

/// A delivery to a session, first time.
struct Copy {
    enum class State { open, settled, refused, broken_off };
    std::size_t session = 0;
    State state = State::settled;
    QoS qos{};
    bool retain = false, v5 = false;
    std::vector<std::uint32_t> identifiers{};  // sorted
    Seq at = 0;
    std::uint16_t packet_id = 0;
};

/// A retained message that a new subscription is owed: one of these.
struct RetainedClaim {
    std::vector<std::size_t> messages;
    QoS most{};
    Seq from = 0;
};
/// A message that a session is owed.
struct Claim {
    std::size_t message = 0;
    QoS qos{};
    std::vector<std::size_t> subscriptions;
};
/// A time at which a subscription asked for retained messages.
struct RetainedQuery {
    std::size_t subscription = 0;
    Seq from = 0, until = never;
};

/// A delivery above QoS 0 that is not settled.
struct Open {
    std::string topic, payload;
    QoS qos{};
    bool released = false;         // PUBREC was sent
    bool unsure = false;           // an acknowledgement was sent that may not have been dealt with
    bool settling = false;         // by it the delivery is settled
    ConnectionId last_on = 0;      // where it or its PUBREL was sent last
    ConnectionId published_on = 0; // where the PUBLISH was sent last: counts against Receive Maximum there
    ConnectionId first_on = 0;
    Seq order = 0, release_order = 0;
};

/// A QoS 2 PUBLISH of the client that is not complete.
struct Inbound {
    std::size_t message = 0;
    bool received = false;  // PUBREC came
    unsigned pubrels = 0;
};

struct Session {
    std::size_t number = 0;
    std::string client_id;
    bool vague = false;           // resumed or not: 3.1 does not tell
    ConnectionId connection = 0;  // 0: none
    Seq online_since = never;
    Time ends_from = no_time, ends_until = no_time;
    std::vector<Subscription> subscriptions;
    std::vector<RetainedQuery> queries;
    std::vector<Claim> claims;
    std::vector<RetainedClaim> retained_claims;
    std::map<std::uint16_t, Open> open;
    struct Settled {
        std::string content;
        bool refused = false;
    };
    std::map<std::uint16_t, Settled> settled;         // by the identifier used last
    std::map<std::uint16_t, Inbound> inbound;
    struct Last {
        Seq sent = 0, released = 0;
        std::size_t message = 0;
    };
    std::map<std::string, std::vector<Last>> orders;  // what was delivered, by publisher, topic and QoS
    std::vector<std::pair<Seq, std::size_t>> packet_sizes;  // the largest taken, and until when
    std::optional<std::size_t> pending_will;
    Time will_from = no_time, will_until = no_time;
};

struct Connection {
    enum class State { fresh, connecting, refused, online, closed };
    ConnectionId id = 0;
    State state = State::fresh;
    Version version = Version::v3_1_1;
    std::string client_id;
    std::optional<std::size_t> session;
    mqtt::Framer from_client, from_server;
    bool lost_track = false;

    // CONNECT
    bool clean = false, problem_information = true, asks_response_information = false;
    bool wants_refusal = false, may_refuse = false;  // the CONNECT has to be refused, or may be
    std::uint32_t keep_alive = 0, expiry = 0;
    std::uint16_t receive_maximum = 65'535, alias_maximum = 0;
    std::size_t maximum_packet = mqtt::largest_packet;
    std::optional<Message> will;
    std::uint32_t will_delay = 0;
    Seq connect_at = never;
    Time last_sent{};
    bool empty_id = false;

    // CONNACK
    std::uint32_t told_expiry = 0;
    std::uint16_t server_receive_maximum = 65'535, server_alias_maximum = 0;
    QoS maximum_qos = QoS::exactly_once;
    bool retain_available = true, wildcards = true, identifiers = true, shares = true, expiry_told = false;
    std::optional<std::uint32_t> server_keep_alive;

    // under way
    std::multimap<std::uint16_t, std::size_t> pubacks, pubrecs;  // messages that wait for an answer
    std::multiset<std::uint16_t> pubcomps, unknown_pubrecs;
    std::set<std::uint16_t> open_qos2;              // the client's, against the server's Receive Maximum
    struct Subscribing {
        std::vector<std::size_t> subscriptions;
    };
    std::map<std::uint16_t, Subscribing> subacks;
    struct Unsubscribing {
        std::vector<std::string> filters;
        std::vector<std::optional<bool>> held;
    };
    std::map<std::uint16_t, Unsubscribing> unsubacks;
    std::size_t pings = 0;
    std::deque<std::uint16_t> pubrels;              // identifiers of PUBRECs that wait for PUBREL
    std::vector<std::string> aliases_out;           // the client's, by alias
    std::map<std::uint32_t, std::string> aliases_in;
    std::vector<std::size_t> quick;                 // QoS 0 messages, done at the next rest
    Seq repeat_order = 0, pubrel_repeat_order = 0;  // of the last repeat

    bool must_end = false;  // because of must_close
    Ids must_close{};
    bool may_close = false, leaving = false, server_disconnected = false, taken_over = false, keeps_will = true;
    std::optional<std::uint32_t> disconnect_expiry;

    bool v5() const { return version == Version::v5; }
    std::string_view in(const Ids& ids) const { return version == Version::v3_1 ? ids.v3_1_1 : ids.in(version); }
};

}  // namespace model
