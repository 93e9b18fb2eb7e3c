// Topic rules and matching against a naive matcher, and the broker's two trees against the same. What is checked, then
// texts with a zero octet between them: the first one is a name, the others are filters.
#include <deque>

#include "codec/topics.hpp"
#include "fuzz/input.hpp"
#include "fuzz/naive_topics.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/streams.hpp"
#include "fuzz/target.hpp"
#include "reference/retained.hpp"

namespace fuzz {
namespace {

using mqtt::Text;
using mqtt::Version;
using mqtt::View;

/// Bits of the first octet.
enum Mode : unsigned { few_letters = 1, trees = 2, one_text = 4 };

constexpr Text letters = "a/+#b/$\xc3\xbc/";
constexpr std::size_t most_texts = 24;

std::vector<std::string> texts_of(View octets, unsigned mode) {
    std::vector<std::string> texts(1);
    for (std::uint8_t c : octets) {
        if (c == 0 && !(mode & one_text) && texts.size() < most_texts) texts.emplace_back();
        else texts.back() += mode & few_letters ? letters[c % letters.size()] : static_cast<char>(c);
    }
    return texts;
}

void check_rules(const std::string& s) {
    promise(mqtt::is_utf8(s) == naive::is_utf8(s), "is_utf8");
    promise(mqtt::is_topic_name(s) == naive::is_topic_name(s), "is_topic_name");
    promise(mqtt::is_topic_name_or_empty(s) == (s.empty() || naive::is_topic_name(s)), "is_topic_name_or_empty");
    promise(mqtt::has_wildcard(s) == (s.find('+') != s.npos || s.find('#') != s.npos), "has_wildcard");
    for (auto v : {Version::v3_1_1, Version::v5}) {
        const bool good = naive::is_topic_filter(s, v);
        promise(mqtt::is_topic_filter(s, v) == good, "is_topic_filter");
        const auto why = mqtt::why_not(mqtt::Must::be_topic_filter, s, v, {});
        promise(why.what.empty() == good && (good || !why.ids.in(v).empty()), "why_not agrees and names a statement");
    }
}

void check_share(const std::string& filter) {
    const auto share = mqtt::shared(filter);
    const bool good = naive::is_topic_filter(filter, Version::v5);
    if (good) promise(share.has_value() == filter.starts_with("$share/"), "a good filter is shared or is not");
    if (!share) return;
    promise(filter == "$share/" + std::string(share->group) + "/" + std::string(share->filter), "a share is its parts");
    promise(!share->group.empty() && !share->filter.empty() && !mqtt::has_wildcard(share->group), "its parts are good");
}

/// Filters as subscriptions of nobody.
class Tree {
public:
    explicit Tree(const std::vector<std::string>& filters) {
        for (const auto& f : filters) {
            entries_.push_back({.filter = f, .matched = f});
            tree_.add(entries_.back());
        }
        promise(tree_.size() == entries_.size(), "as many subscriptions as were added");
    }
    void check(const std::string& name) {
        reference::Subscriptions::Found found;
        tree_.match(name, found);
        promise(found.groups.empty(), "no shares among plain filters");
        std::size_t expected = 0;
        for (std::size_t i = 0; i < entries_.size(); ++i) expected += i >= gone_ && naive::matches(entries_[i].matched, name);
        promise(found.plain.size() == expected, "the tree finds as many as match");
        for (const auto* s : found.plain) promise(naive::matches(s->matched, name), "the tree finds what matches");
    }
    void remove_half() {
        for (const auto end = (entries_.size() + gone_ + 1) / 2; gone_ < end; ++gone_) tree_.remove(entries_[gone_]);
        promise(tree_.size() == entries_.size() - gone_, "what was removed is gone");
    }

private:
    reference::Policy policy_;
    reference::Subscriptions tree_{policy_};
    std::deque<reference::Subscription> entries_;
    std::size_t gone_ = 0;
};

void check_subscriptions(const std::string& name, const std::vector<std::string>& filters) {
    Tree tree(filters);
    tree.check(name);
    tree.remove_half();
    tree.check(name);
    tree.remove_half();
    tree.check(name);
}

void check_retained(const std::vector<std::string>& names, const std::vector<std::string>& filters) {
    const reference::Policy policy;
    reference::Retained store(policy);
    std::vector<std::string> unique;
    for (const auto& n : names) {
        if (!store.holds(n)) unique.push_back(n);
        auto message = reference::make<reference::Message>();
        message->topic = message->payload = n;
        store.store(std::move(message));
    }
    promise(store.size() == unique.size(), "one message a topic");
    for (const auto& f : filters) {
        std::vector<reference::MessagePtr> found;
        store.match(f, found);
        std::size_t expected = 0;
        for (const auto& n : unique) expected += naive::matches(f, n);
        promise(found.size() == expected, "as many retained messages as match");
        for (const auto& m : found) promise(naive::matches(f, m->topic), "retained messages that match");
    }
    for (const auto& n : unique) store.remove(n);
    promise(store.size() == 0 && store.octets() == 0, "nothing is left");
}

int run(View in) {
    Input input(in);
    const unsigned mode = input.one();
    const auto texts = texts_of(input.rest(), mode);
    std::vector<std::string> names, filters;
    for (const auto& s : texts) {
        check_rules(s);
        check_share(s);
        if (naive::is_topic_name(s)) names.push_back(s);
        if (naive::is_topic_filter(s, Version::v3_1_1)) filters.push_back(s);
    }
    for (const auto& n : names)
        for (const auto& f : filters) promise(mqtt::matches(f, n) == naive::matches(f, n), "matches");
    if (mode & trees && !filters.empty()) {
        check_subscriptions(names.empty() ? "a" : names.front(), filters);
        check_retained(names, filters);
    }
    return 0;
}

std::vector<std::string> split(std::string_view s, char at) {
    std::vector<std::string> parts(1);
    for (char c : s) {
        if (c == at) parts.emplace_back();
        else parts.back() += c;
    }
    return parts;
}
std::string join(const std::vector<std::string>& parts, char with) {
    std::string s;
    for (std::size_t i = 0; i < parts.size(); ++i) (i ? s += with : s) += parts[i];
    return s;
}

// A level of a text becomes a wildcard, a level of another text or something odd; levels and texts are moved about.
std::string mutate(View in, Dice& dice) {
    if (in.size() < 2) return {};
    std::string head(1, static_cast<char>(dice.roll(16) ? in[0] & ~few_letters : dice.number()));
    auto texts = split(mqtt::bytes(in.subspan(1)), '\0');
    if (dice.roll(4) == 0) {
        shuffle(texts, dice);
        return head + join(texts, '\0');
    }
    auto& text = texts[dice.roll(texts.size())];
    auto levels = split(text, '/');
    auto& level = levels[dice.roll(levels.size())];
    const auto others = split(texts[dice.roll(texts.size())], '/');
    switch (dice.roll(6)) {
        case 0: level = "+"; break;
        case 1: levels.emplace_back("#"); break;
        case 2: level = others[dice.roll(others.size())]; break;
        case 3: level += dice.roll(2) ? "\xc3\xbc" : "$"; break;
        case 4: levels.insert(levels.begin(), {"$share", "g"}); break;
        default: shuffle(levels, dice);
    }
    text = join(levels, '/');
    return head + join(texts, '\0');
}
std::string cross(View one, View other, Dice& dice) {
    if (one.size() < 2 || other.size() < 2) return {};
    const auto a = split(mqtt::bytes(one.subspan(1)), '\0'), b = split(mqtt::bytes(other.subspan(1)), '\0');
    return std::string(1, static_cast<char>(one[0])) + join(crossed(a, b, dice), '\0');
}

}  // namespace

const Target topics_target{"topics", run, mutate, cross};

}  // namespace fuzz
