// Of the engine: when a step is taken, and what is waited for. Every wait has an end.
#include "replay/engine.hpp"

#include <algorithm>
#include <utility>

#include "replay/preparer.hpp"

namespace replay {

using namespace std::chrono_literals;
using mqtt::Type;

namespace {

constexpr net::Duration longest_allowance = 60s;  // for what took long in the capture
constexpr net::Duration longest_silence = 100s;   // that a client who fell silent is waited for
constexpr net::Duration settling = 200ms;         // for what nobody expects, at the end
constexpr net::Duration shortest_patience = 200ms;
constexpr net::Duration whole_second = 1100ms;  // brokers count in them
constexpr net::Duration poll_cancelled = 100ms;
constexpr double least_shrink = 0.01;

net::Duration between(scenario::Time a, scenario::Time b) {
    return b > a ? std::chrono::duration_cast<net::Duration>(b - a) : net::Duration{};
}

}  // namespace

Engine::Engine(net::Loop& loop, const Plan& plan, EngineOptions options)
    : loop_(loop),
      plan_(plan),
      options_(std::move(options)),
      judge_(plan, options_.rules,
             [this](std::size_t s) { return links_[s] ? links_[s]->ladder() : std::vector<std::string>{}; }),
      links_(plan.connections.size()),
      requests_(plan.items.size()),
      deliveries_(plan.items.size()) {}

Engine::~Engine() {
    if (timer_) loop_.cancel(timer_);
}

void Engine::start() {
    for (std::size_t n = 0; n < plan_.connections.size(); ++n)
        if (!plan_.connections[n].replayed)
            skipped_.push_back({plan_.scenario->sessions[n].name, 0, "session", plan_.connections[n].why_not});
    preparer_ = std::make_unique<Preparer>(loop_, plan_, options_, [this](const std::string& why) {
        if (phase_ != Phase::preparing) return;  // interrupted
        if (!why.empty()) return lose(why);
        heard_ = preparer_->heard();
        phase_ = Phase::steps;
        due_ = progress_ = started_ = loop_.now();
        if (!plan_.scenario->steps.empty()) reached_ = plan_.scenario->steps.front().at;
        advance();
    });
    wake_at(loop_.now());
    preparer_->start();
}

void Engine::lose(const std::string& why) {
    lost_ = why;
    phase_ = Phase::over;
}

void Engine::wake_at(net::Time at) {
    if (timer_) loop_.cancel(timer_);
    timer_ = loop_.call_at(std::min(at, loop_.now() + poll_cancelled), [this] {
        timer_ = 0;
        if (options_.cancelled() && phase_ != Phase::over) {
            interrupted_ = true;
            phase_ = Phase::over;
        }
        if (phase_ == Phase::preparing) return wake_at(loop_.now() + poll_cancelled);
        advance();
    });
}

void Engine::progress() { progress_ = loop_.now(); }

/// May be called from anywhere; what it sets off inside comes back as another round.
void Engine::advance() {
    again_ = true;
    if (std::exchange(busy_, true)) return;
    while (std::exchange(again_, false) && phase_ != Phase::over) {
        if (phase_ == Phase::steps)
            run_steps();
        else if (phase_ != Phase::preparing)
            after_steps();
    }
    busy_ = false;
    if (phase_ == Phase::over && timer_) loop_.cancel(std::exchange(timer_, 0));
}

void Engine::run_steps() {
    while (phase_ == Phase::steps && cursor_ < plan_.items.size()) {
        const std::size_t i = cursor_;
        if (is_taken(i)) {
            if (!is_due(i) || !is_answered(i) || !is_fenced(i) || !has_room(i)) return;
            perform(i);
        } else {
            pass(i);
        }
        if (plan_.clocks.contains(i)) clocks_[i] = loop_.now();
        ++cursor_;
    }
    if (phase_ == Phase::steps) phase_ = Phase::awaiting, progress(), again_ = true;
}

/// Answers are given when the target wants them, save those to what came on an earlier connection.
bool Engine::is_taken(std::size_t i) const {
    const Item& it = plan_.items[i];
    if (!it.skip.empty()) return false;
    if (it.role == Role::ack) return plan_.scenario->steps[it.partner].session != plan_.scenario->steps[i].session;
    return it.role == Role::open || it.role == Role::send || it.role == Role::close;
}

/// A step of the server, or one that is not taken.
void Engine::pass(std::size_t i) {
    const Item& it = plan_.items[i];
    const bool sends = it.role == Role::send || it.role == Role::ack;
    if (sends && !it.skip.empty() && plan_.connections[plan_.scenario->steps[i].session].replayed) skip(i, it.skip);
    if (!judge_.is_awaited(i)) return;
    if (const auto why = why_it_cannot_come(i); !why.empty()) return judge_.excuse(i, why);
    if (!is_live(plan_.scenario->steps[i].session) && it.shares.empty()) return judge_.give_up(i);
    if (awaited_.empty()) progress();
    await(i);
}

void Engine::await(std::size_t i) {
    awaited_.insert(i);
    if (silent_for(i)) silent_.insert(i);
}

/// What is not the target's doing, or follows from a difference that is told by itself; empty: it may come.
std::string Engine::why_it_cannot_come(std::size_t i) {
    const Item& it = plan_.items[i];
    const auto session = plan_.scenario->steps[i].session;
    const auto of_cause = it.cause == none ? Role::nothing : plan_.items[it.cause].role;
    if ((of_cause == Role::send || of_cause == Role::close) && !judge_.was_performed(it.cause))
        return "what it came from was not sent, or not read";
    if (is_live(session)) return {};
    if (!it.shares.empty())
        for (const auto& l : links_)
            if (l && !l->over &&
                std::any_of(it.shares.begin(), it.shares.end(), [&](auto& s) { return l->shares.contains(s); }))
                return {};
    const auto close = plan_.connections[session].close;
    const bool had_to_end = close != none && plan_.items[close].role == Role::closed && !judge_.is_open(close);
    return had_to_end && it.shares.empty() ? "" : "the connection had ended";
}

/// The same, once it was waited for.
std::string Engine::why_it_did_not_come(std::size_t i) {
    const Item& it = plan_.items[i];
    if (const auto* l = silent_for(i); l && loop_.now() < l->last_spoke + l->alive + l->alive / 2)
        return "its Keep Alive of " + std::to_string(l->alive / 1s) + " s was not waited for";
    if (it.partner == none) return {};
    if (it.type == Type::pubcomp && !requests_[it.partner].released)
        return "its PUBREL was not sent, for PUBREC did not come";
    const auto& delivery = deliveries_[it.partner];
    if (it.type == Type::pubrel && (delivery.session == none || delivery.qos != mqtt::QoS::exactly_once))
        return "its PUBLISH did not come, or not at QoS 2";
    return {};
}

void Engine::resolved(std::size_t i) {
    awaited_.erase(i);
    progress();
}

/// What expired before that step in the capture has done so now.
net::Time Engine::expired_at(std::size_t i) const {
    net::Time at{};
    if (const auto waits = plan_.waits.find(i); waits != plan_.waits.end())
        for (const auto& w : waits->second)
            if (const auto from = clocks_.find(w.from); from != clocks_.end())
                at = std::max(at, from->second + w.lasts + whole_second);
    return at;
}

bool Engine::is_due(std::size_t i) {
    if (const auto at = expired_at(i); loop_.now() < at) return wake_at(at), false;
    if (options_.speed <= 0) return true;
    const auto gap = between(reached_, plan_.scenario->steps[i].at);
    const auto scaled = std::chrono::duration_cast<net::Duration>(gap / options_.speed);
    const auto at = due_ + std::min(scaled, options_.max_gap);
    if (loop_.now() >= at) return true;
    wake_at(at);
    return false;
}

/// What came before it in the capture has come now.
bool Engine::is_answered(std::size_t i) {
    const auto session = plan_.scenario->steps[i].session;
    const auto holds_up = [&](std::size_t e) {
        if (options_.pacing == Pacing::causal) return true;
        return plan_.scenario->steps[e].session == session && plan_.items[e].type != Type::publish &&
               plan_.items[e].role == Role::expect;
    };
    if (std::none_of(awaited_.begin(), awaited_.end(), holds_up)) return true;
    give_up_overdue();
    return std::none_of(awaited_.begin(), awaited_.end(), holds_up);
}

/// Who leaves much out is not waited for so long each time.
net::Duration Engine::patience() const {
    const auto shrunk = std::chrono::duration_cast<net::Duration>(options_.patience * shrink_);
    return std::max(std::min(shortest_patience, options_.patience), shrunk);
}

/// The time something may take: patience, and what it took in the capture.
net::Duration Engine::allowance() const {
    if (awaited_.empty()) return patience();
    const auto took = between(reached_, plan_.scenario->steps[*awaited_.rbegin()].at);
    return patience() + std::min<net::Duration>(took, longest_allowance);
}

/// Whose client fell silent until the server cut it: for that end, or the will that it set off. Null: another.
const Link* Engine::silent_for(std::size_t i) const {
    const Item& it = plan_.items[i];
    const auto end = it.role == Role::closed ? i : it.cause;
    if (end == none || plan_.items[end].role != Role::closed) return nullptr;
    const auto session = plan_.scenario->steps[end].session;
    const Link* l = links_[session].get();
    return plan_.connections[session].fell_silent && l && l->alive > net::Duration{} ? l : nullptr;
}

/// Until when all that is awaited may come. A server may cut after one and a half Keep Alives (3.1.2-24, 3.1.2-22).
net::Time Engine::deadline() const {
    auto out = progress_ + allowance();
    for (const auto i : silent_) {
        const auto* l = awaited_.contains(i) ? silent_for(i) : nullptr;
        if (l && l->alive + l->alive / 2 <= longest_silence)
            out = std::max(out, l->last_spoke + l->alive + l->alive / 2 + options_.patience);
    }
    return out;
}

void Engine::give_up_overdue() {
    const auto until = deadline();
    if (loop_.now() < until) return wake_at(until);
    if (!heard_) return lose("accepts the connection, but says nothing");
    const auto deadline = until + options_.patience - patience();  // of who is not held to the shorter one
    for (const auto i : std::exchange(awaited_, {})) {
        if (const auto why = why_it_did_not_come(i); !why.empty()) {
            judge_.excuse(i, why);
            continue;
        }
        judge_.give_up(i);
        given_up_[i] = deadline;
    }
    shrink_ = std::max(shrink_ / 2, least_shrink);
    progress();
    again_ = true;
}

/// Asks the target whether it has read all of that connection; true where it has.
bool Engine::fence(Link& link) {
    if (!link.unfenced || link.over || link.mute) return true;
    if (link.finishing) {  // its end is the answer
        if (loop_.now() < progress_ + allowance()) return wake_at(progress_ + allowance()), false;
        link.leave();
        shrink_ = std::max(shrink_ / 2, least_shrink);
        return true;
    }
    if (!link.connected) return true;
    if (!std::exchange(link.fencing, true)) link.ping(), progress();
    if (loop_.now() < progress_ + allowance()) return wake_at(progress_ + allowance()), false;
    link.mute = true;
    shrink_ = std::max(shrink_ / 2, least_shrink);
    return true;
}

/// CONNECT: the same client's earlier connections are over, if they were in the capture.
bool Engine::is_parted(std::size_t i) {
    const auto& step = plan_.scenario->steps[i];
    if (plan_.items[i].type != Type::connect) return true;
    bool all = true;
    for (const auto& l : links_)
        if (l && l->session != step.session && l->finishing && l->client == plan_.connections[step.session].client)
            all = fence(*l) && all;
    return all;
}

/// What others sent without an answer has been read.
bool Engine::is_fenced(std::size_t i) {
    if (options_.pacing == Pacing::clock) return is_parted(i);
    const auto session = plan_.scenario->steps[i].session;
    bool all = true;
    std::erase_if(unfenced_, [&](std::size_t s) {
        if (s == session) return false;
        const bool read = !links_[s] || fence(*links_[s]);
        if (read && links_[s]) links_[s]->unfenced = false;
        all = all && read;
        return read;
    });
    return all;
}

/// PUBLISH that the target does not take now: beyond its Receive Maximum (3.3.4).
bool Engine::is_full(std::size_t i) const {
    const Item& it = plan_.items[i];
    const auto* l = links_[plan_.scenario->steps[i].session].get();
    const auto* p = it.role == Role::send && it.whole ? std::get_if<mqtt::Publish>(&it.packet) : nullptr;
    return p && p->qos != mqtt::QoS::at_most_once && l && !l->over && l->open_publishes >= l->receive_maximum;
}

/// 5.0: waits until the target takes another one; once in vain, and then no more.
bool Engine::has_room(std::size_t i) {
    if (!is_full(i)) return true;
    Link& l = *link(plan_.scenario->steps[i].session);
    if (l.lacks_room) return true;  // and is skipped, like those before it
    if (loop_.now() < progress_ + allowance()) return wake_at(progress_ + allowance()), false;
    return l.lacks_room = true;
}

/// The last answers, what nobody expects, and goodbye.
void Engine::after_steps() {
    if (phase_ == Phase::awaiting) {
        if (!awaited_.empty()) give_up_overdue();
        if (!awaited_.empty() || phase_ == Phase::over) return;
        for (const auto& l : links_)
            if (l && !l->over && (l->connected || l->finishing)) l->unfenced = true, unfenced_.insert(l->session);
        phase_ = Phase::fencing;
    }
    if (phase_ == Phase::fencing) {
        std::erase_if(unfenced_, [&](std::size_t s) { return fence(*links_[s]); });
        if (!unfenced_.empty()) return;
        phase_ = Phase::settling;
        settle_until_ = loop_.now() + settling;
    }
    if (phase_ == Phase::settling) {
        if (loop_.now() < settle_until_) return wake_at(settle_until_);
        phase_ = Phase::parting;
        for (const auto& l : links_) {
            if (!l || l->over) continue;
            if (l->connected && !l->finishing) l->send(mqtt::encode(mqtt::Disconnect{}, l->version));
            l->finish();
        }
        settle_until_ = loop_.now() + 1s;
    }
    const bool all_gone = std::none_of(links_.begin(), links_.end(), [](const auto& l) { return l && !l->over; });
    if (!all_gone && loop_.now() < settle_until_) return wake_at(settle_until_);
    phase_ = Phase::over;
}

Result Engine::take() {
    Result out;
    if (lost_.empty() && !interrupted_ && !heard_ && sent_) lost_ = "ends the connection without a word";
    out.diff = name(options_.rules.diff);
    out.sent = sent_;
    if (interrupted_ || !lost_.empty())
        for (std::size_t i = 0; i < plan_.items.size(); ++i)
            if (judge_.is_open(i) && (i >= cursor_ || awaited_.contains(i)) &&
                (plan_.items[i].role == Role::expect || plan_.items[i].role == Role::closed))
                judge_.excuse(i, interrupted_ ? "interrupted before" : "the target was lost before");
    out.answers = judge_.finish();
    out.skipped = std::move(skipped_);
    out.interrupted = interrupted_;
    out.lost = lost_;
    return out;
}

}  // namespace replay
