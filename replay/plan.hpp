// What of a scenario is sent and what is awaited: ids linked, aliases resolved, causes found, and what cannot be known
// named. Knows no network and no time.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "scenario/scenario.hpp"

namespace replay {

inline constexpr std::size_t none = SIZE_MAX;
inline constexpr std::string_view unknown_publisher = "its publisher is not in the capture";

struct Login {
    std::optional<std::string> user_name, password;
};

struct PlanOptions {
    std::string client_id_prefix{};
    std::vector<std::pair<std::string, std::string>> topic_map{};  // beginnings of topic names and filters
    std::function<bool(const std::string& session, const std::string& client)> selects{};  // none: all
    /// The login of a client; nothing: the captured one stays.
    std::function<std::optional<Login>(const std::string& client_id, const std::string& user_name)> login{};
};

enum class Role : std::uint8_t {
    open,     // the client connects
    send,     // CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH, or raw octets
    ack,      // the client's PUBACK or PUBREC for a delivery, its PUBREL for a PUBREC: where `partner` has come
    close,    // the client ends the connection
    expect,   // a packet of the server
    closed,   // the server ended the connection
    nothing,  // live by itself (PINGREQ, PUBCOMP), not compared (PINGRESP), or only noted (gap)
};

/// One step of the scenario.
struct Item {
    Role role = Role::nothing;
    mqtt::Type type{};           // of the packet
    bool whole = false;          // `packet` is one
    mqtt::Packet packet{};       // with topics and client ids as they are to be
    std::uint16_t raw_id = 0;    // not whole: the packet identifier that it seems to have
    std::string topic{};         // PUBLISH: with its alias resolved
    std::string skip{};          // not empty: why it is not sent, or not judged at all
    std::string soft{};          // expect, closed: why it is not awaited, and inconclusive where it does not come
    std::size_t cause = none;    // PUBLISH of the server: the client's PUBLISH, or the end of a session with a will
    std::size_t partner = none;  // an answer: the request; ack: what is answered
    std::vector<std::size_t> answers{};  // a request: to it, in their order; a delivery: its PUBREL
    std::vector<std::string> shares{};   // a delivery: the shared subscriptions it may have come by
    unsigned matching = 0;               // a delivery: subscriptions that match, and may bring a copy each
    bool retained = false;               // a delivery: for a new subscription, and not live
    bool mixed_retain = false;           // a delivery: those that match say different things of RETAIN
    std::size_t subscribed = none;       // a delivery: the last SUBSCRIBE of those that match
    std::size_t copies = none;           // a delivery: its place in Plan::copies
    std::size_t ack = none;              // a delivery: the client's PUBACK or PUBREC; its own QoS 2 PUBLISH: its PUBREL
    std::size_t repeat_of = none;  // PUBLISH of either side once more on the same connection, unanswered: the first one
    unsigned repeats = 0;          // of a PUBLISH: how many there are
    bool again = false;            // an answer to a repeat, or one of the server: servers are free to leave it out
    bool completed = false;        // PUBREL of the server: the client answered it
    bool stored = false;           // a delivery: published before its receiver's connection began
};

struct Connection {
    std::string client;  // its client id; what the server assigned; or the session's name
    bool replayed = true;
    std::string why_not{};
    std::size_t last_sent = 0;                 // the last step of its client, PINGREQ and acks included
    std::string damage{};                      // octets of either side are missing in the capture: what
    std::size_t connect = none, close = none;  // the client's CONNECT; the end of the connection
    bool resumed = false;                      // the server had its session
    bool is_from_before = false;               // and that session began before the capture
    std::size_t unacknowledged = none;         // the first delivery that the client did not acknowledge
    std::chrono::seconds keep_alive{};         // CONNECT's, or the server's
    bool fell_silent = false;                  // for that long, and then the server ended it
    std::vector<std::size_t> expects{};
};

/// A subscription of a client, from SUBSCRIBE until UNSUBACK or the end of its session.
struct Holding {
    std::size_t from = 0, to = none;
    std::string filter{};
    bool no_local = false;
};

/// As long either of two retained messages may be there.
struct Contest {
    scenario::Time from{}, to{};
};

/// A filter of an UNSUBSCRIBE, and what made the subscription; `subscribe` none: it is not known to be held.
struct Held {
    std::size_t subscribe = none;
    unsigned entry = 0;
};

/// Real time that has to pass between two steps, for what expired in the capture.
struct Wait {
    std::size_t from;
    std::chrono::seconds lasts;
};

struct Plan {
    const scenario::Scenario* scenario = nullptr;  // outlives the plan
    std::vector<Item> items;                       // one for each step
    std::vector<Connection> connections;           // one for each session
    std::vector<std::string> retained_topics;      // that clients publish to with RETAIN
    /// By content and client id: how many deliveries may come or not, as they crossed with a change of subscriptions.
    std::map<std::pair<std::size_t, std::string>, unsigned> raced;
    std::map<std::size_t, std::vector<Contest>> contested;  // by content that two clients retained at the same time
    std::map<std::size_t, std::size_t> unreleased;          // QoS 2 PUBLISH without PUBREL: its content
    std::map<std::string, std::vector<Holding>, std::less<>> holdings;  // by client id
    std::map<std::size_t, std::vector<Held>> unsubscribed;              // by UNSUBSCRIBE: its filters
    std::vector<std::vector<std::size_t>> copies;  // deliveries of one message on one connection, more than one may be
    std::set<std::string, std::less<>>
        mixed_shares;              // shared subscriptions, a member of which gets the same by its own one too
    std::set<std::size_t> unread;  // PUBLISH of which nothing shows that the server read it
    std::map<std::size_t, std::vector<Wait>> waits;  // by the step that is not taken before
    std::set<std::size_t> clocks;                    // the steps they begin at
    std::set<std::size_t> expired;                   // contents that did so after longer than is waited
    bool mapped = false;                             // topics are others than in the capture
    std::deque<std::string> kept;                    // what views in packets point to
};

/// Throws scenario::ScenarioError: a login that is masked and not given.
Plan plan(const scenario::Scenario&, const PlanOptions&);

inline constexpr std::string_view delivered_again =
    "what is not acknowledged may be sent again on the same connection, or not (3.1.1, 4.4)";
inline constexpr std::string_view repeats_are_answered = "one answer to each repeat of it, or one to all (4.4)";

/// A key for what subscribers see of a message.
std::size_t content_hash(std::string_view topic, std::string_view payload);
std::optional<std::uint16_t> packet_id(const mqtt::Packet&);
/// Does a filter of a subscription, shared or not, match?
bool filter_matches(std::string_view filter, std::string_view topic);
/// How many subscriptions a client may have had at that step that match; `own`: for what it published itself.
unsigned matching_at(const Plan&, const std::string& client, std::string_view topic, std::size_t step, bool own);

}  // namespace replay
