// What the commands mean.
#include "model/tests/play.hpp"

#include <algorithm>

#include "fuzz/dice.hpp"
#include "model/tests/game.hpp"

namespace model::test {
namespace {

constexpr std::string_view topics[]{"a", "a/b", "a/b/c", "b", "A", "a/", "/a", "$x/y", "\xef\xbb\xbfq", "a/\xf0\x9f\x98\x80"};
constexpr std::string_view filters[]{"#", "+", "a/#", "a/+", "+/b", "a", "a/b", "$x/#", "/+", "a/+/c", "b",
                                     "$share/g/a/#", "$share/g/a/#", "$share/h/+", "+/#", "\xef\xbb\xbfq", "+/y"};

}  // namespace

void Game::connect(Client& c, std::uint32_t a, std::uint32_t b) {
    if (c.online && a % 4 != 0) return send(c, mqtt::Pingreq{});  // else a takeover
    const auto index = unsigned(&c - clients_);
    c.version = index % 2 == 0 || index == 3 ? Version::v5 : Version::v3_1_1;
    if ((a >> 2) % 16 == 0) c.version = c.version == Version::v5 ? Version::v3_1_1 : Version::v5;
    if ((a >> 2) % 32 == 1) c.version = Version::v3_1;
    c.link = broker_.open(now_);
    c.online = false;
    c.answers.clear();
    versions_[c.link] = c.version;
    model_.opened(c.link, now_);
    const std::uint32_t expiries[]{0, 5, 60, 0xffff'ffff};
    const std::uint16_t keep_alives[]{0, 0, 30, 4};
    mqtt::Connect p{.level = std::uint8_t(c.version), .clean_start = (a >> 7) % 4 == 0,
                    .keep_alive = keep_alives[(a >> 9) % 4]};
    if (c.version == Version::v3_1) p.protocol = "MQIsdp";
    const std::string long_id(30, 'x');
    p.client_id = (a >> 11) % 32 == 0 ? "" : (a >> 11) % 32 == 1 ? std::string_view(long_id) : std::string_view(c.id);
    c.expiry = expiries[(a >> 16) % 4];
    std::vector<Property> list{{property::session_expiry_interval, c.expiry}}, of_will;
    if ((a >> 18) % 4 == 0) list.emplace_back(property::receive_maximum, 1 + (a >> 20) % 3);
    if ((a >> 22) % 8 == 0) list.emplace_back(property::maximum_packet_size, 45 + (a >> 25) % 64);
    if ((a >> 28) % 2 == 0) list.emplace_back(property::topic_alias_maximum, 2u);
    if ((a >> 29) % 4 == 0) list.emplace_back(property::request_problem_information, 0u);
    if (b % 8 == 0) list.emplace_back(property::request_response_information, b / 8 % 2);
    const auto payload = "will " + std::to_string(++last_payload_);
    if ((b >> 4) % 2 == 0) {
        mqtt::Will will{.qos = QoS(std::min((b >> 5) % 3, c.maximum_qos)), .retain = (b >> 7) % 4 == 0 && c.retain,
                        .topic = topics[(b >> 9) % 7], .payload = payload};
        const std::uint32_t delays[]{0, 0, 3, 20};
        if (const auto delay = delays[(b >> 13) % 4]) of_will.emplace_back(property::will_delay_interval, delay);
        if ((b >> 15) % 8 == 0) of_will.emplace_back(property::message_expiry_interval, 10u);
        if ((b >> 18) % 2 == 0)
            for (std::string_view key : {"k", "l"}) of_will.emplace_back(property::user_property, key, "v");
        will.properties = std::span<const Property>(of_will);
        p.will = will;
    }
    c.asked_clean = p.clean_start;
    p.properties = std::span<const Property>(list);
    send(c, p);
    if (!c.online) return;
    const auto sending = c.sending;  // 4.4.0-1: in their order
    for (const Sending& s : sending) {
        if (s.released) send(c, mqtt::Pubrel{s.id});
        else
            send(c, mqtt::Publish{.dup = true, .qos = QoS::exactly_once, .retain = s.retain, .topic = s.topic,
                                  .packet_id = s.id, .payload = s.payload});
    }
}

void Game::subscribe(Client& c, std::uint32_t a, std::uint32_t b) {
    std::vector<mqtt::Subscribe::Entry> entries;
    const bool v5 = c.version == Version::v5;
    for (std::uint32_t i = 0; i <= a % 4 / 2; ++i) {
        auto filter = filters[(a >> (2 + 5 * i)) % std::size(filters)];
        if (!v5 && filter.starts_with("$share/")) filter = "$share/z/a/#";  // there a filter like any other
        const bool share = v5 && filter.starts_with("$share/");
        const bool wild = filter.find_first_of("+#") != filter.npos;
        if (v5 && ((share && !c.shares) || (wild && !c.wildcards)) && b % 8 != 0) continue;
        if (!entries.empty() && entries[0].filter == filter) continue;
        const auto bits = a >> (16 + 4 * i);
        entries.push_back({filter, QoS(bits % 3), v5 && !share && bits % 5 == 0, v5 && bits % 2 == 0,
                           std::uint8_t(v5 ? (b >> (8 + 2 * i)) % 3 : 0)});
    }
    if (entries.empty()) return;
    const Property identifier[]{{property::subscription_identifier, 1 + (b >> 5) % 7}};
    mqtt::Subscribe p{fresh_id(c), {}, std::span<const mqtt::Subscribe::Entry>(entries)};
    if (v5 && (b >> 3) % 2 == 0 && (c.identifiers || b % 8 == 0)) p.properties = identifier;
    send(c, p);
}

void Game::unsubscribe(Client& c, std::uint32_t a, std::uint32_t b) {
    std::vector<mqtt::Unsubscribe::Filter> list{{filters[a % std::size(filters)]}};
    if (b % 2 == 0 && a / 32 % std::size(filters) != a % std::size(filters))
        list.push_back({filters[a / 32 % std::size(filters)]});
    send(c, mqtt::Unsubscribe{fresh_id(c), {}, std::span<const mqtt::Unsubscribe::Filter>(list)});
}

void Game::publish(Client& c, std::uint32_t a, std::uint32_t b) {
    const bool v5 = c.version == Version::v5;
    const bool rash = b % 64 == 0;  // does what was announced as absent
    unsigned qos = a % 3;
    if (v5 && !rash) qos = std::min(qos, c.maximum_qos);
    if (qos != 0 && v5 && !rash && c.sending.size() >= c.receive_maximum) qos = 0;
    if (c.sending.size() >= 8) qos = 0;  // identifiers are few, see fresh_id
    const std::string topic(topics[(a >> 2) % std::size(topics)]);
    const bool retain = (a >> 6) % 4 == 0 && (c.retain || rash || !v5);
    std::string payload = "p" + std::to_string(++last_payload_);
    if ((a >> 8) % 8 == 0) payload.append(80, '.');
    if (retain && (a >> 11) % 4 == 0) payload.clear();
    std::vector<Property> list;
    const std::uint32_t expiries[]{2, 10, 30, 100};
    if ((b >> 6) % 4 == 0) list.emplace_back(property::message_expiry_interval, expiries[(b >> 8) % 4]);
    if ((b >> 10) % 4 == 0) list.emplace_back(property::payload_format_indicator, 1u);
    if ((b >> 12) % 4 == 0) list.emplace_back(property::content_type, "text");
    if ((b >> 14) % 4 == 0) list.emplace_back(property::response_topic, "r");
    if ((b >> 16) % 4 == 0) list.emplace_back(property::correlation_data, "x\0y");
    if ((b >> 18) % 2 == 0)
        for (std::string_view key : {"k", "l", "\xef\xbb\xbfm"}) list.emplace_back(property::user_property, key, "v");
    mqtt::Publish p{.qos = QoS(qos), .retain = retain, .topic = topic, .payload = payload};
    if (v5 && (b >> 20) % 4 == 0 && c.alias_maximum != 0) {
        const auto alias = (b >> 22) % 2 == 0 ? 1 + (b >> 23) % c.alias_maximum : c.alias_maximum;
        c.aliases.resize(c.alias_maximum + 1);
        list.emplace_back(property::topic_alias, alias);
        if (c.aliases[alias] == topic || ((b >> 28) % 2 == 0 && !c.aliases[alias].empty())) p.topic = {};
        else c.aliases[alias] = topic;
    } else if (v5 && rash && b / 64 % 2 == 0) {
        list.emplace_back(property::topic_alias, std::uint32_t(c.alias_maximum) + 1);
    }
    if (v5 && rash && b / 64 % 4 == 1) list.emplace_back(property::subscription_identifier, 3u);
    if (v5 && rash && b / 64 % 4 == 3 && c.alias_maximum > 1) {  // one that means nothing
        p.topic = {};
        list = {{property::topic_alias, c.alias_maximum - 1}};
    }
    const auto alias = p.topic.empty() ? list.back().number : 0;
    const auto whole = !p.topic.empty() ? topic : alias < c.aliases.size() ? c.aliases[alias] : std::string();
    if (v5) p.properties = std::span<const Property>(list);
    if (qos != 0) p.packet_id = fresh_id(c);
    p.dup = qos == 1 && (b >> 29) % 4 == 0;
    if (qos == 2) c.sending.push_back({p.packet_id, whole, payload, retain});
    send(c, p);
}

// Sends what is due of the acknowledgements, in their order.
void Game::answer(Client& c, std::size_t most, std::uint32_t b) {
    for (; c.online && most != 0 && !c.answers.empty(); --most) {
        const auto [type, id] = c.answers.front();
        c.answers.pop_front();
        const std::uint8_t reason = c.version == Version::v5 && b % 16 == 0 ? 0x83 : 0;
        if (type == mqtt::Type::puback) send(c, mqtt::Puback{id, reason});
        else if (type == mqtt::Type::pubrec) send(c, mqtt::Pubrec{id, reason});
        else send(c, mqtt::Pubcomp{id});
    }
}

// PUBREL for the oldest that may have one.
void Game::release(Client& c) {
    for (Sending& s : c.sending)
        if (s.received && !s.released && c.online) {
            s.released = true;
            return send(c, mqtt::Pubrel{s.id});
        }
}

void Game::cut(Client& c) {
    if (c.link == 0) return;
    if (keep_log_) outcome.log += "link " + std::to_string(c.link) + " is cut\n";
    model_.closed(c.link, Closer::client, now_);
    broker_.lost(c.link, now_);
    c.link = 0;
    c.online = false;
    c.answers.clear();
    settle();
}

void Game::disconnect(Client& c, std::uint32_t a) {
    mqtt::Disconnect p;
    const Property expiry[]{{property::session_expiry_interval, a / 8 % 3 * 10}};
    if (c.version == Version::v5) {
        if (a % 2 == 0) p.reason = 0x04;
        if (a / 2 % 4 == 0 && (c.expiry != 0 || a / 32 % 4 == 0)) p.properties = expiry;
    }
    send(c, p);
    cut(c);
}

// Breaks a rule.
void Game::blunder(Client& c, std::uint32_t a) {
    switch (a % 8) {
        case 0: return send(c, mqtt::Connect{.level = std::uint8_t(c.version), .client_id = c.id});
        case 1: return send(c, mqtt::Pubrec{60'000});
        case 2: return send(c, mqtt::Pubrel{60'000});
        case 3: return send(c, mqtt::Puback{60'000});
        case 4: return raw(c, std::string("\xc1\0", 2));
        case 5: return send(c, mqtt::Publish{.qos = QoS::at_least_once, .topic = "a", .packet_id = 0});
        case 6: return send(c, mqtt::Subscribe{0, {}, {}});
        default: return send(c, mqtt::Pingreq{});
    }
}

std::uint16_t Game::fresh_id(Client& c) {
    for (;;) {
        c.next_id = c.next_id % 12 + 1;  // soon again: what was used is free
        const auto used = std::ranges::find(c.sending, std::uint16_t(c.next_id), &Sending::id);
        if (used == c.sending.end()) return std::uint16_t(c.next_id);
    }
}

void Game::run(const Command& command) {
    Client& c = clients_[command.client % client_count];
    const auto [kind, client, a, b] = command;
    if (!c.online && kind % 32 != 26 && kind % 32 != 27) return connect(c, a | 1, b);
    switch (kind % 32) {
        case 0: case 1: return connect(c, a, b);
        case 2: case 3: case 4: case 5: return subscribe(c, a, b);
        case 6: return unsubscribe(c, a, b);
        case 16: case 17: case 18: case 19: return answer(c, 1 + a % 3, b);
        case 20: return answer(c, 100, 1);
        case 21: case 22: return release(c);
        case 23: case 24: return cut(c);
        case 25: return disconnect(c, a);
        case 26: return pass(reference::Time(a % 8'000));
        case 27: return pass(a % 4 == 0 ? reference::Time(a % 80'000) : reference::Time(a % 3'000));
        case 28: return send(c, mqtt::Pingreq{});
        case 29: return a % 4 == 0 ? blunder(c, a / 4) : send(c, mqtt::Pingreq{});
        case 30: case 31:  // a row of messages on one topic
            for (std::uint32_t i = 0; i <= a % 4 && c.online; ++i) publish(c, a & ~0x700u, b | 1);
            return;
        default: return publish(c, a, b);
    }
}

// Everybody comes back and settles everything, so that all that is owed shows.
void Game::epilogue() {
    for (int round = 0; round < 4 && !broken(); ++round) {
        for (Client& c : clients_) {
            if (!c.online) connect(c, (1u << 7) | (1u << 14) | 1 | (3u << 2) | (3u << 16) | (1u << 18) | (1u << 22), 16);
            for (int i = 0; c.online && i < 2'000 && !c.answers.empty() && !broken(); ++i) answer(c, 1, 1);
            for (int i = 0; i < 100 && c.online && !broken(); ++i) release(c);
        }
        if (round == 1) {
            Client& c = clients_[0];
            if (c.online) subscribe(c, 1u << 30, 1);
            if (clients_[1].online) subscribe(clients_[1], 14u << 2 | 2u << 16, 1);
        }
    }
}

std::ostream& operator<<(std::ostream& to, const Command& c) {
    return to << "{" << int(c.kind % 32) << ", " << int(c.client % client_count) << ", " << c.a << "u, " << c.b << "u}";
}

std::vector<Command> draw(std::uint32_t seed, std::size_t count) {
    fuzz::Dice dice(seed);
    std::vector<Command> list(count);
    for (Command& c : list)
        c = {std::uint8_t(dice.number()), std::uint8_t(dice.number()), dice.number(), dice.number()};
    return list;
}

Outcome play(const std::vector<Command>& commands, const reference::Settings& settings, bool keep_log) {
    Game game(settings, keep_log);
    for (const Command& c : commands) {
        if (game.broken()) break;
        game.run(c);
    }
    if (!game.broken()) game.epilogue();
    game.finish();
    return std::move(game.outcome);
}

std::string describe(const Outcome& outcome) {
    std::string text = outcome.log;
    for (const Finding& f : outcome.findings)
        text += std::string(f.statement) + ": link " + std::to_string(f.connection) + " at " +
                std::to_string(f.at.count()) + ": " + f.what + "\n";
    return text;
}

}  // namespace model::test
