#include "reference/store_database.hpp"

#include <sqlite3.h>

namespace reference {

// ---- statements ------------------------------------------------------------------

void Statement::Close::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Database& database, const char* sql) : database_(database) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(database.database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr));
    statement_.reset(made);
}

void Statement::check(int code) {
    if (code != SQLITE_OK) database_.fail(code);
}

bool Statement::row() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    sqlite3_reset(statement_.get());
    if (code != SQLITE_DONE) database_.fail(code);
    return false;
}

std::int64_t Statement::number(int column) { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::text(int column) {
    const void* octets = sqlite3_column_blob(statement_.get(), column);
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return octets ? std::string_view(static_cast<const char*>(octets), std::size_t(size)) : std::string_view{};
}

bool Statement::null(int column) { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

void Statement::bind(int at, std::int64_t value) { check(sqlite3_bind_int64(statement_.get(), at, value)); }
void Statement::bind_null(int at) { check(sqlite3_bind_null(statement_.get(), at)); }

// A null pointer would be NULL: an empty text need not have another.
void Statement::bind(int at, std::string_view text) {
    check(sqlite3_bind_text64(statement_.get(), at, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
}
void Statement::bind(int at, Blob blob) {
    const auto& octets = blob.octets;
    check(sqlite3_bind_blob64(statement_.get(), at, octets.empty() ? "" : octets.data(), octets.size(),
                              SQLITE_STATIC));
}

// ---- the file --------------------------------------------------------------------

void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Database::Database(const std::string& path) {
    // A name is a name: neither ":memory:" nor a URI.
    const std::string name = path.starts_with('/') ? path : "./" + path;
    sqlite3* made = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &made,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    database_.reset(made);
    if (code != SQLITE_OK) fail(code);
    may_tidy(false);
}

void Database::may_tidy(bool may) {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, may ? 0 : 1, nullptr);
}

void Database::run(const char* sql) {
    const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
}

std::string Database::answer(const char* sql) {
    Statement statement(*this, sql);
    return statement.row() ? std::string(statement.text(0)) : std::string();
}

bool Database::read_only() const { return sqlite3_db_readonly(database_.get(), "main") != 0; }

void Database::fail(int code) const {
    const bool told = database_ && sqlite3_extended_errcode(database_.get()) == code;
    throw DatabaseFault(code, told ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code));
}

}  // namespace reference
