// What the core tells, as rows.
#include "reference/store_tables.hpp"

namespace reference {

using Stage = InFlight::Stage;

/// Once something has failed nothing is written any more: commit() tells.
template <class Change> void Store::note(const Change& change) {
    if (!failure_.empty()) return;
    try {
        if (!begun_) statements_->begin.run();
        begun_ = true;
        change();
    } catch (const DatabaseFault& fault) {
        failure_ = fault.what();
    }
}

// ---- sessions --------------------------------------------------------------------

void Store::session(Session& s) {
    const bool all = s.expiry != 0;
    const auto at = known_.find(s.serial);
    if (!all && !s.will) {
        if (at != known_.end()) ended(s);
        return;
    }
    const Known before = at == known_.end() ? Known{} : at->second;
    known_[s.serial] = {all, s.will != nullptr};
    note([&] {
        statements_->set_session.run(s.serial, s.client_id, s.expiry, wall(s.will_due.get()), wall(s.end_due.get()));
        if (s.will) {
            const Message& m = *s.will->message;
            statements_->set_will.run(s.serial, s.will->user_name, s.will->delay, m.topic, Blob{m.payload},
                                      Blob{m.properties}, wall(m.arrived), m.expiry, m.publisher,
                                      static_cast<int>(m.qos), m.retain);
        } else if (before.will) {
            statements_->clear_will.run(s.serial);
        }
    });
    if (all && !before.all) insert_all(s);
    if (!all && before.all) erase_all(s);
}

void Store::ended(Session& s) {
    const auto at = known_.find(s.serial);
    if (at == known_.end()) return;
    const Known before = at->second;
    known_.erase(at);
    if (before.all) erase_all(s);
    note([&] {
        if (before.will) statements_->clear_will.run(s.serial);
        statements_->end_session.run(s.serial);
    });
}

void Store::insert_all(Session& s) {
    for (const auto& [filter, subscription] : s.subscriptions) subscribed(s, subscription);
    for (const Delivery& waiting : s.queue) queued(s, waiting);
    for (const Stage stage : {Stage::published, Stage::released})
        for (const InFlight* open : s.window.all(stage)) opened(s, *open);
    for (const auto& [id, inbound] : s.inbound) received(s, id, inbound);
}

void Store::erase_all(Session& s) {
    for (const Delivery& waiting : s.queue) settled(waiting);
    for (const Stage stage : {Stage::published, Stage::released})
        for (const InFlight* open : s.window.all(stage)) settled(open->delivery);
    note([&] {
        for (const auto& [id, inbound] : s.inbound)
            if (inbound.held) disown(*inbound.held);
        statements_->release_all.run(s.serial);
        statements_->unsubscribe_all.run(s.serial);
    });
}

void Store::subscribed(const Session& session, const Subscription& s) {
    note([&] {
        statements_->subscribe.run(session.serial, s.filter, s.share != nullptr, static_cast<int>(s.qos), s.no_local,
                                   s.retain_as_published, s.identifier);
    });
}

void Store::unsubscribed(const Session& session, const Subscription& s) {
    note([&] { statements_->unsubscribe.run(session.serial, s.filter); });
}

// ---- messages --------------------------------------------------------------------

/// One more row needs the message; the first one makes its row.
std::uint64_t Store::own(const Message& m, bool retained) {
    std::uint64_t& id = m.kept.value;
    if (id == 0) {
        id = ++last_message_;
        statements_->add_message.run(id, retained, m.topic, Blob{m.payload}, Blob{m.properties}, wall(m.arrived),
                                     m.expiry, m.publisher, static_cast<int>(m.qos), m.retain);
    } else if (retained) {
        statements_->set_retained.run(1, id);
    }
    ++owners_[id];
    return id;
}

void Store::disown(const Message& m, bool retained) {
    const auto at = owners_.find(m.kept.value);
    if (at == owners_.end()) return;
    if (--at->second == 0) {
        statements_->drop_message.run(at->first);
        owners_.erase(at);
        m.kept.value = 0;
    } else if (retained) {
        statements_->set_retained.run(0, at->first);
    }
}

void Store::retained(const Message& message) {
    note([&] { own(message, true); });
}
void Store::unretained(const Message& message) {
    note([&] { disown(message, true); });
}

// ---- deliveries ------------------------------------------------------------------

void Store::insert(const Session& session, const Delivery& d, const InFlight* open) {
    static_assert(sizeof(decltype(d.identifiers)::value_type) == 4);
    const std::string_view identifiers(reinterpret_cast<const char*>(d.identifiers.data()), 4 * d.identifiers.size());
    const auto message = own(*d.message);
    d.kept = ++last_delivery_;
    statements_->deliver.run(d.kept, session.serial, message, static_cast<int>(d.qos), d.retain, Blob{identifiers},
                             d.share ? std::optional<std::string_view>(*d.share) : std::nullopt,
                             open ? open->id : std::uint16_t{0}, open ? static_cast<int>(open->stage) : 0,
                             open ? open->order : 0);
}

void Store::queued(const Session& session, const Delivery& delivery) {
    if (delivery.qos == mqtt::QoS::at_most_once) return;
    note([&] { insert(session, delivery, nullptr); });
}

void Store::opened(const Session& session, const InFlight& open) {
    note([&] {
        if (open.delivery.kept == 0) return insert(session, open.delivery, &open);
        statements_->go_on.run(open.id, static_cast<int>(open.stage), open.order, open.delivery.kept);
    });
}

void Store::settled(const Delivery& delivery) {
    if (delivery.kept == 0) return;
    note([&] {
        statements_->settle.run(std::exchange(delivery.kept, 0));
        disown(*delivery.message);
    });
}

void Store::received(const Session& session, std::uint16_t packet_id, const Inbound& inbound) {
    note([&] {
        statements_->receive.run(session.serial, packet_id, inbound.held ? own(*inbound.held) : 0);
    });
}

void Store::released(const Session& session, std::uint16_t packet_id, const Inbound& inbound) {
    note([&] {
        if (inbound.held) disown(*inbound.held);
        statements_->release.run(session.serial, packet_id);
    });
}

}  // namespace reference
