#include "pcap/tcp_side.hpp"

#include <algorithm>
#include <utility>

namespace pcap {
namespace {

constexpr std::size_t most_waiting = 1'024;  // segments
constexpr std::uint32_t patient = 32;        // segments of the connection after one that acknowledges a hole
constexpr Time patience = std::chrono::seconds(2);
constexpr std::uint32_t very_patient = 512;  // where nobody acknowledges
constexpr Time long_patience = std::chrono::seconds(30);
constexpr std::size_t overhead = 64;  // octets that a waiting segment takes besides its own

}  // namespace

void TcpSide::deliver(mqtt::View data, std::size_t length, std::size_t known, Time now) {
    const auto rest = length - known;
    const auto here = data.size() > known ? data.subspan(known) : mqtt::View{};
    advance(rest);
    if (!here.empty()) sink_.octets(side_, here, now);
    if (here.size() < rest) sink_.hole(side_, rest - here.size(), now);
}

void TcpSide::data(std::uint32_t seq, mqtt::View data, std::size_t length, Time now) {
    const auto ahead = distance(seq, next_);
    if (ahead > 0) return keep(seq, data, length, now);
    const auto known = std::size_t(-std::int64_t(ahead));
    if (known >= length) return;  // sent again, or a keep-alive probe
    deliver(data, length, known, now);
    if (!waiting_.empty()) [[unlikely]]
        drain(now);
}

void TcpSide::keep(std::uint32_t seq, mqtt::View data, std::size_t length, Time now) {
    if (distance(seq, next_) > farthest) return;
    auto at = waiting_.end();
    while (at != waiting_.begin() && distance(std::prev(at)->seq, seq) >= 0) --at;
    for (auto same = at; same != waiting_.end() && same->seq == seq; ++same)
        if (same->length >= length && same->octets.size() >= data.size()) return;
    waiting_.insert(at, {seq, length, std::string(mqtt::bytes(data))});
    held_ += data.size() + overhead;
    memory_.used += data.size() + overhead;
    if (waiting_.size() > most_waiting || held_ > most_ || memory_.full())
        declare(std::size_t(distance(waiting_.front().seq, next_)), now);
}

void TcpSide::drain(Time now) {
    std::size_t done = 0;
    for (; done < waiting_.size(); ++done) {
        const Waiting& w = waiting_[done];
        const auto ahead = distance(w.seq, next_);
        if (ahead > 0) break;
        held_ -= w.octets.size() + overhead;
        memory_.used -= w.octets.size() + overhead;
        const auto known = std::size_t(-std::int64_t(ahead));
        if (known < w.length) deliver(mqtt::octets(w.octets), w.length, known, now);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + std::ptrdiff_t(done));
}

void TcpSide::declare(std::size_t size, Time now) {
    advance(size);
    sink_.hole(side_, size, now);
    drain(now);
}

/// Octets that were acknowledged and are not there, up to the first that is.
std::size_t TcpSide::hole() const {
    auto size = distance(acked_, next_);
    if (size <= 0 || size > farthest) return 0;
    if (!waiting_.empty()) return std::size_t(std::min(size, distance(waiting_.front().seq, next_)));
    if (finishing_)
        size = std::min(size, std::max(distance(fin_, next_), 0));
    else if (size == 1)
        return 0;  // a FIN that was not captured takes a number too
    return std::size_t(size);
}

void TcpSide::settle(Time now, bool acks_seen) {
    if (!begun_) return;
    const auto size = hole();
    if (size == 0 && waiting_.empty()) [[likely]] {
        patience_ = 0;
        return;
    }
    if (std::exchange(acked_hole_, size != 0) != (size != 0)) patience_ = 0;
    if (patience_++ == 0) since_ = now;
    const auto waited = now - since_;
    if (size && (patience_ > patient || waited > patience)) return declare(size, now);
    if (!size && !acks_seen && (patience_ > very_patient || waited > long_patience))
        declare(std::size_t(distance(waiting_.front().seq, next_)), now);
}

void TcpSide::flush(Time now, bool other_ends) {
    if (!begun_) return;
    while (!waiting_.empty()) declare(std::size_t(distance(waiting_.front().seq, next_)), now);
    std::size_t rest = hole();
    if (rest && !finishing_ && other_ends) --rest;  // its FIN, which was acknowledged too
    if (finishing_ && distance(fin_, next_) > 0 && distance(fin_, next_) <= farthest)
        rest = std::size_t(distance(fin_, next_));
    if (rest) declare(rest, now);
}

void TcpSide::forget() {
    memory_.used -= held_;
    held_ = 0;
    std::vector<Waiting>().swap(waiting_);
}

}  // namespace pcap
