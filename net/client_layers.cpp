#include "net/client_layers.hpp"

#include <stdexcept>

#include "net/tls.hpp"
#include "net/websocket.hpp"

namespace net {
namespace {

std::string bracketed(const std::string& host) { return host.find(':') == host.npos ? host : '[' + host + ']'; }

}  // namespace

std::string Target::place() const {
    return transport == Transport::unix_socket ? path : bracketed(host) + ':' + std::to_string(port);
}

std::unique_ptr<Layer> client_layers(const Target& t) {
    std::unique_ptr<Layer> tls, frames;
    if (has_tls(t.transport)) {
        if (!t.tls) throw std::logic_error("a TLS target without a context");
        tls = tls_client(t.tls, t.host);
    }
    if (has_frames(t.transport)) {
        const bool usual = t.port == default_port(t.transport);
        frames = websocket_client({usual ? bracketed(t.host) : t.place(), t.path.empty() ? std::string(default_path) : t.path,
                                   t.offers, t.tolerant});
    }
    if (tls && frames) return stacked(std::move(tls), std::move(frames));
    return tls ? std::move(tls) : std::move(frames);
}

}  // namespace net
