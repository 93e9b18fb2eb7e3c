// mqttspec decode --stats of captures: who spoke which version, about what, how much, and against which statements.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "pcap/conversation.hpp"
#include "pcap/server_judge.hpp"
#include "reference/client_judge.hpp"

namespace cli {

class CaptureStats final : public pcap::Listener {
public:
    CaptureStats();
    ~CaptureStats() override;
    void begins(pcap::Time first) override { first_ = last_ = first; }
    void on(const pcap::Conversation&, const pcap::Event&) override;
    std::string text() const;
    /// The line of JSON of type STATS.
    std::string json(const std::string& file) const;
    /// The capture ends in the middle of a record.
    void cut() { ++truncated_; }
    std::size_t packets() const { return packets_; }
    std::size_t faults() const;

private:
    struct Row {
        std::size_t packets = 0, octets = 0;
    };
    struct Client {
        std::size_t connections = 0, packets = 0, octets = 0;  // both directions
        std::string version;
        unsigned keep_alive = 0;       // seconds, of its last CONNECT
        pcap::Time longest_silence{};  // between two of its packets
        std::size_t too_late = 0;      // silences above Keep Alive
    };
    struct Topic {
        std::size_t messages = 0, octets = 0, retained = 0;
        std::array<std::size_t, 3> qos{};
    };
    struct Broken {
        std::size_t times = 0;
        std::string what, session;  // of the first one
        pcap::Time time{};
    };
    struct Pending {
        pcap::Side side;
        std::string statement, what, session;
        pcap::Time time{};
    };
    struct Talk;
    void packet(Talk&, const pcap::Conversation&, const pcap::Event&);
    void suspect(Talk&, pcap::Side, std::string_view statement, std::string_view what);
    void tell(Talk&);
    void broken(Pending);
    void assigned(Talk&, std::string_view id);
    void faults_of(const pcap::Conversation&, const pcap::Event&);
    void see(Talk&, const mqtt::Packet&, const pcap::Conversation&, const pcap::Event&);
    void judge(Talk&, const mqtt::Packet*, const pcap::Conversation&, const pcap::Event&);
    Client& client_of(const std::string& id);

    std::unordered_map<std::uint32_t, std::unique_ptr<Talk>> talks_;
    std::map<std::string, std::size_t> versions_;
    std::map<std::string, Row> types_;
    std::array<Row, 2> sides_{};
    std::map<std::string, Client> clients_;
    std::unordered_map<std::string, Topic> topics_;
    std::map<std::pair<pcap::Side, std::string>, Broken> broken_;
    std::array<std::array<std::size_t, 3>, 2> qos_{};
    std::array<std::size_t, 30> sizes_{};  // payloads by their binary digits
    std::size_t packets_ = 0, octets_ = 0, conversations_ = 0, web_sockets_ = 0, joined_ = 0, not_judged_ = 0;
    std::size_t gaps_ = 0, octets_missing_ = 0, truncated_ = 0, other_clients_ = 0, other_topics_ = 0;
    pcap::Time first_{}, last_{};
    const pcap::Conversation* now_ = nullptr;  // where judges speak of
    pcap::Time at_{};
    mqtt::Packet packet_;
};

}  // namespace cli
