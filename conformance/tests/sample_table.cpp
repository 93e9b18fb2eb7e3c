#include "conformance/tests/sample_table.hpp"

namespace conformance {

std::span<const CaseInfo> sample_table() {
    static const std::vector<CaseInfo> table{
        {"connect.alpha", "A second CONNECT ends the connection", {"MQTT-3.1.0-2"}, {"MQTT-3.1.0-2"}, {}},
        {"connect.beta", "Receive Maximum is not 0", {}, {"X-3.1.2-receive-maximum-zero", "MQTT-3.1.4-1"}, {"retain"}},
        {"publish.gamma", "No wildcards in a topic name", {"MQTT-3.3.2-2"}, {}, {}}};
    return table;
}

std::span<const CaseInfo> case_table() { return sample_table(); }

CaseResult sample_result(std::string name, mqtt::Version v, Verdict verdict, std::string statement) {
    CaseResult c;
    c.name = std::move(name);
    c.title = "A title";
    c.protocol = v;
    c.statements = {std::move(statement)};
    c.verdict = verdict;
    c.duration_ms = 4.1;
    c.message = verdict == Verdict::pass ? "" : "the message";
    return c;
}

}  // namespace conformance
