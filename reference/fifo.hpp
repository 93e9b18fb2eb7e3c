// A queue that costs nothing while it is empty: std::deque takes over half a kilobyte then, for every session.
#pragma once
#include <vector>

namespace reference {

template <class T> class Fifo {
public:
    bool empty() const { return head_ == items_.size(); }
    std::size_t size() const { return items_.size() - head_; }
    T& front() { return items_[head_]; }
    auto begin() { return items_.begin() + std::ptrdiff_t(head_); }
    auto end() { return items_.end(); }
    void clear() {
        if (items_.capacity() > 64) items_ = {};  // a long wait must not cost memory for ever
        else items_.clear();
        head_ = 0;
    }
    void push_back(T item) {
        if (head_ > size()) compact();  // moving the rest costs no more than what was popped
        items_.push_back(std::move(item));
    }
    void push_front(T item) {
        if (head_ > 0) items_[--head_] = std::move(item);
        else items_.insert(items_.begin(), std::move(item));
    }
    void pop_front() {
        items_[head_++] = T{};
        if (empty()) clear();
    }
    /// Removes what `which` holds for; tells how many.
    template <class Which> std::size_t erase_if(Which which) {
        compact();
        return std::erase_if(items_, which);
    }

private:
    void compact() {
        items_.erase(items_.begin(), begin());
        head_ = 0;
    }
    std::vector<T> items_;
    std::size_t head_ = 0;  // what stands before it is gone
};

}  // namespace reference
