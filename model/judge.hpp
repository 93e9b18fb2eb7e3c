// The judge's inside; its methods are grouped by the file they are in.
#pragma once
#include "model/state.hpp"

namespace model {

struct Model::Judge {
    struct Slot;
    explicit Judge(Time s) : slack(s) {}

    // model.cpp: octets to packets, time, findings
    void accuse(const Connection&, const Ids&, std::string what, bool advice = false);
    void advance(Time);
    void from_client(Connection&, mqtt::View packet);
    void from_server(Connection&, mqtt::View packet);
    void on_server_fault(Connection&, const mqtt::Fault&);
    void must_close(Connection&, const Ids&);
    void dispatch_client(Connection&, const mqtt::Packet&);
    void dispatch_server(Connection&, const mqtt::Packet&);
    Session* session_of(Connection&);

    // connections.cpp: CONNECT, CONNACK, DISCONNECT, closes
    void client_sends(Connection&, const mqtt::Connect&);
    void server_sends(Connection&, const mqtt::Connack&);
    void read_offer(Connection&, const mqtt::Connack&);
    void refused(Connection&, const mqtt::Connack&);
    void judge_session_present(Connection&, bool present, const Session* known);
    void take_over(Session&);
    Session& begin_session(Connection&);
    void client_sends(Connection&, const mqtt::Disconnect&);
    void server_sends(Connection&, const mqtt::Disconnect&);
    void closed(Connection&, Closer);
    void judge_close(Connection&);
    void leave(Connection&);
    void end_session(Session&);
    Session* find_session(const std::string& client_id);

    // wills.cpp
    void will_on_leave(Connection&, Session&);
    void will_on_return(Session&, bool clean);
    void will_on_end(Session&);
    void wills_due();
    void come_early(Message&);
    void judge_early_wills();

    // requests.cpp: SUBSCRIBE, UNSUBSCRIBE, PINGREQ and their answers
    void client_sends(Connection&, const mqtt::Subscribe&);
    void server_sends(Connection&, const mqtt::Suback&);
    void judge_grant(Connection&, Session&, Subscription&, std::uint8_t code);
    void client_sends(Connection&, const mqtt::Unsubscribe&);
    void server_sends(Connection&, const mqtt::Unsuback&);

    // publishes.cpp: the client's PUBLISH and PUBREL, and their answers
    void client_sends(Connection&, const mqtt::Publish&);
    bool resolve_alias(Connection&, const mqtt::Publish&, std::string& topic);
    Ids beyond_offer(const Connection&, const Session&, const mqtt::Publish&) const;
    std::size_t make_message(Connection&, const mqtt::Publish&, const std::string& topic);
    void finish(Message&);
        void client_sends(Connection&, const mqtt::Pubrel&);
    void server_sends(Connection&, const mqtt::Puback&);
    void server_sends(Connection&, const mqtt::Pubrec&);
    void server_sends(Connection&, const mqtt::Pubcomp&);

    // deliveries.cpp: the server's PUBLISH and PUBREL, and the client's answers
    void server_sends(Connection&, const mqtt::Publish&);
    bool resolve_server_alias(Connection&, const mqtt::Publish&, std::string& topic);
    bool is_repeat(Connection&, Session&, const mqtt::Publish&, const std::string& topic);
    void judge_repeat(Connection&, Open&, const mqtt::Publish&, const std::string& topic);
    void judge_first(Connection&, Session&, const mqtt::Publish&, const std::string& topic);
    bool judge_dup(Connection&, Session&, const mqtt::Publish&, const std::string& topic);
    void accept(Connection&, Session&, const mqtt::Publish&, const std::vector<std::size_t>& list, const Slot&);
    void judge_window(Connection&, Session&);
    void judge_doubts();
    void judge_properties(Connection&, const Message&, const mqtt::Publish&);
    void server_sends(Connection&, const mqtt::Pubrel&);
    void client_sends(Connection&, const mqtt::Puback&);
    void client_sends(Connection&, const mqtt::Pubrec&);
    void client_sends(Connection&, const mqtt::Pubcomp&);
    void settle(Session&, std::uint16_t id, Open&, bool refused);
    void mark_copy(const Session&, std::uint16_t id, Copy::State);

