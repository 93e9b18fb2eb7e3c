// What the cases about strings, headers and subscriptions share: packets to be damaged, and what may come of them.
#pragma once
#include <span>
#include <string>
#include <variant>

#include "conformance/cases/publishing.hpp"

namespace conformance {

/// The same packet behind another first octet.
inline std::string with_head(std::string octets, unsigned head) {
    octets.at(0) = static_cast<char>(head);
    return octets;
}
/// "0x8a".
inline std::string in_hex(unsigned octet) {
    const std::uint8_t one = std::uint8_t(octet);
    return "0x" + hex(View(&one, 1));
}
/// Fixed header and body; the Remaining Length is put in as it has to be, for less than 128 octets.
inline std::string packet_of(unsigned head, std::string_view body) {
    std::string octets{char(head), char(body.size())};
    return octets.append(body);
}

/// SUBSCRIBE for one filter at QoS 0, as octets.
inline std::string subscribe_octets(Test& test, Text filter, const Properties& properties = {}) {
    Subscribe::Entry entry;
    entry.filter = filter;
    Subscribe request;
    request.packet_id = test.next_id();
    request.properties = properties;
    request.entries = List<Subscribe::Entry>(std::span<const Subscribe::Entry>(&entry, 1));
    return test.octets(request);
}
/// UNSUBSCRIBE for one filter, as octets.
inline std::string unsubscribe_octets(Test& test, Text filter, const Properties& properties = {}) {
    const Unsubscribe::Filter one{filter};
    Unsubscribe request;
    request.packet_id = test.next_id();
    request.properties = properties;
    request.filters = List<Unsubscribe::Filter>(std::span<const Unsubscribe::Filter>(&one, 1));
    return test.octets(request);
}

/// A client of its own sends `octets` and is closed for it, unanswered.
inline Task<void> closes(Test& test, std::string octets, std::string what, Reasons advice) {
    auto* offender = co_await test.connect("offender");
    co_await test.must_close_on(offender, octets, what, advice);
}

/// A filter that may not be granted: a close (strict), or a failure code, which 3.1.1 has for other ends (choices.md).
inline Task<void> is_not_granted(Test& test, Text filter) {
    const std::string what = "a subscription to " + quoted(filter);
    auto* client = co_await test.connect("offender");
    client->send_bytes(subscribe_octets(test, filter));
    const auto answer = co_await client->next();
    const auto* suback = answer ? std::get_if<Suback>(&*answer) : nullptr;
    if (!suback) {
        test.check(!answer || type_of(*answer) == Type::disconnect, what + " gets another answer than SUBACK");
        if (answer) test.check(test.v5(), "a DISCONNECT from the server, which 3.1.1 does not have");
        co_await test.must_close(client, what, reasons(0x81, 0x82, 0x8F));
        co_return;
    }
    for (const Suback::Code& code : suback->codes) test.check(code.value >= 0x80, what + " is granted");
    if (test.v5()) test.info(what + " gets a failure code instead of a close");
    else test.warn(what + " gets a failure code, where 3.1.1 wants a close (MQTT-4.8.0-1)");
    co_await test.leave(client);
}

}  // namespace conformance
