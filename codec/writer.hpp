// The walkers that encode: Sizer measures, Writer writes. Private to the codec (codec.hpp is the public face).
#pragma once
#include <cstring>
#include <utility>

#include "codec/packets.hpp"

namespace mqtt {

/// What all walkers share: the version, and the words that only some of them care about.
struct Walker {
    Version version;
    bool v5() const { return version == Version::v5; }
    MQTT_INLINE void demand(auto&&, std::string_view, Ids, std::string_view) {}
    MQTT_INLINE bool saw(std::uint32_t) const { return true; }
    MQTT_INLINE bool follows(const auto&) const { return true; }
};

[[gnu::noinline]] inline std::size_t long_varint_size(std::uint64_t v) {
    std::size_t n = 1;
    while (v >= 128) v >>= 7, ++n;
    return n;
}
MQTT_INLINE std::size_t varint_size(std::uint64_t v) {
    if (v < 128) [[likely]] return 1;
    return long_varint_size(v);
}
[[gnu::noinline]] inline std::uint8_t* write_long_varint(std::uint8_t* at, std::uint64_t v) {
    while (v >= 128) {
        *at++ = std::uint8_t(v | 128);
        v >>= 7;
    }
    *at++ = std::uint8_t(v);
    return at;
}

/// Measures how many octets the Writer is going to write.
struct Sizer : Walker {
    std::size_t size = 0;
    std::size_t properties_size[2]{};  // for the Writer: the packet's own, and its Will's
    MQTT_INLINE void head(auto&&) {}
    MQTT_INLINE void one(std::string_view, const auto&, Rule = {}) { size += 1; }
    MQTT_INLINE void level(std::string_view, const auto&, Text, Rule = {}) { size += 1; }
    MQTT_INLINE void two(std::string_view, const auto&, Rule = {}) { size += 2; }
    MQTT_INLINE void four(std::string_view, const auto&, Rule = {}) { size += 4; }
    MQTT_INLINE void varint(std::string_view, const auto& v, Rule = {}) { size += varint_size(v); }
    MQTT_INLINE void property_id(const auto& v) { size += varint_size(v); }
    MQTT_INLINE void text(std::string_view, const Text& s, Rule = {}) { size += 2 + s.size(); }
    MQTT_INLINE void binary(std::string_view, const Bytes& s) { size += 2 + s.size(); }
    MQTT_INLINE void rest(std::string_view, const Bytes& s) { size += s.size(); }
    MQTT_INLINE void unknown(std::string_view, const Bytes& s) { size += s.size(); }
    MQTT_INLINE bool more(bool anything_left) { return anything_left; }
    MQTT_INLINE void flags(std::string_view, auto&&) { size += 1; }
    template <class T> MQTT_INLINE void each(std::string_view, const List<T>& list, Ids = {}) {
        if (list.is_raw(version)) size += list.octets().size();
        else if (list.is_kept()) for (const T& item : list.kept()) MQTT_HERE T::walk(item, *this);
        else for (const T& item : list) T::walk(item, *this);  // octets of the other version
    }
    MQTT_INLINE void properties(std::string_view n, const Properties& ps, Where where) {
        auto before = std::exchange(size, 0);
        each(n, ps);
        properties_size[where == in_will] = size;
        size += before + varint_size(size);
    }
};

struct Unmarked {
    MQTT_INLINE void operator()(std::string_view, std::size_t) const {}
};

/// Writes what is there, legal or not: a tester must be able to lie. Numbers are masked to their width,
/// lengths to two octets. The room was measured by the Sizer. Mark(name, offset) learns where each field lands.
template <class Mark = Unmarked> struct Writer : Walker {
    std::uint8_t* at;
    Type type;
    const Sizer& sized;
    [[no_unique_address]] Mark mark{};
    const std::uint8_t* begin = at;
    struct Flags {
        unsigned byte = 0;
        MQTT_INLINE void put(int low, int width, unsigned v) { byte |= (v & ((1u << width) - 1)) << low; }
        template <class T> MQTT_INLINE void bits(int low, int width, std::string_view, const T& v, Rule = {}) {
            put(low, width, unsigned(v));
        }
        template <class T> MQTT_INLINE void has(int low, std::string_view, const std::optional<T>& v) {
            put(low, 1, v.has_value());
        }
        MQTT_INLINE void reserved(int low, int width, unsigned value, Ids) { put(low, width, value); }
    };
    MQTT_INLINE void here(std::string_view name) { mark(name, std::size_t(at - begin)); }
    template <class U> MQTT_INLINE void number(U v) {
        if constexpr (sizeof v == 2) v = __builtin_bswap16(v);
        if constexpr (sizeof v == 4) v = __builtin_bswap32(v);
        std::memcpy(at, &v, sizeof v);
        at += sizeof v;
    }
    MQTT_INLINE void copy(const void* p, std::size_t n) {
        if (n) std::memcpy(at, p, n);
        at += n;
    }
    MQTT_INLINE void base128(std::uint64_t v) {
        if (v < 128) [[likely]] *at++ = std::uint8_t(v);
        else at = write_long_varint(at, v);
    }
    MQTT_INLINE void head(auto&& describe) {
        here("fixed header");
        Flags f;
        MQTT_HERE describe(f);
        number(std::uint8_t(unsigned(type) << 4 | f.byte));
        base128(sized.size);
    }
    MQTT_INLINE void one(std::string_view n, const auto& v, Rule = {}) { here(n); number(std::uint8_t(v)); }
    MQTT_INLINE void level(std::string_view n, const auto& v, Text, Rule = {}) { one(n, v); }
    MQTT_INLINE void two(std::string_view n, const auto& v, Rule = {}) { here(n); number(std::uint16_t(v)); }
    MQTT_INLINE void four(std::string_view n, const auto& v, Rule = {}) { here(n); number(std::uint32_t(v)); }
    MQTT_INLINE void varint(std::string_view n, const auto& v, Rule = {}) { here(n); base128(v); }
    MQTT_INLINE void property_id(const auto& v) { base128(v); }
    MQTT_INLINE void text(std::string_view n, const Text& s, Rule = {}) {
        here(n);
        number(std::uint16_t(s.size()));
        copy(s.data(), s.size());
    }
    MQTT_INLINE void binary(std::string_view n, const Bytes& s) { text(n, s); }
    MQTT_INLINE void rest(std::string_view n, const Bytes& s) { here(n); copy(s.data(), s.size()); }
    MQTT_INLINE void unknown(std::string_view n, const Bytes& s) { rest(n, s); }
    MQTT_INLINE bool more(bool anything_left) { return anything_left; }
    MQTT_INLINE void flags(std::string_view n, auto&& describe) {
        here(n);
        Flags f;
        MQTT_HERE describe(f);
        number(std::uint8_t(f.byte));
    }
    template <class T> MQTT_INLINE void each(std::string_view n, const List<T>& list, Ids = {}) {
        here(n);
        if (list.is_raw(version)) copy(list.octets().data(), list.octets().size());
        else if (list.is_kept()) for (const T& item : list.kept()) MQTT_HERE T::walk(item, *this);
        else for (const T& item : list) T::walk(item, *this);  // octets of the other version
    }
    MQTT_INLINE void properties(std::string_view n, const Properties& ps, Where where) {
        here(n);
        base128(sized.properties_size[where == in_will]);
        each({}, ps);
    }
};

}  // namespace mqtt