    // claims.cpp: who may have which message, and in how many copies
    struct Slot {
        std::size_t session = 0;                    // 0: of a share
        std::set<unsigned> qos;
        std::set<bool> retain;
        std::vector<std::uint32_t> sure, possible;  // identifiers, sorted
        bool reusable = false;                      // 3.8.4: QoS 1 granted at QoS 0 may come twice
        std::optional<std::size_t> message;         // of a live copy: for the order
        std::vector<Slot> members;                  // of a share: one of them gets it
        bool may_take(const Copy&) const;
    };
    bool may_match(const Subscription&, const Message&) const;
    bool must_match(const Subscription&, const Message&) const;
    bool is_expired(const Message&, bool surely) const;
    Slot slot_for(const Subscription&, const Message&, bool retained) const;
    std::vector<Slot> slots(const std::vector<std::size_t>& messages, const std::vector<Copy>&, bool merged) const;
    void add_plain_slots(std::vector<Slot>&, const Session&, const Message&, bool merged) const;
    void add_retained_slots(std::vector<Slot>&, const Session&, const Message&) const;
    void add_share_slots(std::vector<Slot>&, const std::set<std::size_t>& sessions, const Message&) const;
    static std::optional<std::vector<std::size_t>> assign(const std::vector<Slot>&, const std::vector<Copy>&);
    const Session& any_session(std::size_t number) const;
    Ids why_not(const Session&, const std::vector<std::size_t>& messages, const std::vector<Copy>&) const;
    Ids why_odd(const Session&, const Message&, const Copy&) const;
    std::size_t copies_to(const Session&, const std::string& content) const;
    void judge_order(Connection&, Session&, const Message&, QoS);
    bool may_be_last(const Message&, Seq from, Seq until) const;

    // owed.cpp: at rest
    void claim(Message&);
    void claim_retained(Connection&, Session&, std::size_t subscription, Seq from);
    static bool fits(const Connection&, const Session&, std::size_t size, Seq since);
    bool is_owed(const Connection&, const Session&, const Message&) const;
    void judge_answers(Connection&);
    void judge_claims(Connection&, Session&);
    void judge_repeats(Connection&, Session&);
    void judge_shares();
    void settle_unsure(Session&, ConnectionId);
    void rest();

    Time slack, now{};
    Seq seq = 0, last_rest = 0;
    std::map<ConnectionId, Connection> connections;
    std::map<std::size_t, Session> sessions;  // those that may exist
    std::map<std::size_t, Session> ended;     // of use for what they had of shares
    std::size_t last_session = 0;
    std::map<std::string, std::vector<Copy>> copies;  // by topic, a zero, and payload
    std::deque<Message> messages;
    std::map<std::string, std::vector<std::size_t>> by_content;
    std::vector<std::size_t> retained;        // messages with RETAIN 1, in order
    struct ShareClaim {
        std::size_t message;
        std::string filter;
        std::vector<std::size_t> members;     // sessions
    };
    std::vector<ShareClaim> share_claims;
    std::map<std::string, Seq> share_changes;  // when its members changed last, by filter
    struct Doubt {                            // a copy that a share may explain once all is told
        ConnectionId connection;
        std::string content;
        Seq at;
        std::string what;
    };
    std::vector<Doubt> doubts;
    std::vector<std::size_t> early_wills;     // that came before the end of their connection was told
    std::vector<Finding> findings;
};

inline std::string content(std::string_view topic, std::string_view payload) {
    return std::string(topic) + '\0' + std::string(payload);
}

}  // namespace model
