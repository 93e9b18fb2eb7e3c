// The journal that is a file: sessions, messages and wills that survive the process (SQLite with a write-ahead log).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "reference/journal.hpp"

namespace reference {

/// The file is not taken: damaged, not ours, newer, in use, not to be read or written. It is as it was before.
struct StoreRefused : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// The file could not be written (a full disk, an I/O error): what was committed before is kept, the rest is not.
struct StoreFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct StoreOptions {
    std::string path;
    /// Commits wait for the disk: they survive a loss of power too, and not only of the process.
    bool synchronous = false;
    /// Milliseconds since 1970; the system's by default.
    std::function<std::int64_t()> clock{};
    /// Is told in one line what was restored.
    std::function<void(const std::string&)> say{};
};

/// False in a build without SQLite (-DMQTTSPEC_STORE=OFF).
bool can_store();
/// Opens the file, or makes it where there is none. Throws StoreRefused, whose text names the file. Of the journal,
/// restore() throws StoreRefused and commit() StoreFailed.
std::unique_ptr<Journal> open_store(StoreOptions options);

}  // namespace reference
