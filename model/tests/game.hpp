// A broker, the model and five clients, who know just enough to be mostly legal.
#pragma once
#include <deque>
#include <map>

#include "codec/codec.hpp"
#include "model/tests/play.hpp"
#include "reference/broker.hpp"

namespace model::test {

using mqtt::Property;
using mqtt::QoS;
using mqtt::Version;
namespace property = mqtt::property;

inline constexpr unsigned client_count = 5;

struct Answer {
    mqtt::Type type;
    std::uint16_t id;
};
struct Sending {
    std::uint16_t id;
    std::string topic, payload;
    bool retain, received = false, released = false;
};

struct Client {
    std::string id;
    reference::LinkId link = 0;  // 0: none
    Version version = Version::v5;
    bool online = false;
    std::deque<Answer> answers;       // not sent yet
    std::deque<Sending> sending;      // QoS 2, not complete
    std::vector<std::string> aliases;
    unsigned next_id = 0;
    std::size_t receive_maximum = 65'535;
    unsigned alias_maximum = 0, maximum_qos = 2;
    bool retain = true, wildcards = true, identifiers = true, shares = true, asked_clean = false;
    std::uint32_t expiry = 0;
};

class Game {
public:
    Game(const reference::Settings& settings, bool keep_log) : broker_(settings), keep_log_(keep_log) {
        for (unsigned i = 0; i < client_count; ++i) clients_[i].id = i == 3 ? "C0" : "c" + std::to_string(i);
        clients_[4].id = "a-client-id-of-23-octet";
    }
    void run(const Command& c);
    void epilogue();
    Outcome outcome;
    bool broken() const { return !model_.findings().empty(); }
    void finish() { outcome.findings = model_.findings(); }

private:
    void note(reference::LinkId link, const char* arrow, mqtt::View octets, Version v);
    template <class P> void send(Client& c, const P& packet) { raw(c, mqtt::encode(packet, c.version)); }
    void raw(Client& c, const std::string& bytes);
    void settle();
    void tell(reference::LinkId link, const std::string& bytes, bool close);
    void read(Client& c, mqtt::View packet);
    void greeted(Client& c, const mqtt::Connack& p);
    void connect(Client& c, std::uint32_t a, std::uint32_t b);
    void subscribe(Client& c, std::uint32_t a, std::uint32_t b);
    void unsubscribe(Client& c, std::uint32_t a, std::uint32_t b);
    void publish(Client& c, std::uint32_t a, std::uint32_t b);
    void answer(Client& c, std::size_t most, std::uint32_t b);
    void release(Client& c);
    void cut(Client& c);
    void disconnect(Client& c, std::uint32_t a);
    void blunder(Client& c, std::uint32_t a);
    void pass(reference::Time span);
    std::uint16_t fresh_id(Client& c);

    reference::Broker broker_;
    Model model_;
    reference::Time now_{1'000'000};
    Client clients_[client_count];
    std::map<reference::LinkId, Version> versions_;
    unsigned last_payload_ = 0;
    bool keep_log_;
};

}  // namespace model::test
