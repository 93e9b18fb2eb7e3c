// What a client does wrong, told from the octets of its connection alone: the codec's faults, and the rules of a session
// that can be seen to be broken. Sans-I/O: for the broker, for captures and for replays alike.
// It accuses only where no honest client could have sent this: packets may have crossed, an acknowledgement may be
// lost, and what an earlier connection left is known only as far as that was watched too.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/framer.hpp"

namespace reference {

/// One statement that a client broke. Views live for the call.
struct Accusation {
    std::string_view client;     // its id; empty before CONNECT
    std::string_view statement;  // MQTT-... or X-...
    std::string_view what;
    mqtt::View packet;  // where it was seen; empty for a CONNECT or AUTH that holds secrets
};

/// What a client has sent above QoS 0 in its session, and what was not settled.
struct ClientSession {
    struct Sent {
        mqtt::QoS qos{};
        bool here = false;        // sent on the present connection
        bool released = false;    // by a PUBREL
        bool must_repeat = true;  // after a reconnect; what may expire may be dropped
        unsigned pubrecs = 0, pubrels = 0;
        std::uint64_t order = 0;  // of the first sends
        std::size_t hash = 0;     // of topic and payload
    };
    static constexpr std::size_t most = 1024;
    std::map<std::uint16_t, Sent> publishes;
    std::uint64_t order = 0;
    bool whole = true;  // all of the session was watched, and fitted in
};

/// Sessions of clients between their connections, the last ones used: what falls out is not known any more.
class ClientMemory {
public:
    explicit ClientMemory(std::size_t most = 1'000) : most_(most) {}
    /// nullptr: not known.
    std::shared_ptr<ClientSession> find(const std::string& client);
    void keep(const std::string& client, std::shared_ptr<ClientSession>);
    void forget(const std::string& client);

private:
    using Known = std::list<std::pair<std::string, std::shared_ptr<ClientSession>>>;
    std::size_t most_;
    Known known_;  // the last used first
    std::unordered_map<std::string, Known::iterator> by_client_;
};

/// Follows both directions of one connection, in the order in which the server took and gave them.
class ClientJudge {
public:
    using Time = std::chrono::milliseconds;
    using Tell = std::function<void(const Accusation&)>;
    struct Options {
        Time grace{};            // for so long after CONNACK a packet may have been sent before the client saw it
        Time slack{};            // for so long a packet may have waited to be read, beyond 1.5 times Keep Alive
        std::size_t most = 100;  // accusations of a connection; there are no more
    };
    ClientJudge(ClientMemory& memory, Tell tell, Options options)
        : memory_(memory), tell_(std::move(tell)), options_(options) {}

    void received(mqtt::View, Time now);
    void sent(mqtt::View, Time now);
    const std::string& client() const { return client_; }

private:
    enum class Phase : std::uint8_t { fresh, connecting, online, left, over };
    struct Settled {
        std::size_t hash = 0;
        bool refused = false;  // by a reason of 0x80 or above
    };

    void packet(mqtt::View);
    void first(mqtt::View);
    void faults(mqtt::View);
    void oversized();
    void keep_alive(bool alone);
    void tell(std::string_view v3_1_1, std::string_view v5, std::string_view what);
    bool v5() const { return version_ == mqtt::Version::v5; }
    bool informed() const;
    bool starts_afresh() const;
    std::string_view hidden_or(mqtt::View) const;

    // client_judge.cpp: from the client
    void on(const mqtt::Connect&);
    void on(const mqtt::Auth&);
    void on(const mqtt::Disconnect&);
    template <class P>
    void on(const P&) {}

    // client_judge_flow.cpp: from the client
    void on(const mqtt::Publish&);
    void on(const mqtt::Puback&);
    void on(const mqtt::Pubrec&);
    void on(const mqtt::Pubrel&);
    void on(const mqtt::Pubcomp&);
    void on(const mqtt::Subscribe&);
    void on(const mqtt::Unsubscribe&);
    bool resolve_alias(const mqtt::Publish&, std::string_view& topic);
    void within_limits(const mqtt::Publish&);
    void again(const mqtt::Publish&, ClientSession::Sent&, bool same);
    void afresh(const mqtt::Publish&, std::size_t hash);
    void within_quota();
    void request(std::uint16_t id);
    bool acknowledge(std::deque<std::uint16_t>& due, std::uint16_t id, std::string_view out_of_order);
    void stray(mqtt::QoS acknowledged, std::uint16_t id);

    // client_judge_flow.cpp: from the server
    void gave(const mqtt::Connack&);
    void gave(const mqtt::Publish&);
    void gave(const mqtt::Puback&);
    void gave(const mqtt::Pubrec&);
    void gave(const mqtt::Pubrel&);
    void gave(const mqtt::Pubcomp&);
    void gave(const mqtt::Suback& p) { requests_.erase(p.packet_id); }
    void gave(const mqtt::Unsuback& p) { requests_.erase(p.packet_id); }
    void gave(const mqtt::Disconnect&) { phase_ = Phase::over; }
    template <class P>
    void gave(const P&) {}
    void settle(std::uint16_t id, bool refused);

    ClientMemory& memory_;
    Tell tell_;
    Options options_;
    mqtt::Framer in_, out_;
    mqtt::Version version_ = mqtt::Version::v3_1_1;
    Phase phase_ = Phase::fresh;
    bool forgot_ = false;                       // some of what was settled
    bool pipelined_ = false, reacted_ = false;  // to something that came after CONNACK
    bool clean_ = false, present_ = false, persistent_ = false;
    std::string client_, method_;
    std::uint32_t keep_alive_ = 0, expiry_ = 0;
    Time now_{}, connack_at_{}, heard_{};
    mqtt::View shown_;  // the packet that is looked at
    std::size_t told_ = 0;

    // The server's limits.
    std::uint32_t receive_maximum_ = 65'535, maximum_packet_ = std::uint32_t(mqtt::largest_packet), alias_maximum_ = 0;
    mqtt::QoS maximum_qos_ = mqtt::QoS::exactly_once;
    bool retain_available_ = true;

    std::shared_ptr<ClientSession> session_;
    std::size_t open_here_ = 0;                           // publishes of this connection that use up quota
    std::uint64_t last_repeat_ = 0;                       // in the order of the first sends
    std::unordered_map<std::uint16_t, Settled> settled_;  // on this connection
    std::set<std::uint16_t> requests_;                    // SUBSCRIBE and UNSUBSCRIBE without an answer
    std::unordered_map<std::uint32_t, std::string> aliases_;
    std::size_t alias_octets_ = 0;
    std::deque<std::uint16_t> due_pubacks_, due_pubrecs_, due_pubrels_;
    std::set<std::uint16_t> begun_;  // deliveries of QoS 2 that PUBREC was sent for
    std::multiset<std::uint16_t> due_pubcomps_;
};

/// The version a CONNECT asks for; nullopt: none that has a table of statements (3.1, a bridge, an unknown level).
std::optional<mqtt::Version> judged_version(mqtt::View connect);

}  // namespace reference
