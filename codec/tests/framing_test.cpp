// One read is not one packet: framing over every chunking, and the edges of the remaining length.
#include "codec/framer.hpp"
#include "codec/vectors/good_packets.hpp"
#include "codec/tests/testing.hpp"

namespace mqtt::testing {
namespace {

std::vector<std::string> packets_of(Version v) {
    std::vector<std::string> packets;
    for (auto part : {connects(), other_packets_311(), publishing_packets_5(), other_packets_5()})
        for (auto& g : part)
            if (g.version == v) packets.push_back(unhex(g.hex));
    packets.push_back(encode(Publish{.topic = "long", .payload = std::string(300, 'x')}, v));
    packets.push_back(unhex("c0 00"));
    return packets;
}
std::string joined(const std::vector<std::string>& packets) {
    std::string stream;
    for (auto& p : packets) stream += p;
    return stream;
}
/// Feeds and takes all there is after each chunk.
struct Receiver {
    Framer framer;
    std::vector<std::string> packets;
    void feed(Version v, Text chunk) {
        framer.feed(octets(chunk));
        Fault fault;
        for (View p; !(p = framer.next(v, fault)).empty();) packets.emplace_back(bytes(p));
        EXPECT_FALSE(fault) << describe(fault);
    }
};

TEST(Framer, gives_the_same_packets_for_chunks_of_every_size) {
    for (auto v : {v4, v5}) {
        const auto packets = packets_of(v);
        const auto stream = joined(packets);
        for (std::size_t size = 1; size <= stream.size(); ++size) {
            Receiver r;
            for (std::size_t at = 0; at < stream.size(); at += size) r.feed(v, Text(stream).substr(at, size));
            ASSERT_EQ(r.packets, packets) << "chunks of " << size;
            ASSERT_TRUE(r.framer.rest().empty());
        }
    }
}
TEST(Framer, gives_the_same_packets_for_every_two_cuts) {
    const std::vector<std::string> packets{unhex("c0 00"), unhex("32 09 00 03 61 2f 62 00 0a 68 69"),
                                           encode(Publish{.topic = "t", .payload = std::string(140, 'x')}, v4),
                                           unhex("40 02 00 0a")};
    const auto stream = joined(packets);
    for (std::size_t a = 0; a <= stream.size(); ++a)
        for (std::size_t b = a; b <= stream.size(); ++b) {
            Receiver r;
            r.feed(v4, Text(stream).substr(0, a));
            r.feed(v4, Text(stream).substr(a, b - a));
            r.feed(v4, Text(stream).substr(b));
            ASSERT_EQ(r.packets, packets) << a << " " << b;
        }
}
TEST(Framer, keeps_what_was_not_taken_while_more_comes) {
    Framer f;
    Fault fault;
    std::size_t taken = 0, fed = 0;
    const auto ping = unhex("c0 00"), puback = unhex("40 02 00 0a");
    for (int i = 0; i < 2000; ++i) {
        f.feed(octets(i % 2 ? ping : puback));
        ++fed;
        if (i % 3 == 0) taken += !f.next(v4, fault).empty();
    }
    while (true) {
        const auto p = f.next(v4, fault);
        if (p.empty()) break;
        EXPECT_EQ(bytes(p), taken % 2 ? ping : puback);
        ++taken;
    }
    EXPECT_EQ(taken, fed);
    EXPECT_FALSE(fault);
}
TEST(Framer, stops_at_a_fault_and_says_so_again) {
    Framer f;
    f.feed(octets(unhex("c0 00 30 ff ff ff ff 01 c0 00")));
    Fault fault;
    EXPECT_EQ(f.next(v4, fault).size(), 2u);
    EXPECT_FALSE(fault);
    for (int again = 0; again < 2; ++again) {
        fault = {};
        EXPECT_TRUE(f.next(v4, fault).empty());
        EXPECT_EQ(fault.statement, "X-2.2.3-remaining-length");
    }
    EXPECT_EQ(f.rest().size(), 8u);
}

/// The remaining lengths at the edges of table 2.4 (3.1.1), 1-1 (5.0), with their octets from there.
struct Edge {
    std::size_t length;
    const char* hex;
};
constexpr Edge edges[]{
    {0, "00"}, {127, "7f"}, {128, "80 01"}, {16'383, "ff 7f"}, {16'384, "80 80 01"}, {2'097'151, "ff ff 7f"},
    {2'097'152, "80 80 80 01"}, {268'435'455, "ff ff ff 7f"},
};
/// What frame() makes of the fixed header alone, with this limit on the packet's size.
Fault header_alone(const std::string& head, Version v, std::size_t maximum) {
    Fault fault;
    const auto f = frame(octets(head), v, fault, {maximum});
    EXPECT_EQ(f.size, head.size() == 2 && head[1] == 0 && !fault ? 2u : 0u);  // nothing but an empty body is whole
    return fault;
}

TEST(RemainingLength, is_read_exactly_at_its_edges) {
    for (auto v : {v3, v4, v5})
        for (auto& e : edges) {
            const auto head = unhex(std::string("30 ") + e.hex);
            EXPECT_FALSE(header_alone(head, v, head.size() + e.length)) << e.length;
            const auto fault = header_alone(head, v, head.size() + e.length - 1);
            EXPECT_EQ(fault.what, "is above the maximum packet size") << e.length;
            EXPECT_EQ(fault.field, "remaining length");
            EXPECT_EQ(fault.offset, 1u);
            EXPECT_EQ(fault.statement, v == v5 ? "MQTT-3.2.2-15" : "");
            EXPECT_FALSE(header_alone(head, v, largest_packet));
            for (std::size_t n = 0; n < head.size(); ++n) EXPECT_FALSE(header_alone(head.substr(0, n), v, 1)) << n;
        }
}
TEST(RemainingLength, is_written_as_in_the_table) {
    for (auto& e : edges) {
        if (e.length < 3 || e.length > 3'000'000) continue;
        const std::string payload(e.length - 3, 'x');
        const Publish p{.topic = "t", .payload = payload};
        const auto wire = encode(p, v4);
        const auto head = unhex(std::string("30 ") + e.hex);
        ASSERT_EQ(wire.size(), head.size() + e.length);
        EXPECT_EQ(hex(octets(wire).first(head.size())), hex(octets(head)));
        Packet back;
        Fault fault;
        EXPECT_EQ(decode(back, octets(wire), v4, fault), wire.size()) << describe(fault);
        EXPECT_TRUE(back == Packet(p));
        EXPECT_EQ(decode(back, octets(wire).first(wire.size() - 1), v4, fault), 0u);
        EXPECT_FALSE(fault);
    }
}
TEST(RemainingLength, of_five_octets_is_refused) {
    for (auto digits : {"30 80 80 80 80", "30 80 80 80 80 00", "c0 ff ff ff ff ff"}) {
        EXPECT_EQ(header_alone(unhex(digits), v4, largest_packet).statement, "X-2.2.3-remaining-length");
        EXPECT_EQ(header_alone(unhex(digits), v5, largest_packet).statement, "X-1.5.5-five-octets");
        EXPECT_EQ(header_alone(unhex(digits), v3, largest_packet).what, "takes more than four octets");
    }
}
TEST(RemainingLength, padded_is_refused_by_version_5_alone) {
    for (auto digits : {"c0 80 00", "c0 80 80 00", "c0 80 80 80 00", "40 82 00 00 0a", "40 82 80 80 00 00 0a"}) {
        const auto wire = unhex(digits);
        Fault fault;
        EXPECT_EQ(frame(octets(wire), v4, fault).size, wire.size()) << digits;
        EXPECT_FALSE(fault);
        EXPECT_EQ(frame(octets(wire), v5, fault).size, 0u) << digits;
        EXPECT_EQ(fault.statement, "MQTT-1.5.5-1");
    }
}
TEST(RemainingLength, limit_bounds_decoding_too) {
    const auto wire = unhex("40 02 00 0a");
    Packet p;
    Fault fault;
    EXPECT_EQ(decode(p, octets(wire), v5, fault, {4}), 4u);
    EXPECT_EQ(decode(p, octets(wire), v5, fault, {3}), 0u);
    EXPECT_EQ(fault.statement, "MQTT-3.2.2-15");
    EXPECT_EQ(all_faults(octets(wire), v5, {3}).size(), 1u);
    Framer f;
    fault = {};
    f.feed(octets(wire).first(2));
    EXPECT_TRUE(f.next(v5, fault, {3}).empty());
    EXPECT_EQ(fault.what, "is above the maximum packet size");
}
TEST(Frame, of_no_octets_is_nothing_and_no_fault) {
    for (auto v : {v3, v4, v5}) {
        Packet p;
        Pingreq ping;
        Fault fault;
        EXPECT_EQ(frame(View{}, v, fault).size, 0u);
        EXPECT_EQ(decode(p, View{}, v, fault), 0u);
        EXPECT_EQ(decode(ping, View{}, v, fault), 0u);
        EXPECT_FALSE(fault);
        EXPECT_EQ(decode_leniently(p, View{}, v), 0u);
        EXPECT_TRUE(all_faults(View{}, v).empty());
    }
}
TEST(Frame, tells_type_body_and_size) {
    Fault fault;
    auto wire = unhex("3b 80 01");
    wire.append(128, 'x').append("more");
    const auto f = frame(octets(wire), v4, fault);
    EXPECT_EQ(f.head, 0x3b);
    EXPECT_EQ(f.type(), Type::publish);
    EXPECT_EQ(f.body, 3u);
    EXPECT_EQ(f.size, 131u);
}

}  // namespace
}  // namespace mqtt::testing
