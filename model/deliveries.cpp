// The server's PUBLISH and PUBREL, and the client's answers (sections 4.3, 4.4, 4.6, 4.9).
#include <algorithm>
#include <utility>

#include "model/judge.hpp"

namespace model {
namespace {

constexpr Ids repeats{"MQTT-4.4.0-1", "MQTT-4.4.0-1"};

std::string about(const mqtt::Publish& p, std::string_view topic) {
    return "PUBLISH " + std::to_string(p.packet_id) + " QoS " + std::to_string(int(p.qos)) + " on " +
           std::string(topic) + " \"" + std::string(p.payload.substr(0, 40)) + "\": ";
}

}  // namespace

// False: the topic is not to be known.
bool Model::Judge::resolve_server_alias(Connection& c, const mqtt::Publish& p, std::string& topic) {
    const auto alias = c.v5() ? mqtt::find(p.properties, mqtt::property::topic_alias) : std::nullopt;
    if (!alias) return true;
    if (alias->number > c.alias_maximum) {
        accuse(c, {"", c.alias_maximum == 0 ? "MQTT-3.1.2-27" : alias->number == 65'535 ? "MQTT-3.1.2-26" : "MQTT-3.3.2-11"},
               "topic alias " + std::to_string(alias->number) + " is above the client's maximum");
        return !topic.empty();
    }
    if (!topic.empty()) c.aliases_in[alias->number] = topic;
    topic = c.aliases_in[alias->number];
    if (topic.empty()) accuse(c, {"", "X-3.3.2-alias-unknown"}, "a topic alias without a meaning");
    return !topic.empty();
}

void Model::Judge::server_sends(Connection& c, const mqtt::Publish& p) {
    std::string topic(p.topic);
    if (!resolve_server_alias(c, p, topic)) return;
    Session& s = *session_of(c);
    if (p.qos == QoS::at_most_once || !is_repeat(c, s, p, topic)) judge_first(c, s, p, topic);
    else judge_repeat(c, s.open.at(p.packet_id), p, topic);
    if (p.qos != QoS::at_most_once) judge_window(c, s);
}

// Whether it is a delivery that is open; one that is settled, or that the server wrongly drops, is forgotten.
bool Model::Judge::is_repeat(Connection& c, Session& s, const mqtt::Publish& p, const std::string& topic) {
    const auto it = s.open.find(p.packet_id);
    if (it == s.open.end()) return false;
    Open& o = it->second;
    const bool same = o.topic == topic && o.payload == p.payload && o.qos == p.qos;
    const bool here = o.last_on == c.id;
    if (o.settling && (here || !o.unsure || !same || !p.dup)) {
        if (same && p.dup) return false;  // told by judge_dup
        s.open.erase(it);
        return false;
    }
    if (same && (!here || p.dup || o.released)) return true;
    accuse(c, {"MQTT-2.3.1-4", "MQTT-2.2.1-4"}, about(p, topic) + "the identifier is in use");
    s.open.erase(it);
    return false;
}

void Model::Judge::judge_repeat(Connection& c, Open& o, const mqtt::Publish& p, const std::string& topic) {
    if (o.released && !o.unsure)
        accuse(c, {"MQTT-4.3.3-1", "MQTT-4.3.3-6"}, about(p, topic) + "sent again after its PUBREC");
    else if (o.last_on == c.id && c.v5())
        accuse(c, {"", "MQTT-4.4.0-1"}, about(p, topic) + "sent again while connected");
    if (!p.dup) accuse(c, {"MQTT-3.3.1-1", "MQTT-3.3.1-1"}, about(p, topic) + "sent again with DUP 0");
    if (o.last_on != c.id && o.order < c.repeat_order)
        accuse(c, {"MQTT-4.6.0-1", "MQTT-4.6.0-1"}, about(p, topic) + "sent again in another order");
    c.repeat_order = std::max(c.repeat_order, o.order);
    o.last_on = o.published_on = c.id;
    o.released = false;
    o.unsure = false;
}

// DUP on a first delivery; true: it is a settled one that comes again.
bool Model::Judge::judge_dup(Connection& c, Session& s, const mqtt::Publish& p, const std::string& topic) {
    const auto key = content(topic, p.payload);
    const auto it = s.settled.find(p.packet_id);
    const bool first = p.qos == QoS::at_least_once;
    if (it != s.settled.end() && it->second.content == key) {
        const Ids ids = it->second.refused ? Ids{"MQTT-4.3.2-1", "MQTT-4.4.0-2"}
                                           : Ids{first ? "MQTT-4.3.2-1" : "MQTT-4.3.3-1", "MQTT-4.4.0-1"};
        accuse(c, ids, about(p, topic) + "sent again although it is settled");
        return true;
    }
    for (const auto& [id, o] : s.open)
        if (id != p.packet_id && content(o.topic, o.payload) == key && o.last_on != c.id) {
            accuse(c, repeats, about(p, topic) + "sent again with another identifier");
            return true;
        }
    accuse(c, first ? Ids{"MQTT-4.3.2-1", "MQTT-4.3.2-2"} : Ids{"MQTT-4.3.3-1", "MQTT-4.3.3-2"},
           about(p, topic) + "DUP 1 on a first delivery");
    return false;
}

void Model::Judge::judge_first(Connection& c, Session& s, const mqtt::Publish& p, const std::string& topic) {
    const auto key = content(topic, p.payload);
    const bool again = p.dup && judge_dup(c, s, p, topic);
    if (p.qos != QoS::at_most_once)
        s.open[p.packet_id] = {.topic = topic, .payload = std::string(p.payload), .qos = p.qos, .last_on = c.id,
                               .published_on = c.id, .first_on = c.id, .order = seq};
    if (again) return;
    const auto known = by_content.find(key);
    if (known == by_content.end())
        return accuse(c, {"MQTT-3.3.2-3", "MQTT-3.3.2-3"}, about(p, topic) + "nobody published this");
    const auto& list = known->second;
    if (std::ranges::any_of(list, [&](std::size_t m) { return messages[m].wild; })) return;
    for (const auto number : list) come_early(messages[number]);
    Copy copy{.session = s.number, .qos = p.qos, .retain = p.retain, .v5 = c.v5(), .at = seq, .packet_id = p.packet_id};
    if (p.qos != QoS::at_most_once) copy.state = Copy::State::open;
    for (const auto& property : p.properties)
        if (property.id == mqtt::property::subscription_identifier) copy.identifiers.push_back(property.number);
    std::ranges::sort(copy.identifiers);
    auto& all = copies[key];
    all.push_back(copy);
    for (const bool merged : {true, false}) {
        const auto found = slots(list, all, merged);
        if (const auto chosen = assign(found, all)) return accept(c, s, p, list, found[chosen->back()]);
    }
    const auto what = about(p, topic) + "not permitted, or not like this";
    if (std::ranges::any_of(s.subscriptions, &Subscription::shared)) {
        doubts.push_back({c.id, key, seq, what});
        return;
    }
    accuse(c, why_not(s, list, all), what);
    all.pop_back();
}

// At rest it is known which members of a share had lost what they did not finish.
void Model::Judge::judge_doubts() {
    for (const Doubt& doubt : std::exchange(doubts, {})) {
        auto& all = copies[doubt.content];
        const auto& list = by_content[doubt.content];
        const auto it = std::ranges::find(all, doubt.at, &Copy::at);
        if (it == all.end()) continue;
        bool good = false;
        for (const bool merged : {true, false}) good = good || assign(slots(list, all, merged), all);
        if (good) continue;
        std::rotate(it, it + 1, all.end());
        accuse(connections.at(doubt.connection), why_not(any_session(all.back().session), list, all), doubt.what);
        all.pop_back();
    }
}

void Model::Judge::accept(Connection& c, Session& s, const mqtt::Publish& p, const std::vector<std::size_t>& list,
                          const Slot& slot) {
    if (std::ranges::all_of(list, [&](std::size_t m) { return is_expired(messages[m], true); }))
        accuse(c, {"", "MQTT-3.3.2-5"}, about(p, p.topic) + "begun after it has expired");
    if (list.size() != 1) return;
    const Message& m = messages[list[0]];
    judge_properties(c, m, p);
    std::vector<Slot> at_subscribe;
    add_retained_slots(at_subscribe, s, m);
    const Copy& copy = copies[content(m.topic, m.payload)].back();
    const bool live = std::ranges::none_of(at_subscribe, [&](const Slot& one) { return one.may_take(copy); });
    if (live && slot.members.empty()) judge_order(c, s, m, p.qos);
}

void Model::Judge::judge_properties(Connection& c, const Message& m, const mqtt::Publish& p) {
    using namespace mqtt::property;
    if (!c.v5() || !m.from_v5) return;
    const auto differs = [&](std::uint32_t id) {
        std::vector<OwnProperty> had, has;
        for (const auto& q : m.passed_on)
            if (q.id == id && !(id == payload_format_indicator && q.number == 0)) had.push_back(q);
        for (const auto& q : p.properties)
            if (q.id == id && !(id == payload_format_indicator && q.number == 0))
                has.push_back({q.id, q.number, std::string(q.text), std::string(q.value)});
        return had != has;
    };
    const std::pair<std::uint32_t, std::string_view> rules[]{
        {payload_format_indicator, "MQTT-3.3.2-4"}, {response_topic, "MQTT-3.3.2-15"},
        {correlation_data, "MQTT-3.3.2-16"}, {content_type, "MQTT-3.3.2-20"},
        {user_property, m.will ? "MQTT-3.1.3-10" : "MQTT-3.3.2-17"}};
    for (const auto& [id, statement] : rules)
        if (differs(id)) accuse(c, {"", statement}, about(p, m.topic) + std::string(mqtt::row(id).name) + " differs");
    const auto expiry = mqtt::find(p.properties, message_expiry_interval);
    if (!expiry || !m.expiry) {
        if (bool(expiry) != bool(m.expiry)) accuse(c, {"", "MQTT-3.3.2-6"}, about(p, m.topic) + "the expiry differs");
        return;
    }
    const auto seconds = [](Time t) { return std::chrono::duration_cast<std::chrono::seconds>(t).count(); };
    const auto longest = seconds(now - m.sent_at + slack) + 1;
    const auto shortest = m.done_at == no_time ? 0 : seconds(std::max(now - m.done_at - slack, Time{0}));
    const auto left = std::int64_t(expiry->number), given = std::int64_t(*m.expiry);
    if (left > given - shortest || left < std::max<std::int64_t>(given - longest, 0))
        accuse(c, {"", "MQTT-3.3.2-6"}, about(p, m.topic) + std::to_string(left) + " s are left to it of " +
                                            std::to_string(given));
}

void Model::Judge::judge_window(Connection& c, Session& s) {
    if (!c.v5()) return;
    std::size_t open = 0;
    for (const auto& [id, o] : s.open) open += o.published_on == c.id && !o.settling;
    if (open > c.receive_maximum)
        accuse(c, {"", "MQTT-3.3.4-9"},
               std::to_string(open) + " deliveries are open, the client takes " + std::to_string(c.receive_maximum));
}

void Model::Judge::server_sends(Connection& c, const mqtt::Pubrel& p) {
    Session& s = *session_of(c);
    const auto say = "PUBREL " + std::to_string(p.packet_id);
    const auto open = s.open.find(p.packet_id);
    if (const auto it = std::ranges::find(c.pubrels, p.packet_id); it != c.pubrels.end()) {
        if (it != c.pubrels.begin()) accuse(c, {"MQTT-4.6.0-4", "MQTT-4.6.0-4"}, say + " before its turn");
        c.pubrels.erase(it);
        if (open != s.open.end()) open->second.last_on = c.id, open->second.unsure = false;
        return;
    }
    if (const auto it = c.unknown_pubrecs.find(p.packet_id); it != c.unknown_pubrecs.end()) {
        c.unknown_pubrecs.erase(it);
        return;
    }
    if (open != s.open.end() && open->second.released && open->second.last_on != c.id) {
        if (open->second.release_order < c.pubrel_repeat_order)
            accuse(c, {"MQTT-4.6.0-4", "MQTT-4.6.0-4"}, say + " is sent again in another order");
        c.pubrel_repeat_order = std::max(c.pubrel_repeat_order, open->second.release_order);
        open->second.last_on = c.id;
        open->second.unsure = false;
        return;
    }
    if (!c.pubrels.empty()) return accuse(c, {"MQTT-2.3.1-6", "MQTT-2.2.1-5"}, say + " answers no PUBREC");
    if (open != s.open.end() && open->second.unsure) return;
    accuse(c, {"MQTT-4.3.3-1", "MQTT-4.4.0-1"}, say + " for what is not open");
}

// Settled from the client's side; sure at the next rest.
void Model::Judge::settle(Session& s, std::uint16_t id, Open& o, bool refused) {
    o.settling = o.unsure = true;
    s.settled[id] = {content(o.topic, o.payload), refused};
    mark_copy(s, id, refused ? Copy::State::refused : Copy::State::settled);
}

void Model::Judge::client_sends(Connection& c, const mqtt::Puback& p) {
    Session* s = session_of(c);
    if (!s) return;
    const auto it = s->open.find(p.packet_id);
    if (it != s->open.end() && it->second.qos == QoS::at_least_once) settle(*s, it->first, it->second, p.reason >= 0x80);
}

void Model::Judge::client_sends(Connection& c, const mqtt::Pubrec& p) {
    Session* s = session_of(c);
    if (!s) return;
    const auto it = s->open.find(p.packet_id);
    if (it == s->open.end() || it->second.qos != QoS::exactly_once || it->second.settling || it->second.released) {
        c.unknown_pubrecs.insert(p.packet_id);
        return;
    }
    if (p.reason >= 0x80) return settle(*s, it->first, it->second, true);
    it->second.released = it->second.unsure = true;
    it->second.release_order = seq;
    c.pubrels.push_back(p.packet_id);
}

void Model::Judge::client_sends(Connection& c, const mqtt::Pubcomp& p) {
    Session* s = session_of(c);
    if (!s) return;
    const auto it = s->open.find(p.packet_id);
    if (it != s->open.end() && it->second.released) settle(*s, it->first, it->second, false);
}

void Model::Judge::mark_copy(const Session& s, std::uint16_t id, Copy::State state) {
    const auto it = s.open.find(id);
    if (it == s.open.end()) return;
    const auto list = copies.find(content(it->second.topic, it->second.payload));
    if (list == copies.end()) return;
    for (Copy& copy : list->second)
        if (copy.session == s.number && copy.packet_id == id &&
            (copy.state == Copy::State::open || copy.state == Copy::State::broken_off))
            copy.state = state;
}

}  // namespace model
