// A right MQTT client without a clock or a socket: keeps what is not acknowledged, and sends it again.
#pragma once
#include <deque>
#include <optional>
#include <set>

#include "codec/codec.hpp"
#include "codec/framer.hpp"
#include "simulation/ledger.hpp"

namespace simulation {

struct Traits {
    mqtt::Version version = mqtt::Version::v5;
    bool clean = false;                    // sessions end with their connection
    std::uint32_t expiry = 0xffff'ffff;    // seconds, of sessions that do not
    std::uint16_t receive_maximum = 65'535, keep_alive = 10;
    bool wills = false;
    std::vector<Filter> filters{};         // held all the time
};

class Client {
public:
    Client(unsigned index, Traits traits, Ledger& ledger) : index_(index), traits_(std::move(traits)), ledger_(&ledger) {}

    /// The octets of a new connection begin with those of CONNECT. The will is message `will`, if there is one.
    std::string connect(std::optional<std::uint32_t> will, std::uint32_t will_delay, std::uint16_t keep_alive);
    /// What came; answers are kept until flush(). False: something came that is not MQTT.
    bool receive(std::string_view octets);
    /// Acknowledgements, the oldest first, and what they allow to be sent.
    std::string answers(std::size_t most);
    std::string publish(std::uint32_t number, const Sent&, bool retain, std::string_view padding);
    std::string subscribe(const Filter&);
    std::string unsubscribe(std::string_view filter);
    std::string disconnect(bool with_will);
    void lost();

    bool online() const { return state_ == State::online; }
    bool idle() const { return online() && open_.empty() && answers_.empty() && requests_ == 0; }
    bool may_publish() const { return to_send_.empty() && open_.size() < window_; }
    unsigned index() const { return index_; }
    const Traits& traits() const { return traits_; }
    unsigned session() const { return session_; }

private:
    enum class State { offline, connecting, online };
    struct Open {
        std::uint16_t id;
        std::uint32_t number;
        mqtt::QoS qos;
        std::string wire;  // the PUBLISH, as it went out first
        bool released = false, told = false;
    };
    struct Answer {
        mqtt::Type type;
        std::uint16_t id;
    };
    void on(const mqtt::Connack&);
    void on(const mqtt::Publish&);
    void settled(std::uint16_t id, mqtt::QoS, bool refused);
    void forget_session();
    std::uint16_t fresh_id();
    std::string id() const { return "c" + std::to_string(index_); }

    unsigned index_;
    Traits traits_;
    Ledger* ledger_;
    State state_ = State::offline;
    mqtt::Framer framer_;
    std::deque<Open> open_;
    std::deque<Answer> answers_;
    std::string to_send_;           // what a packet that came allows to be sent at once
    std::set<std::uint16_t> taken_;  // QoS 2 identifiers that wait for PUBREL
    std::set<std::uint16_t> counted_;  // deliveries of this connection that use up the window
    std::size_t requests_ = 0, window_ = 8;
    std::uint16_t last_id_ = 0;
    unsigned session_ = 0;
    bool ever_ = false;
    unsigned unanswered_ = 0;  // CONNECTs since the last CONNACK, this one included
};

}  // namespace simulation
