#include "fuzz/seeds.hpp"

#include <set>

#include "codec/damage.hpp"
#include "codec/hex.hpp"
#include "codec/vectors/faulty_packets.hpp"
#include "codec/vectors/good_packets.hpp"
#include "fuzz/drawing.hpp"
#include "fuzz/streams.hpp"

namespace fuzz {

std::vector<std::string> capture_seeds();  // seed_captures.cpp; none where captures are not built

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
        vectors();
        topics();
        for (const auto& octets : capture_seeds()) add("capture", octets);
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

    struct Drawn {
        std::string wire, draws;
    };
    // A legal packet of some size with what it was drawn from: the first whose `size` is over `enough`, or the largest.
    Drawn drawn(Version v, std::size_t type, std::string Drawn::* sized, std::size_t enough) {
        Drawn best;
        for (int attempt = 0; attempt < 400 && (best.*sized).size() <= enough; ++attempt) {
            const auto octets = dice_.octets(200);
            Input input(mqtt::octets(octets));
            Room room;
            Drawn made;
            made.wire = with_type(
                type, [&]<class P>(P p) { return draw(p, v, input, room.arena) ? mqtt::encode(p, v) : std::string(); });
            made.draws = octets.substr(0, 200 - input.rest().size());
            if (!made.wire.empty() && (made.*sized).size() < 2 * enough + 20 &&
                (made.*sized).size() > (best.*sized).size())
                best = std::move(made);
        }
        return best;
    }

