#include "replay/compare.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "codec/text.hpp"

namespace replay {
namespace {

using mqtt::Type;
using nlohmann::json;

constexpr std::string_view diff_names[]{"semantic", "strict", "acks", "none"};

/// Nobody's business but the connection's own: identifiers, and how topics are abbreviated.
const std::set<std::string, std::less<>> never{"packet identifier", "topic alias", "assigned client identifier"};
/// Of deliveries, what says nothing about the message.
const std::set<std::string, std::less<>> of_transport{"DUP"};

/// Values by name; those of a list of properties by the name of the property, in their order.
using Values = std::map<std::string, std::vector<json>>;

void add(Values& out, const std::string& name, const json& value, bool with_properties) {
    if (name != "properties") {
        out[name].push_back(value);
    } else if (with_properties) {
        for (const auto& p : value) out[p.value("name", "property")].push_back(p.value("value", json()));
    }
}

bool is_default(const std::string& name, const std::vector<json>& values) {
    return name == "payload format indicator" && values.size() == 1 && values[0] == 0;
}

/// Makes equal what means the same.
void normalise(Values& values) {
    std::erase_if(values, [](const auto& v) { return is_default(v.first, v.second); });
    if (const auto ids = values.find("subscription identifier"); ids != values.end())
        std::sort(ids->second.begin(), ids->second.end());
    if (const auto expiry = values.find("message expiry interval"); expiry != values.end())
        expiry->second.assign(1, "some");  // it counts down
}

Values values_of(Type type, const json& fields, const Rules& rules) {
    Values out;
    const bool strict = rules.diff == Diff::strict;
    for (const auto& [name, value] : fields.items()) add(out, name, value, strict || type == Type::publish);
    std::erase_if(out, [&](const auto& v) {
        return never.contains(v.first) || rules.ignore.contains(v.first) || (!strict && of_transport.contains(v.first));
    });
    if (!strict) normalise(out);
    return out;
}

bool both(unsigned a, unsigned b, std::initializer_list<unsigned> set) {
    const auto in = [&](unsigned v) { return std::find(set.begin(), set.end(), v) != set.end(); };
    return in(a) && in(b);
}

/// Why a server may answer `b` where another answered `a`; empty: it may not.
std::string choice_of(Type type, unsigned a, unsigned b) {
    const bool failures = a >= 0x80 && b >= 0x80;
    if (failures) return "which error code is told is the server's choice (4.13)";
    if ((type == Type::puback || type == Type::pubrec) && both(a, b, {0x00, 0x10}))
        return "that there are no subscribers may be told or not (3.4.2.1)";
    if (type == Type::pubcomp && both(a, b, {0x00, 0x92})) return "an unknown identifier may be told or not (3.7.2.1)";
    if (type == Type::unsuback && both(a, b, {0x00, 0x11})) return "that there was none may be told or not (3.11.3)";
    if (type == Type::disconnect) return "the reason code of DISCONNECT is advice (4.13)";
    if (type == Type::connack && a != 0 && b != 0) return "which refusal is told is the server's choice (3.2.2)";
    return {};
}

/// Legal, but clients see it: it is a change, with this to be said.
std::string note_of(Type type, unsigned a, unsigned b) {
    if (type == Type::suback && a <= 2 && b <= 2) return "servers may grant less than was asked for (3.8.4)";
    return {};
}

/// The numbers of a field: of itself, or of the items of a list.
std::vector<unsigned> codes(const std::vector<json>& values) {
    std::vector<unsigned> out;
    const auto add_number = [&](const json& j) {
        if (j.is_number_integer()) out.push_back(j.get<unsigned>());
    };
    for (const auto& v : values) {
        add_number(v);
        if (!v.is_array()) continue;
        for (const auto& item : v)
            if (item.is_object())
                for (const auto& [unused, code] : item.items()) add_number(code);
    }
    return out;
}

/// Whether every code that differs is a free choice; says which.
bool is_choice(Type type, const std::string& field, const std::vector<json>& a, const std::vector<json>& b,
               std::string& why) {
    if (field != "reason code" && field != "return code" && field != "codes") return false;
    auto expected = codes(a), actual = codes(b);
    if (field == "reason code") expected.resize(1), actual.resize(1);  // absent: 0
    if (expected.size() != actual.size()) return false;
    bool free = true;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] == actual[i]) continue;
        const auto choice = choice_of(type, expected[i], actual[i]);
        if (choice.empty()) free = false;
        const auto note = choice.empty() ? note_of(type, expected[i], actual[i]) : choice;
        if (!note.empty()) why = note;
    }
    return free;
}

