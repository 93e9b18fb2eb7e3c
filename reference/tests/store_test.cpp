// Random lives: what clients find after a kill and a restart is what they would have found had nothing happened.
#include <random>

#include "reference/tests/store_kit.hpp"

namespace reference::test {
namespace {

/// Clients that do anything; all from one seed.
class World {
public:
    /// `sessions`: client identifiers in the order in which the broker made their sessions.
    World(Life& life, std::mt19937_64& dice, std::vector<std::string>& sessions)
        : net(life.net), dice_(dice), sessions_(sessions) {}

    void step();
    /// Every connection breaks, in the order of the sessions: as a restart has it.
    void cut_all();

    Net& net;

private:
    struct Open {
        mqtt::Type type;
        std::uint16_t id;
        QoS qos;
    };
    unsigned up_to(unsigned most) { return static_cast<unsigned>(dice_() % (most + 1)); }
    bool often() { return up_to(2) != 0; }
    QoS any_qos() { return QoS(up_to(2)); }
    std::string topic() { return up_to(5) == 0 ? "s/1" : "t/" + std::to_string(up_to(2)); }
    void connect(const std::string& id, Version);
    void publish(Client&);
    void subscribe(Client&);
    void hear(Client&);
    void answer(Client&);
    void leave(Client&);
    LinkId link_of(const std::string& id) { return online_[id] ? online_[id]->link : 0; }

