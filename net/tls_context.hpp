// Private to net/: what tls.cpp and tls_context.cpp share.
#pragma once
#include <openssl/ssl.h>

#include <memory>

#include "net/tls.hpp"

namespace net {

struct FreeSsl {
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
    void operator()(SSL* s) const { SSL_free(s); }
};

class TlsContext {
public:
    std::unique_ptr<SSL_CTX, FreeSsl> ssl;
    bool verifies = false;  // client: chain and name
};

}  // namespace net
