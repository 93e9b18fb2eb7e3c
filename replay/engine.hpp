// Sends a plan's client side again on live connections, and hears what the target answers. One thread, on any net::Loop.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "net/loop.hpp"
#include "replay/judge.hpp"
#include "replay/link.hpp"

namespace replay {

enum class Pacing { causal, clock };

struct EngineOptions {
    net::Target target{};
    Rules rules{};
    Pacing pacing = Pacing::causal;
    double speed = 0;                                  // times the capture's; 0: as fast as answers come
    net::Duration max_gap = std::chrono::seconds(5);   // the longest pause kept, after scaling
    net::Duration patience = std::chrono::seconds(5);  // for an answer; beyond the time it took in the capture
    bool prepare = true;  // first ends the sessions and clears the retained messages that the replay will make
    std::function<bool()> cancelled = [] { return false; };
};

/// Causal: a step is taken once everything that the server sent before it in the capture has come or been given up, and
/// what other clients sent without an answer has been read by the target (PINGREQ, PINGRESP).
/// Clock: a step is taken at its time, once the answers to its own connection's requests before it have come.
class Engine final : private LinkOwner {
public:
    /// Plan and loop outlive it.
    Engine(net::Loop& loop, const Plan& plan, EngineOptions options);
    ~Engine();
    void start();
    bool finished() const { return phase_ == Phase::over; }
    /// Once finished, or at any time: what has come to pass.
    Result take();

private:
    enum class Phase : std::uint8_t { preparing, steps, awaiting, fencing, settling, parting, over };
    /// What a client's packet identifiers are now; outlives connections.
    struct Ids {
        std::map<std::uint16_t, std::uint16_t> now;     // by captured ones
        std::map<std::uint16_t, std::size_t> requests;  // open ones, by those of now
    };
    struct Request {
        std::uint16_t id = 0;
        bool sent = false, recorded = false, released = false;
        bool answered = false;  // PUBACK or PUBREC came
        unsigned repeats = 0;   // of it that were sent on the same connection, and not answered by themselves
    };
    struct Delivery {
        std::size_t session = none;
        std::uint16_t id = 0;
        mqtt::QoS qos{};
        bool answered = false;
    };

    void opened(Link&) override {}
    void came(Link&, mqtt::View packet) override;
    void ended(Link&) override;
    bool keeps_alive(const Link&) const override;

    // engine.cpp: when
    void advance();
    void run_steps();
    bool is_taken(std::size_t i) const;
    void pass(std::size_t i);
    bool is_due(std::size_t i);
    net::Time expired_at(std::size_t i) const;
    bool is_answered(std::size_t i);
    bool is_fenced(std::size_t i);
    bool has_room(std::size_t i);
    bool is_full(std::size_t i) const;
    bool fence(Link& link);
    void wake_at(net::Time at);
    void progress();
    void after_steps();
    void give_up_overdue();
    net::Duration patience() const;
    net::Duration allowance() const;
    net::Time deadline() const;
    const Link* silent_for(std::size_t i) const;
    bool is_parted(std::size_t i);
    std::string why_it_cannot_come(std::size_t i);
    std::string why_it_did_not_come(std::size_t i);
    void lose(const std::string& why);
    void resolved(std::size_t i);
    void await(std::size_t i);

    // engine_send.cpp: what is sent
    void perform(std::size_t i);
    void skip(std::size_t i, const std::string& why);
    void open(std::size_t i);
    void send(std::size_t i, Link& link);
    void send_raw(std::size_t i, Link& link);
    void send(std::size_t i, Link& link, mqtt::Connect p);
    void send(std::size_t i, Link& link, mqtt::Publish p);
    void send_request(std::size_t i, Link& link, mqtt::Packet p, std::uint16_t captured_id);
    void repeat(std::size_t i, Link& link, mqtt::Publish p);
    void acknowledge(std::size_t i, Link& link);
    void answer(std::size_t delivery, std::size_t ack);
    void release(std::size_t request, std::size_t ack, Link& link);
    std::uint16_t new_id(Ids& ids, std::uint16_t captured, bool again);
    void put(std::size_t i, Link& link, std::string octets);

    // engine_receive.cpp: what comes
    void came_pingresp(Link&);
    void came_connack(Link&, mqtt::Connack& p, const Arrival& arrival);
    void came_publish(Link&, mqtt::Publish& p, Arrival arrival);
    std::size_t repeated_by(const Link&, const mqtt::Publish& p, const std::string& topic) const;
    void came_again(std::size_t first, Arrival arrival);
    void came_answer(Link&, mqtt::Type type, std::uint16_t id, unsigned reason, Arrival arrival);
    void close_request(Link&, Ids& ids, std::uint16_t id, mqtt::Type type);
    void came_release(Link&, std::uint16_t id, const Arrival& arrival);
    void came_other(Link&, Arrival arrival);
    void take(std::size_t i, const Arrival& arrival);
    void unexpected(Arrival arrival);
    Link* link(std::size_t session) { return links_[session].get(); }
    bool is_live(std::size_t session) { return links_[session] && !links_[session]->over; }

    net::Loop& loop_;
    const Plan& plan_;
    const EngineOptions options_;
    Judge judge_;
    Phase phase_ = Phase::preparing;
    std::vector<std::unique_ptr<Link>> links_;
    std::map<std::string, Ids, std::less<>> ids_;
    std::map<std::string, std::string, std::less<>> assigned_;  // client ids of now, by captured ones
    std::vector<Request> requests_;                             // by item
    std::vector<Delivery> deliveries_;                          // by item
    std::map<std::size_t, net::Time> clocks_;                   // when those of the plan began
    std::map<std::size_t, net::Time> given_up_;                 // and from when on it is late
    std::set<std::size_t> awaited_;                             // passed, and not come yet
    std::set<std::size_t> silent_;                              // of those: what a silent client sets off
    std::set<std::size_t> unfenced_;                            // sessions
    std::vector<Skipped> skipped_;
    class Preparer;
    std::unique_ptr<Preparer> preparer_;
    std::size_t cursor_ = 0;
    net::Time due_{}, progress_{}, settle_until_{};
    scenario::Time reached_{};  // the capture's time of the last step done
    net::TimerId timer_ = 0;
    double shrink_ = 1;
    bool heard_ = false, accepted_ = false, busy_ = false, again_ = false, interrupted_ = false;
    std::uint64_t sent_ = 0;
    std::size_t surplus_ = 0;  // octets that nobody expects
    std::string lost_;
    net::Time started_{};
};

}  // namespace replay
