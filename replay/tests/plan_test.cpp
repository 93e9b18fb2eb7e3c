// What a plan knows before anything is sent, and what two answers have in common.
#include <nlohmann/json.hpp>

#include "replay/compare.hpp"
#include "replay/tests/script.hpp"

namespace replay {
namespace {

using mqtt::QoS;
using mqtt::Type;
using mqtt::Version;
using nlohmann::json;
using Kind = scenario::Step::Kind;

/// Steps: open 0, CONNECT 1, CONNACK 2, then what follows.
TEST(Plan, links_answers_to_requests) {
    Script s;
    s.join("a").send("a", mqtt::Publish{.qos = QoS::exactly_once, .topic = "t", .packet_id = 9})  // 3
        .expect("a", mqtt::Pubrec{.packet_id = 9})                                                // 4
        .send("a", mqtt::Pubrel{.packet_id = 9})                                                  // 5
        .expect("a", mqtt::Pubcomp{.packet_id = 9})                                               // 6
        .expect("a", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 9})      // 7: another space
        .send("a", mqtt::Puback{.packet_id = 9});                                                 // 8
    const Plan p = plan(s.scenario, {});
    EXPECT_EQ(p.items[3].answers, (std::vector<std::size_t>{4, 6}));
    EXPECT_EQ(p.items[3].ack, 5u);
    EXPECT_EQ(p.items[5].partner, 3u);
    EXPECT_EQ(p.items[7].ack, 8u);
    EXPECT_EQ(p.items[8].partner, 7u);
    EXPECT_EQ(p.items[2].partner, 1u);
}

/// Segments of both directions changed places in the capture.
TEST(Plan, links_what_the_capture_has_too_early) {
    Script s;
    s.join("a").expect("a", mqtt::Puback{.packet_id = 4})                                        // 3
        .send("a", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 4})       // 4
        .send("a", mqtt::Puback{.packet_id = 7})                                                 // 5
        .expect("a", mqtt::Publish{.qos = QoS::at_least_once, .topic = "t", .packet_id = 7});    // 6
    const Plan p = plan(s.scenario, {});
    EXPECT_EQ(p.items[3].partner, 4u);
    EXPECT_EQ(p.items[3].soft, "");
    EXPECT_EQ(p.items[6].ack, 5u);
    EXPECT_EQ(p.items[5].skip, "");
    Script late = s;
    for (std::size_t i = 4; i < late.scenario.steps.size(); ++i) late.scenario.steps[i].at += std::chrono::seconds(2);
    late.scenario.steps[6].at += std::chrono::seconds(2);
    const Plan q = plan(late.scenario, {});
    EXPECT_EQ(q.items[3].soft, "what it answers is not in the capture");
    EXPECT_EQ(q.items[5].skip, "what it answers is not in the capture");
}

TEST(Plan, finds_the_cause_of_each_of_messages_alike) {
    Script s;
    s.join("ear").join("mouth").send("mouth", mqtt::Publish{.topic = "t", .payload = "x"})  // 6: before the subscription
        .subscribe("ear", "t", QoS::at_most_once)                                           // 7, 8
        .send("mouth", mqtt::Publish{.topic = "t", .payload = "x"})                         // 9
        .send("mouth", mqtt::Publish{.topic = "t", .payload = "x"})                         // 10
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"})                         // 11
        .expect("ear", mqtt::Publish{.topic = "t", .payload = "x"});                        // 12
    const Plan p = plan(s.scenario, {});
    EXPECT_EQ(p.items[11].cause, 9u);
    EXPECT_EQ(p.items[12].cause, 10u);
}

TEST(Plan, knows_what_it_cannot_know) {
    Script s;
    s.join("a").subscribe("a", "#", QoS::at_most_once)
        .expect("a", mqtt::Publish{.topic = "$SYS/uptime", .payload = "1"})  // 5
        .step("a", Kind::gap)                                                // 6
        .expect("a", mqtt::Puback{.packet_id = 3});                          // 7
    const Plan p = plan(s.scenario, {});
    EXPECT_EQ(p.items[5].soft, "a topic of the server's own");
    EXPECT_EQ(p.items[7].soft, "octets of its client are missing in the capture before it");
    EXPECT_EQ(p.connections[0].damage, "octets of this connection are missing in the capture");
}

TEST(Plan, leaves_out_sessions_that_cannot_be_repeated) {
    Script s;
    const mqtt::Property method{mqtt::property::authentication_method, "SCRAM"};
    s.session("scram", Version::v5);
    s.step("scram", Kind::open).send("scram", mqtt::Connect{.properties = mqtt::Properties{{&method, 1}}, .client_id = "s"});
    s.join("plain").join("other");
    const Plan p = plan(s.scenario, {.selects = [](auto& name, auto&) { return name != "other"; }});
    EXPECT_EQ(p.connections[0].why_not, "its enhanced authentication (AUTH) cannot be repeated");
    EXPECT_TRUE(p.connections[1].replayed);
    EXPECT_EQ(p.connections[2].why_not, "not chosen by --sessions");
}

TEST(Plan, replaces_logins_and_refuses_masked_ones) {
    Script s;
    s.session("a");
    s.step("a", Kind::open).send("a", mqtt::Connect{.protocol = "MQTT", .level = 4, .client_id = "a", .user_name = "u", .password = "***"});
    EXPECT_THROW(plan(s.scenario, {}), scenario::ScenarioError);
    const auto login = [](const std::string& id, const std::string& user) { return std::optional(Login{id + user, "secret"}); };
    const Plan p = plan(s.scenario, {.login = login});
    EXPECT_EQ(std::get<mqtt::Connect>(p.items[1].packet).user_name, "au");
    EXPECT_EQ(std::get<mqtt::Connect>(p.items[1].packet).password, "secret");
}

