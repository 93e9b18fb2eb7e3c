// Decode and encode of every packet, ours and written by hand, in one binary.
//   codec_bench [Google Benchmark's options]   CPU ns, octets per second, allocations per call
//   codec_bench --count NAME N                 one row N times: run it under callgrind
//   codec_bench --count-all N                  every row N times inside counted_row(); prints "name calls allocations"
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/allocations.hpp"
#include "bench/rows.hpp"

/// What callgrind is told to look at (bench/codec_speed_test.py), by this name.
extern "C" [[gnu::noinline]] void counted_row(const mqtt::bench::Row& row, std::size_t calls) {
    for (; calls > 0; --calls) row.once();
}

namespace {

using mqtt::bench::allocations;
using mqtt::bench::Row;
using mqtt::bench::rows;

void measure(benchmark::State& state, const Row& row) {
    row.once();  // what is allocated once is none of the packet's business
    const auto before = allocations();
    for (auto _ : state) row.once();
    using benchmark::Counter;
    state.counters["allocs"] = Counter(double(allocations() - before), Counter::kAvgIterations);
    state.SetBytesProcessed(std::int64_t(row.octets) * std::int64_t(state.iterations()));
    state.SetItemsProcessed(std::int64_t(row.packets) * std::int64_t(state.iterations()));
}

void count(const Row& row, std::size_t n) {
    row.once();
    const auto before = allocations();
    const auto calls = std::max<std::size_t>(1, n / row.packets);
    counted_row(row, calls);
    std::printf("%s %zu %zu\n", row.name.c_str(), calls * row.packets, allocations() - before);
}
int count_one(std::string_view name, std::size_t n) {
    for (const Row& row : rows())
        if (row.name == name) return count(row, n), 0;
    std::fprintf(stderr, "codec_bench: there is no row %.*s\n", int(name.size()), name.data());
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "--count" && argc == 4) return count_one(argv[2], std::strtoul(argv[3], nullptr, 10));
    if (what == "--count-all" && argc == 3) {
        for (const Row& row : rows()) count(row, std::strtoul(argv[2], nullptr, 10));
        return 0;
    }
    for (const Row& row : rows())
        benchmark::RegisterBenchmark(row.name.c_str(), [&row](benchmark::State& state) { measure(state, row); });
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
