// A small coroutine: lazy, move only, exceptions propagate, one thread. Awaiting costs no stack however long the loop
// or deep the nesting, on any compiler and at any optimization (g++ 12 gives symmetric transfer only from -O2 on).
#pragma once
#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace peer {

template <class T = void> class Task;

namespace detail {

/// The coroutine to go on with once the one that runs is suspended; empty outside of resume().
struct Trampoline {
    bool running = false;
    std::coroutine_handle<> next{};
};
inline thread_local Trampoline trampoline;

/// What await_suspend returns to hand over to another coroutine: noted for resume(), or direct where nobody notes.
inline std::coroutine_handle<> hand_over(std::coroutine_handle<> to) noexcept {
    if (!trampoline.running) return to;
    trampoline.next = to;
    return std::noop_coroutine();
}

}  // namespace detail

/// Goes on with a suspended coroutine until it, and whoever it hands over to, waits for something outside.
/// Awaiters' callbacks call this, not handle.resume().
inline void resume(std::coroutine_handle<> handle) {
    const auto outer = std::exchange(detail::trampoline, {true, {}});
    while (handle) {
        handle.resume();
        handle = std::exchange(detail::trampoline.next, {});
    }
    detail::trampoline = outer;
}

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr thrown;

    struct Final {
        bool await_ready() const noexcept { return false; }
        template <class P> std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
            return hand_over(self.promise().continuation);
        }
        void await_resume() const noexcept {}
    };
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
};
template <class T> struct Promise : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object() noexcept;
    template <class U> void return_value(U&& u) { value.emplace(std::forward<U>(u)); }
    T take() {
        if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
        return std::move(*value);
    }
};
template <> struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    }
};

}  // namespace detail

/// Starts when it is awaited. Destroying a suspended one destroys its locals, and the tasks it waits for with them.
template <class T> class [[nodiscard]] Task {
public:
    using promise_type = detail::Promise<T>;
    Task() = default;
    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    Task(Task&& from) noexcept : handle_(std::exchange(from.handle_, {})) {}
    Task& operator=(Task&& from) noexcept {
        if (this != &from) {
            drop();
            handle_ = std::exchange(from.handle_, {});
        }
        return *this;
    }
    ~Task() { drop(); }
    explicit operator bool() const noexcept { return bool(handle_); }
    bool done() const noexcept { return handle_ && handle_.done(); }

    class Awaiter {
    public:
        explicit Awaiter(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
        bool await_ready() const noexcept { return handle_.done(); }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
            handle_.promise().continuation = waiting;
            return detail::hand_over(handle_);
        }
        T await_resume() const { return handle_.promise().take(); }

    private:
        std::coroutine_handle<promise_type> handle_;
    };
    /// Once only: the value is moved out. The Task must live until then.
    Awaiter operator co_await() const noexcept { return Awaiter(handle_); }

private:
    void drop() noexcept {
        if (handle_) std::exchange(handle_, {}).destroy();
    }
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T> Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace detail

/// A task that was started from outside of any coroutine, as the runner does. Destroying it abandons the task where
/// it is suspended, without a call of `done`.
class Running {
public:
    /// nullptr, or what the task threw.
    using Done = std::function<void(std::exception_ptr)>;
    struct promise_type;

    Running() = default;
    Running(Running&& from) noexcept : handle_(std::exchange(from.handle_, {})) {}
    Running& operator=(Running&& from) noexcept {
        if (this != &from) {
            abandon();
            handle_ = std::exchange(from.handle_, {});
        }
        return *this;
    }
    ~Running() { abandon(); }
    bool done() const noexcept;
    void abandon() noexcept {
        if (handle_) std::exchange(handle_, {}).destroy();
    }

private:
    friend Running prepare(Task<void> task, Done done);
    friend Running start(Task<void> task, Done done);
    friend void start(Running& place, Task<void> task, Done done);
    explicit Running(std::coroutine_handle<> handle) noexcept : handle_(handle) {}
    std::coroutine_handle<> handle_;
};

struct Running::promise_type {
    Done done;
    std::exception_ptr thrown;
    promise_type(Task<void>&, Done& d) : done(std::move(d)) {}

    struct Final {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
            // `done` may destroy the coroutine: nothing of it is touched after the call.
            const Done call = std::move(self.promise().done);
            const std::exception_ptr thrown = std::move(self.promise().thrown);
            if (call) call(thrown);
        }
        void await_resume() const noexcept {}
    };
    Running get_return_object() noexcept { return Running(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
    void return_void() const noexcept {}
};

inline bool Running::done() const noexcept { return handle_ && handle_.done(); }
inline Running prepare(Task<void> task, [[maybe_unused]] Running::Done done) { co_await task; }

/// Starts a task into `place`, and runs it until it first waits. `done` is called once it has ended, perhaps at once;
/// it may destroy or overwrite `place`.
inline void start(Running& place, Task<void> task, Running::Done done) {
    place = prepare(std::move(task), std::move(done));
    resume(place.handle_);
}
/// The same for a caller whose `done` does not need the place.
[[nodiscard]] inline Running start(Task<void> task, Running::Done done) {
    Running running = prepare(std::move(task), std::move(done));
    resume(running.handle_);
    return running;
}

}  // namespace peer
