#include "reference/wire_log.hpp"

#include "codec/hex.hpp"

namespace reference {
namespace {

constexpr std::size_t longest_hex = 32;  // octets on a line

/// The protocol level of a CONNECT; `otherwise` where it is none, or of no version we know.
mqtt::Version level_of(mqtt::View connect, mqtt::Version otherwise) {
    mqtt::Fault ignored;
    const auto frame = mqtt::frame(connect, mqtt::Version::v3_1_1, ignored);
    if (!frame.size || frame.type() != mqtt::Type::connect || frame.size < frame.body + 2) return otherwise;
    const std::size_t at = frame.body + 2u + connect[frame.body] * 256u + connect[frame.body + 1];
    if (at >= frame.size) return otherwise;
    const unsigned level = connect[at] & 0x7fu;  // the top bit: a bridge of mosquitto
    return level >= 3 && level <= 5 ? mqtt::Version(level) : otherwise;
}

}  // namespace

void WireLog::event(std::string_view what) {
    if (packets_) write_(name_ + " -- " + std::string(what));
}

void WireLog::follow(Way& way, std::string_view arrow, mqtt::View bytes) {
    if (way.lost) return;
    way.framer.feed(bytes);
    for (;;) {
        mqtt::Fault wrong;
        const auto next = way.framer.next(version_, wrong);
        if (wrong) {
            way.lost = true;
            fault(arrow, wrong, way.framer.rest());
        }
        if (next.empty()) return;
        packet(arrow, next);
    }
}

void WireLog::packet(std::string_view arrow, mqtt::View bytes) {
    if (!connected_) version_ = level_of(bytes, version_);
    connected_ = true;
    mqtt::Packet decoded;
    mqtt::Fault wrong;
    if (!mqtt::decode(decoded, bytes, version_, wrong)) return fault(arrow, wrong, bytes);
    if (packets_) write_(name_ + ' ' + std::string(arrow) + ' ' + mqtt::print(decoded, version_));
}

void WireLog::fault(std::string_view arrow, const mqtt::Fault& wrong, mqtt::View bytes) {
    std::string line = name_ + ' ' + std::string(arrow) + ' ';
    line += std::string(mqtt::name(mqtt::Type(bytes.empty() ? 0 : bytes[0] >> 4))) + ": ";
    line += std::string(wrong.field) + ' ' + std::string(wrong.what) + " (offset " + std::to_string(wrong.offset);
    if (!wrong.statement.empty()) line += ", " + std::string(wrong.statement);
    // A damaged CONNECT may hold a password anywhere: its octets are not shown.
    const bool secret = !bytes.empty() && bytes[0] >> 4 == 1;
    write_(line + ')' + (secret ? "" : ": " + mqtt::hex(bytes, longest_hex)));
}

}  // namespace reference
