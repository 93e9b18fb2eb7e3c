// Look-up in the table; the rows themselves are made at build time (tools/embed_statements.cpp).
#include "conformance/statements.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace conformance {
namespace {

using Key = std::pair<mqtt::Version, std::string_view>;

template <class Row>
std::map<Key, const Row*> index_of(std::span<const Row> rows) {
    std::map<Key, const Row*> index;
    for (const auto& r : rows) index.emplace(Key{r.protocol, r.id}, &r);
    return index;
}

template <class Row>
const Row* look_up(const std::map<Key, const Row*>& index, std::string_view id, mqtt::Version v) {
    const auto found = index.find({v, id});
    return found == index.end() ? nullptr : found->second;
}

bool digit(char c) { return c >= '0' && c <= '9'; }

/// The number that starts at text[at]; moves `at` behind it.
unsigned long number(std::string_view text, std::size_t& at) {
    unsigned long n = 0;
    for (; at < text.size() && digit(text[at]); ++at) n = n * 10 + static_cast<unsigned long>(text[at] - '0');
    return n;
}

}  // namespace

const Statement* find_statement(std::string_view id, mqtt::Version v) {
    static const auto index = index_of(statements());
    return look_up(index, id, v);
}

const Excuse* find_excuse(std::string_view id, mqtt::Version v) {
    static const auto index = index_of(excuses());
    return look_up(index, id, v);
}

bool is_statement(std::string_view id) {
    return find_statement(id, mqtt::Version::v3_1_1) || find_statement(id, mqtt::Version::v5);
}

std::string_view section_number(const Statement& s) { return s.section.substr(0, s.section.find(' ')); }

bool stands_before(std::string_view a, std::string_view b) {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (digit(a[i]) && digit(b[j])) {
            const auto left = number(a, i), right = number(b, j);
            if (left != right) return left < right;
        } else {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i, ++j;
        }
    }
    return a.size() - i < b.size() - j;
}

}  // namespace conformance
