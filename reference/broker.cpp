// Links in and out, time, and the way of a packet to its handler.
#include "reference/broker.hpp"

#include <algorithm>

#include "reference/core.hpp"

namespace reference {

Broker::Broker(Settings settings) : core_(std::make_unique<Core>(std::move(settings))) {}
Broker::Broker(Broker&&) noexcept = default;
Broker& Broker::operator=(Broker&&) noexcept = default;
Broker::~Broker() = default;
void Broker::keep(Journal& journal, Time now) { core_->keep(journal, *this, now); }
void Broker::restore(std::unique_ptr<Session> session) { core_->restore(std::move(session)); }
void Broker::restore(MessagePtr retained) { core_->restore(std::move(retained)); }
LinkId Broker::open(Time now) { return core_->open(now); }
void Broker::identify(LinkId id, std::string_view user_name) { core_->identify(id, user_name); }
void Broker::receive(LinkId id, mqtt::View bytes, Time now) { core_->receive(id, bytes, now); }
bool Broker::reads(LinkId id) const { return core_->reads(id); }
void Broker::decide(LinkId id, Admission a, Time now) { core_->decide(id, a, now); }
void Broker::lost(LinkId id, Time now) { core_->lost(id, now); }
void Broker::tick(Time now) { core_->tick(now); }
std::optional<Time> Broker::deadline() const { return core_->deadline(); }
std::span<const LinkId> Broker::dirty() const { return core_->dirty(); }
std::string Broker::take(LinkId id, bool& close) { return core_->take(id, close); }
void Broker::postpone(LinkId id) { core_->postpone(id); }
void Broker::excuse(LinkId id, Time now) { core_->excuse(id, now); }
std::size_t Broker::waiting(LinkId id) const { return core_->waiting(id); }
void Broker::recycle(std::string bytes) { core_->recycle(std::move(bytes)); }
void Broker::set_available(bool available) { core_->set_available(available); }
void Broker::shut_down(Time now) { core_->shut_down(now); }
const Broker::Counters& Broker::counters() const { return core_->counters(); }
void Broker::publish(std::string_view topic, std::string_view payload, bool retain, Time now) {
    core_->publish(topic, payload, retain, now);
}
Broker::Counts Broker::counts() const { return core_->counts(); }

Core::Core(Settings settings)
    : settings_(std::move(settings)), subscriptions_(settings_.policy), retained_(settings_.policy) {}

LinkId Core::open(Time now) {
    set_now(now);
    ++counters_.links_opened;
    Link& link = links_.add();
    link.heard = now_;
    link_alarms_.tidy(links_.size(), [&](Time at, LinkId id) {
        const Link* of = links_.find(id);
        return of && of->armed && *of->armed == at;
    });
    arm(link);
    if (links_.size() > settings_.limits.connections) shut(link);
    return link.id;
}

void Core::identify(LinkId id, std::string_view user_name) {
    Link* link = links_.find(id);
    if (!link || link->state != Link::State::fresh) return;
    link->identified = true;
    link->rare.make().user_name = user_name;
}

void Core::receive(LinkId id, mqtt::View bytes, Time now) {
    set_now(now);
    Link* link = links_.find(id);
    if (!link) return;
    counters_.octets_received += bytes.size();
    if (!link->partial) {
        const auto taken = run(*link, bytes);
        if (taken < bytes.size()) link->partial = std::make_unique<std::string>(mqtt::bytes(bytes.subspan(taken)));
        return;
    }
    link->partial->append(mqtt::bytes(bytes));
    const auto taken = run(*link, mqtt::octets(*link->partial));
    if (taken < link->partial->size())
        link->partial->erase(0, taken);
    else
        link->partial.reset();  // idle links own no room
}

// Whole packets, one after the other; returns the octets that are done with.
std::size_t Core::run(Link& link, mqtt::View bytes) {
    std::size_t taken = 0;
    using enum Link::State;
    while (taken < bytes.size() && link.state != closing && link.state != deciding) {
        const auto size =
            link.state == fresh ? first_packet(link, bytes.subspan(taken)) : next_frame(link, bytes.subspan(taken));
        if (size == 0) break;
        taken += size;
        if (breaks(Break::packet_per_write)) return bytes.size();  // 3.1.1, 7.1.1-1; 5.0, 4.2.0-1
    }
    if (link.state == deciding) {  // CONNECT and what follows are kept as they are
        if (bytes.size() - taken > settings_.limits.undecided_octets) shut(link);
        return link.state == deciding ? taken : bytes.size();
    }
    if (taken < bytes.size() && breaks(Break::packet_cut_up_refused)) shut(link);
    if (link.state != closing) return taken;
    after_refusal(link, bytes.subspan(taken));  // nothing, unless a rule is broken
    return bytes.size();
}

std::size_t Core::next_frame(Link& link, mqtt::View bytes) {
    mqtt::Limits limits{link.v5() ? settings_.offer.maximum_packet_size : settings_.limits.v3_packet};
    if (breaks(Break::oversized_packet_accepted)) limits = {};
    mqtt::Fault fault;
    const auto size = mqtt::decode(packet_, bytes, link.version, fault, limits);
    if (fault) return on_fault(link, bytes, fault);
    frame_ = bytes.first(size);
    if (size != 0) dispatch(link, packet_);
    frame_ = {};
    return size;
}

void Core::dispatch(Link& link, const mqtt::Packet& packet) {
    ++counters_.packets_received;
    link.heard = now_;  // any packet counts (3.1.2-24, 3.1.2-22)
    const auto type = mqtt::type_of(packet);
    // Until CONNACK a client that named a method sends AUTH and DISCONNECT only (5.0, 3.1.2-30).
    if (link.state == Link::State::authenticating && type != mqtt::Type::auth && type != mqtt::Type::disconnect) {
        const auto* early = std::get_if<mqtt::Publish>(&packet);
        if (!early || !breaks(Break::publish_amid_authentication_served)) return fail(link, reason::protocol_error);
        publish(make_message(link, *early, early->topic));
        return;
    }
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (std::is_same_v<P, mqtt::Connect>)
                second_connect(link);
            else if constexpr (std::is_same_v<P, mqtt::Connack> || std::is_same_v<P, mqtt::Suback> ||
                               std::is_same_v<P, mqtt::Unsuback> || std::is_same_v<P, mqtt::Pingresp>) {
                if (!breaks(Break::server_packets_ignored)) fail(link, reason::protocol_error);  // a server sends these
            } else
                on(link, p);
        },
        packet);
}

