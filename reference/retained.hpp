// Retained messages as a tree of topic levels: a filter with wildcards looks only where it can match.
#pragma once
#include "reference/journal.hpp"
#include "reference/subscriptions.hpp"

namespace reference {

class Retained {
public:
    explicit Retained(const Policy& policy) : policy_(policy) {}

    void tell(Journal* journal) { journal_ = journal; }

    /// Takes the place of what is stored for its topic (3.3.1-5).
    void store(MessagePtr);
    void remove(std::string_view topic);
    /// All that a client published; for a violation only.
    void remove_of(std::string_view publisher);
    bool holds(std::string_view topic) const;
    std::size_t size() const { return size_; }
    /// Octets of memory, roughly.
    std::size_t octets() const { return octets_; }
    static std::size_t cost(const Message&);
    /// Appends all whose topic matches the filter; returns the levels of topics looked at.
    std::size_t match(std::string_view filter, std::vector<MessagePtr>&) const;
    /// Drops what has expired (5.0, 3.3.2.3.3).
    void purge(Time now);

private:
    struct Node {
        std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
        MessagePtr message;
    };
    const Node* find(std::string_view topic) const;
    bool remove(Node&, std::string_view topic);
    void clear(Node&);
    bool purge(Node&, Time now);
    std::size_t match(const Node&, std::string_view filter, bool first, std::vector<MessagePtr>&) const;
    static std::size_t collect(const Node&, std::vector<MessagePtr>&);

    const Policy& policy_;
    Journal* journal_ = nullptr;
    Node root_;
    std::size_t size_ = 0, octets_ = 0;
};

}  // namespace reference
