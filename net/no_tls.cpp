// The build without OpenSSL.
#include "net/tls.hpp"

namespace net {
namespace {

[[noreturn]] void refuse() { throw TlsFault("this build has no TLS (-DMQTTSPEC_TLS=OFF)"); }

}  // namespace

bool can_tls() { return false; }
std::shared_ptr<TlsContext> tls_client_context(const TlsOptions&) { refuse(); }
std::shared_ptr<TlsContext> tls_server_context(const TlsServerOptions&) { refuse(); }
std::unique_ptr<Layer> tls_client(std::shared_ptr<TlsContext>, const std::string&) { refuse(); }
std::unique_ptr<Layer> tls_server(std::shared_ptr<TlsContext>) { refuse(); }

}  // namespace net
