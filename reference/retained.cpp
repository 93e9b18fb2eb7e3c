#include "reference/retained.hpp"

#include <algorithm>

namespace reference {
namespace {

struct Split {
    std::string_view level, rest;
    bool last;
};
Split split(std::string_view topic) {
    const auto slash = topic.find('/');
    if (slash == std::string_view::npos) return {topic, {}, true};
    return {topic.substr(0, slash), topic.substr(slash + 1), false};
}

}  // namespace

void Retained::store(MessagePtr message) {
    Node* node = &root_;
    for (Split s = split(message->topic);; s = split(s.rest)) {
        auto it = node->children.find(s.level);
        if (it == node->children.end()) it = node->children.emplace(s.level, std::make_unique<Node>()).first;
        node = it->second.get();
        if (s.last) break;
    }
    clear(*node);
    ++size_;
    octets_ += cost(*message);
    if (journal_ && !is_system(message->topic)) journal_->retained(*message);
    node->message = std::move(message);
}

std::size_t Retained::cost(const Message& message) {
    constexpr std::ptrdiff_t per_level = 160;  // a node and its place in the map above
    return message.octets() + std::size_t(per_level * (1 + std::ranges::count(message.topic, '/')));
}

void Retained::clear(Node& node) {
    if (!node.message) return;
    octets_ -= cost(*node.message);
    if (journal_ && !is_system(node.message->topic)) journal_->unretained(*node.message);
    node.message = nullptr;
    --size_;
}

void Retained::remove(std::string_view topic) { remove(root_, topic); }

// Whether the node below is of no more use.
bool Retained::remove(Node& node, std::string_view topic) {
    const auto [level, rest, last] = split(topic);
    const auto it = node.children.find(level);
    if (it == node.children.end()) return false;
    Node& below = *it->second;
    if (last) clear(below);
    if (last ? below.children.empty() : remove(below, rest)) node.children.erase(it);
    return node.children.empty() && !node.message;
}

const Retained::Node* Retained::find(std::string_view topic) const {
    const Node* node = &root_;
    for (Split s = split(topic);; s = split(s.rest)) {
        const auto it = node->children.find(s.level);
        if (it == node->children.end()) return nullptr;
        node = it->second.get();
        if (s.last) return node;
    }
}

bool Retained::holds(std::string_view topic) const {
    const Node* node = find(topic);
    return node && node->message;
}

std::size_t Retained::collect(const Node& node, std::vector<MessagePtr>& found) {
    std::size_t steps = 1;
    if (node.message) found.push_back(node.message);
    for (const auto& [level, below] : node.children) steps += collect(*below, found);
    return steps;
}

std::size_t Retained::match(std::string_view filter, std::vector<MessagePtr>& found) const {
    return match(root_, filter, true, found);
}

std::size_t Retained::match(const Node& node, std::string_view filter, bool first,
                            std::vector<MessagePtr>& found) const {
    const auto [level, rest, last] = split(filter);
    const bool hash = level == "#";
    if (hash && !first && node.message) found.push_back(node.message);  // "a/#" matches "a" too
    const auto follow = [&](const Node& below) -> std::size_t {
        if (hash) return collect(below, found);
        if (!last) return match(below, rest, false, found);
        if (below.message) found.push_back(below.message);
        return 1;
    };
    std::size_t steps = 1;
    if (!hash && level != "+") {
        if (const auto it = node.children.find(level); it != node.children.end()) steps += follow(*it->second);
        return steps;
    }
    for (const auto& [name, below] : node.children) {
        // A wildcard in the first level does not match names that begin with $ (4.7.2-1).
        if (first && name.starts_with('$') && !policy_.breaks(Break::retained_dollar_matched_by_wildcard)) continue;
        steps += follow(*below);
    }
    return steps;
}

void Retained::remove_of(std::string_view publisher) {
    std::vector<MessagePtr> all;
    collect(root_, all);
    for (const MessagePtr& message : all)
        if (message->publisher == publisher) remove(message->topic);
}

void Retained::purge(Time now) { purge(root_, now); }

bool Retained::purge(Node& node, Time now) {
    std::erase_if(node.children, [&](auto& child) { return purge(*child.second, now); });
    if (node.message && node.message->expired(now)) clear(node);
    return node.children.empty() && !node.message;
}

}  // namespace reference
