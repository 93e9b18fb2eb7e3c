#include "net/timers.hpp"

namespace net {

TimerId Timers::add(Time at, std::function<void()> call) {
    const TimerId id = ++last_;
    calls_.emplace(std::pair(at, id), std::move(call));
    times_.emplace(id, at);
    return id;
}

void Timers::cancel(TimerId id) {
    const auto found = times_.find(id);
    if (found == times_.end()) return;
    calls_.erase({found->second, id});
    times_.erase(found);
}

std::optional<Time> Timers::earliest() const {
    if (calls_.empty()) return std::nullopt;
    return calls_.begin()->first.first;
}

bool Timers::run_one(Time now) {
    if (calls_.empty() || calls_.begin()->first.first > now) return false;
    const auto first = calls_.begin();
    const auto call = std::move(first->second);  // it may add and cancel: the entry goes first
    times_.erase(first->first.second);
    calls_.erase(first);
    call();
    return true;
}

}  // namespace net
