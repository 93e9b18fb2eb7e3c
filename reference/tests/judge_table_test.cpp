// corpus/client_judge.tsv: every statement that obliges a client is told by the judge, with a test that breaks it, or excused.
#include <fstream>
#include <set>
#include <sstream>

#include "codec/vectors/faulty_packets.hpp"
#include "reference/tests/judge_scene.hpp"

namespace reference::test {
namespace {

using mqtt::Connect, mqtt::Publish, mqtt::Text, mqtt::encode, mqtt::from_hex, mqtt::octets;

using Row = std::map<std::string, std::string>;
std::vector<Row> table(const std::string& path) {
    std::ifstream file(std::string(MQTTSPEC_CORPUS) + path);
    EXPECT_TRUE(file) << path;
    const auto split = [](const std::string& line) {
        std::vector<std::string> parts;
        std::istringstream cells(line);
        for (std::string cell; std::getline(cells, cell, '\t');) parts.push_back(cell);
        return parts;
    };
    std::string line;
    std::getline(file, line);
    const auto names = split(line);
    std::vector<Row> rows;
    while (std::getline(file, line)) {
        const auto cells = split(line);
        Row row;
        for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = i < cells.size() ? cells[i] : "";
        rows.push_back(row);
    }
    return rows;
}

/// "3.1.1 ID" of every statement; those alone that oblige a client, or all.
std::set<std::string> statements(bool of_clients) {
    std::set<std::string> all;
    const auto add = [&](const std::string& path, std::string version) {
        for (auto& row : table(path))
            if (!of_clients || row["obliged"] != "server") all.insert((version.empty() ? row["protocol"] : version) + " " + row["id"]);
    };
    add("/statements/mqtt-3.1.1.tsv", "3.1.1");
    add("/statements/mqtt-5.0.tsv", "5");
    add("/statements/extra.tsv", "");
    return all;
}

TEST(ClientJudgeTable, EveryStatementOfClientsIsCoveredOrExcused) {
    std::set<std::string> shown, told;
    for (const auto& all : {broken_rules(), broken_formats()})
        for (const auto& b : all) shown.insert((b.version == v4 ? "3.1.1 " : "5 ") + std::string(b.statement));
    for (auto& row : table("/client_judge.tsv")) {
        const auto key = row["version"] + " " + row["statement"];
        EXPECT_TRUE(told.insert(key).second) << key << " stands twice";
        const bool covered = row["state"] == "covered";
        EXPECT_TRUE(covered || row["state"] == "excused") << key;
        EXPECT_EQ(covered, shown.contains(key)) << key << (covered ? " has no test that breaks it" : " has one");
        EXPECT_EQ(covered, row["reason"].empty()) << key;
    }
    EXPECT_EQ(told, statements(true));
    const auto known = statements(false);
    for (const auto& key : shown) EXPECT_TRUE(known.contains(key)) << key;
}

}  // namespace

// Each faulty packet of the codec's vectors that a client may send, after an accepted CONNECT; and a few of our own.
std::vector<Broken> broken_formats() {
    std::vector<Broken> all;
    const auto add = [&](Version v, std::string_view statement, std::string wire) {
        const bool connects = (wire[0] & 0xf0) == 0x10;
        all.push_back({v, statement, [=](Scene& s) {
            if (!connects) s.hello();
            s.raw(wire);
        }});
    };
    for (const auto& bad : mqtt::testing::bad_packets()) {
        const auto wire = *from_hex(bad.hex);
        const int type = static_cast<std::uint8_t>(wire[0]) >> 4;
        const bool servers = type == 2 || type == 9 || type == 11 || type == 13;
        const bool version_unknown = type == 1 && !judged_version(octets(wire));
        if (servers || version_unknown || bad.statement.empty() || bad.version == Version::v3_1) continue;
        const bool flags = bad.version == v4 && (bad.statement == "MQTT-2.2.2-2" || bad.statement == "MQTT-3.14.1-1");
        add(bad.version, flags ? "MQTT-2.2.2-1" : bad.statement, wire);
    }
    constexpr Text broken = "\xff";
    for (const Version v : {v4, v5}) {
        const auto level = static_cast<std::uint8_t>(v);
        const auto statement = v == v4 ? "MQTT-1.5.3-1" : "MQTT-1.5.4-1";
        add(v, statement, encode(Connect{.level = level, .client_id = broken}, v));
        add(v, statement, encode(Connect{.level = level, .client_id = "c", .user_name = broken}, v));
        std::string short_of_a_user = encode(Connect{.level = level, .client_id = "c", .user_name = "u"}, v);
        short_of_a_user.resize(short_of_a_user.size() - 3);
        short_of_a_user[1] = static_cast<char>(short_of_a_user[1] - 3);
        add(v, "X-2.0-packet-length", short_of_a_user);
    }
    const Property pair[]{{property::user_property, Text("name"), broken}}, type[]{{property::content_type, broken}};
    add(v5, "MQTT-1.5.4-1", encode(Publish{.topic = "t", .properties = pair}, v5));
    add(v5, "MQTT-1.5.4-1", encode(Publish{.topic = "t", .properties = type}, v5));
    return all;
}

}  // namespace reference::test
