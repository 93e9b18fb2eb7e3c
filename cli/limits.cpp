#include "cli/limits.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "cli/options.hpp"
#include "conformance/patterns.hpp"

namespace cli {
namespace {

using reference::Settings;

struct Row {
    std::string_view key;
    std::uint64_t least, most;
    void (*set)(Settings&, std::uint64_t);
};

template <auto Part, auto Member>
void set_member(Settings& s, std::uint64_t value) {
    auto& member = s.*Part.*Member;
    member = static_cast<std::remove_reference_t<decltype(member)>>(value);
}
template <auto Member>
constexpr auto offer = set_member<&Settings::offer, Member>;
template <auto Member>
constexpr auto limit = set_member<&Settings::limits, Member>;

template <auto Member>
constexpr auto style = set_member<&Settings::style, Member>;

using reference::Limits;
using reference::Offer;
using reference::Style;
constexpr std::uint64_t u16 = 0xFFFF, u32 = 0xFFFFFFFF, many = 1'000'000'000'000;

constexpr Row rows[] = {
    {"receive_maximum", 1, u16, offer<&Offer::receive_maximum>},
    {"maximum_packet_size", 16, u32, offer<&Offer::maximum_packet_size>},
    {"topic_alias_maximum", 0, u16, offer<&Offer::topic_alias_maximum>},
    {"maximum_qos", 0, 2, [](Settings& s, std::uint64_t v) { s.offer.maximum_qos = static_cast<mqtt::QoS>(v); }},
    {"retain", 0, 1, offer<&Offer::retain>},
    {"wildcards", 0, 1, offer<&Offer::wildcards>},
    {"subscription_identifiers", 0, 1, offer<&Offer::subscription_identifiers>},
    {"shared_subscriptions", 0, 1, offer<&Offer::shared_subscriptions>},
    {"server_keep_alive", 0, u16,
     [](Settings& s, std::uint64_t v) { s.offer.server_keep_alive = static_cast<std::uint16_t>(v); }},
    {"longest_session", 0, u32,
     [](Settings& s, std::uint64_t v) { s.offer.longest_session = static_cast<std::uint32_t>(v); }},
    {"queued_messages", 0, many, limit<&Limits::queued_messages>},
    {"queued_octets", 0, many, limit<&Limits::queued_octets>},
    {"inflight", 1, u16, limit<&Limits::inflight>},
    {"outbox_octets", 1024, many, limit<&Limits::outbox_octets>},
    {"drop_oldest", 0, 1, limit<&Limits::drop_oldest>},
    {"cut_when_full", 0, 1, limit<&Limits::cut_when_full>},
    {"connections", 1, many, limit<&Limits::connections>},
    {"sessions", 1, many, limit<&Limits::sessions>},
    {"subscriptions", 1, many, limit<&Limits::subscriptions>},
    {"filter_octets", 1, many, limit<&Limits::filter_octets>},
    {"retained_steps", 1, many, limit<&Limits::retained_steps>},
    {"retained", 0, many, limit<&Limits::retained>},
    {"retained_octets", 0, many, limit<&Limits::retained_octets>},
    {"topic_levels", 1, u16, limit<&Limits::topic_levels>},
    {"v3_packet", 16, 268'435'460, limit<&Limits::v3_packet>},
    {"v3_session", 0, u32, limit<&Limits::v3_session>},
    {"connect_packet", 16, 268'435'460, limit<&Limits::connect_packet>},
    {"time_to_connect", 1, 86'400,
     [](Settings& s, std::uint64_t v) { s.limits.time_to_connect = std::chrono::seconds(v); }},
    {"reason_strings", 0, 1, style<&Style::reason_strings>},
    {"assigned_client_ids", 0, 1, style<&Style::empty_client_ids>},
    {"outbound_topic_aliases", 0, 1, style<&Style::outbound_topic_aliases>},
    {"queue_qos0", 0, 1, style<&Style::queue_qos0>},
    {"copy_each_overlap", 0, 1, [](Settings& s, std::uint64_t v) { s.style.overlap = reference::Overlap(v); }},
    {"response_information", 0, 1,
     [](Settings& s, std::uint64_t v) {
         if (v == 0) s.offer.response_information.clear();
     }},
};

const Row& row(const std::string& key) {
    std::vector<std::string_view> keys;
    for (const auto& r : rows) {
        if (r.key == key) return r;
        keys.push_back(r.key);
    }
    usage("--limits " + key + ": is no limit" + conformance::suggestion(key, keys));
}

}  // namespace

void apply_limit(Settings& settings, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) usage("--limits " + text + ": has to be KEY=VALUE");
    const Row& found = row(text.substr(0, equals));
    const std::string value = text.substr(equals + 1);
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n < found.least || n > found.most)
        usage("--limits " + text + ": has to be a number from " + std::to_string(found.least) + " to " +
              std::to_string(found.most));
    found.set(settings, n);
}

std::string limit_keys() {
    std::string out;
    for (const auto& r : rows) out += (out.empty() ? "" : ", ") + std::string(r.key);
    return out;
}

}  // namespace cli
