#include "bench/load_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bench {
namespace {

using mqtt::Type;

constexpr std::uint16_t two(const std::uint8_t* at) { return std::uint16_t(at[0] << 8 | at[1]); }

/// Octets of a variable byte integer, and its value; `size` 0: not whole. Four octets at most.
struct Varint {
    std::size_t value = 0, size = 0;
};
Varint varint(mqtt::View in) {
    Varint v;
    for (std::size_t i = 0; i < in.size() && i < 4; ++i) {
        v.value |= std::size_t(in[i] & 127) << (7 * i);
        if (in[i] < 128) {
            v.size = i + 1;
            return v;
        }
    }
    return v;
}

}  // namespace

// ---- all of them --------------------------------------------------------------

Crowd::Crowd(const Load& l) : load(l), topic(fmt::format("bench/{:04x}", l.seed & 0xffff)) {}

void Crowd::lost(const std::string& why) {
    if (fault.empty()) fault = why;
}

std::string Crowd::client_id(unsigned number) const {  // 23 octets at most: 3.1 takes no more
    return fmt::format("b{:08x}-{}", load.seed & 0xffffffff, number);
}

/// A loopback address has 28,000 ports to come from, and the kernel is slow to find the last; but there are many addresses.
net::Target Crowd::target_for(unsigned number) const {
    net::Target target = load.target;
    const unsigned neighbour = number / 5'000 % 250;
    if (neighbour && target.host.starts_with("127.")) target.from = fmt::format("127.0.0.{}", neighbour + 1);
    return target;
}

bool Crowd::connect(const std::vector<Client*>& clients) {
    constexpr std::size_t at_a_time = 64;
    const auto before = connected;
    std::size_t dialled = 0;
    const auto up_now = [&] { return std::size_t(connected - before); };
    const auto done = [&] {
        for (; dialled < clients.size() && dialled - up_now() < at_a_time; ++dialled)
            clients[dialled]->dial(unsigned(next_number++));
        return up_now() == clients.size();
    };
    if (run_until(done, [&] { return connected; })) return true;
    if (load.cancelled()) return false;
    throw TargetFault(fmt::format("no answer to CONNECT or SUBSCRIBE within {} ms", load.timeout.count()));
}

void Crowd::part(const std::vector<Client*>& clients) {
    const auto before = left;
    for (Client* client : clients) client->leave();
    const auto patience = std::chrono::seconds(2) + std::chrono::microseconds(50) * clients.size();
    loop.run_for(patience, [&] { return left - before >= clients.size(); });
}

bool Crowd::run_until(const std::function<bool()>& done, const std::function<std::uint64_t()>& moved,
                      net::Time patience) {
    bool stop = false;
    auto before = moved();
    auto since = loop.now(), pinged = since;
    net::TimerId timer = 0;
    const std::function<void()> look = [&] {
        if (moved() != before) {
            before = moved();
            since = loop.now();
        }
        if (keep_alive.count() && loop.now() - pinged > keep_alive / 2) {
            pinged = loop.now();
            for (Client* client : members) client->ping();
        }
        stop = stop || load.cancelled() || loop.now() - since >= patience;
        timer = loop.call_at(loop.now() + std::chrono::milliseconds(20), look);
    };
    look();
    bool finished = false;
    loop.run([&] { return (finished = done()) || stop || !fault.empty() || !not_offered.empty(); });
    loop.cancel(timer);
    if (!not_offered.empty()) throw NotOffered(not_offered);
    if (!fault.empty()) throw TargetFault(fault);
    return finished;
}

// ---- coming and going ---------------------------------------------------------

void Client::dial(unsigned number) {
    number_ = number;
    up_ = leaving_ = opened_ = false;
    partial_.clear();
    stream_ = crowd_.loop.dial(crowd_.target_for(number_), *this);
}

void Client::on_open() {
    opened_ = true;
    const auto& load = crowd_.load;
    const std::string id = crowd_.client_id(number_);
    mqtt::Connect connect;
    connect.protocol = load.version == mqtt::Version::v3_1 ? "MQIsdp" : "MQTT";
    connect.level = std::uint8_t(load.version);
    connect.keep_alive = 0;
    connect.client_id = id;
    if (load.user_name) connect.user_name = *load.user_name;
    if (load.password) connect.password = *load.password;
    stream_->send(mqtt::encode(connect, load.version));
}

