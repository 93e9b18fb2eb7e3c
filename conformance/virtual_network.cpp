#include "conformance/virtual_network.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "net/websocket.hpp"
#include "reference/server_habits.hpp"

namespace conformance {

/// One network connection: the client's end, and the broker's name for its own.
struct VirtualNetwork::Wire {
    net::Events* events = nullptr;  // null once nobody listens
    reference::LinkId link = 0;
    bool known = false;             // to the broker
    bool sending = true;            // the client has sent neither FIN nor RST
    // Over WebSocket, the two ends of it.
    std::unique_ptr<net::Layer> client{}, server{};
    std::string held{};             // by the client, until the handshake is over
};

class VirtualNetwork::Stream final : public net::Stream {
public:
    Stream(VirtualNetwork& network, std::shared_ptr<Wire> wire) : network_(network), wire_(std::move(wire)) {}
    ~Stream() override { Stream::close(); }
    void send(std::string bytes) override {
        if (!wire_->sending || bytes.empty()) return;
        if (!wire_->client) return network_.queue(What::to_broker, wire_, std::move(bytes));
        if (!wire_->client->ready()) {
            wire_->held += bytes;
            return;
        }
        std::string down;
        wire_->client->send(mqtt::octets(bytes), down);
        network_.queue(What::to_broker, wire_, std::move(down));
    }
    void send_below_frames(std::string bytes) override {
        if (wire_->sending) network_.queue(What::to_broker, wire_, std::move(bytes));
    }
    std::string chosen_subprotocol() const override { return wire_->client ? std::string(wire_->client->chosen()) : ""; }
    std::size_t text_frames() const override { return wire_->client ? wire_->client->text_frames() : 0; }
    void half_close() override {
        if (!std::exchange(wire_->sending, false)) return;
        std::string down;
        if (wire_->client) wire_->client->finish(down);
        if (!down.empty()) network_.queue(What::to_broker, wire_, std::move(down));
        network_.queue(What::fin_to_broker, wire_);
    }
    void close() override {
        wire_->events = nullptr;
        half_close();
    }
    void reset() override {
        wire_->events = nullptr;
        wire_->sending = false;
        network_.queue(What::reset_to_broker, wire_);
    }

private:
    VirtualNetwork& network_;
    std::shared_ptr<Wire> wire_;
};

VirtualNetwork::VirtualNetwork(reference::Settings settings)
    : policy_(settings.policy), broker_(std::move(settings)) {}
VirtualNetwork::~VirtualNetwork() = default;

net::TimerId VirtualNetwork::call_at(net::Time at, std::function<void()> call) {
    return timers_.add(at, std::move(call));
}
void VirtualNetwork::cancel(net::TimerId id) { timers_.cancel(id); }

std::unique_ptr<net::Stream> VirtualNetwork::dial(const net::Target& target, net::Events& events) {
    auto wire = std::make_shared<Wire>();
    wire->events = &events;
    if (net::has_frames(target.transport)) {
        wire->client = net::websocket_client({"virtual", std::string(net::default_path), target.offers, target.tolerant});
        wire->server = net::websocket_server(reference::websocket_habits(policy_));
    }
    queue(What::dialled, wire);
    return std::make_unique<Stream>(*this, std::move(wire));
}

void VirtualNetwork::queue(What what, std::shared_ptr<Wire> wire, std::string bytes) {
    events_.push_back({what, std::move(wire), std::move(bytes)});
}

void VirtualNetwork::run(const std::function<bool()>& stop) {
    while (!(stop && stop()) && step()) {
    }
}

bool VirtualNetwork::step() {
    if (!events_.empty()) {
        Event event = std::move(events_.front());
        events_.pop_front();
        deliver(event);
        return true;
    }
    const auto timer = timers_.earliest();
    if (!timer) return false;
    const auto deadline = broker_.deadline();
    if (!deadline || *deadline > *timer) {
        now_ = std::max(now_, *timer);
        timers_.run_one(now_);
        return true;
    }
    now_ = std::max<net::Time>(now_, *deadline);
    stalled_ = deadline == last_deadline_ ? stalled_ + 1 : 0;
    last_deadline_ = deadline;
    if (stalled_ > 1000) throw std::logic_error("the broker's deadline stands still");
    broker_.tick(broker_time());
    collect();
    return true;
}

void VirtualNetwork::deliver(Event& event) {
    switch (event.what) {
        case What::dialled:
        case What::to_broker:
        case What::fin_to_broker:
        case What::reset_to_broker: return deliver_to_broker(event);
        case What::to_client:
        case What::fin_to_client: return deliver_to_client(event);
    }
}

void VirtualNetwork::deliver_to_broker(Event& event) {
    auto& wire = *event.wire;
    if (event.what == What::dialled) {
        wire.link = broker_.open(broker_time());
        wire.known = true;
        wires_.emplace(wire.link, event.wire);
        std::string first;
        if (wire.client) wire.client->start(first);
        if (!first.empty()) queue(What::to_broker, event.wire, std::move(first));
        else if (wire.events) wire.events->on_open();
    } else if (!wire.known) {  // the broker has closed: it reads no more
        return;
    } else if (event.what == What::to_broker) {
        to_broker(event.wire, mqtt::octets(event.bytes));
    } else {
        if (event.what == What::fin_to_broker) collect(event.wire);  // what was said before goes out
        lose(event.wire);
        if (event.what == What::fin_to_broker) queue(What::fin_to_client, event.wire);
    }
    collect();
}

void VirtualNetwork::to_broker(const std::shared_ptr<Wire>& wire, mqtt::View octets) {
    if (!wire->server) return broker_.receive(wire->link, octets, broker_time());
    using State = net::Layer::State;
    std::string up, down;
    wire->server->receive(octets, up, down);
    if (!down.empty()) queue(What::to_client, wire, std::move(down));
    if (!up.empty()) broker_.receive(wire->link, mqtt::octets(up), broker_time());
    const auto state = wire->server->state();
    if (state != State::ended && state != State::failed) return;
    if (state == State::ended) collect(wire);
    if (!wire->known) return;  // the broker has closed meanwhile
    lose(wire);
    queue(What::fin_to_client, wire);
}

void VirtualNetwork::to_client(const std::shared_ptr<Wire>& wire, mqtt::View octets) {
    if (!wire->client) return wire->events->on_bytes(octets);
    using State = net::Layer::State;
    const bool was_ready = wire->client->ready();
    std::string up, down;
    wire->client->receive(octets, up, down);
    const auto state = wire->client->state();
    if (state == State::ready && !was_ready) {
        wire->client->send(mqtt::octets(std::exchange(wire->held, {})), down);
        wire->events->on_open();
    }
    if (!down.empty() && wire->sending) queue(What::to_broker, wire, std::move(down));
    if (!up.empty() && wire->events) wire->events->on_bytes(mqtt::octets(up));
    if (!wire->events) return;
    if (state == State::ended) std::exchange(wire->events, nullptr)->on_end(net::End::fin, wire->client->what());
    if (state == State::failed) std::exchange(wire->events, nullptr)->on_end(net::End::error, wire->client->what());
}

void VirtualNetwork::deliver_to_client(Event& event) {
    auto& wire = *event.wire;
    if (!wire.events) return;
    if (event.what == What::to_client) to_client(event.wire, mqtt::octets(event.bytes));
    else std::exchange(wire.events, nullptr)->on_end(net::End::fin, "end of stream");
}

void VirtualNetwork::lose(const std::shared_ptr<Wire>& wire) {
    if (!std::exchange(wire->known, false)) return;
    wires_.erase(wire->link);
    broker_.lost(wire->link, broker_time());
}

/// Puts what the broker has to say under way, until it has nothing more.
void VirtualNetwork::collect() {
    for (auto dirty = broker_.dirty(); !dirty.empty(); dirty = broker_.dirty()) {
        const std::vector<reference::LinkId> links(dirty.begin(), dirty.end());
        for (const auto link : links) {
            const auto found = wires_.find(link);
            if (found == wires_.end()) throw std::logic_error("the broker writes to a link that is gone");
            collect(std::shared_ptr(found->second));
        }
    }
}

void VirtualNetwork::collect(const std::shared_ptr<Wire>& wire) {
    if (!wire->known) return;
    bool close = false;
    std::string bytes = broker_.take(wire->link, close);
    if (wire->server) {
        std::string down;
        wire->server->send(mqtt::octets(bytes), down);
        if (close) wire->server->finish(down);
        bytes = std::move(down);
    }
    if (!bytes.empty()) queue(What::to_client, wire, std::move(bytes));
    if (!close) return;
    wire->known = false;
    wires_.erase(wire->link);
    queue(What::fin_to_client, wire);
}

}  // namespace conformance
