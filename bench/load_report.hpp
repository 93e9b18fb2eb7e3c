// Measurements as a table and as JSON.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "bench/load.hpp"

namespace bench {

/// A flow that the broker does not offer.
struct Skipped {
    std::string flow;
    mqtt::Version version;
    std::string reason;
};

struct Report {
    std::vector<Measurement> measurements;
    std::vector<Skipped> skipped;
    std::string target_url;  // without secrets
    std::uint64_t seed = 1;
    std::chrono::system_clock::time_point started;
    double duration_s = 0;
    std::string fault;  // why it is not whole: the target was lost, or Ctrl-C; empty: it is
};

/// The head of the table, and one line of it.
std::string table_head();
std::string table_line(const Measurement&);
std::string table_line(const Skipped&);
/// Schema "mqttspec.bench/1" (docs/schemas/bench.json).
std::string bench_json(const Report&);
/// What was not delivered though it had to be, in words; empty: nothing.
std::string finding(const Measurement&);

}  // namespace bench
