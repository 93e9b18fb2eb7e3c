// The mutator: one more leaf, for property tests and fuzz targets; no packet is named here.
#pragma once
#include "codec/visitor.hpp"

namespace mqtt {

/// Damages the leaf number `target`; the rest stays as it was.
struct Damaging {
    static constexpr bool makes = false;
    Arena& arena;
    std::uint32_t seed, target, seen = 0;
    std::string_view hit{};

    bool mine(std::string_view n) {
        if (seen++ != target) return false;
        hit = n;
        return true;
    }
    static Text bad_text(std::uint32_t seed) {
        using namespace std::string_view_literals;
        static const std::string longest(65535, 'x');
        const Text bad[]{"\0"sv,   "\xC0\x80", "\xED\xA0\x80", "#",        "a/#/b",     "+",
                         "a+",     longest,    "",             "$share/g", "$share//a", "\xF4\x90\x80\x80"};
        return bad[seed % std::size(bad)];
    }
    template <class T> void operator()(std::string_view n, T& v, const Rule&, int, Version) {
        if (!mine(n)) return;
        if constexpr (std::is_same_v<T, Text>) v = bad_text(seed);
        else v = static_cast<T>(seed % 3 == 0 ? 0 : seed % 3 == 1 ? ~0u : seed);
    }
    template <class T> void presence(std::string_view n, std::optional<T>& v) {
        if (!mine(n)) return;
        if (v) v.reset();
        else v.emplace();
    }
    template <class T> std::vector<T> list(std::string_view n, std::vector<T> v) {
        if (mine(n)) v.resize(seed % 3);
        return v;
    }
    std::vector<Property> properties(std::string_view n, std::vector<Property> ps, Where) {
        if (!mine(n)) return ps;
        if (seed % 4 == 0) ps.push_back({seed >> 8 & 63, "odd"});
        else if (!ps.empty()) ps.push_back(ps[seed % ps.size()]);
        return ps;
    }
    bool more(bool any) { return any; }
};

/// Damages one leaf of `packet`, chosen by `seed`; tells its name, or nothing if there is none to damage.
/// What the damage needs lives in `arena`.
template <class P> std::string_view damage(P& packet, Version v, std::uint32_t seed, Arena& arena) {
    auto go = [&](std::uint32_t target) {
        Visitor<Damaging> io{{v}, {arena, seed, target}};
        P::walk(packet, io);
        return io.leaf;
    };
    const auto count = go(~0u).seen;  // a dry walk counts the leaves
    return count ? go((seed >> 8) % count).hit : std::string_view{};
}
inline std::string_view damage(Packet& packet, Version v, std::uint32_t seed, Arena& arena) {
    return std::visit([&](auto& p) { return damage(p, v, seed, arena); }, packet);
}

}  // namespace mqtt