    // A packet with a fault in it, by its fields if that leads to one.
    std::string faulty(Version v, const std::string& wire) {
        std::string made;
        for (int attempt = 0; attempt < 60; ++attempt) {
            auto bad =
                attempt < 30 ? damaged(mqtt::octets(wire), v, dice_) : mutate_stream(mqtt::octets(wire), v, dice_);
            if (bad.empty() || bad.size() > 1'000) continue;
            made = head(v, 2) + bad;
            if (meaning("decode", mqtt::octets(made)).ends_with("fault")) break;
        }
        return made;
    }

    // Packets of one type, each with a fault that those before did not have.
    void different_faults(Version v, std::size_t type) {
        std::set<std::string_view> met;
        for (int attempt = 0; attempt < 200 && met.size() < 8; ++attempt) {
            const auto wire = drawn(v, type, &Drawn::wire, 50).wire;
            const auto bad = faulty(v, wire).substr(2);
            mqtt::Packet packet;
            mqtt::Fault fault;
            mqtt::decode(packet, mqtt::octets(bad), v, fault);
            if (fault && bad.size() > 40 && met.insert(fault.what).second) add("decode", head(v, 2) + bad);
        }
    }

    // Bodies that end early, at different places: what an explaining walk makes of fields that are not there.
    void early_ends(Version v, std::size_t type) {
        for (int n = 0; n < 5; ++n) {
            auto wire = drawn(v, type, &Drawn::wire, n % 2 ? 100 : 60).wire;
            if (wire.size() < 8 || wire.size() >= 130) continue;
            wire.resize(3 + dice_.roll(wire.size() - 3));
            wire[1] = static_cast<char>(wire.size() - 2);
            add("decode", head(v, 2) + wire);
        }
    }

    // One type in one version: good ones, damaged ones, one cut short; and draws that make such packets.
    void packets(Version v, std::size_t type) {
        if (type + 1 == types && v != Version::v5) return;
        for (int n = 0; n < 4; ++n) {
            const auto wire = drawn(v, type, &Drawn::wire, n % 2 ? 100 : 50).wire;
            const bool small = wire.size() < 24;  // little can differ in it
            if (small && n > 0) break;
            add("decode", head(v, 2) + wire);
            for (int k = 0; k < (small ? 1 : 3); ++k) add("decode", faulty(v, wire));
            if (n == 0) add("decode", head(v, 2) + wire.substr(0, wire.size() - 1));
            wires_[std::size_t(v) - 3].push_back(wire);
        }
        different_faults(v, type);
        early_ends(v, type);
        for (int n = 0; n < 8; ++n) {
            const auto draws = drawn(v, type, &Drawn::draws, 60).draws;
            if (n > 0 && draws.size() < 20) return;  // a packet with next to nothing in it
            add("round_trip", head(v, 6) + static_cast<char>(type) + draws);
        }
    }

    // The packets that were written by hand, eight in a row: every rule of the codec is broken in one of them.
    void vectors() {
        std::string rows[3];
        std::size_t counts[3]{};
        const auto put = [&](Version v, const char* digits) {
            const auto i = std::size_t(v) - 3;
            rows[i] += mqtt::from_hex(digits).value_or("");
            mqtt::Fault fault;
            mqtt::frame(mqtt::octets(rows[i]), v, fault);
            if (++counts[i] % 8 == 0 || fault) flush(v, rows[i]);
        };
        for (const auto& good : mqtt::testing::good_packets()) put(good.version, good.hex);
        for (const auto& bad : mqtt::testing::bad_packets()) put(bad.version, bad.hex);
        for (auto v : versions) flush(v, rows[std::size_t(v) - 3]);
    }
    void flush(Version v, std::string& row) {
        if (!row.empty()) add("framing", head(v, 1) + std::string("\0\0\0\0\6", 5) + row);
        row.clear();
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
            "\2gr\xc3\xbc\xc3\x9f"
            "e/\xf0\x9f\x98\x80\0gr\xc3\xbc\xc3\x9f"
            "e/+\0+/\xf0\x9f\x98\x80\0#"sv,
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
        if (b > 0x20 && b < 0x7f && c != '"' && c != '\\')
            s += c;
        else
            ((s += "\\x") += digits[b >> 4]) += digits[b & 15];
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
    std::string lines = topic_dictionary();
    for (unsigned type = 1; type < 16; ++type) {
        const unsigned flags = type == 6 || type == 8 || type == 10 ? 2 : 0;
        lines += escaped(std::string(1, static_cast<char>(type << 4 | flags)));
    }
    lines += escaped({"\0\4MQTT\4", 7}) + escaped({"\0\4MQTT\5", 7}) + escaped({"\0\6MQIsdp\3", 9});
    for (const auto& r : mqtt::property_table) {
        std::string one(1, static_cast<char>(r.id));
        if (r.wire == mqtt::Wire::text || r.wire == mqtt::Wire::binary)
            one += std::string("\0\1a", 3);
        else if (r.wire == mqtt::Wire::pair)
            one += std::string("\0\1a\0\1b", 6);
        else
            one += std::string(r.wire == mqtt::Wire::two ? 1 : r.wire == mqtt::Wire::four ? 3 : 0, '\0') + '\1';
        lines += escaped(one);
    }
    for (std::string_view s :
         {"\x7f", "\x80\1", "\xff\x7f", "\x80\x80\1", "\xff\xff\x7f", "\xff\xff\xff\x7f", "\xff\xff"})
        lines += escaped(s);
    return lines;
}

std::string topic_dictionary() {
    std::string lines = "# Made by fuzz_make_seeds from the tables of the codec.\n";
    for (std::string_view s :
         {"#", "+", "/", "/#", "+/", "/+/", "$share/", "$share/g/", "$SYS/", "\xc3\xbc", "\xef\xbb\xbf", "\xed\xa0\x80",
          "\xc0\x80", "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbf"})
        lines += escaped(s);
    return lines;
}

std::string capture_dictionary() {
    std::string lines = packet_dictionary();
    for (const std::string_view s :
         {"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\n\r\r\n", "\x4d\x3c\x2b\x1a", "\x1f\x8b\x08",
          "\x28\xb5\x2f\xfd", "\x81", "\x88\xa8", "\x86\xdd", "GET ", "HTTP/1.1 101", "Upgrade: websocket",
          "Sec-WebSocket-Protocol: mqtt", "permessage-deflate", "\r\n\r\n"})
        lines += escaped(s);
    return lines;
}

}  // namespace fuzz
