#include <algorithm>
#include <memory>
#include <utility>

#include "bench/load_client.hpp"
#include "bench/process_stats.hpp"

namespace bench {
namespace {

using Clients = std::vector<std::unique_ptr<Client>>;

std::vector<Client*> pointers(const Clients& clients) {
    std::vector<Client*> out;
    for (const auto& c : clients) out.push_back(c.get());
    return out;
}

/// What broker, load and clock stood at.
struct Mark {
    std::optional<Usage> broker;
    double own = 0;
    net::Time at{};
    std::uint64_t count = 0;
};
Mark mark(const Crowd& crowd, std::uint64_t count) {
    return {crowd.load.pid ? usage_of(crowd.load.pid) : std::nullopt, own_cpu_s(), crowd.loop.now(), count};
}

void between(const Mark& from, const Mark& to, Measurement& m) {
    m.seconds = double((to.at - from.at).count()) * 1e-6;
    m.measured = to.count - from.count;
    m.load_cpu_s = to.own - from.own;
    if (to.broker) m.rss_bytes = to.broker->rss_bytes;
    if (from.broker && to.broker) m.cpu_s = to.broker->cpu_s - from.broker->cpu_s;
}

// ---- messages -----------------------------------------------------------------

/// Publishers and subscribers of one topic. How much is sent, and when, is left to those that derive.
class Traffic : public Crowd {
public:
    using Crowd::Crowd;
    Measurement go();

protected:
    std::uint64_t expected() const { return (published - refused) * load.subscribers; }
    std::uint64_t missing() const { return expected() - std::min(expected(), deliveries); }
    /// Without those given up.
    std::uint64_t under_way() const { return missing() - std::min(missing(), given_up_); }
    /// A broker may drop at QoS 0. After so long without a delivery what is under way counts as dropped, so that the
    /// window opens again.
    net::Time patience() const {
        constexpr net::Time at_qos_0 = std::chrono::seconds(1);
        return load.qos == mqtt::QoS::at_most_once ? std::min<net::Time>(load.timeout / 2, at_qos_0) : load.timeout;
    }
    void give_up() { given_up_ += under_way(); }
    std::string one(std::string_view payload) const;

    virtual void start() = 0;
    virtual void stop() = 0;
    virtual void finish(Measurement&) {}
    virtual bool sent_all() const { return false; }

    Clients publishers_, subscribers_;

private:
    std::uint64_t given_up_ = 0;
    void measure(Measurement& m);
    void drain(Measurement& m);
};

/// QoS 0.
std::string Traffic::one(std::string_view payload) const {
    mqtt::Publish publish;
    publish.topic = topic;
    publish.payload = payload;
    return mqtt::encode(publish, load.version);
}

Measurement Traffic::go() {
    Measurement m;
    m.load = load;
    for (unsigned i = 0; i < load.subscribers; ++i) subscribers_.push_back(std::make_unique<Client>(*this, true));
    for (unsigned i = 0; i < load.publishers; ++i) publishers_.push_back(std::make_unique<Client>(*this, false));
    if (!connect(pointers(subscribers_)) || !connect(pointers(publishers_))) {
        m.interrupted = true;
        return m;
    }
    measure(m);
    m.interrupted = load.cancelled();
    if (!m.interrupted) drain(m);
    m.published = published;
    m.deliveries = deliveries;
    m.refused = refused;
    finish(m);
    part(pointers(publishers_));
    part(pointers(subscribers_));
    return m;
}

void Traffic::measure(Measurement& m) {
    const auto moved = [this] { return deliveries + published; };
    const auto run_for = [&](std::chrono::milliseconds time) {
        bool over = false;
        const auto timer = loop.call_at(loop.now() + time, [&] { over = true; });
        const bool whole = run_until([&] { return over; }, moved);
        loop.cancel(timer);
        return whole;
    };
    if (load.messages) {
        const Mark from = mark(*this, deliveries);
        start();
        run_until([&] { return sent_all() && under_way() == 0; }, moved);
        return between(from, mark(*this, deliveries), m);
    }
    start();
    const bool warm = run_for(load.warm_up);
    const Mark from = mark(*this, deliveries);
    if (warm) run_for(load.time);
    between(from, mark(*this, deliveries), m);
}

void Traffic::drain(Measurement& m) {
    stop();
    run_until([this] { return under_way() == 0 && in_handshake == 0; }, [this] { return deliveries - in_handshake; },
              patience());
    m.missing = missing();
    m.surplus = deliveries - std::min(deliveries, expected());
    m.unacknowledged = in_handshake;
    m.stray = stray;
}

/// As fast as the windows allow.
class Flood final : public Traffic {
public:
    explicit Flood(const Load& l)
        : Traffic(l),
          payload_(l.size, 'x'),
          batch_(std::clamp(l.under_way / std::max(l.subscribers, 1u), 1u, l.batch)) {
        const auto packet = one(payload_);
        packet_size_ = packet.size();
        for (unsigned i = 0; i < batch_; ++i) packets_ += packet;
    }

private:
    void start() override {
        sending_ = true;
        refill();
        if (load.qos == mqtt::QoS::at_most_once) watch(deliveries);
    }
    void stop() override {
        sending_ = false;
        loop.cancel(timer_);
    }
    void watch(std::uint64_t before) {
        timer_ = loop.call_at(loop.now() + patience(), [this, before] {
            if (deliveries == before) give_up();
            refill();
            watch(deliveries);
        });
    }
    bool sent_all() const override { return left_to_send() == 0 && in_handshake == 0; }
    void progress(Client&) override { refill(); }

