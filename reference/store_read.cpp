// What is in the file, back to the core. Nothing in it is believed that could hurt.
#include <algorithm>
#include <set>

#include "codec/codec.hpp"
#include "codec/topics.hpp"
#include "reference/broker.hpp"
#include "reference/store_tables.hpp"

namespace reference {
namespace {

/// The message could be sent: lengths and properties have the shape of a PUBLISH.
bool is_sound(const Message& m) {
    if (m.topic.size() > 65'535) return false;
    mqtt::Publish publish{.topic = m.topic, .payload = m.payload};
    publish.properties = m.passed_on();
    const std::string octets = mqtt::encode(publish, mqtt::Version::v5);
    mqtt::Packet read;
    return mqtt::decode_leniently(read, mqtt::octets(octets), mqtt::Version::v5) == octets.size();
}

std::vector<std::uint32_t> identifiers(std::string_view octets) {
    std::vector<std::uint32_t> list(octets.size() / 4);
    std::copy_n(octets.data(), 4 * list.size(), reinterpret_cast<char*>(list.data()));
    return list;
}

std::shared_ptr<const std::string> shared_text(std::string_view text) {
    return std::make_shared<const std::string>(text);
}

}  // namespace

void Store::restore(Broker& broker, Time now) try {
    set_offset(now);
    auto sessions = read_sessions();
    read_wills(sessions);
    read_subscriptions(sessions);
    std::vector<MessagePtr> retained;
    const auto messages = read_messages(retained);
    read_deliveries(sessions, messages);
    read_inbound(sessions, messages);
    drop_orphans(messages);
    database_.may_tidy(true);  // what is refused stays as it was
    const auto count = sessions.size();
    for (auto& [serial, session] : sessions) broker.restore(std::move(session));
    for (auto& message : retained) broker.restore(std::move(message));
    if (options_.say)
        options_.say("store " + options_.path + ": restored " + std::to_string(count) + " sessions, " +
                     std::to_string(broker.counts().queued) + " messages to deliver, " +
                     std::to_string(retained.size()) + " retained messages");
} catch (const DatabaseFault& fault) {
    damaged(fault.what());
}

Session& Store::session_of(Sessions& sessions, std::int64_t serial) const {
    const auto at = sessions.find(std::uint64_t(serial));
    if (at == sessions.end()) damaged("a row has no session");
    return *at->second;
}

const MessagePtr& Store::message_of(const Messages& messages, std::int64_t id) {
    const auto at = messages.find(std::uint64_t(id));
    if (at == messages.end()) damaged("a row has no message");
    ++owners_[at->first];
    return at->second;
}

Store::Sessions Store::read_sessions() {
    Sessions sessions;
    std::set<std::string> names;
    Statement rows(database_, "SELECT serial, client_id, expiry, will_due, end_due FROM sessions");
    while (rows.row()) {
        auto session = std::make_unique<Session>();
        session->serial = std::uint64_t(rows.number(0));
        session->client_id = rows.text(1);
        session->expiry = std::uint32_t(rows.number(2));
        if (!rows.null(3)) session->will_due = time(rows.number(3));
        if (!rows.null(4)) session->end_due = time(rows.number(4));
        if (!names.insert(session->client_id).second) damaged("a client has two sessions");
        known_[session->serial].all = session->expiry != 0;
        sessions.emplace(session->serial, std::move(session));
    }
    return sessions;
}

Shared<Message> Store::read_message(Statement& rows, int column) {
    auto message = make<Message>();
    message->topic = rows.text(column);
    message->payload = rows.text(column + 1);
    message->properties = rows.text(column + 2);
    message->arrived = time(rows.number(column + 3));
    if (!rows.null(column + 4)) message->expiry = std::uint32_t(rows.number(column + 4));
    message->publisher = rows.text(column + 5);
    const auto qos = rows.number(column + 6);
    message->qos = mqtt::QoS(qos);
    message->retain = rows.number(column + 7) != 0;
    if (qos < 0 || qos > 2 || !is_sound(*message)) damaged("a message is not sound");
    return message;
}

void Store::read_wills(Sessions& sessions) {
    Statement rows(database_, "SELECT * FROM wills");
    while (rows.row()) {
        Session& session = session_of(sessions, rows.number(0));
        session.will = std::make_unique<PendingWill>(
            PendingWill{read_message(rows, 3), std::string(rows.text(1)), std::uint32_t(rows.number(2))});
        known_[session.serial].will = true;
    }
}

void Store::read_subscriptions(Sessions& sessions) {
    Statement rows(database_, "SELECT * FROM subscriptions");
    while (rows.row()) {
        Session& session = session_of(sessions, rows.number(0));
        Subscription& s = session.subscriptions[std::string(rows.text(1))];
        s.filter = s.matched = rows.text(1);
        const auto qos = rows.number(3);
        const auto share = rows.number(2) != 0 ? mqtt::shared(s.filter) : std::nullopt;
        if (qos < 0 || qos > 2 || (rows.number(2) != 0 && !share)) damaged("a subscription is not sound");
        if (share) {
            s.matched = share->filter;
            s.share = shared_text(s.filter);
        }
        s.qos = mqtt::QoS(qos);
        s.no_local = rows.number(4) != 0;
        s.retain_as_published = rows.number(5) != 0;
        s.identifier = std::uint32_t(rows.number(6));
    }
}

Store::Messages Store::read_messages(std::vector<MessagePtr>& retained) {
    Messages messages;
    Statement rows(database_, "SELECT * FROM messages");
    while (rows.row()) {
        const auto id = std::uint64_t(rows.number(0));
        auto message = read_message(rows, 2);
        message->kept.value = id;
        last_message_ = std::max(last_message_, id);
        if (rows.number(1) != 0) {
            retained.push_back(message);
            ++owners_[id];
        }
        messages.emplace(id, std::move(message));
    }
    return messages;
}

// What waits comes first, by number; then what was begun, in its order.
void Store::read_deliveries(Sessions& sessions, const Messages& messages) {
    Statement rows(database_, "SELECT * FROM deliveries ORDER BY place, number");
    while (rows.row()) {
        Session& session = session_of(sessions, rows.number(1));
        Delivery delivery;
        delivery.kept = std::uint64_t(rows.number(0));
        delivery.message = message_of(messages, rows.number(2));
        const auto qos = rows.number(3), id = rows.number(7), stage = rows.number(8);
        delivery.qos = mqtt::QoS(qos);
        delivery.retain = rows.number(4) != 0;
        delivery.identifiers = identifiers(rows.text(5));
        if (!rows.null(6)) delivery.share = shared_text(rows.text(6));
        last_delivery_ = std::max(last_delivery_, delivery.kept);
        if (qos < 1 || qos > 2 || id < 0 || id > 65'535 || stage < 0 || stage > 1) damaged("a delivery is not sound");
        if (id == 0) {
            session.queue.push_back(std::move(delivery));
            continue;
        }
        if (session.window.find(std::uint16_t(id))) damaged("two deliveries have one packet identifier");
        InFlight& open = session.window.restore(std::uint16_t(id), std::uint64_t(rows.number(9)));
        open.stage = InFlight::Stage(stage);
        session.window.hold(open, std::move(delivery));
    }
}

void Store::read_inbound(Sessions& sessions, const Messages& messages) {
    Statement rows(database_, "SELECT * FROM inbound");
    while (rows.row()) {
        Inbound& inbound = session_of(sessions, rows.number(0)).inbound[std::uint16_t(rows.number(1))];
        if (rows.number(2) == 0) continue;
        const Message& held = *(inbound.held = message_of(messages, rows.number(2)));
        if (held.expiry) inbound.expires = held.arrived + std::chrono::seconds(*held.expiry);
    }
}

/// Messages that no row needs: there are none, unless the core forgot to tell something.
void Store::drop_orphans(const Messages& messages) {
    for (const auto& [id, message] : messages) {
        if (owners_.contains(id)) continue;
        message->kept.value = 0;
        statements_->drop_message.run(id);
    }
}

}  // namespace reference
