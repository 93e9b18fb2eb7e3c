#include "peer/peer.hpp"

#include <algorithm>

#include "codec/hex.hpp"
#include "net/websocket.hpp"
#include "peer/change.hpp"

namespace peer {

std::string BrokerFault::text() const {
    std::string text(first.field);
    text.append(" ").append(first.what).append(" (offset ").append(std::to_string(first.offset));
    if (!first.statement.empty()) text.append(", ").append(first.statement);
    return text + "): " + mqtt::hex(mqtt::octets(bytes), 32);
}

// ---- waiting for a change ---------------------------------------------------

Peer::Change::~Change() {
    if (peer_ && peer_->waiter_ == this) {  // the task is abandoned
        peer_->waiter_ = nullptr;
        peer_->context_.loop.cancel(timer_);
    }
}

void Peer::Change::await_suspend(std::coroutine_handle<> waiting) {
    if (peer_->waiter_) throw std::logic_error("two waits at once on the peer " + peer_->name_);
    waiting_ = waiting;
    peer_->waiter_ = this;
    timer_ = peer_->context_.loop.call_at(until_, [this] { go(false); });
}

void Peer::Change::go(bool in_time) {
    in_time_ = in_time;
    peer_->waiter_ = nullptr;
    peer_->context_.loop.cancel(timer_);
    resume(waiting_);
}

void Peer::Change::forget() {
    peer_->context_.loop.cancel(timer_);
    peer_ = nullptr;
}

/// From the loop, not from where something happened: that may be deep inside another peer's doing.
void Peer::wake() {
    if (!waiter_ || wake_) return;
    wake_ = context_.loop.call_at(context_.loop.now(), [this] {
        wake_ = 0;
        if (waiter_) waiter_->go(true);
    });
}

// ---- the connection ---------------------------------------------------------

Peer::Peer(Context context, const net::Target& target, mqtt::Version v, std::string name)
    : version(v), context_(std::move(context)), name_(std::move(name)) {
    stream_ = context_.loop.dial(target, *this);
}

Peer::~Peer() {
    context_.loop.cancel(wake_);
    if (waiter_) waiter_->forget();
}

std::string_view Peer::note(Direction direction, std::string bytes) {
    return context_.transcript->add(context_.loop.now(), name_, direction, version, std::move(bytes)).bytes;
}

void Peer::on_open() {
    open_ = true;
    note(Direction::event, "opened");
    wake();
}

void Peer::on_end(net::End how, std::string why) {
    ended_ = true;
    end_ = how;
    why_ended_ = std::move(why);
    const auto rest = mqtt::bytes(framer_.rest());
    if (!deaf_ && !rest.empty()) {
        note(Direction::raw_received, std::string(rest));
        why_ended_ += ", in the middle of a packet";
    }
    const bool telling = how == net::End::error;
    note(Direction::event, !open_ ? "not opened: " + why_ended_ : telling ? why_ended_ : std::string(net::name(how)));
    wake();
}

void Peer::on_bytes(mqtt::View bytes) {
    if (deaf_) {
        note(Direction::raw_received, std::string(mqtt::bytes(bytes)));
        return;
    }
    framer_.feed(bytes);
    for (;;) {
        mqtt::Fault fault;
        const mqtt::View packet = framer_.next(version, fault);
        if (fault) {
            deaf_ = true;
            found(fault, note(Direction::raw_received, std::string(mqtt::bytes(framer_.rest()))));
        }
        if (packet.empty()) break;
        arrived(packet);
    }
    wake();
}

void Peer::arrived(mqtt::View packet_bytes) {
    const auto bytes = note(Direction::received, std::string(mqtt::bytes(packet_bytes)));
    frames_.push_back(bytes);
    mqtt::Packet packet;
    if (!decode(packet, bytes) || (fault_ && !tolerant)) return;
    if (const auto* disconnect = std::get_if<mqtt::Disconnect>(&packet)) disconnect_ = *disconnect;
    lanes_[lane_of(mqtt::type_of(packet))].push_back({++arrivals_, packet});
}

bool Peer::decode(mqtt::Packet& packet, std::string_view bytes) {
    mqtt::Fault fault;
    if (mqtt::decode(packet, mqtt::octets(bytes), version, fault)) return true;
    found(fault, bytes);
    return mqtt::decode_leniently(packet, mqtt::octets(bytes), version) != 0;
}

void Peer::found(mqtt::Fault fault, std::string_view bytes) {
    if (fault_) return;
    fault_ = BrokerFault{fault, mqtt::all_faults(mqtt::octets(bytes), version), bytes};
}

// ---- sending ----------------------------------------------------------------

void Peer::send_packet(std::string bytes) {
    note(Direction::sent, bytes);
    stream_->send(std::move(bytes));
}

void Peer::send_frame(std::uint8_t opcode, std::string_view payload, bool is_last) {
    note(Direction::event, "WebSocket frame, opcode " + std::to_string(opcode) + (is_last ? "" : ", to be continued"));
    note(Direction::raw_sent, std::string(payload));
    stream_->send_below_frames(net::encode_frame({net::Opcode(opcode), payload, is_last, true}));
}

void Peer::send_bytes(std::string_view bytes) {
    note(Direction::raw_sent, std::string(bytes));
    stream_->send(std::string(bytes));
}

void Peer::send_chunks(std::string_view bytes, std::size_t size) {
    note(Direction::raw_sent, std::string(bytes));
    size = std::max<std::size_t>(size, 1);
    for (std::size_t at = 0; at < bytes.size(); at += size) stream_->send(std::string(bytes.substr(at, size)));
}

void Peer::acknowledge(const mqtt::Publish& delivery) {
    if (delivery.qos == mqtt::QoS::at_least_once) send(mqtt::Puback{.packet_id = delivery.packet_id});
    if (delivery.qos == mqtt::QoS::exactly_once) send(mqtt::Pubrec{.packet_id = delivery.packet_id});
}

void Peer::half_close() {
    note(Direction::event, "half-closed");
    stream_->half_close();
}

void Peer::close() {
    if (closed_) return;
    closed_ = true;
    note(Direction::event, "closed");
    stream_->close();
    wake();
}

void Peer::reset() {
    if (closed_) return;
    closed_ = true;
    note(Direction::event, "reset");
    stream_->reset();
    wake();
}

// ---- looking ----------------------------------------------------------------

Peer::Lane Peer::lane_of(mqtt::Type type) {
    return type == mqtt::Type::publish ? deliveries : type == mqtt::Type::pubrel ? releases : answers;
}

std::optional<mqtt::Publish> Peer::delivered() {
    auto& lane = lanes_[deliveries];
    if (lane.empty()) return std::nullopt;
    const auto publish = std::get<mqtt::Publish>(lane.front().packet);
    lane.pop_front();
    return publish;
}

/// The packet that came first, of all lanes.
std::optional<mqtt::Packet> Peer::pop_first() {
    std::deque<Item>* oldest = nullptr;
    for (auto& lane : lanes_)
        if (!lane.empty() && (!oldest || lane.front().arrival < oldest->front().arrival)) oldest = &lane;
    if (!oldest) return std::nullopt;
    const mqtt::Packet packet = oldest->front().packet;
    oldest->pop_front();
    return packet;
}

/// The first packet of that type (and identifier), wherever it is in its lane; it is taken.
std::optional<Peer::Item> Peer::find(mqtt::Type type, std::optional<std::uint16_t> packet_id) {
    auto& lane = lanes_[lane_of(type)];
    const auto found = std::find_if(lane.begin(), lane.end(), [&](const Item& item) {
        const auto* release = std::get_if<mqtt::Pubrel>(&item.packet);
        return mqtt::type_of(item.packet) == type && (!packet_id || (release && release->packet_id == *packet_id));
    });
    if (found == lane.end()) return std::nullopt;
    const Item item = *found;
    lane.erase(found);
    return item;
}

}  // namespace peer
