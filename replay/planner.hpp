// Private to replay/: the walk over a scenario that makes a plan.
#pragma once
#include <set>
#include <tuple>
#include <utility>

#include "replay/plan.hpp"

namespace replay {

class Planner {
public:
    Planner(const scenario::Scenario& s, const PlanOptions& o);
    Plan take();

private:
    struct Subscription {
        std::size_t asked = none, granted = none;  // SUBSCRIBE and SUBACK
        mqtt::QoS qos{};                           // asked for; once it is known, granted
        unsigned entry = 0;                        // its place in SUBSCRIBE
        bool is_known = false;                     // SUBACK granted it
        bool no_local = false, retain_as_published = false;
        bool was_known = false;  // an earlier SUBSCRIBE had made it, with this QoS
        mqtt::QoS had{};
    };
    /// What a client keeps from one connection to the next.
    struct Client {
        std::map<std::string, Subscription, std::less<>> subscriptions;
        std::map<std::uint16_t, std::size_t> requests, deliveries;       // by packet identifier, the last ones
        std::map<std::uint16_t, std::size_t> early_acks, early_answers;  // the capture has them before what they answer
        std::map<std::string, std::size_t, std::less<>> held;            // by filter: the holding that is not over
        std::map<std::pair<std::size_t, int>, std::size_t> causes;       // by content and QoS: the next one
        std::map<std::size_t, std::size_t> explained;  // by content: the last cause of a single delivery
        unsigned session = 0;                          // of its sessions, which
        bool seen = false;
    };
    /// One connection.
    struct Link {
        Client* client = nullptr;
        std::map<std::uint16_t, std::string> client_aliases, server_aliases;
        std::size_t connect = none;
        std::size_t proven = none;    // the last request of it that was answered: all before it was read
        bool resumed = false;         // CONNACK said so
        bool unknown_before = false;  // it did, and the capture has not seen that session begin
        bool disconnected = false, over = false;
        std::string damage;  // what the capture lacks of the client's side
    };
    /// A delivery to overlapping subscriptions.
    struct Copy {
        std::size_t item;
        std::vector<mqtt::QoS> granted;  // of those that match
    };
    /// Deliveries alike in one session, from the first on that subscriptions overlapped for.
    struct Copies {
        std::size_t after = none;  // the last cause of those before
        std::vector<Copy> all{};
    };
    /// A message that copies may be of.
    struct Original {
        std::size_t item;
        mqtt::QoS qos;
        std::size_t matching;  // subscriptions
        std::vector<mqtt::QoS> delivered{};
    };
    using CopiesKey = std::tuple<std::string, unsigned, std::size_t>;  // client id, its session, content
    struct Published {
        std::size_t item;
        bool retain;
        mqtt::QoS qos;
    };
    struct Message {
        std::string_view topic, payload;
        mqtt::QoS qos;
        bool retain;
    };
    /// SUBSCRIBE or UNSUBSCRIBE.
    struct Change {
        std::size_t item;
        std::vector<std::string> filters;
    };

