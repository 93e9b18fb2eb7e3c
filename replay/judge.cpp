#include "replay/judge.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/explain.hpp"

namespace replay {

using mqtt::Type;
using nlohmann::json;

namespace {

constexpr std::size_t most_alike = 256;  // that are looked at for a better one than the first

std::string type_name(Type t) { return t == Type{} ? "CLOSE" : std::string(mqtt::name(t)); }

std::string line_of(mqtt::View octets, mqtt::Version v) {
    mqtt::Explained explained;
    mqtt::explain(explained, octets, v);
    return mqtt::line(explained);
}

}  // namespace

Judge::Judge(const Plan& plan, Rules rules, std::function<std::vector<std::string>(std::size_t)> ladder)
    : plan_(plan),
      rules_(std::move(rules)),
      ladder_(std::move(ladder)),
      states_(plan.items.size()),
      performed_(plan.items.size()),
      relaxed_(plan.items.size()),
      answers_(plan.items.size()),
      ladders_(plan.items.size()),
      raced_(plan.raced) {
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
        const Item& it = plan.items[i];
        if (!it.skip.empty()) states_[i] = State::excused;
        if (it.type != Type::publish || !it.whole) continue;
        const auto hash = content_hash(it.topic, std::get<mqtt::Publish>(it.packet).payload);
        if (it.role == Role::send) note_sent(hash, i);
        if (it.role != Role::expect || !it.skip.empty()) continue;
        const bool mixed = std::any_of(it.shares.begin(), it.shares.end(),
                                       [&](const auto& share) { return plan.mixed_shares.contains(share); });
        relaxed_[i] = mixed || (it.cause != none && plan.unreleased.contains(it.cause));
        by_content_[hash].items.push_back(i);
        if (!it.shares.empty()) shared_by_content_[hash].items.push_back(i);
    }
}

void Judge::note_sent(std::size_t hash, std::size_t i) {
    const auto client = [&](auto n) -> auto& { return plan_.connections[plan_.scenario->steps[n].session].client; };
    auto& items = sent_by_content_[hash].items;
    if (!items.empty() && client(items.front()) != client(i)) of_several_.insert(hash);
    items.push_back(i);
}

bool Judge::is_awaited(std::size_t i) const {
    const Item& it = plan_.items[i];
    if (it.partner != none && plan_.items[it.partner].role == Role::send && !performed_[it.partner]) return false;
    return (it.role == Role::expect || it.role == Role::closed) && it.soft.empty() && states_[i] == State::open &&
           !relaxed_[i] && !it.again;
}

bool Judge::may_come(std::size_t i) const {
    const auto cause = plan_.items[i].cause;
    return cause == none || plan_.items[cause].role != Role::send || performed_[cause];
}

/// Of the messages alike: one with the same QoS, a copy that has to come before one that need not, one with the same
/// RETAIN, and one that is known to have a cause before others.
std::size_t Judge::best(AllAlike& lists, const std::string& topic, const mqtt::Publish& p,
                        const std::function<bool(std::size_t)>& fits, std::size_t& late) const {
    const auto all = lists.find(content_hash(topic, p.payload));
    if (all == lists.end()) return none;
    auto& [items, begun] = all->second;
    const auto is_settled = [&](auto i) { return states_[i] == State::taken || states_[i] == State::excused; };
    while (begun < items.size() && is_settled(items[begun])) ++begun;
    std::size_t found = none;
    int rank = -1;
    for (std::size_t n = begun, end = items.size(); n < end && rank < 15; ++n) {
        const auto i = items[n];
        const Item& it = plan_.items[i];
        const auto& expected = std::get<mqtt::Publish>(it.packet);
        if (is_settled(i) || it.topic != topic || expected.payload != p.payload || !fits(i)) continue;
        if (states_[i] == State::given_up && late == none) late = i;
        if (states_[i] != State::open || !may_come(i)) continue;
        const int of_this =
            8 * (expected.qos == p.qos) + 4 * !relaxed_[i] + 2 * (expected.retain == p.retain) + it.soft.empty();
        if (found == none) end = std::min(end, n + most_alike);
        if (of_this > rank) rank = of_this, found = i;
    }
    return found;
}

std::size_t Judge::find(std::size_t session, const std::string& topic, const mqtt::Publish& p,
                        const std::set<std::string>& shares) const {
    std::size_t late = none;
    const auto is_own = [&](std::size_t i) { return plan_.scenario->steps[i].session == session; };
    const auto is_of_group = [&](std::size_t i) {
        const auto& of = plan_.items[i].shares;
        return std::any_of(of.begin(), of.end(), [&](const auto& s) { return shares.contains(s); });
    };
    const auto own = best(by_content_, topic, p, is_own, late);
    if (own != none) return own;
    const auto of_group = best(shared_by_content_, topic, p, is_of_group, late);
    return of_group != none ? of_group : late;
}

std::size_t Judge::next(std::size_t session, Type type) const {
    std::size_t late = none;
    for (const auto i : plan_.connections[session].expects) {
        const Item& it = plan_.items[i];
        const bool fits = type == Type{} ? it.role == Role::closed : it.role == Role::expect && it.type == type;
        if (fits && states_[i] == State::open) return i;
        if (fits && states_[i] == State::given_up) late = i;
    }
    return late;
}

