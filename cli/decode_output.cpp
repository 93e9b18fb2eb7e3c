#include "cli/decode_output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "conformance/reports/file.hpp"
#include "conformance/reports/text.hpp"

namespace cli {
namespace {

using Kind = Piece::Kind;

std::string_view side(bool from_server) { return from_server ? "server" : "client"; }

void member(std::string& out, std::string_view key, std::string_view text) {
    if (out.back() != '{') out += ',';
    mqtt::append_json_string(out, key);
    out += ':';
    mqtt::append_json_string(out, text);
}
void member(std::string& out, std::string_view key, std::size_t number) {
    if (out.back() != '{') out += ',';
    mqtt::append_json_string(out, key);
    out += ':';
    out += std::to_string(number);
}

/// Up to the fields: what every line has.
std::string line_begin(const Manner& manner, bool from_server, mqtt::Version v, std::string_view type,
                       std::size_t length) {
    std::string out = "{\"time\":" + (manner.capture ? seconds(manner.time) : "0");
    member(out, "session", manner.session);
    member(out, "direction", side(from_server));
    member(out, "protocol", mqtt::name(v));
    member(out, "type", type);
    member(out, "length", length);
    return out += ",\"fields\":{";
}

void add_faults(std::string& out, const mqtt::Explained& packet) {
    out += "},\"faults\":[";
    for (const auto& fault : packet.faults) {
        if (out.back() != '[') out += ',';
        out += '{';
        member(out, "offset", fault.offset);
        member(out, "field", fault.field);
        member(out, "statement", fault.statement);
        member(out, "reason", fault.what);
        out += '}';
    }
    out += "]}\n";
}

std::string as_json(const Piece& p, const Manner& manner) {
    std::string out = line_begin(manner, p.from_server, p.packet->version, p.type(), p.length);
    if (p.kind == Kind::truncated) member(out, "packet type", p.packet->type_name());
    if (p.missing) member(out, "octets missing", p.missing);
    if (!p.reason.empty()) member(out, "reason", p.reason);
    if (p.packet->more_faults) member(out, "faults not listed", p.packet->more_faults);
    if (p.kind == Kind::packet && p.octets.size() < p.length)
        member(out, "octets not looked at", p.length - p.octets.size());
    std::string fields;
    if (p.kind != Kind::midstream && !p.octets.empty()) mqtt::append_json(fields, *p.packet);
    if (out.back() != '{' && !fields.empty()) out += ',';
    out += fields;
    add_faults(out, *p.packet);
    return out;
}

/// "TRUNCATED PUBLISH DUP=0 ...: the stream ends ..."
std::string headline(const Piece& p) {
    if (p.kind == Kind::midstream || p.kind == Kind::gap) return fmt::format("{}: {}", p.type(), p.reason);
    if (p.kind == Kind::truncated) return fmt::format("TRUNCATED {}: {}", mqtt::line(*p.packet), p.reason);
    return mqtt::line(*p.packet);
}

std::string as_text(const Piece& p, const Manner& manner) {
    std::string out = manner.capture ? fmt::format("{:>12}  {}  {}  {}\n", seconds(manner.time), manner.session,
                                                   side(p.from_server), headline(p))
                                     : fmt::format("{:>8}  {}\n", p.offset, headline(p));
    const bool annotate = manner.verbose && p.kind != Kind::midstream;
    if (annotate && !p.octets.empty())
        out += mqtt::annotated(*p.packet, p.octets, p.offset);
    else
        for (const auto& fault : p.packet->faults)
            out += fmt::format("          ! {}\n", mqtt::describe(fault, p.offset));
    if (p.packet->more_faults) out += fmt::format("          ! {} faults more\n", p.packet->more_faults);
    if (p.kind == Kind::packet && p.octets.size() < p.length)
        out += fmt::format("          only the first {} of {} octets were looked at (--max-packet)\n", p.octets.size(),
                           p.length);
    return out;
}

void add_rows(std::string& out, const Counts& c) {
    for (const auto& [type, row] : c.types) {
        if (out.back() != '{') out += ',';
        mqtt::append_json_string(out, type);
        out += fmt::format(":{{\"packets\":{},\"octets\":{}}}", row.packets, row.octets);
    }
}

std::string as_json(const Counts& c, const Manner& manner, mqtt::Version last) {
    std::string out = line_begin(manner, c.directions[1].packets > c.directions[0].packets, last, "STATS", c.octets);
    member(out, "packets", c.packets);
    out += ",\"types\":{";
    add_rows(out, c);
    out += "},\"directions\":{";
    for (const bool from_server : {false, true})
        out += fmt::format("{}\"{}\":{{\"packets\":{},\"octets\":{}}}", from_server ? "," : "", side(from_server),
                           c.directions[from_server].packets, c.directions[from_server].octets);
    out += fmt::format("}},\"faults\":{},\"statements\":{{", c.all_faults);
    for (const auto& [statement, n] : c.faults) member(out, statement, n);
    return out += "}},\"faults\":[]}\n";
}

std::string as_text(const Counts& c) {
    using conformance::counted;
    std::string out = fmt::format("{}, {}, {}{}\n", counted(c.packets, "packet"), counted(c.octets, "octet"),
                                  counted(c.all_faults, "fault"), c.cut ? ", cut at the end" : "");
    for (const auto& [type, row] : c.types)
        out += fmt::format("  {:<20}{:>10}{:>14} octets\n", type, row.packets, row.octets);
    for (const bool from_server : {false, true})
        out += fmt::format("  from {:<15}{:>10}{:>14} octets\n", side(from_server), c.directions[from_server].packets,
                           c.directions[from_server].octets);
    for (const auto& [statement, n] : c.faults)
        out += fmt::format("  {:<20}{:>10} {}\n", statement.empty() ? "no statement" : statement, n,
                           n == 1 ? "fault" : "faults");
    return out;
}

}  // namespace

void Output::flush() {
    for (std::string_view left = gathered_; !left.empty();) {
        const auto n = ::write(STDOUT_FILENO, left.data(), left.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            throw conformance::FileError(std::string("the standard output cannot be written: ") + std::strerror(errno));
        left.remove_prefix(std::size_t(n));
    }
    gathered_.clear();
}

std::string seconds(std::chrono::nanoseconds t) {
    const auto n = t.count();
    auto text = fmt::format("{}{}.{:09}", n < 0 ? "-" : "", std::abs(n) / 1'000'000'000, std::abs(n) % 1'000'000'000);
    return text.ends_with("000") ? text.substr(0, text.size() - 3) : text;
}

void Counts::add(const Piece& p) {
    octets += p.length;
    cut = cut || p.kind == Kind::truncated;
    all_faults += p.packet->faults.size() + p.packet->more_faults;
    for (const auto& fault : p.packet->faults) ++faults[std::string(fault.statement)];
    if (p.kind != Kind::packet) return;
    ++packets;
    for (Row* row : {&types[std::string(p.type())], &directions[p.from_server]}) {
        ++row->packets;
        row->octets += p.length;
    }
}

std::string told(const Piece& p, const Manner& manner) { return manner.json ? as_json(p, manner) : as_text(p, manner); }
std::string told(const Counts& c, const Manner& manner, mqtt::Version last) {
    return manner.json ? as_json(c, manner, last) : as_text(c);
}

}  // namespace cli
