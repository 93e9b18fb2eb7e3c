#include "fuzz/play.hpp"

#include <optional>

#include "codec/damage.hpp"
#include "codec/hex.hpp"
#include "fuzz/drawing.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/watch.hpp"
#include "reference/broker.hpp"

namespace fuzz {
namespace {

using mqtt::Version;
using reference::Broker;
using reference::Time;

/// What a client at that place speaks unless its steps say otherwise.
constexpr Version spoken[Step::clients]{Version::v5, Version::v3_1_1, Version::v5, Version::v3_1};

// Small identifiers, so that acknowledgements meet what they acknowledge; and no packet that is wrong by itself.
void tame(mqtt::Packet& packet) {
    std::visit(
        [&]<class P>(P& p) {
            if constexpr (requires { p.packet_id; }) p.packet_id = static_cast<std::uint16_t>(1 + p.packet_id % 4);
            if constexpr (P::type == mqtt::Type::publish) {
                p.dup = p.dup && p.qos != mqtt::QoS::at_most_once;
                if (p.topic.empty()) p.topic = "a";
            }
        },
        packet);
}

class Player {
public:
    Player(const Scenario& s, std::string* story)
        : Player(s, broker_settings(s), story) {}
    Player(const Scenario& s, reference::Settings settings, std::string* story)
        : limits_(settings.limits), honest_(s.violation == 0), small_(s.settings & 1), broker_(std::move(settings)),
          story_(story) {}

    void run(const Step& step, mqtt::View octets) {
        ++played_.steps;
        who_ = step.who();
        Input input(octets);
        switch (step.what()) {
            case Step::dial: dial(input); break;
            case Step::receive: send(input.rest(), false); break;
            case Step::dribble: send(input.rest(), true); break;
            case Step::packet: send_packet(input, std::nullopt); break;
            case Step::damage: {
                const auto seed = input.four();
                send_packet(input, seed);
                break;
            }
            case Step::lose: lose(); break;
            case Step::tick: tick(input); break;
            case Step::control: control(input.one()); break;
        }
        if (step.holds() && client()) client()->held = client()->was_held = true;
        take_output();
        if (honest_) check();
    }
    Played finish() {
        for (auto& c : clients_)
            if (c) c->held = false;
        take_output();
        broker_.shut_down(now_);
        take_output();
        if (honest_) promise(broker_.counts().links == 0, "after shutting down no connection is left");
        return played_;
    }

private:
    std::optional<Watch>& client() { return clients_[who_]; }
    void tell(const char* what, mqtt::View octets) {
        if (!story_) return;
        *story_ += "client " + std::to_string(who_) + what + mqtt::hex(octets, 400) + "\n";
        for (auto v : {Version::v5, Version::v3_1_1}) {
            mqtt::Packet packet;
            auto rest = octets;
            while (const auto size = mqtt::decode_leniently(packet, rest, v)) {
                *story_ += "    " + std::string(name(v)) + ": " + mqtt::print(packet, v) + "\n";
                rest = rest.subspan(size);
            }
        }
    }

