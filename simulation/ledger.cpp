#include "simulation/ledger.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace simulation {
namespace {

using mqtt::QoS;

// The few filters that are used: a whole topic, all of it, or all below a word.
bool fits(std::string_view filter, std::string_view topic) {
    if (filter == "#") return true;
    if (filter.ends_with("/+") || filter.ends_with("/#")) return topic.starts_with(filter.substr(0, filter.size() - 1));
    return filter == topic;
}

}  // namespace

std::uint32_t number_of(std::string_view payload) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), number);
    const bool good = error == std::errc{} && (end == payload.data() + payload.size() || *end == ' ');
    return good ? number : std::numeric_limits<std::uint32_t>::max();
}

bool may_read(unsigned client, std::string_view filter) {
    return client == 0 || (filter != "#" && !filter.starts_with("secret"));
}

bool may_publish(unsigned client, std::string_view topic) {
    return client == 0 || client == 3 || !topic.starts_with("secret");
}

std::uint32_t Ledger::publish(const Sent& sent) {
    sent_.push_back(sent);
    return static_cast<std::uint32_t>(sent_.size() - 1);
}

void Ledger::break_rule(std::string what) {
    if (broken_.size() < 20) broken_.push_back(std::move(what));
}

void Ledger::received(unsigned client, unsigned session, std::string_view topic, std::string_view payload, QoS qos,
                      bool retain) {
    ++deliveries_;
    const auto number = number_of(payload);
    const auto who = "client " + std::to_string(client) + ": ";
    if (number >= sent_.size()) return break_rule(who + "a message that nobody sent: " + std::string(payload));
    const Sent& m = sent_[number];
    const auto name = "message " + std::to_string(number);
    if (topics[m.topic] != topic) break_rule(who + name + " came with another topic");
    if (m.denied) break_rule(who + name + " was not permitted and came all the same");
    if (qos > m.qos) break_rule(who + name + " came above the QoS it was published with");
    if (client != 0 && topic.starts_with("secret")) break_rule(who + "may not read " + std::string(topic));
    if (retain || m.loose) return;  // of a new subscription: it may come any number of times
    if (qos == QoS::exactly_once && ++once_[{client, session}][number] > 1)
        break_rule(who + name + " came twice at QoS 2 (4.3.3)");
    if (m.will && qos != QoS::at_least_once && counts_[{client, number}] > 0)
        break_rule(who + "will " + name + " came twice (3.1.2-10)");
    if (++counts_[{client, number}] > 1 || m.will) return;
    // A QoS 1 PUBLISH that is sent again may be the first that one sees who has just subscribed,
    // or who was away and gets it at QoS 0.
    if (m.qos == QoS::at_least_once && (qos == QoS::at_most_once || !ears_.contains(client))) return;
    auto& last = last_[{client, session, m.publisher, m.topic, unsigned(m.qos) * 3 + unsigned(qos)}];
    if (number < last)
        break_rule(who + name + " came after " + std::to_string(last) + " of client " + std::to_string(m.publisher) + ", on " + std::string(topic) + " at QoS " +
                    std::to_string(int(m.qos)) + " and " + std::to_string(int(qos)) + " (4.6.0)");
    last = std::max(last, number);
}

void Ledger::judge() {
    for (const auto& [client, filters] : ears_)
        for (std::uint32_t number = 0; number < sent_.size(); ++number) {
            const Sent& m = sent_[number];
            std::optional<QoS> most;
            for (const Filter& f : filters)
                if (fits(f.text, topics[m.topic])) most = std::max(most.value_or(f.qos), std::min(f.qos, m.qos));
            const auto it = counts_.find({client, number});
            const unsigned count = it == counts_.end() ? 0 : it->second;
            const auto who = "client " + std::to_string(client) + ": message " + std::to_string(number) + " ";
            if (!most && count != 0) break_rule(who + "came to one who did not subscribe to it");
            if (!most || m.denied || m.loose) continue;
            const auto qos = std::min(*most, m.qos);
            if (m.will) {
                if (count == 0 && m.wills_due != 0) break_rule(who + "is a will that is due and has not come (3.1.2-8)");
                if (count != 0 && m.wills_due == 0) break_rule(who + "is a will that must not come (3.14.4-3)");
            } else if (qos != QoS::at_most_once && m.fate == Sent::Fate::acknowledged && count == 0) {
                break_rule(who + "was acknowledged at QoS " + std::to_string(int(m.qos)) + " and has not come (4.3)");
            } else if (qos == QoS::exactly_once && count > 1) {
                break_rule(who + "came " + std::to_string(count) + " times at QoS 2 (4.3.3)");
            }
        }
}

}  // namespace simulation
