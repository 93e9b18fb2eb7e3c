// What a local process has used so far, from /proc.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace bench {

struct Usage {
    double cpu_s = 0;             // of all its threads, user and system
    std::uint64_t rss_bytes = 0;  // resident
};
/// Nothing where there is no such process or it may not be read. CPU is exact to nanoseconds where the kernel keeps
/// schedstat, else to ticks.
std::optional<Usage> usage_of(pid_t pid);
/// CPU seconds of this process.
double own_cpu_s();

}  // namespace bench
