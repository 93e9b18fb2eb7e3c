// Two results of one capture, of two brokers or of two versions of one: by the rules of a replay.
#pragma once
#include "replay/compare.hpp"
#include "replay/result.hpp"

namespace replay {

/// What `after` answers otherwise than `before`: as if `before` had been captured.
Result diff_runs(const Result& before, const Result& after, const Rules&);

}  // namespace replay
