// A result as text, in every format there is. Nothing here writes files.
#pragma once
#include <string>

#include "replay/baseline.hpp"
#include "replay/plan.hpp"
#include "replay/result.hpp"

namespace replay {

/// Schema "mqttspec.replay/1" (docs/schemas/replay.json).
std::string json_report(const Result&);
/// One testcase for each session; its differences are its failures, expected ones are skipped.
std::string junit_report(const Result&, const Judged&);
std::string markdown_report(const Result&, const Judged&);
/// One page without scripts and links.
std::string html_report(const Result&, const Judged&);

struct TextStyle {
    bool quiet = false, verbose = false;  // quiet: differences, no summary; verbose: choices and inconclusive ones too
    std::size_t most = 50;                // differences in full
};
std::string text_report(const Result&, const Judged&, const TextStyle&);
/// --inspect: sessions, gaps, and what can be replayed.
std::string inspection(const Plan&, const std::vector<std::string>& remarks);

/// Reads what json_report wrote. Throws std::runtime_error: what is wrong with it.
Result read_report(const std::string& json);

}  // namespace replay