void Client::ping() {
    if (up_) stream_->send(mqtt::encode(mqtt::Pingreq{}, crowd_.load.version));
}

void Client::leave() {
    if (!stream_) return;
    leaving_ = true;
    if (up_) stream_->send(mqtt::encode(mqtt::Disconnect{}, crowd_.load.version));
    stream_->half_close();
    up_ = false;
}

void Client::on_end(net::End how, std::string why) {
    if (leaving_) {
        ++crowd_.left;
        return crowd_.gone(*this);
    }
    const std::string broken = how == net::End::fin ? "" : " (" + why + ")";
    if (up_)
        crowd_.lost("the broker ended a connection midway" + broken);
    else if (opened_)
        crowd_.lost("the broker ended the connection in place of CONNACK or SUBACK" + broken);
    else
        crowd_.lost("no connection: " + why);
}

void Client::take_connack(mqtt::View body) {
    if (body.size() < 2) return crowd_.lost("a CONNACK that is too short");
    if (body[1] != 0) return crowd_.lost(fmt::format("the broker refuses the connection with code {}", body[1]));
    const auto& load = crowd_.load;
    window_ = load.window;
    if (v5()) take_limits(body);
    free_ids_.clear();
    in_use_.assign(window_ + 1, false);
    for (unsigned id = window_; id > 0; --id) free_ids_.push_back(std::uint16_t(id));
    if (!subscribes_) return now_up();
    const mqtt::Subscribe::Entry entries[]{{.filter = crowd_.topic, .qos = load.qos}};
    mqtt::Subscribe subscribe;
    subscribe.packet_id = 1;
    subscribe.entries = entries;
    stream_->send(mqtt::encode(subscribe, load.version));
}

/// Receive Maximum and Server Keep Alive (5.0, 3.2.2.3).
void Client::take_limits(mqtt::View body) {
    std::string whole(1, char(0x20));
    for (auto n = body.size(); whole.size() == 1 || n; n >>= 7) whole += char((n & 127) | (n > 127 ? 128 : 0));
    whole += mqtt::bytes(body);
    mqtt::Connack connack;
    mqtt::Fault fault;
    if (!mqtt::decode(connack, mqtt::octets(whole), mqtt::Version::v5, fault))
        return crowd_.lost(fmt::format("a CONNACK that is malformed: {}: {}", fault.field, fault.what));
    for (const auto& p : connack.properties) {
        if (p.id == mqtt::property::receive_maximum) window_ = std::min(window_, unsigned(p.number));
        if (p.id == mqtt::property::server_keep_alive) crowd_.keep_alive = std::chrono::seconds(p.number);
    }
}

void Client::take_suback(mqtt::View body) {
    const unsigned granted = body.empty() ? 255 : body.back();
    if (granted != unsigned(crowd_.load.qos)) {
        crowd_.not_offered =
            fmt::format("a subscription at QoS {} is answered with {}", unsigned(crowd_.load.qos), granted);
        return;
    }
    now_up();
}

void Client::now_up() {
    up_ = true;
    ++crowd_.connected;
    crowd_.up(*this);
}

// ---- sending ------------------------------------------------------------------

void Client::publish(std::string packets, std::uint64_t count) {
    crowd_.published += count;
    stream_->send(std::move(packets));
}

std::uint64_t Client::publish_acknowledged(std::uint64_t most, std::string_view payload) {
    const auto n = std::min<std::uint64_t>(most, free_ids_.size());
    if (!n) return 0;
    if (template_.empty()) {
        mqtt::Publish publish;
        publish.qos = crowd_.load.qos;
        publish.topic = crowd_.topic;
        publish.packet_id = 1;
        publish.payload = payload;
        template_ = mqtt::encode(publish, crowd_.load.version);
        id_at_ = 1 + varint(mqtt::octets(template_).subspan(1)).size + 2 + crowd_.topic.size();
    }
    std::string out;
    out.reserve(n * template_.size());
    for (std::uint64_t i = 0; i < n; ++i) {
        const auto id = free_ids_.back();
        free_ids_.pop_back();
        in_use_[id] = true;
        const auto begin = out.size();
        out += template_;
        out[begin + id_at_] = char(id >> 8);
        out[begin + id_at_ + 1] = char(id & 255);
        out.replace(out.size() - payload.size(), payload.size(), payload);
    }
    crowd_.published += n;
    crowd_.in_handshake += n;
    stream_->send(std::move(out));
    return n;
}

