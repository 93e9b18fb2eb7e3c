// Text rules against hand-written edges and against slow, plain judges that share no code with the codec.
#include <random>

#include "codec/tests/testing.hpp"
#include "codec/topics.hpp"

namespace mqtt::testing {
namespace {

using namespace std::string_view_literals;
constexpr auto v4 = Version::v3_1_1, v5 = Version::v5;

constexpr Text good_characters[]{
    "a", "\x01", "\x1f", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
    "\xef\xbb\xbf", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf0\x9f\x98\x80",
};
constexpr Text bad_sequences[]{
    "\0"sv, "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
    "\xfe", "\xff", "\xc2", "\xe0\xa0", "\xe1\x80", "\xf0\x90\x80", "\xf4\x8f", "\xc2\x41", "\xe1\x80\x41",
    "\xf1\x80\x80\x41", "\xc2\xc2\x80",
};

/// The sequence at every place of texts of 1 to 17 octets, among plain letters: words of eight, four and one octets.
template <class F> void at_every_place(Text sequence, F judge) {
    for (std::size_t size = sequence.size(); size <= 17; ++size)
        for (std::size_t at = 0; at + sequence.size() <= size; ++at) {
            std::string s(size, 'a');
            s.replace(at, sequence.size(), sequence);
            judge(s);
        }
}

TEST(Utf8, good_characters_are_taken_everywhere) {
    EXPECT_TRUE(is_utf8(""));
    for (Text c : good_characters)
        at_every_place(c, [](const std::string& s) {
            EXPECT_TRUE(is_utf8(s)) << hex(octets(s));
            EXPECT_TRUE(is_topic_name(s)) << hex(octets(s));
            EXPECT_TRUE(is_topic_filter(s, v5)) << hex(octets(s));
        });
}
TEST(Utf8, bad_sequences_are_refused_everywhere) {
    for (Text c : bad_sequences)
        at_every_place(c, [](const std::string& s) {
            EXPECT_FALSE(is_utf8(s)) << hex(octets(s));
            EXPECT_FALSE(is_topic_name(s)) << hex(octets(s));
            EXPECT_FALSE(is_topic_name_or_empty(s)) << hex(octets(s));
            EXPECT_FALSE(is_topic_filter(s, v5)) << hex(octets(s));
        });
}
/// What follows a text is not its own, be it ever so fitting.
TEST(Utf8, characters_that_go_on_beyond_the_text_are_ill_formed) {
    for (Text c : good_characters)
        for (std::size_t lead = 0; lead <= 17; ++lead)
            for (std::size_t n = 1; n < c.size(); ++n) {
                const auto s = std::string(lead, 'a') + std::string(c);
                const auto part = Text(s).substr(0, lead + n);
                EXPECT_FALSE(is_utf8(part)) << hex(octets(s)) << " without its end";
                EXPECT_FALSE(is_topic_name(part)) << hex(octets(s));
                EXPECT_FALSE(is_topic_filter(part, v5)) << hex(octets(s));
            }
}
TEST(Utf8, plain_octets_between_hide_nothing) {
    for (std::size_t lead = 0; lead <= 8; ++lead)
        for (std::size_t between = 0; between <= 20; ++between)
            for (Text bad : bad_sequences) {
                const auto plain = std::string(between, 'a');
                const auto s = std::string(lead, 'a') + "\xc3\xbc" + plain + std::string(bad) + "aa";
                EXPECT_FALSE(is_utf8(s)) << hex(octets(s));
            }
}
TEST(Utf8, null_character_and_ill_formed_text_are_told_apart) {
    const Ids other{"other", "other"};
    EXPECT_EQ(why_not(Must::be_utf8, "a\0\xff"sv, v4, other).ids.in(v4), "MQTT-1.5.3-2");
    EXPECT_EQ(why_not(Must::be_utf8, "a\xff\0"sv, v4, other).ids.in(v4), "MQTT-1.5.3-1");
    EXPECT_EQ(why_not(Must::be_utf8, "\0"sv, v5, other).ids.in(v5), "MQTT-1.5.4-2");
    EXPECT_EQ(why_not(Must::be_utf8, "\xed\xa0\x80", v5, other).ids.in(v5), "MQTT-1.5.4-1");
    EXPECT_EQ(why_not(Must::be_protocol_name, "mqtt", v4, other).ids.in(v4), "other");
    EXPECT_TRUE(why_not(Must::be_utf8, "fine", v4, other).what.empty());
}

/// Table 3-7 of the Unicode Standard, without U+0000: the octets the second place may hold, by the first octet.
bool plainly_utf8(Text s) {
    for (std::size_t i = 0; i < s.size();) {
        const unsigned c = std::uint8_t(s[i++]);
        if (c == 0) return false;
        if (c <= 0x7f) continue;
        unsigned low = 0x80, high = 0xbf, more = 0;
        if (c >= 0xc2 && c <= 0xdf) more = 1;
        else if (c >= 0xe0 && c <= 0xef) more = 2;
        else if (c >= 0xf0 && c <= 0xf4) more = 3;
        else return false;
        if (c == 0xe0) low = 0xa0;
        if (c == 0xed) high = 0x9f;
        if (c == 0xf0) low = 0x90;
        if (c == 0xf4) high = 0x8f;
        for (; more; --more, low = 0x80, high = 0xbf) {
            if (i == s.size()) return false;
            const unsigned b = std::uint8_t(s[i++]);
            if (b < low || b > high) return false;
        }
    }
    return true;
}
TEST(Utf8, all_texts_of_two_and_three_octets_agree_with_the_table) {
    std::size_t wrong = 0;
    for (unsigned i = 0; i < 0x10000; ++i) {
        const char s[]{char(i >> 8), char(i)};
        wrong += is_utf8({s, 2}) != plainly_utf8({s, 2});
    }
    for (unsigned i = 0xc00000; i < 0x1000000; ++i) {
        const char s[]{char(i >> 16), char(i >> 8), char(i)};
        if ((i & 0x3f) == 0 || (i & 0x3f) == 0x3f) wrong += is_utf8({s, 3}) != plainly_utf8({s, 3});
    }
    EXPECT_EQ(wrong, 0u);
}
TEST(Utf8, texts_of_four_octets_agree_with_the_table) {
    constexpr unsigned edges[]{0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    std::size_t wrong = 0;
    for (unsigned i = 0xe000; i <= 0xffff; ++i)
        for (const unsigned third : edges)
            for (const unsigned fourth : edges) {
                const char s[]{char(i >> 8), char(i), char(third), char(fourth)};
                wrong += is_utf8({s, 4}) != plainly_utf8({s, 4});
            }
    EXPECT_EQ(wrong, 0u);
}
TEST(Utf8, random_texts_agree_with_the_table) {
    std::mt19937 random(20240607);
    std::size_t wrong = 0, good = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string s;
        for (auto n = random() % 6; n--;) {
            if (random() % 12 == 0) s += bad_sequences[random() % std::size(bad_sequences)];
            else s += good_characters[random() % std::size(good_characters)];
        }
        if (!s.empty() && random() % 8 == 0) s[random() % s.size()] = char(random());
        good += plainly_utf8(s);
        wrong += is_utf8(s) != plainly_utf8(s);
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_GT(good, 50'000u);
    EXPECT_LT(good, 190'000u);
}

std::vector<Text> levels_of(Text s) {
    std::vector<Text> levels;
    for (std::size_t slash; (slash = s.find('/')) != s.npos; s.remove_prefix(slash + 1))
        levels.push_back(s.substr(0, slash));
    levels.push_back(s);
    return levels;
}
bool plainly_filter(Text s) {
    const auto levels = levels_of(s);
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const Text l = levels[i];
        if (l.find('#') != l.npos && (l != "#" || i + 1 != levels.size())) return false;
        if (l.find('+') != l.npos && l != "+") return false;
    }
    return !s.empty();
}
bool plainly_filter_5(Text s) {
    if (!plainly_filter(s)) return false;
    const auto levels = levels_of(s);
    if (levels.size() < 2 || levels[0] != "$share") return true;
    if (levels[1].empty() || levels[1] == "+" || levels[1] == "#" || levels.size() < 3) return false;
    return levels.size() > 3 || !levels[2].empty();
}

/// Every text over the alphabet, up to a length, after a lead that moves it through the words of eight octets.
template <class F> void every_text(Text alphabet, std::size_t longest, F judge) {
    for (std::size_t length = 0; length <= longest; ++length) {
        std::size_t all = 1;
        for (std::size_t i = 0; i < length; ++i) all *= alphabet.size();
        for (std::size_t n = 0; n < all; ++n) {
            std::string s;
            for (auto rest = n; s.size() < length; rest /= alphabet.size()) s += alphabet[rest % alphabet.size()];
            judge(s);
        }
    }
}
TEST(Topics, every_short_filter_agrees_with_a_plain_judge) {
    const Text leads[]{"", "x", "abc/", "abcde/", "abcdefg", "abcdefg/", "abcdefghijklm/", "$share/", "$share/g/",
                       "ü/"};
    for (Text lead : leads)
        every_text("a/+#", 5, [&](const std::string& tail) {
            const auto s = std::string(lead) + tail;
            ASSERT_EQ(is_topic_filter(s, v4), plainly_filter(s)) << s;
            ASSERT_EQ(is_topic_filter(s, v5), plainly_filter_5(s)) << s;
            const bool name = !s.empty() && s.find_first_of("+#") == s.npos;
            ASSERT_EQ(is_topic_name(s), name) << s;
            ASSERT_EQ(is_topic_name_or_empty(s), name || s.empty()) << s;
            ASSERT_EQ(has_wildcard(s), s.find_first_of("+#") != s.npos) << s;
        });
}
TEST(Topics, every_refusal_has_a_reason_and_nothing_else_has_one) {
    const Must musts[]{Must::be_utf8, Must::be_protocol_name, Must::be_topic_name, Must::be_topic_name_or_empty,
                       Must::be_topic_filter};
    for (Text lead : {"", "$share/", "$share/g/", "MQTT"})
        every_text("a/+#\0\xc3\xbc"sv, 4, [&](const std::string& tail) {
            const auto s = std::string(lead) + tail;
            for (auto must : musts)
                for (auto v : {v4, v5})
                    ASSERT_EQ(holds(must, Text(s), v), why_not(must, s, v, {"other", "other"}).what.empty()) << s;
        });
}
TEST(Topics, wildcards_among_other_octets_of_a_word) {
    for (std::size_t size = 1; size <= 17; ++size)
        for (std::size_t at = 0; at < size; ++at)
            for (int c = 1; c < 0x80; ++c) {
                std::string s(size, 'a');
                s[at] = char(c);
                const bool wild = c == '+' || c == '#';
                ASSERT_EQ(is_topic_name(s), !wild) << quoted(s);
                ASSERT_EQ(is_topic_filter(s, v4), !wild || size == 1) << quoted(s);
            }
}

struct Match {
    Text filter, name;
    bool expected;
};
constexpr Match matches_table[]{
    {"sport/tennis/player1/#", "sport/tennis/player1", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
    {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
    {"sport/tennis/player1/#", "sport/tennis/player10", false},
    {"sport/#", "sport", true},
    {"sport/#", "sport/", true},
    {"#", "anything/at/all", true},
    {"#", "/", true},
    {"sport/tennis/+", "sport/tennis/player1", true},
    {"sport/tennis/+", "sport/tennis/player1/ranking", false},
    {"sport/+", "sport", false},
    {"sport/+", "sport/", true},
    {"+/+", "/finance", true},
    {"/+", "/finance", true},
    {"+", "/finance", false},
    {"+", "finance", true},
    {"+/#", "finance", true},
    {"+/tennis/#", "sport/tennis", true},
    {"#", "$SYS/x", false},
    {"+/monitor/Clients", "$SYS/monitor/Clients", false},
    {"+/#", "$SYS", false},
    {"$SYS/#", "$SYS/", true},
    {"$SYS/#", "$SYS", true},
    {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
    {"a/+", "a/$SYS", true},
    {"a/#", "a/$SYS/b", true},
    {"ACCOUNTS", "Accounts", false},
    {"a", "a/", false},
    {"/a", "a", false},
    {"a//b", "a/b", false},
    {"a/+/b", "a//b", true},
    {"\xc3\xbc", "u\xcc\x88", false},  // no normalising
    {"Accounts payable", "Accounts payable", true},
};
TEST(Topics, match_as_section_4_7_says) {
    for (auto& m : matches_table) EXPECT_EQ(matches(m.filter, m.name), m.expected) << m.filter << " " << m.name;
}

bool plainly_match(const std::vector<Text>& filter, const std::vector<Text>& name) {
    if (name[0].starts_with('$') && (filter[0] == "+" || filter[0] == "#")) return false;
    for (std::size_t i = 0; i < filter.size(); ++i) {
        if (filter[i] == "#") return i <= name.size();
        if (i >= name.size() || (filter[i] != "+" && filter[i] != name[i])) return false;
    }
    return filter.size() == name.size();
}
/// Every text of one to four levels, each out of `words`.
std::vector<std::string> joined(const std::vector<std::string>& words) {
    std::vector<std::string> all = words, last = words;
    for (int levels = 2; levels <= 4; ++levels) {
        std::vector<std::string> longer;
        for (auto& l : last)
            for (auto& w : words) longer.push_back(l + "/" + w);
        all.insert(all.end(), longer.begin(), longer.end());
        last = longer;
    }
    std::erase(all, "");
    return all;
}
TEST(Topics, match_like_a_plain_judge_over_all_short_filters_and_names) {
    auto filters = joined({"", "a", "ab", "$s", "+", "#"});
    std::erase_if(filters, [](auto& f) { return !plainly_filter(f); });
    const auto names = joined({"", "a", "ab", "$s"});
    std::size_t wrong = 0, matched = 0;
    for (auto& f : filters) {
        const auto levels = levels_of(f);
        for (auto& n : names) {
            const bool expected = plainly_match(levels, levels_of(n));
            matched += expected;
            if (matches(f, n) != expected && ++wrong < 10) ADD_FAILURE() << f << " against " << n;
        }
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_GT(filters.size() * names.size(), 200'000u);
    EXPECT_GT(matched, 5'000u);
}

TEST(Topics, shares_are_split) {
    const auto s = shared("$share/group/a/+/#");
    ASSERT_TRUE(s);
    EXPECT_EQ(s->group, "group");
    EXPECT_EQ(s->filter, "a/+/#");
    EXPECT_EQ(shared("$share/g//")->filter, "/");
    for (Text bad : {"$share", "$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/g#/a", "a/b",
                     "$SHARE/g/a", "/$share/g/a", ""})
        EXPECT_FALSE(shared(bad)) << bad;
}
TEST(Topics, shared_splits_just_what_is_well_formed) {
    every_text("a/+#", 6, [](const std::string& tail) {
        const auto s = "$share/" + tail;
        ASSERT_EQ(is_topic_filter(s, v5), shared(s) && is_topic_filter(shared(s)->filter, v4)) << s;
    });
}

}  // namespace
}  // namespace mqtt::testing
