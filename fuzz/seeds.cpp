#include "fuzz/seeds.hpp"

#include "codec/damage.hpp"
#include "fuzz/drawing.hpp"
#include "fuzz/streams.hpp"

namespace fuzz {
namespace {

using mqtt::Version;

constexpr Version versions[]{Version::v5, Version::v3_1_1, Version::v3_1};
constexpr std::size_t types = std::variant_size_v<mqtt::Packet>;

class Maker {
public:
    std::vector<Seed> all() {
        for (auto v : versions)
            for (std::size_t type = 0; type < types; ++type) packets(v, type);
        streams();
        topics();
        return std::move(seeds_);
    }

private:
    void add(const std::string& target, const std::string& octets) {
        const auto what = meaning(target, mqtt::octets(octets));
        std::size_t number = 0;
        for (const auto& s : seeds_) number += s.target == target && s.name.starts_with(what + "-");
        seeds_.push_back({target, what + "-" + std::to_string(number), octets});
    }
    std::string head(Version v, std::size_t octets) {
        return std::string(1, static_cast<char>(octet_of(v))) + dice_.octets(octets - 1);
    }

    // The octets of a legal packet of some size, and what it was drawn from.
    std::string drawn(Version v, std::size_t type, std::string& draws) {
        std::string best;
        for (int attempt = 0; attempt < 400; ++attempt) {
            const auto octets = dice_.octets(120);
            Input input(mqtt::octets(octets));
            Room room;
            const auto wire = with_type(type, [&]<class P>(P p) {
                return draw(p, v, input, room.arena) ? mqtt::encode(p, v) : std::string();
            });
            const bool better = wire.size() > best.size() && wire.size() < 400 && !wire.empty();
            if (better) {
                best = wire;
                draws = octets.substr(0, 120 - input.rest().size());
            }
            if (best.size() > 90) break;
        }
        return best;
    }

