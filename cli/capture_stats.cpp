#include "cli/capture_stats.hpp"

#include <algorithm>
#include <bit>

namespace cli {
namespace {

using mqtt::Type;
using pcap::Conversation;
using pcap::Event;
using pcap::Side;

constexpr std::size_t most_pending = 200;   // accusations of a connection
constexpr std::size_t most_named = 10'000;  // clients, topics: memory is bounded
// Where the capture was taken is not known: what arrives late there may have been sent in time, before CONNACK could be
// seen. Only an answer to something of the server's shows that the client has seen it.
constexpr std::chrono::hours for_ever{1'000'000};
constexpr std::size_t largest_name = 1'024;  // octets of a name that are kept

reference::ClientJudge::Time in_ms(pcap::Time t) { return std::chrono::duration_cast<reference::ClientJudge::Time>(t); }

}  // namespace

/// What is known of a connection while it is open.
struct CaptureStats::Talk {
    reference::ClientMemory memory{1};  // nothing of other connections: they may not be whole
    std::unique_ptr<reference::ClientJudge> client;
    std::unique_ptr<pcap::ServerJudge> server;
    /// Told once both directions were seen to be captured up to there: a missing one shows at the end alone.
    std::vector<Pending> pending;
    Client* owner = nullptr;
    unsigned keep_alive = 0;
    std::size_t connect_octets = 0;
    pcap::Time heard{};
};

CaptureStats::CaptureStats() = default;
CaptureStats::~CaptureStats() = default;

CaptureStats::Client& CaptureStats::client_of(const std::string& id) {
    const auto found = clients_.find(id);
    if (found != clients_.end()) return found->second;
    if (clients_.size() < most_named) return clients_[id];
    ++other_clients_;
    return clients_["(others)"];
}

void CaptureStats::on(const Conversation& c, const Event& e) {
    last_ = std::max(last_, e.time);
    auto& talk = talks_[c.number];
    now_ = &c;
    at_ = e.time;
    switch (e.kind) {
        case Event::Kind::opened:
            talk = std::make_unique<Talk>();
            ++conversations_;
            web_sockets_ += c.web_socket;
            if (c.midstream) break;
            talk->client = std::make_unique<reference::ClientJudge>(
                talk->memory,
                [this, t = talk.get()](const reference::Accusation& a) {
                    suspect(*t, Side::client, a.statement, a.what);
                },
                reference::ClientJudge::Options{.grace = for_ever, .slack = for_ever});
            talk->server = std::make_unique<pcap::ServerJudge>(
                [this, t = talk.get()](std::string_view statement, std::string_view what) {
                    suspect(*t, Side::server, statement, what);
                });
            break;
        case Event::Kind::packet: return packet(*talk, c, e);
        case Event::Kind::truncated: ++truncated_; break;
        case Event::Kind::gap:
            ++gaps_;
            octets_missing_ += e.missing;
            if (!e.octets.empty()) faults_of(c, e);
            break;
        case Event::Kind::midstream: ++joined_; break;
        case Event::Kind::closed:
            tell(*talk);
            ++versions_[(c.version_known ? "" : "perhaps ") + std::string(mqtt::name(c.version))];
            talks_.erase(c.number);
            return;
    }
    if (e.kind == Event::Kind::truncated || e.kind == Event::Kind::gap) judge(*talk, nullptr, c, e);
}

/// `packet` null: something is missing, and nobody is accused any more.
void CaptureStats::judge(Talk& talk, const mqtt::Packet* packet, const Conversation& c, const Event& e) {
    if (!talk.client) return;
    if (!packet || c.reordered) {
        talk.client.reset();
        talk.server.reset();
        talk.pending.clear();
        ++not_judged_;
        return;
    }
    if (e.side == Side::server) tell(talk);
    if (e.side == Side::client) {
        talk.client->received(e.octets, in_ms(e.time));
        talk.server->client(*packet, c.version);
    } else {
        talk.client->sent(e.octets, in_ms(e.time));
        talk.server->server(*packet, c.version, e.octets.size());
    }
}

void CaptureStats::suspect(Talk& talk, Side side, std::string_view statement, std::string_view what) {
    if (talk.pending.size() < most_pending)
        talk.pending.push_back({side, std::string(statement), std::string(what), now_->name, at_ - first_});
}

void CaptureStats::tell(Talk& talk) {
    for (auto& p : talk.pending) broken(std::move(p));
    talk.pending.clear();
}

void CaptureStats::broken(Pending p) {
    auto& row = broken_[{p.side, p.statement}];
    if (row.times++) return;
    row.what = std::move(p.what);
    row.session = std::move(p.session);
    row.time = p.time;
}

void CaptureStats::faults_of(const Conversation& c, const Event& e) {
    if (!c.version_known)  // a guess may be wrong: no version must have it so
        for (const auto v : {mqtt::Version::v3_1, mqtt::Version::v3_1_1, mqtt::Version::v5})
            if (mqtt::all_faults(e.octets, v).empty()) return;
    for (const auto& fault : mqtt::all_faults(e.octets, c.version))
        if (fault.statement !=
            "MQTT-3.1.2-2")  // which levels there are is between the two: bridges have one of their own
            broken({e.side, std::string(fault.statement), std::string(fault.field) + " " + std::string(fault.what),
                    c.name, e.time - first_});
}

void CaptureStats::packet(Talk& talk, const Conversation& c, const Event& e) {
    ++packets_;
    octets_ += e.length;
    const auto type = Type(e.octets[0] >> 4);
    const auto name = type == Type::auth && c.version != mqtt::Version::v5 ? "RESERVED" : mqtt::name(type);
    for (Row* row : {&types_[std::string(name)], &sides_[e.side == Side::server]}) {
        ++row->packets;
        row->octets += e.length;
    }
    mqtt::Fault fault;
    if (mqtt::decode(packet_, e.octets, c.version, fault) == 0) {
        faults_of(c, e);
        return judge(talk, nullptr, c, e);
    }
    see(talk, packet_, c, e);
    judge(talk, &packet_, c, e);
}

/// The connection counted for a client without a name until now.
void CaptureStats::assigned(Talk& talk, std::string_view id) {
    Client& nameless = *talk.owner;
    talk.owner = &client_of(std::string(id.substr(0, largest_name)));
    if (talk.owner == &nameless) return;
    talk.owner->version = nameless.version;
    const auto move = [](std::size_t& from, std::size_t& to, std::size_t n) { from -= n, to += n; };
    move(nameless.connections, talk.owner->connections, 1);
    move(nameless.packets, talk.owner->packets, 1);  // its CONNECT
    move(nameless.octets, talk.owner->octets, talk.connect_octets);
    if (nameless.connections == 0) clients_.erase(clients_.find(""));
}

void CaptureStats::see(Talk& talk, const mqtt::Packet& packet, const Conversation& c, const Event& e) {
    if (const auto* connect = std::get_if<mqtt::Connect>(&packet); connect && e.side == Side::client) {
        talk.owner = &client_of(std::string(connect->client_id.substr(0, largest_name)));
        talk.connect_octets = e.length;
        ++talk.owner->connections;
        talk.owner->version = mqtt::name(c.version);
        talk.owner->keep_alive = talk.keep_alive = connect->keep_alive;
    } else if (const auto* connack = std::get_if<mqtt::Connack>(&packet); connack && talk.owner) {
        if (const auto id = mqtt::find(connack->properties, mqtt::property::assigned_client_identifier))
            assigned(talk, id->text);
        talk.keep_alive = mqtt::number_or(connack->properties, mqtt::property::server_keep_alive, talk.keep_alive);
        talk.owner->keep_alive = talk.keep_alive;
    }
    if (talk.owner) {
        ++talk.owner->packets;
        talk.owner->octets += e.length;
    }
    if (talk.owner && e.side == Side::client) {
        const auto silence = talk.heard.count() ? e.time - talk.heard : pcap::Time{};
        talk.owner->longest_silence = std::max(talk.owner->longest_silence, silence);
        talk.owner->too_late += talk.keep_alive && silence > std::chrono::seconds(talk.keep_alive);
        talk.heard = e.time;
    }
    const auto* publish = std::get_if<mqtt::Publish>(&packet);
    if (!publish) return;
    ++qos_[e.side == Side::server][std::size_t(publish->qos)];
    ++sizes_[std::min<std::size_t>(sizes_.size() - 1, std::size_t(std::bit_width(publish->payload.size())))];
    const std::string name(publish->topic.substr(0, largest_name));
    const auto found = topics_.find(name);
    if (found == topics_.end() && topics_.size() >= most_named) {
        ++other_topics_;
        return;
    }
    auto& topic = found == topics_.end() ? topics_[name] : found->second;
    ++topic.messages;
    topic.octets += publish->payload.size();
    topic.retained += publish->retain;
    ++topic.qos[std::size_t(publish->qos)];
}

std::size_t CaptureStats::faults() const {
    std::size_t n = 0;
    for (const auto& [key, row] : broken_) n += row.times;
    return n;
}

}  // namespace cli
