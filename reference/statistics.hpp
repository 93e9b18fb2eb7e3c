// What a broker has done so far, under the names of mosquitto ($SYS topics) and of Prometheus.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "reference/broker.hpp"

namespace reference {

/// What the broker cannot know of itself.
struct Surroundings {
    std::string version;    // as `mqttspec --version` has it
    Time uptime{};
    std::size_t heap = 0;   // octets in use; 0: not known
};

/// Publishes $SYS/broker/... as retained messages: those alone that changed since the last time.
class SysTopics {
public:
    /// Topics in all, for Limits::retained.
    static constexpr std::size_t most = 64;
    void publish(Broker&, const Surroundings&, Time now);

private:
    struct Load {
        std::uint64_t before = 0;
        double of_minutes[3]{};  // per minute, averaged over 1, 5 and 15
    };
    void note(std::string_view name, std::string value);
    void load(const std::string& name, std::uint64_t count, double minutes);
    void note_all(const Broker&, const Surroundings&);
    void note_loads(const Broker::Counters&, double minutes);

    std::map<std::string, std::string, std::less<>> said_;
    std::vector<std::pair<std::string, std::string>> changed_;
    std::map<std::string, Load> loads_;
    std::optional<Time> last_;
};

/// Prometheus text format 0.0.4.
std::string prometheus_text(const Broker&, const Surroundings&);

}  // namespace reference
