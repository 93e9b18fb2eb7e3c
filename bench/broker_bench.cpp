// The broker core alone, without sockets: what one delivery costs in each flow, with octets in and octets out.
//   broker_bench [Google Benchmark's options]   CPU ns per delivery, allocations per delivery
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bench/allocations.hpp"
#include "codec/codec.hpp"
#include "reference/broker.hpp"

namespace {

using mqtt::QoS;
using mqtt::Version;
using reference::Broker;
using reference::LinkId;

constexpr std::size_t payload = 16, together = 100;  // publishes of one read

struct Flow {
    const char* name;
    Version version;
    QoS qos;
    std::size_t publishers, subscribers;
};

std::string publishes(const Flow& flow, std::uint16_t first) {
    std::string out;
    const std::string text(payload, 'x');
    for (std::uint16_t i = 0; i < together; ++i) {
        mqtt::Publish p{.qos = flow.qos, .topic = "bench/one/topic", .payload = text};
        if (flow.qos != QoS::at_most_once) p.packet_id = static_cast<std::uint16_t>(first + i);
        out += mqtt::encode(p, flow.version);
    }
    return out;
}

class Stage {
public:
    explicit Stage(const Flow& flow) : flow_(flow), broker_(reference::Settings{}) {
        for (std::size_t i = 0; i < flow.subscribers; ++i) {
            const LinkId link = join("s" + std::to_string(i));
            const mqtt::Subscribe::Entry entry{.filter = "bench/one/+", .qos = flow.qos};
            mqtt::Subscribe subscribe{.packet_id = 1};
            subscribe.entries = std::span(&entry, 1);
            give(link, mqtt::encode(subscribe, flow.version));
        }
        for (std::size_t i = 0; i < flow.publishers; ++i) publishers_.push_back(join("p" + std::to_string(i)));
        drain();
        batch_ = publishes(flow, 1);
        mqtt::Fault fault;
        size_ = mqtt::frame(mqtt::octets(batch_), flow.version, fault).size;
        for (std::uint16_t i = 0; i < together; ++i) releases_ += mqtt::encode(mqtt::Pubrel{std::uint16_t(1 + i)}, flow.version);
    }
    /// One batch of every publisher, settled to the end; returns the deliveries.
    std::size_t once() {
        delivered_ = 0;
        for (const LinkId link : publishers_) {
            give(link, batch_);
            while (!broker_.dirty().empty()) drain();
            if (flow_.qos != QoS::exactly_once) continue;
            give(link, releases_);
            while (!broker_.dirty().empty()) drain();
        }
        return delivered_;
    }

private:
    LinkId join(const std::string& id) {
        const LinkId link = broker_.open(now_);
        mqtt::Connect connect{.level = std::uint8_t(flow_.version), .clean_start = true};
        connect.client_id = id;
        give(link, mqtt::encode(connect, flow_.version));
        return link;
    }
    void give(LinkId link, std::string_view bytes) { broker_.receive(link, mqtt::octets(bytes), now_); }
    void drain() {
        const LinkId link = broker_.dirty().back();
        bool close = false;
        std::string bytes = broker_.take(link, close);
        if (close) throw std::runtime_error("the broker closed a link");
        answer(link, bytes);
        broker_.recycle(std::move(bytes));
    }
    /// What a subscriber says to its deliveries; packets have no properties here, so their places are known.
    void answer(LinkId link, std::string_view bytes) {
        answers_.clear();
        while (!bytes.empty()) {
            const auto size = 2u + static_cast<unsigned char>(bytes[1]);
            const auto type = static_cast<mqtt::Type>(static_cast<unsigned char>(bytes[0]) >> 4);
            if (type == mqtt::Type::publish) ++delivered_;
            if (type == mqtt::Type::publish && flow_.qos != QoS::at_most_once)
                say(flow_.qos == QoS::at_least_once ? 0x40 : 0x50, bytes.substr(4 + topic_size, 2));
            if (type == mqtt::Type::pubrel) say(0x70, bytes.substr(2, 2));
            bytes.remove_prefix(size);
        }
        if (!answers_.empty()) give(link, answers_);
    }
    void say(int first, std::string_view id) {
        answers_ += char(first);
        answers_ += '\2';
        answers_ += id;
    }

    static constexpr std::size_t topic_size = 15;
    Flow flow_;
    Broker broker_;
    reference::Time now_{1'000};
    std::vector<LinkId> publishers_;
    std::string batch_, releases_, answers_;
    std::size_t size_ = 0, delivered_ = 0;
};

constexpr Flow flows[]{
    {"1 to 1", Version::v3_1_1, QoS::at_most_once, 1, 1},        {"1 to 1, 5.0", Version::v5, QoS::at_most_once, 1, 1},
    {"1 to 100", Version::v3_1_1, QoS::at_most_once, 1, 100},    {"1 to 100, 5.0", Version::v5, QoS::at_most_once, 1, 100},
    {"50 to 1", Version::v3_1_1, QoS::at_most_once, 50, 1},      {"QoS 1", Version::v3_1_1, QoS::at_least_once, 1, 1},
    {"QoS 1, 5.0", Version::v5, QoS::at_least_once, 1, 1},       {"QoS 2", Version::v3_1_1, QoS::exactly_once, 1, 1},
    {"QoS 2, 5.0", Version::v5, QoS::exactly_once, 1, 1},        {"QoS 1, 1 to 100", Version::v3_1_1, QoS::at_least_once, 1, 100},
};

void measure(benchmark::State& state, const Flow& flow) {
    Stage stage(flow);
    stage.once();
    const auto before = mqtt::bench::allocations();
    std::size_t deliveries = 0;
    for (auto _ : state) deliveries += stage.once();
    if (deliveries != std::size_t(state.iterations()) * flow.publishers * flow.subscribers * together)
        return state.SkipWithError("deliveries are missing");
    using benchmark::Counter;
    const auto count = double(deliveries);
    state.counters["allocs"] = double(mqtt::bench::allocations() - before) / count;
    state.counters["per_delivery"] = Counter(count, Counter::kIsRate | Counter::kInvert);
}

}  // namespace

int main(int argc, char** argv) {
    for (const Flow& flow : flows)
        benchmark::RegisterBenchmark(flow.name, [&flow](benchmark::State& state) { measure(state, flow); });
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
