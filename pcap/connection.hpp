// What a TCP connection carries: found out by its first octets, and told as a conversation where it is MQTT.
#pragma once
#include <memory>
#include <vector>

#include "pcap/packet_stream.hpp"
#include "pcap/web_socket.hpp"

namespace pcap {

/// What all connections of a capture share.
struct Context {
    const Options& options;
    Listener& listener;
    Memory memory{};
    std::uint32_t conversations = 0;
    Context(const Options& o, Listener& l) : options(o), listener(l) { memory.most = o.whole_memory; }
};

class Connection final : public StreamSink, PacketSink, WebSocketSide::Sink {
public:
    /// `ends`: of sides 0 and 1. `again`: how often their ports were used before.
    Connection(Context& context, const Endpoint& first, const Endpoint& second, unsigned again);
    ~Connection() { clear_chunks(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The side's first octet is known to be the first of its stream.
    void begins(int side) {
        begins_[side] = true;
        streams_[side].begin();
    }
    /// Segments were captured in another order than they were sent in.
    void out_of_order() { conversation_.reordered = true; }
    /// Who opened the TCP connection.
    void opened_by(int side) { initiator_ = side; }
    void octets(int side, mqtt::View in, Time now) override {
        if (state_ == State::plain) [[likely]]
            return streams_[side].octets(in, now);
        octets_otherwise(side, in, now);
    }
    void hole(int side, std::size_t missing, Time now) override;
    void close(Event::How how, int side, Time now);
    bool opened() const { return opened_; }
    /// Nothing is told any more: it need not be followed.
    bool ignored() const { return state_ == State::ignored; }

private:
    enum class State : std::uint8_t { undecided, plain, web_socket, ignored };
    struct Chunk {
        Time time{};
        std::string octets;
        std::size_t hole = 0;
        int side = 0;
    };
    // deliberation.cpp: what is it?
    void octets_otherwise(int side, mqtt::View in, Time now);
    void gather(Chunk chunk);
    void deliberate(Time now);
    std::optional<State> by_beginning(int side, Time now);
    bool weigh_all(Time now);
    bool look_within(Time now);
    bool is_well_known() const;
    std::optional<Carried> forced() const;
    int likely_client() const;
    void decide(State state, Time now);
    void ignore();
    void clear_chunks();
    bool past_proxies();
    void drop(int side, std::size_t octets);
    bool is_encrypted(mqtt::View in, Time now);

    // connection.cpp: a conversation
    void open(Time now);
    void tell(Event event) { context_.listener.on(conversation_, event); }
    void learn(int side, mqtt::View octets);
    void packet(int side, mqtt::View octets, Time now) override;
    void truncated(int side, mqtt::View here, std::size_t size, std::size_t missing, const std::string& why,
                   Time) override;
    void gap(int side, mqtt::View here, std::size_t length, std::size_t missing, const std::string& why, Time) override;
    std::optional<mqtt::Version> version() const override {
        return conversation_.version_known ? std::optional(conversation_.version) : context_.options.version;
    }
    Side role(int side) const override { return side == client_ ? Side::client : Side::server; }
    Behind head(int side, const HttpHead&, Time) override;
    void carried(int side, mqtt::View, Time) override;
    void not_carried(int side, std::size_t missing, Time) override;
    void refuse(int side, const std::string& why, Time) override;
    bool is_told() const override { return opened_; }

    Context& context_;
    Endpoint ends_[2];
    Conversation conversation_;
    PacketStream streams_[2];
    struct Frames {
        WebSocketSide of[2];
        std::vector<bool> unanswered;  // requests, of which those for a head get no body
        unsigned requests = 0;
    };
    std::unique_ptr<Frames> frames_;
    std::vector<Chunk> chunks_;  // until it is decided
    struct Gathered {
        std::string octets;
        std::vector<std::size_t> starts;
        bool torn = false;  // begins behind a hole
    };
    struct Both {
        Gathered of[2];
    };
    static bool opens_with_connack(const Gathered& g);
    std::unique_ptr<Both> gathered_;
    std::size_t held_ = 0, tried_ = 0, given_up_ = 0;
    unsigned again_;
    int client_ = 0, initiator_ = -1, found_client_ = -1;
    bool begins_[2]{}, opened_ = false, closed_ = false;
    State state_ = State::undecided;
};

}  // namespace pcap
