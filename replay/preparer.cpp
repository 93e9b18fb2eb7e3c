#include "replay/preparer.hpp"

#include <set>
#include <utility>

namespace replay {

using mqtt::Type;

Engine::Preparer::Preparer(net::Loop& loop, const Plan& plan, const EngineOptions& options,
                           std::function<void(const std::string&)> done)
    : loop_(loop), plan_(plan), options_(options), done_(std::move(done)) {
    if (!options.prepare) return;
    std::set<std::string_view> seen;
    for (std::size_t n = 0; n < plan.connections.size(); ++n) {
        const auto& c = plan.connections[n];
        if (!c.replayed || c.connect == none) continue;
        auto p = std::get<mqtt::Connect>(plan.items[c.connect].packet);
        if (p.client_id.empty() || !seen.insert(p.client_id).second) continue;
        p.clean_start = true;
        p.will.reset();
        p.properties = {};
        p.keep_alive = 60;
        clients_.push_back(p);
        versions_.push_back(mqtt::Version(p.level));
    }
}

Engine::Preparer::~Preparer() {
    if (timer_) loop_.cancel(timer_);
}

void Engine::Preparer::start() {
    timer_ = loop_.call_at(loop_.now(), [this] {
        timer_ = 0;
        next();
    });
}

void Engine::Preparer::finish(const std::string& why) {
    if (std::exchange(over_, true)) return;
    if (timer_) loop_.cancel(std::exchange(timer_, 0));
    timer_ = loop_.call_at(loop_.now(), [this, why] {  // not from inside a callback of the link
        timer_ = 0;
        link_.reset();
        done_(why);
    });
}

void Engine::Preparer::next() {
    if (at_ == clients_.size()) return finish({});
    link_ = std::make_unique<Link>(loop_, options_.target, static_cast<LinkOwner&>(*this), 0, versions_[at_]);
    link_->send(mqtt::encode(clients_[at_], versions_[at_]));
    if (timer_) loop_.cancel(timer_);
    timer_ = loop_.call_at(loop_.now() + options_.target.within + options_.patience, [this] {
        timer_ = 0;
        finish(heard_ ? "answers CONNECT, but no PINGREQ" : "accepts the connection, but says nothing");
    });
}

/// The first one clears what is retained; PINGRESP says that it was read.
void Engine::Preparer::accepted() {
    if (!std::exchange(cleared_, true))
        for (const auto& topic : plan_.retained_topics)
            link_->send(mqtt::encode(mqtt::Publish{.retain = true, .topic = topic}, link_->version));
    link_->ping();
}

void Engine::Preparer::came(Link& l, mqtt::View octets) {
    mqtt::Packet packet;
    heard_ = true;
    if (mqtt::decode_leniently(packet, octets, l.version) == 0) return;
    if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
        if (connack->code == 0) return accepted();
        l.finish();  // the replay will tell
    }
    if (std::holds_alternative<mqtt::Pingresp>(packet)) {
        l.send(mqtt::encode(mqtt::Disconnect{}, l.version));
        l.finish();
    }
}

void Engine::Preparer::ended(Link& l) {
    if (over_) return;
    if (!l.was_open) return finish("cannot be reached: " + l.why_ended);
    ++at_;
    if (timer_) loop_.cancel(std::exchange(timer_, 0));
    timer_ = loop_.call_at(loop_.now(), [this] {
        timer_ = 0;
        next();
    });
}

}  // namespace replay
