// Two layers that talk to each other in memory, the octets cut as one likes.
#pragma once
#include <algorithm>
#include <memory>
#include <string>

#include "net/layer.hpp"

namespace net::test {

struct Wired {
    std::unique_ptr<Layer> client, server;
    std::size_t cut = SIZE_MAX;  // octets at a time
    std::string to_server, to_client;  // under way
    std::string at_server, at_client;  // arrived, above

    void start() {
        client->start(to_server);
        server->start(to_client);
        run();
    }
    /// Until nothing is under way.
    void run() {
        while (!to_server.empty() || !to_client.empty()) {
            feed(*server, take(to_server), at_server, to_client);
            feed(*client, take(to_client), at_client, to_server);
        }
    }
    void say(Layer& from, std::string_view text) {
        from.send(mqtt::octets(text), &from == client.get() ? to_server : to_client);
        run();
    }

private:
    static std::string take(std::string& from) { return std::exchange(from, {}); }
    void feed(Layer& to, const std::string& octets, std::string& up, std::string& down) const {
        for (std::size_t at = 0; at < octets.size();) {
            const auto n = std::min(cut, octets.size() - at);
            to.receive(mqtt::octets(std::string_view(octets).substr(at, n)), up, down);
            at += n;
        }
    }
};

}  // namespace net::test
