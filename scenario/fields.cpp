#include "scenario/fields.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "codec/explain.hpp"
#include "codec/hex.hpp"
#include "codec/visitor.hpp"

namespace scenario {
namespace {

using mqtt::Version;
using nlohmann::json;

[[noreturn]] void fail(std::string_view field, const std::string& what) {
    throw FieldError(std::string(field) + ": " + what);
}

/// Octets of a JSON value: a string, or {"hex": "00ff"}.
std::string octets_of(std::string_view field, const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_object() || !value.contains("hex") || !value["hex"].is_string())
        fail(field, "has to be a text, or {\"hex\": \"...\"}");
    const auto octets = mqtt::from_hex(value["hex"].get_ref<const std::string&>());
    if (!octets) fail(field, "hex: has to be pairs of hex digits");
    if (const auto n = value.find("length"); n != value.end() && *n != octets->size())
        fail(field, "length: is " + n->dump() + ", but there are " + std::to_string(octets->size()) + " octets");
    return *octets;
}

/// One object, and which of its members were asked for.
struct Members {
    const json* object;
    std::set<std::string, std::less<>> used{};

    const json* find(std::string_view name) {
        const auto at = object->find(name);
        if (at == object->end()) return nullptr;
        used.emplace(name);
        return &*at;
    }
    void refuse_unknown() const {
        for (const auto& [name, value] : object->items())
            if (!used.contains(name)) fail(name, "is no field of this packet");
    }
};

/// Fills every leaf from JSON.
struct Telling {
    static constexpr bool makes = false;
    mqtt::Arena& arena;
    std::vector<Members> open;  // the packet, then the item of a list
    const json *list_of = nullptr, *property = nullptr;
    std::size_t next = 0;  // item of the list
    std::size_t half = 0;  // of a pair
    bool of_properties = false;

    const json* value(std::string_view name) {
        if (!property) return open.back().find(name);
        const json& v = (*property)["value"];
        if (!v.is_array()) return &v;
        if (v.size() != 2) fail(name, "has to be a list of two texts");
        return &v[half++ & 1];
    }
    template <class T>
    void operator()(std::string_view name, T& v, const mqtt::Rule&, int width, Version) {
        const json* given = value(name);
        if (!given) return;
        if constexpr (std::is_same_v<T, mqtt::Text>) {
            const auto octets = octets_of(name, *given);
            if (octets.size() > 65'535) fail(name, std::to_string(octets.size()) + " octets are more than 65535");
            v = mqtt::keep(arena, mqtt::Text(octets));
        } else if (given->is_boolean() && width == 1) {
            v = static_cast<T>(given->get<bool>());
        } else {
            const auto most = (std::uint64_t(1) << width) - 1;
            const bool fits = given->is_number_integer() && *given >= 0 && given->get<std::uint64_t>() <= most;
            if (!fits) fail(name, given->dump() + " is no number from 0 to " + std::to_string(most));
            v = static_cast<T>(given->get<std::uint64_t>());
        }
    }
    /// Up to the end of the packet, so of any length.
    void rest(std::string_view name, mqtt::Text& v) {
        if (const json* given = value(name)) v = mqtt::keep(arena, mqtt::Text(octets_of(name, *given)));
    }
    /// "will flag"; where it is not given: whether any "will ..." is.
    template <class T>
    void presence(std::string_view name, std::optional<T>& v) {
        bool there = false;
        if (const json* given = open.back().find(name)) {
            if (!given->is_boolean()) fail(name, "has to be true or false");
            there = given->get<bool>();
        } else {
            const auto stem = name.substr(0, name.rfind(" flag"));
            for (const auto& [key, unused] : open.back().object->items()) there = there || key.starts_with(stem);
        }
        if (there)
            v.emplace();
        else
            v.reset();
    }
    const json& items_of(std::string_view name) {
        static const json none = json::array();
        const json* given = open.back().find(name);
        if (given && !given->is_array()) fail(name, "has to be a list");
        list_of = given ? given : &none;
        next = 0;
        for (const json& item : *list_of)
            if (!item.is_object()) fail(name, "has to be a list of objects");
        return *list_of;
    }
    template <class T>
    std::vector<T> list(std::string_view name, std::vector<T>) {
        of_properties = false;
        return std::vector<T>(items_of(name).size());
    }
    std::vector<mqtt::Property> properties(std::string_view name, std::vector<mqtt::Property>, mqtt::Where) {
        of_properties = true;
        std::vector<mqtt::Property> out;
        for (const json& item : items_of(name)) out.emplace_back(property_id(name, item), 0u);
        return out;
    }
    static std::uint32_t property_id(std::string_view list, const json& item) {
        if (!item.contains("value")) fail(list, "an item without \"value\"");
        if (const auto id = item.find("id"); id != item.end()) {
            if (!id->is_number_integer() || *id < 0 || *id > 0xfffffff)
                fail(list, "id: " + id->dump() + " is no identifier");
            return id->get<std::uint32_t>();
        }
        const auto given = item.find("name");
        if (given == item.end() || !given->is_string()) fail(list, "an item without \"id\" and without \"name\", a text");
        const auto name = given->get<std::string>();
        for (const auto& row : mqtt::property_table)
            if (row.name == name) return row.id;
        fail(list, "\"" + name + "\" is no property");
    }
    void begin_item() {
        close_item();
        const json& item = (*list_of)[next++];
        half = 0;
        if (of_properties)
            property = &item;
        else
            open.push_back({&item});
    }
    void close_item() {
        property = nullptr;
        if (open.size() < 2) return;
        open.back().refuse_unknown();
        open.pop_back();
    }
    void end_list() {
        close_item();
        list_of = nullptr;
    }
    bool more(bool) { return true; }
};

template <class P>
std::string encoded(const json& fields, Version v) {
    mqtt::Arena arena;
    P packet{};
    mqtt::Visitor<Telling> io{{v}, {arena, {{&fields}}}};
    P::walk(packet, io);
    io.leaf.open.front().refuse_unknown();
    return mqtt::encode(packet, v);
}

/// As a CONNECT among the fields says.
Version version_of(const json& fields, Version v) {
    const auto level = fields.find("protocol level");
    if (level == fields.end() || !level->is_number_integer()) return v;
    const auto n = level->get<std::int64_t>();
    return n == 5 ? Version::v5 : n == 3 ? Version::v3_1 : Version::v3_1_1;
}

bool same(mqtt::View a, mqtt::View b, Version v) {
    mqtt::Packet p, q;
    mqtt::Fault fault;
    return mqtt::decode(p, a, v, fault) == a.size() && mqtt::decode(q, b, v, fault) == b.size() && p == q;
}

}  // namespace

std::string packet_of(std::string_view type, const json& fields, Version v) {
    if (!fields.is_object()) fail("fields", "have to be an object");
    v = version_of(fields, v);
    std::optional<std::string> out;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (void)((mqtt::name(std::variant_alternative_t<I, mqtt::Packet>::type) == type &&
                (out = encoded<std::variant_alternative_t<I, mqtt::Packet>>(fields, v), true)) ||
               ...);
    }(std::make_index_sequence<std::variant_size_v<mqtt::Packet>>{});
    if (!out) fail("type", "\"" + std::string(type) + "\" is no packet type");
    return *out;
}

