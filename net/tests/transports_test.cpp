// The loop's connections over TLS, WebSocket, IPv6 and Unix sockets, against servers of Asio and Beast.
#include <gtest/gtest.h>
#include <sys/un.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <filesystem>

#include "net/asio_loop.hpp"
#include "net/tests/asio_server.hpp"
#include "net/tests/listener.hpp"
#include "net/tls.hpp"

namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using net::End;
using net::Transport;
using net::test::certificate;
using tcp = asio::ip::tcp;

using net::test::Record;
using net::test::server_context;
using Server = net::test::AsioServer;

struct TransportsTest : testing::Test {
    net::AsioLoop loop;
    Record record;
    std::unique_ptr<net::Stream> stream;

    net::Target target(Transport t, std::uint16_t port, const std::string& host = "127.0.0.1") {
        net::Target at{host, port, 5s, t};
        if (!net::has_tls(t)) return at;
        net::TlsOptions o;
        o.cafile = certificate("ca.crt");
        at.tls = net::tls_client_context(o);
        return at;
    }
    void dial(const net::Target& at) { stream = loop.dial(at, record); }
    bool until(const std::function<bool()>& done) { return loop.run_for(10s, done); }
    bool until_end() {
        return until([this] { return record.end.has_value(); });
    }
    bool until_open() {
        return until([this] { return record.opened || record.end; }) && record.opened;
    }
};

// ---- TLS --------------------------------------------------------------------------

using Tls = ssl::stream<tcp::socket>;

TEST_F(TransportsTest, TlsSaysWhatWasQueuedThenCloseNotifyThenFin) {
    std::string heard;
    beast::error_code how;
    Server server([&](tcp::socket socket) {
        auto context = server_context();
        Tls tls(std::move(socket), context);
        tls.handshake(ssl::stream_base::server);
        asio::read(tls, asio::dynamic_buffer(heard), how);
        asio::write(tls, asio::buffer(std::string(3'000'000, 'x')));
        beast::error_code ignored;
        tls.shutdown(ignored);
    });
    dial(target(Transport::tls, server.port));
    stream->send("before it is open, ");  // and thus held back
    ASSERT_TRUE(until_open()) << record.why;
    stream->send("and after");
    stream->half_close();
    stream->send("too late");
    ASSERT_TRUE(until_end());
    server.join();
    EXPECT_EQ(server.fault, "");
    EXPECT_EQ(heard, "before it is open, and after");
    EXPECT_EQ(how, asio::error::eof) << how.message() << ": close_notify is missing";
    EXPECT_EQ(record.bytes.size(), 3'000'000u);
    EXPECT_EQ(record.end, End::fin);
}

TEST_F(TransportsTest, TlsCloseWritesWhatIsQueued) {
    std::size_t heard = 0;
    beast::error_code how;
    Server server([&](tcp::socket socket) {
        auto context = server_context();
        Tls tls(std::move(socket), context);
        tls.handshake(ssl::stream_base::server);
        std::string all;
        heard = asio::read(tls, asio::dynamic_buffer(all), how);
    });
    dial(target(Transport::tls, server.port));
    stream->send(std::string(3'000'000, 'x'));
    stream.reset();  // while connecting
    std::thread waiter([&] {
        server.join();
        loop.stop();
    });
    loop.run();
    waiter.join();
    EXPECT_EQ(server.fault, "");
    EXPECT_EQ(heard, 3'000'000u);
    EXPECT_EQ(how, asio::error::eof) << how.message();
}

TEST_F(TransportsTest, TlsResetIsAnRst) {
    beast::error_code how;
    Server server([&](tcp::socket socket) {
        auto context = server_context();
        Tls tls(std::move(socket), context);
        tls.handshake(ssl::stream_base::server);
        asio::write(tls, asio::buffer("ready", 5));
        char octet = 0;
        tls.read_some(asio::buffer(&octet, 1), how);
    });
    dial(target(Transport::tls, server.port));
    ASSERT_TRUE(until([this] { return record.bytes == "ready" || record.end; })) << record.why;
    stream->reset();
    server.join();
    EXPECT_EQ(how, asio::error::connection_reset) << how.message();
}

