// The normative statements of both standards, as compiled in from corpus/statements: the one table everything refers to.
#pragma once
#include <span>
#include <string_view>

#include "codec/words.hpp"

namespace conformance {

/// One demand, in our words. Ids are the standard's (MQTT-...), or our own (X-...) for demands that have none.
struct Statement {
    std::string_view id;
    mqtt::Version protocol;     // v3_1_1 or v5: the same id may demand different things in the two
    std::string_view section;   // "3.1.2.4 Clean Session"
    std::string_view obliged;   // server, client, both, sender, receiver
    std::string_view testable;  // yes, partly, no, client-side
    std::string_view severity;  // MUST, MUST NOT, SHOULD, ...
    std::string_view summary;   // what is demanded
    std::string_view how;       // how a violation is observed
};

/// A statement that no case covers yet (planned) or ever will (excused), and why.
struct Excuse {
    mqtt::Version protocol;
    std::string_view id;
    bool planned;  // false: excused
    std::string_view reason;
};

/// Of both versions, 3.1.1 before 5, each in the order of the standard.
std::span<const Statement> statements();
/// In the order of corpus/statements/excuses.tsv.
std::span<const Excuse> excuses();

/// The row, or nullptr: the version has no such statement.
const Statement* find_statement(std::string_view id, mqtt::Version);
const Excuse* find_excuse(std::string_view id, mqtt::Version);
/// True where at least one version has it.
bool is_statement(std::string_view id);

/// "3.1.2.4" of "3.1.2.4 Clean Session".
std::string_view section_number(const Statement&);
/// Orders section numbers and statement ids by their numbers: 3.2 before 3.10, MQTT-3.1.2-9 before MQTT-3.1.2-10.
bool stands_before(std::string_view a, std::string_view b);

}  // namespace conformance
