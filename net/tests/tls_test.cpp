// TLS layers against each other, in memory: what is refused, by whom, and in which words.
#include "net/tls.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/tests/certificates.hpp"
#include "net/tests/wired.hpp"

namespace {

using net::Layer;
using net::TlsFault;
using net::test::certificate;
using State = net::Layer::State;

net::TlsOptions trusting(const std::string& ca = "ca.crt") {
    net::TlsOptions o;
    o.cafile = certificate(ca);
    return o;
}

net::test::Wired wired(const net::TlsOptions& client, const std::string& server = "server", bool require = false,
                       const std::string& host = "localhost") {
    const net::TlsServerOptions o{certificate(server + ".crt"), certificate(server + ".key"), certificate("ca.crt"),
                                  require};
    net::test::Wired w;
    w.client = net::tls_client(net::tls_client_context(client), host);
    w.server = net::tls_server(net::tls_server_context(o));
    return w;
}

TEST(Tls, CarriesBytesBothWaysHoweverTheyAreCut) {
    for (const std::size_t cut : {std::size_t(1), std::size_t(7), SIZE_MAX}) {
        auto w = wired(trusting());
        w.cut = cut;
        w.start();
        ASSERT_TRUE(w.client->ready() && w.server->ready()) << w.client->what() << w.server->what();
        const std::string much(100'000, 'x');
        w.say(*w.client, "hello " + much);
        w.say(*w.server, much + " to you");
        EXPECT_TRUE(w.at_server == "hello " + much);
        EXPECT_TRUE(w.at_client == much + " to you");
    }
}

TEST(Tls, ClosesOneDirectionAtATime) {
    auto w = wired(trusting());
    w.start();
    w.client->finish(w.to_server);
    w.run();
    EXPECT_EQ(w.server->state(), State::ended);
    w.say(*w.server, "still there");
    EXPECT_EQ(w.at_client, "still there");
    EXPECT_TRUE(w.client->ready());
    w.say(*w.client, "no more");
    EXPECT_EQ(w.at_server, "");
    w.server->finish(w.to_client);
    w.run();
    EXPECT_EQ(w.client->state(), State::ended);
}

TEST(Tls, NamesAndAddressesAreVerified) {
    for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
        auto w = wired(trusting(), "server", false, host);
        w.start();
        EXPECT_TRUE(w.client->ready()) << host << ": " << w.client->what();
    }
    for (const char* host : {"example.org", "127.0.0.2"}) {
        auto w = wired(trusting(), "server", false, host);
        w.start();
        EXPECT_EQ(w.client->state(), State::failed);
        EXPECT_EQ(w.client->what(), std::string("TLS: the certificate is not for ") + host);
        EXPECT_EQ(w.server->state(), State::failed);
        EXPECT_NE(w.server->what().find("refused by the other side"), std::string::npos) << w.server->what();
    }
}

TEST(Tls, BadCertificatesAreRefusedUnlessInsecure) {
    const struct {
        const char *server, *why;
    } rows[]{{"expired", "expired"}, {"other", "unable to get local issuer"}, {"elsewhere", "not for localhost"}};
    for (const auto& row : rows) {
        auto w = wired(trusting(), row.server);
        w.start();
        EXPECT_EQ(w.client->state(), State::failed);
        EXPECT_NE(w.client->what().find(row.why), std::string::npos) << w.client->what();
        auto options = trusting();
        options.insecure = true;
        auto trusted = wired(options, row.server);
        trusted.start();
        EXPECT_TRUE(trusted.client->ready()) << trusted.client->what();
    }
}

TEST(Tls, AClientCertificateNamesItsOwner) {
    auto options = trusting();
    options.cert = certificate("client.crt");
    options.key = certificate("client.key");
    auto w = wired(options, "server", true);
    w.start();
    ASSERT_TRUE(w.server->ready()) << w.server->what();
    EXPECT_EQ(w.server->certificate_name(), "device 7");
    EXPECT_EQ(w.client->certificate_name(), "localhost");
}

TEST(Tls, NoCertificateOrAStrangersIsRefused) {
    auto none = wired(trusting(), "server", true);
    none.start();
    EXPECT_EQ(none.server->state(), State::failed);
    EXPECT_NE(none.server->what().find("did not return a certificate"), std::string::npos) << none.server->what();
    EXPECT_EQ(none.client->what(), "TLS: refused by the other side: certificate required");

    auto options = trusting();
    options.cert = certificate("stranger.crt");
    options.key = certificate("stranger.key");
    auto stranger = wired(options, "server", true);
    stranger.start();
    EXPECT_EQ(stranger.server->state(), State::failed);
    EXPECT_EQ(stranger.server->certificate_name(), "");
    EXPECT_EQ(stranger.client->what(), "TLS: refused by the other side: unknown CA");
}

TEST(Tls, WhatIsNoTlsIsCalledSo) {
    auto w = wired(trusting());
    w.server->receive(mqtt::octets("GET / HTTP/1.1\r\n\r\n"), w.at_server, w.to_client);
    EXPECT_EQ(w.server->what(), "TLS: the other side does not speak TLS");
    w.client->start(w.to_server);
    w.client->receive(mqtt::octets("HTTP/1.1 400 Bad Request\r\n"), w.at_client, w.to_server);
    EXPECT_EQ(w.client->what(), "TLS: the other side does not speak TLS");
    EXPECT_EQ(w.at_server + w.at_client, "");
}

// ---- files ----------------------------------------------------------------------

template <class Make> std::string fault(const Make& make) {
    try {
        make();
        return "taken";
    } catch (const TlsFault& e) {
        return e.what();
    }
}
std::string client_fault(const net::TlsOptions& o) {
    return fault([&] { return net::tls_client_context(o); });
}
std::string server_fault(const net::TlsServerOptions& o) {
    return fault([&] { return net::tls_server_context(o); });
}

TEST(TlsFiles, AreNamedWithTheReason) {
    const std::string crt = certificate("server.crt"), key = certificate("server.key"), other = certificate("other.key");
    const std::string nowhere = certificate("nowhere"), folder = std::filesystem::path(crt).parent_path();
    EXPECT_EQ(server_fault({nowhere, key, "", false}), nowhere + ": cannot be read: No such file or directory");
    EXPECT_EQ(server_fault({folder, key, "", false}), folder + ": cannot be read: Is a directory");
    EXPECT_EQ(server_fault({crt, nowhere, "", false}), nowhere + ": cannot be read: No such file or directory");
    EXPECT_EQ(server_fault({crt, other, "", false}), other + ": is not the key of " + crt);
    EXPECT_NE(server_fault({key, key, "", false}).find(key + ": holds no certificate in PEM form"), std::string::npos);
    EXPECT_NE(server_fault({crt, crt, "", false}).find(crt + ": holds no key in PEM form"), std::string::npos);
    EXPECT_EQ(server_fault({crt, "", "", false}), crt + ": holds no key; give it by --key");
    EXPECT_NE(server_fault({crt, key, "", true}).find("give --cafile"), std::string::npos);
    EXPECT_NE(server_fault({crt, key, nowhere, true}).find(nowhere), std::string::npos);
    EXPECT_EQ(client_fault({nowhere, "", "", "", false, {}}), nowhere + ": cannot be read: No such file or directory");
    EXPECT_EQ(client_fault({"", crt, "", "", false, {}}), crt + ": is no folder; a single file is given by --cafile");
    EXPECT_EQ(client_fault({"", "", crt, other, false, {}}), other + ": is not the key of " + crt);
    EXPECT_EQ(client_fault({"", "", "", key, false, {}}), key + ": a key wants its certificate too (--cert)");
    EXPECT_EQ(client_fault({"", folder, crt, key, false, {"mqtt"}}), "taken");
}

TEST(TlsFiles, AnEncryptedKeyAsksNobodyForItsPassphrase) {
    const std::string locked = certificate("locked.key");
    const std::string command = "openssl pkey -aes128 -passout pass:secret -in '" + certificate("server.key") + "' -out '" + locked + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_EQ(server_fault({certificate("server.crt"), locked, "", false}),
              locked + ": is encrypted; decrypt it first (openssl pkey)");
}

}  // namespace
