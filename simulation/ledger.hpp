// What was published, by whom, and who got it how often: the invariants are judged here.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/words.hpp"

namespace simulation {

/// The topics everybody uses; the last two are for wills, and for those that may read it.
inline constexpr std::string_view topics[]{"t/0", "t/1", "t/2", "u/a", "w", "secret/x"};
inline constexpr unsigned will_topic = 4, secret_topic = 5;

struct Filter {
    std::string_view text;
    mqtt::QoS qos;
};

/// One message, known by its number, which is its payload.
struct Sent {
    enum class Fate : std::uint8_t { open, acknowledged, abandoned };
    unsigned publisher = 0, topic = 0;
    mqtt::QoS qos{};
    Fate fate = Fate::open;
    bool denied = false, will = false;
    bool loose = false;     // its publisher cannot know what became of it
    int wills_due = 0;  // of a will: how often it has to come
};

class Ledger {
public:
    std::uint32_t publish(const Sent&);
    Sent& at(std::uint32_t number) { return sent_.at(number); }
    std::size_t size() const { return sent_.size(); }
    /// A delivery to the application of a client. `session` tells apart the sessions of one client.
    void received(unsigned client, unsigned session, std::string_view topic, std::string_view payload, mqtt::QoS, bool retain);
    /// A client that holds these filters in one session from the first message to the last.
    void listens(unsigned client, std::vector<Filter> filters) { ears_[client] = std::move(filters); }
    /// What holds once everything has come to rest.
    void judge();
    void break_rule(std::string what);
    const std::vector<std::string>& broken() const { return broken_; }
    std::size_t deliveries() const { return deliveries_; }

private:
    std::vector<Sent> sent_;
    std::map<unsigned, std::vector<Filter>> ears_;
    std::map<std::pair<unsigned, std::uint32_t>, unsigned> counts_;                 // of ears
    std::map<std::pair<unsigned, unsigned>, std::map<std::uint32_t, unsigned>> once_;  // by session: QoS 2 copies
    std::map<std::tuple<unsigned, unsigned, unsigned, unsigned, unsigned>, std::uint32_t> last_;
    std::vector<std::string> broken_;
    std::size_t deliveries_ = 0;
};

/// "1234" and padding behind a space; what is no number of a message becomes the largest number.
std::uint32_t number_of(std::string_view payload);
bool may_read(unsigned client, std::string_view filter);
bool may_publish(unsigned client, std::string_view topic);

}  // namespace simulation
