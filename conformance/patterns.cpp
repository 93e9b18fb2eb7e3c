#include "conformance/patterns.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "conformance/run_options.hpp"
#include "conformance/statements.hpp"
#include "conformance/versions.hpp"

namespace conformance {
namespace {

bool is_id_pattern(std::string_view pattern) { return pattern.starts_with("MQTT-") || pattern.starts_with("X-"); }

bool covers_id(const std::string& pattern, const CaseInfo& info, mqtt::Version v) {
    const auto& ids = info.statements(v);
    return std::any_of(ids.begin(), ids.end(), [&](auto id) { return glob_matches(pattern, id); });
}

bool covers_section(const std::string& section, const CaseInfo& info, mqtt::Version v) {
    const auto& ids = info.statements(v);
    return std::any_of(ids.begin(), ids.end(), [&](auto id) {
        const Statement* s = find_statement(id, v);
        return s && (glob_matches(section, section_number(*s)) || glob_matches(section + ".*", section_number(*s)));
    });
}

bool selects_any(const std::string& pattern, std::span<const CaseInfo> table,
                 const std::vector<mqtt::Version>& versions) {
    return std::any_of(table.begin(), table.end(), [&](const CaseInfo& info) {
        return std::any_of(versions.begin(), versions.end(), [&](auto v) { return selects(pattern, info, v); });
    });
}

/// Why a statement id that is in the tables selects no case.
std::string why_uncovered(std::string_view id) {
    for (const auto v : {mqtt::Version::v3_1_1, mqtt::Version::v5})
        if (const Excuse* e = find_excuse(id, v))
            return " (" + std::string(e->planned ? "planned: " : "excused: ") + std::string(e->reason) + ")";
    return {};
}

[[noreturn]] void no_match(const char* option, const std::string& pattern, std::span<const CaseInfo> table) {
    std::string text = std::string(option) + " " + pattern + ": matches no case";
    if (is_statement(pattern)) throw UsageError(text + why_uncovered(pattern));
    std::vector<std::string_view> known;
    if (is_id_pattern(pattern))
        for (const auto& s : statements()) known.push_back(s.id);
    else
        for (const auto& c : table) known.push_back(c.name);
    throw UsageError(text + suggestion(pattern, known));
}

bool selects_one_of(const std::vector<std::string>& patterns, const CaseInfo& info, mqtt::Version v) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return selects(p, info, v); });
}

std::vector<Selected> shard_of(std::vector<Selected> all, const Selection& choice) {
    std::vector<Selected> part;
    for (std::size_t i = choice.shard - 1; i < all.size(); i += choice.shards) part.push_back(all[i]);
    return part;
}

/// Levenshtein's distance in octets, where two neighbours changing places count as one step.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last, last, row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before_last = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
    }
    return row.back();
}

}  // namespace

bool glob_matches(const std::string& glob, std::string_view text) {
    return fnmatch(glob.c_str(), std::string(text).c_str(), FNM_NOESCAPE) == 0;
}

bool selects(const std::string& pattern, const CaseInfo& info, mqtt::Version v) {
    if (!info.runs_in(v)) return false;
    if (is_id_pattern(pattern)) return covers_id(pattern, info, v);
    const auto slash = pattern.find('/');
    if (slash == std::string::npos) return glob_matches(pattern, info.name);
    const std::string version = pattern.substr(0, slash);
    return (version == "*" || parse_version(version) == v) && covers_section(pattern.substr(slash + 1), info, v);
}

std::vector<Selected> choose(std::span<const CaseInfo> table, const Selection& choice) {
    for (const auto& p : choice.only)
        if (!selects_any(p, table, choice.versions)) no_match("--only", p, table);
    for (const auto& p : choice.skip)  // one that is right for the other version alone does no harm
        if (!selects_any(p, table, {mqtt::Version::v3_1_1, mqtt::Version::v5})) no_match("--skip", p, table);
    std::vector<Selected> all;
    for (const auto v : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
        if (std::find(choice.versions.begin(), choice.versions.end(), v) == choice.versions.end()) continue;
        for (const auto& info : table)
            if (info.runs_in(v) && (choice.only.empty() || selects_one_of(choice.only, info, v)) &&
                !selects_one_of(choice.skip, info, v))
                all.push_back({&info, v});
    }
    all = shard_of(std::move(all), choice);
    if (all.empty()) throw UsageError("no case is left to run: --only, --skip, --shard and -V exclude each other");
    return all;
}

std::vector<std::string_view> near_names(std::string_view text, const std::vector<std::string_view>& known) {
    std::vector<std::pair<std::size_t, std::size_t>> near;  // distance, place in `known`
    for (std::size_t i = 0; i < known.size(); ++i) {
        const auto d = distance(text, known[i]);
        if (d <= 2 + text.size() / 4 || (text.size() >= 3 && known[i].find(text) != text.npos)) near.emplace_back(d, i);
    }
    std::sort(near.begin(), near.end());
    std::vector<std::string_view> out;
    for (const auto& [d, i] : near)
        if (out.size() < 3 && std::find(out.begin(), out.end(), known[i]) == out.end()) out.push_back(known[i]);
    return out;
}

std::string suggestion(std::string_view text, const std::vector<std::string_view>& known) {
    std::string out;
    for (const auto name : near_names(text, known)) out += (out.empty() ? "; did you mean " : ", ") + std::string(name);
    return out.empty() ? out : out + "?";
}

}  // namespace conformance
