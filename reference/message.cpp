#include "reference/message.hpp"

namespace reference {

Shared<Message> MessagePool::take() {
    if (spare_.empty()) return make<Message>();
    auto message = std::move(spare_.back());
    spare_.pop_back();
    return message;
}

void MessagePool::give(MessagePtr given) {
    constexpr std::size_t most = 256, largest = 4'096;  // a pool must not cost more than it saves
    if (!given.alone() || spare_.size() >= most) return;
    Shared<Message> message(const_cast<Message*>(given.get()));  // nobody else is there to see it change
    if (message->payload.capacity() > largest || message->properties.capacity() > largest) return;
    message->topic.clear(), message->payload.clear(), message->properties.clear(), message->publisher.clear();
    message->expiry.reset();
    message->arrived = {};
    message->qos = {};
    message->retain = message->dup = false;
    message->kept.value = 0;
    spare_.push_back(std::move(message));
}

}  // namespace reference
