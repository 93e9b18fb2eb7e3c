// The generator that is fed octets: one leaf; no packet is named here. Any input gives a packet.
#pragma once
#include "codec/codec.hpp"
#include "codec/rules.hpp"
#include "codec/visitor.hpp"
#include "fuzz/input.hpp"

namespace fuzz {

/// The first octet from `drawn` on that holds, cyclic: looked up, for codes that are legal are few.
inline std::uint8_t next_legal(mqtt::Must must, mqtt::Version version, std::uint8_t drawn) {
    struct Table {
        std::uint8_t next[std::size_t(mqtt::Must::be_topic_filter) + 1][3][256];
        Table() {
            for (std::size_t m = 0; m < std::size(next); ++m)
                for (unsigned v = 0; v < 3; ++v)
                    for (unsigned d = 0; d < 256; ++d) next[m][v][d] = search(mqtt::Must(m), mqtt::Version(v + 3), d);
        }
        static std::uint8_t search(mqtt::Must m, mqtt::Version v, unsigned d) {
            for (unsigned n = 0; n < 256; ++n, d = (d + 1) & 255)
                if (mqtt::holds(m, d, v)) break;
            return static_cast<std::uint8_t>(d);
        }
    };
    static const Table table;
    return table.next[std::size_t(must)][std::size_t(version) - 3][drawn];
}

/// Makes every leaf a legal value, in wire order. Texts may be views of the input.
struct Drawing {
    static constexpr bool makes = true;
    mqtt::Arena& arena;
    Input& input;
    bool unmet = false;      // a demand that spans fields does not hold
    std::uint64_t seen = 0;  // property identifiers of the last list

    static constexpr mqtt::Text words[]{
        "a", "a/b", "sport/tennis", "$SYS/x", "/", "\xc3\xbc", "\xf0\x9f\x98\x80", "\xef\xbb\xbf", "+", "#", "a/+",
        "a/#", "MQTT", "", "$share/g/a/+", "$share/g/a", "sport/+/x", "seven77", "eight888", "b", "c", "plain", "step",
        "sixteen/of/these", "+/b", "a//b", "twenty-four-octets-of-id", "a/b/c/d/e/f/g/h"};

    mqtt::Text text(mqtt::Must must, mqtt::Version v) {
        const auto how = input.one();
        mqtt::Text drawn;
        if (how < 0x40) drawn = words[how % std::size(words)];
        else if (how < 0xf0) drawn = mqtt::bytes(input.take(how & 0x3f));
        else drawn = mqtt::keep(arena, std::string(how == 0xff ? input.two() : (how & 15) * 40u, 'x'));
        for (std::size_t i = how; !mqtt::holds(must, drawn, v); ++i) drawn = words[i % std::size(words)];
        return drawn;
    }
    template <class T> void operator()(std::string_view, T& v, const mqtt::Rule& r, int width, mqtt::Version version) {
        if constexpr (std::is_same_v<T, mqtt::Text>) {
            v = text(r.must, version);
        } else {
            const auto mask = (std::uint64_t(1) << width) - 1;
            if (width == 8) {
                v = static_cast<T>(next_legal(r.must, version, input.one()));
                return;
            }
            std::uint64_t drawn = (width <= 8 ? input.one() : width <= 16 ? input.two() : input.four()) & mask;
            while (!mqtt::holds(r.must, drawn, version)) drawn = (drawn + 1) & mask;
            v = static_cast<T>(drawn);
        }
    }
    template <class T> void presence(std::string_view, std::optional<T>& v) {
        if (input.one() & 1) v.emplace();
        else v.reset();
    }
    template <class T> std::vector<T> list(std::string_view, std::vector<T> v) {
        const auto how = input.one();
        v.resize(how < 0xf0 ? 1 + how % 4u : 1 + (how & 15) * 8u);
        return v;
    }
    std::vector<mqtt::Property> properties(std::string_view, std::vector<mqtt::Property> ps, mqtt::Where where) {
        seen = 0;
        for (unsigned n = input.one() % 8u; n > 0; --n) {
            const auto& r = mqtt::property_table[input.one() % std::size(mqtt::property_table)];
            const bool again = seen >> r.id & 1;
            if (!(r.where & where) || (again && !(r.repeats & where))) continue;
            ps.emplace_back(r.id, 0u);
            seen |= std::uint64_t(1) << r.id;
        }
        return ps;
    }
    bool more(bool) { return input.one() & 1; }
    void demand(bool holds_good) { unmet = unmet || !holds_good; }
    bool saw(std::uint32_t property) const { return seen >> property & 1; }
};

/// A packet from the input; false where a rule that spans fields is broken.
template <class P> bool draw(P& packet, mqtt::Version v, Input& input, mqtt::Arena& arena) {
    mqtt::Visitor<Drawing> io{{v}, {arena, input}};
    P::walk(packet, io);
    return !io.leaf.unmet;
}

/// Calls with a fresh packet of the number-th type of the variant.
template <class Do> auto with_type(std::size_t number, Do what) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        using Result = decltype(what(mqtt::Pingreq{}));
        Result result{};
        const auto try_one = [&](std::size_t i, auto packet) {
            if (number % sizeof...(I) == i) result = what(packet);
        };
        (try_one(I, std::variant_alternative_t<I, mqtt::Packet>{}), ...);
        return result;
    }(std::make_index_sequence<std::variant_size_v<mqtt::Packet>>{});
}

/// The same, of the type that a first octet chooses.
inline bool draw_any(mqtt::Packet& packet, mqtt::Version v, Input& input, mqtt::Arena& arena) {
    return with_type(input.one(), [&]<class P>(P) { return draw(packet.emplace<P>(), v, input, arena); });
}

/// Where the views of drawn packets live: seldom more than fits here. One at a time.
struct Room {
    static inline std::byte octets[4096];
    mqtt::Arena arena{octets, sizeof octets};
};

}  // namespace fuzz
