// Clients that keep their half of the protocol over kills of the broker: what is open is sent again, as 4.4.0-1 wants.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codec/codec.hpp"
#include "codec/framer.hpp"
#include "net/loop.hpp"

namespace kill_test {

using Dice = std::mt19937_64;

/// What all clients of a run share. A finding ends the run.
struct Run {
    net::Loop& loop;
    Dice dice;
    std::uint16_t port = 0;      // of the broker that lives
    std::string finding{};
    unsigned up_to(unsigned most) { return static_cast<unsigned>(dice() % (most + 1)); }
    void found(const std::string& what) {
        if (finding.empty()) finding = what;
    }
};

/// One client identifier with a session that is to be kept, over many connections.
class Client : private net::Events {
public:
    Client(Run& run, std::string id, mqtt::Version version) : run_(run), id_(std::move(id)), version_(version) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    void dial();
    /// RST, as when the broker is killed.
    void cut();
    /// DISCONNECT; the broker's FIN is awaited.
    void leave();
    bool online() const { return online_; }
    /// DISCONNECT was taken: the broker closed.
    bool left() const { return left_; }
    /// Idle: the connection is there, and nothing is open on our side.
    virtual bool settled() const { return online_; }
    const std::string& id() const { return id_; }
    bool v5() const { return version_ == mqtt::Version::v5; }

protected:
    template <class P> void send(const P& packet) {
        if (stream_) stream_->send(mqtt::encode(packet, version_));
    }
    virtual void begin(bool session_present) = 0;
    virtual void on(const mqtt::Packet&) = 0;
    virtual void end() {}
    void check_reason(std::uint8_t code, const char* packet);

    Run& run_;
    const std::string id_;
    const mqtt::Version version_;
    bool clean_ = false, leaving_ = false, left_ = false;
    std::uint32_t expiry_ = 3'600, delay_ = 0;
    std::string will_{};  // its payload; empty: none

private:
    void on_open() override;
    void on_bytes(mqtt::View) override;
    void on_end(net::End, std::string) override;

    std::unique_ptr<net::Stream> stream_;
    mqtt::Framer framer_;
    bool online_ = false, ever_online_ = false;
};

/// Publishes numbered messages of QoS 1 and 2, some of them retained.
class Publisher final : public Client {
public:
    Publisher(Run& run, std::string id, mqtt::Version v, unsigned window) : Client(run, std::move(id), v), window_(window) {}
    /// Whether new messages are begun.
    void run(bool on);
    bool settled() const override { return online() && open_.empty(); }

    /// Messages the broker has answered for: payload to QoS.
    std::map<std::string, mqtt::QoS> acknowledged;
    /// Of each topic that is retained: the payloads published since the last one that was acknowledged, that one first.
    std::map<std::string, std::vector<std::string>> retained;

private:
    struct Open {
        mqtt::QoS qos{};
        bool released = false, retain = false;
        std::string topic, payload;
    };
    void begin(bool session_present) override;
    void on(const mqtt::Packet&) override;
    void fill();
    void publish(std::uint16_t id, const Open&, bool dup);
    void acknowledge(std::uint16_t id, mqtt::QoS);

    unsigned window_;
    bool running_ = false;
    std::size_t last_ = 0;
    std::uint16_t last_id_ = 0;
    std::map<std::uint16_t, Open> open_;
    std::vector<std::uint16_t> order_;  // of the open ones
};

/// Subscribes once, and notes what comes: of QoS 2 once for each identifier.
class Subscriber final : public Client {
public:
    Subscriber(Run& run, std::string id, mqtt::Version v, std::string filter, mqtt::QoS qos, bool kept = true)
        : Client(run, std::move(id), v), filter_(std::move(filter)), qos_(qos) {
        clean_ = !kept;
        if (!kept) expiry_ = 0;
    }
    bool settled() const override { return online() && subscribed_; }
    /// How often it came, by payload.
    std::unordered_map<std::string, unsigned> received;
    /// Some answers are left out, for the broker to send again later.
    bool lazy = true;

private:
    void begin(bool session_present) override;
    void on(const mqtt::Packet&) override;

    std::string filter_;
    mqtt::QoS qos_;
    bool subscribed_ = false;
    std::set<std::uint16_t> unreleased_;
};

/// Has a will, and then dies or leaves.
class Mortal final : public Client {
public:
    Mortal(Run& run, std::string id, mqtt::Version v, unsigned delay);
    bool was_online() const { return was_online_; }
    bool leaves() const { return leaving_; }
    const std::string& will() const { return will_; }

private:
    void begin(bool) override { was_online_ = true; }
    void on(const mqtt::Packet&) override {}

    bool was_online_ = false;
};

/// Changes its subscriptions, and knows what was answered for.
class Changer final : public Client {
public:
    Changer(Run& run, std::string id) : Client(run, std::move(id), mqtt::Version::v5) {}
    void run(bool on) { running_ = on, change(); }
    bool settled() const override { return online() && !asked_; }

private:
    void begin(bool session_present) override;
    void on(const mqtt::Packet&) override;
    void change();

    enum class State { unknown, there, gone };
    std::map<std::string, State> filters_;
    std::string last_;
    bool running_ = false, asked_ = false, subscribes_ = false;
};

}  // namespace kill_test
