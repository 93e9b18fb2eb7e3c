// Keys, certificates and settings of TLS; every file that is wrong is named.
#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace net {
namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& why) { throw TlsFault(file + ": " + why); }

std::string last_reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "unknown to OpenSSL";
}

void check_readable(const std::string& file) {
    std::FILE* f = std::fopen(file.c_str(), "rb");
    const int first = f ? std::fgetc(f) : EOF;
    const int error = errno;
    const bool bad = !f || (first == EOF && std::ferror(f));
    if (f) std::fclose(f);
    if (bad) refuse(file, std::string("cannot be read: ") + std::strerror(error));
}

/// A passphrase is asked of nobody: the key is then refused.
thread_local bool passphrase_wanted = false;
int no_passphrase(char*, int, int, void*) {
    passphrase_wanted = true;
    return -1;
}

std::shared_ptr<TlsContext> make(const SSL_METHOD* method) {
    auto context = std::make_shared<TlsContext>();
    context->ssl.reset(SSL_CTX_new(method));
    SSL_CTX* ssl = context->ssl.get();
    if (!ssl) throw TlsFault("OpenSSL: " + last_reason());
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);  // nothing is resumed, nothing is remembered
    SSL_CTX_set_num_tickets(ssl, 0);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);  // idle connections own no record buffers
    SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
    return context;
}

void take_certificate(SSL_CTX* ssl, const std::string& cert, const std::string& key) {
    check_readable(cert);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ssl, cert.c_str()) != 1)
        refuse(cert, "holds no certificate in PEM form (" + last_reason() + ")");
    const std::string& from = key.empty() ? cert : key;  // mosquitto's users keep both in one file at times
    check_readable(from);
    ERR_clear_error();
    passphrase_wanted = false;
    if (SSL_CTX_use_PrivateKey_file(ssl, from.c_str(), SSL_FILETYPE_PEM) != 1) {
        const auto error = ERR_peek_last_error();
        if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
            refuse(from, "is not the key of " + cert);
        if (passphrase_wanted) refuse(from, "is encrypted; decrypt it first (openssl pkey)");
        refuse(from, key.empty() ? "holds no key; give it by --key" : "holds no key in PEM form (" + last_reason() + ")");
    }
    if (SSL_CTX_check_private_key(ssl) != 1) refuse(from, "is not the key of " + cert);
}

void trust_file(SSL_CTX* ssl, const std::string& file) {
    check_readable(file);
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(ssl, file.c_str()) != 1)
        refuse(file, "holds no certificate in PEM form (" + last_reason() + ")");
}

void trust_folder(SSL_CTX* ssl, const std::string& folder) {
    struct stat found {};
    if (::stat(folder.c_str(), &found) != 0) refuse(folder, std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISDIR(found.st_mode)) refuse(folder, "is no folder; a single file is given by --cafile");
    if (SSL_CTX_load_verify_dir(ssl, folder.c_str()) != 1) refuse(folder, last_reason());
}

/// Length and name, each; as ALPN wants them (RFC 7301, section 3.1).
std::string packed(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        if (name.empty() || name.size() > 255) throw TlsFault("ALPN names have 1 to 255 octets");
        all += static_cast<char>(name.size());
        all += name;
    }
    return all;
}

/// Takes "mqtt", or HTTP for a WebSocket, where it is offered; a client that offers neither is served all the same.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned n,
                void*) {
    static constexpr unsigned char known[] = "\4mqtt\x8http/1.1";
    unsigned char* out = nullptr;
    if (SSL_select_next_proto(&out, size, known, sizeof known - 1, offered, n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = out;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

bool can_tls() { return true; }

std::shared_ptr<TlsContext> tls_client_context(const TlsOptions& o) {
    auto context = make(TLS_client_method());
    SSL_CTX* ssl = context->ssl.get();
    if (!o.cafile.empty()) trust_file(ssl, o.cafile);
    if (!o.capath.empty()) trust_folder(ssl, o.capath);
    if (o.cafile.empty() && o.capath.empty()) SSL_CTX_set_default_verify_paths(ssl);
    if (o.cert.empty() && !o.key.empty()) refuse(o.key, "a key wants its certificate too (--cert)");
    if (!o.cert.empty()) take_certificate(ssl, o.cert, o.key);
    context->verifies = !o.insecure;
    SSL_CTX_set_verify(ssl, o.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    const std::string alpn = packed(o.alpn);
    if (!alpn.empty())
        SSL_CTX_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(alpn.data()), unsigned(alpn.size()));
    return context;
}

std::shared_ptr<TlsContext> tls_server_context(const TlsServerOptions& o) {
    auto context = make(TLS_server_method());
    SSL_CTX* ssl = context->ssl.get();
    if (o.cert.empty()) throw TlsFault("a TLS listener wants a certificate (--cert) and its key (--key)");
    take_certificate(ssl, o.cert, o.key);
    SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, nullptr);
    if (!o.require_certificate) return context;
    if (o.cafile.empty()) throw TlsFault("client certificates are required, but nobody's are trusted: give --cafile");
    trust_file(ssl, o.cafile);
    SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(o.cafile.c_str()));
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
}

}  // namespace net
