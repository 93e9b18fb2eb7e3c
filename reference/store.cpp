// Opening the file, and its transactions.
#include "reference/store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "reference/store_tables.hpp"

namespace reference {
namespace {

std::int64_t system_clock() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint32_t big_endian(const char* at) {
    std::uint32_t n = 0;
    for (int i = 0; i < 4; ++i) n = n << 8 | static_cast<unsigned char>(at[i]);
    return n;
}

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
    throw StoreRefused("store " + path + ": " + why);
}

void check_version(const std::string& path, std::uint32_t magic, std::uint32_t version) {
    if (magic != store_magic) refuse(path, "is not a store of mqttspec; name another file");
    if (version > store_version)
        refuse(path, "was made by a newer mqttspec (its version is " + std::to_string(version) +
                         ", this one knows " + std::to_string(store_version) + "); use that one, or name another file");
    if (version == 0) refuse(path, "is damaged: it has no version");
}

/// Looks at the file before SQLite does, which would write to it; makes it where there is none.
void check_file(const std::string& path) {
    if (path.empty()) throw StoreRefused("store: the name of the file is empty");
    const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);  // messages are private
    if (made >= 0) {
        ::close(made);
        return;
    }
    if (errno != EEXIST) refuse(path, std::string("cannot be made: ") + std::strerror(errno));
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) refuse(path, std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) refuse(path, "is not a file");
    if (status.st_size == 0) return;
    std::ifstream file(path, std::ios::binary);
    std::array<char, 100> header{};  // as sqlite.org/fileformat.html has it
    if (!file) refuse(path, std::string("cannot be read: ") + std::strerror(errno));
    file.read(header.data(), header.size());
    const bool sqlite = file && std::memcmp(header.data(), "SQLite format 3", 16) == 0;
    check_version(path, sqlite ? big_endian(&header[68]) : 0, big_endian(&header[60]));
}

std::string why(const DatabaseFault& fault, const std::string& path) {
    switch (fault.code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "is in use by another broker; end it, or name another file";
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return "is damaged (" + std::string(fault.what()) + "); restore a copy, or move it away (with " + path +
                   "-wal) to begin anew";
        case SQLITE_READONLY:
        case SQLITE_PERM: return "cannot be written";
        case SQLITE_CANTOPEN: return "cannot be opened";
        default: return "cannot be used: " + std::string(fault.what());
    }
}

}  // namespace

bool can_store() { return true; }

std::unique_ptr<Journal> open_store(StoreOptions options) {
    if (!options.clock) options.clock = system_clock;
    const std::string path = options.path;
    check_file(path);
    try {
        return std::make_unique<Store>(std::move(options));
    } catch (const DatabaseFault& fault) {
        refuse(path, why(fault, path));
    }
}

Store::Store(StoreOptions options) : options_(std::move(options)), database_(options_.path) { prepare(); }

void Store::Delete::operator()(Statements* statements) const { delete statements; }

void Store::damaged(const std::string& what) const {
    refuse(options_.path, why(DatabaseFault(SQLITE_CORRUPT, what), options_.path));
}

void Store::prepare() {
    if (database_.read_only()) refuse(options_.path, "cannot be written");
    database_.run("PRAGMA locking_mode = EXCLUSIVE");  // from the first read on
    database_.run("PRAGMA cell_size_check = ON");
    const bool fresh = database_.answer("SELECT count(*) FROM sqlite_master") == "0";
    if (!fresh) {
        const auto magic = std::stoul(database_.answer("PRAGMA application_id"));
        check_version(options_.path, std::uint32_t(magic), std::uint32_t(std::stoul(database_.answer("PRAGMA user_version"))));
        const auto verdict = database_.answer("PRAGMA quick_check(1)");
        if (verdict != "ok") damaged(verdict);
    } else {  // all of it or nothing
        const std::string marks = "PRAGMA application_id = " + std::to_string(store_magic) +
                                  "; PRAGMA user_version = " + std::to_string(store_version) + "; COMMIT";
        database_.run("BEGIN EXCLUSIVE");
        database_.run(store_tables);
        database_.run(marks.c_str());
    }
    if (database_.answer("PRAGMA journal_mode = WAL") != "wal") refuse(options_.path, "cannot have a write-ahead log");
    database_.run(options_.synchronous ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    database_.run("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192");
    try {
        statements_.reset(new Statements(database_));
    } catch (const DatabaseFault& fault) {
        damaged(fault.what());  // a table is not as it should be
    }
}

std::optional<std::int64_t> Store::wall(const std::optional<Time>& t) const {
    return t ? std::optional(wall(*t)) : std::nullopt;
}

void Store::commit(Time now) {
    if (failure_.empty() && begun_) try {
        statements_->commit.run();
        begun_ = false;
        set_offset(now);  // the wall clock may have been set
    } catch (const DatabaseFault& fault) {
        failure_ = fault.what();
    }
    if (!failure_.empty())
        throw StoreFailed("store " + options_.path + ": cannot be written: " + failure_ +
                          "; nothing was acknowledged since, what was before is kept");
}

}  // namespace reference
