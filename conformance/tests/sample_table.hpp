// A small table of cases for tests that must not depend on the suite's own.
#pragma once
#include "conformance/case_table.hpp"
#include "conformance/results.hpp"

namespace conformance {

/// Three cases: connect.alpha (both versions), connect.beta (5 alone), publish.gamma (3.1.1 alone).
std::span<const CaseInfo> sample_table();
CaseResult sample_result(std::string name, mqtt::Version, Verdict, std::string statement = "MQTT-3.1.0-2");

}  // namespace conformance
