// Probing: capability before test, so that nobody is accused of lacking what need not be there.
#include "codec/explain.hpp"
#include "conformance/capabilities.hpp"

#include <nlohmann/json.hpp>

#include "codec/hex.hpp"
#include "conformance/kit.hpp"

namespace conformance {
namespace {

/// What bytes that are no MQTT look like, for people who took the wrong port.
std::string guess(std::string_view bytes) {
    if (bytes.starts_with("HTTP/")) return "it speaks HTTP, not MQTT";
    if (bytes.starts_with("\x15\x03"sv) || bytes.starts_with("\x16\x03"sv)) return "it speaks TLS on this port";
    if (bytes.starts_with("SSH-")) return "it speaks SSH, not MQTT";
    return "its answer is no MQTT: " + hex(octets(bytes), 16);
}

std::string code_name(Version v, std::uint8_t code) {
    if (v == Version::v5) return "reason code 0x" + hex(View(&code, 1));
    constexpr std::string_view names[]{"accepted", "unacceptable protocol version", "identifier rejected",
                                       "server unavailable", "bad user name or password", "not authorized"};
    return "return code " + std::to_string(code) + (code < 6 ? ", " + std::string(names[code]) : "");
}

void read_announced(const Connack& c, Capabilities& found) {
    using namespace property;
    auto flag = [&](std::uint32_t id) { return number_or(c.properties, id, 1) != 0; };
    found.maximum_qos = std::uint8_t(number_or(c.properties, maximum_qos, 2));
    found.retain = flag(retain_available);
    found.wildcard = flag(wildcard_subscription_available);
    found.shared = flag(shared_subscription_available);
    found.subscription_identifiers = flag(subscription_identifiers_available);
    found.receive_maximum = std::uint16_t(number_or(c.properties, receive_maximum, 65535));
    found.topic_alias_maximum = std::uint16_t(number_or(c.properties, topic_alias_maximum, 0));
    if (auto p = find(c.properties, maximum_packet_size)) found.maximum_packet_size = p->number;
    if (auto p = find(c.properties, server_keep_alive)) found.server_keep_alive = std::uint16_t(p->number);
    found.session_expiry = number_or(c.properties, session_expiry_interval, 300);
}

/// A CONNACK in another version's form is a refusal too (choices of 3.1.2-2): `20 02 00 01` says "not this version".
bool is_refusal_of_another_version(std::string_view bytes) {
    return bytes.size() >= 4 && bytes[0] == '\x20' && bytes[1] == '\x02' && bytes[3] != '\0';
}

/// The first contact: fills in spoken, or refusal.
Task<void> greet(Test& test, Capabilities& found) {
    Peer* p = co_await test.open("greeter");
    const Connect c = test.hello("greeter", Keep::yes);
    p->tolerant = true;
    p->send(c);
    std::optional<Packet> answer;
    try {
        answer = co_await p->next();
    } catch (const Failure& f) {
        if (p->fault() && is_refusal_of_another_version(p->fault()->bytes)) {
            found.refusal_code = std::uint8_t(p->fault()->bytes[3]);
            found.refusal = "it refuses CONNECT with " + code_name(Version::v3_1_1, *found.refusal_code);
            co_return;
        }
        found.refusal = p->fault() ? guess(p->fault()->bytes) : "it accepts the connection but does not answer CONNECT";
        found.no_mqtt = true;
        co_return;
    }
    auto* connack = answer ? std::get_if<Connack>(&*answer) : nullptr;
    if (p->fault() && !connack) {
        found.refusal = guess(p->fault()->bytes);
        found.no_mqtt = true;
    } else if (!answer) {
        found.refusal = p->end() == net::End::error ? p->why_ended() : "it closes the connection without an answer to CONNECT";
    } else if (!connack) {
        found.refusal = "it answers CONNECT with " + std::string(name(type_of(*answer)));
    } else if (connack->code != 0) {
        found.refusal = "it refuses CONNECT with " + code_name(test.version, connack->code);
        found.refusal_code = connack->code;
        const auto other = mqtt::find(connack->properties, mqtt::property::server_reference);  // 5.0, section 4.11
        if (other) mqtt::append_json_string(found.refusal += "; it names another server: ", other->text);
        found.refers = other.has_value();
    } else {
        found.spoken = true;
        if (test.v5()) read_announced(*connack, found);
        if (found.session_expiry == 0u) found.kept_sessions = false;
        co_await test.leave(p);
    }
}

Task<void> probe_empty_id(Test& test, Capabilities& found) {
    found.empty_client_id = false;
    Connect c = test.hello("nobody");
    c.client_id = "";
    Peer* p = co_await test.connect_as("nobody", c);
    found.empty_client_id = true;
    co_await test.leave(p);
}

/// Whether a publish to `name` reaches who subscribed to `filter`.
Task<bool> reaches(Test& test, Text filter, Text name) {
    Peer* listener = co_await test.connect("listener");
    const Text fence = test.topic("fence");
    co_await test.subscribe(listener, fence, QoS::at_most_once);
    co_await test.subscribe(listener, filter, QoS::at_most_once);
    Peer* speaker = co_await test.connect("speaker");
    const Publish m = test.message(name, "probe");
    speaker->send(m);
    auto before = co_await test.up_to_fence(listener, speaker, fence);
    co_return !before.empty();
}

/// What a 3.1.1 broker does not announce, and need not have (3.8.3-2). Retained messages and kept sessions it must have.
Task<void> probe_features(Test& test, Capabilities& found) {
    found.shared = found.subscription_identifiers = false;  // 5.0 only
    Peer* listener = co_await test.connect("tester");
    Subscribe::Entry entry;
    entry.filter = test.topic("probe/#");
    Subscribe request;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    auto codes = co_await test.subscribe_raw(listener, request);
    found.wildcard = codes.at(0) <= 2;
}

Task<void> probe_grant(Test& test, Capabilities& found) {
    Peer* p = co_await test.connect("granter");
    found.granted_qos = std::uint8_t(co_await test.subscribe(p, test.topic("grant"), QoS::exactly_once));
}

/// Steps that may fail on a strange broker: then the default stays, and the cases say what is wrong.
Task<void> tolerate(Task<void> step) {
    try {
        co_await step;
    } catch (const Failure&) {
    }
}
Task<void> probe_dollar(Test& test, Capabilities& found) {
    const Text name = test.text("$mqttspec/" + std::string(test.topic()));
    found.dollar_topics = co_await reaches(test, name, name);
}

}  // namespace

Task<void> probe_version(const ProbeContext& at, Version version, Capabilities& found) {
    found.websocket = net::has_frames(at.target.transport);
    Test test({at.loop, at.target, version, found, at.profile, at.patience * 4, at.patience, at.unique});
    co_await greet(test, found);
    if (!found.spoken) co_return;
    if (version == Version::v3_1) co_return;
    co_await tolerate(probe_empty_id(test, found));
    co_await tolerate(probe_grant(test, found));
    if (version != Version::v5) co_await tolerate(probe_features(test, found));
    co_await tolerate(probe_dollar(test, found));
    co_await test.tidy_up();
}

void apply(const Profile& declared, Capabilities& c) {
    auto take = [](const auto& from, auto& to) {
        if (from) to = *from;
    };
    take(declared.retain, c.retain);
    take(declared.wildcard, c.wildcard);
    take(declared.shared, c.shared);
    take(declared.subscription_identifiers, c.subscription_identifiers);
    take(declared.kept_sessions, c.kept_sessions);
    take(declared.empty_client_id, c.empty_client_id);
    take(declared.dollar_topics, c.dollar_topics);
    take(declared.maximum_qos, c.maximum_qos);
    take(declared.receive_maximum, c.receive_maximum);
    take(declared.topic_alias_maximum, c.topic_alias_maximum);
    take(declared.maximum_packet_size, c.maximum_packet_size);
}

std::vector<Finding> findings(const Capabilities& c, Version v) {
    std::vector<Finding> all;
    auto add = [&](std::string name, nlohmann::json value, std::string note = "") {
        all.push_back({v, std::move(name), value.dump(), std::move(note)});
    };
    auto add_if = [&](std::string name, const auto& value, std::string note) {
        if (value) add(std::move(name), *value, std::move(note));
        else add(std::move(name), nullptr, "not announced");
    };
    add("spoken", c.spoken, c.refusal);
    if (!c.spoken || v == Version::v3_1) return all;
    add("maximum_qos", c.maximum_qos);
    add("granted_qos", c.granted_qos, "to a SUBSCRIBE that asks for 2");
    add("retain", c.retain);
    add("wildcard", c.wildcard);
    add("empty_client_id", c.empty_client_id);
    add("dollar_topics", c.dollar_topics, "clients may publish to $ topics");
    if (v != Version::v5) return all;
    add("shared", c.shared);
    add("subscription_identifiers", c.subscription_identifiers);
    add("receive_maximum", c.receive_maximum);
    add("topic_alias_maximum", c.topic_alias_maximum);
    add_if("maximum_packet_size", c.maximum_packet_size, "octets");
    add_if("session_expiry", c.session_expiry, "seconds, where 300 are asked for");
    add_if("server_keep_alive", c.server_keep_alive, "seconds");
    return all;
}

std::string to_json(const Capabilities& c) {
    nlohmann::ordered_json out;
    for (auto& f : findings(c, Version::v5)) out[f.name] = nlohmann::json::parse(f.value);
    if (!c.spoken) out["refusal"] = c.refusal;
    return out.dump();
}

// ---- needs -------------------------------------------------------------------------------------------------------
namespace {

struct NeedRow {
    std::string_view name, reason;
    bool (*met)(const Capabilities&, const Profile&, bool v5);
};
using C = Capabilities;
using P = Profile;
constexpr NeedRow needs[]{
    {"retain", "the broker has no retained messages", [](const C& c, const P&, bool) { return c.retain; }},
    {"wildcard", "the broker has no wildcard subscriptions", [](const C& c, const P&, bool) { return c.wildcard; }},
    {"shared", "the broker has no shared subscriptions", [](const C& c, const P&, bool) { return c.shared; }},
    {"subscription_identifiers", "the broker has no subscription identifiers",
     [](const C& c, const P&, bool) { return c.subscription_identifiers; }},
    {"qos1", "the broker takes or grants no QoS 1",
     [](const C& c, const P&, bool) { return c.maximum_qos >= 1 && c.granted_qos >= 1; }},
    {"qos2", "the broker takes or grants no QoS 2",
     [](const C& c, const P&, bool) { return c.maximum_qos >= 2 && c.granted_qos >= 2; }},
    {"kept_sessions", "the broker keeps no sessions",
     [](const C& c, const P&, bool) { return c.kept_sessions; }},
    {"dollar_topics", "clients may not publish to $ topics here",
     [](const C& c, const P&, bool) { return c.dollar_topics; }},
    {"topic_alias", "the broker takes no topic aliases",
     [](const C& c, const P&, bool v5) { return v5 && c.topic_alias_maximum > 0; }},
    {"limited_receive_maximum", "the broker announces no Receive Maximum",
     [](const C& c, const P&, bool v5) { return v5 && c.receive_maximum < 65535; }},
    {"limited_packet_size", "the broker announces no Maximum Packet Size, or one too large to exceed here",
     [](const C& c, const P&, bool v5) { return v5 && c.maximum_packet_size.value_or(UINT32_MAX) <= 64u << 20; }},
    {"no_topic_alias", "the broker takes topic aliases",
     [](const C& c, const P&, bool v5) { return v5 && c.topic_alias_maximum == 0; }},
    {"maximum_qos_below_2", "the broker takes QoS 2", [](const C& c, const P&, bool v5) { return v5 && c.maximum_qos < 2; }},
    {"no_retain", "the broker has retained messages", [](const C& c, const P&, bool v5) { return v5 && !c.retain; }},
    {"no_wildcard", "the broker has wildcard subscriptions", [](const C& c, const P&, bool) { return !c.wildcard; }},
    {"no_shared", "the broker has shared subscriptions", [](const C& c, const P&, bool v5) { return v5 && !c.shared; }},
    {"no_subscription_identifiers", "the broker has subscription identifiers",
     [](const C& c, const P&, bool v5) { return v5 && !c.subscription_identifiers; }},
    {"login_refused", "no login that has to be refused is declared (profile: [login] refused)",
     [](const C&, const P& p, bool) { return p.refused.has_value(); }},
    {"not_authorized", "no login that may not connect is declared (profile: [login] not_authorized)",
     [](const C&, const P& p, bool) { return p.not_authorized.has_value(); }},
    {"second_login", "no second login is declared (profile: [login] second)",
     [](const C&, const P& p, bool) { return p.second.has_value(); }},
    {"denied_publish", "no topic with publishing denied is declared (profile: [denied] publish)",
     [](const C&, const P& p, bool) { return p.denied_publish.has_value(); }},
    {"denied_subscribe", "no filter with subscribing denied is declared (profile: [denied] subscribe)",
     [](const C&, const P& p, bool) { return p.denied_subscribe.has_value(); }},
    {"refused_client_id", "no client id that is refused is declared (profile: [denied] client_id)",
     [](const C&, const P& p, bool) { return p.refused_client_id.has_value(); }},
    {"server_unavailable", "no listener that is unavailable is declared (profile: [denied] unavailable_address)",
     [](const C&, const P& p, bool) { return p.unavailable_address.has_value(); }},
    {"authentication_method", "no authentication method is declared (profile: [authentication] method)",
     [](const C&, const P& p, bool v5) { return v5 && p.auth_method.has_value(); }},
    {"websocket", "the broker is not reached over WebSocket (give a ws:// or wss:// URL)",
     [](const C& c, const P&, bool) { return c.websocket; }},
};

}  // namespace

std::string_view name(Need n) { return needs[std::size_t(n)].name; }
std::string unmet(Need n, const Capabilities& c, const Profile& p, Version v) {
    const NeedRow& row = needs[std::size_t(n)];
    return row.met(c, p, v == Version::v5) ? std::string() : std::string(row.reason);
}

}  // namespace conformance
