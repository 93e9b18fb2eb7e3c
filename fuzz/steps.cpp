#include "fuzz/steps.hpp"

#include "fuzz/streams.hpp"

namespace fuzz {

Scenario read_head(Input& input) {
    Scenario s;
    s.settings = input.one();
    s.style = input.one();
    s.violation = input.two();
    return s;
}

Scenario read_scenario(mqtt::View octets) {
    Input input(octets);
    auto s = read_head(input);
    while (!input.empty()) {
        Step step;
        step.head = input.one();
        const auto size = input.one();
        step.octets = mqtt::bytes(input.take(size));
        s.steps.push_back(std::move(step));
    }
    return s;
}

std::string write_scenario(const Scenario& s) {
    std::string octets{static_cast<char>(s.settings), static_cast<char>(s.style), static_cast<char>(s.violation >> 8),
                       static_cast<char>(s.violation)};
    for (const Step& step : s.steps) {
        const auto size = std::min(step.octets.size(), Step::most);
        octets += static_cast<char>(step.head);
        octets += static_cast<char>(size);
        octets.append(step.octets, 0, size);
    }
    return octets;
}

namespace {

void mutate_octets(Step& step, Dice& dice) {
    std::string& octets = step.octets;
    const bool wire = step.what() == Step::receive || step.what() == Step::dribble;
    if (wire && dice.roll(4)) {
        const auto v = version_from(static_cast<std::uint8_t>(dice.number()));
        if (auto made = mutate_stream(mqtt::octets(octets), v, dice); !made.empty()) octets = std::move(made);
        return;
    }
    const auto at = dice.roll(octets.size() + 1);
    switch (dice.roll(3)) {
        case 0: octets.insert(at, dice.octets(1 + dice.roll(4))); break;
        case 1: octets.erase(at, 1 + dice.roll(4)); break;
        default:
            if (at < octets.size()) octets[at] = static_cast<char>(dice.number());
    }
}

Step new_step(Dice& dice) {
    const auto what = Step::What(dice.roll(8));
    return {head_of(what, static_cast<unsigned>(dice.roll(Step::clients))), dice.octets(dice.roll(24))};
}

}  // namespace

std::string mutate_scenario(mqtt::View octets, Dice& dice) {
    auto s = read_scenario(octets);
    auto& steps = s.steps;
    if (steps.empty()) steps.push_back(new_step(dice));
    auto& chosen = steps[dice.roll(steps.size())];
    switch (dice.roll(12)) {
        case 0: s.settings = static_cast<std::uint8_t>(s.settings ^ 1u << dice.roll(8)); break;
        case 1: s.style = static_cast<std::uint8_t>(s.style ^ 1u << dice.roll(8)); break;
        case 2: s.violation = static_cast<std::uint16_t>(dice.roll(4) ? 0 : dice.number()); break;
        case 3: chosen.head = head_of(chosen.what(), static_cast<unsigned>(dice.roll(4)), dice.roll(8) == 0); break;
        case 4: steps.insert(steps.begin() + std::ptrdiff_t(dice.roll(steps.size() + 1)), new_step(dice)); break;
        case 5:
        case 6:
        case 7: shuffle(steps, dice); break;
        default: mutate_octets(chosen, dice);
    }
    return write_scenario(s);
}

std::string cross_scenarios(mqtt::View one, mqtt::View other, Dice& dice) {
    auto s = read_scenario(one);
    s.steps = crossed(s.steps, read_scenario(other).steps, dice);
    return write_scenario(s);
}

}  // namespace fuzz
