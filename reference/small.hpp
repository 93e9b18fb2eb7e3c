// What an idle connection does not use must not cost it memory: there may be 50,000 of them.
#pragma once
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <utility>

#include "reference/settings.hpp"

namespace reference {

/// An optional point in time in eight octets; otherwise as std::optional<Time>.
class Moment {
public:
    Moment() = default;
    Moment(Time at) : at_(at) {}
    Moment(const std::same_as<std::optional<Time>> auto& at) : at_(at.value_or(none)) {}
    explicit operator bool() const { return at_ != none; }
    const Time& operator*() const { return at_; }
    void reset() { at_ = none; }
    std::optional<Time> get() const { return *this ? std::optional(at_) : std::nullopt; }

private:
    static constexpr Time none = Time::min();
    Time at_ = none;
};

/// A T made at the first use that wants to change it, in eight octets till then. Reads as an empty T.
template <class T> class Lazy {
public:
    T& make() {
        if (!made_) made_ = std::make_unique<T>();
        return *made_;
    }
    const T& read() const {
        static const T empty{};
        return made_ ? *made_ : empty;
    }
    bool made() const { return made_ != nullptr; }
    void clear() { made_.reset(); }

private:
    std::unique_ptr<T> made_;
};

/// A container likewise, under the names of the containers of the standard.
template <class T> class LazyContainer {
public:
    bool empty() const { return !made_ || made_->empty(); }
    std::size_t size() const { return made_ ? made_->size() : 0; }
    auto begin() { return here().begin(); }
    auto end() { return here().end(); }
    auto begin() const { return here().cbegin(); }
    auto end() const { return here().cend(); }
    auto find(const auto& key) { return here().find(key); }
    auto find(const auto& key) const { return std::as_const(here()).find(key); }
    auto try_emplace(auto&&... args) { return make().try_emplace(std::forward<decltype(args)>(args)...); }
    auto emplace(auto&&... args) { return make().emplace(std::forward<decltype(args)>(args)...); }
    auto insert(auto&& item) { return make().insert(std::forward<decltype(item)>(item)); }
    decltype(auto) operator[](auto&& key) { return make()[std::forward<decltype(key)>(key)]; }
    auto erase(auto where) { return here().erase(where); }
    template <class Which> void erase_if(Which which) {
        if (made_) std::erase_if(*made_, which);
    }
    void clear() { made_.reset(); }

private:
    T& make() {
        if (!made_) made_ = std::make_unique<T>();
        return *made_;
    }
    T& here() const {
        static T empty;  // nothing is ever put into it
        return made_ ? *made_ : empty;
    }
    std::unique_ptr<T> made_;
};

}  // namespace reference
