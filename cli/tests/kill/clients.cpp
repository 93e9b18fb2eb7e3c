#include "cli/tests/kill/clients.hpp"

#include <algorithm>

namespace kill_test {

using mqtt::QoS;

// ---- all of them -----------------------------------------------------------------

void Client::dial() {
    framer_ = {};
    online_ = left_ = false;
    stream_ = run_.loop.dial({.host = "127.0.0.1", .port = run_.port}, *this);
}

void Client::cut() {
    if (stream_) stream_->reset();
    stream_.reset();
    if (std::exchange(online_, false)) end();
}

void Client::leave() {
    leaving_ = true;
    send(mqtt::Disconnect{});
}

void Client::on_open() {
    mqtt::Connect connect{.level = static_cast<std::uint8_t>(version_), .clean_start = clean_, .keep_alive = 0};
    connect.client_id = id_;
    const mqtt::Property properties[]{{mqtt::property::session_expiry_interval, expiry_}};
    connect.properties = std::span<const mqtt::Property>(properties);
    if (will_.empty()) return send(connect);
    const mqtt::Property delay[]{{mqtt::property::will_delay_interval, delay_}};
    connect.will = mqtt::Will{QoS::exactly_once, false, {}, "will", will_};
    if (v5()) connect.will->properties = std::span<const mqtt::Property>(delay);
    send(connect);
}

void Client::on_bytes(mqtt::View bytes) {
    framer_.feed(bytes);
    mqtt::Fault fault;
    for (auto frame = framer_.next(version_, fault); !frame.empty(); frame = framer_.next(version_, fault)) {
        mqtt::Packet packet;
        if (mqtt::decode(packet, frame, version_, fault) == 0)
            return run_.found(id_ + ": a malformed packet came: " + std::string(fault.what));
        const auto* connack = std::get_if<mqtt::Connack>(&packet);
        if (!connack) {
            if (online_) on(packet);
            continue;
        }
        if (connack->code != 0) return run_.found(id_ + ": CONNACK " + std::to_string(connack->code));
        if (ever_online_ && !clean_ && !connack->session_present) return run_.found(id_ + ": its session was lost");
        online_ = ever_online_ = true;
        begin(connack->session_present);
    }
}

void Client::on_end(net::End, std::string) {
    left_ = leaving_ && online_;
    if (std::exchange(online_, false)) end();
}

void Client::check_reason(std::uint8_t code, const char* packet) {
    if (code >= 0x80) run_.found(id_ + ": " + packet + " with reason " + std::to_string(code));
}

// ---- publishers ------------------------------------------------------------------

void Publisher::run(bool on) {
    running_ = on;
    if (online()) fill();
}

void Publisher::fill() {
    while (running_ && open_.size() < window_) {
        do ++last_id_;
        while (last_id_ == 0 || open_.contains(last_id_));
        Open open;
        open.qos = run_.up_to(1) == 0 ? QoS::at_least_once : QoS::exactly_once;
        open.payload = id() + "-" + std::to_string(++last_);
        open.retain = run_.up_to(15) == 0;
        const auto topic = run_.up_to(3);
        open.topic = (open.retain ? "load/kept/" + id() + "/" : "load/") + std::to_string(topic);
        // A repeat of QoS 1 may come behind a later message of QoS 2: what is retained then is the older one.
        if (open.retain) open.qos = topic % 2 == 0 ? QoS::at_least_once : QoS::exactly_once;
        if (run_.up_to(30) == 0) open.payload += std::string(20'000, '.');
        if (open.retain) retained[open.topic].push_back(open.payload);
        publish(last_id_, open, false);
        open_[last_id_] = std::move(open);
        order_.push_back(last_id_);
    }
}

void Publisher::publish(std::uint16_t id, const Open& open, bool dup) {
    mqtt::Publish p{.dup = dup, .qos = open.qos, .retain = open.retain, .topic = open.topic, .packet_id = id};
    p.payload = open.payload;
    send(p);
}

/// Repeats in their order.
void Publisher::begin(bool session_present) {
    for (const auto id : order_) {
        Open& open = open_[id];
        if (open.released && session_present) send(mqtt::Pubrel{id});
        else publish(id, open, session_present);
    }
    fill();
}

/// The broker has it from now on.
void Publisher::acknowledge(std::uint16_t id, QoS qos) {
    const Open& open = open_[id];
    acknowledged[open.payload] = qos;
    if (!open.retain) return;
    auto& values = retained[open.topic];
    values.erase(values.begin(), std::ranges::find(values, open.payload));
}

void Publisher::on(const mqtt::Packet& packet) {
    const auto settle = [&](std::uint16_t id) {
        open_.erase(id);
        std::erase(order_, id);
        fill();
    };
    if (const auto* p = std::get_if<mqtt::Puback>(&packet)) {
        check_reason(p->reason, "PUBACK");
        if (!open_.contains(p->packet_id)) return run_.found(id() + ": PUBACK of an unknown identifier");
        acknowledge(p->packet_id, QoS::at_least_once);
        settle(p->packet_id);
    } else if (const auto* r = std::get_if<mqtt::Pubrec>(&packet)) {
        check_reason(r->reason, "PUBREC");
        const auto at = open_.find(r->packet_id);
        if (at == open_.end()) return run_.found(id() + ": PUBREC of an unknown identifier");
        at->second.released = true;
        acknowledge(r->packet_id, QoS::exactly_once);
        send(mqtt::Pubrel{r->packet_id});
    } else if (const auto* c = std::get_if<mqtt::Pubcomp>(&packet)) {
        settle(c->packet_id);  // 0x92 where PUBCOMP was lost with the broker before
    }
}

// ---- subscribers -----------------------------------------------------------------

void Subscriber::begin(bool session_present) {
    if (!session_present) unreleased_.clear();
    if (subscribed_) return;
    const mqtt::Subscribe::Entry entries[]{{filter_, qos_}};
    send(mqtt::Subscribe{1, {}, entries});
}

void Subscriber::on(const mqtt::Packet& packet) {
    const bool forgets = lazy && run_.up_to(20) == 0;
    if (std::holds_alternative<mqtt::Suback>(packet)) subscribed_ = true;
    if (const auto* p = std::get_if<mqtt::Publish>(&packet)) {
        if (p->qos != QoS::exactly_once || unreleased_.insert(p->packet_id).second) {
            const auto times = ++received[std::string(p->payload)];
            if (p->qos == QoS::exactly_once && times > 1)
                run_.found(id() + ": twice came " + std::string(p->payload.substr(0, 30)));
        }
        if (forgets) return;
        if (p->qos == QoS::at_least_once) send(mqtt::Puback{p->packet_id});
        if (p->qos == QoS::exactly_once) send(mqtt::Pubrec{p->packet_id});
    } else if (const auto* r = std::get_if<mqtt::Pubrel>(&packet)) {
        unreleased_.erase(r->packet_id);
        if (!forgets) send(mqtt::Pubcomp{r->packet_id});
    }
}

// ---- wills -----------------------------------------------------------------------

Mortal::Mortal(Run& run, std::string id, mqtt::Version v, unsigned delay)
    : Client(run, std::move(id), v) {
    clean_ = true;
    expiry_ = 10;
    will_ = "will of " + Client::id();
    delay_ = delay;
}

// ---- changes of subscriptions ----------------------------------------------------

void Changer::begin(bool) {
    if (asked_) filters_[last_] = State::unknown;  // the answer is lost
    asked_ = false;
    change();
}

void Changer::change() {
    if (!running_ || asked_ || !online()) return;
    last_ = "change/" + std::to_string(run_.up_to(9));
    subscribes_ = run_.up_to(1) == 0;
    asked_ = true;
    const mqtt::Subscribe::Entry entries[]{{last_, QoS::at_least_once}};
    const mqtt::Unsubscribe::Filter filters[]{{last_}};
    if (subscribes_) send(mqtt::Subscribe{1, {}, entries});
    else send(mqtt::Unsubscribe{1, {}, filters});
}

void Changer::on(const mqtt::Packet& packet) {
    State& state = filters_.try_emplace(last_, State::gone).first->second;
    if (const auto* p = std::get_if<mqtt::Unsuback>(&packet)) {
        const bool was_there = (*p->codes.begin()).value == 0;
        if (state == State::there && !was_there) run_.found(id() + ": the subscription " + last_ + " was lost");
        if (state == State::gone && was_there) run_.found(id() + ": the subscription " + last_ + " came back");
    }
    state = subscribes_ ? State::there : State::gone;
    asked_ = false;
    change();
}

}  // namespace kill_test
