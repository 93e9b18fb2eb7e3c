#include "conformance/kit.hpp"

#include <algorithm>

namespace conformance {
namespace {

constexpr std::uint32_t kept_for = 300;  // s, Session Expiry Interval asked for by Keep::yes

std::string letters_of(Text who) {
    std::string out;
    for (char c : who)
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) out += c;
    return out;
}

}  // namespace

Test::Test(Situation at)
    : version(at.version), offers(at.offers), profile(at.profile), at_(std::move(at)),
      transcript_(std::make_shared<peer::Transcript>(at_.loop.now())), deadline_(at_.loop.now() + at_.deadline) {
    for (auto& login : {profile.login, profile.second.value_or(Login{}), profile.refused.value_or(Login{})})
        if (login.password) transcript_->hide(*login.password);
}
Test::~Test() = default;

net::Time Test::now() const { return at_.loop.now(); }
void Test::silence() {
    for (auto& p : peers_) p->close();
}

Text Test::text(std::string made) { return kept_.emplace_back(std::move(made)); }
Text Test::topic(Text tail) { return text("mqttspec/" + at_.unique + "/" + std::string(tail)); }
Text Test::client_id(Text who) { return text((at_.unique + letters_of(who)).substr(0, 23)); }

Properties Test::with(const Properties& list, Property one) {
    auto& room = kept_properties_.emplace_back();
    for (const Property& p : list) room.push_back(p);
    room.push_back(one);
    return Properties(std::span<const Property>(room));
}

Connect Test::hello(Text who, Keep keep) {
    Connect c;
    c.level = std::uint8_t(version);
    c.client_id = client_id(who);
    c.clean_start = keep == Keep::no;
    if (keep == Keep::yes && v5()) c.properties = with({}, {property::session_expiry_interval, kept_for});
    log_in(c, profile.login);
    return c;
}
void Test::log_in(Connect& c, const Login& login) {
    c.user_name.reset();
    c.password.reset();
    if (login.user_name) c.user_name = *login.user_name;
    if (login.password) c.password = *login.password;
}
Publish Test::message(Text topic, Text payload, QoS qos, bool retain) {
    Publish p;
    p.topic = topic;
    p.payload = payload;
    p.qos = qos;
    p.retain = retain;
    if (qos != QoS::at_most_once) p.packet_id = next_id();
    return p;
}

// ---- peers -----------------------------------------------------------------------------------------------------
Task<Peer*> Test::open(Text who) { return dial(who, true); }
Task<Peer*> Test::open_offering(Text who, std::vector<std::string> subprotocols) {
    net::Target target = at_.target;
    target.offers = std::move(subprotocols);
    return dial_to(std::move(target), who, deadline_);
}
Task<Peer*> Test::dial(Text who, bool of_the_case) {
    return dial_to(at_.target, who, of_the_case ? deadline_ : now() + at_.patience);
}
Task<Peer*> Test::dial_to(net::Target target, Text who, net::Time deadline) {
    peer::Context context{at_.loop, transcript_, deadline, at_.patience};
    Peer* p = peers_.emplace_back(std::make_unique<Peer>(context, target, version, std::string(who))).get();
    try {
        co_await p->opened();
    } catch (const peer::LinkError& e) {
        link_error_ = e.what();
        throw;
    }
    co_return p;
}
Task<Peer*> Test::connect_as(Text who, const Connect& hello) {
    Peer* p = co_await open(who);
    if (!hello.clean_start) sessions_.insert(std::string(hello.client_id));
    p->send(hello);
    auto connack = co_await p->expect<Connack>();
    equal(connack.code, 0, "CONNACK code");
    connacks_.emplace_back(p, connack);
    co_return p;
}
Task<Peer*> Test::connect(Text who, Keep keep) {
    const Connect c = hello(who, keep);
    co_return co_await connect_as(who, c);
}
const Connack& Test::connack(const Peer* p) const {
    auto it = std::find_if(connacks_.rbegin(), connacks_.rend(), [&](auto& entry) { return entry.first == p; });
    if (it == connacks_.rend()) throw std::logic_error("no CONNACK of that peer");
    return it->second;
}
Task<Peer*> Test::resume(Text who) {
    Peer* p = co_await connect(who, Keep::yes);
    equal(connack(p).session_present, true, "Session Present on return to a kept session");
    co_return p;
}
Task<void> Test::leave(Peer* p) {
    if (!p->is_open()) co_return;
    p->send(Disconnect{});
    p->half_close();
    co_await p->ending();
}
Task<void> Test::wait(Peer* p, net::Duration d) { return p->pause(d); }

