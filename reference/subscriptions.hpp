// All subscriptions as a tree of filter levels: a name is matched in one walk, however many there are.
#pragma once
#include <functional>
#include <unordered_map>

#include "reference/session.hpp"

namespace reference {

/// Hashing that finds a std::string by a std::string_view.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

/// The members of one shared subscription (5.0, section 4.8.2).
struct Group {
    std::vector<Subscription*> members;
    std::size_t next = 0;  // who comes first at the next message
};

class Subscriptions {
public:
    explicit Subscriptions(const Policy& policy) : policy_(policy) {}

    /// The subscription stays where it is: it belongs to its session.
    void add(Subscription&);
    void remove(Subscription&);
    std::size_t size() const { return size_; }

    struct Found {
        std::vector<Subscription*> plain;
        std::vector<Group*> groups;
        bool distinct = true;  // by matched() only: no session is there twice
        void clear() { plain.clear(), groups.clear(); }
    };
    /// Appends all that match a topic name (section 4.7).
    void match(std::string_view name, Found&);
    /// What a publisher asked for last: most ask for the same again.
    struct Last {
        std::string name;
        const Found* found = nullptr;
        std::uint64_t generation = 0;
    };
    /// The same, from memory where nothing was added or removed since. Good until the next call of any method.
    const Found& matched(std::string_view name, Last* last);
    Group* group(const std::string& share);

private:
    struct Node {
        std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> children;
        std::unique_ptr<Node> one, rest;  // below + and below #
        std::vector<Subscription*> plain;
        std::vector<Group*> groups;
        bool empty() const { return children.empty() && !one && !rest && plain.empty() && groups.empty(); }
    };
    Node& walk_to(std::string_view filter);
    void prune(Node& from, std::string_view filter);
    void match(Node&, std::string_view name, bool first, Found&);
    static void collect(Node&, Found&);
    std::string_view folded(std::string_view filter);
    const Found& remember(std::string_view name);

    const Policy& policy_;
    Node root_;
    std::unordered_map<std::string, Group> groups_;  // by whole filter
    std::size_t size_ = 0;
    std::string folded_;
    std::unordered_map<std::string, Found, TextHash, std::equal_to<>> known_;  // topic names asked for, while it is so
    std::size_t known_cost_ = 0;
    std::uint64_t generation_ = 1;  // of known_
    bool changed_ = false;          // known_ is out of date
};

}  // namespace reference
