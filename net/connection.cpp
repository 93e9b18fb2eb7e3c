#include "net/connection.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/client_layers.hpp"

namespace net {
namespace {

namespace asio = boost::asio;
constexpr Duration retry_pause = std::chrono::milliseconds(50);
constexpr Duration linger = std::chrono::seconds(1);

/// Ephemeral ports or descriptors have run out: others will give some back.
bool passes_by_itself(Code error) {
    const auto is = [&](int number) { return error == Code(number, boost::system::system_category()); };
    return is(EADDRNOTAVAIL) || is(EADDRINUSE) || is(EAGAIN) || is(EMFILE) || is(ENFILE);
}

End meaning_of(Code error) {
    if (error == asio::error::eof) return End::fin;
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe) return End::reset;
    if (error == asio::error::connection_refused) return End::refused;
    if (error == asio::error::timed_out) return End::timed_out;
    if (error == asio::error::host_unreachable || error == asio::error::network_unreachable) return End::unreachable;
    return End::error;
}

}  // namespace

Connection::Connection(AsioLoop::State& loop, const Target& target, Events& events)
    : loop_(loop),
      target_(target),
      events_(&events),
      socket_(loop.io.get_executor()),
      resolver_(loop.io.get_executor()),
      layers_(client_layers(target)) {}

void Connection::set_timer(Time at, void (Connection::*what)()) {
    loop_.timers.cancel(timer_);
    timer_ = loop_.call_at(at, [self = shared_from_this(), what] { (self.get()->*what)(); });
}

// ---- connecting -------------------------------------------------------------

void Connection::dial() {
    deadline_ = loop_.now() + target_.within;
    set_timer(deadline_, &Connection::too_late);
    if (target_.transport == Transport::unix_socket) {
        if (take_unix_path()) connect();
        return;
    }
    Code not_digits;
    const auto address = asio::ip::make_address(target_.host, not_digits);
    const auto known = loop_.resolved.find({target_.host, target_.port});
    if (!not_digits) endpoints_.push_back(Tcp::endpoint(address, target_.port));
    else if (known != loop_.resolved.end()) endpoints_.assign(known->second.begin(), known->second.end());
    else return resolve();
    connect();
}

/// False: no socket can be named so; that is told from the loop.
bool Connection::take_unix_path() try {
    endpoints_.push_back(asio::local::stream_protocol::endpoint(target_.path));
    return true;
} catch (const boost::system::system_error& error) {
    loop_.call_at(loop_.now(), [self = shared_from_this(), why = error.code()] { self->connect_failed(why); });
    return false;
}

void Connection::resolve() {
    const auto take = [self = shared_from_this()](Code error, const Resolver::results_type& found) {
        if (self->state_ != State::connecting) return;
        if (error) return self->end(End::unresolved, error.message());
        auto& known = self->loop_.resolved[{self->target_.host, self->target_.port}];
        known.clear();
        for (const auto& entry : found) known.push_back(entry.endpoint());
        self->endpoints_.assign(known.begin(), known.end());
        self->connect();
    };
    resolver_.async_resolve(target_.host, std::to_string(target_.port), take);
}

void Connection::connect() {
    if (state_ != State::connecting) return;
    const auto& endpoint = endpoints_[next_endpoint_];
    Code error;
    if (socket_.is_open()) socket_.close(error);
    socket_.open(endpoint.protocol(), error);
    if (error) {
        loop_.call_at(loop_.now(), [self = shared_from_this(), error] { self->connect_failed(error); });
        return;
    }
    socket_.non_blocking(true, error);
    if (!target_.from.empty()) come_from();
    socket_.async_connect(endpoint, [self = shared_from_this()](Code failed) {
        if (self->state_ != State::connecting) return;
        // Only an established connection is reset (a SYN is refused): what came before is there to be read.
        self->reset_seen_ = failed == asio::error::connection_reset;
        if (failed && !self->reset_seen_) self->connect_failed(failed);
        else self->connected();
    });
}

/// The port is chosen when connecting: then only whole pairs of addresses have to differ. Where it fails, any will do.
void Connection::come_from() {
    Code ignored;
    socket_.set_option(asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>(true), ignored);
    const auto address = asio::ip::make_address(target_.from, ignored);
    socket_.bind(Tcp::endpoint(address, 0), ignored);
}

