// A scripted MQTT client: one network connection of the tester. It sends anything, legal or not, and says what came.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.hpp"
#include "codec/framer.hpp"
#include "net/loop.hpp"
#include "peer/failure.hpp"
#include "peer/task.hpp"
#include "peer/transcript.hpp"

namespace peer {

/// What the peers of one case share. Loop and transcript outlive them.
struct Context {
    net::Loop& loop;
    std::shared_ptr<Transcript> transcript;
    net::Time deadline;  // of the case: no wait goes beyond
    net::Duration default_timeout = std::chrono::seconds(2);
};

/// How the network connection ended, and what came before that had not been taken.
struct Ending {
    net::End how{};
    std::optional<mqtt::Disconnect> disconnect;  // the last one ever received, taken or not
    std::vector<mqtt::Packet> packets;           // in the order of arrival
};

/// Malformed octets from the broker.
struct BrokerFault {
    mqtt::Fault first;               // offset within the packet, field, statement, what
    std::vector<mqtt::Fault> all;    // of that packet
    std::string_view bytes;          // the packet, or what was left of the stream
    std::string text() const;        // one line with hex
};

/// A timeout argument: the context's default.
inline constexpr net::Duration by_default{-1};

/// Packets received wait in three lanes until they are taken: deliveries (PUBLISH), releases (PUBREL, which belongs to
/// a delivery), and answers (the rest). Views in packets stay valid as long as the transcript.
/// A wait ends with Failure on its timeout or the case's deadline, at the end of the stream, on another packet in its
/// lane (left in the lane), and on malformed octets, once what came before them in that lane is taken.
/// One coroutine at a time may wait.
class Peer final : private net::Events {
public:
    Peer(Context context, const net::Target& target, mqtt::Version version, std::string name);
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    /// Of what is sent and received from now on.
    mqtt::Version version;
    /// Malformed packets do not end a wait: those of a good shape are taken all the same, others are passed over.
    /// They are in frames() and fault() either way.
    bool tolerant = false;
    const std::string& name() const { return name_; }

    // ---- sending: queued at once, in order, never awaited --------------------------------------------------
    template <class P> void send(const P& packet) { send_packet(mqtt::encode(packet, version)); }
    void send_bytes(std::string_view bytes);
    /// In pieces of `size` octets, each handed to the network on its own.
    void send_chunks(std::string_view bytes, std::size_t size);
    /// Over WebSocket: one frame, masked as a client's has to be; `opcode` as in RFC 6455, section 5.2: 0 continues, 1 is
    /// text, 2 binary.
    void send_frame(std::uint8_t opcode, std::string_view payload, bool is_last = true);
    /// PUBACK or PUBREC with the reason 0; nothing at QoS 0.
    void acknowledge(const mqtt::Publish& delivery);
    void half_close();  // FIN; reading goes on
    void close();       // FIN, and hears no more
    void reset();       // RST

    // ---- waiting ------------------------------------------------------------------------------------------
    /// TCP is established; throws LinkError where it cannot be.
    Task<void> opened(net::Duration within = by_default);
    template <class P> Task<P> expect(net::Duration within = by_default) {
        mqtt::Packet packet = co_await take(P::type, within);
        co_return std::get<P>(packet);
    }
    /// Any packet, in the order of arrival; nullopt at the end of the stream.
    Task<std::optional<mqtt::Packet>> next(net::Duration within = by_default);
    /// Reads to the end of the stream and takes everything; throws Failure("still open") on timeout.
    Task<Ending> ending(net::Duration within = by_default);
    /// PINGREQ: true once PINGRESP has come, false if the stream or the session (DISCONNECT) ends first.
    Task<bool> stays_open_through_ping(net::Duration within = by_default);
    /// PINGREQ, PINGRESP: takes the deliveries that came before the PINGRESP. Other answers stay in their lane.
    Task<std::vector<mqtt::Publish>> fence(net::Duration within = by_default);
    /// Brings a delivery to its end: nothing, PUBACK, or PUBREC, PUBREL of the same identifier awaited, PUBCOMP.
    Task<void> complete(const mqtt::Publish& delivery, net::Duration within = by_default);
    /// Nothing happens; bounded by the deadline of the case. For windows of negative checks only.
    Task<void> pause(net::Duration);

    // ---- looking ------------------------------------------------------------------------------------------
    /// Over WebSocket: the subprotocol that was chosen, and how many text frames came.
    std::string chosen_subprotocol() const { return stream_->chosen_subprotocol(); }
    std::size_t text_frames() const { return stream_->text_frames(); }
    bool is_open() const { return open_ && !ended_ && !closed_; }
    /// The broker ended the connection (FIN, RST, error), or the tester did.
    bool ended() const { return ended_ || closed_; }
    const std::optional<net::End>& end() const { return end_; }
    const std::string& why_ended() const { return why_ended_; }  // in words, for people
    /// Takes the next delivery that has already come.
    std::optional<mqtt::Publish> delivered();
    std::size_t waiting_deliveries() const { return lanes_[deliveries].size(); }
    const std::optional<BrokerFault>& fault() const { return fault_; }
    const std::optional<mqtt::Disconnect>& disconnect() const { return disconnect_; }
    /// Every packet received as octets, malformed ones included, in the order of arrival.
    const std::vector<std::string_view>& frames() const { return frames_; }

private:
    enum Lane : std::uint8_t { deliveries, releases, answers, lane_count };
    struct Item {
        std::uint64_t arrival;
        mqtt::Packet packet;
    };
    class Change;

    void on_open() override;
    void on_bytes(mqtt::View) override;
    void on_end(net::End, std::string why) override;
    void arrived(mqtt::View packet);
    void found(mqtt::Fault, std::string_view bytes);
    bool decode(mqtt::Packet&, std::string_view bytes);
    void wake();
    std::string_view note(Direction, std::string bytes);
    void send_packet(std::string bytes);

    static Lane lane_of(mqtt::Type);
    net::Time by(net::Duration within) const;
    Task<mqtt::Packet> take(mqtt::Type, net::Duration within);
    Task<Item> pick(mqtt::Type, std::optional<std::uint16_t> packet_id, net::Duration within);
    std::optional<Item> find(mqtt::Type, std::optional<std::uint16_t> packet_id);
    std::optional<mqtt::Packet> pop_first();
    void check_alive(const std::string& awaited, Lane) const;
    Failure malformed(const std::string& awaited) const;
    Failure timed_out(const std::string& awaited, net::Time since) const;
    Failure other_packet(const std::string& awaited, const mqtt::Packet&) const;
    std::string untaken() const;
    std::string how_it_ended() const;

    Context context_;
    std::string name_;
    std::unique_ptr<net::Stream> stream_;
    mqtt::Framer framer_;
    std::array<std::deque<Item>, lane_count> lanes_;
    std::vector<std::string_view> frames_;
    std::uint64_t arrivals_ = 0;
    bool open_ = false, ended_ = false, closed_ = false;
    bool deaf_ = false;  // the framing is lost: what comes is only noted
    std::optional<net::End> end_;
    std::string why_ended_;
    std::optional<BrokerFault> fault_;
    std::optional<mqtt::Disconnect> disconnect_;
    Change* waiter_ = nullptr;
    net::TimerId wake_ = 0;
};

}  // namespace peer