// ---- subscribing and publishing --------------------------------------------------------------------------------
Task<std::vector<std::uint8_t>> Test::subscribe_raw(Peer* p, Subscribe request) {
    if (request.packet_id == 0) request.packet_id = next_id();
    p->send(request);
    auto suback = co_await p->expect<Suback>();
    equal(suback.packet_id, request.packet_id, "SUBACK packet identifier");
    std::vector<std::uint8_t> codes;
    for (const Suback::Code& c : suback.codes) codes.push_back(c.value);
    equal(codes.size(), request.entries.count(), "number of codes in SUBACK");
    co_return codes;
}
Task<QoS> Test::subscribe_with(Peer* p, const Subscribe::Entry& entry) {
    Subscribe request;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    auto codes = co_await subscribe_raw(p, request);
    if (codes.at(0) > 2)
        throw Failure("SUBACK refuses " + quoted(entry.filter), "a grant", std::to_string(codes.at(0)));
    co_return QoS(codes.at(0));
}
Task<QoS> Test::subscribe(Peer* p, Text filter, QoS qos) {
    Subscribe::Entry entry;
    entry.filter = filter;
    entry.qos = qos;
    co_return co_await subscribe_with(p, entry);
}
Task<void> Test::unsubscribe(Peer* p, Text filter) {
    Unsubscribe::Filter one{filter};
    Unsubscribe request;
    request.packet_id = next_id();
    request.filters = List<Unsubscribe::Filter>(std::span<const Unsubscribe::Filter>(&one, 1));
    p->send(request);
    auto unsuback = co_await p->expect<Unsuback>();
    equal(unsuback.packet_id, request.packet_id, "UNSUBACK packet identifier");
}

Task<void> Test::publish(Peer* p, Text topic, Text payload, QoS qos, bool retain) {
    const Publish m = message(topic, payload, qos, retain);
    co_await publish_with(p, m);
}
Task<void> Test::publish_with(Peer* p, Publish m) {
    if (m.qos != QoS::at_most_once && m.packet_id == 0) m.packet_id = next_id();
    if (m.retain && !m.payload.empty()) forget_later(m.topic);
    p->send(m);
    if (m.qos == QoS::at_least_once) {
        auto puback = co_await p->expect<Puback>();
        equal(puback.packet_id, m.packet_id, "PUBACK packet identifier");
        check(puback.reason < 0x80, "PUBACK refuses the message with reason " + std::to_string(puback.reason));
    } else if (m.qos == QoS::exactly_once) {
        auto pubrec = co_await p->expect<Pubrec>();
        equal(pubrec.packet_id, m.packet_id, "PUBREC packet identifier");
        check(pubrec.reason < 0x80, "PUBREC refuses the message with reason " + std::to_string(pubrec.reason));
        Pubrel release;
        release.packet_id = m.packet_id;
        p->send(release);
        auto pubcomp = co_await p->expect<Pubcomp>();
        equal(pubcomp.packet_id, m.packet_id, "PUBCOMP packet identifier");
    }
}
Task<Publish> Test::receive(Peer* p) {
    auto delivery = co_await p->expect<Publish>();
    co_await p->complete(delivery);
    co_return delivery;
}
Task<void> Test::retain(Peer* p, Text topic, Text payload, QoS qos) {
    forget_later(topic);
    co_await publish(p, topic, payload, qos, true);
}

