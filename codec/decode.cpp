#include "codec/codec.hpp"
#include "codec/reader.hpp"

namespace mqtt {
namespace {

constexpr Ids packet_type{"X-2.2.1-packet-type", "X-2.1.2-packet-type"};

struct Octets {
    const std::uint8_t *begin, *body, *end;
};

/// Octets of the fixed header and of the whole packet (two registers); size 0: not whole, or a fault.
struct Extent {
    std::size_t body = 0, size = 0;
};
/// Remaining lengths of more than one octet, and all that is wrong with the short ones.
[[gnu::noinline]] Extent long_extent(View in, Version v, Fault& fault, const Limits& limits) {
    if (in.size() < 2) return {};
    std::size_t len = in[1], at = 2;
    if (len >= 128) {
        len &= 127;
        for (int shift = 7;; shift += 7) {
            if (shift == 28) {
                fault = {1, "remaining length", five_octets.in(v), "takes more than four octets"};
                return {};
            }
            if (at == in.size()) return {};
            len |= std::size_t(in[at] & 127) << shift;
            if (in[at++] < 128) break;
        }
        if (in[at - 1] == 0 && v == Version::v5) {
            fault = {1, "remaining length", "MQTT-1.5.5-1", "is not in the fewest octets"};
            return {};
        }
    }
    if (at + len > limits.maximum_packet_size) {
        fault = {1, "remaining length", v == Version::v5 ? "MQTT-3.2.2-15" : "", "is above the maximum packet size"};
        return {};
    }
    if (in.size() - at < len) return {};
    return {at, at + len};
}
MQTT_INLINE Extent extent(View in, Version v, Fault& fault, const Limits& limits) {
    if (in.size() >= 2 && in[1] < 128) [[likely]] {
        const std::size_t size = in[1] + 2u;
        if (size <= in.size() && size <= limits.maximum_packet_size) [[likely]] return {2, size};
    }
    return long_extent(in, v, fault, limits);
}
[[gnu::noinline, gnu::cold]] std::size_t another_type(Fault& fault) {
    fault = {0, "packet type", "", "is another than expected"};
    return 0;
}

template <Care care, class P>
MQTT_INLINE bool read(P& out, const std::uint8_t* begin, const std::uint8_t* body, const std::uint8_t* end, Version v) {
    Reader<care> r{{v}, begin, body, end, *begin};
    static_assert(std::is_trivially_copyable_v<P>);
    static constexpr P fresh{};
    std::memcpy(static_cast<void*>(&out), &fresh, sizeof out);  // g++ clears `out = P{}` with `rep stos`: 10 ns
    MQTT_HERE P::walk(out, r);
    return !r.bad && r.at == r.end;
}
template <class P> [[gnu::noinline, gnu::cold]] void explain(Octets o, Version v, Findings& findings) {
    Places places;
    P p{};
    Reader<Care::explain> r{{v}, o.begin, o.body, o.end, *o.begin};
    r.findings = &findings;
    r.places = &places;
    P::walk(p, r);
    if (r.at != r.end) r.fail(r.at, "packet", packet_length, "has octets left over");
}

template <class P>
[[gnu::noinline, gnu::cold]] std::size_t refuse(const std::uint8_t* begin, Extent e, Version v, Fault& fault) {
    Findings findings;
    explain<P>({begin, begin + e.body, begin + e.size}, v, findings);
    fault = findings.first;
    return 0;
}
/// The octets taken of a packet that is whole and of that type.
template <class P> MQTT_INLINE std::size_t take(P& out, const std::uint8_t* begin, Extent e, Version v, Fault& fault) {
    if (read<Care::check>(out, begin, begin + e.body, begin + e.size, v)) [[likely]] return e.size;
    return refuse<P>(begin, e, v, fault);
}
/// The same, out of line: every type in one function would be too much for one switch.
template <class P>
MQTT_WHOLE std::size_t take_apart(P& out, const std::uint8_t* begin, Extent e, Version v, Fault& fault) {
    return take(out, begin, e, v, fault);
}
template <class P> MQTT_WHOLE bool take_on_trust(P& out, const std::uint8_t* begin, Extent e, Version v) {
    return read<Care::trust>(out, begin, begin + e.body, begin + e.size, v);
}

/// Number -> packet struct; false where the number is no packet of that version (AUTH came with 5.0).
template <class F> MQTT_INLINE bool with_type(Type type, Version v, F f) {
    if (type == Type::auth && v != Version::v5) return false;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return ((std::variant_alternative_t<I, Packet>::type == type &&
                 (f.template operator()<std::variant_alternative_t<I, Packet>>(), true)) || ...);
    }(std::make_index_sequence<std::variant_size_v<Packet>>{});
}

Fault reserved_type(Version v) { return {0, "packet type", packet_type.in(v), "is reserved"}; }

}  // namespace

