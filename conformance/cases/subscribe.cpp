// 3.8 SUBSCRIBE: what may not be in it, and that it is answered. 3.9 SUBACK: identifier, number and order of codes.
#include "conformance/cases/connect_octets.hpp"
#include "conformance/cases/subscribing.hpp"

namespace conformance {
namespace {

/// SUBSCRIBE with these octets of options, one filter each.
std::string with_options(Test& test, std::initializer_list<unsigned> options) {
    std::string body = "\x12\x34"s + (test.v5() ? std::string(1, '\0') : "");
    unsigned n = 0;
    for (const unsigned o : options) body += field(test.topic(std::to_string(++n))) + char(o);
    return "\x82" + measured(body);
}
/// These options alone, and after a filter with right ones.
Task<void> options_close(Test& test, unsigned options, std::string what, Reasons advice) {
    const std::string alone = with_options(test, {options}), behind = with_options(test, {0, options});
    co_await closes(test, alone, what, advice);
    co_await closes(test, behind, what + " behind a right filter", advice);
}

/// One SUBSCRIBE for these filters at these levels; the codes.
struct Asked {
    Text filter{};
    QoS qos{};
};
Task<std::vector<std::uint8_t>> subscribe_all(Test& test, Peer* client, std::vector<Asked> wishes) {
    std::vector<Subscribe::Entry> entries(wishes.size());
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        entries[i].filter = wishes[i].filter;
        entries[i].qos = wishes[i].qos;
    }
    Subscribe request;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(entries));
    co_return co_await test.subscribe_raw(client, request);
}

Subscribe for_one(const Subscribe::Entry& entry, std::uint16_t id) {
    Subscribe request;
    request.packet_id = id;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    return request;
}

void needs_wildcards_perhaps(Test& test, Text filter) {
    if (has_wildcard(filter) && !test.offers.wildcard) test.skip("the declared filter has a wildcard");
}

}  // namespace

CASE(subscribe, flags, "A SUBSCRIBE whose flags are not 0010 ends the connection",
     {.v3_1_1 = {"MQTT-3.8.1-1", "MQTT-2.2.2-2"}, .v5 = {"MQTT-3.8.1-1", "MQTT-2.1.3-1"}}) {
    for (unsigned flags = 0; flags <= 15; ++flags) {
        if (flags == 2) continue;
        const std::string octets = with_head(subscribe_octets(test, test.topic()), 0x80 | flags);
        co_await closes(test, octets, "a SUBSCRIBE with the first octet " + in_hex(0x80 | flags), reasons(0x81));
    }
}

CASE(subscribe, at_least_one_filter, "A SUBSCRIBE without a filter ends the connection",
     {.v3_1_1 = {"MQTT-3.8.3-3"}, .v5 = {"MQTT-3.8.3-2"}}) {
    const std::string none = with_options(test, {});
    co_await closes(test, none, "a SUBSCRIBE without a filter", reasons(0x82, 0x81));
}

CASE(subscribe, reserved_option_bits, "Reserved bits set in the octet after a filter end the connection",
     {.v3_1_1 = {"MQTT-3.8.3-4"}, .v5 = {"MQTT-3.8.3-5"}}) {
    const std::vector<unsigned> bits = test.v5() ? std::vector<unsigned>{0x40, 0x80, 0xC0}
                                                 : std::vector<unsigned>{0x04, 0x08, 0x10, 0x20, 0x40, 0x80};
    for (const unsigned options : bits)
        co_await options_close(test, options, "a SUBSCRIBE with the options " + in_hex(options), reasons(0x81, 0x82));
}

CASE(subscribe, qos_3, "A SUBSCRIBE that asks for QoS 3 ends the connection",
     {.v3_1_1 = {"MQTT-3.8.3-4"}, .v5 = {"X-3.8.3-qos-three"}}) {
    co_await options_close(test, 3, "a SUBSCRIBE that asks for QoS 3", reasons(0x81, 0x82));
}

