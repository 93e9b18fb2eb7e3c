// Of the judge: what is said at the end about packets that did not come, and those nobody expected.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "codec/explain.hpp"
#include "codec/topics.hpp"
#include "replay/judge.hpp"

namespace replay {

using mqtt::Type;

/// Why a server is free not to send it; empty: it is not.
std::string Judge::why_absent_is_free(std::size_t i) const {
    const Item& it = plan_.items[i];
    if (rules_.diff == Diff::strict) return {};
    if (it.role == Role::expect && it.type == Type::disconnect) return "DISCONNECT before the close is advice (4.13.1)";
    const auto* p = it.type == Type::publish ? std::get_if<mqtt::Publish>(&it.packet) : nullptr;
    if (!p) return {};
    if (it.stored && p->qos == mqtt::QoS::at_most_once && !it.retained)
        return "QoS 0 for an absent client may be dropped (4.1, 3.1.2-5)";
    const auto* published = it.cause == none ? nullptr : std::get_if<mqtt::Publish>(&plan_.items[it.cause].packet);
    if (it.retained && (published ? published->qos : p->qos) == mqtt::QoS::at_most_once)
        return "a retained QoS 0 message may be thrown away (3.3.1-7)";
    if (it.cause != none && plan_.unreleased.contains(it.cause))
        return "its QoS 2 PUBLISH was not released: delivered at PUBLISH or at PUBREL (4.3.3)";
    if (p->qos != mqtt::QoS::at_most_once && !p->dup &&
        i > plan_.connections[plan_.scenario->steps[i].session].unacknowledged)
        return "how many come before others are acknowledged is the server's choice (4.9)";
    if (std::any_of(it.shares.begin(), it.shares.end(), [&](const auto& s) { return plan_.mixed_shares.contains(s); }))
        return "a member of the shared subscription gets it by its own one too (4.8.2, 3.3.4)";
    if (it.copies == none) return {};
    for (const auto j : plan_.copies[it.copies])
        if (j != i && states_[j] == State::taken)
            return "overlapping subscriptions: one copy, or one for each (3.3.4, 3.3.5)";
    return {};
}

/// The last packet that the capture has for the session before it was closed; 0: there is none. What was published
/// before that and has not come by then was not on its way.
std::size_t Judge::last_heard(std::size_t session) const {
    const auto& c = plan_.connections[session];
    for (auto k = c.expects.rbegin(); k != c.expects.rend(); ++k)
        if (*k < c.close && plan_.items[*k].role == Role::expect) return *k;
    return 0;
}

/// Published while the connection was ending: the capture's server sent it into a closed connection, or not.
bool Judge::may_have_been_lost(std::size_t publication, const Arrival& arrival) const {
    const auto& c = plan_.connections[arrival.session];
    const auto& answers = plan_.items[publication].answers;
    const bool unanswered = answers.empty() || answers.front() > c.close;
    return c.close != none && publication < c.close && unanswered && publication > last_heard(arrival.session) &&
           is_subscribed(publication, arrival);
}

/// A copy more, where the capture's server merged them: one for each subscription that matches, at most.
bool Judge::is_another_copy(std::size_t session, std::size_t hash, bool retained) {
    const std::tuple key{session, hash, retained};
    const auto [left, fresh] = copies_left_.try_emplace(key, 0);
    const auto alike = by_content_.find(hash);
    if (fresh && alike != by_content_.end()) {
        std::set<std::size_t> groups;
        for (const auto j : alike->second.items) {
            const Item& it = plan_.items[j];
            if (states_[j] != State::taken || it.copies == none || plan_.scenario->steps[j].session != session)
                continue;
            const bool alike_retain = it.mixed_retain || std::get<mqtt::Publish>(it.packet).retain == retained;
            if (!alike_retain || !groups.insert(it.copies).second) continue;
            const auto captured = plan_.copies[it.copies].size();
            left->second += it.matching > captured ? it.matching - captured : 0;
        }
    }
    return left->second > 0 && left->second-- > 0;
}

/// Why a server is free to send it; empty: it is not, or not known to be.
std::string Judge::why_present_is_free(const Arrival& arrival) {
    mqtt::Packet packet;
    if (rules_.diff == Diff::strict || arrival.type() != Type::publish ||
        mqtt::decode_leniently(packet, mqtt::octets(arrival.octets), arrival.version) == 0)
        return {};
    const auto& p = std::get<mqtt::Publish>(packet);
    const auto hash = content_hash(arrival.topic, p.payload);
    if (is_another_copy(arrival.session, hash, p.retain))
        return "overlapping subscriptions: one copy, or one for each (3.3.4, 3.3.5)";
    const auto sent = sent_by_content_.find(hash);
    if (sent == sent_by_content_.end()) return {};
    const auto& connection = plan_.connections[arrival.session];
    for (const auto& share : shares_of(connection.client))
        if (plan_.mixed_shares.contains(share) && filter_matches(share, arrival.topic))
            return "a member of the shared subscription gets it by its own one too (4.8.2, 3.3.4)";
    const auto [why, fresh] = may_come_.try_emplace({arrival.session, hash, p.qos == mqtt::QoS::at_most_once});
    for (auto j = sent->second.items.begin(); fresh && why->second.empty() && j != sent->second.items.end(); ++j)
        why->second = why_it_may_come(*j, p, arrival);
    return why->second;
}

/// The shared subscriptions that a client had at any time.
std::vector<std::string_view> Judge::shares_of(const std::string& client) const {
    std::vector<std::string_view> out;
    const auto all = plan_.holdings.find(client);
    if (all == plan_.holdings.end() || plan_.mixed_shares.empty()) return out;
    for (const auto& h : all->second)
        if (mqtt::shared(h.filter)) out.push_back(h.filter);
    return out;
}

/// Why that publication may reach the connection, though it did not in the capture.
std::string Judge::why_it_may_come(std::size_t publication, const mqtt::Publish& p, const Arrival& arrival) const {
    const auto& c = plan_.connections[arrival.session];
    if (c.resumed && p.qos == mqtt::QoS::at_most_once && publication < c.connect)
        return "QoS 0 for an absent client may be kept (4.1, 3.1.2-5)";
    if (plan_.unreleased.contains(publication))
        return "its QoS 2 PUBLISH was not released: delivered at PUBLISH or at PUBREL (4.3.3)";
    if (plan_.unread.contains(publication)) return "the capture does not show that its PUBLISH was read";
    if (p.qos != mqtt::QoS::at_most_once && !p.dup && c.unacknowledged != none && is_subscribed(publication, arrival))
        return "how many come before others are acknowledged is the server's choice (4.9)";
    if (may_have_been_lost(publication, arrival)) return "sent while this connection was ending";
    return {};
}

bool Judge::is_subscribed(std::size_t publication, const Arrival& arrival) const {
    const auto& c = plan_.connections[arrival.session];
    const auto& by = plan_.connections[plan_.scenario->steps[publication].session].client;
    return c.is_from_before || matching_at(plan_, c.client, arrival.topic, publication, by == c.client) > 0;
}

void Judge::settle_missing(std::size_t i) {
    const Item& it = plan_.items[i];
    Answer a = answer_for(i);
    a.verdict = Verdict::missing;
    a.ladder = std::move(ladders_[i]);
    if (!a.expected.empty()) {
        mqtt::Explained explained;
        const auto& step = plan_.scenario->steps[i];
        mqtt::explain(explained, mqtt::octets(step.octets), plan_.scenario->sessions[step.session].version);
        a.expected_text = mqtt::line(explained);
    } else {
        a.expected_text = "the server ends the connection";
    }
    auto choice = why_absent_is_free(i);
    if (it.again && rules_.diff != Diff::strict)
        choice = it.type == Type::publish ? delivered_again : repeats_are_answered;
    if (!choice.empty()) {
        a.verdict = Verdict::match;
        a.choice = std::move(choice);
    }
    if (!it.soft.empty()) a.verdict = Verdict::inconclusive, a.reason = it.soft;
    if (!is_judged(it.type, rules_)) a.verdict = Verdict::inconclusive, a.reason = "not judged";
    answers_[i] = std::move(a);
}

/// Deliveries to one connection that did not come: in their order, to be found by what they have in common.
struct Judge::Lacking {
    using Index = std::set<std::pair<std::string_view, std::size_t>>;
    Index by_topic{}, by_payload{};  // empty payloads are not in it