    // One type in one version: good ones, damaged ones, one cut short; and the draws they came from.
    void packets(Version v, std::size_t type) {
        std::string draws;
        for (int n = 0; n < 2; ++n) {
            const auto wire = drawn(v, type, draws);
            if (wire.empty() || (type + 1 == types && v != Version::v5)) return;
            add("decode", head(v, 2) + wire);
            for (int k = 0; k < 2; ++k)
                if (const auto bad = damaged(mqtt::octets(wire), v, dice_); !bad.empty() && bad.size() < 1'000)
                    add("decode", head(v, 2) + bad);
            if (n == 0) add("decode", head(v, 2) + wire.substr(0, wire.size() - 1));
            add("round_trip", head(v, 6) + static_cast<char>(type) + draws);
            wires_[std::size_t(v) - 3].push_back(wire);
        }
    }

    void streams() {
        for (auto v : versions) {
            const auto& wires = wires_[std::size_t(v) - 3];
            for (std::size_t count : {1u, 3u, 6u, 10u}) {
                std::string stream;
                for (std::size_t i = 0; i < count; ++i) stream += wires[dice_.roll(wires.size())];
                const std::string start = head(v, 1) + std::string("\0\0\0\0", 4) + static_cast<char>(dice_.roll(20));
                add("framing", start + stream);
                add("framing", start + stream.substr(0, stream.size() - 1));
                add("framing", start + stream + "\x30\xff\xff\xff\xff\x01");
                add("framing", start + mutate_stream(mqtt::octets(stream), v, dice_));
            }
        }
    }

    void topics() {
        using namespace std::string_view_literals;
        constexpr std::string_view lists[]{
            "\2sport/tennis/player1\0sport/tennis/player1/#\0sport/#\0#\0+/tennis/+\0sport/+\0sport/tennis"sv,
            "\2sport\0sport/#\0sport/+\0+\0/+\0+/+"sv,
            "\2/finance\0+/+\0/+\0+\0#\0/#\0/finance"sv,
            "\2$SYS/monitor/Clients\0#\0+/monitor/Clients\0$SYS/#\0$SYS/monitor/+\0$SYS/+/Clients"sv,
            "\2a//b\0a/+/b\0a//b\0+//+\0a/#\0//\0///"sv,
            "\2gr\xc3\xbc\xc3\x9f" "e/\xf0\x9f\x98\x80\0gr\xc3\xbc\xc3\x9f" "e/+\0+/\xf0\x9f\x98\x80\0#"sv,
            "\0a\0$share/group/a\0$share/group/+\0$share//a\0$share/g\0$share/g/\0$share/+/a\0$share/g/$share/h/a"sv,
            "\0a#\0#a\0a/#/b\0a+\0+a\0++\0##\0a/+b/c"sv,
            "\0\xc0\x80\0\xed\xa0\x80\0\xf4\x90\x80\x80\0\xef\xbf\xbf\0\xff\0\xc3"sv,
            "\2A/b\0a/b\0A/B\0A/+\0a/+\0+/b"sv,
            "\2a/b/c/d/e/f/g/h\0+/+/+/+/+/+/+/+\0a/#\0a/b/c/d/e/f/g/h/#\0+/#\0a/b/c/d/e/f/g\0a/b/c/d/e/f/g/h/i"sv,
            "\2a/b\0a/c\0a\0b\0a/+\0a/#\0+\0+/b\0+/c\0#\0b/#"sv};
        for (const auto list : lists) add("topics", std::string(list));
    }

    Dice dice_{20};
    std::vector<Seed> seeds_;
    std::vector<std::string> wires_[3];
};

std::string escaped(std::string_view octets) {
    std::string s = "\"";
    for (char c : octets) {
        constexpr char digits[] = "0123456789abcdef";
        const auto b = static_cast<unsigned char>(c);
        if (b > 0x20 && b < 0x7f && c != '"' && c != '\\') s += c;
        else ((s += "\\x") += digits[b >> 4]) += digits[b & 15];
    }
    return s + "\"\n";
}

}  // namespace

std::vector<Seed> scenario_seeds();

std::vector<Seed> generated_seeds() {
    auto seeds = Maker().all();
    for (auto& s : scenario_seeds()) seeds.push_back(std::move(s));
    return seeds;
}

std::string packet_dictionary() {
    std::string lines = "# Made by fuzz_make_seeds from the tables of the codec.\n";
    for (unsigned type = 1; type < 16; ++type) {
        const unsigned flags = type == 6 || type == 8 || type == 10 ? 2 : 0;
        lines += escaped(std::string(1, static_cast<char>(type << 4 | flags)));
    }
    lines += escaped({"\0\4MQTT\4", 7}) + escaped({"\0\4MQTT\5", 7}) + escaped({"\0\6MQIsdp\3", 9});
    for (const auto& r : mqtt::property_table) {
        std::string one(1, static_cast<char>(r.id));
        if (r.wire == mqtt::Wire::text || r.wire == mqtt::Wire::binary) one += std::string("\0\1a", 3);
        else if (r.wire == mqtt::Wire::pair) one += std::string("\0\1a\0\1b", 6);
        else one += std::string(r.wire == mqtt::Wire::two ? 1 : r.wire == mqtt::Wire::four ? 3 : 0, '\0') + '\1';
        lines += escaped(one);
    }
    for (std::string_view s : {"\x7f", "\x80\1", "\xff\x7f", "\x80\x80\1", "\xff\xff\x7f", "\xff\xff\xff\x7f", "\xff\xff"})
        lines += escaped(s);
    return lines + topic_dictionary();
}

std::string topic_dictionary() {
    std::string lines;
    for (std::string_view s : {"#", "+", "/", "/#", "+/", "/+/", "$share/", "$share/g/", "$SYS/", "\xc3\xbc", "\xef\xbb\xbf",
                               "\xed\xa0\x80", "\xc0\x80", "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbf"})
        lines += escaped(s);
    return lines;
}

}  // namespace fuzz
