#include "reference/server_metrics.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <system_error>

namespace reference {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Code = boost::system::error_code;
using Text = std::shared_ptr<const std::function<std::string()>>;

/// One connection: a request, an answer, the end. Touches nothing of the listener's, which may be gone.
class Scrape : public std::enable_shared_from_this<Scrape> {
public:
    Scrape(asio::ip::tcp::socket socket, Text text, std::shared_ptr<int> open)
        : stream_(std::move(socket)), text_(std::move(text)), open_(std::move(open)) {
        ++*open_;
    }
    Scrape(const Scrape&) = delete;
    Scrape& operator=(const Scrape&) = delete;
    ~Scrape() { --*open_; }

    void begin() {
        parser_.header_limit(MetricsListener::most_octets);
        parser_.body_limit(MetricsListener::most_octets);
        stream_.expires_after(MetricsListener::patience);
        http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](Code error, std::size_t) {
            if (!error) self->answer();
            else if (error.category() == make_error_code(http::error::bad_method).category())
                self->say(http::status::bad_request, "this is no HTTP request of a size that is served\n");
        });
    }

private:
    void answer() {
        const auto& request = parser_.get();
        const auto target = request.target().substr(0, request.target().find('?'));
        if (target != "/metrics") return say(http::status::not_found, "there is /metrics only\n");
        if (request.method() == http::verb::get) return say(http::status::ok, (*text_)());
        answer_.set(http::field::allow, "GET");
        say(http::status::method_not_allowed, "GET is served only\n");
    }

    void say(http::status status, std::string text) {
        answer_.result(status);
        answer_.version(11);
        answer_.keep_alive(false);
        const bool metrics = status == http::status::ok;
        answer_.set(http::field::content_type, metrics ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain");
        answer_.body() = std::move(text);
        answer_.prepare_payload();
        stream_.expires_after(MetricsListener::patience);
        http::async_write(stream_, answer_, [self = shared_from_this()](Code, std::size_t) {
            Code ignored;
            self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        });
    }

    beast::tcp_stream stream_;
    Text text_;
    std::shared_ptr<int> open_;
    beast::flat_static_buffer<MetricsListener::most_octets> buffer_;
    http::request_parser<http::string_body> parser_;
    http::response<http::string_body> answer_;
};

}  // namespace

MetricsListener::MetricsListener(asio::io_context& io, const std::string& address, std::uint16_t port,
                                 std::function<std::string()> text) try
    : acceptor_(io, {asio::ip::make_address(address), port}), pause_(io),
      text_(std::make_shared<const std::function<std::string()>>(std::move(text))),
      port_(acceptor_.local_endpoint().port()) {
} catch (const boost::system::system_error& error) {
    throw std::system_error(error.code().value(), std::system_category(),
                            "cannot listen on " + address + ':' + std::to_string(port) + " for metrics");
}

void MetricsListener::accept() {
    acceptor_.async_accept([self = shared_from_this()](Code error, asio::ip::tcp::socket socket) {
        if (!self->acceptor_.is_open()) return;
        if (!error && *self->open_ < most_connections)
            std::make_shared<Scrape>(std::move(socket), self->text_, self->open_)->begin();
        if (!error || error == asio::error::connection_aborted) return self->accept();
        self->pause_.expires_after(std::chrono::milliseconds(100));  // descriptors have run out
        self->pause_.async_wait([self](Code cancelled) {
            if (!cancelled) self->accept();
        });
    });
}

void MetricsListener::stop() {
    Code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

}  // namespace reference
