#include "simulation/world.hpp"

#include <malloc.h>

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

using mqtt::QoS;
using mqtt::Version;
using reference::Action;
using reference::Request;

unsigned index_of(std::string_view client_id) { return number_of(client_id.substr(1)); }

}  // namespace

World::World(reference::Settings settings, const Plan& plan) : plan_(plan), dice_(plan.seed) {
    settings.limits.outbox_octets = 4'096;  // slow readers are felt soon
    settings.offer.receive_maximum = std::min<std::uint16_t>(settings.offer.receive_maximum, 6);
    settings.allowed = [](const Request& r) {
        const auto client = index_of(r.client_id);
        return r.action == Action::publish ? may_publish(client, r.topic) : may_read(client, r.topic);
    };
    broker_ = std::make_unique<reference::Broker>(std::move(settings));
    const auto q1 = QoS::at_least_once, q2 = QoS::exactly_once;
    std::vector<Traits> all{
        {.version = Version::v5, .receive_maximum = 4, .filters = {{"#", q2}}},
        {.version = Version::v3_1_1, .wills = true, .filters = {{"t/+", q1}, {"w", q2}}},
        {.version = Version::v5, .receive_maximum = 1, .filters = {{"t/1", q2}, {"u/#", q2}}},
        {.version = Version::v5, .wills = true, .filters = {{"t/2", q2}}},
        {.version = Version::v3_1_1, .filters = {{"t/2", q2}, {"t/+", q2}}},
        {.version = Version::v5, .expiry = 20, .wills = true},
        {.version = Version::v5, .expiry = 5, .receive_maximum = 3},
    };
    for (unsigned i = 0; i < plan.volatile_clients; ++i)
        all.push_back({.version = i % 2 ? Version::v3_1_1 : Version::v5, .clean = true, .wills = i % 3 != 2});
    for (unsigned i = 0; i < all.size(); ++i) clients_.emplace_back(i, all[i], ledger_);
    current_.resize(clients_.size());
}

World::Wire* World::wire_of(unsigned client) {
    return current_[client] == 0 ? nullptr : &wires_.at(current_[client]);
}

// ---- the links ---------------------------------------------------------------------------------------------------------

void World::send(unsigned client, std::string octets) {
    if (Wire* w = wire_of(client)) w->up += octets;
}

bool World::chunk_up(unsigned client, std::size_t most) {
    Wire* w = wire_of(client);
    if (!w || w->up.empty()) return false;
    const auto size = std::min(most, w->up.size());
    const auto chunk = w->up.substr(0, size);
    w->up.erase(0, size);
    w->delivered += size;
    if (!w->greeted && !w->ended && w->delivered >= w->connect_end) greeted(*w);
    broker_->receive(current_[client], mqtt::octets(chunk), now_);
    if (w->leaving && w->delivered >= w->disconnect_end) broker_ends(*w);
    return true;
}

// The broker is about to read the end of a CONNECT.
void World::greeted(Wire& w) {
    for (auto& [id, other] : wires_)
        if (other.client == w.client && &other != &w && other.greeted) broker_ends(other);  // a takeover
    w.greeted = true;
    const auto it = pending_wills_.find(w.client);
    if (it == pending_wills_.end()) return;
    const bool due = clients_[w.client].traits().clean || now_ >= it->second.due;
    ledger_.at(it->second.number).wills_due = due ? 1 : 0;  // 3.1.3-9
    pending_wills_.erase(it);
}

// The connection is over for the broker, at this moment.
void World::broker_ends(Wire& w) {
    if (std::exchange(w.ended, true) || !w.greeted || !w.will) return;
    const bool said_goodbye = w.leaving && w.delivered >= w.disconnect_end;
    if (said_goodbye && !w.keeps_will) return;
    const Traits& traits = clients_[w.client].traits();
    const auto delay = std::min(w.will_delay, traits.clean ? 0 : traits.expiry);
    if (delay == 0) ledger_.at(*w.will).wills_due = 1;
    else pending_wills_[w.client] = {*w.will, now_ + std::chrono::seconds(delay)};
}

bool World::take(LinkId id) {
    bool close = false;
    auto octets = broker_->take(id, close);
    const auto it = wires_.find(id);
    if (it == wires_.end()) return true;
    Wire& w = it->second;
    if (!w.dead) w.down += octets;
    broker_->recycle(std::move(octets));
    if (!close) return true;
    broker_ends(w);
    w.closed = true;
    w.up.clear();
    if (w.dead) wires_.erase(it);
    return true;
}

bool World::take_some(unsigned client) {
    const auto dirty = broker_->dirty();
    for (const LinkId id : dirty) {
        const auto it = wires_.find(id);
        if (it == wires_.end() || it->second.client == client) return take(id);
    }
    return false;
}

void World::take_all() {
    while (!broker_->dirty().empty()) take(broker_->dirty().back());
}

