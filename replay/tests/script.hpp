// Captures as tests write them, and their replay against the reference broker in virtual time.
#pragma once
#include <gtest/gtest.h>

#include <map>

#include "conformance/virtual_network.hpp"
#include "replay/engine.hpp"

namespace replay {

/// Steps of named connections, a millisecond apart.
struct Script {
    scenario::Scenario scenario{"", "script", {}, {}};
    std::map<std::string, std::uint32_t> numbers{};
    scenario::Time now{};

    std::uint32_t session(const std::string& name, mqtt::Version v = mqtt::Version::v3_1_1) {
        const auto [at, fresh] = numbers.try_emplace(name, std::uint32_t(scenario.sessions.size()));
        if (fresh) scenario.sessions.push_back({name, v, false, {}});
        return at->second;
    }
    Script& step(const std::string& who, scenario::Step::Kind kind, std::string octets = {},
                 scenario::Side side = scenario::Side::client) {
        scenario::Step s;
        s.at = now += std::chrono::milliseconds(1);
        s.session = session(who);
        s.kind = kind;
        s.side = side;
        s.octets = std::move(octets);
        scenario.steps.push_back(std::move(s));
        return *this;
    }
    template <class P>
    Script& send(const std::string& who, const P& p) {
        return step(who, scenario::Step::Kind::send, mqtt::encode(p, scenario.sessions[session(who)].version));
    }
    template <class P>
    Script& expect(const std::string& who, const P& p) {
        return step(who, scenario::Step::Kind::expect, mqtt::encode(p, scenario.sessions[session(who)].version),
                    scenario::Side::server);
    }
    Script& wait(scenario::Time t) { return now += t, *this; }
    Script& close(const std::string& who, scenario::Side side = scenario::Side::client) {
        return step(who, scenario::Step::Kind::close, {}, side);
    }
    Script& leave(const std::string& who) { return send(who, mqtt::Disconnect{}).close(who); }

    /// Connects, with the name as client id.
    Script& join(const std::string& who, mqtt::Version v = mqtt::Version::v3_1_1, bool clean = true,
                 bool resumed = false, std::string id = {}) {
        session(who, v);
        if (id.empty()) id = who;
        const mqtt::Property kept{mqtt::property::session_expiry_interval, 3600u};
        mqtt::Connect c{.protocol = "MQTT", .level = std::uint8_t(v), .clean_start = clean, .client_id = id};
        if (v == mqtt::Version::v5 && !clean) c.properties = mqtt::Properties({&kept, 1});
        step(who, scenario::Step::Kind::open);
        return send(who, c).expect(who, mqtt::Connack{.session_present = resumed});
    }
    Script& subscribe(const std::string& who, std::string_view filter, mqtt::QoS qos, std::uint16_t id = 1) {
        const mqtt::Subscribe::Entry entry{filter, qos};
        const mqtt::Suback::Code code{std::uint8_t(qos)};
        return send(who, mqtt::Subscribe{.packet_id = id, .entries = {std::span(&entry, 1)}})
            .expect(who, mqtt::Suback{.packet_id = id, .codes = {std::span(&code, 1)}});
    }
};

struct Played {
    Result result;
    net::Time took{};
    std::size_t connects = 0;

    std::size_t count(Verdict v) const { return replay::count(result.answers)[std::size_t(v)]; }
    /// "missing PUBACK (fields)" and so on, of all differences.
    std::vector<std::string> differences() const {
        std::vector<std::string> out;
        for (const auto& a : result.answers)
            if (is_difference(a.verdict)) {
                std::string fields;
                for (const auto& f : a.fields) fields += " " + f;
                out.push_back(std::string(name(a.verdict)) + " " + a.type + fields);
            }
        return out;
    }
    std::string choices() const {
        std::string out;
        for (const auto& a : result.answers) out += a.choice;
        return out;
    }
    std::vector<std::string> reasons() const {
        std::vector<std::string> out;
        for (const auto& a : result.answers)
            if (a.verdict == Verdict::inconclusive) out.push_back(a.type + ": " + a.reason);
        return out;
    }
};

/// Plays a script against a broker with these settings.
inline Played play(const Script& script, reference::Settings settings = {}, EngineOptions options = {},
                   PlanOptions how = {}) {
    conformance::VirtualNetwork network(std::move(settings));
    const Plan p = plan(script.scenario, how);
    Played out;
    {
        Engine engine(network, p, std::move(options));
        engine.start();
        network.run([&] { return engine.finished(); });
        EXPECT_TRUE(engine.finished());
        out.result = engine.take();
    }
    out.took = network.now();
    out.connects = network.broker().counters().connects;
    return out;
}

/// A network whose n-th connection is slower than others: what it sends takes that long.
class SlowNetwork final : public net::Loop {
public:
    SlowNetwork(reference::Settings settings, std::size_t slow, net::Duration by)
        : network(std::move(settings)), slow_(slow), by_(by) {}
    net::Time now() const override { return network.now(); }
    net::TimerId call_at(net::Time at, std::function<void()> call) override {
        return network.call_at(at, std::move(call));
    }
    void cancel(net::TimerId id) override { network.cancel(id); }
    std::unique_ptr<net::Stream> dial(const net::Target& target, net::Events& events) override {
        auto stream = network.dial(target, events);
        if (dialled_++ != slow_) return stream;
        return std::make_unique<Slow>(*this, std::move(stream));
    }
    conformance::VirtualNetwork network;

private:
    struct Slow final : net::Stream {
        Slow(SlowNetwork& of, std::unique_ptr<net::Stream> s) : loop(of), stream(std::move(s)) {}
        void later(std::function<void(net::Stream&)> call) {
            loop.call_at(loop.now() + loop.by_, [s = stream, call] { call(*s); });
        }
        void send(std::string bytes) override {
            later([bytes](auto& s) { s.send(bytes); });
        }
        void half_close() override {
            later([](auto& s) { s.half_close(); });
        }
        void close() override {
            later([](auto& s) { s.close(); });
        }
        void reset() override { stream->reset(); }
        SlowNetwork& loop;
        std::shared_ptr<net::Stream> stream;
    };
    const std::size_t slow_;
    const net::Duration by_;
    std::size_t dialled_ = 0;
};

inline reference::Settings breaking(reference::Break b) {
    reference::Settings s;
    s.policy.violate(b);
    return s;
}

}  // namespace replay