Answer Judge::answer_for(std::size_t i) const {
    const Item& it = plan_.items[i];
    const auto& step = plan_.scenario->steps[i];
    Answer a;
    a.session = plan_.scenario->sessions[step.session].name;
    a.client = plan_.connections[step.session].client;
    a.step = i + 1;
    a.topic = it.topic;
    a.type = type_name(it.role == Role::closed ? Type{} : it.type);
    if (it.role == Role::closed) return a;
    const auto version = plan_.scenario->sessions[step.session].version;
    const bool rewritten = plan_.mapped && it.whole && it.type == Type::publish;
    const std::string octets = rewritten ? mqtt::encode(it.packet, version) : step.octets;
    a.expected = object_text(comparable(mqtt::octets(octets), version, it.topic));
    return a;
}

void Judge::fill(Answer& a, const Arrival& arrival) const {
    if (arrival.octets.empty())
        a.actual = object_text(json{{"why", arrival.note}});
    else
        a.actual = object_text(comparable(mqtt::octets(arrival.octets), arrival.version, arrival.topic));
    if (a.verdict == Verdict::match) return;
    a.actual_text = arrival.octets.empty() ? "the connection ended: " + arrival.note
                                           : line_of(mqtt::octets(arrival.octets), arrival.version);
}

/// QoS and identifiers of a copy depend on the subscription it came by; check_copies() looks at all of them.
bool Judge::allows_quality(std::size_t i, const Arrival& arrival) const {
    return plan_.items[i].matching > 1 || plan_.scenario->steps[i].session != arrival.session;
}

void Judge::compare_with(Answer& a, std::size_t i, const Arrival& arrival) const {
    if (arrival.octets.empty()) return;
    auto difference = compare(arrival.type(), json::parse(a.expected), json::parse(a.actual), rules_);
    a.fields = std::move(difference.fields);
    a.choice = std::move(difference.choice);
    if (arrival.type() == Type::unsuback) check_unsuback(a, i, arrival);
    if (rules_.diff == Diff::strict || arrival.type() != Type::publish || !allows_quality(i, arrival)) return;
    const bool other = plan_.scenario->steps[i].session != arrival.session;
    const bool any_retain = other || plan_.items[i].mixed_retain;
    const auto removed = std::erase_if(a.fields, [&](const auto& f) {
        return f == "QoS" || f == "subscription identifier" || (f == "RETAIN" && any_retain);
    });
    if (other)
        a.choice = "the member of a shared subscription that gets it (4.8.2); here " +
                   plan_.scenario->sessions[arrival.session].name;
    else if (removed)
        a.choice = "overlapping subscriptions: one copy, or one for each (3.3.4, 3.3.5)";
}

void Judge::take(std::size_t i, const Arrival& arrival, double late, bool in_its_place) {
    const Item& it = plan_.items[i];
    Answer a = answer_for(i);
    fill(a, arrival);
    states_[i] = State::taken;
    last_taken_ = i;
    came_.push_back(i);
    if (is_judged(arrival.type(), rules_)) compare_with(a, i, arrival);
    if (!arrival.note.empty() && !arrival.octets.empty()) a.fields.push_back("format"), a.reason = arrival.note;
    if (late > 0) a.verdict = Verdict::late, a.late_s = late;
    if (!a.fields.empty()) a.verdict = Verdict::changed;
    if (is_difference(a.verdict) && !it.soft.empty() && !in_its_place)
        a.verdict = Verdict::inconclusive, a.reason = it.soft;
    if (!is_judged(arrival.type(), rules_)) a.verdict = Verdict::inconclusive, a.reason = "not judged";
    if (a.verdict != Verdict::match) {
        fill(a, arrival);
        a.expected_text =
            a.expected.empty() ? "" : line_of(mqtt::octets(plan_.scenario->steps[i].octets), arrival.version);
        if (is_difference(a.verdict)) a.ladder = ladder_(arrival.session);
    }
    answers_[i] = std::move(a);
    if (it.matching > 1) relax_copies(i), note_copy(i, arrival);
    if (arrival.type() == Type::suback && it.partner != none) note_grants(i, arrival);
}

/// Overlapping subscriptions: whether there is another copy is the server's choice.
void Judge::relax_copies(std::size_t i) {
    if (rules_.diff == Diff::strict || plan_.items[i].copies == none) return;
    for (const auto n : plan_.copies[plan_.items[i].copies]) relaxed_[n] = true;
}

void Judge::unexpected(Arrival arrival) {
    auto ladder = ladder_(arrival.session);
    surplus_.push_back({std::move(arrival), std::move(ladder), last_taken_});
}

void Judge::give_up(std::size_t i) {
    states_[i] = State::given_up;
    ladders_[i] = ladder_(plan_.scenario->steps[i].session);
}

void Judge::excuse(std::size_t i, const std::string& why) {
    states_[i] = State::excused;
    answers_[i] = answer_for(i);
    answers_[i].verdict = Verdict::inconclusive;
    answers_[i].reason = why;
}

}  // namespace replay