Frame frame(View in, Version v, Fault& fault, const Limits& limits) {
    const Extent e = extent(in, v, fault, limits);
    if (!e.size) return {};
    return {in[0], e.body, e.size};
}

template <class P>
MQTT_WHOLE std::size_t decode(P& out, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent e = extent(in, v, fault, limits);
    if (!e.size) [[unlikely]] return 0;
    if (Type(in[0] >> 4) != P::type) [[unlikely]] return another_type(fault);
    return take(out, in.data(), e, v, fault);
}

std::size_t decode(Packet& out, View in, Version v, Fault& fault, const Limits& limits) {
    const Extent e = extent(in, v, fault, limits);
    if (!e.size) return 0;
    std::size_t taken = 0;
    const bool known = with_type(Type(in[0] >> 4), v, [&]<class P>() {
        auto* p = std::get_if<P>(&out);
        taken = take_apart(p ? *p : out.emplace<P>(), in.data(), e, v, fault);
    });
    if (!known) fault = reserved_type(v);
    return taken;
}

std::size_t decode_leniently(Packet& out, View in, Version v) {
    Fault ignored;
    const Extent e = extent(in, Version::v3_1_1, ignored, {});  // padding of the length is let pass
    if (!e.size) return 0;
    bool good = false;
    with_type(Type(in[0] >> 4), v, [&]<class P>() { good = take_on_trust(out.emplace<P>(), in.data(), e, v); });
    return good ? e.size : 0;
}

std::vector<Fault> all_faults(View in, Version v, const Limits& limits) {
    std::vector<Fault> faults;
    Fault fault;
    auto f = frame(in, v, fault, limits);
    if (fault) {
        faults.push_back(fault);
        f = frame(in, Version::v3_1_1, fault, limits);  // a length in more octets than need be still is one
    }
    if (!f.size) return faults;
    const bool known = with_type(f.type(), v, [&]<class P>() {
        Findings findings{&faults};
        explain<P>({in.data(), in.data() + f.body, in.data() + f.size}, v, findings);
    });
    if (!known) faults.push_back(reserved_type(v));
    return faults;
}

template <class T> auto List<T>::Iterator::operator++() -> Iterator& {
    good_ = false;
    if (next_ != stop_) {
        item_ = *next_++;
        good_ = true;
    } else if (at_ != end_) {
        Reader<Care::trust> r{{version_}, at_, at_, end_};
        item_ = T{};
        T::walk(item_, r);
        at_ = r.bad ? end_ : r.at;  // made-up octets may end early: so does the list
        good_ = !r.bad;
    }
    return *this;
}

std::optional<Property> find(const Properties& list, std::uint32_t id) {
    for (const Property& p : list)
        if (p.id == id) return p;
    return std::nullopt;
}
std::uint32_t number_or(const Properties& list, std::uint32_t id, std::uint32_t otherwise) {
    auto p = find(list, id);
    return p ? p->number : otherwise;
}

#define INSTANTIATE(P) template std::size_t decode(P&, View, Version, Fault&, const Limits&);
INSTANTIATE(Connect) INSTANTIATE(Connack) INSTANTIATE(Publish) INSTANTIATE(Puback) INSTANTIATE(Pubrec)
INSTANTIATE(Pubrel) INSTANTIATE(Pubcomp) INSTANTIATE(Subscribe) INSTANTIATE(Suback) INSTANTIATE(Unsubscribe)
INSTANTIATE(Unsuback) INSTANTIATE(Pingreq) INSTANTIATE(Pingresp) INSTANTIATE(Disconnect) INSTANTIATE(Auth)
template class List<Property>::Iterator;
template class List<Subscribe::Entry>::Iterator;
template class List<Suback::Code>::Iterator;
template class List<Unsubscribe::Filter>::Iterator;
template class List<Unsuback::Code>::Iterator;

}  // namespace mqtt
