#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/tls_context.hpp"

namespace net {
namespace {

/// What OpenSSL reads from and writes to, for the time of one call.
struct Wire {
    mqtt::View in;
    std::string* out = nullptr;
};

int wire_read(BIO* bio, char* to, int most) {
    Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto n = std::min(wire.in.size(), std::size_t(most));
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    std::memcpy(to, wire.in.data(), n);
    wire.in = wire.in.subspan(n);
    return int(n);
}

int wire_write(BIO* bio, const char* from, int n) {
    Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
    if (wire.out) wire.out->append(from, std::size_t(n));
    return n;
}

long wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int wire_create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/// No buffer of its own: octets go straight from the read buffer of the loop into OpenSSL.
const BIO_METHOD* wire_method() {
    static const auto method = [] {
        BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mqttspec wire");
        BIO_meth_set_read(m, wire_read);
        BIO_meth_set_write(m, wire_write);
        BIO_meth_set_ctrl(m, wire_control);
        BIO_meth_set_create(m, wire_create);
        return std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)>(m, BIO_meth_free);
    }();
    return method.get();
}

bool is_address(const std::string& host) {
    const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> address(a2i_IPADDRESS(host.c_str()),
                                                                                 ASN1_OCTET_STRING_free);
    return address != nullptr;
}

class Tls final : public Layer {
public:
    Tls(std::shared_ptr<TlsContext> context, const std::string* host)
        : context_(std::move(context)), ssl_(SSL_new(context_->ssl.get())) {
        BIO* bio = BIO_new(wire_method());
        BIO_set_data(bio, &wire_);
        SSL_set_bio(ssl_.get(), bio, bio);
        if (host) SSL_set_connect_state(ssl_.get());
        else SSL_set_accept_state(ssl_.get());
        if (host) name(*host);
    }

    void start(std::string& down) override {
        if (!SSL_is_server(ssl_.get())) receive({}, none_, down);
    }
    void receive(mqtt::View octets, std::string& up, std::string& down) override;
    void send(mqtt::View octets, std::string& down) override;
    void finish(std::string& down) override;
    std::string_view stage() const override { return "TLS handshake"; }
    std::string certificate_name() const override;

private:
    void name(const std::string& host);
    bool shake();
    void read(std::string& up);
    void went_wrong(int result);
    std::string refusal() const;

    std::shared_ptr<TlsContext> context_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    Wire wire_;
    bool finished_ = false;
    std::string host_, none_;
};

void Tls::name(const std::string& host) {
    const bool digits = is_address(host);
    if (!digits) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    if (!context_->verifies) return;
    host_ = host;
    const int set = digits ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str())
                           : SSL_set1_host(ssl_.get(), host.c_str());
    if (set != 1) fail("TLS: no certificate can be checked for the name " + host);  // else any would do
}

void Tls::receive(mqtt::View octets, std::string& up, std::string& down) {
    if (state() == State::failed) return;
    wire_ = {octets, &down};
    if (state() != State::opening || shake()) read(up);
    wire_ = {};
}

bool Tls::shake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
        went_wrong(result);
        return false;
    }
    set_ready();
    return true;
}

void Tls::read(std::string& up) {
    thread_local std::array<char, 16384> record;  // as much as one record holds
    while (state() == State::ready || state() == State::ended) {
        ERR_clear_error();
        const int n = SSL_read(ssl_.get(), record.data(), int(record.size()));
        if (n <= 0) return went_wrong(n);
        up.append(record.data(), std::size_t(n));
    }
}

void Tls::went_wrong(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return;
        case SSL_ERROR_ZERO_RETURN:
            if (state() != State::ended) end("end of stream");  // close_notify
            return;
        default: return fail("TLS: " + refusal());
    }
}

std::string Tls::refusal() const {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (context_->verifies && verdict != X509_V_OK) {
        if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
            return "the certificate is not for " + host_;
        return std::string("the certificate is refused: ") + X509_verify_cert_error_string(verdict);
    }
    const auto error = ERR_peek_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        const int why = ERR_GET_REASON(error);
        if (why == SSL_R_WRONG_VERSION_NUMBER || why == SSL_R_PACKET_LENGTH_TOO_LONG || why == SSL_R_HTTP_REQUEST)
            return "the other side does not speak TLS";
        if (why == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) return "refused by the other side: certificate required";
        if (why > SSL_AD_REASON_OFFSET)  // an alert
            return std::string("refused by the other side: ") + SSL_alert_desc_string_long(why - SSL_AD_REASON_OFFSET);
    }
    const char* text = ERR_reason_error_string(error);
    return text ? text : "failed";
}

void Tls::send(mqtt::View octets, std::string& down) {
    if (octets.empty() || finished_ || (state() != State::ready && state() != State::ended)) return;
    wire_ = {{}, &down};
    ERR_clear_error();
    while (!octets.empty()) {
        const auto some = octets.first(std::min<std::size_t>(octets.size(), 1 << 20));
        const int n = SSL_write(ssl_.get(), some.data(), int(some.size()));
        if (n <= 0) {
            went_wrong(n);
            break;
        }
        octets = octets.subspan(std::size_t(n));
    }
    wire_ = {};
}

void Tls::finish(std::string& down) {
    if (finished_ || (state() != State::ready && state() != State::ended)) return;
    finished_ = true;
    wire_ = {{}, &down};
    ERR_clear_error();
    SSL_shutdown(ssl_.get());  // close_notify; the other side's is awaited by reading on
    wire_ = {};
}

std::string Tls::certificate_name() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (!certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    const std::string name(reinterpret_cast<const char*>(text), std::size_t(size));
    OPENSSL_free(text);
    return name;
}

}  // namespace

std::unique_ptr<Layer> tls_client(std::shared_ptr<TlsContext> context, const std::string& host) {
    return std::make_unique<Tls>(std::move(context), &host);
}
std::unique_ptr<Layer> tls_server(std::shared_ptr<TlsContext> context) {
    return std::make_unique<Tls>(std::move(context), nullptr);
}

}  // namespace net