CASE(subscribe, is_answered, "Each SUBSCRIBE is answered by one SUBACK with its packet identifier",
     {.v3_1_1 = {"MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-2.3.1-7"},
      .v5 = {"MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-2.2.1-6"}}) {
    auto* client = co_await test.connect("client");
    std::set<std::uint16_t> due{300, 65535, 1, 299};
    Subscribe::Entry entry;
    for (const std::uint16_t id : due) {
        entry.filter = test.topic(std::to_string(id));
        client->send(for_one(entry, id));
    }
    while (!due.empty()) {
        const auto suback = co_await client->expect<Suback>();
        test.check(due.erase(suback.packet_id) == 1,
                   "SUBACK has the packet identifier " + std::to_string(suback.packet_id) + ", which is not due");
    }
    const auto more = co_await client->fence();
    test.check(more.empty(), "something else comes besides the SUBACKs");
}

CASE(subscribe, several_filters, "A SUBSCRIBE with several filters gets a code for each of them, and each holds",
     {.v3_1_1 = {"MQTT-3.8.4-4", "MQTT-3.8.4-5"}, .v5 = {"MQTT-3.8.4-5", "MQTT-3.8.4-6"}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const Text topics[]{test.topic("a"), test.topic("b"), test.topic("c")};
    std::vector<Asked> wishes;
    for (const Text t : topics) wishes.push_back({t, QoS::at_most_once});
    const auto codes = co_await subscribe_all(test, listener, wishes);
    for (const std::uint8_t code : codes) test.equal(unsigned(code), 0u, "code of a filter asked for at QoS 0");
    for (const Text t : topics) {
        co_await test.publish(speaker, t, "payload");
        const auto delivery = co_await test.receive(listener);
        test.equal(delivery.topic, t, "topic of the delivery");
    }
}

CASE(subscribe, one_suback_for_all, "No second SUBACK follows a SUBSCRIBE with several filters",
     {.v3_1_1 = {"MQTT-3.8.4-4"}, .v5 = {"MQTT-3.8.4-5"}}) {
    auto* client = co_await test.connect("client");
    const std::vector<Asked> wishes{{test.topic("a")}, {test.topic("b")}, {test.topic("c")}};
    co_await subscribe_all(test, client, wishes);
    client->send(Pingreq{});
    co_await client->expect<Pingresp>();
}

CASE(subscribe, same_filter_twice, "Of two equal filters in one SUBSCRIBE the later one counts",
     {.v3_1_1 = {"MQTT-3.8.4-4", "MQTT-3.8.4-3"}, .v5 = {"MQTT-3.8.4-5", "MQTT-3.8.4-3"}, .needs = {Need::qos1}}) {
    auto *listener = co_await test.connect("listener"), *speaker = co_await test.connect("speaker");
    const Text topic = test.topic();
    const std::vector<Asked> wishes{{topic, QoS::at_least_once}, {topic, QoS::at_most_once}};
    co_await subscribe_all(test, listener, wishes);
    co_await test.publish(speaker, topic, "payload", QoS::at_least_once);
    const auto delivery = co_await test.receive(listener);
    test.equal(delivery.qos, QoS::at_most_once, "QoS of the delivery");
    co_await test.hears_nothing(listener, speaker, topic, "a message comes twice for one subscription");
}

CASE(subscribe, codes_in_order, "The codes of SUBACK are in the order of the filters and among those of its table",
     {.v3_1_1 = {"MQTT-3.9.3-1", "MQTT-3.9.3-2"}, .v5 = {"MQTT-3.9.3-1", "MQTT-3.9.3-2"}, .needs = {Need::qos1}}) {
    auto* client = co_await test.connect("client");
    std::vector<Asked> wishes;
    std::vector<std::uint8_t> due;
    for (const unsigned wished : {2u, 0u, 1u, 0u, 0u, 2u, 1u}) {  // no palindrome, and what each gets alone
        const Text filter = test.topic(std::to_string(wishes.size()));
        wishes.push_back({filter, QoS(wished)});
        auto* alone = co_await test.connect("alone");
        due.push_back(std::uint8_t(co_await test.subscribe(alone, filter, QoS(wished))));
        co_await test.leave(alone);
    }
    for (int again = 0; again < 2; ++again) {
        const auto codes = co_await subscribe_all(test, client, wishes);
        test.check(codes == due, "the codes of SUBACK are " + hex(codes) + ", those due in order are " + hex(due));
    }
}

CASE(subscribe, delivery_qos, "A delivery has the lower of the published and the granted QoS",
     {.v3_1_1 = {"MQTT-3.8.4-6", "MQTT-3.8.4-5"}, .v5 = {"MQTT-3.8.4-8", "MQTT-3.8.4-7"}}) {
    // 3.1.1 announces no highest QoS; what is granted tells enough about QoS 2.
    const unsigned granting = std::max<unsigned>(test.offers.granted_qos, 1);
    const unsigned highest = test.v5() ? test.offers.maximum_qos : granting;
    auto* speaker = co_await test.connect("speaker");
    for (const QoS wished : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        auto* listener = co_await test.connect("listener");
        const Text topic = test.topic(std::to_string(unsigned(wished)));
        const QoS granted = co_await test.subscribe(listener, topic, wished);
        test.check(granted <= wished, "a subscription gets a higher QoS than it asked for");
        for (unsigned published = 0; published <= highest; ++published) {
            const Text payload = test.text(in_words(QoS(published)));
            co_await test.publish(speaker, topic, payload, QoS(published));
            auto delivery = co_await test.receive(listener);
            while (granted == QoS::at_most_once && delivery.payload != payload)  // those before may come twice
                delivery = co_await test.receive(listener);
            const std::string how = in_words(QoS(published)) + ", granted " + in_words(granted);
            test.equal(delivery.payload, payload, "payload");
            test.equal(delivery.qos, std::min(QoS(published), granted), "QoS of a message published at " + how);
        }
        co_await test.leave(listener);
    }
}

CASE(subscribe, denied, "A subscription that is not permitted gets a failure code, or a close, and delivers nothing",
     {.v3_1_1 = {"MQTT-3.8.4-5", "MQTT-3.9.3-2"}, .v5 = {"MQTT-3.8.4-7", "MQTT-3.9.3-2"},
      .needs = {Need::denied_subscribe}}) {
    needs_wildcards_perhaps(test, *test.profile.denied_subscribe);
    auto* client = co_await test.connect("client");
    Subscribe::Entry denied;
    denied.filter = *test.profile.denied_subscribe;
    client->send(for_one(denied, 77));
    const auto answer = co_await client->next();
    const auto* suback = answer ? std::get_if<Suback>(&*answer) : nullptr;
    if (!suback) {
        co_await test.must_close(client, "a subscription that is not permitted", reasons(0x87));
        co_return;
    }
    test.equal(suback->packet_id, std::uint16_t(77), "packet identifier of SUBACK");
    for (const Suback::Code& code : suback->codes)
        test.check(code.value >= 0x80, "a subscription that is not permitted is granted");
    const Text wanted = test.topic();  // what is permitted goes on
    co_await test.subscribe(client, wanted, QoS::at_most_once);
    auto* speaker = co_await test.connect("speaker");
    co_await test.hears_nothing(client, speaker, wanted, "a refused subscription delivers");
}

CASE(subscribe, denied_beside_permitted, "Of several filters only the one that is not permitted fails",
     {.v3_1_1 = {"MQTT-3.9.3-1", "MQTT-3.8.4-4"}, .v5 = {"MQTT-3.9.3-1", "MQTT-3.8.4-5"},
      .needs = {Need::denied_subscribe}}) {
    needs_wildcards_perhaps(test, *test.profile.denied_subscribe);
    auto *client = co_await test.connect("client"), *speaker = co_await test.connect("speaker");
    const Text first = test.topic("first"), second = test.topic("second"), denied = *test.profile.denied_subscribe;
    const std::vector<Asked> wishes{{first}, {second}, {denied}};
    const auto codes = co_await subscribe_all(test, client, wishes);
    test.check(codes[0] <= 2 && codes[1] <= 2 && codes[2] >= 0x80,
               "grant, grant, failure is due, the codes of SUBACK are " + hex(codes));
    for (const Text topic : {first, second}) {
        co_await test.publish(speaker, topic, "payload");
        co_await test.receive(client);
    }
}

}  // namespace conformance
