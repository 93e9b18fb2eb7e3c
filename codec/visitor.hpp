// Every other ability: a Visitor sees (name, value, rule, width) and nothing else.
// Printer, generator and mutator differ only in what they do with a leaf. Speed does not matter here.
#pragma once
#include <algorithm>
#include <memory>
#include <memory_resource>
#include <vector>

#include "codec/writer.hpp"

namespace mqtt {

/// Keeps what generated views point to.
using Arena = std::pmr::monotonic_buffer_resource;
inline Text keep(Arena& a, Text s) {
    auto* p = static_cast<char*>(a.allocate(s.size() + 1, 1));
    std::copy(s.begin(), s.end(), p);
    return {p, s.size()};
}
template <class T> std::span<T> keep(Arena& a, const std::vector<T>& v) {
    auto* p = static_cast<T*>(a.allocate(v.size() * sizeof(T) + 1, alignof(T)));
    std::uninitialized_copy(v.begin(), v.end(), p);
    return {p, v.size()};
}
template <class T> std::vector<T> items(const List<T>& l) {
    std::vector<T> v;
    for (const T& i : l) v.push_back(i);
    return v;
}

/// Leaf: operator()(name, value&, rule, width in bits or 0 for text, version), presence(name, optional&), more(bool),
/// where it cares rest(name, value), demand(holds good), saw(property identifier), property_id(identifier), begin_item() and end_list(),
/// and for those that make or change packets: arena, list(name, vector), properties(name, vector, where), `makes`.
template <class Leaf> struct Visitor : Walker {
    Leaf leaf;
    struct Flags {
        Visitor& io;
        template <class T> void bits(int, int w, std::string_view n, T& v, Rule r = {}) {
            io.leaf(n, v, r, w, io.version);
        }
        template <class T> void has(int, std::string_view n, T& v) { io.leaf.presence(n, v); }
        void reserved(int, int, unsigned, Ids) {}
    };
    void head(auto&& describe) {
        Flags f{*this};
        describe(f);
    }
    void one(std::string_view n, auto& v, Rule r = {}) { leaf(n, v, r, 8, version); }
    void two(std::string_view n, auto& v, Rule r = {}) { leaf(n, v, r, 16, version); }
    void four(std::string_view n, auto& v, Rule r = {}) { leaf(n, v, r, 32, version); }
    void varint(std::string_view n, auto& v, Rule r = {}) { leaf(n, v, r, 28, version); }
    void level(std::string_view n, auto& v, auto& protocol, Rule r = {}) {
        if constexpr (Leaf::makes) {
            v = std::uint8_t(version);
            protocol = version == Version::v3_1 ? "MQIsdp" : "MQTT";
        } else {
            leaf(n, v, r, 8, version);
        }
    }
    void property_id(auto& id) {
        if constexpr (requires { leaf.property_id(id); }) leaf.property_id(id);
    }
    void text(std::string_view n, auto& v, Rule r = {}) { leaf(n, v, r, 0, version); }
    void binary(std::string_view n, auto& v) { leaf(n, v, Rule{}, 0, version); }
    void rest(std::string_view n, auto& v) {
        if constexpr (requires { leaf.rest(n, v); }) leaf.rest(n, v);
        else leaf(n, v, Rule{}, 0, version);
    }
    void unknown(std::string_view n, auto& v) { leaf(n, v, Rule{}, 0, version); }
    bool more(bool any) { return leaf.more(any); }
    void demand(auto&& holds_good, std::string_view, Ids, std::string_view) {
        if constexpr (requires { leaf.demand(true); }) leaf.demand(holds_good());
    }
    bool saw(std::uint32_t property) const {
        if constexpr (requires { leaf.saw(property); }) return leaf.saw(property);
        else return true;
    }
    void flags(std::string_view, auto&& describe) {
        Flags f{*this};
        describe(f);
    }
    template <class T> void each(std::string_view n, const List<T>& l, Ids = {}) { walk_items(n, l); }
    template <class T> void each(std::string_view n, List<T>& l, Ids = {}) {
        auto kept = keep(leaf.arena, leaf.list(n, items(l)));
        walk_items(n, kept);
        l = List<T>(kept);
    }
    void properties(std::string_view n, const Properties& ps, Where) { walk_items(n, ps); }
    void properties(std::string_view n, Properties& ps, Where where) {
        auto kept = keep(leaf.arena, leaf.properties(n, items(ps), where));
        walk_items(n, kept);
        ps = Properties(kept);
    }
    void walk_items(std::string_view, auto&& list) {
        for (auto& i : list) {
            if constexpr (requires { leaf.begin_item(); }) leaf.begin_item();
            std::remove_cvref_t<decltype(i)>::walk(i, *this);
        }
        if constexpr (requires { leaf.end_list(); }) leaf.end_list();
    }
};

}  // namespace mqtt
