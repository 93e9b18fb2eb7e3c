// The rapidcheck generator: one leaf; no packet is named here.
#pragma once
#include <rapidcheck.h>

#include <memory>
#include <ostream>

#include "codec/codec.hpp"
#include "codec/explain.hpp"
#include "codec/rules.hpp"
#include "codec/visitor.hpp"

namespace mqtt {

/// Makes every leaf a legal random value, in wire order: later fields may depend on earlier ones.
struct Choosing {
    static constexpr bool makes = true;
    Arena& arena;
    bool unmet = false;      // a demand that spans fields does not hold: draw again
    std::uint64_t seen = 0;  // property identifiers of the last list

    std::string string(const Rule& r, Version v) {
        static const std::vector<std::string> words{
            "a", "news", "sport/tennis", "$SYS/x", "/", "ü", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF", "+", "#", "/+/#",
            "MQTT", "", "a long topic/with/levels", "grüße/+/x", "$share/group/a/+", "seven77", "eight888",
            "sixteen/of/these", std::string(130, 'x'), std::string(16'500, 'y')};
        if (r.must == Must::anything) return *rc::gen::arbitrary<std::string>();
        return *rc::gen::suchThat(rc::gen::elementOf(words),
                                  [must = r.must, v](const auto& s) { return holds(must, Text(s), v); });
    }
    template <class T> void operator()(std::string_view, T& v, const Rule& r, int width, Version version) {
        if constexpr (std::is_same_v<T, Text>) {
            v = keep(arena, Text(string(r, version)));
        } else if (width <= 8) {
            std::vector<unsigned> legal;
            for (unsigned x = 0; x < 1u << width; ++x)
                if (holds(r.must, x, version)) legal.push_back(x);
            v = static_cast<T>(*rc::gen::elementOf(legal));
        } else {
            const auto beyond = std::uint64_t(1) << width;
            v = static_cast<T>(*rc::gen::suchThat(
                rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, beyond),
                               rc::gen::element<std::uint64_t>(0, 1, beyond - 1)),
                [must = r.must, version](auto x) { return holds(must, x, version); }));
        }
    }
    template <class T> void presence(std::string_view, std::optional<T>& v) {
        if (*rc::gen::arbitrary<bool>()) v.emplace();
        else v.reset();
    }
    template <class T> std::vector<T> list(std::string_view, std::vector<T> v) {
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

/// A packet and what its views point to.
template <class P> struct Owned {
    P packet{};
    Version version{};
    bool unmet = false;
    std::shared_ptr<Arena> arena = std::make_shared<Arena>();
};
/// What a shrunk counterexample looks like: the packet in a line, then its octets with the names of their fields.
template <class P> void showValue(const Owned<P>& o, std::ostream& to) {
    const auto wire = encode(o.packet, o.version);
    Explained in_full;
    explain(in_full, octets(wire), o.version);
    to << print(o.packet, o.version) << "\n" << annotated(in_full, octets(wire));
}

/// Any legal packet of that type.
template <class P> rc::Gen<Owned<P>> any(Version v) {
    auto drawn = rc::gen::exec([v] {
        Owned<P> o;
        o.version = v;
        Visitor<Choosing> io{{v}, {*o.arena}};
        P::walk(o.packet, io);
        o.unmet = io.leaf.unmet;
        return o;
    });
    return rc::gen::suchThat(drawn, [](const Owned<P>& o) { return !o.unmet; });
}

}  // namespace mqtt
