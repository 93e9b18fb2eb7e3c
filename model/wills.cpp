// Wills: a message that may come, must come or must not, by how its connection ended (section 3.1.2.5).
#include <algorithm>

#include "model/judge.hpp"

namespace model {
namespace {

constexpr Ids published{"MQTT-3.1.2-8", "MQTT-3.1.2-8"};
constexpr Ids removed{"MQTT-3.14.4-3", "MQTT-3.14.4-3"};
constexpr Ids stopped{"MQTT-3.1.2-8", "MQTT-3.1.3-9"};

}  // namespace

// The times at which the session ends are set already.
void Model::Judge::will_on_leave(Connection& c, Session& s) {
    if (!s.pending_will) return;
    Message& will = messages[*s.pending_will];
    if (!c.keeps_will) {
        will.forbidden = removed;
        s.pending_will.reset();
        return;
    }
    const Time delayed = now + std::chrono::seconds(c.will_delay);
    s.will_from = std::min(delayed, s.ends_from);
    s.will_until = std::min(delayed, s.ends_until);
    if (c.taken_over && c.will_delay != 0 && s.ends_from == now) will.optional = true;  // 5.0, 3.1.4 and 3.1.3.2.2
    wills_due();
}

// The client is back on the session, or on a new one with Clean Start.
void Model::Judge::will_on_return(Session& s, bool clean) {
    if (!s.pending_will) return;
    Message& will = messages[*s.pending_will];
    if (clean) return;                     // the session ends, and so does the delay
    if (s.will_from > now + slack) will.forbidden = stopped;  // in time
    else if (s.will_until + slack >= now) {                   // perhaps in time
        will.optional = true;
        if (will.sent == never) will.sent = last_rest;
    }
    s.pending_will.reset();
}

void Model::Judge::will_on_end(Session& s) {
    if (!s.pending_will) return;
    s.will_from = std::min(s.will_from, now);
    s.will_until = std::min(s.will_until, now);
    wills_due();
}

void Model::Judge::wills_due() {
    for (auto& [number, s] : sessions) {
        if (!s.pending_will || s.will_from == no_time || s.will_from > now + slack) continue;
        Message& will = messages[*s.pending_will];
        if (will.sent == never) {
            will.sent = last_rest;  // nothing orders it with what else has happened since then
            will.sent_at = now;
            will.forbidden = {};
        }
        if (s.will_until == no_time || s.will_until + slack > now || s.connection != 0) continue;
        s.pending_will.reset();  // at the next rest it is done
        will.released = seq;
    }
}

// A will comes; that its connection has ended may be told only later, but before the next rest.
void Model::Judge::come_early(Message& m) {
    if (!m.will || m.sent != never || m.forbidden.v5 != published.v5) return;
    m.sent = last_rest;
    m.sent_at = now;
    m.forbidden = {};
    early_wills.push_back(m.number);
}

void Model::Judge::judge_early_wills() {
    for (const auto number : early_wills)
        for (auto& [id, s] : sessions)
            if (s.pending_will == number && (s.connection != 0 || s.will_from > now + slack)) {
                Connection nobody;
                nobody.version = Version::v5;
                accuse(nobody, published, "the will \"" + messages[number].payload + "\" has come before its time");
            }
    early_wills.clear();
}

}  // namespace model