void Connection::connect_failed(Code error) {
    if (state_ != State::connecting) return;
    last_error_ = error;
    if (passes_by_itself(error)) {  // until too_late()
        loop_.call_at(loop_.now() + retry_pause, [self = shared_from_this()] { self->connect(); });
    } else if (++next_endpoint_ < endpoints_.size()) {
        connect();
    } else {
        end(meaning_of(error), error.message());
    }
}

void Connection::too_late() {
    if (state_ != State::connecting && state_ != State::shaking) return;
    resolver_.cancel();
    if (state_ == State::shaking)
        return end(End::timed_out, "no end of the " + std::string(layers_->stage()) + " within the time to connect");
    end(End::timed_out, last_error_ ? last_error_.message() : "no answer within the time to connect");
}

void Connection::connected() {
    Code ignored;
    if (target_.transport != Transport::unix_socket) socket_.set_option(Tcp::no_delay(true), ignored);
    if (layers_) return shake();
    opened();
    if (is_live()) await_bytes();
}

/// The deadline of connecting holds for the handshakes too.
void Connection::shake() {
    state_ = State::shaking;
    await_bytes();
    std::string first;
    layers_->start(first);
    queue(std::move(first));
}

void Connection::opened() {
    loop_.timers.cancel(timer_);
    state_ = State::open;
    std::string down;
    for (const auto& bytes : std::exchange(held_, {})) layers_->send(mqtt::octets(bytes), down);
    if (layers_ && fin_wanted_) layers_->finish(down);
    if (!down.empty()) out_.push_back(std::move(down));
    if (!events_) set_timer(loop_.now() + linger, &Connection::let_go);
    if (events_) events_->on_open();
    if (state_ == State::open && !waiting_for_room_) write();
}

// ---- reading ----------------------------------------------------------------

void Connection::await_bytes() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](Code error) {
        if (!error && self->is_live()) self->read();
    });
}

void Connection::read() {
    Code error;
    const std::size_t n = socket_.read_some(asio::buffer(loop_.buffer), error);
    if (error && error != asio::error::would_block && error != asio::error::interrupted) return read_failed(error);
    if (n) received(mqtt::View(loop_.buffer).first(n));
    if (is_live() && !fin_seen_) await_bytes();
}

void Connection::received(mqtt::View octets) {
    if (!layers_) {
        if (events_) events_->on_bytes(octets);
        return;
    }
    if (layers_->state() == Layer::State::failed) return;
    std::string up, down;
    layers_->receive(octets, up, down);
    queue(std::move(down));
    const auto state = layers_->state();
    if (state_ == State::shaking && (state == Layer::State::ready || state == Layer::State::ended)) opened();
    if (!up.empty() && events_) events_->on_bytes(mqtt::octets(up));
    if (!is_live()) return;  // the one who listens has let go meanwhile
    if (state == Layer::State::failed) break_off();
    else if (state == Layer::State::ended) layers_ended();
}

void Connection::read_failed(Code error) {
    // Linux tells of an RST once: if a write has met it, reading ends as if by FIN.
    const End how = reset_seen_ ? End::reset : meaning_of(error);
    if (state_ == State::shaking) return end(how, "closed during the " + std::string(layers_->stage()));
    if (how != End::fin) return end(how, reset_seen_ ? "reset, seen while writing" : error.message());
    fin_seen_ = true;
    if (fin_sent_ && !events_) return let_go();
    if (events_) std::exchange(events_, nullptr)->on_end(End::fin, "end of stream");
    if (state_ != State::open) return;
    if (fin_sent_) let_go();  // both directions are done
    else if (layers_) half_close();
}

/// The other side said in TLS or WebSocket that nothing more follows; its FIN is still to come. Unlike FIN that ends
/// both directions (RFC 5246, 7.2.1; RFC 6455, 5.5.1), and brokers wait for our part.
void Connection::layers_ended() {
    if (events_) std::exchange(events_, nullptr)->on_end(End::fin, layers_->what());
    if (state_ == State::open) half_close();
}

/// What the layers say to their fault goes out, then FIN; the other side is read for a while, or it would see RST.
void Connection::break_off() {
    state_ = State::open;
    set_timer(loop_.now() + linger, &Connection::let_go);
    fin_wanted_ = true;
    if (events_) std::exchange(events_, nullptr)->on_end(End::error, target_.place() + ": " + layers_->what());
    if (is_live() && !waiting_for_room_) write();
}

