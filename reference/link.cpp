#include "reference/link.hpp"

#include <algorithm>

namespace reference {

Link& Links::add() {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(table_.size()));
        table_.emplace_back();
    }
    auto& place = table_[free_.back()];
    place = std::make_unique<Link>();
    place->id = ++added_ << 32 | free_.back();
    free_.pop_back();
    return *place;
}

void Links::remove(LinkId id) {
    if (!find(id)) return;
    table_[slot_of(id)].reset();
    free_.push_back(static_cast<std::uint32_t>(slot_of(id)));
}

std::vector<LinkId> Links::ids() const {
    std::vector<LinkId> ids;
    for (const auto& link : table_)
        if (link) ids.push_back(link->id);
    std::ranges::sort(ids);
    return ids;
}

}  // namespace reference
