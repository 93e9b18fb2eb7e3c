#include "bench/rows.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "bench/samples.hpp"
#include "codec/framer.hpp"

namespace mqtt::bench {
namespace {

using Out = std::span<std::uint8_t>;
constexpr Version v4 = Version::v3_1_1, v5 = Version::v5;

void insist(bool good) {
    if (!good) std::abort();
}

/// Inputs are hidden from the optimiser, outputs are taken for used; one packet serves for all rounds.
struct Table {
    std::vector<Row> rows;

    void add(const std::string& name, std::size_t octets, std::function<void()> once, std::size_t packets = 1) {
        rows.push_back({name, octets, packets, std::move(once)});
    }
    template <class P>
    void add_decode(const std::string& name, View wire, Version v, auto decode) {
        struct Kept {
            P packet;
            Fault fault;
        };
        add(name, wire.size(), [wire, v, decode, kept = std::make_shared<Kept>()] {
            View seen = wire;
            benchmark::DoNotOptimize(seen);
            insist(decode(kept->packet, seen, v, kept->fault) == seen.size());
            benchmark::ClobberMemory();
        });
    }
    void add_encode(const std::string& name, const auto& packet, std::size_t size, auto encode) {
        struct Room {
            std::uint8_t octets[512];
        };
        add(name, size, [packet, size, encode, room = std::make_shared<Room>()] {
            auto* seen = &packet;
            benchmark::DoNotOptimize(seen);
            insist(encode(*seen, Out(room->octets)) == size);
            benchmark::ClobberMemory();
        });
    }
    template <class P>
    void add_packet(const std::string& type, const P& packet, Version v, auto encode_by_hand) {
        const auto wire = std::make_shared<std::string>(encode(packet, v));
        const View view = octets(*wire);
        const auto name = type + "/" + std::string(mqtt::name(v));
        const auto by_hand = [](P& p, View in, Version w, Fault& f) { return hand::decode(p, in, w, f); };
        const auto walked = [wire](P& p, View in, Version w, Fault& f) { return decode(p, in, w, f); };
        const auto any = [](Packet& p, View in, Version w, Fault& f) { return decode(p, in, w, f); };
        add_decode<P>(name + "/decode/hand", view, v, by_hand);
        add_decode<P>(name + "/decode/ours", view, v, walked);
        add_decode<Packet>(name + "/decode/any", view, v, any);
        add_encode(name + "/encode/hand", packet, wire->size(), encode_by_hand);
        add_encode(name + "/encode/ours", packet, wire->size(), [v](const P& p, Out o) { return encode(p, v, o); });
    }
    template <class P>
    void add_packet(const std::string& type, const P& packet, Version v) {
        add_packet(type, packet, v, [v](const P& p, Out o) { return hand::encode(p, v, o); });
    }
    /// With its property list written once, and copied by every encode.
    template <class P>
    void add_packed(const std::string& type, P packet) {
        static std::uint8_t room[256];  // one for each type: a type is packed once
        packet.properties = pack(packet.properties, v5, room);
        insist(packet.properties.is_raw(v5));
        add_packet(type, packet, v5);
    }
};

void add_both_versions(Table& t, Version v) {
    t.add_packet("CONNECT", a_connect(v), v);
    t.add_packet("CONNECT-UTF8", a_mixed_connect(v), v);
    t.add_packet("CONNACK", Connack{.session_present = true}, v);
    t.add_packet("PUBLISH-QOS0", a_publish(QoS::at_most_once), v);
    t.add_packet("PUBLISH-QOS1", a_publish(QoS::at_least_once), v);
    t.add_packet("PUBLISH-UTF8", a_mixed_publish(), v);
    t.add_packet("PUBACK", Puback{.packet_id = 4711}, v);
    t.add_packet("PUBREC", Pubrec{.packet_id = 4711}, v);
    t.add_packet("PUBREL", Pubrel{.packet_id = 4711}, v);
    t.add_packet("PUBCOMP", Pubcomp{.packet_id = 4711}, v);
    t.add_packet("SUBSCRIBE", Subscribe{.packet_id = 12, .entries = five_entries}, v);
    t.add_packet("SUBSCRIBE-UTF8", Subscribe{.packet_id = 12, .entries = mixed_entries}, v);
    t.add_packet("SUBACK", Suback{.packet_id = 12, .codes = five_codes}, v);
    t.add_packet("UNSUBSCRIBE", Unsubscribe{.packet_id = 13, .filters = five_filters}, v);
    t.add_packet("UNSUBACK", Unsuback{.packet_id = 13, .codes = five_unsuback_codes}, v);
    t.add_packet("PINGREQ", Pingreq{}, v);
    t.add_packet("PINGRESP", Pingresp{}, v);
    t.add_packet("DISCONNECT", Disconnect{}, v);
}

void add_properties(Table& t) {
    static const hand::Five five{
        "application/json", "replies/client-17/x", "0123456789abcdef", "trace", "4bf92f3577b34da6", 3600};
    t.add_packet("PUBLISH-5PROPS-ITEMS", a_publish_with_five(), v5, [](const Publish& p, Out o) {
        auto* seen = &five;
        benchmark::DoNotOptimize(seen);
        return hand::encode(p, *seen, o);
    });
    t.add_packed("PUBLISH-5PROPS-PACKED", a_publish_with_five());
    t.add_packet("CONNECT-PROPS-ITEMS", a_connect_with_properties(), v5);
    t.add_packet("CONNACK-PROPS-ITEMS", Connack{.properties = connack_properties}, v5);
    t.add_packed("CONNACK-PROPS-PACKED", Connack{.properties = connack_properties});
    t.add_packet("PUBACK-REASON-ITEMS", Puback{.packet_id = 4711, .reason = 0x10, .properties = reason}, v5);
    t.add_packet("SUBSCRIBE-PROPS-ITEMS", Subscribe{.packet_id = 12, .properties = identifier, .entries = five_entries},
                 v5);
    t.add_packet("SUBSCRIBE-SHARE", Subscribe{.packet_id = 12, .entries = shared_entries}, v5);
    t.add_packet("DISCONNECT-REASON-ITEMS", Disconnect{.reason = 0x8e, .properties = reason}, v5);
    t.add_packet("AUTH", Auth{}, v5);
    t.add_packet("AUTH-PROPS-ITEMS", Auth{.reason = 0x18, .properties = login}, v5);
}

/// 16,384 PUBLISH packets of 100 octets each, as they come from a connection: 25 chunks of 64 KiB.
void add_stream(Table& t) {
    constexpr std::size_t count = 16'384, chunk = 65'536;
    const auto one = encode(a_publish_of_100_octets(), v4);
    insist(one.size() == 100);
    const auto all = std::make_shared<std::string>();
    for (std::size_t i = 0; i < count; ++i) *all += one;

    const auto whole = [all](auto decode_one) {
        View rest = octets(*all);
        Publish p;
        Fault fault;
        std::size_t n = 0;
        for (; !rest.empty(); ++n) {
            rest = rest.subspan(decode_one(p, rest, fault));
            benchmark::DoNotOptimize(p);
        }
        insist(n == count);
    };
    t.add(
        "STREAM-WHOLE/3.1.1/decode/hand", all->size(),
        [whole] { whole([](Publish& p, View in, Fault& f) { return hand::decode(p, in, v4, f); }); }, count);
    t.add(
        "STREAM-WHOLE/3.1.1/decode/ours", all->size(),
        [whole] { whole([](Publish& p, View in, Fault& f) { return decode(p, in, v4, f); }); }, count);
    struct Kept {
        Framer framer;
        Packet packet;
        Fault fault;
    };
    t.add(
        "STREAM-CHUNKS/3.1.1/decode/any", all->size(),
        [all, kept = std::make_shared<Kept>()] {
            std::size_t n = 0;
            for (std::size_t at = 0; at < all->size(); at += chunk) {
                kept->framer.feed(octets(*all).subspan(at, chunk));
                for (View in; !(in = kept->framer.next(v4, kept->fault)).empty(); ++n)
                    insist(decode(kept->packet, in, v4, kept->fault) == in.size());
                benchmark::ClobberMemory();
            }
            insist(n == count);
        },
        count);
}

}  // namespace

const std::vector<Row>& rows() {
    static const std::vector<Row> all = [] {
        Table t;
        struct Nothing {};
        const auto no_decoder = [](Nothing&, View in, Version, Fault&) { return in.size(); };
        t.add_decode<Nothing>("nothing/-/decode/ours", octets("nothing"), v4, no_decoder);
        t.add_encode("nothing/-/encode/ours", Nothing{}, 0, [](const Nothing&, Out) { return std::size_t(0); });
        for (const Version v : {v4, v5}) add_both_versions(t, v);
        add_properties(t);
        add_stream(t);
        return t.rows;
    }();
    return all;
}

}  // namespace mqtt::bench
