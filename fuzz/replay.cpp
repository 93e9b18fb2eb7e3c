// fuzz_replay TARGET FILE...: runs stored inputs without an engine, and tells what a broker scenario says.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "fuzz/play.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/target.hpp"

namespace {

// Whether the promises are kept.
bool replay(const fuzz::Target& target, const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(file), {}};
    std::string story;
    const char* broken = nullptr;
    try {
        if (&target == &fuzz::broker_target) fuzz::play(fuzz::read_scenario(mqtt::octets(octets)), &story);
        else target.run(mqtt::octets(octets));
    } catch (const fuzz::BrokenPromise& e) {
        story += std::string("BROKEN: ") + e.what() + "\n";
        broken = "broken";
    }
    std::printf("%s%s: %s\n", story.c_str(), path, broken ? broken : "good");
    return !broken;
}

}  // namespace

int main(int count, char** arguments) {
    const auto* target = count > 2 ? fuzz::find_target(arguments[1]) : nullptr;
    if (!target) {
        std::fputs("usage: fuzz_replay decode|framing|round_trip|topics|broker FILE...\n", stderr);
        return 2;
    }
    bool good = true;
    for (int i = 2; i < count; ++i) good = replay(*target, arguments[i]) && good;
    return good ? 0 : 1;
}