    void add(std::string_view topic, std::string_view payload, std::size_t i) {
        by_topic.emplace(topic, i);
        if (!payload.empty()) by_payload.emplace(payload, i);
    }
    void erase(std::string_view topic, std::string_view payload, std::size_t i) {
        by_topic.erase({topic, i});
        by_payload.erase({payload, i});
    }
    /// The first of that topic or payload; none: there is none.
    std::size_t first(std::string_view topic, std::string_view payload) const {
        const auto in = [](const Index& by, std::string_view key) {
            const auto at = by.lower_bound({key, 0});
            return at == by.end() || at->first != key ? none : at->second;
        };
        return std::min(in(by_topic, topic), in(by_payload, payload));
    }
};

std::map<std::size_t, Judge::Lacking> Judge::lacking() const {
    std::map<std::size_t, Lacking> out;  // by session
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const Item& it = plan_.items[i];
        const bool judged = it.soft.empty() || it.soft == unknown_publisher;
        const bool lacks = states_[i] == State::given_up || (states_[i] == State::open && judged);
        const auto* p = std::get_if<mqtt::Publish>(&it.packet);
        if (it.role == Role::expect && it.type == Type::publish && lacks && p)
            out[plan_.scenario->steps[i].session].add(it.topic, p->payload, i);
    }
    return out;
}

