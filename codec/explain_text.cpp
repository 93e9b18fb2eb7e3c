// An explained packet as people read it: a line, and octets with names beside them.
#include <algorithm>

#include "codec/explain.hpp"
#include "codec/hex.hpp"

namespace mqtt {
namespace {

using Kind = Field::Kind;

constexpr std::size_t longest_value = 80;  // octets of a text shown
constexpr std::size_t row_octets = 16, longest_dump = 128;
constexpr std::size_t offset_width = 10, hex_width = row_octets * 3;

std::string value_of(const Field& f) {
    if (f.secret) return "***";
    switch (f.kind) {
        case Kind::text:
        case Kind::binary:
        case Kind::rest: return quoted(f.text, longest_value);
        case Kind::raw: return "(" + hex(octets(f.text), row_octets) + ")";
        default: return std::to_string(f.number);
    }
}

bool has_value(const Field& f) {
    switch (f.kind) {
        case Kind::truth:
        case Kind::number:
        case Kind::text:
        case Kind::binary:
        case Kind::rest: return true;
        case Kind::raw: return f.size != 0;
        default: return false;
    }
}

/// The field a fault is told under: the one it names, or the one that holds the octet.
std::size_t home_of(const Fault& fault, const std::vector<Field>& fields) {
    std::size_t holder = fields.size() - 1;
    for (std::size_t i = fields.size(); i-- > 0;) {
        const Field& f = fields[i];
        const auto end = f.offset + std::max<std::size_t>(f.size, 1);
        if (fault.offset < f.offset || fault.offset >= end) continue;
        if (f.name == fault.field) return i;
        if (f.size) holder = i;
    }
    return holder;
}

struct Rows {
    const Explained& packet;
    View in;
    std::size_t base;
    std::string out{};

    static std::string padded(std::string text, std::size_t width) {
        if (text.size() < width) text.append(width - text.size(), ' ');
        return text;
    }
    std::string octets_of(const Field& f, std::size_t from, std::size_t n) const {
        const std::size_t length = f.kind == Kind::raw ? 0 : f.property ? 3 : 2;  // of a secret only the length is shown
        std::string row = hex(in.subspan(f.offset + from, n));
        for (std::size_t i = 0; i < n; ++i)
            if (f.secret && from + i >= length) row[i * 3] = row[i * 3 + 1] = '*';
        return row;
    }
    static std::string comment(const Field& f) {
        std::string text(f.depth * 2u + (f.size == 0 && has_value(f) ? 2 : 0), ' ');
        text += f.kind == Kind::item ? "item" : f.name;
        if (f.property) text += " (" + hex_number(*f.property) + ")";
        if (f.kind == Kind::header) return text += ": remaining length " + std::to_string(f.number);
        if (f.kind == Kind::properties) return text += ": " + std::to_string(f.number) + " octets";
        if (f.kind == Kind::presence || f.kind == Kind::reserved) return "  " + text + " = " + std::to_string(f.number);
        if (f.kind == Kind::raw && f.size == 0) return text += ": missing";
        return has_value(f) ? text += " = " + value_of(f) : text;
    }
    void mark(const Fault& fault, std::size_t column) {
        std::string row(offset_width + 3 * column, ' ');
        if (fault.offset < packet.here) row += "^^";
        out += padded(row, offset_width + hex_width) + "! " + describe(fault, base) + "\n";
    }
    void row(std::string offset, const std::string& octets, const std::string& text) {
        offset.insert(0, offset.size() < offset_width - 2 ? offset_width - 2 - offset.size() : 0, ' ');
        std::string all = padded(offset + "  " + octets, offset_width + hex_width) + text;
        all.erase(all.find_last_not_of(' ') + 1);
        out += all + "\n";
    }
    void field(const Field& f, const std::vector<const Fault*>& faults) {
        const std::size_t shown = std::min(f.size, longest_dump);
        std::size_t from = 0;
        do {
            const auto n = std::min(row_octets, shown - from);
            row(n ? std::to_string(base + f.offset + from) : "", octets_of(f, from, n), from ? "" : comment(f));
            for (const Fault* fault : faults) {
                const auto at = fault->offset - std::min(fault->offset, f.offset);
                if (at >= from && at < from + std::max<std::size_t>(n, 1)) mark(*fault, at - from);
            }
            from += n;
        } while (from < shown);
        if (shown < f.size) row("", "... " + std::to_string(f.size - shown) + " octets more", "");
        for (const Fault* fault : faults)
            if (fault->offset >= f.offset + std::max<std::size_t>(shown, 1)) row("", "", "! " + describe(*fault, base));
    }
};

}  // namespace

std::string describe(const Fault& fault, std::size_t base) {
    std::string text = std::string(fault.field) + ": " + std::string(fault.what);
    if (!fault.statement.empty()) text += " [" + std::string(fault.statement) + "]";
    text += " at " + std::to_string(fault.offset);
    return base ? text + " (" + std::to_string(base + fault.offset) + " in the stream)" : text;
}

std::string line(const Explained& packet) {
    std::string out(packet.type_name());
    for (const Field& f : packet.fields) {
        if (!has_value(f)) continue;
        out += ' ';
        out += f.name;
        if (f.property && f.name == row(0).name) out += " " + hex_number(*f.property);
        out += '=';
        out += value_of(f);
    }
    return out;
}

std::string annotated(const Explained& packet, View in, std::size_t base) {
    Rows rows{packet, in, base};
    std::vector<std::vector<const Fault*>> homes(packet.fields.size());
    for (const Fault& fault : packet.faults) homes[home_of(fault, packet.fields)].push_back(&fault);
    for (std::size_t i = 0; i < packet.fields.size(); ++i) rows.field(packet.fields[i], homes[i]);
    return rows.out;
}

}  // namespace mqtt
