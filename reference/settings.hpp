// Everything a caller may decide about the broker core: offers, limits, legal choices, hooks and honesty.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/words.hpp"
#include "reference/policy.hpp"

namespace reference {

using Time = std::chrono::milliseconds;  // since an epoch of the caller's; only differences count
using LinkId = std::uint64_t;            // one network connection; its low half is a place in a table, used again
constexpr std::size_t slot_of(LinkId id) { return id & 0xffff'ffff; }

/// What clients are offered; in 5.0 it is told in CONNACK (section 3.2.2.3).
struct Offer {
    bool v3_1 = true, v3_1_1 = true, v5 = true;
    std::uint16_t receive_maximum = 256;          // QoS 2 publishes open at once; 65535: not told
    std::uint32_t maximum_packet_size = 1 << 20;  // octets, in 5.0
    std::uint16_t topic_alias_maximum = 16;
    mqtt::QoS maximum_qos = mqtt::QoS::exactly_once;
    bool retain = true, wildcards = true, subscription_identifiers = true, shared_subscriptions = true;
    std::optional<std::uint16_t> server_keep_alive;  // seconds, in place of the client's
    std::optional<std::uint32_t> longest_session;    // seconds, a cap on Session Expiry Interval
    std::string response_information = "reply/";     // given when asked for; empty: never
};

/// Bounds on memory and waiting. What exceeds them is dropped or refused as each line says.
struct Limits {
    std::size_t queued_messages = 100'000;   // per session, not yet sent; more are dropped
    std::size_t queued_octets = 64u << 20;   // per session, likewise
    std::size_t inflight = 1'024;            // per session, sent and not settled; more wait in the queue
    std::size_t outbox_octets = 64u << 20;   // per link, not yet taken: QoS 0 is dropped, the rest waits
    bool drop_oldest = false;                // of the queue, to make room; else the newest is dropped
    bool cut_when_full = false;              // who is connected and has a full queue: DISCONNECT 0x97, close
    std::size_t connections = 100'000;       // at a time; more are closed at once
    std::size_t sessions = 200'000;          // CONNACK 0x97, or 3 before 5.0
    std::size_t subscriptions = 10'000;      // per session; SUBACK 0x97, or 0x80
    std::size_t filter_octets = 4u << 20;    // per session, of all its filters together, likewise
    std::size_t retained_steps = 4'000'000;  // levels of retained topics looked at for one SUBSCRIBE; none for the rest
    std::size_t retained = 200'000;          // messages; PUBACK 0x97, or a close before 5.0
    std::size_t retained_octets = 1u << 30;  // all of them together, likewise
    std::size_t topic_levels = 256;          // of a filter, or of a retained message's topic; as for too many
    std::size_t v3_packet = 268'435'460;     // octets, before 5.0: close
    std::uint32_t v3_session = 0xffff'ffff;  // seconds a session of 3.x is kept for an absent client; the highest: ever
    std::size_t connect_packet = 1u << 20;   // octets of the first packet of a connection: close
    std::size_t undecided_octets = 1u << 20;          // that came while a login was pending, CONNECT included: close
    Time time_to_connect = std::chrono::seconds(20);  // from the open to the accepting CONNACK: close
};

enum class Overlap { one_copy, copy_each };
enum class Release { on_publish, on_pubrel };
enum class Refusal { code, drop_and_acknowledge, close };
enum class ShareQos1 { stays, moves_at_end };

/// Choices the standards leave to the server; every value is right (see corpus and docs for the sections).
struct Style {
    bool connack_on_error = true;        // 5.0, 3.1.4, 4.13.1: an error CONNACK before the close, or a bare close
    bool disconnect_on_error = true;     // 5.0, 4.13.1: DISCONNECT before the close, or a bare close
    bool disconnect_on_takeover = true;  // 5.0, 3.1.4-3: likewise at a takeover
    bool reason_strings = true;          // 5.0: a Reason String on whatever is not plain success
    bool empty_client_ids = true;        // 3.1.3-6: admit them, or refuse with 2 or 0x85
    bool long_client_ids = true;         // 3.1.3-5: admit more than 23 octets, or refuse with 2 or 0x85
    Release deliver_qos2 = Release::on_publish;  // 4.3.3: both methods are right
    Overlap overlap = Overlap::one_copy;         // 3.3.4, 3.3.5
    bool queue_qos0 = false;                     // 4.1, 3.1.2-5: keep QoS 0 for absent clients
    bool qos0_waits_for_window = false;          // 5.0, 3.3.4: hold QoS 0 back too while the window is full
    bool keep_retained_qos0 = true;              // 3.3.1-7: a retained QoS 0 message may be thrown away
    bool retained_before_suback = false;         // 3.8.4
    bool say_no_subscribers = true;              // 5.0, 3.4.2.1: 0x10 in PUBACK and PUBREC, or 0x00
    bool say_no_subscription = true;             // 5.0, 3.11.3: UNSUBACK 0x11, or 0x00
    bool say_unknown_id = true;                  // 5.0, 3.7.2.1: PUBCOMP 0x92 for an unknown identifier, or 0x00
    bool answer_unknown_pubrec = true;           // PUBREL, or nothing
    bool refuse_id_in_use = false;               // 5.0, 3.5.2.1: PUBREC 0x91 where DUP is 0, or taken as a repeat
    bool refuse_dollar_publish = false;          // 4.7.2: clients may not publish to $ topics
    bool refuse_sys_publish = false;             // 4.7.2: nor to $SYS topics, which are the server's
    Refusal refused_publish = Refusal::code;     // 3.3.5-2; the code is 5.0's, before it is drop_and_acknowledge
    bool fail_bad_filters = false;               // a failure code in SUBACK instead of a close
    bool close_unavailable = true;               // 5.0, 3.2.2.3: close on what is not offered, or a SUBACK code
    mqtt::QoS grant_at_most = mqtt::QoS::exactly_once;  // 3.8.4
    bool outbound_topic_aliases = false;                // 5.0: as far as the client allows
    ShareQos1 share_qos1 = ShareQos1::stays;            // 5.0, 4.8.2
    bool acknowledge_flow_before_resume = true;         // 4.4: PUBRELs before PUBLISHes among the repeats, or after
};

/// What a login hook sees; views live for the call.
struct Credentials {
    mqtt::Version version;
    std::string_view client_id;
    std::optional<std::string_view> user_name, password;
    LinkId link = 0;  // for Broker::decide()
};
/// Its answer, as CONNACK tells it: 0, 4 or 0x86, 5 or 0x87, 2 or 0x85, 3 or 0x88, 5 or 0x8A, 3 or 0x89.
/// Pending: Broker::decide() will tell; until then nothing of that link is read.
enum class Admission : std::uint8_t {
    granted,
    bad_login,
    not_authorized,
    bad_client_id,
    unavailable,
    banned,
    busy,
    pending
};

enum class Action { publish, subscribe };
/// What an ACL hook sees: a topic name, or the whole topic filter.
struct Request {
    std::string_view client_id, user_name;
    Action action;
    std::string_view topic;
};

/// One step of an enhanced authentication (5.0, section 4.12).
struct AuthStep {
    enum class Outcome { more, success, failure } outcome = Outcome::failure;
    std::string data;            // Authentication Data to the client, also with a refusing CONNACK; empty: none
    std::string user_name;       // at success: known to the ACL hook from then on
    std::uint8_t reason = 0x87;  // at failure
};
/// One exchange: is given the client's Authentication Data, step by step. Lives as long as the exchange.
using AuthExchange = std::function<AuthStep(std::string_view data)>;
/// Starts an exchange for a client id.
using Authenticator = std::function<AuthExchange(std::string_view client_id)>;

struct Settings {
    Offer offer;
    Limits limits;
    Style style;
    Policy policy;
    bool available = true;         // false: every CONNECT gets 3 or 0x88
    std::string server_reference;  // every CONNECT gets 3 or 0x9c, with this; empty: none (5.0, 4.11)
    std::function<Admission(const Credentials&)> login;                // none: everybody is granted
    std::function<bool(const Request&)> allowed;                       // none: everything is
    std::map<std::string, Authenticator, std::less<>> authenticators;  // by Authentication Method
};

}  // namespace reference
