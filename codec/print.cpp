#include "codec/codec.hpp"
#include "codec/hex.hpp"
#include "codec/visitor.hpp"

namespace mqtt {
namespace {

constexpr std::size_t longest_value = 80;  // octets of a text or payload shown on a line

struct Printing {
    static constexpr bool makes = false;
    std::string out;
    std::uint32_t property = 0;
    void property_id(std::uint32_t id) { property = id; }
    void add(std::string_view n, std::string_view v) {
        out += ' ';
        out += n;
        out += '=';
        out += v;
    }
    template <class T> void operator()(std::string_view n, const T& v, const Rule&, int, Version) {
        if constexpr (std::is_same_v<T, Text>) text(n, v);
        else add(n, std::to_string(unsigned(v)));
    }
    void text(std::string_view n, Text v) {
        if (n == row(0).name) add("property " + hex_number(property), quoted(v, longest_value));  // one that is unknown
        else add(n, is_secret(n) ? "***" : quoted(v, longest_value));
    }
    template <class T> void presence(std::string_view, const std::optional<T>&) {}
    bool more(bool any) { return any; }
};

}  // namespace

std::string_view name(Type type) {
    constexpr std::string_view names[]{"RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC",
                                       "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK",
                                       "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
    return names[unsigned(type) & 15];
}

std::string print(const Packet& packet, Version v) {
    return std::visit(
        [&]<class P>(const P& p) {
            Visitor<Printing> io{{v}, {}};
            io.leaf.out = name(P::type);
            P::walk(p, io);
            return io.leaf.out;
        },
        packet);
}

}  // namespace mqtt
