// Private to the server: $SYS topics every so often, and /metrics over HTTP for Prometheus.
#pragma once
#include <boost/asio/steady_timer.hpp>

#include "reference/server_link.hpp"
#include "reference/statistics.hpp"

namespace reference {

class MetricsListener;

/// As ServerOptions::sys_interval and metrics_port say. Lives on the switchboard's thread.
class ServerStatistics {
public:
    /// Publishes the first $SYS topics. Throws std::system_error where the address of /metrics cannot be bound.
    explicit ServerStatistics(Switchboard&);
    ~ServerStatistics();
    /// Of /metrics; 0: there is none.
    std::uint16_t port() const;
    void stop();

private:
    Surroundings surroundings() const;
    void publish();

    Switchboard& board_;
    SysTopics topics_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<MetricsListener> metrics_;
};

}  // namespace reference
