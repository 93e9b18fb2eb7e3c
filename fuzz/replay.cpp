// fuzz_replay TARGET PATH...: runs stored inputs without an engine, and tells what a broker scenario says.
// fuzz_replay --rounds N TARGET PATH...: runs them N times over and tells executions a second of CPU time.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/asan.hpp"
#include "fuzz/play.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(char** first, char** last) {
    std::vector<fs::path> paths;
    for (; first != last; ++first) {
        if (!fs::is_directory(*first)) paths.emplace_back(*first);
        else
            for (const auto& entry : fs::directory_iterator(*first)) paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
}

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "fuzz_replay: cannot read %s\n", path.c_str());
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

// Whether the promises are kept.
bool replay(const fuzz::Target& target, const fs::path& path) {
    const auto octets = read(path);
    std::string story;
    const char* broken = nullptr;
    try {
        if (&target == &fuzz::broker_target) fuzz::play(mqtt::octets(octets), &story);
        else target.run(mqtt::octets(octets));
    } catch (const fuzz::BrokenPromise& e) {
        story += std::string("BROKEN: ") + e.what() + "\n";
        broken = "broken";
    }
    std::printf("%s%s: %s\n", story.c_str(), path.c_str(), broken ? broken : "good");
    return !broken;
}

void measure(const fuzz::Target& target, const std::vector<fs::path>& paths, int rounds) {
    std::vector<std::string> inputs;
    std::vector<std::size_t> sizes;
    for (const auto& p : paths) sizes.push_back(inputs.emplace_back(read(p)).size());
    std::ranges::sort(sizes);
    const auto begin = std::clock();
    for (int i = 0; i < rounds; ++i)
        for (const auto& octets : inputs) target.run(mqtt::octets(octets));
    const double seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%s: %zu inputs, median %zu octets, %.0f executions/s\n", std::string(target.name).c_str(), inputs.size(),
                sizes[sizes.size() / 2], double(rounds) * double(inputs.size()) / seconds);
}

}  // namespace

int main(int count, char** arguments) {
    int rounds = 0;
    if (count > 3 && !std::strcmp(arguments[1], "--rounds")) {
        rounds = std::max(1, std::atoi(arguments[2]));
        count -= 2;
        arguments += 2;
    }
    const auto* target = count > 2 ? fuzz::find_target(arguments[1]) : nullptr;
    const auto paths = target ? files_of(arguments + 2, arguments + count) : std::vector<fs::path>();
    if (paths.empty()) {
        std::fputs("usage: fuzz_replay [--rounds N] decode|framing|round_trip|topics|broker FILE|FOLDER...\n", stderr);
        return 2;
    }
    if (rounds) return measure(*target, paths, rounds), 0;
    bool good = true;
    for (const auto& p : paths) good = replay(*target, p) && good;
    return good ? 0 : 1;
}
