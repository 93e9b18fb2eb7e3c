// What a local process has used so far, from /proc.
#pragma once
#include <sys/types.h>

#include <cstddef>
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
/// Raises this process's limit of open files where it has to be and may be; the limit now in force.
std::size_t allow_descriptors(std::size_t wanted);

}  // namespace bench