// ---- fences ----------------------------------------------------------------------------------------------------
Task<std::vector<Publish>> Test::up_to_fence(Peer* listener, Peer* speaker, Text topic, QoS qos) {
    const Text fence = text("fence " + std::to_string(++fences_) + " " + at_.unique);
    co_await publish(speaker, topic, fence, qos);
    std::vector<Publish> before;
    for (;;) {
        auto delivery = co_await receive(listener);
        if (delivery.payload == fence) break;
        before.push_back(delivery);
    }
    co_return before;
}
Task<void> Test::hears_nothing(Peer* listener, Peer* speaker, Text topic, std::string what, QoS qos) {
    auto before = co_await up_to_fence(listener, speaker, topic, qos);
    if (!before.empty())
        throw Failure(what, "nothing before the fence", print(before.front(), version));
}

// ---- closes ----------------------------------------------------------------------------------------------------
void Test::advise(const Ending& end, const std::string& what, const Reasons& advice) {
    if (!v5()) return;
    if (!end.disconnect) return info("closed without DISCONNECT after " + what);
    if (!advice.empty() && std::find(advice.begin(), advice.end(), end.disconnect->reason) == advice.end())
        warn("DISCONNECT after " + what + " has reason " + std::to_string(end.disconnect->reason));
}
Task<Ending> Test::must_close(Peer* p, std::string what, Reasons advice) {
    Ending end;
    try {
        end = co_await p->ending();
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        throw Failure("the connection stays open after " + what, "the broker closes it", f.actual);
    }
    for (const Packet& packet : end.packets)
        if (type_of(packet) != Type::publish && type_of(packet) != Type::disconnect)
            throw Failure(what + " is answered", "a close", print(packet, version));
    if (!v5() && end.disconnect) throw Failure("a DISCONNECT from the server, which 3.1.1 does not have");
    advise(end, what, advice);
    co_return end;
}
Task<Ending> Test::must_close_on(Peer* p, std::string_view octets, std::string what, Reasons advice) {
    p->send_bytes(octets);
    return must_close(p, std::move(what), std::move(advice));
}
Task<void> Test::must_refuse(std::string_view connect_octets, std::string what) {
    Peer* p = co_await open("client");
    p->tolerant = true;  // the answer may be in another version's form
    p->send_bytes(connect_octets);
    Ending end;
    try {
        end = co_await p->ending();
    } catch (const Failure& f) {
        if (f.cause != Failure::Cause::timeout) throw;
        throw Failure("the connection stays open after " + what, "the broker closes it", f.actual);
    }
    for (const Packet& packet : end.packets) {
        auto* connack = std::get_if<Connack>(&packet);
        if (!connack) throw Failure(what + " is answered", "a close", print(packet, version));
        if (connack->code == 0) throw Failure(what + " is accepted", "a close", print(packet, version));
        if (!v5()) warn("an error CONNACK comes before the close, where 3.1.1 wants a bare close (MQTT-3.1.4-1)");
    }
}

// ---- the rest --------------------------------------------------------------------------------------------------
void Test::differ(std::string what, std::string expected, std::string actual) {
    throw Failure(what + ": expected " + expected + ", received " + actual, expected, actual);
}

void Test::check_faults() const {
    for (auto& p : peers_)
        if (p->fault() && !p->tolerant) throw Failure("malformed packet from the broker: " + p->fault()->text());
}
std::vector<std::string_view> Test::broken_by_malformed_packets() const {
    std::vector<std::string_view> ids;
    for (auto& p : peers_)
        if (p->fault() && !p->tolerant) ids.push_back(p->fault()->first.statement);
    return ids;
}

Task<void> Test::tidy_up() {
    silence();
    if (retained_.empty() && sessions_.empty()) co_return;
    try {
        if (!retained_.empty()) {
            Peer* p = co_await dial("tidy", false);
            const Connect c = hello("tidy");
            p->send(c);
            co_await p->expect<Connack>();
            for (const std::string& t : retained_) {
                const Publish empty = message(t, "", QoS::at_most_once, true);
                p->send(empty);
            }
            co_await p->fence();
            p->send(Disconnect{});
            p->close();
        }
        for (const std::string& id : sessions_) {
            Peer* p = co_await dial("tidy", false);
            Connect c = hello("tidy");
            c.client_id = id;
            p->send(c);
            co_await p->expect<Connack>();
            p->send(Disconnect{});
            p->close();
        }
    } catch (const std::exception&) {
        // best effort: the verdict stands, and topics and ids are this run's own
    }
}

}  // namespace conformance
