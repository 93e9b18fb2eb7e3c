// What a server does wrong, told from a capture of one of its connections: only what is certain wherever the capture
// was taken. Both directions, whole and in order, from the connection's beginning on; nothing of other connections.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "codec/codec.hpp"

namespace pcap {

class ServerJudge {
public:
    /// A statement that was broken, and how. Views live for the call.
    using Tell = std::function<void(std::string_view statement, std::string_view what)>;
    explicit ServerJudge(Tell tell) : tell_(std::move(tell)) {}

    /// Packets in the order of the capture; those that do not decode end the judgement.
    void client(const mqtt::Packet&, mqtt::Version);
    void server(const mqtt::Packet&, mqtt::Version, std::size_t size);
    void end() { over_ = true; }

private:
    struct Request {
        bool subscribe = false;
        std::size_t filters = 0;
        bool unclear = false;  // the client used its identifier twice at a time: any answer may be right
    };
    void tell(std::string_view v3_1_1, std::string_view v5, std::string_view what) {
        const auto statement = v5_ ? v5 : v3_1_1;
        if (!statement.empty()) tell_(statement, what);
    }
    void sent(const mqtt::Connect&);
    void sent(const mqtt::Publish&);
    void sent(const mqtt::Pubrel&);
    void sent(const mqtt::Puback&);
    void sent(const mqtt::Pubrec&);
    void sent(const mqtt::Pubcomp&);
    void sent(const mqtt::Subscribe&);
    void sent(const mqtt::Unsubscribe&);
    template <class P>
    void sent(const P&) {}

    void gave(const mqtt::Connack&);
    void gave(const mqtt::Publish&);
    void gave(const mqtt::Puback&);
    void gave(const mqtt::Pubrec&);
    void gave(const mqtt::Pubcomp&);
    void gave(const mqtt::Suback&);
    void gave(const mqtt::Unsuback&);
    template <class P>
    void gave(const P&) {}
    void alias(const mqtt::Publish&);
    void known(const std::set<std::uint16_t>& asked, std::uint16_t id, std::string_view what);
    void request(std::uint16_t id, Request);
    void answer(std::uint16_t id, bool subscribe, std::size_t codes);

    Tell tell_;
    bool v5_ = false, judged_ = false, over_ = false, answered_ = false, refused_ = false, clean_ = false,
         resumed_ = false;
    std::uint32_t receive_maximum_ = 65'535, alias_maximum_ = 0, maximum_packet_ = 0;  // the client's; 0: none
    std::set<std::uint16_t> pubacks_, pubrecs_, pubcomps_;  // identifiers that the client ever asked such an answer for
    std::map<std::uint16_t, Request> requests_;
    std::set<std::uint16_t> open_;     // the server's own deliveries above QoS 0
    std::set<std::uint32_t> aliases_;  // that were given a meaning
};

}  // namespace pcap
