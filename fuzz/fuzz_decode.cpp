// One packet in any octets: version, what else is checked, packet. What decodes has to mean the same when encoded again,
// and the walkers that check, explain and trust have to agree.
#include <algorithm>
#include <utility>

#include "codec/explain.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/streams.hpp"
#include "fuzz/target.hpp"
#include "fuzz/input.hpp"

namespace fuzz {
namespace {

using mqtt::Fault;
using mqtt::Packet;
using mqtt::Version;
using mqtt::View;

/// What else is checked, by the low three bits of the second octet: each alone, all, or nothing, for most is quick so.
enum Checks : unsigned { leniently = 1, printed = 2, typed = 4, lists = 8, explained = 16 };
constexpr unsigned checks_of[]{0, 0, leniently, typed, lists, explained, printed, leniently | printed | typed | lists};
constexpr unsigned at_length = 0xf8;  // all of them: explained indeed, which takes many times as long as the rest
constexpr std::size_t explained_most = 64;
constexpr unsigned limited = 16;      // then the limit is in the upper three bits

/// CONNECT names its own version.
Version version_of(const Packet& p, Version v) {
    const auto* connect = std::get_if<mqtt::Connect>(&p);
    if (!connect) return v;
    if (connect->level == 5) return Version::v5;
    return connect->level == 3 && connect->protocol == "MQIsdp" ? Version::v3_1 : Version::v3_1_1;
}

void check_faults(View wire, const Fault& fault, const std::vector<Fault>& all) {
    promise(fault ? !all.empty() : all.empty(), "decode and all_faults agree whether there is a fault");
    if (!fault) return;
    const Fault& first = all.front();
    promise(first.offset == fault.offset && first.field == fault.field && first.statement == fault.statement &&
                first.what == fault.what, "all_faults begins with the fault of decode");
    for (const Fault& f : all)
        promise(f && !f.field.empty() && f.offset <= wire.size(), "a fault names a field, a place and what is wrong");
}

void check_rewritten(const Packet& packet, View wire, Version v) {
    const auto w = version_of(packet, v);
    const auto again = mqtt::encode(packet, w);
    promise(again.size() <= wire.size(), "encoding anew does not take more octets");
    const bool loose = v == Version::v3_1 || w == Version::v3_1;  // ignores reserved bits
    if (again.size() == wire.size() && !loose) promise(again == mqtt::bytes(wire), "encode gives the octets back");
    Packet same;
    Fault fault;
    promise(mqtt::decode(same, mqtt::octets(again), w, fault) == again.size(), "what was encoded anew decodes");
    promise(same == packet, "and means the same");
}

void check_lenient(const Packet* strict, View wire, std::size_t taken, Version v) {
    Packet loose;
    const auto size = mqtt::decode_leniently(loose, wire, v);
    promise(size <= wire.size(), "lenient decode stays inside");
    if (strict) promise(size == taken && loose == *strict, "lenient decode of a good packet is decode");
    if (size == 0) return;
    const auto w = version_of(loose, v);
    const auto again = mqtt::encode(loose, w);
    Packet same;
    promise(again.size() <= size, "a bad packet encoded anew does not take more octets");
    promise(mqtt::decode_leniently(same, mqtt::octets(again), w) == again.size(), "a bad packet can be told again");
    promise(same == loose, "and stays as bad as it was");
    promise(!mqtt::print(loose, w).empty(), "a bad packet prints");
}

void check_print(const Packet& packet, std::size_t taken, Version v) {
    promise(mqtt::print(packet, v).starts_with(name(mqtt::type_of(packet))), "the line begins with the type");
    std::size_t before = 0;
    for (const auto& mark : mqtt::layout(packet, version_of(packet, v))) {
        promise(mark.offset >= before && mark.offset <= taken, "marks rise and stay inside");
        before = mark.offset;
    }
}

// The known type, a wrong type, and a room that is too small.
void check_typed(const Packet& packet, View wire, Version v) {
    std::visit(
        [&]<class P>(const P& p) {
            P same;
            Fault fault;
            promise(mqtt::decode(same, wire, v, fault) == wire.size() && same == p, "decode into the known type");
            mqtt::Pingreq other;
            if constexpr (P::type != mqtt::Type::pingreq)
                promise(mqtt::decode(other, wire, v, fault) == 0 && fault, "another type is a fault");
            const auto w = version_of(packet, v);
            std::string room(mqtt::encode(p, w, {}), '\x5a');
            const auto small = std::span(reinterpret_cast<std::uint8_t*>(room.data()), room.size() - 1);
            promise(mqtt::encode(p, w, small) == room.size(), "encode tells the room it wants");
            promise(room.find_first_not_of('\x5a') == room.npos, "and writes nothing into less");
        },
        packet);
}

// Octets that were checked by nobody are safe to walk.
template <class T> void check_list(View octets, Version v) {
    const auto list = mqtt::List<T>::raw(octets, v);
    std::size_t count = 0;
    for (const T& item : list) {
        const T copy = item;
        promise(item == copy, "an item is what was copied from it");
        ++count;
    }
    promise(count <= octets.size(), "items are no more than octets");
    promise(list.count() == count && list == list, "a list is itself");
}
void check_lists(View octets, Version v) {
    check_list<mqtt::Property>(octets, v);
    check_list<mqtt::Subscribe::Entry>(octets, v);
    check_list<mqtt::Suback::Code>(octets, v);
    check_list<mqtt::Unsubscribe::Filter>(octets, v);
    const auto raw = mqtt::Properties::raw(octets, v);
    std::array<std::uint8_t, 64> room;
    const auto packed = mqtt::pack(raw, v, room);
    promise(packed == raw, "packing changes nothing");
}

// What decode shows people: every octet in one field, and the faults that all_faults tells.
void check_explained(View wire, Version v) {
    static mqtt::Explained told;  // its room is used again
    mqtt::explain(told, wire, v);
    std::size_t at = 0;
    for (const auto& f : told.fields) {
        if (f.size) promise(std::exchange(at, f.offset + f.size) == f.offset, "fields follow each other");
    }
    promise(at == told.here && told.here <= wire.size(), "and leave no octet out");
    const auto all = mqtt::all_faults(wire, told.version);  // CONNECT tells its own
    if (told.whole()) promise(all.size() == told.faults.size() + told.more_faults, "explain finds what all_faults finds");
    promise(!mqtt::annotated(told, wire).empty() && !mqtt::line(told).empty(), "it can be shown");
    std::string json;
    mqtt::append_json(json, told);
    promise(json.empty() || (json.front() == '"' && json.find('\n') == json.npos), "fields are members of one line");
}

int run(View in) {
    Input input(in);
    const auto v = version_from(input.one());
    const unsigned mode = input.one(), checks = checks_of[mode & 7];
    const View wire = input.rest();
    mqtt::Limits limits;
    if (mode & limited) limits.maximum_packet_size = std::size_t{4} << (mode >> 5);
    Packet packet;
    Fault fault;
    const auto taken = mqtt::decode(packet, wire, v, fault, limits);
    promise(taken <= wire.size() && taken <= limits.maximum_packet_size, "decode stays inside");
    promise(!taken || !fault, "a packet has no fault");
    if (fault || checks) check_faults(wire, fault, mqtt::all_faults(wire, v, limits));
    const View whole = wire.first(taken);
    if (taken) check_rewritten(packet, whole, v);
    if (taken && checks & printed) check_print(packet, taken, v);
    if (taken && checks & typed) check_typed(packet, whole, v);
    if (checks & leniently) check_lenient(taken ? &packet : nullptr, wire, taken, v);
    if (checks & lists) check_lists(wire, v);
    if (checks & explained && (mode & at_length) == at_length && !wire.empty()) check_explained(wire.first(std::min(wire.size(), explained_most)), v);
    return 0;
}

constexpr std::size_t header = 2;

std::string mutate(View in, Dice& dice) {
    if (in.size() <= header) return {};
    std::string head(mqtt::bytes(in.first(header)));
    if (dice.roll(8) == 0) head = dice.octets(header);
    const auto made = mutate_stream(in.subspan(header), version_from(in[0]), dice);
    return made.empty() ? made : head + made;
}
std::string cross(View one, View other, Dice& dice) {
    if (one.size() <= header || other.size() <= header) return {};
    return std::string(mqtt::bytes(one.first(header))) +
           cross_streams(one.subspan(header), other.subspan(header), dice);
}

}  // namespace

const Target decode_target{"decode", run, mutate, cross};

}  // namespace fuzz