std::optional<std::string> fields_of(mqtt::View packet, Version v, Secrets secrets) {
    mqtt::Explained explained;
    if (packet.empty()) return std::nullopt;
    mqtt::explain(explained, packet, v);
    if (!explained.whole() || !explained.faults.empty() || explained.more_faults) return std::nullopt;
    std::string shown = "{", told = "{";
    mqtt::append_json(shown, explained, {true, SIZE_MAX});
    shown += '}';
    try {
        const auto again = packet_of(explained.type_name(), json::parse(shown), explained.version);
        if (!same(packet, mqtt::octets(again), explained.version)) return std::nullopt;
    } catch (const std::exception&) {  // fields that are not all listed
        return std::nullopt;
    }
    if (secrets == Secrets::shown) return shown;
    mqtt::append_json(told, explained, {false, SIZE_MAX});
    return told + "}";
}

std::string masked(mqtt::View packet, Version v) {
    std::string out(mqtt::bytes(packet));
    if (packet.empty()) return out;
    mqtt::Explained explained;
    mqtt::explain(explained, packet, v);
    const auto type = explained.type();
    const bool may_hide = type == mqtt::Type::connect || type == mqtt::Type::connack || type == mqtt::Type::auth;
    for (const auto& f : explained.fields) {
        // What could not be read may be a secret where there are some.
        const bool secret = f.secret || (may_hide && f.kind == mqtt::Field::Kind::raw);
        if (!secret || f.offset >= out.size()) continue;
        const auto end = std::min(f.offset + f.size, out.size());
        const auto hidden = f.kind == mqtt::Field::Kind::raw ? end - f.offset : std::min(f.text.size(), end - f.offset);
        std::fill_n(out.begin() + std::ptrdiff_t(end - hidden), hidden, '*');
    }
    return out;
}

}  // namespace scenario
