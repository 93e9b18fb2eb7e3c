// Law 4: every row is covered, planned or excused; every id anywhere is a row; every case has a name of its own.
#include <gtest/gtest.h>

#include <set>

#include "conformance/case.hpp"
#include "conformance/embedded.hpp"
#include "conformance/listing.hpp"
#include "reference/policy.hpp"

namespace conformance {
namespace {

using mqtt::Version;

TEST(audit, every_statement_of_every_case_exists) {
    for (const Case& c : cases())
        for (Version v : {Version::v3_1_1, Version::v5})
            for (auto id : c.covers.statements(v))
                EXPECT_TRUE(find_statement(id, v)) << c.full_name << " names " << id << " for " << mqtt::name(v);
}

TEST(audit, every_statement_of_every_violation_exists) {
    EXPECT_GE(reference::violations().size(), 60u);
    for (auto& row : reference::violations())
        for (Version v : {Version::v3_1_1, Version::v5})
            if (auto id = row.statements.in(v); !id.empty()) {
                EXPECT_TRUE(find_statement(id, v)) << row.id << " names " << id;
            }
}

TEST(audit, names_are_unique) {
    std::set<std::string_view> names;
    for (const Case& c : cases()) EXPECT_TRUE(names.insert(c.full_name).second) << c.full_name;
    EXPECT_GE(names.size(), 100u);
}

TEST(audit, every_row_is_covered_planned_or_excused) {
    std::set<std::pair<Version, std::string_view>> covered;
    for (const Case& c : cases())
        for (Version v : {Version::v3_1_1, Version::v5})
            for (auto id : c.covers.statements(v)) covered.emplace(v, id);
    for (const Statement& s : statements()) {
        const bool has_case = covered.contains({s.protocol, s.id});
        const bool has_excuse = find_excuse(s.id, s.protocol) != nullptr;
        EXPECT_TRUE(has_case || has_excuse) << mqtt::name(s.protocol) << " " << s.id << " is neither covered nor excused";
        EXPECT_FALSE(has_case && has_excuse) << mqtt::name(s.protocol) << " " << s.id << " is covered and excused";
    }
    for (const Excuse& e : excuses()) {
        EXPECT_TRUE(find_statement(e.id, e.protocol)) << "an excuse for " << e.id;
        EXPECT_FALSE(e.reason.empty()) << e.id;
    }
}

TEST(audit, variations_and_violations_of_the_proof_exist) {
    std::set<std::string_view> ids;
    for (const reference::Variation& c : reference::variations()) EXPECT_TRUE(ids.insert(c.id).second) << c.id;
    for (auto& row : reference::violations()) EXPECT_TRUE(ids.insert(row.id).second) << row.id;
}

}  // namespace
}  // namespace conformance
