// What passes between clients, broker and model, and what clients learn from it.
#include "model/tests/game.hpp"

#include <algorithm>

namespace model::test {

void Game::note(reference::LinkId link, const char* arrow, mqtt::View octets, Version v) {
    mqtt::Packet packet;
    ++outcome.packets;
    if (!keep_log_) return;
    outcome.log += std::to_string(now_.count()) + " link " + std::to_string(link) + arrow;
    outcome.log += mqtt::decode_leniently(packet, octets, v) != 0 ? mqtt::print(packet, v) : "?";
    outcome.log += '\n';
}

void Game::raw(Client& c, const std::string& bytes) {
    if (c.link == 0) return;
    note(c.link, " > ", mqtt::octets(bytes), c.version);
    model_.sent(c.link, mqtt::octets(bytes), now_);
    const auto cut = outcome.packets % 8 == 0 ? bytes.size() / 2 : 0;  // now and then in two reads
    const auto link = c.link;
    broker_.receive(link, mqtt::octets(std::string_view(bytes).substr(0, cut)), now_);
    broker_.receive(link, mqtt::octets(std::string_view(bytes).substr(cut)), now_);
    settle();
}

// Takes all the broker has to say; what closes comes first, as it happened before what follows from it.
void Game::settle() {
    for (int round = 0; !broker_.dirty().empty() && round < 1'000; ++round) {
        std::vector<std::tuple<reference::LinkId, std::string, bool>> said;
        while (!broker_.dirty().empty()) {
            const auto link = broker_.dirty().back();
            bool close = false;
            auto bytes = broker_.take(link, close);
            said.emplace_back(link, std::move(bytes), close);
        }
        for (const bool closing : {true, false})
            for (const auto& [link, bytes, close] : said)
                if (close == closing) tell(link, bytes, close);
    }
    model_.rest(now_);
}

void Game::tell(reference::LinkId link, const std::string& bytes, bool close) {
    const auto at = std::ranges::find(clients_, link, &Client::link);
    if (!bytes.empty()) model_.received(link, mqtt::octets(bytes), now_);
    if (close) model_.closed(link, Closer::server, now_);
    const Version v = versions_[link];
    mqtt::View rest = mqtt::octets(bytes);
    for (mqtt::Fault fault; !rest.empty();) {
        const auto frame = mqtt::frame(rest, v, fault);
        if (frame.size == 0) break;
        note(link, " < ", rest.first(frame.size), v);
        if (at != std::end(clients_)) read(*at, rest.first(frame.size));
        rest = rest.subspan(frame.size);
    }
    if (close && keep_log_) outcome.log += "link " + std::to_string(link) + " is closed by the broker\n";
    if (close && at != std::end(clients_)) {
        at->link = 0;
        at->online = false;
        at->answers.clear();
    }
}

void Game::read(Client& c, mqtt::View octets) {
    mqtt::Packet packet;
    if (mqtt::decode_leniently(packet, octets, c.version) == 0) return;
    std::visit(
        [&]<class P>(const P& p) {
            if constexpr (std::is_same_v<P, mqtt::Connack>) {
                if (p.code == 0) greeted(c, p);
            } else if constexpr (std::is_same_v<P, mqtt::Publish>) {
                ++outcome.deliveries;
                if (p.qos == QoS::at_least_once) c.answers.push_back({mqtt::Type::puback, p.packet_id});
                if (p.qos == QoS::exactly_once) c.answers.push_back({mqtt::Type::pubrec, p.packet_id});
            } else if constexpr (std::is_same_v<P, mqtt::Pubrel>) {
                c.answers.push_back({mqtt::Type::pubcomp, p.packet_id});
            } else if constexpr (std::is_same_v<P, mqtt::Pubrec>) {
                if (p.reason >= 0x80 && p.reason != 0x91) std::erase_if(c.sending, [&](auto& s) { return s.id == p.packet_id; });
                for (auto& s : c.sending) s.received = s.received || s.id == p.packet_id;
            } else if constexpr (std::is_same_v<P, mqtt::Pubcomp>) {
                std::erase_if(c.sending, [&](auto& s) { return s.id == p.packet_id && s.released; });
            }
        },
        packet);
}

void Game::greeted(Client& c, const mqtt::Connack& p) {
    using namespace property;
    c.online = true;
    c.aliases.clear();
    const auto read = [&](std::uint32_t id, std::uint32_t otherwise) {
        return c.version == Version::v5 ? mqtt::number_or(p.properties, id, otherwise) : otherwise;
    };
    c.receive_maximum = read(receive_maximum, 65'535);
    c.alias_maximum = read(topic_alias_maximum, 0);
    c.maximum_qos = read(maximum_qos, 2);
    c.retain = read(retain_available, 1) != 0;
    c.wildcards = read(wildcard_subscription_available, 1) != 0;
    c.identifiers = read(subscription_identifiers_available, 1) != 0;
    c.shares = read(shared_subscription_available, 1) != 0;
    const bool present = c.version == Version::v3_1 ? !c.asked_clean : p.session_present;
    if (!present) c.sending.clear();
}

void Game::pass(reference::Time span) {
    const auto end = now_ + span;
    while (broker_.deadline() && *broker_.deadline() <= end && !broken()) {
        now_ = std::max(now_, *broker_.deadline());
        broker_.tick(now_);
        settle();
    }
    now_ = end;
    settle();
}

}  // namespace model::test
