// Private to net/: what the loop and its connections share.
#pragma once
#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>

#include "net/asio_loop.hpp"
#include "net/timers.hpp"

namespace net {

using Tcp = boost::asio::ip::tcp;
/// The concrete executor: smaller handlers and sockets than with any_io_executor.
using Executor = boost::asio::io_context::executor_type;
using Generic = boost::asio::generic::stream_protocol;  // TCP and Unix sockets
using Socket = boost::asio::basic_stream_socket<Generic, Executor>;
using SteadyTimer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                      boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Resolver = boost::asio::ip::basic_resolver<Tcp, Executor>;
using Code = boost::system::error_code;

struct AsioLoop::State {
    boost::asio::io_context io{1};
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    Timers timers;
    SteadyTimer alarm{io.get_executor()};
    std::optional<Time> alarm_at;
    std::array<std::uint8_t, 65536> buffer;  // one for all connections: each is read only when it has something
    std::map<std::pair<std::string, std::uint16_t>, std::vector<Tcp::endpoint>> resolved;  // names, once known
    std::list<std::pair<int, std::function<void()>>> signal_calls;
    boost::asio::signal_set signals{io};
    bool stopping = false;

    Time now() const {
        return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now() - start);
    }
    TimerId call_at(Time at, std::function<void()> call);
    void set_alarm();
    void run_due();
    void await_signal();
};

}  // namespace net
