// Calls to be made at a time, in the order of time, then of asking. No clock: the owner says what time it is.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "net/loop.hpp"

namespace net {

class Timers {
public:
    TimerId add(Time at, std::function<void()> call);
    void cancel(TimerId);
    std::optional<Time> earliest() const;
    bool empty() const { return calls_.empty(); }
    /// Makes the earliest call if it is due; false if none is. The call may add and cancel.
    bool run_one(Time now);

private:
    std::map<std::pair<Time, TimerId>, std::function<void()>> calls_;
    std::unordered_map<TimerId, Time> times_;
    TimerId last_ = 0;
};

}  // namespace net
