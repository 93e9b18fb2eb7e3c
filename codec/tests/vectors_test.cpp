// Hand-written octets against the codec: what they mean, what is wrong with them, and what it costs to find out.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <regex>
#include <set>
#include <sstream>

#include "codec/vectors/faulty_packets.hpp"
#include "codec/vectors/good_packets.hpp"
#include "codec/tests/property_places.hpp"
#include "codec/tests/testing.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
void* counted(std::size_t n) {
    ++allocations;
    if (void* p = std::malloc(n ? n : 1)) return p;
    throw std::bad_alloc();
}
}  // namespace
void* operator new(std::size_t n) { return counted(n); }
void* operator new[](std::size_t n) { return counted(n); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

namespace mqtt::testing {
namespace {

bool decodes(Packet&, std::string&&, Version) = delete;  // views of it would dangle
/// Decodes all of `wire` without fault; false leaves a failure behind.
bool decodes(Packet& out, const std::string& wire, Version v) {
    Fault fault;
    const auto taken = decode(out, octets(wire), v, fault);
    EXPECT_EQ(taken, wire.size()) << hex(octets(wire)) << ": " << describe(fault);
    EXPECT_FALSE(fault);
    return taken == wire.size();
}

TEST(Vectors, decode_to_the_fields_they_mean) {
    for (auto& g : good_packets()) {
        const auto wire = unhex(g.hex);
        Packet p;
        if (!decodes(p, wire, g.version)) continue;
        EXPECT_TRUE(p == g.packet) << g.hex << "\n" << print(p, g.version) << "\n" << print(g.packet, g.version);
        EXPECT_TRUE(all_faults(octets(wire), g.version).empty()) << g.hex;
    }
}

TEST(Vectors, every_packet_type_is_there_in_both_versions) {
    std::set<std::pair<Version, Type>> seen;
    for (auto& g : good_packets()) seen.emplace(g.version, type_of(g.packet));
    for (unsigned type = 1; type <= 15; ++type) {
        EXPECT_EQ(seen.count({v4, Type(type)}), type < 15 ? 1u : 0u) << name(Type(type));
        EXPECT_EQ(seen.count({v5, Type(type)}), 1u) << name(Type(type));
    }
    EXPECT_EQ(seen.count({v3, Type::connect}), 1u);
}

TEST(Vectors, are_what_the_encoder_writes) {
    for (auto& g : good_packets()) {
        const auto wire = unhex(g.hex);
        EXPECT_EQ(hex(octets(encode(g.packet, g.version))), hex(octets(wire)));
        Packet p;
        if (!decodes(p, wire, g.version)) continue;
        EXPECT_EQ(hex(octets(encode(p, g.version))), hex(octets(wire)));
        std::string to = "before";
        append(to, g.packet, g.version);
        EXPECT_EQ(to, "before" + wire);
    }
}

TEST(Vectors, longer_forms_are_read_and_written_short) {
    for (auto& g : longer_than_needed()) {
        const auto wire = unhex(g.hex);
        Packet p;
        if (!decodes(p, wire, g.version)) continue;
        EXPECT_TRUE(p == g.packet) << g.hex << "\n" << print(p, g.version);
        EXPECT_EQ(encode(p, g.version), encode(g.packet, g.version));
    }
}

TEST(Vectors, typed_decode_agrees_and_refuses_other_types) {
    Connack connack;
    Fault fault;
    const auto wire = unhex("20 02 01 00"), ping = unhex("d0 00");
    EXPECT_EQ(decode(connack, octets(wire), v4, fault), 4u);
    EXPECT_TRUE(connack.session_present);
    EXPECT_EQ(decode(connack, octets(ping), v4, fault), 0u);
    EXPECT_EQ(fault.field, "packet type");
    EXPECT_EQ(fault.offset, 0u);
}

TEST(Vectors, stale_fields_do_not_survive_the_next_packet) {
    Packet p;
    const auto full = unhex(connects()[1].hex), plain = unhex(connects()[0].hex);
    ASSERT_TRUE(decodes(p, full, v4));
    ASSERT_TRUE(decodes(p, plain, v4));
    EXPECT_TRUE(p == connects()[0].packet) << print(p, v4);
    const auto long_puback = unhex("40 03 00 0a 10"), short_puback = unhex("40 02 00 0b");
    ASSERT_TRUE(decodes(p, long_puback, v5));
    ASSERT_TRUE(decodes(p, short_puback, v5));
    EXPECT_EQ(std::get<Puback>(p).reason, 0);
}

std::string with_list(const Room& room, const std::string& list) {
    const auto body = unhex(room.before) + char(list.size()) + list + unhex(room.after);
    return unhex(room.head) + char(body.size()) + body;
}
bool stands_in(std::string_view places, std::string_view room) {
    std::istringstream words{std::string(places)};
    for (std::string word; words >> word;)
        if (word == "all" || word == room) return true;
    return false;
}
Properties list_of(const Packet& packet, bool is_will) {
    return std::visit(
        [&]<class P>(const P& p) {
            if constexpr (requires { p.will; })
                if (is_will) return p.will->properties;
            if constexpr (requires { p.properties; }) return p.properties;
            return Properties{};
        },
        packet);
}
/// Authentication data needs a method beside it in CONNECT.
std::string lead_of(const Room& room, const Sample& s) {
    return s.meaning.id == property::authentication_data && room.name == "connect" ? unhex("15 00 01 6d") : "";
}

TEST(Properties, stand_where_the_table_allows_and_nowhere_else) {
    for (auto& room : rooms)
        for (auto& s : samples) {
            const auto lead = lead_of(room, s), wire = with_list(room, lead + unhex(s.hex));
            Packet p;
            if (stands_in(s.places, room.name)) {
                if (!decodes(p, wire, v5)) continue;
                const auto found = find(list_of(p, room.is_will), s.meaning.id);
                ASSERT_TRUE(found) << s.name << " in " << room.name;
                EXPECT_TRUE(*found == s.meaning) << print(p, v5);
                EXPECT_EQ(hex(octets(encode(p, v5))), hex(octets(wire)));
            } else {
                Fault fault;
                EXPECT_EQ(decode(p, octets(wire), v5, fault), 0u) << s.name << " in " << room.name;
                EXPECT_EQ(fault.statement, "X-2.2.2-property-not-allowed") << describe(fault);
                EXPECT_EQ(fault.field, s.name);
                EXPECT_EQ(fault.offset, 2 + unhex(room.before).size() + 1);
            }
        }
}

TEST(Properties, stand_twice_only_where_the_table_allows) {
    for (auto& room : rooms)
        for (auto& s : samples) {
            if (!stands_in(s.places, room.name)) continue;
            const auto lead = lead_of(room, s), one = unhex(s.hex), wire = with_list(room, lead + one + one);
            Packet p;
            Fault fault;
            if (stands_in(s.repeats, room.name)) {
                if (!decodes(p, wire, v5)) continue;
                EXPECT_EQ(list_of(p, room.is_will).count(), 2u);
            } else {
                EXPECT_EQ(decode(p, octets(wire), v5, fault), 0u) << s.name << " in " << room.name;
                EXPECT_EQ(fault.statement, "X-2.2.2-property-twice") << describe(fault);
                EXPECT_EQ(fault.field, s.name);
                EXPECT_EQ(fault.offset, 3 + unhex(room.before).size() + lead.size() + one.size());
            }
        }
}

TEST(Properties, are_found_first_come_first) {
    const Property list[]{{property::user_property, "a", "1"}, {property::receive_maximum, 7u},
                          {property::user_property, "b", "2"}};
    EXPECT_EQ(find(list, property::user_property)->text, "a");
    EXPECT_EQ(number_or(list, property::receive_maximum, 65535), 7u);
    EXPECT_EQ(number_or(list, property::topic_alias_maximum, 65535), 65535u);
    EXPECT_FALSE(find(list, property::topic_alias));
}

TEST(Faults, name_the_statement_the_field_and_the_place) {
    for (auto& b : bad_packets()) {
        const auto wire = unhex(b.hex);
        Packet p;
        Fault fault;
        EXPECT_EQ(decode(p, octets(wire), b.version, fault), 0u) << b.hex;
        EXPECT_EQ(fault.statement, b.statement) << b.hex << ": " << describe(fault);
        EXPECT_EQ(fault.field, b.field) << b.hex << ": " << describe(fault);
        EXPECT_EQ(fault.offset, b.offset) << b.hex << ": " << describe(fault);
        EXPECT_FALSE(fault.what.empty()) << b.hex;
        const auto all = all_faults(octets(wire), b.version);
        ASSERT_FALSE(all.empty()) << b.hex;
        EXPECT_EQ(describe(all.front()), describe(fault)) << b.hex;
    }
}

/// The codes each packet may carry, from its own table in the standard; `at` is where the code stands in `hex`.
struct Codes {
    const char* hex;
    std::size_t at;
    Version version;
    const char* codes;
};
constexpr Codes code_tables[]{
    {"20 02 00 00", 3, v4, "00 01 02 03 04 05"},
    {"90 03 00 0a 00", 4, v4, "00 01 02 80"},
    {"20 03 00 00 00", 3, v5, "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f"},
    {"40 03 00 0a 00", 4, v5, "00 10 80 83 87 90 91 97 99"},
    {"50 03 00 0a 00", 4, v5, "00 10 80 83 87 90 91 97 99"},
    {"62 03 00 0a 00", 4, v5, "00 92"},
    {"70 03 00 0a 00", 4, v5, "00 92"},
    {"90 04 00 0a 00 00", 5, v5, "00 01 02 80 83 87 8f 91 97 9e a1 a2"},
    {"b0 04 00 0a 00 00", 5, v5, "00 11 80 83 87 8f 91"},
    {"e0 01 00", 2, v5,
     "00 04 80 81 82 83 87 89 8b 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2"},
    {"f0 01 00", 2, v5, "00 18 19"},
};
TEST(Codes, are_taken_where_their_table_has_them) {
    for (auto& t : code_tables)
        for (int code = 0; code < 256; ++code) {
            auto wire = unhex(t.hex);
            wire[t.at] = char(code);
            Packet p;
            Fault fault;
            const bool listed = unhex(t.codes).find(char(code)) != std::string::npos;
            EXPECT_EQ(decode(p, octets(wire), t.version, fault), listed ? wire.size() : 0u) << hex(octets(wire));
            EXPECT_EQ(fault.what, listed ? "" : "is not in the table of codes") << hex(octets(wire));
            EXPECT_TRUE(listed || fault.offset == t.at) << hex(octets(wire));
        }
}

/// Statements that faults never name: malformed text is reported as 1.5.3-1 or 1.5.4-1, in whatever field it stands;
/// packets that are too large are in framing_test.cpp.
const std::set<std::string> not_in_the_table{"MQTT-3.1.3-4", "MQTT-3.1.3-11", "MQTT-3.1.3-12", "MQTT-3.3.2-19",
                                             "MQTT-1.5.7-1", "MQTT-3.2.2-15"};

TEST(Faults, table_covers_every_statement_the_codec_names) {
    std::set<std::string> covered = not_in_the_table, named;
    for (auto& b : bad_packets()) covered.emplace(b.statement);
    const std::regex id("\"((?:MQTT|X)-[0-9][^\"]*)\"");
    for (auto& entry : std::filesystem::directory_iterator(MQTTSPEC_SOURCE "/codec")) {
        const auto ending = entry.path().extension();
        if (ending != ".hpp" && ending != ".cpp") continue;
        std::stringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        const auto source = text.str();
        for (std::sregex_iterator i(source.begin(), source.end(), id), end; i != end; ++i) named.insert((*i)[1]);
    }
    EXPECT_GT(named.size(), 70u);
    for (auto& n : named) EXPECT_TRUE(covered.count(n)) << n << " is named in codec/ but not in the table";
}

bool is_about_shape(std::string_view statement) {
    return statement == "X-2.0-packet-length" || statement == "X-2.2.3-remaining-length" ||
           statement == "X-1.5.5-five-octets" || statement == "X-2.2.2-property-unknown" ||
           statement.ends_with("packet-type");
}

TEST(Lenient, takes_what_has_the_right_shape_and_gives_it_back) {
    for (auto& b : bad_packets()) {
        const auto wire = unhex(b.hex);
        Packet p;
        const bool good_shape = !is_about_shape(b.statement) && b.field != "packet type";
        EXPECT_EQ(decode_leniently(p, octets(wire), b.version), good_shape ? wire.size() : 0u) << b.hex;
        const bool is_kept = b.field != "reserved bits" && b.statement != "MQTT-1.5.5-1";
        if (!good_shape || !is_kept) continue;
        EXPECT_EQ(hex(octets(encode(p, b.version))), hex(octets(wire)));
    }
}

TEST(Lenient, agrees_with_decode_on_good_packets) {
    for (auto& g : good_packets()) {
        const auto wire = unhex(g.hex);
        Packet p;
        EXPECT_EQ(decode_leniently(p, octets(wire), g.version), wire.size()) << g.hex;
        EXPECT_TRUE(p == g.packet) << g.hex;
    }
}

void expect_faults(const char* digits, Version v, std::vector<std::string> expected) {
    const auto wire = unhex(digits);
    std::vector<std::string> met;
    for (auto& f : all_faults(octets(wire), v))
        met.push_back(std::string(f.field) + " " + std::string(f.statement) + " " + std::to_string(f.offset));
    EXPECT_EQ(met, expected) << digits;
}

TEST(Faults, of_one_packet_come_in_the_order_met) {
    expect_faults("80 0c 00 00 04 0b 00 0b 00 00 02 61 23 c3", v5,
                  {"reserved bits MQTT-3.8.1-1 0", "packet identifier MQTT-2.2.1-3 2",
                   "subscription identifier X-3.8.2-subscription-identifier-zero 6",
                   "subscription identifier X-3.8.2-subscription-identifier-zero 8",
                   "subscription identifier X-2.2.2-property-twice 7", "topic filter MQTT-4.7.1-1 9",
                   "QoS X-3.8.3-qos-three 13", "reserved bits MQTT-3.8.3-5 13"});
    expect_faults("11 0d 00 04 4d 51 54 58 06 2b 00 3c 00 01 00", v4,
                  {"reserved bits MQTT-2.2.2-2 0", "protocol name MQTT-3.1.2-1 2", "protocol level MQTT-3.1.2-2 8",
                   "reserved bits MQTT-3.1.2-15 9", "reserved bits MQTT-3.1.2-13 9", "reserved bits MQTT-3.1.2-3 9",
                   "client identifier MQTT-1.5.3-2 12"});
    expect_faults("36 07 00 01 23 00 00 01 00", v4,
                  {"QoS MQTT-3.3.1-4 0", "topic name MQTT-3.3.2-2 2", "packet identifier MQTT-2.3.1-1 5"});
    expect_faults("c1 01 00", v5, {"reserved bits MQTT-2.1.3-1 0", "packet X-2.0-packet-length 2"});
    expect_faults("c0", v5, {});
    expect_faults("30 05 00 01", v4, {});
}
TEST(Faults, across_fields_are_told_after_others_too) {
    expect_faults("38 03 00 00 00", v5, {"DUP MQTT-3.3.1-2 0", "topic name MQTT-4.7.3-1 2"});
    expect_faults("10 10 00 04 4d 51 54 54 04 43 00 3c 00 01 63 00 01 70", v4,
                  {"reserved bits MQTT-3.1.2-3 9", "connect flags MQTT-3.1.2-22 9"});
    expect_faults("80 10 00 0a 00 00 0a 24 73 68 61 72 65 2f 67 2f 61 04", v5,
                  {"reserved bits MQTT-3.8.1-1 0", "no local MQTT-3.8.3-4 17"});
    expect_faults("22 03 01 80 00", v5, {"reserved bits MQTT-2.1.3-1 0", "session present MQTT-3.2.2-6 2"});
}
/// An alias may have stood among the octets that were not understood: nothing is said of the empty topic.
TEST(Faults, across_fields_are_not_told_of_what_was_read_askew) {
    expect_faults("30 05 00 00 02 23 00", v5, {"topic alias X-2.0-packet-length 6"});
    expect_faults("30 08 00 00 05 04 00 23 00 07", v5, {"property X-2.2.2-property-unknown 6"});
    expect_faults("30 08 00 00 80 80 80 80 01 00", v5, {"properties X-1.5.5-five-octets 4"});
}

TEST(Cost, decode_allocates_nothing) {
    for (auto& g : good_packets()) {
        const auto wire = unhex(g.hex);
        Packet p;
        Fault fault;
        const auto before = allocations.load();
        const auto taken = decode(p, octets(wire), g.version, fault);
        const auto spent = allocations.load() - before;
        EXPECT_EQ(taken, wire.size());
        EXPECT_EQ(spent, 0u) << g.hex;
    }
}

TEST(Cost, refusing_allocates_nothing) {
    for (auto& b : bad_packets()) {
        const auto wire = unhex(b.hex);
        Packet p;
        Fault fault;
        const auto before = allocations.load();
        const auto taken = decode(p, octets(wire), b.version, fault);
        const auto spent = allocations.load() - before;
        EXPECT_EQ(taken, 0u);
        EXPECT_EQ(spent, 0u) << b.hex;
    }
}

TEST(Cost, encode_into_a_buffer_allocates_nothing) {
    std::uint8_t room[256];
    for (auto& g : good_packets()) {
        const auto before = allocations.load();
        const auto size = encode(g.packet, g.version, room);
        const auto spent = allocations.load() - before;
        EXPECT_EQ(spent, 0u) << g.hex;
        EXPECT_EQ(hex(View(room, size)), hex(octets(unhex(g.hex))));
    }
    const auto before = allocations.load();
    ::operator delete(::operator new(8));
    EXPECT_GT(allocations.load(), before) << "the count itself does not count";
}

TEST(Encode, writes_nothing_where_there_is_too_little_room) {
    for (auto& g : good_packets()) {
        const auto wire = unhex(g.hex);
        std::vector<std::uint8_t> room(wire.size() - 1, 0xaa);
        EXPECT_EQ(encode(g.packet, g.version, room), wire.size());
        EXPECT_EQ(std::count(room.begin(), room.end(), 0xaa), std::ptrdiff_t(room.size())) << g.hex;
    }
}

}  // namespace
}  // namespace mqtt::testing
