#include "reference/server_statistics.hpp"

#include <malloc.h>

#include "reference/server_metrics.hpp"

namespace reference {

ServerStatistics::ServerStatistics(Switchboard& board) : board_(board), timer_(board.io) {
    if (board.options.metrics_port) {
        const auto text = [this] { return prometheus_text(board_.broker, surroundings()); };
        metrics_ =
            std::make_shared<MetricsListener>(board.io, board.options.bind, *board.options.metrics_port, text);
        metrics_->accept();
    }
    if (board.options.sys_interval > Time{}) publish();
}

ServerStatistics::~ServerStatistics() { stop(); }

std::uint16_t ServerStatistics::port() const { return metrics_ ? metrics_->port() : std::uint16_t{0}; }

void ServerStatistics::stop() {
    timer_.cancel();
    if (metrics_) metrics_->stop();
}

Surroundings ServerStatistics::surroundings() const {
    return {board_.options.version, board_.now(), mallinfo2().uordblks};
}

void ServerStatistics::publish() {
    topics_.publish(board_.broker, surroundings(), board_.now());
    timer_.expires_after(board_.options.sys_interval);
    timer_.async_wait([this](Code error) {
        if (!error) publish();
    });
}

}  // namespace reference
