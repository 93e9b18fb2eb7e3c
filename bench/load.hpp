// Load against a live broker: what is asked for, and what came out. Neither Asio nor options are seen from here.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/statistics.hpp"
#include "codec/codec.hpp"
#include "net/loop.hpp"

namespace bench {

/// The broker cannot be reached, refuses the login, answers nothing, or closes midway.
struct TargetFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The broker is well, but this flow is not for it: a subscription that is granted less than the flow's QoS.
struct NotOffered : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Kind : std::uint8_t { traffic, latency, idle, churn };

/// One flow. Messages go from each publisher to all subscribers, by one topic.
struct Load {
    std::string flow;  // its name in reports
    Kind kind = Kind::traffic;
    net::Target target;
    std::optional<std::string> user_name, password;
    mqtt::Version version = mqtt::Version::v3_1_1;
    mqtt::QoS qos{};
    std::size_t size = 16;  // octets of payload; 8 at least for latencies
    unsigned publishers = 1, subscribers = 1;
    unsigned connections = 10'000;  // idle: kept open; churn: opened in all
    unsigned window = 100;          // QoS 1 and 2: unacknowledged PUBLISHes per publisher, at most
    unsigned under_way = 20'000;    // deliveries not yet arrived, at most, so that nothing has to be dropped
    unsigned batch = 100;           // QoS 0: PUBLISHes per write
    double rate = 1000;             // latency: messages per second
    std::chrono::milliseconds warm_up{300}, time{2000};
    std::uint64_t messages = 0;                // publishes in all, in place of a time (no warm-up then)
    std::chrono::milliseconds timeout{10000};  // of an answer, and of no delivery at all
    std::uint64_t seed = 1;
    pid_t pid = 0;  // of a local broker: its CPU and memory
    std::function<bool()> cancelled = [] { return false; };
};

/// What one flow came to. Fields that a kind of flow has no use for stay empty.
struct Measurement {
    Load load;
    double seconds = 0;           // measured, without warm-up
    std::uint64_t published = 0;  // in all, warm-up included, as the three below
    std::uint64_t deliveries = 0;
    std::uint64_t missing = 0;                   // expected and not arrived within the timeout
    std::uint64_t surplus = 0;                   // arrived more often than published (QoS 1 may; 0 and 2 must not)
    std::uint64_t refused = 0;                   // PUBLISHes answered with an error code (5.0)
    std::uint64_t unacknowledged = 0;            // PUBLISHes above QoS 0 whose handshake did not end within the timeout
    std::uint64_t stray = 0;                     // acknowledgements of what is not under way
    std::uint64_t measured = 0;                  // deliveries (idle, churn: connections) within the measured time
    std::optional<double> cpu_s;                 // of the broker, within the measured time
    double load_cpu_s = 0;                       // of this program, in the same time
    std::optional<std::uint64_t> rss_bytes;      // of the broker, at the end
    std::optional<double> bytes_each;            // idle: of the broker, per connection
    std::optional<Histogram> latency, lateness;  // lateness: of our own sending
    bool interrupted = false;

    double per_second() const { return seconds > 0 ? double(measured) / seconds : 0; }
    /// CPU seconds of the broker per million deliveries, or CPU microseconds per connection.
    std::optional<double> cpu_per_million() const;
};

/// Runs it: connects, loads, drains, disconnects. Every wait has a deadline. Throws TargetFault, NotOffered.
Measurement run(const Load&);

}  // namespace bench
