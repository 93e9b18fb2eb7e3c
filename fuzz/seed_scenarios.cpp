// Scenarios as seeds: by hand, by dice, and what clients of captures said.
#include <map>

#include "fuzz/drawing.hpp"
#include "fuzz/play.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/streams.hpp"

namespace fuzz {
namespace {

using mqtt::QoS;
using mqtt::Version;

Seed named(const std::string& target, std::string octets, const std::string& suffix) {
    auto what = meaning(target, mqtt::octets(octets));
    return {target, what + "-" + suffix, std::move(octets)};
}

/// A scenario written down: who says what, in the version that place speaks (play.cpp).
class Script {
public:
    explicit Script(std::uint8_t settings = 0, std::uint8_t style = 0) : scenario_{settings, style, 0, {}} {}
    template <class P> Script& says(unsigned who, const P& packet) {
        return step(Step::receive, who, mqtt::encode(packet, spoken(who)));
    }
    Script& connects(unsigned who, mqtt::Text id, bool clean = true, std::span<const mqtt::Property> properties = {}) {
        mqtt::Connect c{.level = std::uint8_t(spoken(who)), .clean_start = clean, .properties = properties, .client_id = id};
        return says(who, c);
    }
    Script& step(Step::What what, unsigned who, std::string octets = {}, bool holds = false) {
        scenario_.steps.push_back({head_of(what, who, holds), std::move(octets)});
        return *this;
    }
    Script& later(std::uint8_t unit, std::uint16_t amount) {
        return step(Step::tick, 0, {static_cast<char>(unit), static_cast<char>(amount >> 8), static_cast<char>(amount)});
    }
    Seed seed(const std::string& suffix) const { return named("broker", write_scenario(scenario_), suffix); }

private:
    static Version spoken(unsigned who) { return who % 2 ? Version::v3_1_1 : Version::v5; }
    Scenario scenario_;
};

mqtt::Publish message(mqtt::Text topic, QoS qos, std::uint16_t id = 0, bool retain = false) {
    return {.qos = qos, .retain = retain, .topic = topic, .packet_id = id, .payload = "payload"};
}

constexpr mqtt::Subscribe::Entry all_of_a[]{{"a/#", QoS::exactly_once}}, shared[]{{"$share/g/a/+", QoS::at_least_once}},
    several[]{{"a/+", QoS::at_least_once}, {"#", QoS::at_most_once}, {"b", QoS::exactly_once}};
constexpr mqtt::Unsubscribe::Filter gone[]{{"a/#"}, {"b"}};
constexpr mqtt::Property stays[]{{mqtt::property::session_expiry_interval, 60}},
    narrow[]{{mqtt::property::receive_maximum, 1}, {mqtt::property::topic_alias_maximum, 2}},
    tight[]{{mqtt::property::maximum_packet_size, 40}}, method[]{{mqtt::property::authentication_method, "a"}},
    proof[]{{mqtt::property::authentication_method, "a"}, {mqtt::property::authentication_data, "ab"}},
    alias[]{{mqtt::property::topic_alias, 1}}, expiry[]{{mqtt::property::message_expiry_interval, 5}},
    delay[]{{mqtt::property::will_delay_interval, 10}};

void exchanges(std::vector<Seed>& seeds) {
    for (const auto qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        Script s;
        s.connects(0, "reader").connects(1, "writer").says(0, mqtt::Subscribe{1, {}, all_of_a});
        s.says(1, message("a/b", qos, 7)).says(1, message("a", qos, 8)).says(1, mqtt::Pubrel{7});
        s.says(0, mqtt::Pubrec{1}).says(0, mqtt::Puback{1}).says(0, mqtt::Pubcomp{1}).says(0, mqtt::Pingreq{});
        seeds.push_back(s.says(0, mqtt::Unsubscribe{2, {}, gone}).says(0, mqtt::Disconnect{}).seed(
            "qos" + std::to_string(int(qos))));
    }
    Script kept;
    kept.connects(0, "kept", false, stays).says(0, mqtt::Subscribe{1, {}, several}).connects(1, "writer");
    kept.step(Step::lose, 0).says(1, message("a/b", QoS::at_least_once, 1)).says(1, message("b", QoS::exactly_once, 2));
    kept.connects(0, "kept", false, stays).step(Step::lose, 0).connects(0, "kept", false, narrow).says(0, mqtt::Puback{1});
    seeds.push_back(kept.says(0, mqtt::Pubrec{2}).later(1, 61).later(3, 0).seed("kept-session"));
    Script over;
    over.connects(0, "same").connects(1, "same").connects(2, "same").says(2, mqtt::Pingreq{}).says(0, mqtt::Pingreq{});
    seeds.push_back(over.seed("takeover"));
}

void features(std::vector<Seed>& seeds) {
    Script will;
    mqtt::Connect c{.client_id = "dies", .will = mqtt::Will{QoS::at_least_once, true, delay, "a/will", "last"}};
    c.properties = stays;
    will.connects(1, "reader").says(1, mqtt::Subscribe{1, {}, all_of_a}).says(0, c).step(Step::lose, 0);
    seeds.push_back(will.later(1, 9).later(1, 2).later(3, 0).connects(2, "next").says(2, mqtt::Subscribe{1, {}, several}).seed(
        "will-delay"));
    Script retained;
    retained.connects(0, "writer").connects(1, "reader").says(0, message("a/b", QoS::at_least_once, 1, true));
    retained.says(1, mqtt::Subscribe{1, {}, several}).says(0, message("a/c", QoS::exactly_once, 2, true)).later(1, 2);
    seeds.push_back(retained.says(1, mqtt::Subscribe{2, {}, all_of_a}).says(1, mqtt::Unsubscribe{3, {}, gone}).seed("retained"));
    Script share;
    share.connects(0, "one").connects(2, "two").connects(1, "writer").says(0, mqtt::Subscribe{1, {}, shared});
    share.says(2, mqtt::Subscribe{1, {}, shared}).says(1, message("a/b", QoS::at_least_once, 1));
    share.says(1, message("a/c", QoS::at_least_once, 2)).step(Step::lose, 2).says(0, mqtt::Puback{1});
    seeds.push_back(share.says(0, mqtt::Disconnect{}).seed("shared"));
    Script aliases(0, 0x40);
    auto first = message("a/b", QoS::at_most_once), again = message("", QoS::at_most_once);
    first.properties = again.properties = alias;
    aliases.connects(0, "writer").connects(2, "reader", true, narrow).says(2, mqtt::Subscribe{1, {}, all_of_a});
    seeds.push_back(aliases.says(0, first).says(0, again).says(0, again).says(2, mqtt::Pingreq{}).seed("aliases"));
    Script auth(8);
    auth.connects(0, "asked", true, method).says(0, mqtt::Auth{0x18, proof}).says(0, mqtt::Auth{0x19, proof});
    auth.connects(2, "denied", true, alias).says(0, mqtt::Auth{0x18, proof});
    seeds.push_back(auth.says(0, mqtt::Pingreq{}).later(1, 90).later(3, 0).seed("authentication"));
}

void limits(std::vector<Seed>& seeds) {
    constexpr std::uint8_t choices[]{1, 2, 3, 4, 0x41, 0x80};
    for (const auto settings : choices) {
        Script s(settings, settings & 1 ? 0x19 : 0x07);
        s.connects(0, "reader", false, narrow).says(0, mqtt::Subscribe{1, {}, several}).connects(1, "writer");
        for (std::uint16_t id = 1; id < 5; ++id) s.says(1, message("a/b", QoS(id % 3), id, id == 4));
        seeds.push_back(s.says(0, mqtt::Puback{1}).says(0, mqtt::Subscribe{2, {}, shared}).later(1, 100).later(3, 0).seed(
            "settings" + std::to_string(settings)));
    }
    Script held(1);
    held.connects(0, "slow").step(Step::receive, 0, mqtt::encode(mqtt::Subscribe{1, {}, all_of_a}, Version::v5), true);
    auto old = message("a/b", QoS::at_least_once, 1);
    old.properties = expiry;
    held.connects(2, "writer").says(2, old).says(2, message("a/c", QoS::at_most_once)).says(2, old);
    held.step(Step::packet, 2, "publish by dice").later(1, 6).step(Step::control, 0, "\3").says(0, mqtt::Puback{1});
    seeds.push_back(held.step(Step::control, 0, std::string(1, '\0')).seed("held"));
    Script small;
    small.connects(0, "tight", true, tight).says(0, mqtt::Subscribe{1, {}, several}).says(0, mqtt::Pubrel{9});
    small.step(Step::dribble, 1, mqtt::encode(mqtt::Connect{.level = 4, .client_id = "drop by drop"}, Version::v3_1_1));
    seeds.push_back(small.says(1, message("a/b", QoS::at_least_once, 1)).later(0, 999).seed("small-packets"));
}

// Steps by dice: the generator's own packets.
void by_dice(std::vector<Seed>& seeds) {
    Dice dice(7);
    for (int n = 0; n < 40; ++n) {
        Scenario s;
        if (n % 2) s.settings = static_cast<std::uint8_t>(dice.number()), s.style = static_cast<std::uint8_t>(dice.number());
        for (int k = 0; k < 10; ++k) {
            constexpr Step::What often[]{Step::packet, Step::packet, Step::packet, Step::packet, Step::damage, Step::tick,
                                         Step::dial, Step::lose};
            const auto what = often[k ? dice.roll(std::size(often)) : 0];
            const auto who = static_cast<unsigned>(dice.roll(n % 4 == 3 ? 4 : 2));
            s.steps.push_back({head_of(what, who), dice.octets(24)});
        }
        seeds.push_back(named("broker", write_scenario(s), "dice" + std::to_string(n)));
    }
}

void add_once(std::vector<Seed>& seeds, Seed seed, std::map<std::string, int>& met, int most, const std::string& kind) {
    if (met[seed.target + kind]++ < most) seeds.push_back(std::move(seed));
}

Version version_of(const std::string& stream) {
    mqtt::Packet packet;
    const bool known = mqtt::decode_leniently(packet, mqtt::octets(stream), Version::v5) != 0;
    const auto* c = known ? std::get_if<mqtt::Connect>(&packet) : nullptr;
    return c && c->level >= 3 && c->level <= 5 ? Version(c->level) : Version::v3_1_1;
}

}  // namespace

std::vector<Seed> scenario_seeds();
std::vector<Seed> scenario_seeds() {
    std::vector<Seed> seeds;
    exchanges(seeds);
    features(seeds);
    limits(seeds);
    by_dice(seeds);
    return seeds;
}

// Packets: one of a kind of the small ones, more of those with something in them. Streams: the first 2,000 octets of each direction. Scenarios: what a client said.
std::vector<Seed> captured_seeds(const std::vector<Captured>& connections) {
    std::vector<Seed> seeds;
    std::map<std::string, int> met;
    for (const auto& c : connections) {
        const auto v = version_of(c.from_client);
        const std::string head(1, static_cast<char>(octet_of(v)));
        for (const auto* direction : {&c.from_client, &c.from_server}) {
            const auto packets = cut(mqtt::octets(*direction));
            for (std::size_t i = 0; i < packets.size() && i < 60; ++i) {
                const auto octets = head + '\x07' + packets[i];
                if (packets[i].size() > 300) continue;
                const bool small = packets[i].size() < 60;
                add_once(seeds, named("decode", octets, c.name + "-" + std::to_string(i)), met, small ? 1 : 8,
                         meaning("decode", mqtt::octets(octets)) + (small ? "-small" : ""));
            }
            if (direction->empty()) continue;
            auto stream = named("framing", head + std::string("\0\0\0\0\6", 5) + direction->substr(0, 2'000),
                                c.name + (direction == &c.from_client ? "-client" : "-server"));
            add_once(seeds, stream, met, 2, meaning("framing", mqtt::octets(stream.octets)));
        }
        Scenario s;
        for (const auto& packet : cut(mqtt::octets(c.from_client)))
            if (s.steps.size() < 30 && packet.size() <= Step::most)
                s.steps.push_back({head_of(Step::receive, v == Version::v5 ? 0 : 1), packet});
        if (s.steps.empty()) continue;
        auto scenario = named("broker", write_scenario(s), c.name);
        add_once(seeds, scenario, met, 2, std::string(name(v)) + meaning("broker", mqtt::octets(scenario.octets)));
    }
    return seeds;
}

}  // namespace fuzz
