// Of the plan: what expired in the capture, and so has to expire in the replay (5.0): sessions, messages, delays of wills.
#include <algorithm>

#include "codec/topics.hpp"
#include "replay/planner.hpp"

namespace replay {

using mqtt::Type;
using std::chrono::seconds;
namespace property = mqtt::property;

namespace {

constexpr seconds longest_wait{60};      // for one of them
constexpr std::size_t most_kept = 1000;  // that are looked at: bounds work and memory
constexpr std::size_t most_absent = 100;
constexpr std::uint32_t for_ever = 0xffffffff;

}  // namespace

class Planner::Timers {
public:
    explicit Timers(Planner& of) : of_(of), items_(of.plan_.items) {}
    void find() {
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (items_[i].role == Role::expect && items_[i].type == Type::publish && items_[i].cause != none)
                delivered_[{items_[i].cause, client(i)}] = i;
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (items_[i].skip.empty()) look_at(i);
        for (std::size_t i = 0; i < items_.size(); ++i)
            if (items_[i].role == Role::expect && delayed_.contains(items_[i].cause))
                of_.soften(i, "its Will Delay Interval is not waited for");
    }

private:
    /// Begins at that step: then it expires, or is published.
    struct Clock {
        std::size_t from;
        seconds lasts;
        std::string topic;
        std::size_t content;
    };
    struct Client {
        std::size_t session = none, end = none;  // of its last connection; while that lasts, none
        std::uint32_t expiry = 0;
        std::optional<mqtt::Will> will{};
        std::vector<Clock> queued{};
    };

    const std::string& client(std::size_t i) const { return of_.plan_.connections[of_.step(i).session].client; }
    bool is_past(const Clock& c, std::size_t i) const { return of_.step(i).at - of_.step(c.from).at >= c.lasts; }
    bool was_delivered(const Clock& c, std::size_t i) const {
        const auto last = delivered_.find({c.from, client(i)});
        return last != delivered_.end() && last->second > i;
    }

    void look_at(std::size_t i) {
        const Item& it = items_[i];
        if (it.role == Role::close || it.role == Role::closed) return ends(i);
        if (!it.whole) return;
        if (const auto* ack = std::get_if<mqtt::Connack>(&it.packet))
            clients_[client(i)].expiry =
                mqtt::number_or(ack->properties, property::session_expiry_interval, clients_[client(i)].expiry);
        if (it.role != Role::send) return;
        if (const auto* c = std::get_if<mqtt::Connect>(&it.packet)) connects(i, *c);
        if (const auto* p = std::get_if<mqtt::Publish>(&it.packet)) publishes(i, *p);
        if (const auto* s = std::get_if<mqtt::Subscribe>(&it.packet)) subscribes(i, *s);
        if (const auto* d = std::get_if<mqtt::Disconnect>(&it.packet)) disconnects(i, *d);
    }

    void connects(std::size_t i, const mqtt::Connect& p) {
        Client& c = clients_[client(i)];
        if (c.end != none) {
            if (!p.clean_start) expect_expiry(i, c);
            if (const auto delay = will_delay(c); delay.count() && is_past({c.end, delay, {}, 0}, i))
                hold(i, {c.end, delay, {}, 0});
            for (const auto& q : c.queued)
                if (is_past(q, i) && !was_delivered(q, i)) hold(i, q);
        }
        absent_.erase(client(i));
        c = {.session = of_.step(i).session};
        c.expiry = p.level < 5 ? (p.clean_start ? 0 : for_ever)
                               : mqtt::number_or(p.properties, property::session_expiry_interval, 0);
        c.will = p.will;
    }

    /// The server did not have the session any more.
    void expect_expiry(std::size_t i, const Client& c) {
        const auto& answers = items_[i].answers;
        const auto* ack = answers.empty() ? nullptr : std::get_if<mqtt::Connack>(&items_[answers.front()].packet);
        const Clock clock{c.end, seconds(c.expiry), {}, 0};
        if (!ack || ack->code != 0 || ack->session_present || c.expiry == 0 || c.expiry == for_ever) return;
        if (is_past(clock, i) && !hold(i, clock))
            of_.soften(answers.front(), "its session had expired after " + std::to_string(c.expiry) + " s");
    }

    static seconds will_delay(const Client& c) {
        if (!c.will) return {};
        return seconds(std::min(c.expiry, mqtt::number_or(c.will->properties, property::will_delay_interval, 0)));
    }

    void disconnects(std::size_t i, const mqtt::Disconnect& p) {
        Client& c = clients_[client(i)];
        if (p.reason == 0) c.will.reset();
        c.expiry = mqtt::number_or(p.properties, property::session_expiry_interval, c.expiry);
    }

    void ends(std::size_t i) {
        Client& c = clients_[client(i)];
        if (c.session != of_.step(i).session || c.end != none) return;
        c.end = i;
        if (will_delay(c) > longest_wait) delayed_.insert(i);
        if (c.expiry && absent_.size() < most_absent) absent_.insert(client(i));
        if (c.will && c.will->retain && will_delay(c).count()) keep({i, will_delay(c), std::string(c.will->topic), 0});
    }

    void publishes(std::size_t i, const mqtt::Publish& p) {
        const auto expiry = mqtt::find(p.properties, property::message_expiry_interval);
        const auto& topic = items_[i].topic;
        if (p.retain) std::erase_if(kept_, [&](const auto& c) { return c.topic == topic; });
        if (!expiry) return;
        const Clock clock{i, seconds(expiry->number), topic, content_hash(topic, p.payload)};
        if (p.retain) keep(clock);
        for (const auto& name : absent_) {
            auto& queued = clients_[name].queued;
            if (queued.size() < most_kept && matching_at(of_.plan_, name, topic, i, name == client(i)))
                queued.push_back(clock);
        }
    }

    void keep(Clock c) {
        if (kept_.size() == most_kept) kept_.pop_front();
        kept_.push_back(std::move(c));
    }

    void subscribes(std::size_t i, const mqtt::Subscribe& p) {
        for (const auto& e : p.entries)
            if (!mqtt::shared(e.filter))
                std::erase_if(kept_, [&](const Clock& c) {
                    const bool expired = is_past(c, i) && !was_delivered(c, i) && filter_matches(e.filter, c.topic);
                    if (expired) hold(i, c);
                    return expired;
                });
    }

    /// False: that is too long.
    bool hold(std::size_t i, const Clock& c) {
        if (c.lasts <= longest_wait) {
            of_.plan_.waits[i].push_back({c.from, c.lasts});
            of_.plan_.clocks.insert(c.from);
        } else if (c.content) {
            of_.plan_.expired.insert(c.content);
        }
        return c.lasts <= longest_wait;
    }

    Planner& of_;
    const std::vector<Item>& items_;
    std::map<std::pair<std::size_t, std::string>, std::size_t> delivered_;  // the last one, by cause and client
    std::map<std::string, Client, std::less<>> clients_;
    std::set<std::string> absent_;   // whose session goes on
    std::set<std::size_t> delayed_;  // ends whose wills come too late
    std::deque<Clock> kept_;         // retained messages; wills that will be
};

void Planner::find_timers() { Timers(*this).find(); }

}  // namespace replay