// ---- writing ----------------------------------------------------------------

void Connection::send(std::string bytes) {
    if (state_ == State::over || fin_wanted_ || reset_seen_ || bytes.empty()) return;
    if (!layers_) return queue(std::move(bytes));
    if (state_ != State::open) return held_.push_back(std::move(bytes));
    std::string down;
    layers_->send(mqtt::octets(bytes), down);
    queue(std::move(down));
}

void Connection::send_below_frames(std::string bytes) {
    if (!layers_) return send(std::move(bytes));
    if (state_ != State::open || fin_wanted_ || reset_seen_) return;
    std::string down;
    layers_->send_below(mqtt::octets(bytes), down);
    queue(std::move(down));
}

void Connection::queue(std::string octets) {
    if (octets.empty()) return;
    out_.push_back(std::move(octets));
    if (is_live() && !waiting_for_room_) write();
}

void Connection::write() {
    while (!out_.empty()) {
        Code error;
        const auto& front = out_.front();
        written_ += socket_.write_some(asio::buffer(front.data() + written_, front.size() - written_), error);
        if (error == asio::error::would_block) return await_room();
        if (error) {  // what has come before it is still there to be read, and reading tells the end
            reset_seen_ = error == asio::error::connection_reset;
            out_.clear();
            written_ = 0;
            break;
        }
        if (written_ < front.size()) continue;
        out_.pop_front();
        written_ = 0;
    }
    written_all();
}

void Connection::await_room() {
    waiting_for_room_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](Code error) {
        self->waiting_for_room_ = false;
        if (error || !self->is_live()) return;
        if (self->fin_wanted_ && !self->events_ && self->state_ == State::open)
            self->set_timer(self->loop_.now() + linger, &Connection::let_go);
        self->write();
    });
}

void Connection::written_all() {
    if (!fin_wanted_ || fin_sent_ || state_ != State::open) return;
    if (layers_ && !layers_->may_close() && !fin_seen_) return;
    fin_sent_ = true;
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    if (fin_seen_) let_go();
}

// ---- ending -----------------------------------------------------------------

void Connection::half_close() {
    if (state_ == State::over) return;
    std::string down;
    if (layers_ && state_ == State::open) layers_->finish(down);  // says it once
    queue(std::move(down));
    fin_wanted_ = true;
    if (state_ == State::open && !waiting_for_room_) write();
}

void Connection::close() {
    events_ = nullptr;
    if (state_ == State::over) return;
    const bool nothing_queued = held_.empty() && (layers_ || out_.empty());
    if (state_ != State::open && nothing_queued) return let_go();
    if (state_ == State::open) set_timer(loop_.now() + linger, &Connection::let_go);
    if (fin_sent_ && fin_seen_) return let_go();
    half_close();
}

void Connection::reset() {
    events_ = nullptr;
    Code ignored;
    if (socket_.is_open()) socket_.set_option(Socket::linger(true, 0), ignored);
    let_go();
}

void Connection::end(End how, const std::string& why) {
    let_go();
    if (!events_) return;
    std::exchange(events_, nullptr)->on_end(how, target_.place() + ": " + why);
}

void Connection::let_go() {
    state_ = State::over;
    loop_.timers.cancel(timer_);
    held_.clear();
    out_.clear();
    written_ = 0;
    Code ignored;
    resolver_.cancel();
    socket_.close(ignored);
}

namespace {

class RealStream final : public Stream {
public:
    explicit RealStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    ~RealStream() override { connection_->close(); }
    void send(std::string bytes) override { connection_->send(std::move(bytes)); }
    void half_close() override { connection_->half_close(); }
    void close() override { connection_->close(); }
    void reset() override { connection_->reset(); }
    void send_below_frames(std::string bytes) override { connection_->send_below_frames(std::move(bytes)); }
    std::string chosen_subprotocol() const override { return connection_->chosen_subprotocol(); }
    std::size_t text_frames() const override { return connection_->text_frames(); }

private:
    std::shared_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Stream> dial_real(AsioLoop::State& loop, const Target& target, Events& events) {
    auto connection = std::make_shared<Connection>(loop, target, events);
    connection->dial();
    return std::make_unique<RealStream>(std::move(connection));
}

}  // namespace net
