#include "pcap/flows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pcap {
namespace {

constexpr std::size_t most_closed = 512;   // connections that are over, and remembered
constexpr std::size_t looked_at = 64;      // connections, for the one that is idle for longest
constexpr std::size_t most_lanes = 1'024;  // connections between the same ends at a time
constexpr std::uint32_t no_lane = UINT32_MAX;
constexpr std::uint32_t reordered = 1 << 20;  // octets: a stream may be joined that far behind what was acknowledged

}  // namespace

struct Flows::Flow {
    FlowKey key;
    std::uint64_t last = 0;  // the number of its last segment
    std::optional<TcpSide> sides[2];
    std::optional<Connection> connection;
    std::uint64_t number = 0;
    std::uint32_t hint[2]{}, first_hint[2]{};  // what the other side acknowledged before the side began
    std::uint32_t lanes[2]{no_lane, no_lane};  // of what the first and the second end of the key sent first
    unsigned again = 0;
    bool first_swapped = false;  // side 0 is the second end of the key
    bool hinted[2]{}, acks[2]{}, seen[2]{}, ended[2]{}, over = false;
    int ended_by = -1;

    void hint_of(int side, std::uint32_t acked) {
        if (!std::exchange(hinted[side], true)) first_hint[side] = acked;
        hint[side] = acked;
    }
};

Flows::~Flows() {
    table_.each([](Flow& flow) { delete &flow; });
}

void Flows::forget_idle(Time now) {
    Flow& flow = table_.oldest_of(looked_at);
    if (!flow.over && !flow.connection->ignored()) {
        if (!std::exchange(told_, true))
            context_.listener.remark({Remark::Kind::bound, now,
                                      "more than " + std::to_string(context_.options.flows) +
                                          " connections at a time: those idle for long are closed early"});
        finish(flow, Event::How::end_of_capture, 0, now);
    }
    forget(flow);
}

void Flows::forget(Flow& flow) {
    if (latest_ == &flow) latest_ = nullptr;
    const auto hash = flow.key.hash();
    used_.set(hash, std::max(used_.of(hash), flow.again + 1));
    table_.erase(flow);
    delete &flow;
}

/// It is over. Those that were so long ago are forgotten.
void Flows::retire(Flow& flow) {
    flow.over = true;
    closed_.push_back({flow.key, flow.number});
    if (closed_.size() <= most_closed) return;
    Flow* oldest = nullptr;
    table_.each_of(closed_.front().key, closed_.front().key.hash(), [&](Flow& f) {
        if (f.number == closed_.front().number) oldest = &f;
        return oldest != nullptr;
    });
    closed_.pop_front();
    if (oldest) forget(*oldest);
}

Flows::Flow& Flows::find(const Segment& s, bool& swapped) {
    const FlowKey key = key_of(s, swapped);
    if (latest_ && latest_->lanes[swapped] == s.lane && latest_->key == key) return *latest_;
    const auto hash = key.hash();
    Flow* flow = choose(key, hash, s, swapped);
    if (!flow) {
        if (table_.size() >= context_.options.flows) forget_idle(s.time);
        flow = new Flow;  // owned by the table
        flow->key = key;
        flow->again = times_used(key, hash);
        table_.insert(*flow, hash);
        start(*flow, s, swapped);
    }
    if (flow->lanes[swapped] == no_lane) flow->lanes[swapped] = s.lane;
    latest_ = flow;
    return *flow;
}

/// Of those between these ends: the one that went this way before; else the one whose other direction does; else one
/// that the numbers fit, for a mirror port may show either direction, or copies, with other tags.
Flows::Flow* Flows::choose(const FlowKey& key, std::uint64_t hash, const Segment& s, bool swapped) const {
    Flow *found = nullptr, *first = nullptr;
    std::size_t all = 0;
    int best = 0;
    table_.each_of(key, hash, [&](Flow& flow) {
        if (++all == 1) first = &flow;
        const auto lane = flow.lanes[swapped];
        const int rank = lane == s.lane                                         ? 3
                         : lane == no_lane && flow.lanes[1 - swapped] == s.lane ? 2
                         : best < 1 && fits(flow, s, swapped)                   ? 1
                                                                                : 0;
        if (rank > best) best = rank, found = &flow;
        return best == 3;
    });
    return found || all < most_lanes ? found : first;
}

