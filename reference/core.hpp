// The broker's inside. One class, because links, sessions and messages meet in every packet; its methods are grouped
// by the file they are in.
#pragma once
#include <unordered_set>
#include <utility>

#include "reference/alarms.hpp"
#include "reference/broker.hpp"
#include "reference/link.hpp"
#include "reference/retained.hpp"

namespace reference {

/// Reason codes of 5.0 (section 2.4) that the core gives.
namespace reason {
inline constexpr std::uint8_t success = 0x00, with_will = 0x04, no_matching_subscribers = 0x10,
                              no_subscription_existed = 0x11, continue_authentication = 0x18, re_authenticate = 0x19,
                              unspecified = 0x80, malformed_packet = 0x81, protocol_error = 0x82,
                              unsupported_version = 0x84, bad_client_id = 0x85, bad_login = 0x86, not_authorized = 0x87,
                              server_unavailable = 0x88, server_busy = 0x89, banned = 0x8a, server_shutting_down = 0x8b,
                              bad_authentication_method = 0x8c, keep_alive_timeout = 0x8d, session_taken_over = 0x8e,
                              bad_topic_filter = 0x8f, bad_topic_name = 0x90, packet_id_in_use = 0x91,
                              packet_id_not_found = 0x92, receive_maximum_exceeded = 0x93, bad_topic_alias = 0x94,
                              packet_too_large = 0x95, quota_exceeded = 0x97, retain_not_supported = 0x9a,
                              qos_not_supported = 0x9b, use_another_server = 0x9c, shared_not_supported = 0x9e,
                              identifiers_not_supported = 0xa1, wildcards_not_supported = 0xa2;
}
/// In words, for Reason String.
std::string_view reason_text(std::uint8_t code);
/// The reason code that tells a fault of the codec best.
std::uint8_t reason_for(const mqtt::Fault&, mqtt::Type);

/// A set of sessions by client id.
struct ClientIdHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
    std::size_t operator()(const std::unique_ptr<Session>& s) const { return (*this)(s->client_id); }
};
struct SameClientId {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return id(a) == id(b); }
    static std::string_view id(std::string_view s) { return s; }
    static std::string_view id(const std::unique_ptr<Session>& s) { return s->client_id; }
};

class Core {
public:
    explicit Core(Settings settings);

    // broker.cpp: links in and out
    LinkId open(Time now);
    void identify(LinkId, std::string_view user_name);
    void receive(LinkId, mqtt::View bytes, Time now);
    bool reads(LinkId) const;
    void decide(LinkId, Admission, Time now);
    void lost(LinkId, Time now);
    void tick(Time now);
    std::optional<Time> deadline() const;
    std::span<const LinkId> dirty() const { return dirty_; }
    std::string take(LinkId, bool& close);
    void postpone(LinkId);
    void excuse(LinkId, Time now);
    std::size_t waiting(LinkId id) const { return links_.find(id) ? links_.find(id)->waiting_octets() : 0; }
    void recycle(std::string bytes);
    void set_available(bool available) { settings_.available = available; }
    void shut_down(Time now);
    void keep(Journal&, Broker&, Time now);
    void restore(std::unique_ptr<Session>);
    void restore(MessagePtr retained) { retained_.store(std::move(retained)); }
    Broker::Counts counts() const;
    const Broker::Counters& counters() const { return counters_; }
    void publish(std::string_view topic, std::string_view payload, bool retain, Time now);

private:
    bool breaks(Break b) const { return settings_.policy.breaks(b); }
    const Style& style() const { return settings_.style; }
    /// The journal, for sessions that outlive their connection.
    Journal* keeping(const Session& session) const { return session.expiry != 0 ? journal_ : nullptr; }

    // broker.cpp
    std::size_t run(Link&, mqtt::View bytes);
    std::size_t next_frame(Link&, mqtt::View bytes);
    void dispatch(Link&, const mqtt::Packet&);
    void set_now(Time now) { now_ = std::max(now_, now); }
    void arm(Link&);
    void arm(Session&);
    void link_due(Link&);
    void overrun(Link&);
    void session_due(Session&);

