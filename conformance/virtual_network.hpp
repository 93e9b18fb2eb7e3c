// A network in memory in front of a reference broker, with virtual time: nobody waits, and the same inputs give the
// same order of events. One thread; several networks may run on several threads.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/loop.hpp"
#include "net/timers.hpp"
#include "reference/broker.hpp"

namespace conformance {

/// Time stands still while bytes are under way, then jumps to the next timer or deadline of the broker.
class VirtualNetwork final : public net::Loop {
public:
    explicit VirtualNetwork(reference::Settings settings);
    ~VirtualNetwork() override;

    net::Time now() const override { return now_; }
    net::TimerId call_at(net::Time, std::function<void()>) override;
    void cancel(net::TimerId) override;
    /// Every target is the broker: at once, or behind a WebSocket where that is the transport.
    std::unique_ptr<net::Stream> dial(const net::Target&, net::Events&) override;

    /// Until `stop` says so (asked after every event), or no bytes are under way and no timer is set: the broker's own
    /// deadlines alone keep nothing going. Throws std::logic_error where the broker's deadline stands still.
    void run(const std::function<bool()>& stop = {});
    reference::Broker& broker() { return broker_; }

private:
    class Stream;
    struct Wire;
    enum class What : std::uint8_t { dialled, to_broker, fin_to_broker, reset_to_broker, to_client, fin_to_client };
    struct Event {
        What what;
        std::shared_ptr<Wire> wire;
        std::string bytes;
    };

    void queue(What, std::shared_ptr<Wire>, std::string bytes = {});
    void to_broker(const std::shared_ptr<Wire>&, mqtt::View octets);
    void to_client(const std::shared_ptr<Wire>&, mqtt::View octets);
    void deliver(Event&);
    void deliver_to_broker(Event&);
    void deliver_to_client(Event&);
    void lose(const std::shared_ptr<Wire>&);
    void collect();
    void collect(const std::shared_ptr<Wire>&);
    bool step();
    reference::Time broker_time() const { return std::chrono::floor<reference::Time>(now_); }

    net::Time now_{};
    net::Timers timers_;
    std::deque<Event> events_;
    const reference::Policy policy_;
    reference::Broker broker_;
    std::map<reference::LinkId, std::shared_ptr<Wire>> wires_;  // those the broker knows
    std::optional<reference::Time> last_deadline_;
    unsigned stalled_ = 0;
};

}  // namespace conformance