    /// Room that is used again: allocations are what a run under ASan is made of.
    std::string_view encoded(const auto& packet, Version v) {
        wire_.clear();
        mqtt::append(wire_, packet, v);
        return wire_;
    }
    void open() {
        lose();
        client().emplace(broker_.open(now_));
        ++played_.connections;
    }
    void dial(Input& input) {
        const auto v = version_from(input.one());
        open();
        Room room;
        mqtt::Connect c;
        draw(c, v, input, room.arena);
        write(encoded(c, v), false);
    }
    void greet() {
        const char id[]{'c', static_cast<char>('0' + who_)};
        const auto v = spoken[who_];
        mqtt::Connect c{.level = std::uint8_t(v), .clean_start = who_ != 2, .client_id = mqtt::Text(id, 2)};
        if (v == Version::v3_1) c.protocol = "MQIsdp";
        const mqtt::Property stays[]{{mqtt::property::session_expiry_interval, 100}};
        if (who_ == 2) c.properties = stays;
        open();
        write(encoded(c, v), false);
    }
    void send_packet(Input& input, std::optional<std::uint32_t> seed) {
        using mqtt::Type;
        constexpr std::uint8_t often[]{4, 4, 4, 4, 9, 9, 9, 5, 6, 7, 8, 11, 0, 13, 14, 2};  // places in the variant
        if (!client()) greet();
        const auto kind = input.one();
        const auto v = spoken[who_];
        Room room;
        mqtt::Packet packet;
        with_type(kind < 0xf0 ? often[kind % std::size(often)] : kind & 15u, [&]<class P>(P) {
            draw(packet.emplace<P>(), v, input, room.arena);
            return 0;
        });
        tame(packet);
        if (seed) mqtt::damage(packet, v, *seed, room.arena);
        write(encoded(packet, v), false);
    }
    void send(mqtt::View octets, bool one_by_one) {
        if (!client()) open();
        write(mqtt::bytes(octets), one_by_one);
    }
    void write(std::string_view octets, bool one_by_one) {
        largest_ = std::max(largest_, octets.size());
        const auto all = mqtt::octets(octets);
        if (!one_by_one) return deliver(all);
        const auto who = who_;
        for (std::size_t i = 0; i < all.size() && client(); ++i) {
            deliver(all.subspan(i, 1));
            take_output();
            who_ = who;
        }
    }
    void deliver(mqtt::View octets) {
        tell(" says ", octets);
        client()->sent(octets);
        broker_.receive(client()->link(), octets, now_);
    }
    void lose() {
        if (!client()) return;
        tell(" is lost", {});
        broker_.lost(client()->link(), now_);
        client().reset();
    }
    void tick(Input& input) {
        const auto unit = input.one() & 3;
        const std::int64_t amount = input.two();
        const auto due = broker_.deadline();
        if (unit == 0) now_ += Time(amount);
        else if (unit == 1) now_ += std::chrono::seconds(amount);
        else if (unit == 2) now_ += std::chrono::hours(amount);
        else if (due) now_ = std::max(now_, *due);
        if (story_) *story_ += "it is " + std::to_string(now_.count()) + " ms\n";
        broker_.tick(now_);
        const auto next = broker_.deadline();
        promise(!honest_ || !next || *next > now_, "after a tick nothing is due");
    }
    void control(std::uint8_t what) {
        switch (what & 3) {
            case 0: return broker_.shut_down(now_);
            case 1: return broker_.set_available(false);
            case 2: return broker_.set_available(true);
            default:
                if (client()) client()->held = false;
        }
    }

    // Everything that is wanted by clients whose output is taken. What stood still for want of room follows.
    void take_output() {
        for (who_ = 0; who_ < Step::clients; ++who_)
            for (int parts = 0; client() && !client()->held && take_part(); ++parts)
                promise(parts < 10'000, "output comes to an end");
    }
    // Whether there may be more.
    bool take_part() {
        auto& c = client();
        bool close = false;
        const auto waiting = c->unanswered();
        auto octets = broker_.take(c->link(), close);
        if (octets.empty() && !close) return false;
        if (small_ && honest_) check_room(octets.size(), waiting);
        if (story_) tell(close ? " hears the end and " : " hears ", mqtt::octets(octets));
        const auto before = c->packets();
        const bool was_accepted = c->accepted();
        if (honest_) c->received(mqtt::octets(octets), close);
        played_.packets += c->packets() - before;
        played_.accepted += !was_accepted && c->accepted();
        if (octets.size() % 2) broker_.recycle(std::move(octets));
        if (close) c.reset();
        return !close;
    }
    // Deliveries stop at the bound; answers go on, as far as there are questions.
    void check_room(std::size_t octets, std::size_t waiting) const {
        const auto& limits = limits_;
        promise(octets <= limits.outbox_octets + 20 * waiting + 2 * largest_ + 16 * limits.inflight + 1'024,
                "what waits to be taken is bounded");
    }
    void check() {
        const auto n = broker_.counts();
        const auto& limits = limits_;
        std::size_t open = 0;
        for (const auto& c : clients_) open += c.has_value();
        promise(n.links == open, "the broker has the connections that there are");
        promise(n.sessions <= limits.sessions + Step::clients, "sessions are bounded");
        promise(n.subscriptions <= n.sessions * limits.subscriptions, "subscriptions are bounded");
        promise(n.retained <= limits.retained, "retained messages are bounded");
        promise(n.queued <= n.sessions * (limits.queued_messages + limits.inflight), "waiting messages are bounded");
        for (const auto id : broker_.dirty()) {
            const bool mine = std::ranges::any_of(clients_, [&](const auto& c) { return c && c->link() == id && c->held; });
            promise(mine, "only what is not taken is still to be written");
        }
    }

    reference::Limits limits_;
    bool honest_, small_;
    Broker broker_;
    Time now_{1'000'000};
    std::optional<Watch> clients_[Step::clients];
    unsigned who_ = 0;
    std::size_t largest_ = 0;
    std::string wire_;
    Played played_;
    std::string* story_;
};

}  // namespace

Played play(mqtt::View scenario, std::string* story) {
    Input input(scenario);
    Player player(read_head(input), story);
    while (!input.empty()) {
        const Step step{input.one(), {}};  // its octets stay where they are
        const auto size = input.one();
        player.run(step, input.take(size));
    }
    return player.finish();
}

}  // namespace fuzz