    // faults.cpp: what is wrong, and how a connection ends from our side
    std::size_t on_fault(Link&, mqtt::View bytes, const mqtt::Fault&);
    bool overlooked(const Link&, mqtt::View frame, mqtt::Type) const;
    void fail(Link&, std::uint8_t reason);
    void shut(Link&, bool keep_will = true);
    void disconnect(Link&, std::uint8_t reason, bool say);

    // connect.cpp: CONNECT to CONNACK
    std::size_t first_packet(Link&, mqtt::View bytes);
    bool version_is_served(Link&, mqtt::View body);
    void on_connect(Link&, const mqtt::Connect&, mqtt::View frame);
    void read_limits(Link&, const mqtt::Connect&);
    void admit(Link&, const mqtt::Connect&, std::string_view auth_data);
    bool may_connect(Link&, const mqtt::Connect&, std::string_view client_id);
    bool will_is_served(Link&, const mqtt::Connect&);
    bool client_id_is_served(Link&, const mqtt::Connect&);
    void redirect(Link&);
    void refuse(Link&, std::uint8_t code_3, std::uint8_t code_5);
    void second_connect(Link&);
    void after_refusal(Link&, mqtt::View bytes);

    // connack.cpp
    void accept(Link&, const mqtt::Connect&, bool session_present, bool assigned, std::string_view auth_data);
    void announce(std::vector<mqtt::Property>&, Link&, const mqtt::Connect&);

    // auth.cpp: enhanced authentication
    void start_authentication(Link&, const mqtt::Connect&, mqtt::View frame);
    void on(Link&, const mqtt::Auth&);
    void take_step(Link&, const AuthStep&);
    void refuse_authentication(Link&, const AuthStep&);

    // sessions.cpp: what outlives connections
    Session* find_session(std::string_view client_id);
    Session& attach(Link&, const mqtt::Connect&, std::string_view client_id, bool& present);
    bool may_resume(const Link&, const Session&) const;
    void take_over(Session&);
    void leave(Link&, bool keep_will);
    void part(Session&, bool kept_wrongly);
    void forget_open(Session&);
    void end(Session&);
    void hand_on(Session&, mqtt::QoS);
    void give_to_another(Session&, Delivery);
    void set_expiry(Link&, Session&, const mqtt::Connect&);
    std::string assign_client_id();
    std::string session_key(std::string_view client_id) const;
    void on(Link&, const mqtt::Disconnect&);

    // wills.cpp
    void store_will(Link&, Session&, const mqtt::Connect&);
    void release_will(Session&, bool session_ends);
    void publish_will(Session&);

    // publish.cpp: messages from clients
    void on(Link&, const mqtt::Publish&);
    bool publish_is_served(Link&, const mqtt::Publish&);
    bool resolve_alias(Link&, const mqtt::Publish&, std::string_view& topic);
    bool within_receive_maximum(Link&, const mqtt::Publish&);
    void accept(Link&, const mqtt::Publish&, std::string_view topic);
    bool goes_out_as_it_came(const Link&, const mqtt::Publish&, const Message&) const;
    void accept_qos2(Link&, const mqtt::Publish&, std::string_view topic);
    std::uint8_t objection(const Link&, const Message&);
    bool object(Link&, const mqtt::Publish&, const Message&);
    void acknowledge(Link&, const mqtt::Publish&, std::uint8_t reason);
    void on(Link&, const mqtt::Pubrel&);
    std::uint8_t publish(const MessagePtr&, Subscriptions::Last* = nullptr);
    MessagePtr make_message(const Link&, const mqtt::Publish&, std::string_view topic);
    std::string pack_properties(const mqtt::Properties&, Break reversed);

    // retain.cpp
    void retain(const MessagePtr&);
    bool room_to_retain(std::string_view topic, const Message&);
    std::size_t send_retained(Subscription&, bool is_new, unsigned handling);

    // route.cpp: from a message to its sessions
    std::size_t route(const MessagePtr&, Subscriptions::Last*);
    bool withheld(const Subscription&, const Message&) const;
    std::size_t deliver_each(const Subscriptions::Found&, const MessagePtr&);
    std::size_t deliver_joined(const Subscriptions::Found&, const MessagePtr&);
    void owe(const Subscription&, const MessagePtr&);
    Delivery delivery_for(const Subscription&, const MessagePtr&) const;
    static void join(Delivery&, const Delivery&, bool lowest);
    void owe_group(Group&, const MessagePtr&);
    void deliver(Session&, Delivery);
    void enqueue(Session&, Delivery);
    bool make_room(Session&, std::size_t octets);

