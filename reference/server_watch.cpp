#include "reference/server_watch.hpp"

#include "reference/server_link.hpp"

namespace reference {
namespace {

// A client need not read CONNACK before it goes on, and what it sent may wait in its network or in ours.
constexpr ClientJudge::Time crossed = std::chrono::seconds(5);

}  // namespace

Watch::Watch(Switchboard& board, const std::string& name) : board_(board) {
    const auto& options = board.options;
    if (options.log_level != LogLevel::quiet && options.log)
        log_ = std::make_unique<WireLog>(name, options.log_level == LogLevel::packets, options.log);
    if (options.judge)
        judge_ = std::make_unique<ClientJudge>(board.clients, options.judge,
                                               ClientJudge::Options{.grace = crossed, .slack = crossed});
}

void Watch::received(mqtt::View bytes) {
    if (log_) log_->received(bytes);
    if (judge_) judge_->received(bytes, board_.now());
}

void Watch::sent(mqtt::View bytes) {
    if (log_) log_->sent(bytes);
    if (judge_) judge_->sent(bytes, board_.now());
}

}  // namespace reference