constexpr std::size_t longest_value = 2048;  // octets; of longer ones a hash is kept

/// Long texts by their hash: results hold every answer.
void abridge(json& value) {
    if (value.is_string() && value.get_ref<const std::string&>().size() > longest_value) {
        std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
        const auto& text = value.get_ref<const std::string&>();
        for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 0x100000001b3u;
        value = "... " + std::to_string(text.size()) + " octets, hash " + std::to_string(hash);
    } else if (value.is_structured()) {
        for (auto& part : value) abridge(part);
    }
}

/// Octets that are no text as the codec prints them.
json text_or_octets(const std::string& text) {
    if (mqtt::is_utf8(text)) return text;
    std::string digits = mqtt::hex(mqtt::octets(text));
    std::erase(digits, ' ');
    return {{"hex", digits}, {"length", text.size()}};
}

}  // namespace

std::string object_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::optional<Diff> parse_diff(std::string_view text) {
    for (std::size_t i = 0; i < std::size(diff_names); ++i)
        if (diff_names[i] == text) return Diff(i);
    return std::nullopt;
}
std::string_view name(Diff d) { return diff_names[std::size_t(d)]; }

bool is_judged(Type type, const Rules& rules) {
    if (rules.diff == Diff::none) return false;
    return rules.diff != Diff::acks || (type != Type::publish && type != Type::pubrel);
}

const std::set<std::string, std::less<>>& known_fields() {
    static const auto all = [] {
        std::set<std::string, std::less<>> out{"order", "format"};
        for (const auto& row : mqtt::property_table) out.emplace(row.name);
        const mqtt::Packet packets[]{mqtt::Connack{},    mqtt::Publish{.qos = mqtt::QoS::at_least_once, .topic = "t"},
                                     mqtt::Puback{},     mqtt::Pubrec{},
                                     mqtt::Pubrel{},     mqtt::Pubcomp{},
                                     mqtt::Suback{},     mqtt::Unsuback{},
                                     mqtt::Disconnect{}, mqtt::Auth{}};
        for (const auto v : {mqtt::Version::v3_1_1, mqtt::Version::v5})
            for (const auto& p : packets) {
                const auto octets = mqtt::encode(p, v);
                const auto fields = comparable(mqtt::octets(octets), v, "t");
                for (const auto& field : fields.items())
                    if (field.key() != "properties") out.insert(field.key());
            }
        return out;
    }();
    return all;
}

Difference compare(Type type, const json& expected, const json& actual, const Rules& rules) {
    Difference out;
    const auto a = values_of(type, expected, rules), b = values_of(type, actual, rules);
    std::set<std::string> names;
    for (const auto& v : a) names.insert(v.first);
    for (const auto& v : b) names.insert(v.first);
    static const std::vector<json> absent;
    for (const auto& name : names) {
        const auto x = a.find(name), y = b.find(name);
        const auto& before = x == a.end() ? absent : x->second;
        const auto& now = y == b.end() ? absent : y->second;
        if (before == now) continue;
        if (is_choice(type, name, before, now, out.choice) && rules.diff != Diff::strict) continue;
        out.fields.push_back(name);
    }
    return out;
}

json comparable(mqtt::View packet, mqtt::Version v, const std::string& topic) {
    mqtt::Explained explained;
    mqtt::explain(explained, packet, v);
    std::string text = "{";
    mqtt::append_json(text, explained, {false, SIZE_MAX});
    json out = json::parse(text + "}", nullptr, false);
    if (!out.is_object()) out = json{{"octets", mqtt::hex(packet)}};
    if (explained.type() == Type::publish) out["topic name"] = text_or_octets(topic);
    abridge(out);
    return out;
}

}  // namespace replay
