#include "reference/login_pool.hpp"

#include <algorithm>

namespace reference {

LoginPool::LoginPool(Options options, std::function<Admission(const Credentials&)> check,
                     std::function<void(LinkId, Admission)> answer)
    : options_(options), check_(std::move(check)), answer_(std::move(answer)) {
    const unsigned some = std::clamp(std::thread::hardware_concurrency() / 2, 1u, 4u);
    for (unsigned i = 0; i < (options_.threads ? options_.threads : some); ++i)
        workers_.emplace_back([this] { work(); });
}

LoginPool::~LoginPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        waiting_.clear();
    }
    more_.notify_all();
    for (auto& worker : workers_) worker.join();
}

Admission LoginPool::take(const Credentials& c) {
    if (!c.user_name) return check_(c);
    Login login{c.link, c.version, std::string(c.client_id), std::string(*c.user_name), std::nullopt};
    if (c.password) login.password = *c.password;
    {
        const std::lock_guard lock(mutex_);
        const bool full = waiting_.size() >= options_.waiting || octets_ + login.octets() > options_.waiting_octets;
        if (full) return Admission::busy;
        octets_ += login.octets();
        waiting_.push_back(std::move(login));
    }
    more_.notify_one();
    return Admission::pending;
}

// Without memory there is no login, and the broker goes on.
Admission LoginPool::checked(const Credentials& c) const try {
    return check_(c);
} catch (const std::exception&) {
    return Admission::unavailable;
}

void LoginPool::work() {
    for (;;) {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (ending_) return;
        const Login login = std::move(waiting_.front());
        waiting_.pop_front();
        octets_ -= login.octets();
        lock.unlock();
        Credentials c{login.version, login.client_id, login.user_name, std::nullopt, login.link};
        if (login.password) c.password = *login.password;
        answer_(login.link, checked(c));
    }
}

}  // namespace reference