    std::uint64_t left_to_send() const { return load.messages ? load.messages - published : ~std::uint64_t(0); }
    /// Publishes that may be sent now.
    std::uint64_t room() const {
        const auto out = under_way();
        return out >= load.under_way ? 0 : std::min((load.under_way - out) / load.subscribers, left_to_send());
    }
    void refill() {
        if (!sending_) return;
        if (load.qos == mqtt::QoS::at_most_once) return refill_unacknowledged();
        for (std::size_t idle = 0; idle < publishers_.size() && room();)
            idle = next().publish_acknowledged(room(), payload_) ? 0 : idle + 1;
    }
    void refill_unacknowledged() {
        for (auto n = room(); n >= batch_ || (n && n == left_to_send()); n = room()) {
            n = std::min<std::uint64_t>(n, batch_);
            next().publish(packets_.substr(0, n * packet_size_), n);
        }
    }
    Client& next() { return *publishers_[turn_++ % publishers_.size()]; }

    std::string payload_, packets_;
    std::uint64_t batch_, packet_size_ = 0;
    std::size_t turn_ = 0;
    net::TimerId timer_ = 0;
    bool sending_ = false;
};

/// At a fixed rate; the payload begins with the number of the message.
class Paced final : public Traffic {
public:
    explicit Paced(const Load& l) : Traffic(l), payload_(std::max<std::size_t>(l.size, 8), 'x') {
        reads_payload = true;
    }

private:
    void start() override {
        schedule_.emplace(loop.now() + std::chrono::milliseconds(1), load.rate);
        send_due();
    }
    void stop() override { loop.cancel(timer_); }
    bool sent_all() const override { return load.messages && sent_ >= load.messages; }
    void finish(Measurement& m) override {
        m.latency = latency_;
        m.lateness = lateness_;
    }

    void send_due() {
        const auto now = loop.now();
        auto due = schedule_->due(now);
        if (load.messages) due = std::min(due, load.messages);
        for (; sent_ < due; ++sent_) {
            if (!send_one()) break;  // no room in the window: it is tried again, and the latency counts meanwhile
            lateness_.add(now - schedule_->intended(sent_));
        }
        if (sent_all()) return;
        const auto pause = net::Time(100);
        timer_ = loop.call_at(std::max(schedule_->intended(sent_), now + (sent_ < due ? pause : net::Time(0))),
                              [this] { send_due(); });
    }
    bool send_one() {
        for (unsigned i = 0; i < 8; ++i) payload_[i] = char(sent_ >> (56 - 8 * i) & 255);
        Client& client = *publishers_[std::size_t(sent_) % publishers_.size()];
        if (load.qos != mqtt::QoS::at_most_once) return client.publish_acknowledged(1, payload_) == 1;
        client.publish(one(payload_), 1);
        return true;
    }
    void delivered(mqtt::View payload) override {
        if (payload.size() < 8) return lost("a payload that was never sent");
        std::uint64_t number = 0;
        for (unsigned i = 0; i < 8; ++i) number = number << 8 | payload[i];
        latency_.add(loop.now() - schedule_->intended(number));
    }

    std::string payload_;
    std::optional<Schedule> schedule_;
    std::uint64_t sent_ = 0;
    net::TimerId timer_ = 0;
    Histogram latency_, lateness_;
};

// ---- connections --------------------------------------------------------------

class Idle final : public Crowd {
public:
    using Crowd::Crowd;
    Measurement go() {
        Measurement m;
        m.load = load;
        Clients clients;
        for (unsigned i = 0; i < load.connections; ++i) clients.push_back(std::make_unique<Client>(*this, false));
        const Mark from = mark(*this, connected);
        m.interrupted = !connect(pointers(clients));
        const Mark to = mark(*this, connected);
        between(from, to, m);
        if (from.broker && to.broker && m.measured)
            m.bytes_each = (double(to.broker->rss_bytes) - double(from.broker->rss_bytes)) / double(m.measured);
        part(pointers(clients));
        return m;
    }
};

/// Connects, says goodbye, and connects again.
class Churn final : public Crowd {
public:
    using Crowd::Crowd;
    Measurement go() {
        Measurement m;
        m.load = load;
        const Mark from = mark(*this, left);
        for (unsigned i = 0; i < std::min(50u, load.connections); ++i) {
            clients_.push_back(std::make_unique<Client>(*this, false));
            clients_.back()->dial(unsigned(next_number++));
        }
        const bool whole = run_until([this] { return left >= load.connections; }, [this] { return left; });
        m.interrupted = load.cancelled();
        if (!whole && !m.interrupted)
            throw TargetFault("no answer to CONNECT, or no close after DISCONNECT, within the timeout");
        between(from, mark(*this, left), m);
        return m;
    }

private:
    void up(Client& client) override { client.leave(); }
    void gone(Client& client) override {
        if (next_number < load.connections) client.dial(unsigned(next_number++));
    }
    Clients clients_;
};

}  // namespace

std::optional<double> Measurement::cpu_per_million() const {
    if (!cpu_s || !measured) return {};
    return *cpu_s * 1e6 / double(measured);
}

Measurement run(const Load& load) {
    switch (load.kind) {
        case Kind::traffic: return Flood(load).go();
        case Kind::latency: return Paced(load).go();
        case Kind::idle: return Idle(load).go();
        case Kind::churn: return Churn(load).go();
    }
    return {};
}

}  // namespace bench