void Core::on(Link& link, const mqtt::Pingreq&) {
    Session& session = *link.session;
    if (breaks(Break::repeated_while_connected))
        for (InFlight* open : session.window.all(InFlight::Stage::published)) repeat(session, *open);
    if (breaks(Break::quota_blocks_other_packets) && session.quota_used >= link.receive_maximum) return;
    if (!breaks(Break::pingresp_missing)) send(link, mqtt::Pingresp{});  // 3.12.4-1
}

void Core::lost(LinkId id, Time now) {
    set_now(now);
    Link* link = links_.find(id);
    if (!link) return;
    leave(*link, !breaks(Break::will_missing_on_cut));
    if (link->dirty) {
        bool close = false;
        take(id, close);
        if (close) return;
    }
    links_.remove(id);
}

std::string Core::take(LinkId id, bool& close) {
    close = false;
    Link* link = links_.find(id);
    if (!link) return {};
    if (journal_) journal_->commit(now_);  // acknowledged means kept
    clean(*link);
    std::string bytes;
    if (link->outbox) bytes = std::move(*link->outbox);
    if (auto shell = std::move(link->outbox); shell && shells_.size() < 1'024) shells_.push_back(std::move(shell));
    counters_.octets_sent += bytes.size();
    close = link->state == Link::State::closing && !link->left_open;
    if (close)
        links_.remove(id);
    else if (std::exchange(link->stalled, false) && link->session)
        pump(*link->session);
    return bytes;
}

void Core::postpone(LinkId id) {
    if (Link* link = links_.find(id)) clean(*link);
}

void Core::excuse(LinkId id, Time now) {
    set_now(now);
    if (Link* link = links_.find(id)) link->heard = now_;
}

// ---- time ----------------------------------------------------------------------------------------------------------

void Core::arm(Link& link) {
    std::optional<Time> due;
    if (link.state < Link::State::online)  // just opened; nothing but CONNACK moves it
        due = now_ + settings_.limits.time_to_connect;
    else if (link.state == Link::State::online && link.keep_alive != 0)
        due = link.heard + Time(link.keep_alive * std::int64_t{1500});
    if (link.armed && due && *link.armed <= *due) return;  // fires early and is set anew: no work per packet
    link.armed = due;
    if (due) link_alarms_.add(*due, link.id);
}

void Core::arm(Session& session) {
    auto due = session.will_due.get();
    if (session.end_due && (!due || *session.end_due < *due)) due = *session.end_due;
    if (journal_) journal_->session(session);
    if (due == session.armed.get()) return;
    if (session.armed) session_timers_.erase({*session.armed, session.serial});
    session.armed = due;
    if (due) session_timers_.emplace(std::pair(*due, session.serial), &session);
}

std::optional<Time> Core::deadline() const {
    auto due = link_alarms_.earliest();
    if (!session_timers_.empty() && (!due || session_timers_.begin()->first.first < *due))
        due = session_timers_.begin()->first.first;
    return due;
}

void Core::tick(Time now) {
    set_now(now);
    for (auto at = link_alarms_.earliest(); at && *at <= now_; at = link_alarms_.earliest()) {
        Link* link = links_.find(link_alarms_.pop());
        if (!link || !link->armed || *link->armed != *at) continue;  // out of date
        link->armed.reset();
        link_due(*link);
    }
    while (!session_timers_.empty() && session_timers_.begin()->first.first <= now_) {
        Session& session = *session_timers_.begin()->second;
        session_timers_.erase(session_timers_.begin());
        session.armed.reset();
        session_due(session);
    }
}

// Not at once: this may be in the middle of a fan-out.
void Core::overrun(Link& link) {
    if (std::exchange(link.overrun, true)) return;
    link.armed = now_;
    link_alarms_.add(now_, link.id);
}

void Core::link_due(Link& link) {
    if (link.overrun) return fail(link, reason::quota_exceeded);
    if (link.state != Link::State::online) return shut(link);  // no CONNECT in time, or no end of AUTH
    if (link.keep_alive == 0) return;
    // One and a half times Keep Alive without a packet (3.1.1, 3.1.2-24; 5.0, 3.1.2-22).
    const Time patience{link.keep_alive * std::int64_t{1500}};
    if (now_ - link.heard < patience || breaks(Break::keep_alive_ignored)) {
        if (!breaks(Break::keep_alive_ignored)) arm(link);
        return;
    }
    if (link.v5() && style().disconnect_on_error)
        answer(link, mqtt::Disconnect{reason::keep_alive_timeout}, reason::keep_alive_timeout);
    shut(link, !breaks(Break::keep_alive_will_missing));
}

void Core::shut_down(Time now) {
    set_now(now);
    for (LinkId id : links_.ids()) {
        Link& link = *links_.find(id);
        if (link.state == Link::State::online)
            disconnect(link, reason::server_shutting_down, true);
        else
            shut(link);
    }
}

Broker::Counts Core::counts() const {
    Broker::Counts c{links_.size(), sessions_.size(), subscriptions_.size(), retained_.size(), 0};
    for (const auto& session : sessions_) c.queued += session->queue.size() + session->window.size();
    return c;
}

}  // namespace reference
