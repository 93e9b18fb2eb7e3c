// Logins are checked on threads of their own, so that hashing stalls nobody.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "reference/settings.hpp"

namespace reference {

/// A few workers and a bounded queue before them.
class LoginPool {
public:
    struct Options {
        unsigned threads = 0;                 // 0: half of the processors, at least 1 and at most 4
        std::size_t waiting = 64;             // logins that wait for a worker; more are told that the server is busy
        std::size_t waiting_octets = 8u << 20;  // of their names and passwords, likewise
    };
    /// `check` and `answer` are called on the workers, `check` on several at once.
    LoginPool(Options options, std::function<Admission(const Credentials&)> check,
              std::function<void(LinkId, Admission)> answer);
    /// Drops what waits and ends after the checks under way.
    ~LoginPool();
    LoginPool(const LoginPool&) = delete;
    LoginPool& operator=(const LoginPool&) = delete;

    /// Admission::pending, or busy where the queue is full. Without a user name there is nothing to hash: checked at once.
    Admission take(const Credentials&);

private:
    struct Login {
        LinkId link;
        mqtt::Version version;
        std::string client_id, user_name;
        std::optional<std::string> password;
        std::size_t octets() const { return client_id.size() + user_name.size() + (password ? password->size() : 0); }
    };
    void work();
    Admission checked(const Credentials&) const;

    const Options options_;
    const std::function<Admission(const Credentials&)> check_;
    const std::function<void(LinkId, Admission)> answer_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<Login> waiting_;
    std::size_t octets_ = 0;
    bool ending_ = false;
    std::vector<std::thread> workers_;
};

}  // namespace reference
