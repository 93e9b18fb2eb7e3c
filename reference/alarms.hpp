// When links want to be looked at: a heap whose entries are not taken out but ignored once they are out of date.
#pragma once
#include <algorithm>
#include <deque>
#include <functional>
#include <optional>

#include "reference/settings.hpp"

namespace reference {

class Alarms {
public:
    void add(Time at, LinkId link) {
        heap_.push_back({at, link});
        std::ranges::push_heap(heap_, std::greater{}, &Entry::at);
    }
    /// The earliest time; it may be out of date.
    std::optional<Time> earliest() const { return heap_.empty() ? std::nullopt : std::optional(heap_.front().at); }
    /// Takes the earliest entry off.
    LinkId pop() {
        std::ranges::pop_heap(heap_, std::greater{}, &Entry::at);
        const LinkId link = heap_.back().link;
        heap_.pop_back();
        return link;
    }
    /// Where most entries may be out of date, drops those that `current(time, link)` does not hold for.
    template <class Current> void tidy(std::size_t links, Current current) {
        if (heap_.size() < 4 * links + 1'024) return;
        std::erase_if(heap_, [&](const Entry& e) { return !current(e.at, e.link); });
        std::ranges::make_heap(heap_, std::greater{}, &Entry::at);
    }

private:
    struct Entry {
        Time at;
        LinkId link;
    };
    std::deque<Entry> heap_;  // grows without slack
};

}  // namespace reference
