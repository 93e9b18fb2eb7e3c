#include "pcap/connection.hpp"

#include "codec/explain.hpp"

namespace pcap {

using mqtt::Type;
using mqtt::Version;
using mqtt::View;

constexpr unsigned most_requests = 64;  // of HTTP before WebSocket

Connection::Connection(Context& context, const Endpoint& first, const Endpoint& second, unsigned again)
    : context_(context),
      ends_{first, second},
      streams_{{0, *this, context.memory, context.options.max_packet},
               {1, *this, context.memory, context.options.max_packet}},
      again_(again) {}

void Connection::open(Time now) {
    opened_ = true;
    const bool joined = !begins_[0] && !begins_[1];
    conversation_.number = context_.conversations++;
    conversation_.name = name_of(ends_[client_]) + "-" + name_of(ends_[1 - client_]);
    if (again_) conversation_.name += "#" + std::to_string(again_ + 1);
    conversation_.web_socket = state_ == State::web_socket;
    conversation_.midstream = joined;
    if (context_.options.version) conversation_.version = *context_.options.version;
    tell({.kind = Event::Kind::opened, .time = now});
    if (joined)
        tell({.kind = Event::Kind::midstream, .time = now, .reason = "the capture begins within this connection"});
    for (int side : {0, 1})
        if (!begins_[side]) streams_[side].join();
}

void Connection::hole(int side, std::size_t missing, Time now) {
    if (state_ == State::plain) return streams_[side].hole(missing, now);
    if (state_ == State::web_socket) return frames_->of[side].hole(missing, now);
    if (state_ == State::undecided) gather({now, {}, missing, side});
}

void Connection::close(Event::How how, int side, Time now) {
    if (!opened_ || closed_) return ignore();
    closed_ = true;
    const auto what = how == Event::How::end_of_capture ? "the capture" : "the connection";
    for (int s : {client_, 1 - client_}) streams_[s].end(what, now);
    tell({.kind = Event::Kind::closed, .time = now, .side = role(side), .how = how});
    ignore();
}

// ---- what its streams tell ----------------------------------------------------------------------------------------

void Connection::learn(int side, View octets) {
    auto& v = conversation_.version;
    const auto type = Type(octets[0] >> 4);
    if (type == Type::connect && side == client_) {
        mqtt::Explained connect;
        mqtt::explain(connect, octets, v);
        v = connect.version;
        conversation_.version_known = true;
    } else if (context_.options.version) {
        v = *context_.options.version;
    } else {
        mqtt::Packet ignored;
        mqtt::Fault fault;
        if (mqtt::decode(ignored, octets, v, fault)) return;
        const auto another = v == Version::v5 ? Version::v3_1_1 : Version::v5;
        if (mqtt::decode(ignored, octets, another, fault)) v = another;
    }
}

void Connection::packet(int side, View octets, Time now) {
    if (!conversation_.version_known || octets[0] >> 4 == int(Type::connect)) [[unlikely]]
        learn(side, octets);
    tell({.kind = Event::Kind::packet, .time = now, .side = role(side), .octets = octets, .length = octets.size()});
}
void Connection::truncated(int side, View here, std::size_t size, std::size_t missing, const std::string& why,
                           Time now) {
    tell({.kind = Event::Kind::truncated,
          .time = now,
          .side = role(side),
          .octets = here,
          .length = size,
          .missing = missing,
          .reason = why});
}
void Connection::gap(int side, View here, std::size_t length, std::size_t missing, const std::string& why, Time now) {
    tell({.kind = Event::Kind::gap,
          .time = now,
          .side = role(side),
          .octets = here,
          .length = length,
          .missing = missing,
          .reason = why});
}

// ---- WebSocket ----------------------------------------------------------------------------------------------------

/// What is refused may have begun: a client need not wait for the answer to its upgrade.
WebSocketSide::Sink::Behind Connection::head(int side, const HttpHead& head, Time now) {
    auto& [of, unanswered, requests] = *frames_;
    if (side == client_) {
        unanswered.push_back(head.asks_for_head);
        if (++requests > most_requests || (head.upgrade && !head.mqtt && !forced())) refuse(side, {}, now);
        return head.upgrade ? Behind::frames : Behind::body;
    }
    if (head.status < 100 || (head.status == 101 && !head.upgrade)) refuse(side, {}, now);
    if (head.upgrade && head.compressed) refuse(side, "compressed WebSocket messages (permessage-deflate)", now);
    if (head.upgrade) return Behind::frames;
    if (head.status < 200) return Behind::another_head;
    const bool no_body = head.status == 204 || head.status == 304 || (!unanswered.empty() && unanswered.front());
    if (!unanswered.empty()) unanswered.erase(unanswered.begin());
    if (no_body) return Behind::another_head;
    if (!head.chunked && !head.length) refuse(side, {}, now);  // until the server closes
    return Behind::body;
}
void Connection::carried(int side, View in, Time now) {
    if (state_ == State::ignored) return;
    if (!opened_) open(now);
    streams_[side].octets(in, now);
}
void Connection::not_carried(int side, std::size_t missing, Time now) {
    if (state_ == State::ignored) return;
    if (!opened_) open(now);
    streams_[side].hole(missing, now);
}
void Connection::refuse(int, const std::string& why, Time now) {
    if (!why.empty())
        context_.listener.remark({Remark::Kind::refused, now,
                                  name_of(ends_[client_]) + "-" + name_of(ends_[1 - client_]) + ": " + why +
                                      " are not read; switch compression off at the broker or the client"});
    if (opened_) close(Event::How::end_of_capture, client_, now);
    state_ = State::ignored;
}

}  // namespace pcap
