// What moves bytes and tells the time, without saying how: real TCP (asio_loop.hpp) or an in-memory network with
// virtual time (conformance/virtual_network.hpp). One thread; nothing here names Asio.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "codec/words.hpp"
#include "net/transport.hpp"

namespace net {

using Duration = std::chrono::microseconds;
/// Since the start of the loop; std::chrono::milliseconds convert by themselves.
using Time = std::chrono::microseconds;
using TimerId = std::uint64_t;

/// How a network connection ended, or why there never was one.
enum class End : std::uint8_t { fin, reset, refused, unresolved, unreachable, timed_out, error };
constexpr std::string_view name(End e) {
    constexpr std::string_view names[]{"FIN", "RST", "refused", "unresolved", "unreachable", "timed out", "error"};
    return names[static_cast<std::size_t>(e)];
}

class TlsContext;

struct Target {
    std::string host{};       // a name, or an address in digits (IPv6 without brackets)
    std::uint16_t port = 1883;
    Duration within = std::chrono::seconds(10);  // for name resolution, connecting and all handshakes together
    Transport transport = Transport::tcp;
    std::string path{};       // of the Unix socket; of the WebSocket
    std::shared_ptr<TlsContext> tls{};  // tls_client_context(), for tls and wss
    /// Subprotocols a WebSocket client offers. Tolerant: any choice is good, and text frames are served too; a tester
    /// looks at them itself.
    std::vector<std::string> offers{std::string(subprotocol)};
    bool tolerant = false;
    std::string from{};       // the address in digits to come from; empty: the system chooses

    /// For people: "host:port", or the path of the Unix socket.
    std::string place() const;
};

/// One network connection, client side. Calls may be made at any time, also before on_open and after on_end.
/// Deleting it is close(), and may be done inside its own callback.
class Stream {
public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    virtual void send(std::string bytes) = 0;  // queued, written in order; what cannot be written any more is dropped
    /// FIN after everything queued; reading goes on. TLS says close_notify before it; over WebSocket it is the close
    /// frame, and FIN comes after the other side's.
    virtual void half_close() = 0;
    virtual void close() = 0;                  // FIN after everything queued; no further event is reported
    virtual void reset() = 0;                  // RST at once, the queue is dropped; no further event is reported
    /// Over WebSocket: octets below its frames (encode_frame), legal or not. Like send() where there are no frames.
    virtual void send_below_frames(std::string bytes) { send(std::move(bytes)); }
    /// Over WebSocket: the subprotocol the other side chose, once open; empty: none.
    virtual std::string chosen_subprotocol() const { return {}; }
    virtual std::size_t text_frames() const { return 0; }  // that came over WebSocket
};

/// Called by the loop, never from inside dial(), send() or another call of a Stream.
class Events {
public:
    virtual void on_open() = 0;                            // once, unless on_end comes first
    virtual void on_bytes(mqtt::View bytes) = 0;           // good during the call only
    virtual void on_end(End how, std::string why) = 0;     // the last call; why: in words, for people

protected:
    ~Events() = default;
};

/// Must outlive its streams.
class Loop {
public:
    Loop() = default;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    virtual ~Loop() = default;
    virtual Time now() const = 0;
    /// Calls once, from the loop, at that time or (if it is past) as soon as it can. Equal times: in the order asked.
    virtual TimerId call_at(Time, std::function<void()>) = 0;
    virtual void cancel(TimerId) = 0;  // unknown and past ones are ignored
    virtual std::unique_ptr<Stream> dial(const Target&, Events&) = 0;
};

}  // namespace net
