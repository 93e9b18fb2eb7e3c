// The waits of a Peer: each looks at what has come, says why there is no hope, or waits for a change.
#include <algorithm>

#include "peer/change.hpp"
#include "peer/peer.hpp"

namespace peer {
namespace {

std::string seconds(net::Duration d) {
    const auto ms = std::chrono::round<std::chrono::milliseconds>(d).count();
    return std::to_string(ms) + " ms";
}

}  // namespace

net::Time Peer::by(net::Duration within) const {
    return std::min(context_.deadline,
                    context_.loop.now() + (within == by_default ? context_.default_timeout : within));
}

// ---- what to say when it did not come ---------------------------------------

std::string Peer::untaken() const {
    std::vector<const Item*> items;
    for (const auto& lane : lanes_)
        for (const auto& item : lane) items.push_back(&item);
    std::sort(items.begin(), items.end(), [](auto* a, auto* b) { return a->arrival < b->arrival; });
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i == 3) return text + " and " + std::to_string(items.size() - i) + " more";
        text += (i ? "; " : "") + mqtt::print(items[i]->packet, version).substr(0, 160);
    }
    return text;
}

std::string Peer::how_it_ended() const {
    if (closed_) return "closed by the tester itself";
    std::string text = "the stream ended by " + std::string(net::name(*end_));
    if (*end_ == net::End::error) text += ", " + why_ended_;
    else if (why_ended_.ends_with("packet")) text += " in the middle of a packet";
    if (disconnect_) text += " after " + mqtt::print(*disconnect_, version);
    return text;
}

Failure Peer::malformed(const std::string& awaited) const {
    return Failure(name_ + ": malformed octets instead of " + awaited + ": " + fault_->text(), awaited,
                   "malformed: " + fault_->text(), Failure::Cause::malformed);
}

Failure Peer::other_packet(const std::string& awaited, const mqtt::Packet& packet) const {
    const auto came = mqtt::print(packet, version);
    return Failure(name_ + ": expected " + awaited + ", received " + came, awaited, came,
                   Failure::Cause::other_packet);
}

Failure Peer::timed_out(const std::string& awaited, net::Time since) const {
    const auto now = context_.loop.now();
    const auto rest = untaken();
    const auto came = rest.empty() ? std::string("nothing") : "not taken: " + rest;
    const auto limit = now >= context_.deadline ? ", the case's deadline has come" : "";
    return Failure(name_ + ": " + awaited + " did not come within " + seconds(now - since) + limit + " (" + came + ')',
                   awaited, came, Failure::Cause::timeout);
}

/// Throws where nothing more can come into that lane.
void Peer::check_alive(const std::string& awaited, Lane lane) const {
    if (fault_ && (!tolerant || deaf_)) throw malformed(awaited);
    if (ended_ && !open_) throw LinkError(name_ + ": " + why_ended_, *end_);
    const bool dismissed = lane != answers && disconnect_;
    if (!ended() && !dismissed) return;
    const auto how = ended() ? how_it_ended() : mqtt::print(*disconnect_, version);
    const auto rest = untaken();
    throw Failure(name_ + ": expected " + awaited + ", but " + how + (rest.empty() ? "" : " (not taken: " + rest + ')'),
                  awaited, how, Failure::Cause::ended);
}

// ---- waits --------------------------------------------------------------------

Task<void> Peer::opened(net::Duration within) {
    const auto until = by(within);
    while (!open_) {
        if (ended_) throw LinkError(name_ + ": " + why_ended_, *end_);
        if (closed_) throw LinkError(name_ + ": closed by the tester itself", net::End::error);
        Change change(*this, until);
        const bool in_time = co_await change;
        if (!in_time && !open_) throw LinkError(name_ + ": not connected in time", net::End::timed_out);
    }
}

Task<mqtt::Packet> Peer::take(mqtt::Type type, net::Duration within) {
    const auto since = context_.loop.now(), until = by(within);
    const auto lane = lane_of(type);
    const std::string awaited(mqtt::name(type));
    for (bool in_time = true;;) {
        if (!lanes_[lane].empty()) {
            const mqtt::Packet packet = lanes_[lane].front().packet;
            if (mqtt::type_of(packet) != type) throw other_packet(awaited, packet);
            lanes_[lane].pop_front();
            co_return packet;
        }
        check_alive(awaited, lane);
        if (!in_time) throw timed_out(awaited, since);
        Change change(*this, until);
        in_time = co_await change;
    }
}

