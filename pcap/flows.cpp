#include "pcap/flows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pcap {
namespace {

constexpr std::uint32_t reordered = 1 << 20;  // octets: a stream may be joined that far behind what was acknowledged

}  // namespace

struct Flows::Flow {
    Key key;
    Flow *newer = nullptr, *older = nullptr;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<TcpSide> sides[2];
    std::uint64_t number = 0;
    std::uint32_t hint[2]{};  // what the other side acknowledged before the side began
    unsigned again = 0;
    std::uint8_t first_end = 0;  // which end of the key is side 0
    bool hinted[2]{}, acks[2]{}, over = false;
    int ended_by = -1;
};

std::size_t Flows::Hash::operator()(const Key& k) const {
    std::uint64_t words[4];
    std::memcpy(words, k.low.address.data(), 16);
    std::memcpy(words + 2, k.high.address.data(), 16);
    std::uint64_t h = std::uint64_t(k.low.port) << 16 | k.high.port;
    for (const auto w : words) h = (h ^ w) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
    return h;
}

Flows::Flows(const Options& options, Listener& listener)
    : options_(options), context_{options, listener, {options.whole_memory, 0}, 0} {}
Flows::~Flows() = default;

void Flows::use(Flow& flow) {
    if (newest_ == &flow) return;
    if (flow.newer) flow.newer->older = flow.older;
    if (flow.older) flow.older->newer = flow.newer;
    if (oldest_ == &flow) oldest_ = flow.newer;
    flow.newer = nullptr;
    flow.older = newest_;
    if (newest_) newest_->newer = &flow;
    newest_ = &flow;
    if (!oldest_) oldest_ = &flow;
}

void Flows::forget_idle(Time now) {
    Flow& flow = *oldest_;
    if (!flow.over && !flow.connection->ignored()) {
        if (!std::exchange(told_, true))
            context_.listener.remark({Remark::Kind::bound, now,
                                      "more than " + std::to_string(options_.flows) +
                                          " connections at a time: those idle for longest are closed early"});
        finish(flow, Event::How::end_of_capture, 0, now);
    }
    oldest_ = flow.newer;
    if (oldest_) oldest_->older = nullptr;
    const Key key = flow.key;
    flows_.erase(key);
}

Flows::Flow& Flows::find(const Segment& s) {
    const bool swapped = s.to < s.from;
    const Key key{swapped ? s.to : s.from, swapped ? s.from : s.to};
    if (newest_ && newest_->key == key) return *newest_;
    auto it = flows_.find(key);
    if (it == flows_.end()) {
        if (flows_.size() >= options_.flows) forget_idle(s.time);
        it = flows_.emplace(key, std::make_unique<Flow>()).first;
        it->second->key = key;
        start(*it->second, s);
    }
    use(*it->second);
    return *it->second;
}

/// Its side 0 is whoever sent this.
void Flows::start(Flow& flow, const Segment& s) {
    flow.first_end = s.to < s.from;
    flow.number = found_++;
    flow.connection = std::make_unique<Connection>(context_, s.from, s.to, flow.again);
    for (int side : {0, 1})
        flow.sides[side] = std::make_unique<TcpSide>(side, *flow.connection, context_.memory, options_.flow_memory);
    flow.over = false;
    flow.ended_by = -1;
    for (int side : {0, 1}) flow.hinted[side] = flow.acks[side] = false;
}

void Flows::segment(const Segment& s) {
    Flow& flow = find(s);
    int side = int(s.to < s.from) == int(flow.first_end) ? 0 : 1;
    if (s.in_order) return flow.connection->octets(side, s.payload, s.time);
    if (s.flags & Segment::syn) {
        const bool new_numbers = flow.sides[side]->begun() && flow.sides[side]->first() != s.seq + 1;
        if (new_numbers) {
            begin_again(flow, s, side);
            side = 0;
        }
        if (!flow.over) handshake(flow, s, side);
    }
    if (flow.over) return;
    if (flow.connection->ignored() && !(s.flags & (Segment::fin | Segment::rst))) return;
    TcpSide &mine = *flow.sides[side], &others = *flow.sides[1 - side];
    if (s.flags & Segment::ack) {
        flow.acks[side] = true;
        if (others.begun())
            others.acknowledged(s.acked);
        else
            flow.hint[1 - side] = s.acked, flow.hinted[1 - side] = true;
    }
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
    if (s.flags & Segment::rst) return finish(flow, Event::How::reset, side, s.time);
    mine.settle(s.time, flow.acks[1 - side]);
    others.settle(s.time, flow.acks[side]);
    if (mine.finished() && others.finished()) finish(flow, Event::How::fin, flow.ended_by, s.time);
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
void Flows::begin_again(Flow& flow, const Segment& s, int) {
    if (!flow.over) finish(flow, Event::How::end_of_capture, 0, s.time);
    ++flow.again;
    start(flow, s);
}

/// Its beginning was not captured. What the other side has acknowledged tells whether this one is early.
void Flows::join(Flow& flow, const Segment& s, int side) {
    const auto ahead = s.seq - flow.hint[side];
    flow.sides[side]->begin(flow.hinted[side] && ahead < reordered ? flow.hint[side] : s.seq);
}

void Flows::finish(Flow& flow, Event::How how, int side, Time now) {
    for (auto& tcp : flow.sides) {
        tcp->flush(now);
        tcp->forget();
    }
    if (how == Event::How::end_of_capture && flow.ended_by >= 0) how = Event::How::fin, side = flow.ended_by;
    flow.connection->close(how, side, now);
    flow.over = true;
}

void Flows::end(Time now) {
    std::vector<Flow*> open;
    for (auto& [key, flow] : flows_)
        if (!flow->over) open.push_back(flow.get());
    std::ranges::sort(open, {}, &Flow::number);
    for (auto* flow : open) finish(*flow, Event::How::end_of_capture, 0, now);
}

}  // namespace pcap
