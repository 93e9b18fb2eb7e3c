// A pointer that counts without locking: the core lives on one thread, and std::shared_ptr locks as soon as the
// program has a second one (for logins), which would cost more than the rest of a delivery.
#pragma once
#include <concepts>
#include <cstdint>
#include <utility>

namespace reference {

/// What a Shared counts in.
struct Counted {
    Counted() = default;
    Counted(const Counted&) {}  // a copy is another object, that nobody has yet
    Counted& operator=(const Counted&) { return *this; }
    mutable std::uint32_t owners = 0;
};

template <class T> class Shared {
public:
    Shared() = default;
    Shared(std::nullptr_t) {}
    explicit Shared(T* object) : object_(object) { keep(); }
    Shared(const Shared& other) : object_(other.object_) { keep(); }
    Shared(Shared&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <class U> requires std::convertible_to<U*, T*>
    Shared(Shared<U> other) : object_(other.release()) {}
    Shared& operator=(Shared other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Shared() {
        if (object_ && --object_->owners == 0) delete object_;
    }
    T* get() const { return object_; }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }
    bool operator==(const Shared&) const = default;
    /// Nobody else has it.
    bool alone() const { return object_ && object_->owners == 1; }
    /// Gives the object away, with its count.
    T* release() { return std::exchange(object_, nullptr); }

private:
    void keep() {
        if (object_) ++object_->owners;
    }
    T* object_ = nullptr;
};

template <class T, class... Args> Shared<T> make(Args&&... args) { return Shared<T>(new T{std::forward<Args>(args)...}); }

}  // namespace reference
