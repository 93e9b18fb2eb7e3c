// Private to replay/: one live connection to the target. Frames packets, keeps the connection alive, remembers the last
// packets for reports. Decides nothing.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/framer.hpp"
#include "net/loop.hpp"

namespace replay {

class Link;

class LinkOwner {
public:
    virtual void opened(Link&) = 0;
    virtual void came(Link&, mqtt::View packet) = 0;              // whole, good or not
    virtual void ended(Link&) = 0;                                // once; not after leave()
    virtual bool keeps_alive(const Link&) const { return true; }  // false: its client falls silent

protected:
    ~LinkOwner() = default;
};

class Link final : private net::Events {
public:
    Link(net::Loop& loop, const net::Target& target, LinkOwner& owner, std::size_t session, mqtt::Version version);
    ~Link();

    void send(std::string octets);
    void ping();    // its PINGRESP is told by pings_due going down
    void finish();  // FIN; the end is awaited
    void leave();   // FIN, and hears no more
    /// PINGREQ whenever nothing was sent for three quarters of that time, in seconds; 0: never.
    void keep_alive(unsigned seconds);
    std::vector<std::string> ladder() const;

    const std::size_t session;
    mqtt::Version version;
    std::string client;      // the key of what outlives the connection
    bool connected = false;  // CONNACK 0 came
    bool over = false;       // nothing comes or goes any more
    bool was_open = false, finishing = false;
    bool unfenced = false;              // something was sent that has no answer of its own
    bool mute = false;                  // it did not answer a PINGREQ: it is asked no more
    bool fencing = false;               // PINGREQ was sent behind all of it
    std::vector<std::size_t> unread{};  // QoS 0 publishes that the target is not known to have read
    unsigned pings_due = 0;
    net::Duration alive{};  // Keep Alive; 0: none
    net::Time last_spoke{};
    std::optional<net::End> end{};
    std::string why_ended{};
    std::uint16_t receive_maximum = 65535, topic_alias_maximum = 0;
    std::size_t open_publishes = 0;  // of it, QoS 1 and 2, not answered: each connection counts anew (4.9)
    bool lacks_room = false;         // so many that the next one was waited for in vain
    std::uint32_t maximum_packet_size = mqtt::largest_packet;
    std::map<std::uint16_t, std::string> server_aliases{}, sent_aliases{};
    std::map<std::uint16_t, std::size_t> deliveries{};  // by packet identifier: the item, or none
    std::set<std::string> shares{};                     // shared subscriptions made on it

private:
    struct Line {
        net::Time time;
        bool sent;
        std::string text;
    };
    void on_open() override;
    void on_bytes(mqtt::View) override;
    void on_end(net::End, std::string why) override;
    void note(bool sent, mqtt::View octets);
    void arm();

    net::Loop& loop_;
    LinkOwner& owner_;
    mqtt::Framer framer_;
    std::deque<Line> lines_;
    net::Duration alive_every_{};
    net::Time last_sent_{};
    net::TimerId alive_timer_ = 0;
    std::unique_ptr<net::Stream> stream_;
};

}  // namespace replay
