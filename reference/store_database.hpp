// Private to the store: the little of SQLite that it takes, closed and finalized by itself.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace reference {

/// What SQLite refuses; `code` is its extended result code.
struct DatabaseFault : std::runtime_error {
    DatabaseFault(int c, const std::string& what) : std::runtime_error(what), code(c) {}
    int code;
};

/// Text that is bound and read as a blob.
struct Blob {
    std::string_view octets;
};

class Database;

/// A prepared statement. Views that are bound have to live until the end of run(), or of the last row().
class Statement {
public:
    Statement(Database& database, const char* sql);

    /// Binds all parameters, and runs to the end.
    template <class... Values> void run(const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        while (row()) {
        }
    }
    /// The next row, or false at the end: then it starts anew.
    bool row();

    std::int64_t number(int column);
    std::string_view text(int column);  // of a blob too; good until the next row
    bool null(int column);

private:
    void bind(int at, std::int64_t value);
    void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, std::uint32_t value) { bind(at, std::int64_t{value}); }
    void bind(int at, std::uint16_t value) { bind(at, std::int64_t{value}); }
    void bind(int at, int value) { bind(at, std::int64_t{value}); }
    void bind(int at, bool value) { bind(at, std::int64_t{value}); }
    void bind(int at, std::string_view text);
    void bind(int at, const std::string& text) { bind(at, std::string_view(text)); }
    void bind(int at, Blob);
    template <class T> void bind(int at, const std::optional<T>& value) {
        if (value) bind(at, *value);
        else bind_null(at);
    }
    void bind_null(int at);
    void check(int code);

    struct Close {
        void operator()(sqlite3_stmt*) const;
    };
    Database& database_;
    std::unique_ptr<sqlite3_stmt, Close> statement_;
};

class Database {
public:
    explicit Database(const std::string& path);
    /// SQL without parameters; rows are passed over.
    void run(const char* sql);
    /// The first column of the first row, as text.
    std::string answer(const char* sql);
    bool read_only() const;
    /// Whether closing may move the write-ahead log into the file; it may not at first.
    void may_tidy(bool);
    [[noreturn]] void fail(int code) const;

private:
    friend class Statement;
    struct Close {
        void operator()(sqlite3*) const;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace reference
