#include "bench/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {
namespace {

/// A process has one schedstat per thread; its own is that of the first thread alone.
std::optional<double> cpu_by_schedstat(const std::string& folder) {
    std::error_code error;
    double seconds = 0;
    bool any = false;
    for (const auto& thread : std::filesystem::directory_iterator(folder + "/task", error)) {
        std::ifstream file(thread.path() / "schedstat");
        std::uint64_t nanoseconds = 0;
        if (!(file >> nanoseconds)) continue;  // the thread has just ended
        seconds += double(nanoseconds) * 1e-9;
        any = true;
    }
    if (error || !any) return {};
    return seconds;
}

std::optional<double> cpu_by_stat(const std::string& folder) {
    std::ifstream file(folder + "/stat");
    std::string line;
    if (!std::getline(file, line)) return {};
    const auto after_name = line.rfind(')');  // the name may hold blanks and brackets
    if (after_name == line.npos) return {};
    std::size_t at = after_name + 1;
    for (int field = 0; field < 11 && at != line.npos; ++field) at = line.find(' ', at + 1);
    if (at == line.npos) return {};
    std::size_t used = 0;
    const double user = double(std::stoull(line.substr(at), &used));
    const double system = double(std::stoull(line.substr(at + used)));
    return (user + system) / double(sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<Usage> usage_of(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    auto cpu = cpu_by_schedstat(folder);
    if (!cpu || *cpu == 0) cpu = cpu_by_stat(folder);
    std::ifstream memory(folder + "/statm");
    std::uint64_t all = 0, resident = 0;
    if (!cpu || !(memory >> all >> resident)) return {};
    return Usage{*cpu, resident * std::uint64_t(sysconf(_SC_PAGESIZE))};
}

double own_cpu_s() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) * 1e-6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::size_t allow_descriptors(std::size_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur >= wanted) return limit.rlim_cur;
    limit.rlim_cur = wanted;
    limit.rlim_max = std::max<rlim_t>(limit.rlim_max, wanted);  // above the hard limit for root only
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace bench