TEST_F(TransportsTest, TlsOfEitherVersion) {
    for (const bool old : {false, true}) {
        Server server([old](tcp::socket socket) {
            auto context = server_context();
            if (old) SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_2_VERSION);
            Tls tls(std::move(socket), context);
            tls.handshake(ssl::stream_base::server);
            asio::write(tls, asio::buffer(std::string(SSL_get_version(tls.native_handle()))));
            asio::write(tls, asio::buffer(std::string(SSL_get_servername(tls.native_handle(), TLSEXT_NAMETYPE_host_name))));
            beast::error_code ignored;
            tls.shutdown(ignored);
        });
        record = Record();
        record.ending = [this] { stream->close(); };  // the other side waits for our close_notify
        dial(target(Transport::tls, server.port, "localhost"));
        ASSERT_TRUE(until_end());
        EXPECT_EQ(record.end, End::fin);
        EXPECT_EQ(record.bytes, old ? "TLSv1.2localhost" : "TLSv1.3localhost") << server.fault << record.why;
    }
}

TEST_F(TransportsTest, ACertificateThatIsRefusedSaysWhy) {
    Server server([](tcp::socket socket) {
        auto context = server_context("expired");
        Tls tls(std::move(socket), context);
        tls.handshake(ssl::stream_base::server);
    });
    dial(target(Transport::tls, server.port));
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::error);
    EXPECT_FALSE(record.opened);
    EXPECT_NE(record.why.find("TLS: the certificate is refused: certificate has expired"), std::string::npos) << record.why;
    server.join();
    EXPECT_NE(server.fault.find("certificate expired"), std::string::npos) << server.fault << ": no alert came";
}

TEST_F(TransportsTest, HandshakesHaveADeadline) {
    for (const auto transport : {Transport::tls, Transport::ws, Transport::wss}) {
        const net::test::Listener silent;  // the kernel accepts, nobody answers
        auto at = target(transport, silent.port);
        at.within = 200ms;
        record = Record();
        const auto before = loop.now();
        dial(at);
        ASSERT_TRUE(until_end());
        EXPECT_EQ(record.end, End::timed_out) << record.why;
        EXPECT_GE(loop.now() - before, 200ms);
        EXPECT_NE(record.why.find(transport == Transport::ws ? "no end of the WebSocket handshake" : "no end of the TLS handshake"),
                  std::string::npos) << record.why;
    }
}

TEST_F(TransportsTest, AHandshakeCutShortSaysSo) {
    for (const bool hard : {false, true})
        for (const auto transport : {Transport::tls, Transport::ws}) {
            net::test::Listener listener;
            listener.serve([hard](int fd) {
                int error = 0;
                net::test::read_all(fd, error, 1);
                if (hard) net::test::reset(fd);
                else ::close(fd);
            });
            record = Record();
            dial(target(transport, listener.port));
            ASSERT_TRUE(until_end());
            EXPECT_EQ(record.end, hard ? End::reset : End::fin) << record.why;
            EXPECT_FALSE(record.opened);
            EXPECT_NE(record.why.find("closed during the "), std::string::npos) << record.why;
        }
}

// ---- WebSocket --------------------------------------------------------------------

/// A server of Beast's that chooses mqtt.
template <class Next> void accept(websocket::stream<Next>& ws) {
    ws.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& answer) { answer.set(beast::http::field::sec_websocket_protocol, "mqtt"); }));
    ws.accept();
}

/// Sends back what comes, asks for a pong now and then, and closes after the client.
template <class Next> void echo(websocket::stream<Next>& ws, std::string& heard) {
    accept(ws);
    ws.binary(true);
    ws.auto_fragment(true);
    beast::error_code error;
    for (;;) {
        beast::flat_buffer message;
        ws.read(message, error);
        if (error) break;
        EXPECT_TRUE(ws.got_binary());
        heard += beast::buffers_to_string(message.data());
        ws.ping("there?");
        ws.write(message.data());
    }
    EXPECT_EQ(error, websocket::error::closed) << error.message();
}

