// The reference broker without sockets and without a clock: octets and times in, octets and the next deadline out.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reference/settings.hpp"

namespace reference {

class Core;
class Journal;
struct Message;
template <class T>
class Shared;
struct Session;

/// A whole MQTT server of versions 3.1, 3.1.1 and 5.0. Not thread-safe; nothing in it throws on what clients send.
class Broker {
public:
    explicit Broker(Settings settings);
    Broker(Broker&&) noexcept;
    Broker& operator=(Broker&&) noexcept;
    ~Broker();

    /// Tells the journal from now on; what it kept comes back first, as if every connection had just been lost: wills
    /// are due, and expiry counts from now. Before the first open(); the journal outlives the broker.
    void keep(Journal&, Time now);
    /// For the journal, meanwhile: a session as it was, a retained message.
    void restore(std::unique_ptr<Session>);
    void restore(Shared<const Message> retained);

    /// A network connection was accepted. Identifiers are not reused while the broker lives.
    LinkId open(Time now);
    /// Who is at the other end is known already, from a certificate: before CONNECT. That name counts as the user name,
    /// whatever CONNECT carries, and the login is granted.
    void identify(LinkId, std::string_view user_name);
    /// Octets came, in any chunks (7.1.1-1, 4.2.0-1). Ignored for links that are closing or gone.
    void receive(LinkId, mqtt::View bytes, Time now);
    /// False while a login is pending: what the client sends is better left unread; the decision makes the link dirty.
    bool reads(LinkId) const;
    /// The answer to a login that was Admission::pending. Harmless for links that wait for none, or are gone.
    void decide(LinkId, Admission, Time now);
    /// FIN, RST or an error ended the connection: the link is gone, what was not taken with it. Harmless when repeated.
    void lost(LinkId, Time now);
    /// Does what is due: keep alive, wills, ends of sessions, the wait for CONNECT.
    void tick(Time now);
    /// When tick() is wanted next; it may find nothing to do then.
    std::optional<Time> deadline() const;

    /// Links with octets to be written or that want closing. Valid until the next call.
    std::span<const LinkId> dirty() const;
    /// The octets to write now, and whether to close after them; clears the dirty mark. With `close` the link is gone:
    /// neither receive() nor lost() is wanted for it any more. Take only what can be written: deliveries wait in
    /// bounds.
    /// Where a journal is kept, all it was told is committed first; throws what that throws.
    std::string take(LinkId, bool& close);
    /// Clears the dirty mark of a link whose octets cannot be written yet; take() it once they can.
    void postpone(LinkId);
    /// The client is there although nothing is heard of it: it takes what is written, and is not read meanwhile.
    void excuse(LinkId, Time now);
    /// Octets to be taken.
    std::size_t waiting(LinkId) const;
    /// Optional: gives a string got from take() back, so that its room is used again.
    void recycle(std::string bytes);

    /// CONNECT is answered by 3 or 0x88 while not available (3.2.2.3); connections stay.
    void set_available(bool);
    /// Tells every client to go: DISCONNECT 0x8B in 5.0, and a close. Sessions stay; wills are published.
    void shut_down(Time now);

    struct Counts {
        std::size_t links = 0, sessions = 0, subscriptions = 0, retained = 0, queued = 0;
    };
    Counts counts() const;
    /// Since the broker was made; `connected` and `most_connected` are clients that have a session.
    struct Counters {
        std::uint64_t octets_received = 0, octets_sent = 0, packets_received = 0, packets_sent = 0,
                      publishes_received = 0, publishes_sent = 0, payload_octets_received = 0, payload_octets_sent = 0,
                      publishes_dropped = 0,  // for a full queue or outbox
            links_opened = 0, connects = 0, sessions_expired = 0, connected = 0, most_connected = 0;
    };
    const Counters& counters() const;
    /// Publishes a message of QoS 0 of the server's own, as if a client had: never refused.
    void publish(std::string_view topic, std::string_view payload, bool retain, Time now);

private:
    std::unique_ptr<Core> core_;
};

}  // namespace reference
