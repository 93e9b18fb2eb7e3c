#include "reference/subscriptions.hpp"

#include <algorithm>

namespace reference {
namespace {

// Takes the first level off `rest`; `last` says that nothing follows it.
std::string_view first_level(std::string_view& rest, bool& last) {
    const auto slash = rest.find('/');
    last = slash == std::string_view::npos;
    const auto level = rest.substr(0, slash);
    rest = last ? std::string_view{} : rest.substr(slash + 1);
    return level;
}

// Each knows its place, so that thousands that end at once do not have to be searched for.
void put(std::vector<Subscription*>& list, Subscription& s) {
    s.place = list.size();
    list.push_back(&s);
}
void take(std::vector<Subscription*>& list, const Subscription& s) {
    list[s.place] = list.back();
    list[s.place]->place = s.place;
    list.pop_back();
}

std::string lower(std::string_view s) {
    std::string l(s);
    for (char& c : l)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return l;
}

}  // namespace

// Names and filters are compared as they are (4.7.3-4).
std::string_view Subscriptions::folded(std::string_view s) {
    if (!policy_.breaks(Break::topic_case_folded)) return s;
    folded_ = lower(s);
    return folded_;
}

Subscriptions::Node& Subscriptions::walk_to(std::string_view filter) {
    Node* node = &root_;
    for (bool last = false; !last;) {
        const auto level = first_level(filter, last);
        if (level == "#" || level == "+") {
            auto& below = level == "#" ? node->rest : node->one;
            if (!below) below = std::make_unique<Node>();
            node = below.get();
        } else {
            auto it = node->children.find(level);
            if (it == node->children.end()) it = node->children.emplace(level, std::make_unique<Node>()).first;
            node = it->second.get();
        }
    }
    return *node;
}

void Subscriptions::add(Subscription& s) {
    Node& node = walk_to(folded(s.matched));
    ++size_;
    changed_ = true;
    if (!s.share) {
        put(node.plain, s);
        return;
    }
    Group& group = groups_[*s.share];
    if (group.members.empty()) node.groups.push_back(&group);
    put(group.members, s);
}

void Subscriptions::remove(Subscription& s) {
    Node& node = walk_to(folded(s.matched));
    --size_;
    changed_ = true;
    if (!s.share) {
        take(node.plain, s);
    } else if (auto it = groups_.find(*s.share); it != groups_.end()) {
        take(it->second.members, s);
        if (it->second.members.empty()) {
            std::erase(node.groups, &it->second);
            groups_.erase(it);
        }
    }
    prune(root_, folded(s.matched));
}

void Subscriptions::prune(Node& from, std::string_view filter) {
    bool last = false;
    const auto level = first_level(filter, last);
    if (level == "#" || level == "+") {
        auto& below = level == "#" ? from.rest : from.one;
        if (below && !last) prune(*below, filter);
        if (below && below->empty()) below.reset();
        return;
    }
    const auto it = from.children.find(level);
    if (it == from.children.end()) return;
    if (!last) prune(*it->second, filter);
    if (it->second->empty()) from.children.erase(it);
}

void Subscriptions::collect(Node& node, Found& found) {
    found.plain.insert(found.plain.end(), node.plain.begin(), node.plain.end());
    found.groups.insert(found.groups.end(), node.groups.begin(), node.groups.end());
}

void Subscriptions::match(std::string_view name, Found& found) { match(root_, folded(name), true, found); }

void Subscriptions::match(Node& node, std::string_view name, bool first, Found& found) {
    // A wildcard in the first level does not match names that begin with $ (4.7.2-1).
    const bool dollar = first && name.starts_with('$');
    if (node.rest && (!dollar || policy_.breaks(Break::dollar_matched_by_hash))) collect(*node.rest, found);
    bool last = false;
    auto rest = name;
    const auto level = first_level(rest, last);
    const auto follow = [&](Node& below) {
        if (!last) return match(below, rest, false, found);
        collect(below, found);
        // "a/#" matches "a" too (section 4.7.1.2).
        if (below.rest && !policy_.breaks(Break::hash_misses_parent)) collect(*below.rest, found);
    };
    if (const auto it = node.children.find(level); it != node.children.end()) follow(*it->second);
    if (!node.one || (dollar && !policy_.breaks(Break::dollar_matched_by_plus))) return;
    follow(*node.one);
    if (!last && policy_.breaks(Break::plus_spans_levels)) collect(*node.one, found);
}

const Subscriptions::Found& Subscriptions::matched(std::string_view name, Last* last) {
    constexpr std::size_t longest = 256;  // octets of a name that is remembered for one publisher
    if (last && last->generation == generation_ && !changed_ && last->name == name) return *last->found;
    const Found& found = remember(name);
    if (last && name.size() <= longest) {
        last->name = name;
        last->found = &found;
        last->generation = generation_;
    }
    return found;
}

const Subscriptions::Found& Subscriptions::remember(std::string_view name) {
    constexpr std::size_t most = 4u << 20;  // octets of memory, roughly
    if (changed_ || known_cost_ > most) {
        known_.clear();
        known_cost_ = 0;
        ++generation_;
        changed_ = false;
    }
    if (const auto it = known_.find(name); it != known_.end()) return it->second;
    Found& found = known_[std::string(name)];
    match(name, found);
    std::vector<const Session*> sessions;
    for (const Subscription* s : found.plain) sessions.push_back(s->session);
    std::ranges::sort(sessions);
    found.distinct = std::ranges::adjacent_find(sessions) == sessions.end();
    known_cost_ += 200 + name.size() + 8 * (found.plain.size() + found.groups.size());
    return found;
}

Group* Subscriptions::group(const std::string& share) {
    const auto it = groups_.find(share);
    return it == groups_.end() ? nullptr : &it->second;
}

}  // namespace reference