    void choose_sessions();
    void add(std::size_t i);
    void from_client(std::size_t i);
    void from_server(std::size_t i);
    void from_faulty_client(std::size_t i);
    void sent(std::size_t i, mqtt::Connect& p);
    void sent(std::size_t i, mqtt::Publish& p);
    void sent(std::size_t i, mqtt::Subscribe& p);
    void sent(std::size_t i, mqtt::Unsubscribe& p);
    void sent(std::size_t i, mqtt::Disconnect& p);
    void sent_acknowledgement(std::size_t i, std::uint16_t id, mqtt::Type type);
    void came(std::size_t i, mqtt::Connack& p);
    void came(std::size_t i, mqtt::Publish& p);
    void came_answer(std::size_t i, std::uint16_t id);
    void came_release(std::size_t i, std::uint16_t id);
    std::size_t cause_of(std::size_t i, const mqtt::Publish& p);
    void find_cause(std::size_t i, const mqtt::Publish& p);
    void find_subscriptions(std::size_t i, const mqtt::Publish& p);
    void hold(std::size_t i, const std::string& filter, bool no_local);
    void forget(std::size_t i);
    void granted(std::size_t request, const mqtt::Suback& p, std::size_t i);
    std::vector<mqtt::QoS> granted(std::size_t delivery);
    void released(std::size_t request, std::size_t i);
    void find_causes_of_copies();
    void find_causes_of_copies(const Copies& copies);
    void group_copies();
    void find_unread();
    void find_unacknowledged();
    std::vector<Original> originals(const Copies& copies) const;
    CopiesKey copies_key(std::size_t i, std::size_t hash);
    std::size_t last_retained(std::size_t i, const mqtt::Publish& p) const;
    bool is_own(std::size_t i, std::size_t hash) const;
    bool is_sent_again(std::size_t i, const mqtt::Publish& p);
    void refused(Subscription& s, const std::string& filter, std::size_t i);
    bool is_repeat(std::size_t i, const mqtt::Publish& p);
    void settle_cause(std::size_t i, std::size_t cause, bool retain);
    void explain_early(std::size_t i, std::size_t hash);
    void link_early_ack(std::size_t delivery, std::uint16_t id);
    void link_answer(std::size_t i, std::size_t request);
    bool is_answered(std::size_t request, mqtt::Type type) const;
    bool is_near(std::size_t before, std::size_t after) const;
    void soften(std::size_t i, const std::string& why);
    bool may_cause(const Published& m, std::size_t delivery, mqtt::QoS qos) const;
    void find_repeats();
    void note_repeat(std::size_t i, std::size_t first);
    class Timers;
    void find_timers();
    void find_races();
    std::size_t end_of_flow(std::size_t i) const;
    bool is_over(std::size_t i, std::size_t now) const;
    void note_race(std::size_t publication, const Change& change);
    Message message(std::size_t i) const;
    void note_retained(std::size_t i);
    void note_unreleased(std::size_t i);
    void soften_raced();
    void closes(std::size_t i);
    void end_will(std::size_t i);
    void replace_login(std::size_t i, mqtt::Connect& p);
    std::string_view keep(std::string text);
    std::string mapped(std::string_view topic) const;
    mqtt::Properties mapped(const mqtt::Properties& properties, mqtt::Version v);
    void request(std::size_t i, std::uint16_t id);
    std::size_t repeated_by(std::size_t i, std::uint16_t id);
    bool may_be_answered(std::size_t request, mqtt::Type type) const;
    bool is_from_before(const Link& l) const { return l.resumed && l.unknown_before; }

    const scenario::Step& step(std::size_t i) const { return scenario_.steps[i]; }
    Link& link(std::size_t i) { return links_[step(i).session]; }
    Item& item(std::size_t i) { return plan_.items[i]; }

    const scenario::Scenario& scenario_;
    const PlanOptions& options_;
    Plan plan_;
    std::vector<Link> links_;
    std::map<std::string, Client, std::less<>> clients_;
    std::unordered_map<std::size_t, std::vector<Published>> published_;  // by content_hash
    std::set<std::string> retained_;
    std::vector<Change> changes_;
    std::set<std::pair<std::size_t, std::string>> raced_;       // publication and client id
    std::set<std::size_t> contested_;                           // retained publications
    std::map<std::string, std::size_t> retained_last_;          // the last publication, by topic
    std::map<std::string, std::vector<std::size_t>> contests_;  // contents, by topic, until another one is stored
    std::map<CopiesKey, Copies> copies_;
    std::unordered_map<std::size_t, std::vector<std::size_t>> unexplained_;  // deliveries, by content
    std::map<std::size_t, std::size_t> wills_ended_;  // by the step from which on they may be published: CONNECT
    std::deque<std::vector<mqtt::Property>> property_lists_;
};

}  // namespace replay
