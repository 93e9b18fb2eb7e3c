// Of the engine: the steps of the clients.
#include "replay/engine.hpp"

namespace replay {

using mqtt::Type;
namespace property = mqtt::property;

namespace {

constexpr std::size_t most_unread = 1000;
constexpr std::string_view gone = "its connection had ended";
constexpr std::string_view no_room = "the target has not answered as many as its Receive Maximum allows";
constexpr std::string_view answered = "what it repeats has been answered";

/// Without its topic alias.
std::vector<mqtt::Property> without_alias(const mqtt::Properties& properties) {
    std::vector<mqtt::Property> out;
    for (const auto& p : properties)
        if (p.id != property::topic_alias) out.push_back(p);
    return out;
}

}  // namespace

void Engine::skip(std::size_t i, const std::string& why) {
    const auto session = plan_.scenario->steps[i].session;
    skipped_.push_back(
        {plan_.scenario->sessions[session].name, i + 1, std::string(mqtt::name(plan_.items[i].type)), why});
    for (const auto answer : plan_.items[i].answers)
        if (judge_.is_open(answer)) judge_.excuse(answer, "what it answers was not sent: " + why);
}

void Engine::perform(std::size_t i) {
    const auto& step = plan_.scenario->steps[i];
    const Item& it = plan_.items[i];
    progress();
    due_ = options_.speed > 0 ? std::max(due_, loop_.now()) : due_;
    reached_ = step.at;
    if (it.role == Role::open) return open(i);
    if (!links_[step.session] && it.role == Role::send) open(i);  // a scenario may leave `open` out
    if (!is_live(step.session)) {
        if (it.role == Role::send) skip(i, std::string(gone));
        return;
    }
    Link& l = *link(step.session);
    if (it.role == Role::ack) return acknowledge(i, l);
    if (it.role == Role::send) return send(i, l);
    l.finish();
    l.unfenced = true;
    unfenced_.insert(l.session);
    judge_.performed(i);
}

void Engine::open(std::size_t i) {
    const auto session = plan_.scenario->steps[i].session;
    if (links_[session]) return;
    links_[session] = std::make_unique<Link>(loop_, options_.target, static_cast<LinkOwner&>(*this), session,
                                             plan_.scenario->sessions[session].version);
    links_[session]->client = plan_.connections[session].client;
}

void Engine::put(std::size_t i, Link& l, std::string octets) {
    if (octets.size() > l.maximum_packet_size)
        return skip(i, "the target takes no packets above " + std::to_string(l.maximum_packet_size) + " octets");
    l.send(std::move(octets));
    judge_.performed(i);
    ++sent_;
    for (const auto early : plan_.items[i].answers)  // that the capture has before it
        if (early < i && judge_.is_awaited(early)) await(early);
}

void Engine::send(std::size_t i, Link& l) {
    const Item& it = plan_.items[i];
    if (!it.whole) return send_raw(i, l);
    std::visit(
        [&](const auto& p) {
            using P = std::remove_cvref_t<decltype(p)>;
            if constexpr (P::type == Type::connect || P::type == Type::publish)
                send(i, l, p);
            else if constexpr (P::type == Type::subscribe || P::type == Type::unsubscribe)
                send_request(i, l, p, p.packet_id);
            else
                put(i, l, mqtt::encode(p, l.version));
        },
        it.packet);
    if (it.type != Type::disconnect) return;
    l.finish();
    l.unfenced = true;
    unfenced_.insert(l.session);
}

/// With the identifier it has, whatever that is now.
void Engine::send_raw(std::size_t i, Link& l) {
    if (const auto id = plan_.items[i].raw_id) {
        ids_[l.client].requests[id] = i;
        requests_[i] = {id, true};
    }
    put(i, l, plan_.scenario->steps[i].octets);
}

void Engine::send(std::size_t i, Link& l, mqtt::Connect p) {
    const auto known = assigned_.find(plan_.connections[l.session].client);
    const std::string id = known == assigned_.end() ? std::string(p.client_id) : known->second;
    if (!p.client_id.empty()) p.client_id = id;
    l.keep_alive(p.keep_alive);
    l.alive = std::chrono::seconds(p.keep_alive);
    put(i, l, mqtt::encode(p, mqtt::Version(p.level)));
}

std::uint16_t Engine::new_id(Ids& ids, std::uint16_t captured, bool again) {
    if (const auto known = ids.now.find(captured); again && known != ids.now.end()) return known->second;
    std::uint16_t id = captured;
    for (unsigned tries = 0; tries < 65535 && (id == 0 || ids.requests.contains(id)); ++tries) ++id;
    return ids.now[captured] = id;
}

void Engine::send_request(std::size_t i, Link& l, mqtt::Packet packet, std::uint16_t captured_id) {
    Ids& ids = ids_[l.client];
    bool again = false;
    std::uint16_t id = 0;
    std::visit(
        [&](auto& p) {
            if constexpr (requires { p.dup; }) again = p.dup;
            if constexpr (requires { p.packet_id; }) p.packet_id = id = new_id(ids, captured_id, again);
        },
        packet);
    ids.requests[id] = i;
    requests_[i] = {id, true};
    l.open_publishes += plan_.items[i].type == Type::publish;
    if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet))
        for (const auto& e : subscribe->entries)
            if (e.filter.starts_with("$share/")) l.shares.emplace(e.filter);
    put(i, l, mqtt::encode(packet, l.version));
}