/// The short form, which both versions take as success.
void Client::answer(Type type, std::uint16_t id) {
    const char packet[]{char(unsigned(type) << 4 | (type == Type::pubrel ? 2 : 0)), 2, char(id >> 8), char(id & 255)};
    answers_.append(packet, sizeof packet);
}

void Client::ended(std::uint16_t id, bool refused) {
    if (id >= in_use_.size() || !in_use_[id]) {
        ++crowd_.stray;
        return;
    }
    in_use_[id] = false;
    free_ids_.push_back(id);
    --crowd_.in_handshake;
    crowd_.refused += refused;
    news_ = true;
}

// ---- receiving ----------------------------------------------------------------

void Client::on_bytes(mqtt::View bytes) {
    news_ = false;
    if (partial_.empty()) {
        const auto taken = walk(bytes);
        if (taken < bytes.size()) partial_ = mqtt::bytes(bytes.subspan(taken));
    } else {
        partial_ += mqtt::bytes(bytes);
        partial_.erase(0, walk(mqtt::octets(partial_)));
    }
    if (!answers_.empty() && !leaving_) stream_->send(std::exchange(answers_, {}));
    if (news_) crowd_.progress(*this);
}

/// All whole packets; the octets taken.
std::size_t Client::walk(mqtt::View in) {
    std::size_t at = 0;
    while (in.size() - at >= 2 && !leaving_) {
        const auto length = varint(in.subspan(at + 1));
        const std::size_t head = 1 + length.size;
        if (!length.size && in.size() - at > 4) {
            crowd_.lost("the broker sends what is no MQTT");
            return in.size();
        }
        if (!length.size || in.size() - at < head + length.value) break;
        take(in[at], in.subspan(at + head, length.value));
        at += head + length.value;
    }
    return leaving_ ? in.size() : at;
}

void Client::take(std::uint8_t head, mqtt::View body) {
    const auto type = Type(head >> 4);
    if (type == Type::publish) return take_publish(head, body);
    if (type == Type::connack) return take_connack(body);
    if (type == Type::suback) return take_suback(body);
    if (type == Type::disconnect)
        return crowd_.lost(fmt::format("the broker disconnects with reason {}", body.empty() ? 0 : body[0]));
    if (type == Type::pingresp) return;
    if (body.size() < 2) return crowd_.lost(fmt::format("a {} that nobody asked for", mqtt::name(type)));
    const auto id = two(body.data());
    const bool bad = body.size() > 2 && body[2] >= 0x80;
    if (type == Type::puback || type == Type::pubcomp || (type == Type::pubrec && bad))
        ended(id, bad);
    else if (type == Type::pubrec)
        answer(Type::pubrel, id);
    else if (type == Type::pubrel)
        answer(Type::pubcomp, id);
}

void Client::take_publish(std::uint8_t head, mqtt::View body) {
    const unsigned qos = head >> 1 & 3;
    std::size_t at = body.size() < 2 ? body.size() + 1 : 2u + two(body.data());
    if (at + (qos ? 2 : 0) > body.size()) return crowd_.lost("a PUBLISH that is too short");
    if (qos) {
        answer(qos == 1 ? Type::puback : Type::pubrec, two(body.data() + at));
        at += 2;
    }
    ++crowd_.deliveries;
    news_ = true;
    if (!crowd_.reads_payload) return;
    if (v5()) {
        const auto properties = varint(body.subspan(at));
        at = std::min(body.size(), at + properties.size + properties.value);
    }
    crowd_.delivered(body.subspan(at));
}

}  // namespace bench