    // flow.cpp: deliveries to clients
    void resume(Session&);
    void repeat(Session&, InFlight&);
    void pump(Session&);
    bool has_room(const Session&) const;
    bool start(Session&, const Delivery&);
    bool send_publish(Link&, const Delivery&, std::uint16_t id, bool dup);
    bool send_own(Link&, const Delivery&, std::uint16_t id, bool dup);
    bool gather_properties(Link&, const Delivery&, std::string_view& topic);
    bool alias_topic(Link&, std::string_view& topic);
    void on(Link&, const mqtt::Puback&);
    void on(Link&, const mqtt::Pubrec&);
    void on(Link&, const mqtt::Pubcomp&);
    void settle(Session&, InFlight&, bool repeats_anyway);
    void close(Session&, InFlight&);
    void forget(Session&, const Delivery&);

    // subscribe.cpp
    void on(Link&, const mqtt::Subscribe&);
    std::uint8_t grant(Link&, const mqtt::Subscribe::Entry&, std::uint32_t identifier, bool& is_new);
    std::uint8_t objection(Link&, const mqtt::Subscribe::Entry&, bool is_new);
    std::uint8_t not_offered(const Link&, const mqtt::Subscribe&) const;
    bool is_unoffered_share(const Link&, std::string_view filter) const;
    bool is_unoffered_wildcard(std::string_view filter) const;
    void on(Link&, const mqtt::Unsubscribe&);
    std::uint8_t drop(Session&, std::string_view filter);
    void drop(Session&, Subscription&);
    Subscription& add_subscription(Session&, std::string key, const Link&, std::string_view filter);
    void answer(Link&, const mqtt::Subscribe&, std::vector<mqtt::Suback::Code>&);
    void answer(Link&, const mqtt::Unsubscribe&, std::vector<mqtt::Unsuback::Code>&);

    // broker.cpp
    void on(Link&, const mqtt::Pingreq&);

    // output.cpp: packets to octets
    template <class P>
    bool send(Link&, const P& packet);
    bool send_copy(Link&, const Delivery&, std::uint16_t id, bool dup);
    template <class P>
    void answer(Link&, P packet, std::uint8_t reason);
    void count_sent(std::size_t payload) { ++counters_.publishes_sent, counters_.payload_octets_sent += payload; }
    void mark_dirty(Link&);
    void clean(Link&);
    std::string& outbox(Link&);

    struct Match {
        Session* session;
        Delivery delivery;
    };
    /// The PUBLISH of the message that is being routed, as octets: most of its receivers get the same.
    struct Encoded {
        const Message* of = nullptr;  // none: not to be used
        bool filled = false;
        mqtt::Version version{};
        mqtt::QoS qos{};
        bool retain = false, dup = false;
        std::size_t id_at = 0;  // of the packet identifier, which is each one's own
        std::string_view octets;
        std::string own;  // what `octets` shows, where it is not what came in
    };

    Settings settings_;
    Broker::Counters counters_;
    Time now_{};
    std::uint64_t last_session_ = 0, last_assigned_ = 0;
    Journal* journal_ = nullptr;
    Links links_;
    std::unordered_set<std::unique_ptr<Session>, ClientIdHash, SameClientId> sessions_;
    Alarms link_alarms_;
    std::map<std::pair<Time, std::uint64_t>, Session*> session_timers_;
    std::vector<LinkId> dirty_;
    std::vector<std::unique_ptr<std::string>> pool_, shells_;  // outboxes given back, with and without room
    Subscriptions subscriptions_;
    Retained retained_;
    Time retained_purged_{};
    // Room that is used again by every packet.
    std::vector<Match> matches_;
    MessagePool messages_;
    Encoded encoded_;
    mqtt::View frame_;  // the packet that is being handled
    std::vector<mqtt::Property> properties_;
    mqtt::Packet packet_;
    // For a violation only.
    std::map<std::string, PendingWill, std::less<>> old_wills_;
    std::map<std::string, std::vector<std::string>, std::less<>> old_aliases_;
};

}  // namespace reference
