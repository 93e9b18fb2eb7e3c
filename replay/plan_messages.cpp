// Of the plan: what CONNECT, PUBLISH and subscriptions mean for each other.
#include <algorithm>

#include "codec/topics.hpp"
#include "replay/planner.hpp"

namespace replay {

using mqtt::Version;
namespace property = mqtt::property;

namespace {

constexpr std::size_t zero_fill = 32;  // octets of zeros that no device sends as its whole payload

bool is_zero_filled(std::string_view payload) {
    return payload.size() >= zero_fill && payload.find_first_not_of('\0') == payload.npos;
}

/// The topic, by its alias where it is empty; learns new aliases.
std::string resolved(std::map<std::uint16_t, std::string>& aliases, const mqtt::Publish& p) {
    const auto alias = std::uint16_t(mqtt::number_or(p.properties, property::topic_alias, 0));
    if (alias == 0) return std::string(p.topic);
    if (!p.topic.empty()) return aliases[alias] = p.topic;
    const auto known = aliases.find(alias);
    return known == aliases.end() ? std::string() : known->second;
}

}  // namespace

std::string Planner::mapped(std::string_view topic) const {
    std::string head;
    if (const auto share = mqtt::shared(topic)) {
        head = "$share/" + std::string(share->group) + "/";
        topic = share->filter;
    }
    for (const auto& [from, to] : options_.topic_map)
        if (topic.starts_with(from)) return head + to + std::string(topic.substr(from.size()));
    return head + std::string(topic);
}

mqtt::Properties Planner::mapped(const mqtt::Properties& properties, Version v) {
    if (options_.topic_map.empty() || v != Version::v5) return properties;
    auto& list = property_lists_.emplace_back();
    for (auto p : properties) {
        if (p.id == property::response_topic) p.text = keep(mapped(p.text));
        list.push_back(p);
    }
    std::string wire(
        mqtt::encode(mqtt::Publish{.properties = mqtt::Properties(std::span<const mqtt::Property>(list))}, v));
    auto& room = plan_.kept.emplace_back(wire.size(), '\0');  // packed: the plan outlives the lists
    return mqtt::pack(mqtt::Properties(std::span<const mqtt::Property>(list)), v,
                      {reinterpret_cast<std::uint8_t*>(room.data()), room.size()});
}

void Planner::replace_login(std::size_t i, mqtt::Connect& p) {
    const std::string user(p.user_name.value_or(""));
    const auto login = options_.login ? options_.login(std::string(p.client_id), user) : std::nullopt;
    if (login) {
        p.user_name.reset();
        p.password.reset();
        if (login->user_name) p.user_name = keep(*login->user_name);
        if (login->password) p.password = keep(*login->password);
    } else if (p.password == scenario::mask && item(i).skip.empty()) {
        throw scenario::ScenarioError("step " + std::to_string(i + 1) + ": the password of client \"" +
                                      std::string(p.client_id) + "\" is masked; give it: --logins FILE or -u and -P");
    }
}

void Planner::sent(std::size_t i, mqtt::Connect& p) {
    Link& l = link(i);
    l.connect = plan_.connections[step(i).session].connect = i;
    if (p.clean_start) {
        const bool seen = l.client->seen;
        forget(i);
        l.client->seen = seen;
    }
    replace_login(i, p);
    plan_.connections[step(i).session].keep_alive = std::chrono::seconds(p.keep_alive);
    if (p.will) {
        p.will->topic = keep(mapped(p.will->topic));
        p.will->properties = mapped(p.will->properties, Version(p.level));
        if (p.will->retain && item(i).skip.empty()) retained_.insert(std::string(p.will->topic));
    }
    if (!p.client_id.empty()) p.client_id = keep(options_.client_id_prefix + std::string(p.client_id));
}

void Planner::came(std::size_t i, mqtt::Connack& p) {
    Link& l = link(i);
    if (l.connect != none) {
        item(i).partner = l.connect;
        item(l.connect).answers.push_back(i);
    }
    l.resumed = plan_.connections[step(i).session].resumed = p.session_present;
    l.unknown_before = p.session_present && !l.client->seen;
    plan_.connections[step(i).session].is_from_before = is_from_before(l);
    if (is_from_before(l)) soften(i, "its session began before the capture");
    if (p.code == 0 && !p.session_present) forget(i);
    if (p.code == 0) l.client->seen = true;
    if (const auto alive = mqtt::find(p.properties, property::server_keep_alive))
        plan_.connections[step(i).session].keep_alive = std::chrono::seconds(alive->number);
    const auto assigned = mqtt::find(p.properties, property::assigned_client_identifier);
    if (!assigned) return;
    plan_.connections[step(i).session].client = assigned->text;
    auto& named = clients_[std::string(assigned->text)];
    named = *l.client;
    l.client = &named;
}

/// QoS 2 once more, and not yet released: no other message (4.3.3).
bool Planner::is_repeat(std::size_t i, const mqtt::Publish& p) {
    if (!p.dup || p.qos != mqtt::QoS::exactly_once) return false;
    const auto before = link(i).client->requests.find(p.packet_id);
    if (before == link(i).client->requests.end() || item(before->second).ack != none) return false;
    const auto* first = std::get_if<mqtt::Publish>(&item(before->second).packet);
    return first && first->payload == p.payload && item(before->second).topic == item(i).topic;
}

void Planner::sent(std::size_t i, mqtt::Publish& p) {
    Item& it = item(i);
    const bool has_id = p.qos != mqtt::QoS::at_most_once;
    it.topic = mapped(resolved(link(i).client_aliases, p));
    if (it.skip.empty() && is_zero_filled(p.payload)) it.skip = "a payload of zeros alone: the capture was filled up";
    if (it.skip.empty() && it.topic.empty()) it.skip = "its topic alias was set before the capture";
    if (!p.topic.empty()) p.topic = keep(it.topic);
    p.properties = mapped(p.properties, scenario_.sessions[step(i).session].version);
    const bool repeated = is_repeat(i, p);
    if (has_id) request(i, p.packet_id);
    if (!repeated) published_[content_hash(it.topic, p.payload)].push_back({i, p.retain, p.qos});
    if (p.retain && it.skip.empty()) retained_.insert(it.topic);
}

void Planner::sent(std::size_t i, mqtt::Disconnect& p) {
    link(i).disconnected = true;
    if (p.reason != 0) end_will(i);
}

/// From here on the will of that connection may be published.
void Planner::end_will(std::size_t i) {
    if (link(i).connect == none) return;
    const auto& connect = std::get<mqtt::Connect>(item(link(i).connect).packet);
    if (!connect.will) return;
    const auto hash = content_hash(connect.will->topic, connect.will->payload);
    published_[hash].push_back({i, connect.will->retain, connect.will->qos});
    wills_ended_[i] = link(i).connect;
    explain_early(i, hash);
}

void Planner::came(std::size_t i, mqtt::Publish& p) {
    Item& it = item(i);
    it.topic = mapped(resolved(link(i).server_aliases, p));
    p.properties = mapped(p.properties, scenario_.sessions[step(i).session].version);
    const bool again = is_sent_again(i, p);
    if (p.qos != mqtt::QoS::at_most_once) {
        link(i).client->deliveries[p.packet_id] = i;
        link_early_ack(i, p.packet_id);
    }
    find_subscriptions(i, p);
    if (it.topic.starts_with('$')) soften(i, "a topic of the server's own");
    if (it.topic.empty()) soften(i, "its topic alias was set before the capture");
    if (!again) find_cause(i, p);
    if (is_from_before(link(i)) && it.matching == 0 && it.shares.empty())
        soften(i, "its subscription was made before the capture");
}

/// A delivery has the lower one of the QoS published and granted.
bool Planner::may_cause(const Published& m, std::size_t delivery, mqtt::QoS qos) const {
    const Item& it = plan_.items[delivery];
    bool below = false;
    for (const auto& [filter, s] : links_[step(delivery).session].client->subscriptions)
        below = below || (filter_matches(filter, it.topic) && qos < s.qos);
    return below ? m.qos == qos : m.qos >= qos;
}

/// The same delivery once more: it has the cause of the first.
bool Planner::is_sent_again(std::size_t i, const mqtt::Publish& p) {
    const auto before = p.dup ? link(i).client->deliveries.find(p.packet_id) : link(i).client->deliveries.end();
    if (before == link(i).client->deliveries.end()) return false;
    const Item& first = item(before->second);
    const auto* same = std::get_if<mqtt::Publish>(&first.packet);
    if (!same || same->payload != p.payload || first.topic != item(i).topic || first.cause == none) return false;
    settle_cause(i, first.cause, p.retain);
    return true;
}

std::size_t Planner::last_retained(std::size_t i, const mqtt::Publish& p) const {
    const auto found = published_.find(content_hash(plan_.items[i].topic, p.payload));
    if (found == published_.end()) return none;
    const auto& all = found->second;
    const auto last = std::find_if(all.rbegin(), all.rend(), [](const auto& m) { return m.retain; });
    return last == all.rend() ? none : last->item;
}

/// Messages alike are taken for each other in their order, from the subscription on.
std::size_t Planner::cause_of(std::size_t i, const mqtt::Publish& p) {
    const Item& it = item(i);
    if (it.retained) return last_retained(i, p);
    const auto hash = content_hash(it.topic, p.payload);
    const auto found = published_.find(hash);
    if (found == published_.end()) return none;
    const auto& all = found->second;
    std::size_t asked = none;
    for (const auto& [filter, s] : link(i).client->subscriptions)
        if (filter_matches(filter, it.topic)) asked = std::min(asked, s.asked);
    auto& next = link(i).client->causes[{hash, int(p.qos)}];
    while (next < all.size() && ((asked != none && all[next].item < asked) || !may_cause(all[next], i, p.qos))) ++next;
    const auto cause = next < all.size() ? all[next++].item : all.back().item;
    return link(i).client->explained[hash] = cause;
}

Planner::CopiesKey Planner::copies_key(std::size_t i, std::size_t hash) {
    return {plan_.connections[step(i).session].client, link(i).client->session, hash};
}

/// Once subscriptions overlapped, what is alike is looked at as a whole, when all of it is known.
void Planner::find_cause(std::size_t i, const mqtt::Publish& p) {
    const auto hash = content_hash(item(i).topic, p.payload);
    const auto key = copies_key(i, hash);
    const bool may_be_copy = !item(i).retained && published_.contains(hash);
    if (may_be_copy && (item(i).matching > 1 || copies_.contains(key))) {
        const auto [copies, fresh] = copies_.try_emplace(key);
        const auto before = link(i).client->explained.find(hash);
        if (fresh && before != link(i).client->explained.end()) copies->second.after = before->second;
        copies->second.all.push_back({i, granted(i)});
    } else {
        settle_cause(i, cause_of(i, p), item(i).retained);
    }
    if (item(i).soft == unknown_publisher) unexplained_[hash].push_back(i);
}

void Planner::settle_cause(std::size_t i, std::size_t cause, bool retain) {
    Item& it = item(i);
    it.cause = cause;
    if (cause == none)
        return soften(i, retain ? "retained before the capture began, or by a client that is not in it"
                                : std::string(unknown_publisher));
    if (!item(cause).skip.empty()) soften(i, "what it came from is not sent: " + item(cause).skip);
    const auto connect = link(i).connect;
    it.stored = connect != none && cause < connect;
}

/// The server published a will just before it ended the connection.
void Planner::explain_early(std::size_t i, std::size_t hash) {
    const auto found = unexplained_.find(hash);
    if (found == unexplained_.end()) return;
    for (const auto d : found->second) {
        if (step(i).at - step(d).at > std::chrono::seconds(1) || item(d).soft != unknown_publisher) continue;
        item(d).soft.clear();
        settle_cause(d, i, false);
    }
    unexplained_.erase(found);
}

}  // namespace replay
