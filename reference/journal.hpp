// What the core tells of state that has to outlive the process. A store listens (store.hpp); by default nobody does.
#pragma once
#include "reference/session.hpp"

namespace reference {

class Broker;

/// Told of each change as it happens. Only sessions that outlive their connection count, and wills of all sessions;
/// deliveries of QoS 0 are not told. Nothing but restore() and commit() may throw.
class Journal {
public:
    virtual ~Journal() = default;

    /// Gives the broker back what was kept, by Broker::restore(). Throws where it cannot be read.
    virtual void restore(Broker&, Time now) = 0;
    /// All that was told is kept once this returns. The core calls it before it gives octets away; the caller at the end
    /// of a turn, for what needs no answer. Throws where it cannot be.
    virtual void commit(Time now) = 0;

    /// It was made, or its expiry, its will or one of its deadlines is another.
    virtual void session(Session&) = 0;
    virtual void ended(Session&) = 0;
    virtual void subscribed(const Session&, const Subscription&) = 0;
    virtual void unsubscribed(const Session&, const Subscription&) = 0;
    /// A delivery waits; is sent, or a stage further; is done with, whether or not it was told before.
    virtual void queued(const Session&, const Delivery&) = 0;
    virtual void opened(const Session&, const InFlight&) = 0;
    virtual void settled(const Delivery&) = 0;
    /// A PUBLISH of QoS 2 from the client has come, and was released by it.
    virtual void received(const Session&, std::uint16_t packet_id, const Inbound&) = 0;
    virtual void released(const Session&, std::uint16_t packet_id, const Inbound&) = 0;
    virtual void retained(const Message&) = 0;
    virtual void unretained(const Message&) = 0;
};

}  // namespace reference
