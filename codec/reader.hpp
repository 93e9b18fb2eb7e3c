// The walker that decodes. Private to the codec (codec.hpp is the public face).
// Every read is checked against the end, so going on after a fault is harmless and nothing has to jump out.
// The fast walk only learns THAT something is wrong; then an explaining walk over the same octets finds out what.
#pragma once
#include <algorithm>
#include <vector>

#include "codec/rules.hpp"
#include "codec/writer.hpp"

namespace mqtt {

/// check: is it good? explain: what is wrong? trust: only the bounds, for octets that were checked before or that
/// may break rules.
enum class Care { check, explain, trust };

inline constexpr Ids packet_length{"X-2.0-packet-length", "X-2.0-packet-length"};
inline constexpr Ids five_octets{"X-2.2.3-remaining-length", "X-1.5.5-five-octets"};

/// What an explaining walk finds: all faults in the order met, or the first one, without allocation.
struct Findings {
    std::vector<Fault>* all = nullptr;
    Fault first{};
    void add(const Fault& f) {
        if (all) all->push_back(f);
        else if (!first) first = f;
    }
};

/// Where each field was met last: a broken demand is reported there, not where the walk has got to.
class Places {
public:
    void note(std::string_view field, const std::uint8_t* where) {
        auto* p = find(field);
        if (p == places_ + count_ && count_ < most) ++count_;
        if (p < places_ + most) *p = {field, where};
    }
    const std::uint8_t* of(std::string_view field, const std::uint8_t* otherwise) {
        const auto* p = find(field);
        return p == places_ + count_ ? otherwise : p->where;
    }

private:
    struct Place {
        std::string_view field;
        const std::uint8_t* where;
    };
    static constexpr std::size_t most = 64;  // no packet has that many names
    Place* find(std::string_view field) {
        return std::find_if(places_, places_ + count_, [&](const Place& p) { return p.field == field; });
    }
    Place places_[most];
    std::size_t count_ = 0;
};

template <Care care> struct Reader : Walker {
    const std::uint8_t *begin, *at, *end;
    std::uint8_t head_octet = 0;
    bool bad = false;
    bool askew = false;                  // what follows may not be what it seems: octets were missing or unknown
    std::uint64_t seen = 0;              // property identifiers of the last property list
    Findings* findings = nullptr;        // explain
    Places* places = nullptr;            // explain

    MQTT_INLINE void fail(const std::uint8_t* where, std::string_view field, Ids ids, std::string_view what) {
        if constexpr (care == Care::explain)
            findings->add({std::size_t(where - begin), field, ids.in(version), what});
        bad = true;
    }
    MQTT_INLINE void note(const std::uint8_t* where, std::string_view field) {
        if constexpr (care == Care::explain) places->note(field, where);
    }
    MQTT_INLINE bool room(std::size_t n, std::string_view field) {
        if (std::size_t(end - at) >= n) [[likely]] return true;
        fail(at, field, packet_length, "ends early");
        askew = true;
        at = end;
        return false;
    }
    MQTT_INLINE void check(const std::uint8_t* where, std::string_view field, std::uint64_t v, const Rule& r) {
        note(where, field);
        if constexpr (care == Care::explain) {
            if (!holds(r.must, v, version)) fail(where, field, r.ids(), number_fault(r.must));
        } else if constexpr (care == Care::check) {
            if (!holds(r.must, v, version)) [[unlikely]] bad = true;
        }
    }
    MQTT_INLINE void check(const std::uint8_t* where, std::string_view field, const Text& v, const Rule& r) {
        note(where, field);
        if constexpr (care == Care::explain) {
            if (auto f = why_not(r.must, v, version, r.ids()); !f.what.empty()) fail(where, field, f.ids, f.what);
        } else if constexpr (care == Care::check) {
            if (!holds(r.must, v, version)) [[unlikely]] bad = true;
        }
    }
    MQTT_INLINE void demand(auto&& holds_good, std::string_view field, Ids ids, std::string_view what) {
        if constexpr (care == Care::explain) {
            if (!askew && !holds_good()) fail(places->of(field, at), field, ids, what);  // fields read askew prove nothing
        } else if constexpr (care == Care::check) {
            if (!holds_good()) [[unlikely]] bad = true;
        }
    }
    MQTT_INLINE bool saw(std::uint32_t property) const { return seen >> (property & 63) & 1; }
    template <class U> MQTT_INLINE U number(std::string_view n) {
        U v = 0;
        if (!room(sizeof v, n)) return v;
        std::memcpy(&v, at, sizeof v);
        at += sizeof v;
        if constexpr (sizeof v == 2) v = __builtin_bswap16(v);
        if constexpr (sizeof v == 4) v = __builtin_bswap32(v);
        return v;
    }
    template <class U> MQTT_INLINE void number(std::string_view n, auto& v, const Rule& r) {
        auto where = at;
        const bool whole = std::size_t(end - at) >= sizeof(U);
        v = number<U>(n);
        if (whole) check(where, n, std::uint64_t(v), r);
    }
    MQTT_INLINE std::uint32_t base128(std::string_view n) {
        auto where = at;
        std::uint32_t v = number<std::uint8_t>(n);
        if (v < 128) [[likely]] return v;
        v &= 127;
        for (int shift = 7; shift < 28; shift += 7) {
            if (!room(1, n)) return 0;
            std::uint32_t b = *at++;
            v |= (b & 127) << shift;
            if (b < 128) {
                if (care != Care::trust && b == 0) fail(where, n, {"", "MQTT-1.5.5-1"}, "is not in the fewest octets");
                return v;
            }
        }
        fail(where, n, five_octets, "takes more than four octets");
        askew = true;
        return 0;
    }
    struct Flags {
        Reader& io;
        const std::uint8_t* where;
        std::uint8_t byte;
        MQTT_INLINE unsigned get(int low, int w) { return (byte >> low) & ((1u << w) - 1); }
        template <class T> MQTT_INLINE void bits(int low, int w, std::string_view n, T& v, Rule r = {}) {
            auto x = get(low, w);
            io.check(where, n, std::uint64_t(x), r);
            v = static_cast<T>(x);
        }
        template <class T> MQTT_INLINE void has(int low, std::string_view, std::optional<T>& v) {
            if (get(low, 1)) v.emplace();
            else v.reset();
        }
        MQTT_INLINE void reserved(int low, int w, unsigned value, Ids ids) {  // MQTT 3.1 leaves them unused
            if constexpr (care != Care::trust)
                if (get(low, w) != value && io.version != Version::v3_1)
                    io.fail(where, "reserved bits", ids, "are not as laid down");
        }
    };
    MQTT_INLINE void head(auto&& describe) {
        Flags f{*this, begin, head_octet};
        MQTT_HERE describe(f);
    }
    MQTT_INLINE void one(std::string_view n, auto& v, Rule r = {}) { number<std::uint8_t>(n, v, r); }
    MQTT_INLINE void two(std::string_view n, auto& v, Rule r = {}) { number<std::uint16_t>(n, v, r); }
    MQTT_INLINE void four(std::string_view n, auto& v, Rule r = {}) { number<std::uint32_t>(n, v, r); }
    MQTT_INLINE void level(std::string_view n, auto& v, const Text& protocol, Rule r = {}) {
        auto where = at;
        one(n, v, r);
        version = v == 5 ? Version::v5 : v == 3 && protocol == "MQIsdp" ? Version::v3_1 : Version::v3_1_1;
        if (care != Care::trust && (protocol == "MQIsdp") != (v == 3) && v >= 3 && v <= 5)
            fail(where, n, r.ids(), "does not fit the protocol name");
    }
    MQTT_INLINE void varint(std::string_view n, auto& v, Rule r = {}) {
        auto where = at;
        v = base128(n);
        check(where, n, std::uint64_t(v), r);
    }
    MQTT_INLINE void property_id(auto& v) { v = base128("property identifier"); }
    MQTT_INLINE void text(std::string_view n, Text& s, const Rule& r = {}) {
        auto where = at;
        if (!room(2, n)) return;
        std::size_t len = number<std::uint16_t>(n);
        if (!room(len, n)) return;
        s = {reinterpret_cast<const char*>(at), len};
        at += len;
        check(where, n, s, r);
    }
    MQTT_INLINE void binary(std::string_view n, Bytes& s) { text(n, s); }
    MQTT_INLINE void rest(std::string_view, Bytes& s) {
        s = {reinterpret_cast<const char*>(at), std::size_t(end - at)};
        at = end;
    }
    MQTT_INLINE void unknown(std::string_view n, Bytes& s) {
        fail(at, n, {"", "X-2.2.2-property-unknown"}, "is unknown");
        askew = true;  // it may be of any length
        rest(n, s);
    }
    MQTT_INLINE bool more(bool) { return at < end; }
    /// Whether the flagged field is there: in 3.1 the remaining length goes before the flag (section 3.1).
    template <class T> MQTT_INLINE bool follows(std::optional<T>& flagged) {
        if (at != end || version != Version::v3_1) [[likely]] return true;
        flagged.reset();
        return false;
    }
    MQTT_INLINE void flags(std::string_view n, auto&& describe) {
        auto where = at;
        Flags f{*this, where, number<std::uint8_t>(n)};
        note(where, n);
        MQTT_HERE describe(f);
    }
    template <class T> MQTT_INLINE void each(std::string_view n, List<T>& list, Ids ids) {
        auto first = at;
        if (care != Care::trust && at == end) fail(at, n, ids, "at least one is required");
        if (care != Care::explain && bad) [[unlikely]] return;  // so that the loop knows: it is good until it ends
        while (at < end) {
            T item{};
            MQTT_HERE T::walk(item, *this);
            if (care != Care::explain && bad) [[unlikely]] break;
        }
        list = List<T>::raw({first, std::size_t(at - first)}, version);
    }
    MQTT_INLINE void properties(std::string_view n, Properties& ps, Where allowed) {
        seen = 0;
        std::size_t len = base128(n);
        if (!room(len, n)) return;
        ps = Properties::raw({at, len}, version);
        auto whole = std::exchange(end, at + len);
        if constexpr (care == Care::explain) {
            explain_properties(allowed);
        } else if (len) {
            seen = seen_in(at, end, version, allowed);
            if (seen & broken) [[unlikely]] bad = true;
            at = end;
        }
        end = whole;
    }
    /// One function for the property lists of all packets: good ones are mostly empty, and their loop would take the
    /// registers of every packet. The identifiers met, or `broken` among them: 63 is none.
    static constexpr std::uint64_t broken = std::uint64_t(1) << 63;
    MQTT_WHOLE static std::uint64_t seen_in(const std::uint8_t* first, const std::uint8_t* last, Version v,
                                            Where allowed) {
        Reader r{{v}, first, first, last};
        r.walk_properties(allowed);
        return r.bad ? broken : r.seen;
    }
    /// Out of line too, for there is no hurry: one copy, whose every path a fuzzer reaches soon.
    [[gnu::noinline]] void explain_properties(Where allowed) { walk_properties(allowed); }
    MQTT_INLINE void walk_properties(Where allowed) {
        while (at < end) {
            auto where = at;
            Property p;
            MQTT_HERE Property::walk(p, *this);
            if constexpr (care != Care::trust) judge(where, p.id, allowed);
            seen |= std::uint64_t(1) << (p.id & 63);
            if (care != Care::explain && bad) [[unlikely]] break;
        }
    }
    MQTT_INLINE void judge(const std::uint8_t* where, std::uint32_t id, Where allowed) {
        auto& r = row(id);
        if (!(r.where & allowed) && r.wire != Wire::unknown)
            fail(where, r.name, {"", "X-2.2.2-property-not-allowed"}, "is not allowed here");
        if (saw(id) && !(r.repeats & allowed) && r.wire != Wire::unknown)
            fail(where, r.name, {"", "X-2.2.2-property-twice"}, "stands twice");
    }
};

}  // namespace mqtt