/// Whether a segment that came another way can be of this connection, by its numbers.
bool Flows::fits(const Flow& flow, const Segment& s, bool swapped) {
    const int side = swapped == flow.first_swapped ? 0 : 1;
    const TcpSide& mine = *flow.sides[side];
    const bool answers = s.flags & Segment::ack;
    if (s.flags & Segment::syn) {
        if (mine.begun() ? mine.first() != s.seq + 1 : !answers) return false;
        if (flow.over || (mine.begun() && !mine.untouched())) return false;
    }
    if (!flow.over && flow.connection->ignored()) return true;  // its numbers are followed no more
    const auto close = [&](int which, std::uint32_t number) {
        if (flow.sides[which]->begun()) return flow.sides[which]->close(number);
        return !flow.hinted[which] || TcpSide::is_close(number, flow.hint[which]);
    };
    return close(side, s.seq) && (!answers || close(1 - side, s.acked));
}

/// How many connections there were between these ends.
unsigned Flows::times_used(const FlowKey& key, std::uint64_t hash) const {
    auto times = used_.of(hash);
    table_.each_of(key, hash, [&](const Flow& flow) {
        times = std::max(times, flow.again + 1);
        return false;
    });
    return times;
}

/// Its side 0 is whoever sent this.
void Flows::start(Flow& flow, const Segment& s, bool swapped) {
    flow.first_swapped = swapped;
    flow.number = found_++;
    flow.connection.emplace(context_, s.from, s.to, flow.again);
    for (int side : {0, 1})
        flow.sides[side].emplace(side, *flow.connection, context_.memory, context_.options.flow_memory);
    flow.over = false;
    flow.ended_by = -1;
    for (int side : {0, 1}) flow.hinted[side] = flow.acks[side] = flow.seen[side] = flow.ended[side] = false;
}

void Flows::segment(const Segment& s) {
    bool swapped = false;
    Flow& flow = find(s, swapped);
    flow.last = ++segments_;
    int side = swapped == flow.first_swapped ? 0 : 1;
    if (s.in_order) return decrypted(flow, s, side);
    if (s.flags & Segment::syn) {
        const bool new_numbers = flow.sides[side]->begun() && flow.sides[side]->first() != s.seq + 1;
        const bool refused = flow.over && !flow.connection->opened() && !(s.flags & Segment::ack);
        if (new_numbers)
            begin_again(flow, s, swapped);
        else if (refused)  // and tried again
            start(flow, s, swapped);
        if (new_numbers || refused) side = 0;
        if (!flow.over) handshake(flow, s, side);
    } else if (s.length && is_another(flow, s, side)) [[unlikely]] {
        begin_again(flow, s, swapped);
        side = 0;
    }
    if (flow.over) return;
    flow.seen[side] = true;
    if (flow.connection->ignored()) return end_ignored(flow, s, side);
    TcpSide &mine = *flow.sides[side], &others = *flow.sides[1 - side];
    if (s.flags & Segment::ack) {
        flow.acks[side] = true;
        const bool of_another = mine.begun() ? !mine.near(s.seq) : others.begun() && others.untouched();
        if (others.begun() && !of_another)
            others.acknowledged(s.acked);
        else if (!others.begun())
            flow.hint_of(1 - side, s.acked);
    }
    if (others.lags() || mine.lags()) [[unlikely]]
        flow.connection->out_of_order();
    const std::uint32_t first = s.seq + ((s.flags & Segment::syn) ? 1 : 0);
    if (s.length) {
        if (!mine.begun()) join(flow, s, side);
        mine.data(first, s.payload, s.length, s.time);
    }
    if (s.flags & Segment::fin) {
        if (!mine.begun()) mine.begin(first);
        mine.finish(first + std::uint32_t(s.length));
        if (flow.ended_by < 0) flow.ended_by = side;
    }
    if ((s.flags & Segment::rst) && is_reset(flow, s, side)) return finish(flow, Event::How::reset, side, s.time);
    mine.settle(s.time, flow.acks[1 - side]);
    if (flow.seen[1 - side]) others.settle(s.time, flow.acks[side]);  // else that direction was not captured at all
    if (mine.finished() && others.finished()) finish(flow, Event::How::fin, flow.ended_by, s.time);
}

