#include "reference/session.hpp"

#include <algorithm>

namespace reference {

InFlight& Window::take() {
    Ring& r = ring();
    if ((r.used + 1) * 2 > r.slots.size() && r.slots.size() < 65'536) grow(r);
    for (;;) {
        if (++r.last == 0) ++r.last;
        InFlight& slot = r.slots[r.last & (r.slots.size() - 1)];
        if (slot.id != 0) continue;
        slot.id = r.last;
        slot.order = ++r.order;
        ++r.used;
        return slot;
    }
}

InFlight* Window::find(std::uint16_t id) {
    if (!ring_ || ring_->slots.empty() || id == 0) return nullptr;
    InFlight& slot = ring_->slots[id & (ring_->slots.size() - 1)];
    return slot.id == id ? &slot : nullptr;
}

InFlight& Window::restore(std::uint16_t id, std::uint64_t order) {
    Ring& r = ring();
    while (r.slots.empty() || r.slots[id & (r.slots.size() - 1)].id != 0) grow(r);
    InFlight& slot = r.slots[id & (r.slots.size() - 1)];
    slot.id = r.last = id;
    slot.order = r.order = order;
    ++r.used;
    return slot;
}

void Window::hold(InFlight& slot, Delivery delivery) {
    ring_->octets += delivery.message->octets();
    slot.delivery = std::move(delivery);
}

void Window::settle(InFlight& slot) {
    if (slot.delivery.message) ring_->octets -= slot.delivery.message->octets();
    slot = {};
    --ring_->used;
}

void Window::shrink() {
    if (size() == 0 && ring_) ring_->slots = {};
}

void Window::grow(Ring& r) {
    std::vector<InFlight> wider(r.slots.empty() ? 8 : r.slots.size() * 2);
    for (InFlight& slot : r.slots)  // twice as wide: two slots never fall together
        if (slot.id != 0) wider[slot.id & (wider.size() - 1)] = std::move(slot);
    r.slots = std::move(wider);
}

std::vector<InFlight*> Window::all(InFlight::Stage stage) {
    std::vector<InFlight*> found;
    if (!ring_) return found;
    for (InFlight& slot : ring_->slots)
        if (slot.id != 0 && slot.stage == stage) found.push_back(&slot);
    std::ranges::sort(found, {}, &InFlight::order);
    return found;
}

}  // namespace reference
