// What a case may say. One Test is one case running in one version; its names, topics and client ids are its own, so
// that all cases can run side by side on one broker.
//
// A case fails by an exception out of a wait or a check (peer::Failure); warn() and info() are noted and it goes on.
// GCC 12: no braces and no capturing lambda inside a co_await expression; name the packet first.
#pragma once
#include <deque>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "codec/hex.hpp"
#include "codec/topics.hpp"
#include "conformance/case.hpp"
#include "conformance/profile.hpp"
#include "conformance/verdict.hpp"
#include "peer/peer.hpp"

namespace conformance {

using namespace mqtt;  // a case speaks of packets
using peer::Ending;
using peer::Failure;
using peer::Peer;
using std::chrono::milliseconds;
using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

/// The feature is legally absent: verdict skip.
struct Skipped : std::runtime_error {
    using runtime_error::runtime_error;
};
/// Cannot be provoked on this broker: verdict unreachable.
struct Unreachable : std::runtime_error {
    using runtime_error::runtime_error;
};

/// What the runner hands to a case.
struct Situation {
    net::Loop& loop;
    net::Target target;
    Version version;
    const Capabilities& offers;
    const Profile& profile;
    net::Duration deadline;  // for the case, from now
    net::Duration patience;  // for one wait
    std::string unique;      // 12 letters and digits, no other case of any run has them
};

enum class Keep { no, yes };

/// Reason codes as advice: reasons(0x81, 0x82). Not a braced list, for GCC 12.
using Reasons = std::vector<std::uint8_t>;
inline Reasons reasons(auto... codes) { return Reasons{std::uint8_t(codes)...}; }


class Test {
public:
    explicit Test(Situation);
    ~Test();
    const Version version;
    bool v5() const { return version == Version::v5; }
    const Capabilities& offers;
    const Profile& profile;

    // ---- names: unique to this case; views live as long as it ---------------------------------------------
    /// "mqttspec/UNIQUE/TAIL"; tail may hold wildcards.
    Text topic(Text tail = "t");
    /// "UNIQUE" and a letter or more: at most 23 letters and digits. The same `who`, the same id.
    Text client_id(Text who);
    Text text(std::string made);  // keeps a string
    std::uint16_t next_id() { return ++last_id_; }

    // ---- packets -------------------------------------------------------------------------------------------
    /// A right CONNECT: clean, Keep Alive 60, the login if there is one. With Keep::yes the session is to be kept:
    /// Clean Session 0, or Clean Start 0 and Session Expiry Interval 300 s.
    Connect hello(Text who, Keep = Keep::no);
    /// Another login in place of the one in there; the profile keeps the strings.
    static void log_in(Connect&, const Login&);
    /// One property more (5.0); views as above.
    Properties with(const Properties&, Property);
    /// As it goes over the wire in this version; to be damaged and sent with send_bytes.
    template <class P> std::string octets(const P& packet) const { return encode(packet, version); }
    Publish message(Text topic, Text payload, QoS qos = QoS::at_most_once, bool retain = false);

    // ---- peers ---------------------------------------------------------------------------------------------
    Task<Peer*> open(Text who);                          // the network connection alone
    /// The same over WebSocket, with other subprotocols on offer.
    Task<Peer*> open_offering(Text who, std::vector<std::string> subprotocols);
    Task<Peer*> connect(Text who, Keep = Keep::no);      // hello() and CONNACK 0
    Task<Peer*> connect_as(Text who, const Connect& hello);
    /// The CONNACK 0 of the last connect of that peer.
    const Connack& connack(const Peer*) const;
    /// connect(), and Session Present has to be 1: the session was there.
    Task<Peer*> resume(Text who);
    /// DISCONNECT and the broker's close (or ours where it does not care to).
    Task<void> leave(Peer*);
    /// Cuts the network connection without DISCONNECT.
    void cut(Peer* p) { p->reset(); }

    // ---- subscribing and publishing, with the answers checked -----------------------------------------------
    /// The granted QoS; a failure code is a Failure.
    Task<QoS> subscribe(Peer*, Text filter, QoS qos = QoS::exactly_once);
    Task<QoS> subscribe_with(Peer*, const Subscribe::Entry&);
    /// The codes as they come; packet id is filled in if it is 0.
    Task<std::vector<std::uint8_t>> subscribe_raw(Peer*, Subscribe);
    Task<void> unsubscribe(Peer*, Text filter);
    /// Sends and sees the exchange of its QoS through. 5.0: a reason of 0x80 or above is a Failure.
    Task<void> publish(Peer*, Text topic, Text payload, QoS qos = QoS::at_most_once, bool retain = false);
    Task<void> publish_with(Peer*, Publish);
    /// The next delivery, seen through by its QoS.
    Task<Publish> receive(Peer*);
    /// A publish with RETAIN 1 that is taken off the broker again when the case is over.
    Task<void> retain(Peer*, Text topic, Text payload, QoS qos = QoS::at_least_once);
    void forget_later(Text topic) { retained_.insert(std::string(topic)); }