/// Data of another connection between the same ports, whose SYN was not captured.
bool Flows::is_another(const Flow& flow, const Segment& s, int side) const {
    const TcpSide& mine = *flow.sides[side];
    if (!mine.begun()) return false;
    const bool near = mine.near(s.seq);
    if (near && !flow.over) [[likely]]
        return false;
    const bool begins = is_connect(s.payload) == Answer::yes || is_connack(s.payload);
    return flow.over ? !near || (begins && mine.ahead(s.seq)) : begins;
}

/// Anybody can send an RST, and the answer to a connection that is forgotten has the numbers of that one.
bool Flows::is_reset(const Flow& flow, const Segment& s, int side) const {
    const TcpSide &mine = *flow.sides[side], &others = *flow.sides[1 - side];
    if (mine.begun()) return mine.resets(s.seq);
    const bool answers_syn = others.begun() && others.untouched();
    return !answers_syn || ((s.flags & Segment::ack) && s.acked == others.first());
}

/// It carries no MQTT: only its end matters.
void Flows::end_ignored(Flow& flow, const Segment& s, int side) {
    flow.ended[side] |= (s.flags & (Segment::fin | Segment::rst)) != 0;
    const bool over = (s.flags & Segment::rst) || (flow.ended[0] && flow.ended[1]);
    if (over) retire(flow);
}

/// From TLS, whose beginning was captured, or it could not be decrypted.
void Flows::decrypted(Flow& flow, const Segment& s, int side) {
    for (int each : {0, 1}) flow.connection->begins(each);
    flow.connection->octets(side, s.payload, s.time);
}

void Flows::handshake(Flow& flow, const Segment& s, int side) {
    const bool answer = s.flags & Segment::ack;
    if (!flow.sides[side]->begun()) flow.sides[side]->begin(s.seq + 1);
    flow.connection->begins(side);
    flow.connection->opened_by(answer ? 1 - side : side);
    if (answer && !flow.sides[1 - side]->begun()) {
        flow.sides[1 - side]->begin(s.acked);
        flow.connection->begins(1 - side);
    }
}

/// The ports are used for another connection.
void Flows::begin_again(Flow& flow, const Segment& s, bool swapped) {
    if (!flow.over) finish(flow, Event::How::end_of_capture, 0, s.time);
    flow.again = times_used(flow.key, flow.key.hash());
    start(flow, s, swapped);
}

/// Its beginning was not captured. What the other side has acknowledged tells whether this one is early.
void Flows::join(Flow& flow, const Segment& s, int side) {
    const auto ahead = s.seq - flow.hint[side];
    flow.sides[side]->begin(flow.hinted[side] && ahead < reordered ? flow.hint[side] : s.seq);
}

void Flows::finish(Flow& flow, Event::How how, int side, Time now) {
    for (int s : {0, 1}) {
        TcpSide& tcp = *flow.sides[s];
        if (!tcp.begun() && flow.hinted[s]) {  // nothing of that direction was captured
            tcp.begin(flow.first_hint[s]);
            flow.connection->begins(s);
            tcp.acknowledged(flow.hint[s]);
        }
        tcp.flush(now, flow.sides[1 - s]->is_ending());
        tcp.forget();
    }
    if (how == Event::How::end_of_capture && flow.ended_by >= 0) how = Event::How::fin, side = flow.ended_by;
    flow.connection->close(how, side, now);
    retire(flow);
}

void Flows::end(Time now) {
    std::vector<Flow*> open;
    table_.each([&](Flow& flow) {
        if (!flow.over) open.push_back(&flow);
    });
    std::ranges::sort(open, {}, &Flow::number);
    for (auto* flow : open) finish(*flow, Event::How::end_of_capture, 0, now);
}

}  // namespace pcap
