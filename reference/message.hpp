// An application message, kept once and shared by all its deliveries.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/packets.hpp"
#include "reference/settings.hpp"
#include "reference/shared.hpp"

namespace reference {

/// A number that stays behind: a copy of what bears it is another thing.
struct OwnNumber {
    std::uint64_t value = 0;
    OwnNumber() = default;
    OwnNumber(const OwnNumber&) {}
    OwnNumber& operator=(const OwnNumber&) { return *this; }
};

struct Message : Counted {
    std::string topic, payload;
    std::string properties;               // as 5.0 octets, those that are passed on unchanged only
    std::optional<std::uint32_t> expiry;  // seconds from `arrived`
    Time arrived{};
    std::string publisher;                // client id, for No Local (5.0, 3.8.3.1)
    mqtt::QoS qos{};
    bool retain = false, dup = false;
    mutable OwnNumber kept{};             // its place in the store; 0: is not there

    mqtt::Properties passed_on() const { return mqtt::Properties::raw(mqtt::octets(properties), mqtt::Version::v5); }
    bool expired(Time now) const { return expiry && now - arrived >= std::chrono::seconds(*expiry); }
    std::size_t octets() const { return topic.size() + payload.size() + properties.size(); }
};
/// $SYS topics are the server's own (4.7.2): not kept over a restart.
inline bool is_system(std::string_view topic) { return topic.starts_with("$SYS/"); }
using MessagePtr = Shared<const Message>;

/// Messages that nobody has any more, small ones: their strings keep their room for the next.
class MessagePool {
public:
    /// An empty message, save that its strings may own room.
    Shared<Message> take();
    /// Kept if nobody else has it; else only let go.
    void give(MessagePtr message);

private:
    std::vector<Shared<Message>> spare_;
};

/// A message on its way to one session.
struct Delivery {
    MessagePtr message;
    mqtt::QoS qos{};
    bool retain = false;
    std::vector<std::uint32_t> identifiers{};      // of the subscriptions it is owed to
    std::shared_ptr<const std::string> share{};    // the $share filter it came by
    mutable std::uint64_t kept = 0;                // as above
};

}  // namespace reference
