// What a connection carries, by its first octets, by its ports, or by a run of good packets where the beginning is
// not in the capture.
#include <algorithm>
#include <utility>

#include "pcap/connection.hpp"

namespace pcap {
namespace {

using mqtt::View;

constexpr unsigned bits_on_a_known_port = 14, bits_on_any_port = 40;
constexpr std::size_t looked_at = 16 << 10;   // octets of a connection before it is given up
constexpr std::size_t most_chunks = 64;       // and segments
constexpr std::size_t given_up_at = 1 << 20;  // octets, on a port of MQTT

bool is_tls(View in) { return in.size() >= 3 && in[0] >= 20 && in[0] <= 23 && in[1] == 3 && in[2] <= 4; }
bool is_tls_port(std::uint16_t port) { return port == 8883 || port == 8884 || port == 8084 || port == 8886; }

}  // namespace

std::optional<Carried> Connection::forced() const {
    for (const auto& end : ends_)
        if (const auto it = context_.options.ports.find(end.port); it != context_.options.ports.end())
            return it->second;
    return std::nullopt;
}
bool Connection::is_well_known() const {
    return forced() == Carried::mqtt || std::ranges::any_of(ends_, [](const Endpoint& e) { return e.port == 1883; });
}

int Connection::likely_client() const {
    if (found_client_ >= 0) return found_client_;
    if (initiator_ >= 0) return initiator_;
    for (int side : {0, 1}) {
        const auto port = ends_[side].port;
        if (port == 1883 || port == 8883 || context_.options.ports.contains(port)) return 1 - side;
    }
    return ends_[0].port < ends_[1].port ? 1 : 0;
}

void Connection::octets_otherwise(int side, View in, Time now) {
    if (state_ == State::web_socket) return frames_->of[side].octets(in, now);
    if (state_ != State::undecided) return;
    gather({now, std::string(mqtt::bytes(in)), 0, side});
    deliberate(now);
}

void Connection::gather(Chunk chunk) {
    if (!gathered_) gathered_ = std::make_unique<Both>();
    Gathered& g = gathered_->of[chunk.side];
    if (chunk.hole) {
        g = {};
        g.torn = true;
    } else {
        g.starts.push_back(g.octets.size());
        g.octets += chunk.octets;
    }
    held_ += 2 * chunk.octets.size() + sizeof chunk;
    context_.memory.used += 2 * chunk.octets.size() + sizeof chunk;
    chunks_.push_back(std::move(chunk));
}

void Connection::clear_chunks() {
    context_.memory.used -= std::exchange(held_, 0);
    std::vector<Chunk>().swap(chunks_);
    gathered_.reset();
}
void Connection::ignore() {
    state_ = State::ignored;
    clear_chunks();
}

/// Takes away what a proxy puts before the stream; false: it is not whole yet.
bool Connection::past_proxies() {
    for (int side : {0, 1}) {
        const Gathered& g = gathered_->of[side];
        if (g.octets.empty() || g.torn) continue;
        const auto found = proxy_header(mqtt::octets(g.octets));
        if (found.answer == Answer::perhaps) return false;
        if (found.answer == Answer::yes) drop(side, found.size);
    }
    return true;
}

void Connection::drop(int side, std::size_t octets) {
    Gathered& g = gathered_->of[side];
    g.octets.erase(0, octets);
    g.starts.clear();
    std::size_t at = 0;
    for (auto& chunk : chunks_) {
        if (chunk.side != side) continue;
        const auto n = std::min(octets, chunk.octets.size());
        chunk.octets.erase(0, n);
        octets -= n;
        if (!chunk.octets.empty()) g.starts.push_back(at);
        at += chunk.octets.size();
    }
    std::erase_if(chunks_, [](const Chunk& c) { return c.octets.empty() && c.hole == 0; });
}

void Connection::deliberate(Time now) {
    if (!past_proxies()) return;
    if (const auto known = forced()) {
        if (*known == Carried::mqtt) return decide(State::plain, now);
        if (*known == Carried::web_socket) return decide(State::web_socket, now);
        if (*known == Carried::other) return ignore();
    }
    bool more_tells = false;
    for (int side : {0, 1}) {
        if (gathered_->of[side].octets.empty() || gathered_->of[side].torn) continue;
        const auto state = by_beginning(side, now);
        if (!state) return;
        more_tells |= *state == State::undecided;
    }
    if (more_tells) return;
    if (weigh_all(now) || state_ != State::undecided) return;
    const bool known = is_well_known();
    if (held_ / 2 < looked_at && chunks_.size() < most_chunks && !context_.memory.full()) return;
    given_up_ += held_ / 2;
    if (!known || given_up_ > given_up_at) return ignore();
    clear_chunks();
    tried_ = 0;
    begins_[0] = begins_[1] = false;
    gathered_ = std::make_unique<Both>();
    gathered_->of[0].torn = gathered_->of[1].torn = true;
}

/// nullopt: it is decided; undecided: more octets tell; ignored: this does not tell.
std::optional<Connection::State> Connection::by_beginning(int side, Time now) {
    const View in = mqtt::octets(gathered_->of[side].octets);
    const auto connect = is_connect(in);
    if (connect == Answer::yes) {
        found_client_ = side;
        begins_[side] = true;
        decide(State::plain, now);
        return std::nullopt;
    }
    const auto request = is_request(in);
    if (request == Answer::yes) {
        found_client_ = side;
        decide(State::web_socket, now);
        return std::nullopt;
    }
    if (is_encrypted(in, now)) return std::nullopt;
    const bool perhaps = connect == Answer::perhaps || request == Answer::perhaps;
    return perhaps ? State::undecided : State::ignored;
}

bool Connection::is_encrypted(View in, Time now) {
    if (!is_tls(in)) return false;
    const int client = likely_client();
    const bool named = is_tls_port(ends_[1 - client].port) || forced() == Carried::tls;
    if (named && context_.options.keylog.empty())
        context_.listener.remark({Remark::Kind::encrypted, now,
                                  name_of(ends_[client]) + "-" + name_of(ends_[1 - client]) +
                                      ": is encrypted (TLS); --keylog FILE with its secrets lets it be read"});
    ignore();
    return true;
}

/// The first segment of whoever answers: nothing else than a server of MQTT is likely to say that.
bool Connection::opens_with_connack(const Gathered& g) {
    const View in = mqtt::octets(g.octets);
    for (std::size_t n = 1; n < g.starts.size(); ++n)
        if (is_connack(in.first(g.starts[n]))) return true;
    return is_connack(in);
}

/// By runs of good packets from both sides' first octets on, or within them. True: it is MQTT.
bool Connection::weigh_all(Time now) {
    const unsigned need = is_well_known() ? bits_on_a_known_port : bits_on_any_port;
    unsigned bits = 0;
    bool client[2]{}, server[2]{}, impossible = false;
    for (int side : {0, 1}) {
        const Gathered& g = gathered_->of[side];
        if (g.octets.empty()) continue;
        const auto e = guess(mqtt::octets(g.octets), std::nullopt, std::nullopt);
        impossible |= !e.evidence.possible && begins_[side] && !g.torn;
        if (!e.evidence.possible || !e.evidence.packets) continue;
        const bool answers = begins_[side] && !g.torn && initiator_ != side && opens_with_connack(g);
        bits += answers ? bits_on_any_port : e.evidence.bits;
        client[side] = e.evidence.client;
        server[side] = e.evidence.server;
        conversation_.version = e.version;
    }
    for (int side : {0, 1})
        if (client[side] || server[1 - side]) found_client_ = side;
    const bool contradiction =
        (client[0] && client[1]) || (server[0] && server[1]) || (client[0] && server[0]) || (client[1] && server[1]);
    if (bits >= need && !contradiction && !impossible) {
        decide(State::plain, now);
        return true;
    }
    if (impossible && !is_well_known()) {
        ignore();
        return false;
    }
    found_client_ = -1;
    return look_within(now);
}

bool Connection::look_within(Time now) {
    const bool everywhere = held_ >= 2 * tried_;
    if (everywhere) tried_ = held_;
    const unsigned need = is_well_known() ? bits_on_a_known_port : bits_on_any_port;
    for (int side : {0, 1}) {
        const Gathered& g = gathered_->of[side];
        const bool behind_the_beginning = !begins_[side] || g.torn;
        if (g.octets.empty() || !behind_the_beginning) continue;
        const auto found =
            find_boundary(mqtt::octets(g.octets), g.starts, need, everywhere, std::nullopt, std::nullopt);
        if (!found) continue;
        const auto& e = found->guess.evidence;
        conversation_.version = found->guess.version;
        if (e.client != e.server) found_client_ = e.client ? side : 1 - side;
        decide(State::plain, now);
        return true;
    }
    return false;
}

void Connection::decide(State state, Time now) {
    state_ = state;
    client_ = likely_client();
    auto chunks = std::move(chunks_);
    clear_chunks();
    if (state == State::web_socket)
        frames_.reset(new Frames{{{0, *this}, {1, *this}}, {}, 0});
    else
        open(chunks.empty() ? now : chunks.front().time);
    for (const auto& c : chunks) {
        if (c.hole)
            hole(c.side, c.hole, c.time);
        else
            octets(c.side, mqtt::octets(c.octets), c.time);
    }
}

}  // namespace pcap
