// A queue that costs a pointer while it is empty: std::deque takes over half a kilobyte then, for every session.
#pragma once
#include <memory>
#include <utility>
#include <vector>

namespace reference {

template <class T> class Fifo {
public:
    bool empty() const { return !body_; }
    std::size_t size() const { return body_ ? body_->items.size() - body_->head : 0; }
    T& front() { return body_->items[body_->head]; }
    T* begin() { return body_ ? body_->items.data() + body_->head : nullptr; }
    T* end() { return body_ ? body_->items.data() + body_->items.size() : nullptr; }
    void clear() { body_.reset(); }
    void push_back(T item) {
        Body& body = here();
        if (body.head > size()) body.compact();  // moving the rest costs no more than what was popped
        body.items.push_back(std::move(item));
    }
    void push_front(T item) {
        Body& body = here();
        if (body.head > 0) body.items[--body.head] = std::move(item);
        else body.items.insert(body.items.begin(), std::move(item));
    }
    void pop_front() {
        body_->items[body_->head++] = T{};
        if (size() == 0) clear();
    }
    /// Removes what `which` holds for; tells how many.
    template <class Which> std::size_t erase_if(Which which) {
        if (!body_) return 0;
        body_->compact();
        const auto gone = std::erase_if(body_->items, which);
        if (size() == 0) clear();
        return gone;
    }

private:
    struct Body {
        std::vector<T> items;
        std::size_t head = 0;  // what stands before it is gone
        void compact() {
            items.erase(items.begin(), items.begin() + std::ptrdiff_t(head));
            head = 0;
        }
    };
    Body& here() {
        if (!body_) body_ = std::make_unique<Body>();
        return *body_;
    }
    std::unique_ptr<Body> body_;  // none: empty
};

}  // namespace reference
