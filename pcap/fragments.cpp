#include <algorithm>

#include "pcap/segment.hpp"

namespace pcap {
namespace {

constexpr std::size_t most = 256;          // datagrams under way: at most 64 KiB each
constexpr std::size_t largest = 65'535;    // octets
constexpr std::size_t most_parts = 1'024;  // of one datagram
constexpr Time longest = std::chrono::seconds(60);

}  // namespace

bool Fragments::whole(const Datagram& d) const {
    return d.size && d.parts.size() == 1 && d.parts.begin()->first == 0 && d.parts.begin()->second == d.size;
}

void Fragments::make_room(Time now) {
    while (!by_age_.empty()) {
        const auto oldest = open_.find(by_age_.begin()->second);
        const bool late = now - oldest->second.begun > longest;  // its identifier may be used again
        if (!late && open_.size() < most) return;
        open_.erase(oldest);
        by_age_.erase(by_age_.begin());
    }
}

std::optional<mqtt::View> Fragments::add(const Key& key, std::size_t offset, bool last, mqtt::View part, Time now) {
    if (part.empty() || offset + part.size() > largest) return std::nullopt;
    make_room(now);
    auto [it, fresh] = open_.try_emplace(key);
    Datagram& d = it->second;
    if (fresh) {
        d.begun = now;
        d.order = count_++;
        by_age_[d.order] = key;
    }
    const auto end = offset + part.size();
    if (last) d.size = end;
    if (d.octets.size() < end) d.octets.resize(end);
    if (d.parts.size() < most_parts) {
        std::copy(part.begin(), part.end(), d.octets.begin() + std::ptrdiff_t(offset));
        auto begin = offset, stop = end;
        auto p = d.parts.upper_bound(begin);
        if (p != d.parts.begin() && std::prev(p)->second >= begin) --p;
        while (p != d.parts.end() && p->first <= stop) {  // joins what it touches
            begin = std::min(begin, p->first);
            stop = std::max(stop, p->second);
            p = d.parts.erase(p);
        }
        d.parts[begin] = stop;
    }
    if (!whole(d)) return std::nullopt;
    done_ = std::move(d.octets);
    by_age_.erase(d.order);
    open_.erase(it);
    return mqtt::octets(done_);
}

}  // namespace pcap