TEST(Plan, resolves_aliases_of_both_sides) {
    Script s;
    const mqtt::Property alias{mqtt::property::topic_alias, 2u};
    const mqtt::Properties with{std::span(&alias, 1)};
    s.join("a", Version::v5).send("a", mqtt::Publish{.topic = "mine", .properties = with}).send("a", mqtt::Publish{.properties = with})
        .expect("a", mqtt::Publish{.topic = "theirs", .properties = with}).expect("a", mqtt::Publish{.properties = with});
    const Plan p = plan(s.scenario, {.topic_map = {{"mi", "my"}}});
    EXPECT_EQ(p.items[4].topic, "myne");
    EXPECT_EQ(p.items[6].topic, "theirs");
}

// ---- comparing ------------------------------------------------------------------------------------------------------

Difference of(Type type, const json& a, const json& b, Rules rules = {}) { return compare(type, a, b, rules); }
using Names = std::vector<std::string>;

TEST(Compare, leaves_out_what_is_free_by_its_nature) {
    const json a{{"packet identifier", 1}, {"DUP", false}, {"QoS", 1}}, b{{"packet identifier", 2}, {"DUP", true}, {"QoS", 1}};
    EXPECT_TRUE(of(Type::publish, a, b).same());
    EXPECT_EQ(of(Type::publish, a, b, {.diff = Diff::strict}).fields, Names{"DUP"});
}

TEST(Compare, sees_the_fields_and_properties_of_deliveries) {
    const json user{{"id", 38}, {"name", "user property"}, {"value", {"a", "1"}}}, other{{"id", 38}, {"name", "user property"}, {"value", {"b", "2"}}};
    const json both{{"QoS", 1}, {"properties", {user, other}}}, turned{{"QoS", 1}, {"properties", {other, user}}}, less{{"QoS", 2}, {"properties", {user}}};
    EXPECT_EQ(of(Type::publish, both, turned).fields, Names{"user property"});
    EXPECT_EQ(of(Type::publish, both, less).fields, (Names{"QoS", "user property"}));
    EXPECT_EQ(of(Type::publish, both, less, {.ignore = {"QoS"}}).fields, Names{"user property"});
    const json no_format{{"properties", json::array()}}, format_zero{{"properties", {{{"id", 1}, {"name", "payload format indicator"}, {"value", 0}}}}};
    EXPECT_TRUE(of(Type::publish, no_format, format_zero).same());
    const json ids{{"properties", {{{"name", "subscription identifier"}, {"value", 1}}, {{"name", "subscription identifier"}, {"value", 2}}}}};
    const json ids_turned{{"properties", {{{"name", "subscription identifier"}, {"value", 2}}, {{"name", "subscription identifier"}, {"value", 1}}}}};
    EXPECT_TRUE(of(Type::publish, ids, ids_turned).same());
}

TEST(Compare, passes_over_server_properties_unless_strict) {
    const json a{{"reason code", 0}, {"properties", {{{"name", "receive maximum"}, {"value", 20}}}}}, b{{"reason code", 0}, {"properties", json::array()}};
    EXPECT_TRUE(of(Type::connack, a, b).same());
    EXPECT_EQ(of(Type::connack, a, b, {.diff = Diff::strict}).fields, Names{"receive maximum"});
}

TEST(Compare, knows_the_choices_of_codes) {
    const auto codes = [](int code) { return json{{"codes", {{{"reason code", code}}}}}; };
    EXPECT_TRUE(of(Type::puback, {{"reason code", 0x10}}, json::object()).same());  // absent means 0
    EXPECT_EQ(of(Type::puback, {{"reason code", 0x87}}, json::object()).fields, Names{"reason code"});
    EXPECT_TRUE(of(Type::puback, {{"reason code", 0x87}}, {{"reason code", 0x97}}).same());
    EXPECT_TRUE(of(Type::unsuback, codes(0x11), codes(0)).same());
    EXPECT_EQ(of(Type::suback, codes(2), codes(1)).fields, Names{"codes"});
    EXPECT_NE(of(Type::suback, codes(2), codes(1)).choice.find("3.8.4"), std::string::npos);
    EXPECT_EQ(of(Type::suback, codes(1), codes(0x80)).choice, "");
    EXPECT_EQ(of(Type::suback, codes(1), {{"codes", {{{"reason code", 1}}, {{"reason code", 1}}}}}).fields, Names{"codes"});
    EXPECT_EQ(of(Type::connack, {{"return code", 0}}, {{"return code", 5}}).fields, Names{"return code"});
}

TEST(Compare, modes_say_what_is_judged) {
    EXPECT_TRUE(is_judged(Type::publish, {}));
    EXPECT_FALSE(is_judged(Type::publish, {.diff = Diff::acks}));
    EXPECT_TRUE(is_judged(Type::puback, {.diff = Diff::acks}));
    EXPECT_FALSE(is_judged(Type::puback, {.diff = Diff::none}));
    EXPECT_EQ(parse_diff("acks"), Diff::acks);
    EXPECT_FALSE(parse_diff("all"));
}

/// Long payloads are told by their hash: a difference far behind is still one.
TEST(Compare, sees_the_end_of_long_payloads) {
    std::string a(70'000, 'x'), b = a;
    b.back() = 'y';
    const auto fields = [](const std::string& payload) {
        return comparable(mqtt::octets(mqtt::encode(mqtt::Publish{.topic = "t", .payload = payload}, Version::v5)), Version::v5, "t");
    };
    EXPECT_LT(fields(a).dump().size(), 1000u);
    EXPECT_EQ(of(Type::publish, fields(a), fields(b)).fields, Names{"payload"});
    EXPECT_TRUE(of(Type::publish, fields(a), fields(a)).same());
}

}  // namespace
}  // namespace replay
