// Private to replay/: which captured packet a packet that comes now stands for, and what the difference is. Sans-I/O.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "replay/compare.hpp"
#include "replay/plan.hpp"
#include "replay/result.hpp"

namespace replay {

/// A packet of the target; `octets` empty: the end of the connection.
struct Arrival {
    std::size_t session = 0;
    mqtt::Version version{};
    std::string octets{}, topic{};
    std::string note{};    // why it ended, or what is wrong with it
    std::string excuse{};  // why it says nothing that nobody expects it
    std::string choice{};  // why a server is free to send it
    mqtt::Type type() const { return octets.empty() ? mqtt::Type{} : mqtt::Type(std::uint8_t(octets[0]) >> 4); }
};

/// A mark for each item; tells those that were marked of late.
class Marks {
public:
    explicit Marks(std::size_t items) : marked_(items) {}
    class Mark {
    public:
        Mark(Marks& of, std::size_t item) : of_(of), item_(item) {}
        operator bool() const { return of_.marked_[item_]; }
        Mark& operator=(bool marked) {
            of_.marked_[item_] = marked;
            if (marked) of_.fresh_.push_back(item_);
            return *this;
        }

    private:
        Marks& of_;
        std::size_t item_;
    };
    bool operator[](std::size_t item) const { return marked_[item]; }
    Mark operator[](std::size_t item) { return {*this, item}; }
    std::vector<std::size_t> take_fresh() { return std::exchange(fresh_, {}); }

private:
    std::vector<bool> marked_;
    std::vector<std::size_t> fresh_;
};

class Judge {
public:
    Judge(const Plan& plan, Rules rules, std::function<std::vector<std::string>(std::size_t session)> ladder);

    /// The client's step was done: what it causes may come.
    void performed(std::size_t item) { performed_[item] = true; }

    /// It was sent, but the connection ended and nobody knows whether it was read.
    void lost(std::size_t item) { performed_[item] = false; }
    bool was_performed(std::size_t item) const { return performed_[item]; }

    /// Items that need not come any more, since it was asked last.
    std::vector<std::size_t> just_relaxed() { return relaxed_.take_fresh(); }

    bool is_open(std::size_t item) const { return states_[item] == State::open; }
    /// Is it to be awaited?
    bool is_awaited(std::size_t item) const;
    /// The item that a delivery stands for; `shares`: the shared subscriptions of that connection now.
    std::size_t find(std::size_t session, const std::string& topic, const mqtt::Publish& p,
                     const std::set<std::string>& shares) const;
    /// The next of that type of a connection: CONNACK, DISCONNECT, AUTH; Type{}: its end.
    std::size_t next(std::size_t session, mqtt::Type type) const;

    /// It came, or another in its place. `late`: seconds since it was given up.
    void take(std::size_t item, const Arrival& arrival, double late = 0, bool in_its_place = false);
    void unexpected(Arrival arrival);
    /// It does not come in time.
    void give_up(std::size_t item);
    /// It cannot come, and that says nothing.
    void excuse(std::size_t item, const std::string& why);

    /// Every answer in its order. Once.
    std::vector<Answer> finish();

private:
    enum class State : std::uint8_t { open, given_up, taken, excused };
    /// What of a copy depends on the subscriptions it came by.
    struct Copy {
        mqtt::QoS qos{};
        std::vector<std::uint32_t> identifiers{};
    };
    struct Received {
        Arrival arrival;
        std::vector<std::string> ladder;
        std::size_t after;  // the last item taken before it
    };
    /// Messages alike; those before `begun` are settled.
    struct Alike {
        std::vector<std::size_t> items{};
        std::size_t begun = 0;
    };
    using AllAlike = std::unordered_map<std::size_t, Alike>;
    std::size_t best(AllAlike&, const std::string& topic, const mqtt::Publish& p,
                     const std::function<bool(std::size_t)>& fits, std::size_t& late) const;
    void note_sent(std::size_t hash, std::size_t item);
    Answer answer_for(std::size_t item) const;
    void fill(Answer& a, const Arrival& arrival) const;
    void compare_with(Answer& a, std::size_t item, const Arrival& arrival) const;
    bool allows_quality(std::size_t item, const Arrival& arrival) const;
    bool may_come(std::size_t item) const;
    std::string why_absent_is_free(std::size_t item) const;
    std::size_t last_heard(std::size_t session) const;
    std::string why_present_is_free(const Arrival& arrival);
    std::string why_it_may_come(std::size_t publication, const mqtt::Publish& p, const Arrival& arrival) const;
    bool is_another_copy(std::size_t session, std::size_t hash, bool retained);
    bool is_subscribed(std::size_t publication, const Arrival& arrival) const;
    bool is_repeated(std::size_t item) const;
    std::vector<std::string_view> shares_of(const std::string& client) const;
    void relax_copies(std::size_t item);
    void settle_missing(std::size_t item);
    void pair_changed();
    Answer surplus_answer(Received& r);
    std::string why_it_may_have_raced(const Received& r);
    bool is_contested(std::size_t hash, std::size_t after) const;
    bool may_have_been_lost(std::size_t publication, const Arrival& arrival) const;
    bool is_damaged(std::size_t session) const { return !plan_.connections[session].damage.empty(); }
    bool has_rivals(std::size_t item) const;
    void check_order();
    void check_copies();
    std::vector<Copy> surplus_alike(std::size_t item) const;
    void check_copies(const std::vector<std::size_t>& group);
    static Copy copy_of(const mqtt::Publish& p);
    static void add(Copy& all, const Copy& one);
    void note_grants(std::size_t suback, const Arrival& arrival);
    bool is_granted_now(const Arrival& arrival) const;
    void note_copy(std::size_t item, const Arrival& arrival);
    void check_unsuback(Answer& a, std::size_t item, const Arrival& arrival) const;
    bool is_held(const Held& h, std::size_t unsuback) const;
    struct Lacking;
    std::map<std::size_t, Lacking> lacking() const;

    const Plan& plan_;
    const Rules rules_;
    std::function<std::vector<std::string>(std::size_t)> ladder_;
    std::vector<State> states_;
    std::vector<bool> performed_;
    Marks relaxed_;                                  // another copy came; this one need not
    std::vector<Answer> answers_;                    // by item
    std::vector<std::vector<std::string>> ladders_;  // of given-up ones, by item; sparse
    std::vector<std::size_t> came_;                  // items in the order they came
    std::map<std::tuple<std::size_t, std::size_t, bool>, std::string> may_come_;  // session, content, QoS 0: why
    std::map<std::size_t, std::vector<unsigned>> granted_;                        // codes, by SUBSCRIBE
    std::map<std::string, std::vector<std::string>>
        granted_now_;                     // filters that the capture's server refused, by client
    std::map<std::size_t, Copy> copies_;  // of overlapping subscriptions, as they came, by item
    std::map<std::tuple<std::size_t, std::size_t, bool>, std::size_t> copies_left_;  // session, content, RETAIN
    std::vector<Received> surplus_;
    std::map<std::pair<std::size_t, std::string>, unsigned> raced_;  // still to be excused
    mutable AllAlike by_content_, shared_by_content_;
    AllAlike sent_by_content_;
    std::set<std::size_t> of_several_;  // contents that several clients published
    std::size_t last_taken_ = 0;
};

}  // namespace replay
