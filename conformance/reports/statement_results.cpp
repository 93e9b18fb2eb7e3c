#include "conformance/reports/statement_results.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace conformance {
namespace {

std::string why_untested(const Statement& s) {
    if (const Excuse* e = find_excuse(s.id, s.protocol))
        return std::string(e->planned ? "planned: " : "excused: ") + std::string(e->reason);
    return "no case of it was run";
}

void add(StatementResult& to, const CaseResult& c) {
    if (std::find(to.cases.begin(), to.cases.end(), c.name) == to.cases.end()) to.cases.push_back(c.name);
    if (to.verdict && badness(c.verdict) <= badness(*to.verdict)) return;
    to.verdict = c.verdict;
    to.reason = c.message;
}

}  // namespace

std::vector<StatementResult> statement_results(const RunResult& run) {
    std::vector<StatementResult> all;
    std::map<std::pair<mqtt::Version, std::string_view>, std::size_t> index;
    for (const auto& s : statements()) {
        index.emplace(std::pair(s.protocol, s.id), all.size());
        all.push_back({&s, std::nullopt, {}, {}});
    }
    for (const auto& c : run.cases)
        for (const auto& id : c.statements)
            if (const auto at = index.find({c.protocol, id}); at != index.end()) add(all[at->second], c);
    for (auto& r : all)
        if (!r.verdict) r.reason = why_untested(*r.statement);
    return all;
}

Counts count(const std::vector<CaseResult>& cases) {
    Counts n{};
    for (const auto& c : cases) ++n[static_cast<std::size_t>(c.verdict)];
    return n;
}

Counts count(const std::vector<CaseResult>& cases, mqtt::Version v) {
    Counts n{};
    for (const auto& c : cases)
        if (c.protocol == v) ++n[static_cast<std::size_t>(c.verdict)];
    return n;
}

}  // namespace conformance