bool World::chunk_down(unsigned client, std::size_t most) {
    Wire* w = wire_of(client);
    if (!w || (w->down.empty() && !w->closed)) return false;
    const auto size = std::min(most, w->down.size());
    const auto chunk = w->down.substr(0, size);
    w->down.erase(0, size);
    const bool good = clients_[client].receive(chunk);
    if (good && !(w->down.empty() && w->closed)) return true;
    clients_[client].lost();
    wires_.erase(current_[client]);
    if (!good) broker_->lost(current_[client], now_);
    current_[client] = 0;
    return true;
}

void World::lose(unsigned client, bool told) {
    Wire* w = wire_of(client);
    ++report_.losses;
    clients_[client].lost();
    const auto id = std::exchange(current_[client], 0);
    if (!told && !w->closed) {
        w->dead = true;
        w->up.clear();
        w->down.clear();
        return;
    }
    broker_->lost(id, now_);
    broker_ends(*w);
    wires_.erase(id);
}

// ---- the clients -------------------------------------------------------------------------------------------------------

void World::connect(unsigned client) {
    ++report_.connections;
    Client& c = clients_[client];
    const auto id = broker_->open(now_);
    Wire& w = wires_[current_[client] = id];
    w.client = client;
    if (wills_ && c.traits().wills && dice_.roll(2) == 0) {
        w.will = ledger_.publish({.publisher = client, .topic = will_topic, .qos = QoS::exactly_once, .will = true});
        const std::uint32_t delays[]{0, 0, 2, 30};
        if (c.traits().version == Version::v5) w.will_delay = delays[dice_.roll(4)];
    }
    w.up = c.connect(w.will, w.will_delay, c.traits().keep_alive);
    w.connect_end = w.up.size();
}

bool World::leave(unsigned client) {
    Wire* w = wire_of(client);
    if (!w || w->leaving || !clients_[client].online()) return false;
    w->keeps_will = clients_[client].traits().version == Version::v5 && dice_.roll(2) == 0;
    w->up += clients_[client].disconnect(w->keeps_will);
    w->leaving = true;
    w->disconnect_end = w->delivered + w->up.size();
    return true;
}

void World::publish(unsigned client) {
    Client& c = clients_[client];
    if (!c.may_publish() || broker_->counts().queued > 300) return;
    Sent sent{.publisher = client, .topic = unsigned(dice_.roll(4)), .qos = QoS(dice_.roll(3))};
    if (dice_.roll(16) == 0) sent.topic = secret_topic;
    sent.denied = !may_publish(client, topics[sent.topic]);
    const auto padding = dice_.roll(20) == 0 ? std::string(dice_.roll(600), '.') : std::string();
    const bool retain = dice_.roll(16) == 0;
    send(client, c.publish(ledger_.publish(sent), sent, retain, padding));
}

// One command of a client that is on line.
void World::act(unsigned client) {
    Client& c = clients_[client];
    const std::string_view filters[]{"t/+", "t/1", "u/a", "secret/#", "t/#"};
    const auto filter = filters[dice_.roll(std::size(filters))];
    const bool free = c.traits().filters.empty();
    switch (dice_.roll(free ? 12 : 10)) {
        case 0: return send(client, mqtt::encode(mqtt::Pingreq{}, c.traits().version));
        case 10: return send(client, c.subscribe({filter, QoS(dice_.roll(3))}));
        case 11: return send(client, c.unsubscribe(filter));
        default: return publish(client);
    }
}

