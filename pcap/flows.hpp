// The TCP connections of a capture: told apart, put in order, forgotten when there are too many, those idle for long first.
#pragma once
#include <deque>
#include <utility>

#include "pcap/connection.hpp"
#include "pcap/flow_table.hpp"

namespace pcap {

class Flows {
public:
    explicit Flows(Context& context) : context_(context) {}
    ~Flows();
    Flows(const Flows&) = delete;
    Flows& operator=(const Flows&) = delete;

    void segment(const Segment& s);
    /// The end of the capture: closes all, in the order in which they were found.
    void end(Time now);

private:
    struct Flow;
    Flow& find(const Segment& s, bool& swapped);
    Flow* choose(const FlowKey& key, std::uint64_t hash, const Segment& s, bool swapped) const;
    static bool fits(const Flow& flow, const Segment& s, bool swapped);
    unsigned times_used(const FlowKey& key, std::uint64_t hash) const;
    void start(Flow& flow, const Segment& s, bool swapped);
    void begin_again(Flow& flow, const Segment& s, bool swapped);
    bool is_another(const Flow& flow, const Segment& s, int side) const;
    bool is_reset(const Flow& flow, const Segment& s, int side) const;
    void decrypted(Flow& flow, const Segment& s, int side);
    void end_ignored(Flow& flow, const Segment& s, int side);
    void handshake(Flow& flow, const Segment& s, int side);
    void join(Flow& flow, const Segment& s, int side);
    void finish(Flow& flow, Event::How how, int side, Time now);
    void forget_idle(Time now);
    void forget(Flow& flow);
    void retire(Flow& flow);

    Context& context_;
    FlowTable<Flow> table_;
    UsedAgain used_;
    struct Closed {
        FlowKey key;
        std::uint64_t number = 0;
    };
    std::deque<Closed> closed_;  // kept for a while: what is sent again late is no new connection
    Flow* latest_ = nullptr;
    std::uint64_t found_ = 0, segments_ = 0;
    bool told_ = false;  // that connections were forgotten
};

}  // namespace pcap
