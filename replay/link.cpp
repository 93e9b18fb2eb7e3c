#include "replay/link.hpp"

#include <cstdio>
#include <utility>

#include "codec/explain.hpp"

namespace replay {
namespace {

constexpr std::size_t ladder_lines = 8;
constexpr std::size_t longest_packet = 64u << 20;  // of a target: what is larger ends the connection

}  // namespace

Link::Link(net::Loop& loop, const net::Target& target, LinkOwner& owner, std::size_t session_number, mqtt::Version v)
    : session(session_number), version(v), loop_(loop), owner_(owner) {
    stream_ = loop_.dial(target, *this);
}

Link::~Link() {
    if (alive_timer_) loop_.cancel(alive_timer_);
}

void Link::send(std::string octets) {
    if (over) return;
    note(true, mqtt::octets(octets));
    last_sent_ = last_spoke = loop_.now();
    stream_->send(std::move(octets));
}

void Link::ping() {
    ++pings_due;
    send(mqtt::encode(mqtt::Pingreq{}, version));
}

void Link::finish() {
    if (over || std::exchange(finishing, true)) return;
    keep_alive(0);
    stream_->half_close();
}

void Link::leave() {
    if (over) return;
    over = true;
    keep_alive(0);
    stream_->close();
}

void Link::keep_alive(unsigned seconds) {
    if (alive_timer_) loop_.cancel(std::exchange(alive_timer_, 0));
    alive_every_ = std::chrono::milliseconds(seconds * 750ll);
    if (seconds) arm();
}

void Link::arm() {
    alive_timer_ = loop_.call_at(last_sent_ + alive_every_, [this] {
        alive_timer_ = 0;
        if (over || finishing) return;
        if (connected && owner_.keeps_alive(*this) && loop_.now() >= last_sent_ + alive_every_) ping();
        if (loop_.now() >= last_sent_ + alive_every_) last_sent_ = loop_.now();
        arm();
    });
}

void Link::note(bool sent, mqtt::View octets) {
    if (octets.empty()) return;
    mqtt::Explained explained;
    mqtt::explain(explained, octets, version);
    lines_.push_back({loop_.now(), sent, mqtt::line(explained)});
    if (lines_.size() > ladder_lines) lines_.pop_front();
}

std::vector<std::string> Link::ladder() const {
    std::vector<std::string> out;
    for (const auto& l : lines_) {
        char time[32];
        std::snprintf(time, sizeof time, "%9.3f ", std::chrono::duration<double>(l.time).count());
        out.push_back(time + std::string(l.sent ? "-> " : "<- ") + l.text);
    }
    if (over && !why_ended.empty()) out.push_back("          " + why_ended);
    return out;
}

void Link::on_open() {
    was_open = true;
    owner_.opened(*this);
}

void Link::on_bytes(mqtt::View bytes) {
    framer_.feed(bytes);
    mqtt::Fault fault;
    while (!over) {
        const auto packet = framer_.next(version, fault, {longest_packet});
        if (fault) {
            why_ended = "octets that are no packet: " + mqtt::describe(fault);
            end = net::End::error;
            over = true;
            stream_->reset();
            return owner_.ended(*this);
        }
        if (packet.empty()) return;
        note(false, packet);
        owner_.came(*this, packet);
    }
}

void Link::on_end(net::End how, std::string why) {
    if (over) return;
    over = true;
    end = how;
    why_ended = std::string(net::name(how)) + (why.empty() ? "" : ": " + why);
    keep_alive(0);
    owner_.ended(*this);
}

}  // namespace replay