    // ---- negative checks: a fence instead of a sleep ---------------------------------------------------------
    /// `speaker` publishes a fence to `topic`, and `listener` (who hears that topic) sees through all that comes up to
    /// it. Returns what came before the fence.
    Task<std::vector<Publish>> up_to_fence(Peer* listener, Peer* speaker, Text topic, QoS qos = QoS::at_most_once);
    /// The same, and nothing may come before the fence.
    Task<void> hears_nothing(Peer* listener, Peer* speaker, Text topic, std::string what, QoS = QoS::at_most_once);

    // ---- closes: the close is the MUST, the code is advice ---------------------------------------------------
    /// The broker closes the connection in answer to `what`. Advice: DISCONNECT with one of these reasons (5.0); another
    /// is a warn, none at all an info. No packet but DISCONNECT and deliveries may come.
    Task<Ending> must_close(Peer*, std::string what, Reasons advice = {});
    /// A CONNECT that breaks the format: sent on a new connection as octets, then the close must come, without CONNACK 0.
    /// 3.1.1: an error CONNACK before the close is a warn (3.1.4-1). 5.0: a DISCONNECT before CONNACK fails (3.14.0-1).
    Task<void> must_refuse(std::string_view connect_octets, std::string what);
    /// Sent on a connected peer as octets; the close must come.
    Task<Ending> must_close_on(Peer*, std::string_view octets, std::string what, Reasons advice = {});

    // ---- checks and notes ------------------------------------------------------------------------------------
    template <class A, class B> void equal(const A& actual, const B& expected, std::string what) {
        if (!(actual == static_cast<A>(expected))) differ(std::move(what), shown(static_cast<A>(expected)), shown(actual));
    }
    void equal(Text actual, Text expected, std::string what) {
        if (actual != expected) differ(std::move(what), shown(expected), shown(actual));
    }
    void check(bool good, std::string what) {
        if (!good) throw Failure(what);
    }
    [[noreturn]] void fail(std::string what) { throw Failure(what); }
    [[noreturn]] void skip(std::string why) { throw Skipped(why); }
    [[noreturn]] void unreachable(std::string why) { throw Unreachable(why); }
    void warn(std::string what) { warnings_.push_back(std::move(what)); }
    void info(std::string what) { notes_.push_back(std::move(what)); }

    Task<void> wait(Peer*, net::Duration);  // for what only time brings (keep alive, expiry), never in place of a fence
    net::Time now() const;

    // ---- for the runner ----------------------------------------------------------------------------------------
    const std::vector<std::string>& warnings() const { return warnings_; }
    const std::vector<std::string>& notes() const { return notes_; }
    const peer::Transcript& transcript() const { return *transcript_; }
    /// Takes retained messages and kept sessions off the broker, as well as it can.
    Task<void> tidy_up();
    /// Malformed packets from the broker that no wait has met: a Failure.
    void check_faults() const;
    /// The statements that malformed packets of the broker break.
    std::vector<std::string_view> broken_by_malformed_packets() const;
    /// The connection attempts that failed, if any: the target may be lost.
    const std::string& link_error() const { return link_error_; }
    void silence();  // closes all peers

private:
    static std::string shown(Text t) { return quoted(t, 100); }
    static std::string shown(bool b) { return b ? "1" : "0"; }
    static std::string shown(QoS q) { return std::to_string(unsigned(q)); }
    static std::string shown(const std::string& s) { return quoted(s, 100); }
    template <class N> static std::string shown(N n) { return std::to_string(n); }
    [[noreturn]] void differ(std::string what, std::string expected, std::string actual);
    Task<Peer*> dial(Text who, bool of_the_case);
    Task<Peer*> dial_to(net::Target target, Text who, net::Time deadline);
    void advise(const Ending&, const std::string& what, const Reasons& advice);

    Situation at_;
    std::shared_ptr<peer::Transcript> transcript_;
    net::Time deadline_;
    std::deque<std::string> kept_;
    std::deque<std::vector<Property>> kept_properties_;
    std::deque<std::unique_ptr<Peer>> peers_;
    std::deque<std::pair<const Peer*, Connack>> connacks_;
    std::set<std::string> retained_, sessions_;
    std::vector<std::string> warnings_, notes_;
    std::string link_error_;
    std::uint16_t last_id_ = 0;
    unsigned fences_ = 0;
};

}  // namespace conformance