Task<Peer::Item> Peer::pick(mqtt::Type type, std::optional<std::uint16_t> packet_id, net::Duration within) {
    const auto since = context_.loop.now(), until = by(within);
    std::string awaited(mqtt::name(type));
    if (packet_id) awaited += " packet identifier=" + std::to_string(*packet_id);
    for (bool in_time = true;;) {
        if (const auto item = find(type, packet_id)) co_return *item;
        check_alive(awaited, lane_of(type));
        if (disconnect_) throw other_packet(awaited, *disconnect_);
        if (!in_time) throw timed_out(awaited, since);
        Change change(*this, until);
        in_time = co_await change;
    }
}

Task<std::optional<mqtt::Packet>> Peer::next(net::Duration within) {
    const auto since = context_.loop.now(), until = by(within);
    const std::string awaited = "a packet or the end of the stream";
    for (bool in_time = true;;) {
        const std::optional<mqtt::Packet> packet = pop_first();
        if (packet) co_return packet;
        if (ended() && open_ && (!fault_ || tolerant)) co_return std::nullopt;
        check_alive(awaited, answers);
        if (!in_time) throw timed_out(awaited, since);
        Change change(*this, until);
        in_time = co_await change;
    }
}

Task<Ending> Peer::ending(net::Duration within) {
    const auto since = context_.loop.now(), until = by(within);
    const std::string awaited = "the end of the stream";
    for (bool in_time = true; !ended_ || !open_;) {
        if (!deaf_ || !tolerant) check_alive(awaited, answers);
        if (!in_time) {
            const auto late = timed_out(awaited, since);
            const auto open = "still open after " + seconds(context_.loop.now() - since) + " (" + late.actual + ')';
            throw Failure(name_ + ": " + open, awaited, open, Failure::Cause::timeout);
        }
        Change change(*this, until);
        in_time = co_await change;
    }
    if (fault_ && !tolerant) throw malformed(awaited);
    Ending ending;
    ending.how = *end_;
    ending.disconnect = disconnect_;
    while (const auto packet = pop_first()) ending.packets.push_back(*packet);
    co_return ending;
}

Task<bool> Peer::stays_open_through_ping(net::Duration within) {
    const auto since = context_.loop.now(), until = by(within);
    send(mqtt::Pingreq());
    for (bool in_time = true;;) {
        if (find(mqtt::Type::pingresp, std::nullopt)) co_return true;
        if (disconnect_ || (ended() && open_)) co_return false;
        check_alive("PINGRESP", answers);
        if (!in_time) throw timed_out("PINGRESP", since);
        Change change(*this, until);
        in_time = co_await change;
    }
}

Task<std::vector<mqtt::Publish>> Peer::fence(net::Duration within) {
    send(mqtt::Pingreq());
    const Item answer = co_await pick(mqtt::Type::pingresp, std::nullopt, within);
    std::vector<mqtt::Publish> before;
    auto& lane = lanes_[deliveries];
    while (!lane.empty() && lane.front().arrival < answer.arrival) {
        before.push_back(std::get<mqtt::Publish>(lane.front().packet));
        lane.pop_front();
    }
    co_return before;
}

Task<void> Peer::complete(const mqtt::Publish& delivery, net::Duration within) {
    const auto id = delivery.packet_id;  // the reference need not outlive the wait
    acknowledge(delivery);
    if (delivery.qos != mqtt::QoS::exactly_once) co_return;
    co_await pick(mqtt::Type::pubrel, id, within);
    send(mqtt::Pubcomp{.packet_id = id});
}

Task<void> Peer::pause(net::Duration length) {
    const auto until = context_.loop.now() + length;
    while (context_.loop.now() < until) {
        if (context_.loop.now() >= context_.deadline) throw timed_out("the end of a pause", until - length);
        Change change(*this, std::min(until, context_.deadline));
        co_await change;
    }
}

}  // namespace peer
