// The walk of explain(): a Reader that also keeps what it reads.
#include "codec/explain.hpp"

#include "codec/reader.hpp"

namespace mqtt {
namespace {

using Kind = Field::Kind;
using Base = Reader<Care::explain>;

struct Explainer : Base {
    Explained& out;
    std::uint8_t depth = 0;
    const std::uint8_t* property_at = nullptr;  // where the identifier stands whose value comes next
    std::uint32_t property = 0;
    bool may_hide = Type(head_octet >> 4) == Type::connect;  // what cannot be read may hold the password

    std::size_t offset(const std::uint8_t* where) const { return std::size_t(where - begin); }
    Field& keep(std::string_view n, Kind kind, const std::uint8_t* where, std::size_t size) {
        Field f{n, kind, depth, is_secret(n) || (kind == Kind::raw && may_hide), offset(where), size};
        if (property_at) {
            f.property = property;
            f.offset = offset(property_at);
            f.size += std::size_t(where - property_at);
            property_at = nullptr;
        }
        return out.fields.emplace_back(f);
    }
    Field& keep(std::string_view n, Kind kind, const std::uint8_t* where) {
        return keep(n, kind, where, std::size_t(at - where));
    }
    void keep_number(std::string_view n, const std::uint8_t* where, bool read, std::uint64_t v) {
        Field& f = keep(n, read ? Kind::number : Kind::raw, where);
        if (read)
            f.number = std::uint32_t(v);
        else
            f.text = bytes({where, at});
    }
    struct Flags {
        Explainer& io;
        Base::Flags base;
        bool there;
        template <class T>
        void bits(int low, int w, std::string_view n, T& v, Rule r = {}) {
            base.bits(low, w, n, v, r);
            if (there)
                io.keep(n, std::is_same_v<T, bool> ? Kind::truth : Kind::number, base.where, 0).number = unsigned(v);
        }
        template <class T>
        void has(int low, std::string_view n, std::optional<T>& v) {
            base.has(low, n, v);
            if (there) io.keep(n, Kind::presence, base.where, 0).number = v.has_value();
            if (n == "password flag") io.may_hide = v.has_value();
        }
        void reserved(int low, int w, unsigned value, Ids ids) {
            base.reserved(low, w, value, ids);
            if (there && base.get(low, w) != value)
                io.keep("reserved bits", Kind::reserved, base.where, 0).number = base.get(low, w);
        }
    };
    void head(auto&& describe) {
        Flags f{*this, {*this, begin, head_octet}, true};
        describe(f);
    }
    void flags(std::string_view n, auto&& describe) {
        const auto where = at;
        const bool there = at != end;
        const auto octet = Base::number<std::uint8_t>(n);
        note(where, n);
        keep(n, there ? Kind::flags : Kind::raw, where).number = octet;
        Flags f{*this, {*this, where, octet}, there};
        describe(f);
    }
    void one(std::string_view n, auto& v, Rule r = {}) {
        const auto where = at;
        Base::one(n, v, r);
        keep_number(n, where, at - where == 1, v);
    }
    void two(std::string_view n, auto& v, Rule r = {}) {
        const auto where = at;
        const bool there = end - at >= 2;
        Base::two(n, v, r);
        keep_number(n, where, there, v);
    }
    void four(std::string_view n, auto& v, Rule r = {}) {
        const auto where = at;
        const bool there = end - at >= 4;
        Base::four(n, v, r);
        keep_number(n, where, there, v);
    }
    void level(std::string_view n, auto& v, const Text& protocol, Rule r = {}) {
        const auto where = at;
        Base::level(n, v, protocol, r);
        keep_number(n, where, at - where == 1, v);
    }
    void varint(std::string_view n, auto& v, Rule r = {}) {
        const auto where = at;
        Base::varint(n, v, r);
        keep_number(n, where, at != where && at[-1] < 128, v);
    }
    void property_id(auto& v) {
        property_at = at;
        Base::property_id(v);
        property = v;
    }
    void keep_text(std::string_view n, Kind kind, Text& s, const Rule& r) {
        const auto where = at;
        s = {};
        Base::text(n, s, r);
        keep(n, s.data() ? kind : Kind::raw, where).text = s.data() ? s : bytes({where, at});
    }
    void text(std::string_view n, Text& s, const Rule& r = {}) { keep_text(n, Kind::text, s, r); }
    void binary(std::string_view n, Bytes& s) { keep_text(n, Kind::binary, s, {}); }
    void rest(std::string_view n, Bytes& s) {
        const auto where = at;
        Base::rest(n, s);
        keep(n, Kind::rest, where).text = s;
    }
    void unknown(std::string_view n, Bytes& s) {
        const auto where = at;
        Base::unknown(n, s);
        keep(n, Kind::rest, where).text = s;
    }
    void drop_faults() {
        if (out.faults.size() <= most_faults) return;
        out.more_faults += out.faults.size() - most_faults;
        out.faults.resize(most_faults);
    }
    /// Walks items up to `end`: all are judged, so many are kept.
    void walk_many(const char* unlisted, auto&& walk_one) {
        const auto room = [&] { return out.fields.size() < most_fields; };
        while (at < end && room()) walk_one();
        const auto where = at;
        const auto fields = out.fields.size();
        while (at < end) {
            walk_one();
            out.fields.resize(fields);
            drop_faults();
        }
        drop_faults();
        if (at != where) keep(unlisted, Kind::raw, where).text = bytes({where, at});
    }
    template <class T>
    void each(std::string_view n, List<T>& list, Ids ids) {
        const auto first = at;
        if (at == end) fail(at, n, ids, "at least one is required");
        keep(n, Kind::list, at, 0);
        ++depth;
        walk_many("items not listed", [&] {
            keep("", Kind::item, at, 0);
            ++depth;
            T item{};
            T::walk(item, *this);
            --depth;
        });
        --depth;
        list = List<T>::raw({first, at}, version);
    }
    void properties(std::string_view n, Properties& ps, Where allowed) {
        const auto where = at;
        seen = 0;
        const std::size_t length = base128(n);
        const bool there = at != where && at[-1] < 128;
        const auto first = at;
        const bool fits = room(length, n);
        Field& f = keep(n, there ? Kind::properties : Kind::raw, where, std::size_t(first - where));
        f.number = std::uint32_t(length);
        f.text = bytes({where, first});
        if (!fits && first != at) keep("properties not whole", Kind::raw, first).text = bytes({first, at});
        if (!fits) return;
        ps = Properties::raw({at, length}, version);
        const auto whole = std::exchange(end, at + length);
        ++depth;
        walk_many("properties not listed", [&] {
            const auto begins = at;
            Property p;
            Property::walk(p, *this);
            judge(begins, p.id, allowed);
            seen |= std::uint64_t(1) << (p.id & 63);
        });
        --depth;
        end = whole;
    }
};

bool is_level(std::uint8_t level) { return level >= 3 && level <= 5; }

/// The version the packet asks to be read in.
template <class P>
Version walk(Explained& out, View in, std::size_t body, Version v) {
    P p{};
    Findings findings{&out.faults};
    Places places;
    Explainer r{{{v}, in.data(), in.data() + body, in.data() + in.size(), in[0]}, out};
    r.findings = &findings;
    r.places = &places;
    P::walk(p, r);
    if (r.at != r.end) {
        r.fail(r.at, "packet", packet_length, "has octets left over");
        const auto left = r.at;
        r.at = r.end;
        r.may_hide = P::type == Type::connect;
        r.keep("octets left over", Kind::raw, left).text = bytes({left, r.end});
    }
    if constexpr (requires { p.level; })
        return is_level(p.level) ? r.version : v;
    else
        return v;
}

bool is_reserved(std::uint8_t head, Version v) { return head < 0x10 || (head >= 0xf0 && v != Version::v5); }

/// All but the fixed header.
Version explain_body(Explained& out, View in, std::size_t body, Version v) {
    Version asked = v;
    if (is_reserved(in[0], v)) {
        const std::uint8_t empty[]{in[0], 0};
        for (const Fault& f : all_faults(empty, v)) out.faults.push_back(f);
        const View rest = in.subspan(body);
        out.fields.push_back({"body", Kind::rest, 0, false, body, rest.size(), 0, bytes(rest), {}});
        return v;
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (void)((std::variant_alternative_t<I, Packet>::type == Type(in[0] >> 4) &&
                (asked = walk<std::variant_alternative_t<I, Packet>>(out, in, body, v), true)) ||
               ...);
    }(std::make_index_sequence<std::variant_size_v<Packet>>{});
    return asked;
}

/// What only the missing octets are to blame for.
void excuse_the_cut(Explained& out) {
    const auto first = std::find_if(out.faults.begin(), out.faults.end(),
                                    [&](const Fault& f) { return f.what == "ends early" || f.offset >= out.here; });
    out.faults.erase(first, out.faults.end());
}

void explain_in(Explained& out, View in, const Frame& f, Version v, Version& asked) {
    out = {v, in[0], f.size, in.size(), std::move(out.fields), std::move(out.faults), 0};
    out.fields.clear();
    out.faults.clear();
    Fault fault;
    frame(in, v, fault);
    if (fault) out.faults.push_back(fault);
    if (!f.body) {
        out.fields.push_back({"fixed header", Kind::raw, 0, false, 0, in.size(), 0, bytes(in), {}});
        return;
    }
    out.fields.push_back({"fixed header", Kind::header, 0, false, 0, f.body, std::uint32_t(f.size - f.body), {}, {}});
    asked = explain_body(out, in, f.body, v);
    if (!out.whole()) excuse_the_cut(out);
}

}  // namespace

Frame declared_frame(View in) {
    std::size_t length = 0;
    for (std::size_t at = 1; at < in.size() && at < 5; ++at) {
        length |= std::size_t(in[at] & 127) << (7 * (at - 1));
        if (in[at] < 128) return {in[0], at + 1, at + 1 + length};
    }
    return {};
}

std::string_view Explained::type_name() const { return is_reserved(head, version) ? "RESERVED" : name(type()); }

void explain(Explained& out, View in, Version v) {
    const Frame f = declared_frame(in);
    const View packet = in.first(std::min(in.size(), f.body ? f.size : std::size_t(5)));
    Version asked = v;
    explain_in(out, packet, f, v, asked);
    if (asked != v) explain_in(out, packet, f, asked, asked);
}

}  // namespace mqtt