TEST_F(TransportsTest, WebSocketAgainstBeast) {
    std::string heard, sent(200'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = char(i * 7 + i / 251);
    Server server([&](tcp::socket socket) {
        websocket::stream<tcp::socket> ws(std::move(socket));
        echo(ws, heard);
    });
    dial(target(Transport::ws, server.port));
    stream->send("a");
    ASSERT_TRUE(until_open()) << record.why;
    EXPECT_EQ(stream->chosen_subprotocol(), "mqtt");
    stream->send(sent);
    ASSERT_TRUE(until([&] { return record.bytes.size() == sent.size() + 1; })) << record.bytes.size();
    stream->half_close();
    ASSERT_TRUE(until_end());
    server.join();
    EXPECT_EQ(server.fault, "");
    EXPECT_TRUE(heard == "a" + sent);
    EXPECT_TRUE(record.bytes == heard);
    EXPECT_EQ(record.end, End::fin);
    EXPECT_EQ(record.why, "WebSocket close 1000");
}

TEST_F(TransportsTest, WebSocketOverTlsAgainstBeast) {
    std::string heard;
    Server server([&](tcp::socket socket) {
        auto context = server_context();
        beast::ssl_stream<tcp::socket> tls(std::move(socket), context);
        tls.handshake(ssl::stream_base::server);
        websocket::stream<beast::ssl_stream<tcp::socket>&> ws(tls);
        echo(ws, heard);
    });
    dial(target(Transport::wss, server.port));
    stream->send("hello");
    ASSERT_TRUE(until([this] { return record.bytes == "hello" || record.end; }));
    stream->half_close();
    ASSERT_TRUE(until_end());
    server.join();
    EXPECT_EQ(server.fault, "");
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(record.end, End::fin) << record.why;
}

TEST_F(TransportsTest, ATextFrameFromTheBrokerEndsIt) {
    beast::error_code how;
    Server server([&](tcp::socket socket) {
        websocket::stream<tcp::socket> ws(std::move(socket));
        accept(ws);
        ws.text(true);
        ws.write(asio::buffer("hello", 5));
        beast::flat_buffer message;
        ws.read(message, how);
        EXPECT_EQ(ws.reason().code, websocket::close_code::unknown_data);
    });
    dial(target(Transport::ws, server.port));
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::error);
    EXPECT_NE(record.why.find("WebSocket: a text frame, MQTT wants binary ones"), std::string::npos) << record.why;
    server.join();
    EXPECT_EQ(how, websocket::error::closed) << how.message();
}

TEST_F(TransportsTest, TheSubprotocolIsLookedAtUnlessToldNotTo) {
    for (const bool any : {false, true}) {
        Server server([](tcp::socket socket) {
            websocket::stream<tcp::socket> ws(std::move(socket));
            ws.accept();
            beast::flat_buffer message;
            beast::error_code error;
            ws.read(message, error);
        });
        auto at = target(Transport::ws, server.port);
        at.tolerant = any;
        record = Record();
        dial(at);
        ASSERT_TRUE(until([this] { return record.opened || record.end; }));
        EXPECT_EQ(record.opened, any);
        EXPECT_EQ(record.why.find("chose no subprotocol") == std::string::npos, any) << record.why;
        stream->reset();
    }
}

// ---- IPv6, Unix sockets -------------------------------------------------------------

TEST_F(TransportsTest, AddressesOfIPv6) {
    Server server([](tcp::socket socket) { asio::write(socket, asio::buffer("six", 3)); }, "::1");
    dial(target(Transport::tcp, server.port, "::1"));
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.bytes, "six") << record.why;
    EXPECT_EQ(net::Target({.host = "::1", .port = 7}).place(), "[::1]:7");
}

TEST_F(TransportsTest, UnixSockets) {
    const std::string path = testing::TempDir() + "mqttspec-" + std::to_string(::getpid()) + ".sock";
    std::filesystem::remove(path);
    asio::io_context io;
    asio::local::stream_protocol::acceptor acceptor(io, path);
    std::string heard;
    std::thread server([&] {
        auto socket = acceptor.accept();
        beast::error_code error;
        asio::read(socket, asio::dynamic_buffer(heard), error);
        asio::write(socket, asio::buffer("and goodbye", 11));
    });
    net::Target at{.within = 5s, .transport = Transport::unix_socket, .path = path};
    dial(at);
    stream->send("hello");
    stream->half_close();
    EXPECT_TRUE(until_end());
    server.join();
    std::filesystem::remove(path);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(record.bytes, "and goodbye");

    record = Record();
    dial(at);
    ASSERT_TRUE(until_end());
    EXPECT_EQ(record.end, End::error);
    EXPECT_EQ(record.why, path + ": No such file or directory");
    at.path = std::string(200, 'x');
    record = Record();
    dial(at);
    EXPECT_FALSE(record.end) << "from inside dial()";
    ASSERT_TRUE(until_end());
    EXPECT_NE(record.why.find("too long"), std::string::npos) << record.why;
}

}  // namespace
