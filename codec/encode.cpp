#include "codec/codec.hpp"
#include "codec/writer.hpp"

namespace mqtt {

template <class P> MQTT_WHOLE std::size_t encode(const P& p, Version v, std::span<std::uint8_t> out) {
    Sizer s{{v}};
    MQTT_HERE P::walk(p, s);
    auto all = 1 + varint_size(s.size) + s.size;
    if (all > out.size()) return all;
    Writer<> w{{v}, out.data(), P::type, s};
    MQTT_HERE P::walk(p, w);
    return all;
}
template <class T> List<T> pack(const List<T>& list, Version v, std::span<std::uint8_t> room) {
    Sizer s{{v}};
    s.each("", list);
    if (s.size > room.size()) return list;
    Writer<> w{{v}, room.data(), Type{}, s};
    w.each("", list);
    return List<T>::raw(room.first(s.size), v);
}

std::size_t encode(const Packet& packet, Version v, std::span<std::uint8_t> out) {
    return std::visit([&](auto& p) { return encode(p, v, out); }, packet);
}

std::vector<Mark> layout(const Packet& packet, Version v) {
    std::vector<Mark> marks;
    std::visit(
        [&]<class P>(const P& p) {
            Sizer s{{v}};
            P::walk(p, s);
            std::vector<std::uint8_t> out(s.size + 6);
            auto note = [&](std::string_view n, std::size_t at) {
                if (!n.empty()) marks.push_back({n, at});
            };
            Writer<decltype(note)> w{{v}, out.data(), P::type, s, note};
            P::walk(p, w);
        },
        packet);
    return marks;
}

#define INSTANTIATE(P) template std::size_t encode(const P&, Version, std::span<std::uint8_t>);
INSTANTIATE(Connect) INSTANTIATE(Connack) INSTANTIATE(Publish) INSTANTIATE(Puback) INSTANTIATE(Pubrec)
INSTANTIATE(Pubrel) INSTANTIATE(Pubcomp) INSTANTIATE(Subscribe) INSTANTIATE(Suback) INSTANTIATE(Unsubscribe)
INSTANTIATE(Unsuback) INSTANTIATE(Pingreq) INSTANTIATE(Pingresp) INSTANTIATE(Disconnect) INSTANTIATE(Auth)
template Properties pack(const Properties&, Version, std::span<std::uint8_t>);
template List<Subscribe::Entry> pack(const List<Subscribe::Entry>&, Version, std::span<std::uint8_t>);

}  // namespace mqtt
