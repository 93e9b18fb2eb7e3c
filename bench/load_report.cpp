#include "bench/load_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/text.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, double steps = 1e6) { return std::round(value * steps) / steps; }
Json number(const std::optional<double>& value) { return value ? Json(rounded(*value)) : Json(); }

bool is_traffic(const Measurement& m) { return m.load.kind == Kind::traffic || m.load.kind == Kind::latency; }

Json latency_json(const Measurement& m) {
    Json out;
    for (const auto& [name, percent] : {std::pair{"p50", 50.}, {"p90", 90.}, {"p99", 99.}, {"p99_9", 99.9}})
        out[fmt::format("latency_{}_us", name)] = m.latency ? Json(m.latency->percentile(percent).count()) : Json();
    out["latency_max_us"] = m.latency ? Json(m.latency->largest().count()) : Json();
    out["latency_mean_us"] = m.latency ? Json(rounded(m.latency->mean(), 10)) : Json();
    out["lateness_p99_us"] = m.lateness ? Json(m.lateness->percentile(99).count()) : Json();
    return out;
}

/// Flat, and with the same keys for every flow: null where one has no meaning.
Json measurement_json(const Measurement& m) {
    const auto& l = m.load;
    const bool traffic = is_traffic(m);
    const auto when = [](bool has, auto value) { return has ? Json(value) : Json(); };
    Json out{{"flow", l.flow},
             {"protocol", mqtt::name(l.version)},
             {"transport", net::name(l.target.transport)},
             {"qos", when(traffic, unsigned(l.qos))},
             {"size", when(traffic, l.size)},
             {"publishers", when(traffic, l.publishers)},
             {"subscribers", when(traffic, l.subscribers)},
             {"connections", traffic ? l.publishers + l.subscribers : l.connections},
             {"window", when(traffic && l.qos != mqtt::QoS::at_most_once, l.window)},
             {"batch", when(traffic && l.qos == mqtt::QoS::at_most_once && l.kind == Kind::traffic, l.batch)},
             {"rate", when(l.kind == Kind::latency, l.rate)},
             {"duration_s", rounded(m.seconds)},
             {"published", m.published},
             {"deliveries", m.deliveries},
             {"missing", m.missing},
             {"surplus", m.surplus},
             {"refused", m.refused},
             {"unacknowledged", m.unacknowledged},
             {"stray", m.stray},
             {"measured", m.measured},
             {"per_second", rounded(m.per_second(), 10)},
             {"cpu_s", number(m.cpu_s)},
             {"cpu_s_per_million", number(m.cpu_per_million())},
             {"load_cpu_s", rounded(m.load_cpu_s)},
             {"rss_bytes", m.rss_bytes ? Json(*m.rss_bytes) : Json()},
             {"bytes_per_connection", number(m.bytes_each)}};
    out.update(latency_json(m));
    return out;
}

std::string micros(Micros value) {
    const double us = double(value.count());
    return us < 1000  ? fmt::format("{:.0f} us", us)
           : us < 1e6 ? fmt::format("{:.1f} ms", us / 1e3)
                      : fmt::format("{:.2f} s", us / 1e6);
}

/// What is particular to the kind of flow.
std::string remark(const Measurement& m) {
    std::string out;
    if (m.latency)
        out = fmt::format("latency 50 % {}, 90 % {}, 99 % {}, 99.9 % {}, most {}", micros(m.latency->percentile(50)),
                          micros(m.latency->percentile(90)), micros(m.latency->percentile(99)),
                          micros(m.latency->percentile(99.9)), micros(m.latency->largest()));
    if (m.bytes_each) out = fmt::format("{:.0f} bytes of memory each", *m.bytes_each);
    if (const auto what = finding(m); !what.empty())
        out += (out.empty() ? "" : "; ") + what;
    else if (m.missing)
        out += fmt::format("{}{} not delivered", out.empty() ? "" : "; ", m.missing);
    return out;
}

}  // namespace

std::string finding(const Measurement& m) {
    std::vector<std::string> all;
    const bool promised = m.load.qos != mqtt::QoS::at_most_once;
    if (is_traffic(m) && !m.interrupted && m.published == 0) all.push_back("nothing could be published");
    if (m.missing && (promised || m.deliveries == 0))
        all.push_back(fmt::format("{} of {} deliveries are missing", m.missing, m.missing + m.deliveries - m.surplus));
    if (m.surplus && m.load.qos != mqtt::QoS::at_least_once)
        all.push_back(fmt::format("{} deliveries too many", m.surplus));
    if (m.unacknowledged) all.push_back(fmt::format("{} handshakes did not end", m.unacknowledged));
    if (m.stray) all.push_back(fmt::format("{} acknowledgements of nothing under way", m.stray));
    if (m.refused) all.push_back(fmt::format("{} messages were refused", m.refused));
    return fmt::format("{}", fmt::join(all, ", "));
}

std::string table_head() {
    return fmt::format("{:<12} {:<5} {:>3} {:>6} {:>8} {:>12} {:>14} {:>10} {:>6}\n", "flow", "MQTT", "QoS", "size",
                       "clients", "per second", "broker CPU", "memory", "load");
}

std::string table_line(const Measurement& m) {
    const auto& l = m.load;
    const bool traffic = is_traffic(m);
    const auto cpu = m.cpu_per_million();
    const double busy = m.seconds > 0 ? 100 * m.load_cpu_s / m.seconds : 0;
    std::string line = fmt::format(
        "{:<12} {:<5} {:>3} {:>6} {:>8} {:>12.0f} {:>14} {:>10} {:>4.0f} %  {}", l.flow, mqtt::name(l.version),
        traffic ? fmt::format("{}", unsigned(l.qos)) : "-", traffic ? fmt::format("{}", l.size) : "-",
        traffic ? fmt::format("{}:{}", l.publishers, l.subscribers) : fmt::format("{}", l.connections), m.per_second(),
        cpu ? fmt::format("{:.3f} {}", *cpu, traffic ? "s/M" : "us") : "-",
        m.rss_bytes ? fmt::format("{:.1f} MiB", double(*m.rss_bytes) / 1048576) : "-", busy, remark(m));
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string table_line(const Skipped& s) {
    return fmt::format("{:<12} {:<5} not measured: {}\n", s.flow, mqtt::name(s.version), s.reason);
}

std::string bench_json(const Report& r) {
    const auto& tool = conformance::tool();
    Json list = Json::array();
    std::uint64_t deliveries = 0, missing = 0, findings = 0;
    for (const auto& m : r.measurements) {
        list.push_back(measurement_json(m));
        deliveries += m.deliveries;
        missing += m.missing;
        findings += !finding(m).empty();
    }
    Json skipped = Json::array();
    for (const auto& k : r.skipped)
        skipped.push_back({{"flow", k.flow}, {"protocol", mqtt::name(k.version)}, {"reason", k.reason}});
    Json out{
        {"schema", "mqttspec.bench/1"},
        {"tool", {{"version", tool.version}, {"commit", tool.commit}, {"seed", r.seed}}},
        {"target", {{"url", conformance::printable(r.target_url)}, {"name", ""}}},
        {"started", conformance::iso_time(r.started)},
        {"duration_s", rounded(r.duration_s, 1000)},
        {"measurements", std::move(list)},
        {"skipped", std::move(skipped)},
        {"summary",
         {{"flows", r.measurements.size()}, {"deliveries", deliveries}, {"missing", missing}, {"findings", findings}}}};
    if (!r.fault.empty()) out["incomplete"] = conformance::printable(r.fault);
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace bench