/// What is missing, and what came in its place.
void Judge::pair_changed() {
    auto lacking_now = lacking();
    std::erase_if(surplus_, [&](Received& r) {
        mqtt::Packet packet;
        if (r.arrival.type() != Type::publish || !r.arrival.choice.empty() ||
            !mqtt::decode_leniently(packet, mqtt::octets(r.arrival.octets), r.arrival.version))
            return false;
        auto& of_session = lacking_now[r.arrival.session];
        const auto i = of_session.first(r.arrival.topic, std::get<mqtt::Publish>(packet).payload);
        if (i == none) return false;
        take(i, r.arrival, 0, true);
        came_.pop_back();
        if (is_difference(answers_[i].verdict)) answers_[i].ladder = std::move(r.ladder);
        of_session.erase(plan_.items[i].topic, std::get<mqtt::Publish>(plan_.items[i].packet).payload, i);
        return true;
    });
}

/// Messages alike of two clients: nobody knows which one a delivery is.
bool Judge::has_rivals(std::size_t i) const {
    const Item& it = plan_.items[i];
    return of_several_.contains(content_hash(it.topic, std::get<mqtt::Publish>(it.packet).payload));
}

/// Published more than once.
bool Judge::is_repeated(std::size_t i) const {
    const auto sent = sent_by_content_.find(
        content_hash(plan_.items[i].topic, std::get<mqtt::Publish>(plan_.items[i].packet).payload));
    return sent != sent_by_content_.end() && sent->second.items.size() > 1;
}

/// In order per publisher, topic and QoS (4.6), as captured. What is stored, retained or shared has none.
void Judge::check_order() {
    if (rules_.ignore.contains("order")) return;
    struct Last {
        std::size_t item = 0;
    };
    std::map<std::tuple<std::size_t, std::string, unsigned, bool, std::size_t>, Last> lasts;  // what is repeated apart
    for (const auto i : came_) {
        const Item& it = plan_.items[i];
        if (it.type != Type::publish || it.cause == none || !it.shares.empty() || it.role != Role::expect) continue;
        const auto& p = std::get<mqtt::Publish>(it.packet);
        const auto& step = plan_.scenario->steps[i];
        if (p.retain || has_rivals(i) || is_damaged(step.session) ||
            is_damaged(plan_.scenario->steps[it.cause].session))
            continue;  // of messages alike it is not known which one the capture lacks
        if (it.copies != none && is_repeated(i)) continue;  // nor which copy is whose
        auto& last = lasts[{step.session, it.topic, unsigned(p.qos), p.dup, plan_.scenario->steps[it.cause].session}];
        if (i > last.item) {
            last.item = i;
        } else if (answers_[i].verdict == Verdict::match) {
            answers_[i].verdict = Verdict::changed;
            answers_[i].fields = {"order"};
            answers_[i].reason = "came after one that the capture has later (4.6)";
        }
    }
}

