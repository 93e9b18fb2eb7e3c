#include "peer/transcript.hpp"

#include <cstdio>

#include "codec/hex.hpp"

namespace peer {
namespace {

/// The octets that must not be shown.
using Mask = std::vector<bool>;

void mask_range(Mask& mask, std::size_t at, std::size_t n) {
    for (std::size_t i = at; i < at + n && i < mask.size(); ++i) mask[i] = true;
}

void mask_password(Mask& mask, const Entry& entry) {
    mqtt::Packet packet;
    if (!mqtt::decode_leniently(packet, mqtt::octets(entry.bytes), entry.version)) return;
    const auto* connect = std::get_if<mqtt::Connect>(&packet);
    if (!connect || !connect->password) return;
    mask_range(mask, std::size_t(connect->password->data() - entry.bytes.data()), connect->password->size());
}

/// Short secrets occur by chance: they are looked for in CONNECT alone.
std::size_t shortest_secret(const Entry& entry) {
    return !entry.bytes.empty() && (std::uint8_t(entry.bytes[0]) >> 4) == 1 ? 1 : 4;
}

std::string_view arrow(Direction d) {
    if (d == Direction::event) return "--";
    return d == Direction::sent || d == Direction::raw_sent ? "->" : "<-";
}

std::string fault_text(const Entry& entry) {
    for (const auto& fault : mqtt::all_faults(mqtt::octets(entry.bytes), entry.version)) {
        std::string text(fault.field);
        text.append(" ").append(fault.what);
        return fault.statement.empty() ? text : text.append(" [").append(fault.statement).append("]");
    }
    return "not whole";
}

void cut(std::string& line, std::size_t width) {
    if (line.size() <= width) return;
    std::size_t keep = width > 3 ? width - 3 : 0;
    while (keep && (std::uint8_t(line[keep]) & 0xc0) == 0x80) --keep;  // not inside a character of UTF-8
    line.resize(keep);
    line += "...";
}

}  // namespace

const Entry& Transcript::add(net::Time now, const std::string& peer, Direction direction, mqtt::Version version,
                             std::string bytes) {
    return entries_.emplace_back(Entry{now - start_, peer, direction, version, std::move(bytes)});
}

void Transcript::hide(std::string secret) {
    if (!secret.empty()) secrets_.push_back(std::move(secret));
}

std::vector<bool> Transcript::mask_of(const Entry& entry) const {
    Mask mask(entry.bytes.size());
    mask_password(mask, entry);
    for (const auto& secret : secrets_) {
        if (secret.size() < shortest_secret(entry)) continue;
        for (auto at = entry.bytes.find(secret); at != std::string::npos; at = entry.bytes.find(secret, at + 1))
            mask_range(mask, at, secret.size());
    }
    return mask;
}

std::vector<Entry> Transcript::masked() const {
    std::vector<Entry> all(entries_.begin(), entries_.end());
    for (auto& entry : all) {
        if (entry.direction == Direction::event) continue;
        const Mask mask = mask_of(entry);
        for (std::size_t i = 0; i < mask.size(); ++i)
            if (mask[i]) entry.bytes[i] = '*';
    }
    return all;
}

std::string Transcript::masked_hex(const Entry& entry, std::size_t most) const {
    const Mask mask = mask_of(entry);
    std::string text = mqtt::hex(mqtt::octets(entry.bytes), most);
    for (std::size_t i = 0; i < mask.size() && i < most; ++i)
        if (mask[i]) text.replace(i * 3, 2, "**");
    return text;
}

std::string Transcript::content(const Entry& entry, std::size_t width) const {
    const std::size_t most = width / 3;
    switch (entry.direction) {
        case Direction::event: return entry.bytes;
        case Direction::raw_sent:
        case Direction::raw_received: return "octets " + masked_hex(entry, most);
        default: break;
    }
    mqtt::Packet packet;
    mqtt::Fault fault;
    const bool ours = entry.direction == Direction::sent;  // a tester lies on purpose: no comment on that
    if (ours ? mqtt::decode_leniently(packet, mqtt::octets(entry.bytes), entry.version) == 0
             : mqtt::decode(packet, mqtt::octets(entry.bytes), entry.version, fault) == 0)
        return ours ? "octets " + masked_hex(entry, most)
                    : "malformed: " + fault_text(entry) + ": " + masked_hex(entry, most);
    std::string text = mqtt::print(packet, entry.version);
    for (const auto& secret : secrets_) {
        if (secret.size() < 4) continue;
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
            text.replace(at, secret.size(), "***");
    }
    return text;
}

std::string Transcript::line(const Entry& entry, std::size_t width) const {
    char head[32];
    std::snprintf(head, sizeof head, "%7.3f ", std::chrono::duration<double>(entry.time).count());
    std::string text = head + entry.peer + ' ' + std::string(arrow(entry.direction)) + ' ' + content(entry, width);
    cut(text, width);
    return text;
}

std::vector<std::string> Transcript::lines(std::size_t width) const {
    std::vector<std::string> all;
    all.reserve(entries_.size());
    for (const auto& entry : entries_) all.push_back(line(entry, width));
    return all;
}

}  // namespace peer
