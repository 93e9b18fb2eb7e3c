// What an input means, in a few words: the first part of a seed's name.
#include "fuzz/drawing.hpp"
#include "fuzz/naive_topics.hpp"
#include "fuzz/play.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/streams.hpp"

namespace fuzz {

std::string meaning_of_capture(mqtt::View octets);  // seed_captures.cpp

namespace {

std::string lower(std::string_view s) {
    std::string l(s);
    for (char& c : l) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return l;
}

std::string prefix(mqtt::Version v) { return "v" + std::string(name(v)) + "-"; }

// v5-publish-good, v3.1.1-connect-fault, v5-suback-short
std::string of_packet(mqtt::View octets) {
    Input input(octets);
    const auto v = version_from(input.one());
    input.one();
    mqtt::Packet packet;
    mqtt::Fault fault;
    const auto wire = input.rest();
    const auto taken = mqtt::decode(packet, wire, v, fault);
    const auto type = wire.empty() ? "nothing" : lower(name(mqtt::Type(wire[0] >> 4)));
    return prefix(v) + type + (taken ? taken == wire.size() ? "-good" : "-more" : fault ? "-fault" : "-short");
}

// v5-12-packets-whole, v3.1.1-3-packets-cut, v5-0-packets-fault
std::string of_stream(mqtt::View octets) {
    Input input(octets);
    const auto v = version_from(input.one());
    input.take(5);
    auto rest = input.rest();
    mqtt::Fault fault;
    std::size_t count = 0;
    while (const auto size = mqtt::frame(rest, v, fault).size) {
        rest = rest.subspan(size);
        ++count;
    }
    return prefix(v) + std::to_string(count) + "-packets-" + (fault ? "fault" : rest.empty() ? "whole" : "cut");
}

// v5-publish-drawn, v3.1-auth-idle
std::string of_drawing(mqtt::View octets) {
    Input input(octets);
    const auto v = version_from(input.one());
    input.take(5);
    return with_type(input.one(), [&]<class P>(P p) {
        Room room;
        const bool legal = draw(p, v, input, room.arena) && (P::type != mqtt::Type::auth || v == mqtt::Version::v5);
        return prefix(v) + lower(name(P::type)) + (legal ? "-drawn" : "-idle");
    });
}

// 1-names-3-filters-2-matches
std::string of_topics(mqtt::View octets) {
    std::vector<std::string> texts(1);
    for (auto c : octets.subspan(1)) {
        if (c == 0)
            texts.emplace_back();
        else
            texts.back() += static_cast<char>(c);
    }
    std::size_t names = 0, filters = 0, matches = 0;
    for (const auto& t : texts) {
        const bool is_name = naive::is_topic_name(t);
        names += is_name;
        filters += naive::is_topic_filter(t, mqtt::Version::v5);
        for (const auto& f : texts)
            matches += is_name && naive::is_topic_filter(f, mqtt::Version::v3_1_1) && naive::matches(f, t);
    }
    return std::to_string(names) + "-names-" + std::to_string(filters) + "-filters-" + std::to_string(matches) +
           "-matches";
}

// 10-steps-2-of-2-accepted
std::string of_scenario(mqtt::View octets) {
    const auto played = play(octets);
    return std::to_string(played.steps) + "-steps-" + std::to_string(played.accepted) + "-of-" +
           std::to_string(played.connections) + "-accepted";
}

}  // namespace

std::string meaning(const std::string& target, mqtt::View octets) {
    if (target == "decode") return of_packet(octets);
    if (target == "framing") return of_stream(octets);
    if (target == "round_trip") return of_drawing(octets);
    if (target == "topics") return of_topics(octets);
    if (target == "capture") return meaning_of_capture(octets);
    return of_scenario(octets);
}

}  // namespace fuzz
