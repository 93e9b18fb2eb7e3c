// The TCP connections of a capture: told apart, put in order, forgotten when they are idle for longest.
#pragma once
#include <memory>
#include <unordered_map>

#include "pcap/connection.hpp"

namespace pcap {

class Flows {
public:
    Flows(const Options& options, Listener& listener);
    ~Flows();
    void segment(const Segment& s);
    /// The end of the capture: closes all, in the order in which they were found.
    void end(Time now);

private:
    struct Key {
        Endpoint low, high;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& k) const;
    };
    struct Flow;
    Flow& find(const Segment& s);
    void start(Flow& flow, const Segment& s);
    void begin_again(Flow& flow, const Segment& s, int side);
    void handshake(Flow& flow, const Segment& s, int side);
    void join(Flow& flow, const Segment& s, int side);
    void finish(Flow& flow, Event::How how, int side, Time now);
    void use(Flow& flow);
    void forget_idle(Time now);

    const Options& options_;
    Context context_;
    std::unordered_map<Key, std::unique_ptr<Flow>, Hash> flows_;
    Flow *newest_ = nullptr, *oldest_ = nullptr;  // by their last segment
    std::uint64_t found_ = 0;
    bool told_ = false;  // that connections were forgotten
};

}  // namespace pcap
