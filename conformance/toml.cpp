#include "conformance/toml.hpp"

#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <cstdio>
#include <memory>
#include <set>
#include <sstream>

#include "conformance/run_options.hpp"

namespace conformance {

struct TomlFile::State {
    std::shared_ptr<const toml::table> root;  // of the whole file
    const toml::table* table = nullptr;       // this one
    std::string path;
    std::set<std::string> asked;

    std::string where(const toml::node& node) const { return path + ":" + std::to_string(node.source().begin.line); }
    [[noreturn]] void refuse(const toml::node& node, const std::string& key, const std::string& what) const {
        throw UsageError(where(node) + ": " + key + ": " + what);
    }
    const toml::node* find(const std::string& key) {
        asked.insert(key);
        return table->at_path(key).node();
    }
};

namespace {

std::shared_ptr<const toml::table> parse(std::string_view text, const std::string& path) {
    try {
        return std::make_shared<const toml::table>(toml::parse(text));
    } catch (const toml::parse_error& e) {
        throw UsageError(path + ":" + std::to_string(e.source().begin.line) + ": " + std::string(e.description()));
    }
}

std::string scalar(const toml::node& node) {
    if (const auto* s = node.as_string()) return s->get();
    if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
    std::ostringstream out;
    node.visit([&](const auto& n) { out << n; });
    return out.str();
}

void collect(const toml::table& table, const std::string& prefix, const std::string& path,
             std::vector<TomlFile::Entry>& out) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        if (const auto* inner = node.as_table()) {
            collect(*inner, key + ".", path, out);
            continue;
        }
        TomlFile::Entry entry{key, {}, path + ":" + std::to_string(node.source().begin.line)};
        if (const auto* array = node.as_array())
            for (const auto& item : *array) entry.values.push_back(scalar(item));
        else
            entry.values.push_back(scalar(node));
        out.push_back(std::move(entry));
    }
}

/// The first key below `table` that is not in `asked`, with its node.
std::pair<std::string, const toml::node*> unknown_key(const toml::table& table, const std::string& prefix,
                                                      const std::set<std::string>& asked) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        if (asked.contains(key)) continue;
        const auto* inner = node.as_table();
        if (!inner) return {key, &node};
        // a table is known by what is asked of it
        const auto at = asked.lower_bound(key + ".");
        if (at == asked.end() || !at->starts_with(key + ".")) return {key, &node};
        if (const auto found = unknown_key(*inner, key + ".", asked); found.second) return found;
    }
    return {"", nullptr};
}

}  // namespace

std::string read_file(const std::string& path) {
    constexpr std::size_t most = 256u << 20;  // octets: some files have no end
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    const auto refuse = [&] { throw UsageError(path + ": cannot be read" + (errno ? std::string(": ") + std::strerror(errno) : "")); };
    if (!file) refuse();
    std::string text;
    for (char piece[1 << 16]; const std::size_t n = std::fread(piece, 1, sizeof piece, file.get());) {
        text.append(piece, n);
        if (text.size() > most) throw UsageError(path + ": is larger than 256 MiB, which no such file is");
    }
    if (std::ferror(file.get())) refuse();
    return text;
}

std::string toml_text(std::string_view text) {
    std::ostringstream out;
    out << toml::value<std::string>(std::string(text));
    return out.str();
}

TomlFile::TomlFile(std::string_view text, std::string path) : state_(std::make_unique<State>()) {
    state_->root = parse(text, path);
    state_->table = state_->root.get();
    state_->path = std::move(path);
}
TomlFile::TomlFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
TomlFile::TomlFile(TomlFile&&) noexcept = default;
TomlFile::~TomlFile() = default;

std::optional<std::string> TomlFile::text(const std::string& key) const {
    const auto* node = state_->find(key);
    if (!node) return std::nullopt;
    if (!node->is_string()) state_->refuse(*node, key, "has to be a text in quotes");
    return node->as_string()->get();
}

std::optional<bool> TomlFile::boolean(const std::string& key) const {
    const auto* node = state_->find(key);
    if (!node) return std::nullopt;
    if (!node->is_boolean()) state_->refuse(*node, key, "has to be true or false");
    return node->as_boolean()->get();
}

std::optional<std::int64_t> TomlFile::number(const std::string& key, std::int64_t least, std::int64_t most) const {
    const auto* node = state_->find(key);
    if (!node) return std::nullopt;
    const auto* n = node->as_integer();
    if (!n || n->get() < least || n->get() > most)
        state_->refuse(*node, key, "has to be a number from " + std::to_string(least) + " to " + std::to_string(most));
    return n->get();
}

std::vector<TomlFile> TomlFile::tables(const std::string& name) const {
    std::vector<TomlFile> out;
    const auto* node = state_->find(name);
    if (!node) return out;
    const auto* array = node->as_array();
    if (!array) state_->refuse(*node, name, "has to be written as [[" + name + "]]");
    for (const auto& item : *array) {
        if (!item.is_table()) state_->refuse(item, name, "has to be written as [[" + name + "]]");
        auto state = std::make_unique<State>();
        state->root = state_->root;
        state->table = item.as_table();
        state->path = state_->path;
        out.push_back(TomlFile(std::move(state)));
    }
    return out;
}

std::vector<TomlFile::Entry> TomlFile::entries() const {
    std::vector<Entry> out;
    collect(*state_->table, "", state_->path, out);
    return out;
}

void TomlFile::refuse_unknown() const {
    const auto [key, node] = unknown_key(*state_->table, "", state_->asked);
    if (node) state_->refuse(*node, key, "is no known key");
}

std::string TomlFile::where() const { return state_->where(*state_->table); }

}  // namespace conformance
