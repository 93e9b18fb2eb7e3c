// What a broker input says: settings, then steps of up to four clients. Any octets are a scenario.
#pragma once
#include <string>
#include <vector>

#include "fuzz/dice.hpp"
#include "fuzz/input.hpp"

namespace fuzz {

/// One step: an octet that says what and who, the length of its octets, its octets.
struct Step {
    enum What : std::uint8_t {
        dial,      // another connection (after the end of the one there is); octets: version, draws of CONNECT
        receive,   // as they are, on a connection of any state
        packet,    // octets: type, draws; connects before where there is no connection
        lose,      // the connection ends without DISCONNECT
        tick,      // octets: unit of time, how much of it (two octets)
        dribble,   // as `receive`, octet by octet
        damage,    // as `packet`, one leaf damaged; octets: seed (four octets), type, draws
        control    // octets: 0 shut down, 1 not available, 2 available, 3 output is taken again
    };
    static constexpr unsigned clients = 4;
    static constexpr std::size_t most = 255;  // octets

    std::uint8_t head = 0;  // bits 0-2 what, 4-5 who, 6 output is not taken from now on
    std::string octets;

    What what() const { return What(head & 7); }
    unsigned who() const { return head >> 4 & 3; }
    bool holds() const { return head >> 6 & 1; }
};
inline std::uint8_t head_of(Step::What what, unsigned who, bool holds = false) {
    return static_cast<std::uint8_t>(what | who << 4 | unsigned(holds) << 6);
}

struct Scenario {
    std::uint8_t settings = 0, style = 0;  // as broker_settings() reads them
    std::uint16_t violation = 0;           // 0: none; else one more than its row
    std::vector<Step> steps;
};

/// The settings alone; the steps follow.
Scenario read_head(Input&);
Scenario read_scenario(mqtt::View);
std::string write_scenario(const Scenario&);

/// Steps doubled, removed, swapped, given to another client; packets in them damaged; settings changed.
std::string mutate_scenario(mqtt::View, Dice&);
std::string cross_scenarios(mqtt::View one, mqtt::View other, Dice&);

}  // namespace fuzz
