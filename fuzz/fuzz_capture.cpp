// Captures: the octets of a file through the reader. What it tells is well-formed and in order, whatever they are.
#include <map>
#include <vector>

#include "codec/explain.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"
#include "pcap/read.hpp"

namespace fuzz {
namespace {

using mqtt::View;
using pcap::Conversation;
using pcap::Event;

class Octets final : public pcap::Source {
public:
    explicit Octets(View in) : rest_(in) {}
    std::size_t read(std::span<std::uint8_t> into) override {
        const auto n = std::min(into.size(), rest_.size());
        std::copy_n(rest_.begin(), n, into.begin());
        rest_ = rest_.subspan(n);
        taken_ += n;
        return n;
    }
    std::uint64_t taken() const override { return taken_; }

private:
    View rest_;
    std::uint64_t taken_ = 0;
};

class Watch final : public pcap::Listener {
public:
    void on(const Conversation& c, const Event& e) override {
        using Kind = Event::Kind;
        if (e.kind == Kind::opened) promise(open_.insert({c.number, c.name}).second, "a conversation opens once");
        const auto found = open_.find(c.number);
        promise(found != open_.end() && found->second == c.name, "what happens is between opened and closed");
        if (e.kind == Kind::closed) open_.erase(found);
        if (e.kind == Kind::packet) {
            promise(e.octets.size() == e.length && mqtt::declared_frame(e.octets).size == e.length,
                    "a packet is whole");
            mqtt::Fault fault;
            mqtt::decode(packet_, e.octets, c.version, fault);
        }
        if (e.kind == Kind::gap) promise(e.length > 0 && e.missing <= e.length, "a gap has octets");
        if (e.kind == Kind::truncated)
            promise(!e.length || (e.missing && e.octets.size() + e.missing <= e.length),
                    "a cut packet lacks something");
        promise(e.kind < Kind::truncated || e.kind == Kind::closed || !e.reason.empty(), "what is amiss has a reason");
    }
    void remark(const pcap::Remark& r) override { promise(!r.text.empty(), "a remark says something"); }
    bool all_closed() const { return open_.empty(); }

private:
    std::map<std::uint32_t, std::string> open_;
    mqtt::Packet packet_;
};

int run(View in) {
    Watch watch;
    pcap::Options options;
    options.flows = 64;
    options.max_packet = 4'096;
    options.flow_memory = 16'384;
    options.whole_memory = 65'536;
    try {
        pcap::read_capture(std::make_unique<Octets>(in), "input", options, watch);
    } catch (const pcap::CaptureError&) {
    }
    promise(watch.all_closed(), "every conversation is closed");
    return 0;
}

constexpr std::size_t file_head = 24, record_head = 16;

/// The records of a pcap file in the order of our seeds (little endian); empty for anything else.
std::vector<std::string> records(View in) {
    std::vector<std::string> out;
    if (in.size() < file_head || in[0] != 0xd4) return out;
    auto rest = mqtt::bytes(in.subspan(file_head));
    while (rest.size() >= record_head) {
        const auto size = std::size_t(std::uint8_t(rest[8]) | std::uint8_t(rest[9]) << 8) + record_head;
        if (size > rest.size()) break;
        out.emplace_back(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    return out;
}

std::string joined(View head, const std::vector<std::string>& all) {
    std::string out(mqtt::bytes(head.first(file_head)));
    for (const auto& r : all) out += r;
    return out;
}

std::string mutate(View in, Dice& dice) {
    auto all = records(in);
    if (all.empty()) return {};
    const auto one = dice.roll(all.size()), other = dice.roll(all.size());
    auto& record = all[one];
    switch (dice.roll(6)) {
        case 0: std::swap(all[one], all[other]); break;
        case 1: all.erase(all.begin() + std::ptrdiff_t(one)); break;
        case 2: all.insert(all.begin() + std::ptrdiff_t(other), std::string(all[one])); break;
        case 3: record[record_head + dice.roll(record.size() - record_head)] = char(dice.number()); break;
        case 4:  // an octet of TCP or below
            if (record.size() > record_head + 14)
                record[record_head + 14 + dice.roll(std::min<std::size_t>(40, record.size() - record_head - 14))] ^=
                    char(1 << dice.roll(8));
            break;
        default: {  // cut by the snapshot length
            const auto size = dice.roll(record.size() - record_head);
            record.resize(record_head + size);
            record[8] = char(size);
            record[9] = char(size >> 8);
        }
    }
    return joined(in, all);
}

std::string cross(View one, View other, Dice& dice) {
    auto all = records(one);
    const auto more = records(other);
    if (all.empty() || more.empty()) return {};
    const auto from = dice.roll(more.size()), count = 1 + dice.roll(more.size() - from);
    all.insert(all.begin() + std::ptrdiff_t(dice.roll(all.size() + 1)), more.begin() + std::ptrdiff_t(from),
               more.begin() + std::ptrdiff_t(from + count));
    return joined(one, all);
}

}  // namespace

const Target capture_target{"capture", run, mutate, cross};

}  // namespace fuzz
