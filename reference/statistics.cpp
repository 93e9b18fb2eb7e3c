#include "reference/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace reference {
namespace {

double minutes_of(Time t) { return std::chrono::duration<double, std::ratio<60>>(t).count(); }

std::string two_decimals(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value);
    return text.data();
}

}  // namespace

void SysTopics::note(std::string_view name, std::string value) {
    std::string& said = said_[std::string(name)];
    if (said == value) return;
    said = value;
    changed_.emplace_back("$SYS/broker/" + std::string(name), std::move(value));
}

// Each minute weighs 1/e of the one after it (1min), or of five or fifteen later.
void SysTopics::load(const std::string& name, std::uint64_t count, double minutes) {
    Load& l = loads_[name];
    const double per_minute = minutes > 0 ? static_cast<double>(count - l.before) / minutes : 0;
    l.before = count;
    constexpr std::pair<int, const char*> spans[]{{1, "/1min"}, {5, "/5min"}, {15, "/15min"}};
    for (std::size_t i = 0; i < 3; ++i) {
        double& average = l.of_minutes[i];
        average = per_minute + std::exp(-minutes / spans[i].first) * (average - per_minute);
        note("load/" + name + spans[i].second, two_decimals(average));
    }
}

void SysTopics::note_all(const Broker& broker, const Surroundings& around) {
    const auto& c = broker.counters();
    const auto n = broker.counts();
    const auto absent = n.sessions - std::min<std::size_t>(n.sessions, c.connected);
    const auto put = [&](std::string_view name, std::uint64_t value) { note(name, std::to_string(value)); };
    note("version", "mqttspec " + around.version);
    note("uptime", std::to_string(around.uptime / std::chrono::seconds(1)) + " seconds");
    put("clients/total", n.sessions), put("clients/connected", c.connected), put("clients/active", c.connected);
    put("clients/maximum", c.most_connected), put("clients/expired", c.sessions_expired);
    put("clients/inactive", absent), put("clients/disconnected", absent);
    put("messages/received", c.packets_received), put("messages/sent", c.packets_sent);
    put("messages/stored", n.retained + n.queued), put("store/messages/count", n.retained + n.queued);
    put("publish/messages/received", c.publishes_received), put("publish/messages/sent", c.publishes_sent);
    put("publish/messages/dropped", c.publishes_dropped);
    put("publish/bytes/received", c.payload_octets_received), put("publish/bytes/sent", c.payload_octets_sent);
    put("bytes/received", c.octets_received), put("bytes/sent", c.octets_sent);
    put("subscriptions/count", n.subscriptions), put("retained messages/count", n.retained);
    if (around.heap) put("heap/current", around.heap);
}

void SysTopics::note_loads(const Broker::Counters& c, double minutes) {
    load("messages/received", c.packets_received, minutes);
    load("messages/sent", c.packets_sent, minutes);
    load("publish/received", c.publishes_received, minutes);
    load("publish/sent", c.publishes_sent, minutes);
    load("publish/dropped", c.publishes_dropped, minutes);
    load("bytes/received", c.octets_received, minutes);
    load("bytes/sent", c.octets_sent, minutes);
    load("sockets", c.links_opened, minutes);
    load("connections", c.connects, minutes);
}

void SysTopics::publish(Broker& broker, const Surroundings& around, Time now) {
    changed_.clear();
    note_all(broker, around);
    note_loads(broker.counters(), last_ ? minutes_of(now - *last_) : 0);
    last_ = now;
    for (const auto& [topic, value] : changed_) broker.publish(topic, value, true, now);
}

// ---- Prometheus ---------------------------------------------------------------------------------------------------

namespace {

void metric(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::string_view value, std::string_view labels = {}) {
    const std::string full = "mqttspec_" + std::string(name);
    out += "# HELP " + full + " " + std::string(help) + "\n# TYPE " + full + " " + std::string(type) + "\n";
    out += full + std::string(labels) + " " + std::string(value) + "\n";
}

/// A label's value: backslash, quote and line feed have another form.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) out += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    return out + "\"";
}

}  // namespace

std::string prometheus_text(const Broker& broker, const Surroundings& around) {
    const auto& c = broker.counters();
    const auto n = broker.counts();
    std::string out;
    const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        metric(out, name, "gauge", help, std::to_string(value));
    };
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        metric(out, name, "counter", help, std::to_string(value));
    };
    metric(out, "build_info", "gauge", "Always 1; the version is in the label.", "1",
           "{version=" + quoted(around.version) + "}");
    metric(out, "uptime_seconds", "gauge", "Time since the broker was started.",
           std::to_string(std::chrono::duration<double>(around.uptime).count()));
    gauge("connections", "Network connections that are open.", n.links);
    counter("connections_opened_total", "Network connections that were accepted.", c.links_opened);
    counter("connects_total", "CONNECT packets that were well-formed.", c.connects);
    gauge("clients_connected", "Clients that are connected and accepted.", c.connected);
    gauge("clients_connected_most", "The most clients that were connected at once.", c.most_connected);
    gauge("sessions", "Sessions that are kept, of connected clients and others.", n.sessions);
    counter("sessions_expired_total", "Sessions that ended because their time was up.", c.sessions_expired);
    gauge("subscriptions", "Subscriptions of all sessions.", n.subscriptions);
    gauge("retained_messages", "Retained messages that are stored.", n.retained);
    gauge("queued_messages", "Deliveries that wait or are not acknowledged yet.", n.queued);
    counter("packets_received_total", "Packets of all types from clients.", c.packets_received);
    counter("packets_sent_total", "Packets of all types to clients.", c.packets_sent);
    counter("publishes_received_total", "PUBLISH packets from clients.", c.publishes_received);
    counter("publishes_sent_total", "PUBLISH packets to clients.", c.publishes_sent);
    counter("publishes_dropped_total", "Deliveries that were dropped because a queue was full.", c.publishes_dropped);
    counter("payload_received_bytes_total", "Octets in the payloads of PUBLISH packets from clients.",
            c.payload_octets_received);
    counter("payload_sent_bytes_total", "Octets in the payloads of PUBLISH packets to clients.",
            c.payload_octets_sent);
    counter("received_bytes_total", "Octets of MQTT from clients.", c.octets_received);
    counter("sent_bytes_total", "Octets of MQTT to clients.", c.octets_sent);
    if (around.heap) gauge("heap_bytes", "Memory in use, as the allocator counts it.", around.heap);
    return out;
}

}  // namespace reference
