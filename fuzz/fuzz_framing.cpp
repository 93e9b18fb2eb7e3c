// The same octets in different chunks: the same packets, faults and left-overs. Version, limit, way of cutting (four
// octets), stream.
#include "codec/framer.hpp"
#include "fuzz/input.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/streams.hpp"
#include "fuzz/target.hpp"

namespace fuzz {
namespace {

using mqtt::Fault;
using mqtt::Version;
using mqtt::View;

bool same(const Fault& a, const Fault& b) {
    return a.offset == b.offset && a.field == b.field && a.statement == b.statement && a.what == b.what;
}
bool same(View a, View b) { return mqtt::bytes(a) == mqtt::bytes(b); }

struct Whole {
    std::vector<View> packets;
    Fault fault;
    View rest;
};
Whole in_one(View stream, Version v, const mqtt::Limits& limits) {
    Whole whole{{}, {}, stream};
    while (const auto size = mqtt::frame(whole.rest, v, whole.fault, limits).size) {
        promise(size <= whole.rest.size() && size >= 2, "a frame stays inside");
        whole.packets.push_back(whole.rest.first(size));
        whole.rest = whole.rest.subspan(size);
    }
    return whole;
}

/// Sizes of chunks: all alike, or drawn from a seed.
class Chunks {
public:
    explicit Chunks(std::uint32_t how) : dice_(how), fixed_(how < 16 ? how + 1 : 0) {}
    std::size_t next() { return fixed_ ? fixed_ : 1 + dice_.roll(dice_.roll(8) ? 12 : 400); }

private:
    Dice dice_;
    std::size_t fixed_;
};

void check_chunks(View stream, Version v, const mqtt::Limits& limits, const Whole& whole, Chunks chunks) {
    mqtt::Framer framer;
    std::size_t met = 0;
    Fault fault;
    while (!fault) {
        while (!fault) {
            const View packet = framer.next(v, fault, limits);
            if (packet.empty()) break;
            promise(met < whole.packets.size() && same(packet, whole.packets[met]), "chunks give the same packets");
            ++met;
        }
        if (stream.empty()) break;
        const auto size = std::min(chunks.next(), stream.size());
        framer.feed(stream.first(size));
        stream = stream.subspan(size);
    }
    promise(met == whole.packets.size(), "chunks give as many packets");
    promise(same(fault, whole.fault), "chunks give the same fault");
    if (!fault) promise(same(framer.rest(), whole.rest), "chunks leave the same rest");
    else promise(framer.rest().size() <= whole.rest.size(), "a fault is seen without more octets than there are");
}

// A packet decodes alike whether or not more follows it, and never with what follows.
void check_decoding(View stream, Version v, const mqtt::Limits& limits, const Whole& whole) {
    mqtt::Packet alone, among;
    for (View packet : whole.packets) {
        Fault fault, fault_among;
        const auto taken = mqtt::decode(alone, packet, v, fault, limits);
        promise(taken == mqtt::decode(among, stream, v, fault_among, limits), "what follows changes nothing");
        promise(same(fault, fault_among) && (taken != 0) != bool(fault), "a frame is a packet or has a fault");
        promise(taken == 0 || (taken == packet.size() && alone == among), "a packet takes its whole frame");
        stream = stream.subspan(packet.size());
    }
}

int run(View in) {
    Input input(in);
    const auto v = version_from(input.one());
    const auto limit = input.one();
    const auto how = input.four();
    const mqtt::Limits limits{limit < 0x80 ? mqtt::largest_packet : limit - 0x7fu};
    const View stream = input.rest();
    const auto whole = in_one(stream, v, limits);
    check_chunks(stream, v, limits, whole, Chunks(how));
    check_decoding(stream, v, limits, whole);
    return 0;
}

constexpr std::size_t header = 6;

std::string mutate(View in, Dice& dice) {
    if (in.size() <= header) return {};
    std::string head(mqtt::bytes(in.first(header)));
    if (dice.roll(4) == 0) head.replace(2, 4, dice.roll(2) ? std::string("\0\0\0", 3) + dice.octets(1) : dice.octets(4));
    const auto made = mutate_stream(in.subspan(header), version_from(in[0]), dice);
    return made.empty() ? made : head + made;
}
std::string cross(View one, View other, Dice& dice) {
    if (one.size() <= header || other.size() <= header) return {};
    return std::string(mqtt::bytes(one.first(header))) +
           cross_streams(one.subspan(header), other.subspan(header), dice);
}

}  // namespace

const Target framing_target{"framing", run, mutate, cross};

}  // namespace fuzz
