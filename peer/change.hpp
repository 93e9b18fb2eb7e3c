// Private to peer/: waiting for anything to happen to a Peer, or for a time.
#pragma once
#include "peer/peer.hpp"

namespace peer {

/// co_await gives false once `until` has come, true if something came before. Named before it is awaited: g++ 12.
class Peer::Change {
public:
    Change(Peer& peer, net::Time until) : peer_(&peer), until_(until) {}
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change();

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting);
    bool await_resume() const noexcept { return in_time_; }

    void go(bool in_time);  // `this` is gone afterwards
    void forget();          // the peer is destroyed first: never resumed

private:
    Peer* peer_;
    net::Time until_;
    net::TimerId timer_ = 0;
    std::coroutine_handle<> waiting_;
    bool in_time_ = false;
};

}  // namespace peer
