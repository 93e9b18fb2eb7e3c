#include "fuzz/streams.hpp"

#include "codec/damage.hpp"

namespace fuzz {
namespace {

constexpr std::size_t largest = 1u << 16;  // octets of what a mutation may make

// The fixed header anew, for a body of another length.
std::string with_length(mqtt::View packet, std::size_t body, const std::string& changed) {
    std::string made(1, static_cast<char>(packet[0]));
    auto length = changed.size() - body;
    for (; length >= 128; length >>= 7) made += static_cast<char>(length | 128);
    made += static_cast<char>(length);
    return made + changed.substr(body);
}

std::string resized(mqtt::View packet, Dice& dice) {
    mqtt::Fault fault;
    const auto f = mqtt::frame(packet, mqtt::Version::v3_1_1, fault);
    if (f.size == 0) return std::string(mqtt::bytes(packet));
    std::string changed(mqtt::bytes(packet.first(f.size)));
    const auto at = f.body + dice.roll(f.size - f.body + 1);
    if (at < changed.size() && dice.roll(2)) changed.erase(at, 1 + dice.roll(4));
    else changed.insert(at, dice.octets(1 + dice.roll(4)));
    return with_length(packet, f.body, changed);
}

}  // namespace

std::vector<std::string> cut(mqtt::View stream) {
    std::vector<std::string> packets;
    while (!stream.empty()) {
        mqtt::Fault fault;
        auto size = mqtt::frame(stream, mqtt::Version::v3_1_1, fault).size;
        if (size == 0) size = stream.size();
        packets.emplace_back(mqtt::bytes(stream.first(size)));
        stream = stream.subspan(size);
    }
    return packets;
}

std::string joined(const std::vector<std::string>& packets) {
    std::string all;
    for (const auto& p : packets) all += p;
    return all;
}

std::string damaged(mqtt::View octets, mqtt::Version v, Dice& dice) {
    mqtt::Packet packet;
    if (mqtt::decode_leniently(packet, octets, v) == 0) return {};
    mqtt::Arena arena;
    mqtt::damage(packet, v, dice.number(), arena);
    if (mqtt::encode(packet, v, {}) > largest) return {};
    return mqtt::encode(packet, v);
}

std::string mutate_stream(mqtt::View stream, mqtt::Version v, Dice& dice) {
    auto packets = cut(stream);
    if (packets.empty()) return {};
    auto& chosen = packets[dice.roll(packets.size())];
    const auto how = dice.roll(8);
    if (how < 4) {
        auto made = damaged(mqtt::octets(chosen), v, dice);
        if (made.empty()) return {};
        chosen = std::move(made);
    } else if (how < 6) {
        chosen = resized(mqtt::octets(chosen), dice);
    } else {
        shuffle(packets, dice);
    }
    return joined(packets);
}

std::string cross_streams(mqtt::View one, mqtt::View other, Dice& dice) {
    return joined(crossed(cut(one), cut(other), dice));
}

}  // namespace fuzz
