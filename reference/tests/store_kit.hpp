// A broker with a store, and what is left of both after kill -9.
#pragma once
#include <filesystem>
#include <fstream>

#include "reference/store.hpp"
#include "reference/tests/kit.hpp"

namespace reference::test {

namespace fs = std::filesystem;

/// A folder of its own, gone at the end.
struct Folder {
    Folder() {
        const fs::path memory = "/dev/shm";  // where there is no disk to wait for
        std::string name =
            ((fs::exists(memory) ? memory : fs::temp_directory_path()) / "mqttspec-store-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

inline std::string octets_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void write(const fs::path& path, std::string_view octets) {
    std::ofstream(path, std::ios::binary).write(octets.data(), std::streamsize(octets.size()));
}
/// What a kill leaves of a store: the file and its log as they are now.
inline void copy_store(const fs::path& from, const fs::path& to) {
    for (const char* end : {"", "-wal"}) {
        const auto source = from.string() + end, target = to.string() + end;
        fs::remove(target);
        if (fs::exists(source)) fs::copy_file(source, target);
    }
}

constexpr std::int64_t wall_at_start = 1'700'000'000'000;
constexpr Time some_time = 500s;

/// One life of a broker; its clock starts anywhere, the wall clock goes on.
struct Life {
    Life(const fs::path& file, std::int64_t wall_now, Time core_now, Settings settings = {})
        : path(file), net(std::move(settings)) {
        net.now = core_now;
        epoch = wall_now - core_now.count();
        StoreOptions options{.path = path.string()};
        options.clock = [this] { return wall(); };
        options.say = [this](const std::string& line) { said = line; };
        journal = open_store(std::move(options));
        net.broker.keep(*journal, net.now);
        commit();
    }
    void commit() { journal->commit(net.now); }
    std::int64_t wall() const { return epoch + net.now.count(); }

    fs::path path;
    std::int64_t epoch = 0;
    std::string said;
    std::unique_ptr<Journal> journal;
    Net net;
};

}  // namespace reference::test