bool World::try_step(unsigned client, std::size_t kind) {
    Wire* w = wire_of(client);
    const auto size = dice_.roll(3) == 0 ? 1 + dice_.roll(3) : 1 + dice_.roll(400);
    if (kind < 28) return chunk_up(client, size);
    if (kind < 42) return take_some(client);
    if (kind < 64) return chunk_down(client, size);
    if (kind < 84) {
        if (!clients_[client].online() || w->leaving) return false;
        const auto octets = clients_[client].answers(1 + dice_.roll(4));
        send(client, octets);
        return !octets.empty();
    }
    if (kind < 94) {
        if (w && clients_[client].online() && !w->leaving) return act(client), true;
        if (!w) return connect(client), true;
        return false;
    }
    if (kind < 96) return pass(Time(dice_.roll(dice_.roll(8) == 0 ? 4'000 : 250))), true;
    if (dice_.roll(4) == 0) return leave(client);
    if (!w || dice_.roll(12) != 0) return false;
    return lose(client, dice_.roll(4) != 0), true;
}

void World::step() {
    for (int tries = 0; tries < 50; ++tries) {
        const auto client = unsigned(dice_.roll(clients_.size()));  // one after the other: the same with all compilers
        const auto kind = dice_.roll(100);
        if (try_step(client, kind)) break;
    }
    if (++report_.events % 64 == 0) watch();
}

void World::watch() {
    const auto counts = broker_->counts();
    report_.most_queued = std::max(report_.most_queued, counts.queued);
    report_.most_links = std::max(report_.most_links, counts.links);
    report_.most_sessions = std::max(report_.most_sessions, counts.sessions);
    if (counts.sessions > clients_.size()) ledger_.break_rule("there are more sessions than clients");
    if (counts.links > wires_.size() + 64) ledger_.break_rule("there are more links than connections");
}

void World::pass(Time span) {
    const auto end = now_ + span;
    for (int i = 0; broker_->deadline() && *broker_->deadline() <= end && i < 10'000; ++i) {
        now_ = std::max(now_, *broker_->deadline());
        broker_->tick(now_);
        const auto before = std::ranges::count_if(wires_, [](const auto& w) { return w.second.ended; });
        take_all();  // so that ends are known at the time at which they come
        report_.timeouts += std::size_t(
            std::max<std::ptrdiff_t>(0, std::ranges::count_if(wires_, [](const auto& w) { return w.second.ended; }) - before));
    }
    now_ = std::max(now_, end);
}

// ---- beginning and end -------------------------------------------------------------------------------------------------

void World::set_up() {
    for (unsigned i = 0; i < clients_.size(); ++i) {
        const auto& filters = clients_[i].traits().filters;
        if (filters.empty()) continue;
        connect(i);
        drain();
        for (const Filter& f : filters) send(i, clients_[i].subscribe(f));
        drain();
        ledger_.listens(i, filters);
    }
}

// Links are good now: until nobody has anything to say.
void World::drain() {
    for (int round = 0; round < 200'000; ++round) {
        bool busy = false;
        for (unsigned i = 0; i < clients_.size(); ++i) {
            busy = chunk_up(i, std::size_t(-1)) || busy;
            take_all();
            busy = chunk_down(i, std::size_t(-1)) || busy;
            const Wire* w = wire_of(i);
            if (!w || w->leaving) continue;
            const auto octets = clients_[i].answers(std::size_t(-1));
            busy = busy || !octets.empty();
            send(i, octets);
        }
        if (!busy) return;
    }
    ledger_.break_rule("it never comes to rest");
}

void World::finish() {
    drain();
    for (unsigned i = 0; i < clients_.size(); ++i)
        if (current_[i] != 0) lose(i, true);
    pass(Time(100'000));  // wills, ends of sessions, connections that are dead
    for (auto& [client, will] : pending_wills_) ledger_.at(will.number).wills_due = 1;
    pending_wills_.clear();
    wills_ = false;
    const auto endless = std::ranges::count_if(
        clients_, [](const Client& c) { return !c.traits().clean && c.traits().expiry == 0xffff'ffff; });
    if (broker_->counts().sessions > std::size_t(endless))
        ledger_.break_rule("sessions are kept for longer than they expire (4.1.0-2)");
    for (int round = 0; round < 2; ++round) {
        for (unsigned i = 0; i < clients_.size(); ++i)
            if (current_[i] == 0) connect(i);
        drain();
    }
    for (Client& c : clients_)
        if (!c.idle()) ledger_.break_rule("client " + std::to_string(c.index()) + " waits for an answer for ever");
    if (broker_->counts().queued != 0)
        ledger_.break_rule(std::to_string(broker_->counts().queued) + " deliveries are stuck");
    ledger_.judge();
    end_everything();
}

// Nothing is left behind by sessions that have ended (4.1.0-2; 3.1.1, 3.1.2-6).
void World::end_everything() {
    for (unsigned t = 0; t < std::size(topics); ++t) {
        mqtt::Publish p{.retain = true, .topic = topics[t]};
        send(0, mqtt::encode(p, clients_[0].traits().version));
    }
    chunk_up(0, std::size_t(-1));
    take_all();
    for (unsigned i = 0; i < clients_.size(); ++i) {
        if (current_[i] != 0) lose(i, true);
        const auto id = broker_->open(now_);
        const auto name = "c" + std::to_string(i);
        const auto version = clients_[i].traits().version;
        const mqtt::Connect p{.level = std::uint8_t(version), .clean_start = true, .client_id = name};
        broker_->receive(id, mqtt::octets(mqtt::encode(p, version)), now_);
        broker_->receive(id, mqtt::octets(mqtt::encode(mqtt::Disconnect{}, version)), now_);
        take_all();
    }
    pass(Time(200'000));
    take_all();
    const auto left = broker_->counts();
    if (left.links + left.sessions + left.subscriptions + left.retained + left.queued != 0)
        ledger_.break_rule("left behind: " + std::to_string(left.links) + " links, " + std::to_string(left.sessions) +
                           " sessions, " + std::to_string(left.subscriptions) + " subscriptions, " +
                           std::to_string(left.retained) + " retained, " + std::to_string(left.queued) + " queued");
}

Report World::run() {
    set_up();
    while (report_.events < plan_.events && ledger_.broken().empty()) step();
    if (ledger_.broken().empty()) finish();
    const auto before = mallinfo2().uordblks;
    broker_.reset();
    const auto after = mallinfo2().uordblks;
    report_.heap_left = before > after ? before - after : 0;
    report_.broken = ledger_.broken();
    report_.messages = ledger_.size();
    report_.deliveries = ledger_.deliveries();
    return report_;
}

Report simulate(reference::Settings settings, const Plan& plan) { return World(std::move(settings), plan).run(); }

}  // namespace simulation
