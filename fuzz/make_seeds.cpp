// fuzz_make_seeds CORPUS [STREAMS]: writes corpus/seeds and corpus/dictionaries. STREAMS is a folder made by
// tcp_streams.py, with NAME.client and NAME.server for each connection of the captures.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/seeds.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
void write(const fs::path& path, const std::string& octets) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << octets;
}

std::vector<fuzz::Captured> connections(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".client") paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<fuzz::Captured> all;
    for (auto path : paths) all.push_back({path.stem().string(), read(path), read(path.replace_extension(".server"))});
    return all;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fputs("usage: fuzz_make_seeds CORPUS [STREAMS]\n", stderr);
        return 2;
    }
    const fs::path corpus = arguments[1];
    auto seeds = fuzz::generated_seeds();
    if (count > 2)
        for (auto& s : fuzz::captured_seeds(connections(arguments[2]))) seeds.push_back(std::move(s));
    std::size_t octets = 0;
    for (const auto& s : seeds) {
        write(corpus / "seeds" / s.target / s.name, s.octets);
        octets += s.octets.size();
    }
    for (const char* target : {"decode", "framing", "round_trip", "broker"})
        write(corpus / "dictionaries" / (std::string(target) + ".dict"), fuzz::packet_dictionary());
    write(corpus / "dictionaries/capture.dict", fuzz::capture_dictionary());
    write(corpus / "dictionaries/topics.dict", fuzz::topic_dictionary());
    std::printf("%zu seeds, %zu octets\n", seeds.size(), octets);
    return 0;
}
