// The rapidcheck generator: one leaf; no packet is named here.
#include "codec/tests/arbitrary.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ostream>

#include "codec/explain.hpp"
#include "codec/rules.hpp"

namespace mqtt {
namespace {

/// Makes every leaf a legal random value, in wire order: later fields may depend on earlier ones.
struct Choosing {
    static constexpr bool makes = true;
    Arena& arena;
    bool unmet = false;      // a demand that spans fields does not hold: draw again
    std::uint64_t seen = 0;  // property identifiers of the last list

    std::string string(const Rule& r, Version v) {
        static const std::vector<std::string> words{"a",
                                                    "news",
                                                    "sport/tennis",
                                                    "$SYS/x",
                                                    "/",
                                                    "ü",
                                                    "\xF0\x9F\x98\x80",
                                                    "\xEF\xBB\xBF",
                                                    "+",
                                                    "#",
                                                    "/+/#",
                                                    "MQTT",
                                                    "",
                                                    "a long topic/with/levels",
                                                    "grüße/+/x",
                                                    "$share/group/a/+",
                                                    "seven77",
                                                    "eight888",
                                                    "sixteen/of/these",
                                                    std::string(130, 'x'),
                                                    std::string(16'500, 'y')};
        if (r.must == Must::anything) return *rc::gen::arbitrary<std::string>();
        return *rc::gen::suchThat(rc::gen::elementOf(words),
                                  [must = r.must, v](const auto& s) { return holds(must, Text(s), v); });
    }
    template <class T>
    void operator()(std::string_view, T& v, const Rule& r, int width, Version version) {
        if constexpr (std::is_same_v<T, Text>) {
            v = keep(arena, Text(string(r, version)));
        } else if (width <= 8) {
            std::vector<unsigned> legal;
            for (unsigned x = 0; x < 1u << width; ++x)
                if (holds(r.must, x, version)) legal.push_back(x);
            v = static_cast<T>(*rc::gen::elementOf(legal));
        } else {
            const auto beyond = std::uint64_t(1) << width;
            v = static_cast<T>(
                *rc::gen::suchThat(rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, beyond),
                                                  rc::gen::element<std::uint64_t>(0, 1, beyond - 1)),
                                   [must = r.must, version](auto x) { return holds(must, x, version); }));
        }
    }
    template <class T>
    void presence(std::string_view, std::optional<T>& v) {
        if (*rc::gen::arbitrary<bool>())
            v.emplace();
        else
            v.reset();
    }
    template <class T>
    std::vector<T> list(std::string_view, std::vector<T> v) {
        v.resize(std::size_t(*rc::gen::inRange(1, 4)));
        return v;
    }
    std::vector<Property> properties(std::string_view, std::vector<Property> ps, Where where) {
        seen = 0;
        for (auto& r : property_table) {
            if (!(r.where & where) || *rc::gen::inRange(0, 4) != 0) continue;
            const int most = (r.repeats & where) ? *rc::gen::inRange(1, 4) : 1;
            for (int n = 0; n < most; ++n) ps.push_back(Property{r.id, 0u});
            seen |= std::uint64_t(1) << r.id;
        }
        return ps;
    }
    bool more(bool) { return *rc::gen::arbitrary<bool>(); }
    void demand(bool holds_good) { unmet = unmet || !holds_good; }
    bool saw(std::uint32_t property) const { return seen >> property & 1; }
};

/// Any legal packet of that type.
rc::Gen<Owned> any(Type type, Version v) {
    auto drawn = rc::gen::exec([type, v] {
        Owned o{blank(type), v};
        Visitor<Choosing> io{{v}, {*o.arena}};
        std::visit([&]<class P>(P& packet) { P::walk(packet, io); }, o.packet);
        o.unmet = io.leaf.unmet;
        return o;
    });
    return rc::gen::suchThat(drawn, [](const Owned& o) { return !o.unmet; });
}

}  // namespace

/// What a shrunk counterexample looks like: the packet in a line, then its octets with the names of their fields.
void showValue(const Owned& o, std::ostream& to) {
    const auto wire = encode(o.packet, o.version);
    Explained in_full;
    explain(in_full, octets(wire), o.version);
    to << print(o.packet, o.version) << "\n" << annotated(in_full, octets(wire));
}

bool check(const std::string& title, Type type, Version v, const Promise& property) {
    return rc::check(title, [&, type, v] { property(*any(type, v)); });
}

Packet blank(Type type) {
    Packet found;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto one = [&]<class P>(P packet) {
            if (P::type == type) found = std::move(packet);
        };
        (one(std::variant_alternative_t<I, Packet>{}), ...);
    }(std::make_index_sequence<std::variant_size_v<Packet>>{});
    return found;
}

void for_every_type(const std::function<void(Type, Version)>& expectation) {
    for (auto v : {Version::v3_1, Version::v3_1_1, Version::v5})
        for (auto n = unsigned(Type::connect); n <= unsigned(Type::auth); ++n)
            if (Type(n) != Type::auth || v == Version::v5) expectation(Type(n), v);
}

void expect_of_any(const std::string& what, const Promise& property) {
    for_every_type([&](Type type, Version v) {
        const auto title = std::string(name(type)) + " of " + std::string(name(v)) + ": " + what;
        EXPECT_TRUE(check(title, type, v, property)) << title;
    });
}

}  // namespace mqtt
