// What the broker knows of a client between and during connections (section 4.1), and the window of open deliveries.
#pragma once
#include <map>
#include <unordered_map>

#include "reference/fifo.hpp"
#include "reference/message.hpp"
#include "reference/small.hpp"

namespace reference {

struct Link;
struct Session;

/// A sent delivery above QoS 0 that is not settled.
struct InFlight {
    enum class Stage : std::uint8_t { published, released };  // waits for PUBACK or PUBREC; for PUBCOMP
    std::uint16_t id = 0;                                     // 0: a free slot
    Stage stage = Stage::published;
    bool counted = false;     // against the client's Receive Maximum on this connection (4.9.0-2)
    std::uint64_t order = 0;  // of the PUBLISH, then of the PUBREC: repeats keep it (4.6.0-1, 4.6.0-4)
    Delivery delivery{};
};

/// Open deliveries by packet identifier: a ring that grows, made at first use.
class Window {
public:
    /// A slot with a free identifier (2.3.1-4, 2.2.1-4), never 0. There must be fewer than 65,535 in use.
    InFlight& take();
    InFlight* find(std::uint16_t id);
    /// The slot for a delivery begun in an earlier life, in their order.
    InFlight& restore(std::uint16_t id, std::uint64_t order);
    /// What the slot is for.
    void hold(InFlight& slot, Delivery delivery);
    void settle(InFlight& slot);
    std::size_t size() const { return ring_ ? ring_->used : 0; }
    std::size_t octets() const { return ring_ ? ring_->octets : 0; }
    /// All of one stage, in order.
    std::vector<InFlight*> all(InFlight::Stage);
    std::uint64_t next_order() { return ++ring().order; }
    /// Gives room back, where nothing is open.
    void shrink();

private:
    struct Ring {
        std::vector<InFlight> slots;  // 0 or a power of two of them
        std::size_t used = 0, octets = 0;
        std::uint16_t last = 0;
        std::uint64_t order = 0;
    };
    Ring& ring() {
        if (!ring_) ring_ = std::make_unique<Ring>();
        return *ring_;
    }
    static void grow(Ring&);
    std::unique_ptr<Ring> ring_;
};

struct Subscription {
    Session* session = nullptr;
    std::string filter;                          // as the client wrote it, $share/NAME/ included
    std::string matched;                         // the part that is matched with names
    std::shared_ptr<const std::string> share{};  // the whole filter, where shared
    mqtt::QoS qos{};
    bool no_local = false, retain_as_published = false;
    std::uint32_t identifier = 0;  // 0: none
    std::size_t place = 0;         // in the list of Subscriptions that it is in
};

/// A QoS 2 PUBLISH received and not yet released (4.3.3).
struct Inbound {
    LinkId counted_on = 0;          // the link whose Receive Maximum it uses up
    MessagePtr held{};              // Release::on_pubrel: delivered then
    std::optional<Time> expires{};  // the message does
    bool released = false;          // lingers for a violation only
};

struct PendingWill {
    MessagePtr message;
    std::string user_name;
    std::uint32_t delay = 0;  // seconds
};

inline constexpr std::uint32_t never = 0xffff'ffff;

struct Session {
    std::string client_id;
    std::uint64_t serial = 0;      // tells sessions apart and orders timers
    Link* link = nullptr;          // while connected
    std::uint32_t expiry = 0;      // seconds after the connection; `never`: not at all (3.1.2-4, 3.1.2-23)
    std::uint32_t quota_used = 0;  // of the client's Receive Maximum, on this connection
    LazyContainer<std::map<std::string, Subscription, std::less<>>> subscriptions;  // by filter
    Window window;
    Fifo<std::uint16_t> to_repeat;  // packet identifiers that wait for quota after a resume
    Fifo<Delivery> queue;
    std::size_t queued_octets = 0, filter_octets = 0;
    LazyContainer<std::unordered_map<std::uint16_t, Inbound>> inbound;
    std::unique_ptr<PendingWill> will;
    Moment will_due, end_due, armed;
    Time purged{};                  // when the queue was last searched for what has expired
    std::uint32_t match_index = 0;  // in the last route() that met this session
    bool misses_next = false;       // for a violation only
};

}  // namespace reference
