// TLS 1.2 and 1.3 as layers, by OpenSSL on octets in memory. Without it (-DMQTTSPEC_TLS=OFF) every call says so.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>

#include "net/layer.hpp"
#include "net/transport.hpp"

namespace net {

/// A file that cannot be used, by name and with the reason; or that this build has no TLS.
struct TlsFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct TlsServerOptions {
    std::string cert, key;             // PEM; the certificate may be followed by its chain
    std::string cafile;                // whose client certificates are taken
    bool require_certificate = false;  // a handshake without a good one fails
};

/// Keys, certificates and settings; any number of connections share one.
class TlsContext;

/// False in a build without TLS.
bool can_tls();
/// Both read their files at once. Throw TlsFault.
std::shared_ptr<TlsContext> tls_client_context(const TlsOptions&);
std::shared_ptr<TlsContext> tls_server_context(const TlsServerOptions&);

/// `host`, a name or an address in digits, is what the certificate has to be for (unless insecure), and is told (SNI)
/// if it is a name.
std::unique_ptr<Layer> tls_client(std::shared_ptr<TlsContext>, const std::string& host);
std::unique_ptr<Layer> tls_server(std::shared_ptr<TlsContext>);

}  // namespace net
