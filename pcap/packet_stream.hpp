// One side of a conversation: its octets to MQTT packets, and back into step after a gap.
#pragma once
#include <memory>
#include <string>

#include "pcap/plausible.hpp"
#include "pcap/tcp_side.hpp"

namespace pcap {

class PacketSink {
public:
    virtual void packet(int side, mqtt::View octets, Time) = 0;
    /// `here`: its beginning. `size` 0: unknown.
    virtual void truncated(int side, mqtt::View here, std::size_t size, std::size_t missing, const std::string& why,
                           Time) = 0;
    /// `here`: octets to look at, where they are a broken fixed header.
    virtual void gap(int side, mqtt::View here, std::size_t length, std::size_t missing, const std::string& why,
                     Time) = 0;
    virtual std::optional<mqtt::Version> version() const = 0;
    virtual Side role(int side) const = 0;

protected:
    ~PacketSink() = default;
};

class PacketStream {
public:
    PacketStream(int side, PacketSink& sink, Memory& memory, std::size_t max_packet)
        : sink_(sink), memory_(memory), max_packet_(max_packet), side_(side) {}
    ~PacketStream() { account(0); }
    PacketStream(const PacketStream&) = delete;
    PacketStream& operator=(const PacketStream&) = delete;

    /// The stream is joined in the middle: a boundary has to be found first, and what is before it is no gap.
    void join() { searching_ = joining_ = true; }
    /// After all it is not, so long as nothing has come.
    void begin() {
        if (joining_ && held_.empty() && skipped_ == 0) searching_ = joining_ = false;
    }
    /// The next octets, all of one segment.
    void octets(mqtt::View in, Time now);
    void hole(std::size_t missing, Time now);
    /// `what` ends: "the connection" or "the capture".
    void end(std::string_view what, Time now);

private:
    void in_step(mqtt::View& in, Time now);
    void start_packet(mqtt::View& in, Time now);
    void gather_header(mqtt::View& in, Time now);
    void gather(mqtt::View& in, Time now);
    void skip(mqtt::View& in, Time now);
    void finish_whole(Time now);
    void finish_damaged(Time now);
    void lose_step(mqtt::View in, Time now);
    /// True: there is a boundary, and `rest` is what is there from it on.
    bool search(mqtt::View in, std::string& rest, Time now);
    void tell_skipped(Time now);
    void clear_held();
    void account(std::size_t held);
    static bool keeps_memory(std::size_t capacity) { return capacity <= 1024; }

    PacketSink& sink_;
    Memory& memory_;
    std::size_t max_packet_, accounted_ = 0;
    std::string held_;      // the beginning of a packet; in a search: octets in which no boundary was found yet
    std::size_t want_ = 0;  // the size of the packet that is held; 0: its fixed header is not whole
    std::size_t skip_ = 0, missing_ = 0;          // octets of it still to pass over; those that are not there
    std::size_t skipped_ = 0;                     // in a search: octets given up
    std::unique_ptr<BoundarySearch> boundaries_;  // in a search
    std::string why_;
    int side_;
    bool searching_ = false, joining_ = false;
};

}  // namespace pcap
