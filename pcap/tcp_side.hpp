// One direction of a TCP connection, put in order: what was reordered, sent twice or overlaps, and what is missing.
#pragma once
#include <string>
#include <vector>

#include "pcap/segment.hpp"

namespace pcap {

/// Octets held by all connections together.
struct Memory {
    std::size_t most = 0, used = 0;
    bool full() const { return used > most; }
};

/// What a stream of octets is told to: in its order, none twice, none left out.
class StreamSink {
public:
    virtual void octets(int side, mqtt::View, Time) = 0;
    virtual void hole(int side, std::size_t missing, Time) = 0;

protected:
    ~StreamSink() = default;
};

class TcpSide {
public:
    /// `side` is passed on. `most`: octets that wait for others.
    TcpSide(int side, StreamSink& sink, Memory& memory, std::size_t most)
        : sink_(sink), memory_(memory), most_(most), side_(side) {}
    ~TcpSide() { forget(); }
    TcpSide(const TcpSide&) = delete;
    TcpSide& operator=(const TcpSide&) = delete;

    /// The number of the first octet.
    void begin(std::uint32_t first) {
        begun_ = true;
        first_ = next_ = acked_ = first;
    }
    bool begun() const { return begun_; }
    /// Whether a segment of that number can be of this stream: one of the past, or not far ahead.
    bool near(std::uint32_t seq) const {
        return distance(seq, next_) <= reach && (distance(seq, next_) >= -reach || distance(seq, first_) >= 0);
    }
    /// Whether the receiver would heed an RST of that number.
    bool resets(std::uint32_t seq) const {
        return distance(seq, next_) <= reach && distance(seq, next_) >= -unacknowledged;
    }
    /// Whether a segment of that number, or that acknowledges it, goes on here or is the copy of one.
    bool close(std::uint32_t seq) const { return begun_ && is_close(seq, next_); }
    static bool is_close(std::uint32_t a, std::uint32_t b) {
        return distance(a, b) <= copied && distance(a, b) >= -copied;
    }
    bool ahead(std::uint32_t seq) const { return distance(seq, next_) > 0; }
    bool untouched() const { return next_ == first_; }
    std::uint32_t first() const { return first_; }

    /// A segment's payload, of which `length` octets were sent and data.size() captured.
    void data(std::uint32_t seq, mqtt::View data, std::size_t length, Time now);
    /// The other side has all octets before `seq`.
    void acknowledged(std::uint32_t seq) {
        if (begun_ && distance(seq, acked_) > 0 && distance(seq, next_) <= farthest) acked_ = seq;
    }
    /// No octets from `seq` on.
    void finish(std::uint32_t seq) {
        if (finishing_) return;
        finishing_ = true;
        fin_ = seq;
    }
    bool finished() const { return finishing_ && begun_ && distance(next_, fin_) >= 0; }

    /// Told after every segment of the connection: declares what will not come any more. `acks_seen`: the other
    /// side's acknowledgements are in the capture.
    void settle(Time now, bool acks_seen);
    /// Octets are acknowledged, or wait, that are not told yet.
    bool lags() const { return !waiting_.empty() || (begun_ && distance(acked_, next_) > finishing_); }
    bool is_ending() const { return finishing_; }
    /// The end: what waits is told, and what is missing before it. `other_ends`: the other side has sent its FIN.
    void flush(Time now, bool other_ends);
    void forget();

private:
    struct Waiting {
        std::uint32_t seq = 0;
        std::size_t length = 0;
        std::string octets;
    };
    static constexpr std::int32_t farthest = 1 << 30;  // the largest window there is; beyond it numbers mean nothing
    static constexpr std::int32_t reach = 1 << 24;     // octets: windows in use, and losses of the capture
    static constexpr std::int32_t copied = 1 << 18;    // octets: from a segment to its copy from another place
    static constexpr std::int32_t unacknowledged = 1 << 16;  // an RST answers what the other side had seen by then
    static std::int32_t distance(std::uint32_t a, std::uint32_t b) { return std::int32_t(a - b); }
    void advance(std::size_t n) {
        next_ += std::uint32_t(n);
        if (distance(next_, acked_) > 0) acked_ = next_;
        patience_ = 0;
    }
    void deliver(mqtt::View data, std::size_t length, std::size_t known, Time now);
    void drain(Time now);
    void keep(std::uint32_t seq, mqtt::View data, std::size_t length, Time now);
    void declare(std::size_t size, Time now);
    std::size_t hole() const;

    StreamSink& sink_;
    Memory& memory_;
    std::vector<Waiting> waiting_;  // by number
    std::size_t most_, held_ = 0;
    Time since_{};
    std::uint32_t first_ = 0, next_ = 0, acked_ = 0, fin_ = 0, patience_ = 0;
    int side_;
    bool begun_ = false, finishing_ = false, acked_hole_ = false;
};

}  // namespace pcap
