// Reading TOML so that every mistake is named with file, line and key. Hides toml++ from everybody else.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

/// The whole file. Throws UsageError ("FILE: cannot be read: reason").
std::string read_file(const std::string& path);
/// A TOML string literal with quotes.
std::string toml_text(std::string_view);

/// A file read key by key; keys are "table.key". Everything throws UsageError with file, line and key.
class TomlFile {
public:
    TomlFile(std::string_view toml, std::string path);
    ~TomlFile();

    std::optional<std::string> text(const std::string& key) const;
    std::optional<bool> boolean(const std::string& key) const;
    std::optional<std::int64_t> number(const std::string& key, std::int64_t least, std::int64_t most) const;

    /// [[name]] tables: `each` is called with a file of its own for each.
    std::vector<TomlFile> tables(const std::string& name) const;
    /// All keys with scalar values (as text) or arrays of them, "table.key"; for files that hold options.
    struct Entry {
        std::string key;
        std::vector<std::string> values;
        std::string where;  // "FILE:LINE"
    };
    std::vector<Entry> entries() const;

    /// Names the first key that nobody asked for.
    void refuse_unknown() const;
    /// "FILE:LINE" of the table.
    std::string where() const;

    TomlFile(TomlFile&&) noexcept;

private:
    struct State;
    explicit TomlFile(std::unique_ptr<State>);
    std::unique_ptr<State> state_;
};

}  // namespace conformance
