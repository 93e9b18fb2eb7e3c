// Connections by their two ends: open addressing, for every segment asks.
#pragma once
#include <bit>
#include <cstring>
#include <vector>

#include "pcap/segment.hpp"

namespace pcap {

/// Both ends, the same for either direction.
struct FlowKey {
    std::uint64_t words[4]{};  // addresses
    std::uint32_t ports = 0;
    bool operator==(const FlowKey&) const = default;
    std::uint64_t hash() const {
        std::uint64_t h = ports * 0x9e3779b97f4a7c15u;
        for (const auto w : words) h = (std::rotl(h, 27) ^ w) * 0x9e3779b97f4a7c15u;
        return h ^ h >> 32;
    }
};
/// `swapped`: the sender is the second end of the key.
inline FlowKey key_of(const Segment& s, bool& swapped) {
    FlowKey out;
    std::memcpy(out.words, s.from.address.data(), 16);
    std::memcpy(out.words + 2, s.to.address.data(), 16);
    const auto words_of = [&](int end) { return out.words + 2 * end; };
    const auto *from = words_of(0), *to = words_of(1);
    swapped = to[0] != from[0] ? to[0] < from[0] : to[1] != from[1] ? to[1] < from[1] : s.to.port < s.from.port;
    if (swapped) {
        std::swap(out.words[0], out.words[2]);
        std::swap(out.words[1], out.words[3]);
    }
    out.ports = swapped ? std::uint32_t(s.to.port) << 16 | s.from.port : std::uint32_t(s.from.port) << 16 | s.to.port;
    return out;
}

/// Pointers to what has a member `key`, which several may share; owns nothing.
template <class Flow>
class FlowTable {
public:
    /// All of that key, until `f` says true of one.
    template <class F>
    void each_of(const FlowKey& key, std::uint64_t hash, F f) const {
        for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (!slot.flow || (slot.hash == hash && slot.flow->key == key && f(*slot.flow))) return;
        }
    }
    void insert(Flow& flow, std::uint64_t hash) {
        if (2 * ++size_ > slots_.size()) grow();
        place({hash, &flow});
    }
    void erase(const Flow& flow) {
        std::size_t at = flow.key.hash() & mask();
        while (slots_[at].flow != &flow) at = (at + 1) & mask();
        --size_;
        for (std::size_t next = at;;) {  // moves back what would not be found behind the hole
            slots_[at].flow = nullptr;
            do {
                next = (next + 1) & mask();
                if (!slots_[next].flow) return;
            } while (((next - slots_[next].hash) & mask()) < ((next - at) & mask()));
            slots_[at] = slots_[next];
            at = next;
        }
    }
    std::size_t size() const { return size_; }
    /// Of the next `count` ones, going round, the one with the least `last`; there has to be one.
    Flow& oldest_of(std::size_t count) {
        Flow* found = nullptr;
        while (count || !found) {
            Flow* flow = slots_[hand_++ & mask()].flow;
            if (!flow) continue;
            if (!found || flow->last < found->last) found = flow;
            if (count) --count;
        }
        return *found;
    }
    template <class F>
    void each(F f) const {
        for (const auto& slot : slots_)
            if (slot.flow) f(*slot.flow);
    }

private:
    struct Slot {
        std::uint64_t hash = 0;
        Flow* flow = nullptr;
    };
    std::size_t mask() const { return slots_.size() - 1; }
    void place(const Slot& slot) {
        std::size_t at = slot.hash & mask();
        while (slots_[at].flow) at = (at + 1) & mask();
        slots_[at] = slot;
    }
    void grow() {
        auto old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
        for (const auto& slot : old)
            if (slot.flow) place(slot);
    }
    std::vector<Slot> slots_ = std::vector<Slot>(1024);
    std::size_t size_ = 0, hand_ = 0;
};

/// How often two ends were a connection before, of those that are forgotten; of a fixed size: the oldest may be lost.
class UsedAgain {
public:
    unsigned of(std::uint64_t hash) const {
        for (const Row& row : sets_[hash % sets_.size()])
            if (row.fingerprint == fingerprint(hash)) return row.times;
        return 0;
    }
    void set(std::uint64_t hash, unsigned times) {
        auto& rows = sets_[hash % sets_.size()];
        std::size_t at = 0;
        while (at + 1 < rows.size() && rows[at].fingerprint != fingerprint(hash)) ++at;
        for (; at > 0; --at) rows[at] = rows[at - 1];  // the latest first
        rows[0] = {fingerprint(hash), times};
    }

private:
    struct Row {
        std::uint32_t fingerprint = 0, times = 0;
    };
    static std::uint32_t fingerprint(std::uint64_t hash) { return std::uint32_t(hash >> 32); }
    std::vector<std::array<Row, 8>> sets_ = std::vector<std::array<Row, 8>>(1 << 12);
};

}  // namespace pcap
