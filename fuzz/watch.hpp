// One client as the broker's output has it: what an honest server may send on this connection, and nothing else.
#pragma once
#include <algorithm>
#include <map>
#include <vector>

#include "codec/framer.hpp"
#include "reference/settings.hpp"

namespace fuzz {

class Watch {
public:
    explicit Watch(reference::LinkId link) : link_(link) {}
    reference::LinkId link() const { return link_; }
    /// Octets the client sends; to be told before the broker is.
    void sent(mqtt::View);
    /// Octets the broker wrote, whole packets; throws BrokenPromise. `closed`: it closes after them.
    void received(mqtt::View, bool closed);

    bool accepted() const { return stage_ == Stage::online; }
    std::size_t packets() const { return packets_; }
    /// Octets the client sent since the last output.
    std::size_t unanswered() const { return unanswered_; }
    /// Its output is not taken: acknowledgements may now come before what they acknowledge was seen.
    bool held = false, was_held = false;

private:
    enum class Stage { waits, odd, known, online, ended };

    void first(mqtt::View packet);
    void note(const mqtt::Packet&);
    void note(const mqtt::Publish&);
    void settle(std::uint16_t id, mqtt::QoS, bool at_end);
    void expect_odd(mqtt::View, bool closed);
    void expect(const mqtt::Packet&);
    void expect(const mqtt::Publish&);
    void expect(const mqtt::Connack&);
    void owed(mqtt::Type asked, std::uint32_t id, std::size_t count, const char* what);
    void remember(mqtt::Type asked, std::uint32_t id, std::size_t count = 0);

    struct Asked {
        mqtt::Type type{};
        std::uint32_t id = 0;
        std::size_t count = 0;
        bool operator==(const Asked&) const = default;
    };
    struct Open {  // a delivery that is not settled
        std::uint16_t id = 0;
        mqtt::QoS qos{};
    };
    std::vector<Open>::iterator open_with(std::uint16_t id) { return std::ranges::find(open_, id, &Open::id); }
    reference::LinkId link_;
    Stage stage_ = Stage::waits;
    mqtt::Framer framer_;
    bool lost_track_ = false;  // what the client sends has no frame any more
    mqtt::Version version_{};
    mqtt::Limits limits_;
    std::size_t receive_maximum_ = 65'535, alias_maximum_ = 0, pings_ = 0, packets_ = 0, unanswered_ = 0;
    bool resumed_ = false;
    std::vector<Asked> asked_;
    std::vector<Open> open_;
    std::map<std::uint32_t, std::string> aliases_;
};

}  // namespace fuzz
