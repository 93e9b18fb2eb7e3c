// Clients, the reference broker and the lossy links between them, in virtual time and out of one seed.
#pragma once
#include <map>
#include <memory>

#include "fuzz/dice.hpp"
#include "reference/broker.hpp"
#include "simulation/client.hpp"

namespace simulation {

using reference::LinkId;
using reference::Time;

struct Plan {
    std::uint32_t seed = 1;
    std::size_t events = 200'000;  // chunks delivered, commands, steps of the clock, losses
    unsigned volatile_clients = 6;
};

struct Report {
    std::vector<std::string> broken;  // empty: all invariants hold
    std::size_t events = 0, messages = 0, deliveries = 0, connections = 0, losses = 0, timeouts = 0;
    std::size_t most_queued = 0, most_links = 0, most_sessions = 0;
    std::size_t heap_left = 0;        // octets that a broker holds for which nothing is left; 0 where nobody can tell
};

class World {
public:
    World(reference::Settings, const Plan&);
    Report run();

private:
    struct Wire {
        unsigned client = 0;
        std::string up, down;        // octets under way
        std::size_t delivered = 0, connect_end = 0, disconnect_end = 0;  // of what the client sent
        bool greeted = false;        // all of CONNECT has reached the broker
        bool ended = false;          // for the broker
        bool dead = false;           // lost, and the broker does not know
        bool closed = false;         // by the broker
        bool leaving = false, keeps_will = true;
        std::optional<std::uint32_t> will;
        std::uint32_t will_delay = 0;
    };
    void set_up();
    void step();
    bool try_step(unsigned client, std::size_t kind);
    bool chunk_up(unsigned client, std::size_t most);
    bool chunk_down(unsigned client, std::size_t most);
    bool take(LinkId);
    bool take_some(unsigned client);
    void take_all();
    void connect(unsigned client);
    void act(unsigned client);
    void publish(unsigned client);
    void lose(unsigned client, bool told);
    bool leave(unsigned client);
    void pass(Time span);
    void send(unsigned client, std::string octets);
    void greeted(Wire&);
    void broker_ends(Wire&);
    void drain();
    void finish();
    void end_everything();
    Wire* wire_of(unsigned client);
    void watch();

    Plan plan_;
    fuzz::Dice dice_;
    std::unique_ptr<reference::Broker> broker_;
    Ledger ledger_;
    std::vector<Client> clients_;
    std::map<LinkId, Wire> wires_;
    std::vector<LinkId> current_;  // by client; 0: none
    struct PendingWill {
        std::uint32_t number;
        Time due;
    };
    std::map<unsigned, PendingWill> pending_wills_;
    Time now_{1'000'000};
    bool wills_ = true;
    Report report_;
};

Report simulate(reference::Settings, const Plan&);

}  // namespace simulation
