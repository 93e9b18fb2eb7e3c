// Two answers of servers, field by field, and the choices that servers are free in. The rows stand in compare.cpp.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/words.hpp"

namespace replay {

/// semantic: what clients can rely on. strict: every field that is not free by its nature. acks: answers, no deliveries.
/// none: nothing is judged.
enum class Diff { semantic, strict, acks, none };
std::optional<Diff> parse_diff(std::string_view);
std::string_view name(Diff);

struct Rules {
    Diff diff = Diff::semantic;
    std::set<std::string, std::less<>> ignore{};  // names of fields and properties
};

struct Difference {
    std::vector<std::string> fields;  // that differ and are no free choice
    std::string choice;               // that explains others, or is near
    bool same() const { return fields.empty(); }
};

/// Is such a packet judged at all?
bool is_judged(mqtt::Type, const Rules&);
/// What `ignore` may hold: every field of a server's packet, every property, "order" and "format".
const std::set<std::string, std::less<>>& known_fields();
/// Of two packets of a type: objects of fields as scenario::fields_of makes them.
Difference compare(mqtt::Type, const nlohmann::json& expected, const nlohmann::json& actual, const Rules&);

/// The fields of a packet of a server, with the topic its alias stands for ("" where that is not known).
nlohmann::json comparable(mqtt::View packet, mqtt::Version, const std::string& topic);
/// On one line; texts that are no UTF-8 have U+FFFD for what is wrong.
std::string object_text(const nlohmann::json&);

}  // namespace replay
