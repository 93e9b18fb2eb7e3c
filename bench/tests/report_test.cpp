#include "bench/load_report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/process_stats.hpp"

namespace bench {
namespace {

using nlohmann::json;

Measurement traffic(mqtt::QoS qos) {
    Measurement m;
    m.load.flow = "some";
    m.load.qos = qos;
    m.seconds = 2;
    m.published = m.deliveries = 1'500'000;
    m.measured = 1'000'000;
    m.load_cpu_s = 0.5;
    return m;
}

TEST(Measured, CpuIsPerMillionOfWhatWasMeasured) {
    Measurement m = traffic(mqtt::QoS::at_most_once);
    EXPECT_FALSE(m.cpu_per_million());
    m.cpu_s = 0.25;
    EXPECT_DOUBLE_EQ(*m.cpu_per_million(), 0.25);
    m.measured = 250'000;
    EXPECT_DOUBLE_EQ(*m.cpu_per_million(), 1);
    EXPECT_DOUBLE_EQ(m.per_second(), 125'000);
    m.measured = 0;
    EXPECT_FALSE(m.cpu_per_million());
}

TEST(Finding, QoS0MayDropSomeButNotAll) {
    Measurement m = traffic(mqtt::QoS::at_most_once);
    EXPECT_EQ(finding(m), "");
    m.missing = 7;
    EXPECT_EQ(finding(m), "");
    m.deliveries = 0;
    EXPECT_EQ(finding(m), "7 of 7 deliveries are missing");
}

TEST(Finding, QoS1MayRepeatButNotLose) {
    Measurement m = traffic(mqtt::QoS::at_least_once);
    m.surplus = 3;
    EXPECT_EQ(finding(m), "");
    m.missing = 1;
    m.unacknowledged = 2;
    m.refused = 4;
    m.stray = 5;
    EXPECT_EQ(finding(m),
              "1 of 1499998 deliveries are missing, 2 handshakes did not end, 5 acknowledgements of nothing under way, 4 "
              "messages were refused");
}

TEST(Finding, QoS2MayNeither) {
    Measurement m = traffic(mqtt::QoS::exactly_once);
    m.surplus = 1;
    EXPECT_EQ(finding(m), "1 deliveries too many");
    m = traffic(mqtt::QoS::exactly_once);
    m.missing = 1;
    EXPECT_EQ(finding(m), "1 of 1500001 deliveries are missing");
}

TEST(Finding, NothingPublishedIsOne) {
    Measurement m = traffic(mqtt::QoS::at_most_once);
    m.published = m.deliveries = m.measured = 0;
    EXPECT_EQ(finding(m), "nothing could be published");
    m.interrupted = true;
    EXPECT_EQ(finding(m), "");
    m.interrupted = false;
    m.load.kind = Kind::idle;
    EXPECT_EQ(finding(m), "");
}

TEST(BenchJson, HasTheSameKeysForEveryFlow) {
    Report r;
    r.seed = 17;
    r.target_url = "mqtt://127.0.0.1:1883";
    r.started = std::chrono::system_clock::from_time_t(1767225600);
    r.measurements = {traffic(mqtt::QoS::at_least_once), traffic(mqtt::QoS::at_most_once), {}, {}};
    r.measurements[0].missing = 2;
    r.measurements[1].cpu_s = 0.5;
    r.measurements[2].load.kind = Kind::idle;
    r.measurements[2].bytes_each = 700.5;
    r.measurements[3].load.kind = Kind::latency;
    r.measurements[3].latency.emplace().add(Micros(30));
    r.measurements[3].lateness.emplace();
    const json out = json::parse(bench_json(r));
    EXPECT_EQ(out["schema"], "mqttspec.bench/1");
    EXPECT_EQ(out["tool"]["seed"], 17);
    EXPECT_EQ(out["summary"], json({{"flows", 4}, {"deliveries", 3'000'000}, {"missing", 2}, {"findings", 2}}));
    EXPECT_FALSE(out.contains("incomplete"));
    const json& list = out["measurements"];
    for (const json& m : list) {
        EXPECT_EQ(m.size(), list[0].size());
        for (const auto& [key, value] : m.items()) {
            EXPECT_TRUE(list[0].contains(key)) << key;
            EXPECT_FALSE(value.is_structured()) << key;
        }
    }
    EXPECT_EQ(list[0]["window"], 100);
    EXPECT_TRUE(list[0]["batch"].is_null());
    EXPECT_EQ(list[1]["cpu_s_per_million"], 0.5);
    EXPECT_EQ(list[1]["per_second"], 500'000);
    EXPECT_TRUE(list[2]["qos"].is_null());
    EXPECT_EQ(list[2]["bytes_per_connection"], 700.5);
    EXPECT_EQ(list[3]["latency_p99_us"], 30);
    r.fault = "gone";
    EXPECT_EQ(json::parse(bench_json(r))["incomplete"], "gone");
}

TEST(Table, HasALineWithWhatMatters) {
    Measurement m = traffic(mqtt::QoS::at_least_once);
    m.cpu_s = 0.25;
    m.rss_bytes = 3 << 20;
    const std::string line = table_line(m);
    for (const char* part : {"some", "3.1.1", " 1:1 ", " 500000 ", "0.250 s/M", "3.0 MiB", "25 %"})
        EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
    EXPECT_EQ(line.back(), '\n');
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Usage, OfThisProcessGrowsWithWork) {
    const auto before = usage_of(getpid());
    ASSERT_TRUE(before);
    EXPECT_GT(before->rss_bytes, 100'000u);
    std::vector<char> memory(32 << 20);
    for (std::size_t i = 0; i < memory.size(); i += 512) memory[i] = char(i);
    const double own = own_cpu_s();
    volatile std::uint64_t sum = 0;
    while (own_cpu_s() < own + 0.05) sum = sum + std::uint64_t(memory[std::size_t(sum) % memory.size()]) + 1;
    const auto after = usage_of(getpid());
    ASSERT_TRUE(after);
    EXPECT_GE(after->cpu_s, before->cpu_s + 0.03);
    EXPECT_GE(after->rss_bytes, before->rss_bytes + (30 << 20));
}

TEST(Usage, OfNobodyIsNothing) { EXPECT_FALSE(usage_of(0x3fffffff)); }

TEST(Descriptors, AreAllowedUpToWhatTheSystemGives) {
    const auto limit = allow_descriptors(10);
    EXPECT_GE(limit, 10u);
    EXPECT_GE(allow_descriptors(limit), limit);
}

}  // namespace
}  // namespace bench