    std::mt19937_64& dice_;
    std::map<std::string, Client*> online_;
    std::map<Client*, std::vector<Open>> open_;
    std::vector<std::string>& sessions_;
    std::vector<std::unique_ptr<std::string>> kept_;
};

Version version_of(const std::string& id) { return id < "c" ? Version::v3_1_1 : Version::v5; }

void World::connect(const std::string& id, Version v) {
    Hello hello{.id = id, .clean = up_to(4) == 0};
    const std::uint32_t expiries[]{0, 60, 100, never};
    const auto expiry = expiries[up_to(3)], delay = up_to(1) * up_to(90);
    if (v == Version::v5) hello.properties = {{property::session_expiry_interval, expiry}};
    const mqtt::Property properties[]{{property::will_delay_interval, delay}, {property::user_property, "k", "will"}};
    // A will that is due at once would find the others still there, if they are cut one after the other.
    const auto qos = v == Version::v5 && expiry != 0 && delay != 0 ? any_qos() : QoS::at_most_once;
    kept_.push_back(std::make_unique<std::string>("t/" + std::to_string(up_to(2))));
    if (often()) hello.will = mqtt::Will{qos, up_to(3) == 0, {}, *kept_.back(), "will"};
    if (hello.will && v == Version::v5) hello.will->properties = std::span<const Property>(properties);
    Client& c = net.connect(v, hello);
    if (!net.connack.session_present) {
        std::erase(sessions_, id);
        sessions_.push_back(id);
    }
    online_[id] = &c;
    hear(c);
}

void World::publish(Client& c) {
    auto p = message("", std::string_view(), any_qos());
    const std::string name = topic(), text = up_to(9) == 0 ? "" : std::to_string(dice_() % 10'000);
    p.topic = name;
    p.payload = text;
    p.retain = up_to(3) == 0;
    p.packet_id = static_cast<std::uint16_t>(p.qos == QoS::exactly_once   ? 1 + up_to(5)
                                             : p.qos == QoS::at_most_once ? 0
                                                                          : 9);
    p.dup = p.qos == QoS::exactly_once && up_to(3) == 0;
    const mqtt::Property properties[]{{property::message_expiry_interval, 1 + up_to(100)},
                                      {property::content_type, "text"},
                                      {property::user_property, "k", "v"}};
    if (c.version == Version::v5) p.properties = std::span<const Property>(properties).subspan(up_to(3));
    c.send(p);
}

void World::subscribe(Client& c) {
    const bool v5 = c.version == Version::v5;
    // A share of one: whose turn it is in a group is not kept.
    const std::string filters[]{"t/0", "t/1", "t/+", "#", c.link == link_of("d") ? "$share/g/s/+" : "s/1"};
    const std::string& filter = filters[up_to(4)];
    if (up_to(4) == 0) {
        const mqtt::Unsubscribe::Filter gone[]{{filter}};
        return c.send(mqtt::Unsubscribe{1, {}, gone});
    }
    const bool no_local = v5 && up_to(1) == 0 && !filter.starts_with('$');
    const mqtt::Subscribe::Entry entries[]{
        {filter, any_qos(), no_local, v5 && up_to(1) == 0, static_cast<std::uint8_t>(v5 ? up_to(2) : 0)}};
    const mqtt::Property identifier[]{{property::subscription_identifier, 1 + up_to(200)}};
    mqtt::Subscribe s{1, {}, entries};
    if (v5 && often()) s.properties = std::span<const Property>(identifier);
    c.send(s);
}

/// Notes what wants an answer.
void World::hear(Client& c) {
    for (; !c.frames.empty();) {
        const auto packet = c.next();
        if (const auto* p = std::get_if<mqtt::Publish>(&packet); p && p->qos != QoS::at_most_once)
            open_[&c].push_back({mqtt::Type::publish, p->packet_id, p->qos});
        if (const auto* p = std::get_if<mqtt::Pubrel>(&packet))
            open_[&c].push_back({mqtt::Type::pubrel, p->packet_id, {}});
    }
}

void World::answer(Client& c) {
    auto& open = open_[&c];
    if (open.empty()) return;
    const auto at = open.begin() + std::ptrdiff_t(up_to(static_cast<unsigned>(open.size() - 1)));
    const Open one = *at;
    open.erase(at);
    const std::uint8_t reason = c.version == Version::v5 && up_to(5) == 0 ? 0x80 : 0;
    if (one.type == mqtt::Type::pubrel)
        c.send(mqtt::Pubcomp{one.id});
    else if (one.qos == QoS::exactly_once)
        c.send(mqtt::Pubrec{one.id, reason});
    else
        c.send(mqtt::Puback{one.id, reason});
}

void World::leave(Client& c) {
    if (up_to(1) == 0) return c.cut();
    mqtt::Disconnect bye;
    const mqtt::Property expiry[]{{property::session_expiry_interval, up_to(100)}};
    if (c.version == Version::v5) bye.reason = up_to(1) == 0 ? 0x04 : 0x00;
    if (c.version == Version::v5 && up_to(1) == 0) bye.properties = std::span<const Property>(expiry);
    c.send(bye);
}

void World::step() {
    const std::string id(1, static_cast<char>('a' + up_to(4)));
    Client* c = online_[id];
    const auto what = up_to(99);
    if (what < 4) return net.pass(std::chrono::milliseconds(up_to(40'000)));
    if (!c || c->closed || what < 10) return connect(id, version_of(id));
    if (what < 16)
        leave(*c);
    else if (what < 30)
        subscribe(*c);
    else if (what < 65)
        publish(*c);
    else if (what < 72)
        c->send(mqtt::Pubrel{static_cast<std::uint16_t>(1 + up_to(5))});
    else
        answer(*c);
    for (auto& [name, client] : online_)
        if (client) hear(*client);
}

void World::cut_all() {
    for (const auto& id : sessions_)
        if (Client* c = online_[id]; c && !c->closed) c->cut();
}

/// What came, one line a packet. New deliveries may have any identifier; repeats may not.
std::string told(Client& c) {
    std::string lines;
    while (!c.frames.empty()) {
        mqtt::Packet packet = c.next();
        if (auto* p = std::get_if<mqtt::Publish>(&packet); p && !p->dup && p->qos != QoS::at_most_once)
            p->packet_id = 1;
        lines += "  " + mqtt::print(packet, c.version) + "\n";
    }
    return lines + (c.closed ? "  closed\n" : "");
}

/// Everything that clients can find out, after `later`.
std::string found(Net& net, Time later) {
    std::string text;
    net.pass(later);
    std::map<std::string, Client*> clients;
    for (const std::string id : {"a", "b", "c", "d", "e"}) {
        Hello hello{.id = id, .clean = false};
        if (version_of(id) == Version::v5) hello.properties = {{property::session_expiry_interval, never}};
        clients[id] = &net.greet(version_of(id), hello);
        text += id + " returns\n" + told(*clients[id]);
    }
    for (auto& [id, c] : clients)
        for (std::uint16_t n = 1; n <= 6; ++n) c->send(mqtt::Pubrel{n});
    for (auto& [id, c] : clients) text += id + " releases\n" + told(*c);
    const mqtt::Property properties[]{{property::message_expiry_interval, 5u}};
    for (const std::string from : {"a", "c", "d", "e"})
        for (const std::string topic : {"t/0", "t/1", "t/2"}) {
            const std::string words = "from " + from;
            auto p = message(topic, words, QoS::exactly_once, 100);
            p.retain = true;
            if (clients[from]->version == Version::v5) p.properties = std::span<const Property>(properties);
            clients[from]->send(p);
            clients[from]->send(mqtt::Pubrel{100});
            for (auto& [id, c] : clients) text += from + " publishes " + topic + ", to " + id + "\n" + told(*c);
        }
    const mqtt::Unsubscribe::Filter filters[]{{"t/0"}, {"t/1"}, {"t/+"}, {"#"}, {"s/1"}, {"$share/g/s/+"}};
    for (auto& [id, c] : clients) {
        c->send(mqtt::Unsubscribe{7, {}, filters});
        text += id + " unsubscribes\n" + told(*c);
    }
    Client& reader = net.connect(Version::v5, "reader");
    reader.subscribe("#");
    return text + "retained\n" + told(reader);
}

class Lives : public testing::TestWithParam<Release> {};

TEST_P(Lives, StoreAndMemoryAgree) {
    Settings settings;
    settings.style.deliver_qos2 = GetParam();
    settings.limits.inflight = 8;  // so that queues are met
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Folder folder;
        std::mt19937_64 dice(seed);
        std::int64_t wall = wall_at_start;
        std::vector<std::string> sessions;
        for (int generation = 0; generation < 3; ++generation) {
            const auto file = folder.path / "life", image = folder.path / "image", next = folder.path / "next";
            std::string expected;
            const Time later(std::int64_t(dice() % 120'000));
            {
                Life life(file, wall, Time(std::int64_t(dice() % 1'000'000)), settings);
                World world(life, dice, sessions);
                for (auto steps = dice() % 150; steps > 0; --steps) world.step();
                life.commit();
                copy_store(file, image);
                copy_store(file, next);
                wall = life.wall();
                world.cut_all();
                expected = found(life.net, later);
            }
            Life again(image, wall, Time(std::int64_t(dice() % 1'000'000)), settings);
            ASSERT_EQ(found(again.net, later), expected) << "generation " << generation;
            copy_store(next, file);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(, Lives, testing::Values(Release::on_publish, Release::on_pubrel),
                         [](const auto& i) { return i.param == Release::on_publish ? "on_publish" : "on_pubrel"; });

}  // namespace
}  // namespace reference::test
