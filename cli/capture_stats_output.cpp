#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/capture_stats.hpp"
#include "cli/decode_output.hpp"
#include "conformance/reports/text.hpp"

namespace cli {
namespace {

using conformance::counted;
using Json = nlohmann::ordered_json;
using pcap::Side;

constexpr std::size_t most_lines = 20, most_objects = 1'000;
constexpr std::string_view sides[]{"client", "server"};

double in_seconds(pcap::Time t) { return std::chrono::duration<double>(t).count(); }

/// Pairs of a map, the largest first.
template <class Map, class F>
auto largest(const Map& map, std::size_t most, F size) {
    std::vector<std::pair<std::string, typename Map::mapped_type>> out(map.begin(), map.end());
    std::ranges::sort(out, [&](const auto& a, const auto& b) {
        const auto n = size(a.second), m = size(b.second);
        return n != m ? n > m : a.first < b.first;
    });
    if (out.size() > most) out.resize(most);
    return out;
}

/// As JSON shows it: control characters and what is no UTF-8 are escaped.
std::string shown(std::string_view text) {
    std::string out;
    mqtt::append_json_string(out, text.substr(0, 100));
    return out;
}

std::string more(std::size_t all, std::size_t lines) {
    return all > lines ? fmt::format("  ... and {} more\n", all - lines) : "";
}

}  // namespace

std::string CaptureStats::text() const {
    std::string out =
        fmt::format("{} in {}, {:.3f} s, {}; {}\n", counted(packets_, "packet"), counted(conversations_, "connection"),
                    in_seconds(last_ - first_), counted(octets_, "octet"), counted(faults(), "fault"));
    out +=
        fmt::format("  {} in WebSocket, {} joined in the middle; {} ({} not captured), {} cut\n", web_sockets_, joined_,
                    counted(gaps_, "gap"), counted(octets_missing_, "octet"), counted(truncated_, "packet"));
    out += "versions\n";
    for (const auto& [version, n] : versions_) out += fmt::format("  {:<20}{:>10}\n", version, n);
    out += "packets\n";
    for (const auto& [type, row] : types_)
        out += fmt::format("  {:<20}{:>10}{:>14} octets\n", type, row.packets, row.octets);
    for (std::size_t s = 0; s < 2; ++s)
        out += fmt::format("  from {:<15}{:>10}{:>14} octets; QoS 0: {}, 1: {}, 2: {}\n", sides[s], sides_[s].packets,
                           sides_[s].octets, qos_[s][0], qos_[s][1], qos_[s][2]);
    out += "payloads\n";
    for (std::size_t i = 0; i < sizes_.size(); ++i)
        if (sizes_[i])
            out += fmt::format("  {:<20}{:>10}\n",
                               i == 0 ? "empty" : fmt::format("{} to {}", 1u << (i - 1), (1u << i) - 1), sizes_[i]);
    out += fmt::format("clients: {}\n", clients_.size());
    for (const auto& [id, c] : largest(clients_, most_lines, [](const Client& x) { return x.packets; }))
        out += fmt::format("  {:<30} {:>6} MQTT {:<5} {:>9} packets, keep alive {} s, silent for {:.1f} s at most{}\n",
                           shown(id), counted(c.connections, "connection"), c.version, c.packets, c.keep_alive,
                           in_seconds(c.longest_silence),
                           c.too_late ? fmt::format(", {} times for longer than Keep Alive", c.too_late) : "");
    out += more(clients_.size(), most_lines) + fmt::format("topics: {}\n", topics_.size());
    for (const auto& [name, t] : largest(topics_, most_lines, [](const Topic& x) { return x.messages; }))
        out += fmt::format("  {:<40} {:>8} messages {:>12} octets; QoS 0: {}, 1: {}, 2: {}; retained: {}\n",
                           shown(name), t.messages, t.octets, t.qos[0], t.qos[1], t.qos[2], t.retained);
    out += more(topics_.size(), most_lines) + "statements broken\n";
    for (const auto& [key, row] : broken_)
        out += fmt::format("  {} {:<28} {:>6} times, first at {} in {}: {}\n", sides[key.first == Side::server],
                           key.second.empty() ? "(no statement)" : key.second, row.times, seconds(row.time),
                           row.session, row.what);
    if (broken_.empty()) out += "  none\n";
    if (not_judged_)
        out +=
            fmt::format("  rules of sessions were not judged to the end in {}: not whole, damaged, or out of order\n",
                        counted(not_judged_, "connection"));
    return out;
}

std::string CaptureStats::json(const std::string& file) const {
    Json fields{{"packets", packets_},
                {"types", Json::object()},
                {"directions", Json::object()},
                {"faults", faults()},
                {"statements", Json::object()}};
    for (const auto& [type, row] : types_) fields["types"][type] = {{"packets", row.packets}, {"octets", row.octets}};
    for (std::size_t s = 0; s < 2; ++s)
        fields["directions"][std::string(sides[s])] = {{"packets", sides_[s].packets},
                                                       {"octets", sides_[s].octets},
                                                       {"QoS 0", qos_[s][0]},
                                                       {"QoS 1", qos_[s][1]},
                                                       {"QoS 2", qos_[s][2]}};
    fields["broken"] = Json::array();
    for (const auto& [key, row] : broken_) {
        auto& n = fields["statements"][key.second];
        n = (n.is_null() ? 0 : n.get<std::size_t>()) + row.times;
        fields["broken"].push_back({{"direction", sides[key.first == Side::server]},
                                    {"statement", key.second},
                                    {"times", row.times},
                                    {"what", row.what},
                                    {"session", row.session},
                                    {"time", in_seconds(row.time)}});
    }
    fields["connections"] = conversations_;
    fields["seconds"] = in_seconds(last_ - first_);
    fields["web sockets"] = web_sockets_;
    fields["joined in the middle"] = joined_;
    fields["gaps"] = gaps_;
    fields["octets missing"] = octets_missing_;
    fields["truncated"] = truncated_;
    fields["connections not judged to the end"] = not_judged_;
    fields["versions"] = versions_;
    fields["payloads below"] = Json::object();
    for (std::size_t i = 0; i < sizes_.size(); ++i)
        if (sizes_[i]) fields["payloads below"][std::to_string(std::size_t(1) << i)] = sizes_[i];
    fields["clients"] = Json::array();
    for (const auto& [id, c] : largest(clients_, most_objects, [](const Client& x) { return x.packets; }))
        fields["clients"].push_back({{"client", id},
                                     {"connections", c.connections},
                                     {"protocol", c.version},
                                     {"packets", c.packets},
                                     {"octets", c.octets},
                                     {"keep alive", c.keep_alive},
                                     {"longest silence", in_seconds(c.longest_silence)},
                                     {"silences above keep alive", c.too_late}});
    fields["topics"] = Json::array();
    for (const auto& [name, t] : largest(topics_, most_objects, [](const Topic& x) { return x.messages; }))
        fields["topics"].push_back({{"topic", name},
                                    {"messages", t.messages},
                                    {"octets", t.octets},
                                    {"QoS 0", t.qos[0]},
                                    {"QoS 1", t.qos[1]},
                                    {"QoS 2", t.qos[2]},
                                    {"retained", t.retained}});
    const Json line{{"time", in_seconds(last_ - first_)},
                    {"session", file},
                    {"direction", "client"},
                    {"protocol", "5"},
                    {"type", "STATS"},
                    {"length", octets_},
                    {"fields", fields},
                    {"faults", Json::array()}};
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cli