std::vector<Answer> Judge::finish() {
    pair_changed();
    for (std::size_t i = 0; i < states_.size(); ++i) {
        const auto role = plan_.items[i].role;
        if (role != Role::expect && role != Role::closed) continue;
        if (states_[i] == State::open || states_[i] == State::given_up) settle_missing(i);
        if (states_[i] == State::excused && answers_[i].type.empty()) excuse(i, plan_.items[i].skip);
    }
    check_order();
    check_copies();
    std::multimap<std::size_t, Answer> later;
    for (auto& r : surplus_) later.emplace(r.after, surplus_answer(r));
    std::vector<Answer> out;
    auto next = later.begin();
    for (std::size_t i = 0; i < states_.size(); ++i) {
        if (!answers_[i].type.empty()) out.push_back(std::move(answers_[i]));
        for (; next != later.end() && next->first == i; ++next) out.push_back(std::move(next->second));
    }
    return out;
}

bool Judge::is_contested(std::size_t hash, std::size_t after) const {
    const auto found = plan_.contested.find(hash);
    const auto at = plan_.scenario->steps[after].at;
    return found != plan_.contested.end() && std::any_of(found->second.begin(), found->second.end(),
                                                         [&](const auto& c) { return c.from <= at && at <= c.to; });
}

/// Each race excuses one delivery.
std::string Judge::why_it_may_have_raced(const Received& r) {
    const Arrival& arrival = r.arrival;
    mqtt::Packet packet;
    if (arrival.type() != Type::publish ||
        mqtt::decode_leniently(packet, mqtt::octets(arrival.octets), arrival.version) == 0)
        return {};
    const auto& p = std::get<mqtt::Publish>(packet);
    const auto hash = content_hash(arrival.topic, p.payload);
    if (p.retain && is_contested(hash, r.after)) return "two clients retained at the same time";
    if (plan_.expired.contains(hash)) return "it had expired in the capture, after longer than is waited for";
    const auto raced = raced_.find({hash, plan_.connections[arrival.session].client});
    if (raced == raced_.end() || raced->second == 0) return {};
    --raced->second;
    return "published and subscribed at the same time: which came first is the network's choice";
}

Answer Judge::surplus_answer(Received& r) {
    Answer a;
    const auto& connection = plan_.connections[r.arrival.session];
    a.session = plan_.scenario->sessions[r.arrival.session].name;
    a.client = connection.client;
    a.topic = r.arrival.topic;
    a.type = r.arrival.octets.empty() ? "CLOSE" : std::string(mqtt::name(r.arrival.type()));
    a.verdict = Verdict::unexpected;
    fill(a, r.arrival);
    a.reason = r.arrival.note;
    a.ladder = std::move(r.ladder);
    auto choice =
        rules_.diff == Diff::strict || r.arrival.choice.empty() ? why_present_is_free(r.arrival) : r.arrival.choice;
    if (!choice.empty()) {
        a.verdict = Verdict::match;
        a.choice = std::move(choice);
    }
    const bool servers_own = r.arrival.topic.starts_with('$');
    const auto race = a.verdict == Verdict::match ? "" : why_it_may_have_raced(r);
    const std::string why = !r.arrival.excuse.empty()             ? r.arrival.excuse
                            : servers_own                         ? "a topic of the server's own"
                            : !connection.damage.empty()          ? connection.damage
                            : !race.empty()                       ? race
                            : a.verdict == Verdict::match         ? ""
                            : is_granted_now(r.arrival)           ? "its subscription was refused in the capture"
                            : is_judged(r.arrival.type(), rules_) ? ""
                                                                  : "not judged";
    if (!why.empty()) a.verdict = Verdict::inconclusive, a.reason = why;
    return a;
}

}  // namespace replay
