#include "reference/session.hpp"

#include <algorithm>

namespace reference {

InFlight& Window::take() {
    if ((used_ + 1) * 2 > slots_.size() && slots_.size() < 65'536) grow();
    for (;;) {
        if (++last_ == 0) ++last_;
        InFlight& slot = slots_[last_ & (slots_.size() - 1)];
        if (slot.id != 0) continue;
        slot.id = last_;
        slot.order = next_order();
        ++used_;
        return slot;
    }
}

InFlight* Window::find(std::uint16_t id) {
    if (slots_.empty() || id == 0) return nullptr;
    InFlight& slot = slots_[id & (slots_.size() - 1)];
    return slot.id == id ? &slot : nullptr;
}

InFlight& Window::restore(std::uint16_t id, std::uint64_t order) {
    while (slots_.empty() || slots_[id & (slots_.size() - 1)].id != 0) grow();
    InFlight& slot = slots_[id & (slots_.size() - 1)];
    slot.id = last_ = id;
    slot.order = order_ = order;
    ++used_;
    return slot;
}

void Window::settle(InFlight& slot) {
    slot = {};
    --used_;
}

void Window::grow() {
    std::vector<InFlight> wider(slots_.empty() ? 8 : slots_.size() * 2);
    for (InFlight& slot : slots_)  // twice as wide: two slots never fall together
        if (slot.id != 0) wider[slot.id & (wider.size() - 1)] = std::move(slot);
    slots_ = std::move(wider);
}

std::vector<InFlight*> Window::all(InFlight::Stage stage) {
    std::vector<InFlight*> found;
    for (InFlight& slot : slots_)
        if (slot.id != 0 && slot.stage == stage) found.push_back(&slot);
    std::ranges::sort(found, {}, &InFlight::order);
    return found;
}

}  // namespace reference