/// The same once more, before it was answered: one request, however many answers there are. Who has its answer does
/// not repeat.
void Engine::repeat(std::size_t i, Link& l, mqtt::Publish p) {
    Request& first = requests_[plan_.items[i].repeat_of];
    if (!first.sent || first.answered) return skip(i, std::string(answered));
    ++first.repeats;
    requests_[i] = first;
    p.packet_id = first.id;
    put(i, l, mqtt::encode(p, l.version));
}

/// With an alias only where the target takes it, and only without a topic where it has been told.
void Engine::send(std::size_t i, Link& l, mqtt::Publish p) {
    if (is_full(i)) return skip(i, std::string(no_room));
    const auto alias = std::uint16_t(mqtt::number_or(p.properties, property::topic_alias, 0));
    std::vector<mqtt::Property> list;
    if (alias > l.topic_alias_maximum) {
        list = without_alias(p.properties);
        p.properties = mqtt::Properties(std::span<const mqtt::Property>(list));
    }
    const auto told = l.sent_aliases.find(alias);
    if (alias == 0 || alias > l.topic_alias_maximum || told == l.sent_aliases.end() ||
        told->second != plan_.items[i].topic)
        p.topic = plan_.items[i].topic;
    if (alias && alias <= l.topic_alias_maximum) l.sent_aliases[alias] = plan_.items[i].topic;
    if (plan_.items[i].repeat_of != none) return repeat(i, l, p);
    if (p.qos != mqtt::QoS::at_most_once) return send_request(i, l, p, p.packet_id);
    put(i, l, mqtt::encode(p, l.version));
    if (l.unread.size() == most_unread) l.unread.erase(l.unread.begin());
    l.unread.push_back(i);
    l.unfenced = true;
    unfenced_.insert(l.session);
}

void Engine::acknowledge(std::size_t i, Link& l) {
    const Item& it = plan_.items[i];
    if (it.type == Type::pubrel) return release(it.partner, i, l);
    answer(it.partner, i);
}

/// PUBACK or PUBREC, as the QoS of now wants it; where the captured one fits, with its reason.
void Engine::answer(std::size_t delivery, std::size_t ack) {
    Delivery& d = deliveries_[delivery];
    if (d.session == none || d.answered || d.id == 0 || !is_live(d.session)) return;
    d.answered = true;
    Link& l = *link(d.session);
    mqtt::Packet packet = mqtt::Puback{.packet_id = d.id};
    if (d.qos == mqtt::QoS::exactly_once) packet = mqtt::Pubrec{.packet_id = d.id};
    if (ack != none && plan_.items[ack].type == mqtt::type_of(packet)) packet = plan_.items[ack].packet;
    std::visit(
        [&](auto& p) {
            if constexpr (requires { p.packet_id; }) p.packet_id = d.id;
        },
        packet);
    l.send(mqtt::encode(packet, l.version));
    ++sent_;
    l.unfenced = true;
    unfenced_.insert(l.session);
}

void Engine::release(std::size_t request, std::size_t ack, Link& l) {
    Request& r = requests_[request];
    const bool again = plan_.scenario->steps[request].session != l.session;  // on a resumed session
    if (!r.sent || r.id == 0 || (!again && (!r.recorded || r.released))) return;
    r.released = true;
    auto p = std::get<mqtt::Pubrel>(plan_.items[ack].packet);
    p.packet_id = r.id;
    put(ack, l, mqtt::encode(p, l.version));
}

}  // namespace replay
