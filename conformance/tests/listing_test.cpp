#include "conformance/listing.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "conformance/run_options.hpp"
#include "conformance/tests/sample_table.hpp"

namespace conformance {
namespace {

using mqtt::Version;
using nlohmann::json;

const ViolationInfo sample_violations[] = {{"same", {"MQTT-3.1.0-2", "MQTT-3.1.0-2"}, "an effect"},
                                           {"differs", {"MQTT-2.3.1-6", "MQTT-2.2.1-5"}, "another"},
                                           {"new_only", {"", "MQTT-3.1.4-1"}, "a third"}};
const Catalogue sample{sample_table(), sample_violations};

TEST(Listing, StatesOfStatements) {
    for (const auto& e : statement_entries(sample)) {
        const auto key = std::string(e.statement->id) + "/" + std::string(mqtt::name(e.statement->protocol));
        if (key == "MQTT-3.1.0-2/5") {
            EXPECT_EQ(e.state, State::covered);
            EXPECT_EQ(e.cases, std::vector<std::string_view>{"connect.alpha"});
            EXPECT_EQ(e.violations, std::vector<std::string_view>{"same"});
        }
        if (key == "MQTT-3.14.4-2/3.1.1") {
            EXPECT_EQ(e.state, State::excused);
        }
        if (key == "MQTT-3.3.2-2/5") {
            EXPECT_NE(e.state, State::covered) << "publish.gamma runs in 3.1.1 alone";
        }
    }
}

TEST(Listing, JsonHasTheKeysOfTheContract) {
    const json r = json::parse(list_json(sample));
    EXPECT_EQ(r["statements"].size(), statements().size());
    for (const char* key : {"id", "protocol", "section", "obliged", "testable", "severity", "summary", "cases",
                            "violations", "state", "reason"})
        EXPECT_TRUE(r["statements"][0].contains(key)) << key;
    EXPECT_EQ(r["cases"][1],
              json::parse(R"({"case": "connect.beta", "title": "Receive Maximum is not 0", "protocols": ["5"],
        "statements": {"3.1.1": [], "5": ["X-3.1.2-receive-maximum-zero", "MQTT-3.1.4-1"]}, "needs": ["retain"]})"));
    EXPECT_EQ(r["violations"].size(), 4u);  // `differs` is numbered differently in the two versions
    EXPECT_EQ(r["violations"][0]["protocols"], json({"3.1.1", "5"}));
    EXPECT_EQ(r["violations"][0]["expected_cases"], json({"connect.alpha"}));
    EXPECT_EQ(
        r["violations"][2],
        json::parse(
            R"({"id": "differs", "statement": "MQTT-2.2.1-5", "protocols": ["5"], "effect": "another", "expected_cases": []})"));
}

TEST(Listing, ExplainsStatementsCasesAndViolations) {
    const std::string statement = explain(sample, "MQTT-3.1.0-2");
    EXPECT_NE(statement.find("MQTT 3.1.1"), std::string::npos);
    EXPECT_NE(statement.find("MQTT 5"), std::string::npos);
    EXPECT_NE(statement.find("connect.alpha"), std::string::npos);
    EXPECT_NE(explain(sample, "connect.beta").find("new_only"), std::string::npos);
    EXPECT_NE(explain(sample, "same").find("mqttspec broker --violate same"), std::string::npos);
    try {
        explain(sample, "connect.bata");
        FAIL() << "an unknown id was explained";
    } catch (const UsageError& e) {
        EXPECT_STREQ(e.what(),
                     "connect.bata: is no statement, case or violation; did you mean connect.beta, connect.alpha?");
    }
}

}  // namespace
}  // namespace conformance
