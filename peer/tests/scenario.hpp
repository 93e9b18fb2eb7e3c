// One conversation of two peers with the reference broker, run alike over real TCP and over the virtual network.
#pragma once
#include <map>

#include "peer/peer.hpp"

namespace peer::test {

/// The peers of one run; they live as long as its transcript is looked at.
struct Stage {
    net::Loop& loop;
    net::Target target;
    mqtt::Version version;
    std::shared_ptr<Transcript> transcript = std::make_shared<Transcript>(loop.now());
    std::vector<std::unique_ptr<Peer>> peers{};

    Peer& dial(const std::string& name) {
        const Context context{loop, transcript, loop.now() + std::chrono::seconds(20), std::chrono::seconds(10)};
        return *peers.emplace_back(std::make_unique<Peer>(context, target, version, name));
    }
    /// The transcript without times, in its order.
    std::vector<std::string> story() const {
        std::vector<std::string> lines;
        for (const auto& line : transcript->lines())
            lines.push_back(line.substr(line.find_first_not_of(" .0123456789")));
        return lines;
    }
    /// The same, peer by peer: TCP keeps the order within a connection, not across connections.
    std::map<std::string, std::vector<std::string>> stories() const {
        std::map<std::string, std::vector<std::string>> by_peer;
        for (const auto& line : story()) by_peer[line.substr(0, line.find(' '))].push_back(line);
        return by_peer;
    }
};

/// CONNECT, SUBSCRIBE, PUBLISH at each QoS, UNSUBSCRIBE, a takeover, a truncated packet, DISCONNECT.
Task<void> conversation(Stage& stage);

}  // namespace peer::test
