// The proof and the probe, as people read them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/reports/reports.hpp"
#include "conformance/reports/text.hpp"

namespace conformance {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& w : words) out += (out.empty() ? "" : ", ") + w;
    return out;
}

std::size_t caught(const ProofResult& p) {
    return static_cast<std::size_t>(
        std::count_if(p.rows.begin(), p.rows.end(), [](const auto& r) { return r.caught(); }));
}

std::size_t accused(const ProofResult& p) {
    return static_cast<std::size_t>(
        std::count_if(p.variations.begin(), p.variations.end(), [](const auto& v) { return !v.accused_by.empty(); }));
}

std::string problems(const ProofResult& p) {
    std::string out;
    for (const auto& r : p.rows)
        if (!r.caught())
            out += fmt::format(
                "missed   {} (MQTT {}, {}){}\n", r.violation, mqtt::name(r.protocol), r.statement,
                r.also_failed.empty() ? "" : "; what failed names another statement: " + joined(r.also_failed));
    for (const auto& name : p.idle_cases) out += "idle     " + name + ": no violation makes it fail\n";
    for (const auto& v : p.variations)
        if (!v.accused_by.empty())
            out += fmt::format("accused  {} (MQTT {}), which is legal, by {}\n", v.id, mqtt::name(v.protocol),
                               joined(v.accused_by));
    return out;
}

}  // namespace

std::string proof_text(const ProofResult& p, bool quiet) {
    std::string out = problems(p);
    if (quiet) return out;
    for (const auto& n : p.notes) out += "note     " + printable(n) + "\n";
    std::set<std::string> ids;
    for (const auto& r : p.rows) ids.insert(r.violation);
    return out +
           fmt::format("{} in {} runs: {} caught, {} missed; {}; {}, {} accused; {:.1f} s, seed {}\n",
                       counted(ids.size(), "violation"), p.rows.size(), caught(p), p.rows.size() - caught(p),
                       counted(p.idle_cases.size(), "idle case"), counted(p.variations.size(), "legal variation"),
                       accused(p), p.duration_s, p.seed) +
           (p.interrupted ? "INCOMPLETE interrupted\n" : "");
}

int exit_code(const ProofResult& p) {
    if (p.interrupted) return 130;
    if (p.broken) return 4;
    const bool clean = caught(p) == p.rows.size() && p.idle_cases.empty() && accused(p) == 0 && p.unexplained == 0;
    return clean && !p.rows.empty() ? 0 : 1;
}

std::string probe_text(const ProbeResult& p) {
    std::string out =
        printable(p.target_url) + (p.target_name.empty() ? "" : " (" + printable(p.target_name) + ")") + "\n";
    mqtt::Version last{};
    for (const auto& f : p.findings) {
        if (f.protocol != last) out += fmt::format("\nMQTT {}\n", mqtt::name(last = f.protocol));
        out += fmt::format("  {:<26} {}{}\n", f.name, f.value, f.note.empty() ? "" : "   " + printable(f.note));
    }
    return out;
}

}  // namespace conformance
