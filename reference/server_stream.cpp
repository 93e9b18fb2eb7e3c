#include "reference/server_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <utility>

namespace reference {
namespace {

namespace asio = boost::asio;

/// After the client's last octets of TLS 1.3 there is nothing to say, and one that does not set TCP_NODELAY would keep
/// what it says next back until the kernel acknowledges them: 40 ms later, unless told to do so now.
void acknowledge(Socket& socket) {
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

}  // namespace

void Handshakes::admit(StreamLink& link) {
    if (under_way.size() >= most) under_way.front()->cut("too many handshakes are under way");
    link.shaking_ = under_way.insert(under_way.end(), &link);
}

StreamLink::StreamLink(Switchboard& board, Socket socket, LinkId link, const MakeLayers& make)
    : ServerLink(board, link), socket_(std::move(socket)), make_(make) {
    if (is_watched()) log_as(name_of(socket_));
}

StreamLink::~StreamLink() { shaken(); }

// ---- reading --------------------------------------------------------------------

void StreamLink::await_bytes() {
    socket_.async_wait(Socket::wait_read, [self = self()](Code error) {
        if (!error && self->is_open()) self->read();
    });
}

void StreamLink::read() {
    Code error;
    const std::size_t n = socket_.read_some(asio::buffer(board_.buffer), error);
    if (error && error != asio::error::would_block && error != asio::error::interrupted) {
        fin_seen_ = true;
        const bool fin = error == asio::error::eof;
        return ended(fin ? "FIN received" : error.message(), fin);
    }
    if (n) received(mqtt::View(board_.buffer).first(n));
    if (!is_open()) return;
    paused_ = too_much_waits() || (known_ && !may_read());
    if (!paused_) await_bytes();
}

void StreamLink::received(mqtt::View octets) {
    using State = net::Layer::State;
    if (!layers_) {
        layers_ = make_();
        board_.handshakes.admit(*this);
    }
    const State before = layers_->state();
    if (before == State::failed) return;
    std::string up;
    layers_->receive(octets, up, out_);
    const State after = layers_->state();
    if (before == State::opening && after != State::opening) shaken();
    if (before == State::opening && (after == State::ready || after == State::ended)) {
        const std::string name = layers_->certificate_name();
        if (log_) log_->event(name.empty() ? "handshake done" : "handshake done, the certificate is of " + name);
        if (known_ && !name.empty()) board_.broker.identify(link_, name);
    }
    if (before == State::opening && out_.empty()) acknowledge(socket_);
    if (!up.empty()) hear(up);
    if (!waiting_) write();
    if (after == State::failed || (after == State::ended && before != after))
        ended(layers_->what(), after == State::ended);
}

/// Answers are never dropped, pongs neither: a client that sends and does not read is not read any more.
bool StreamLink::too_much_waits() const {
    return waits_for_room() && unwritten() + (known_ ? board_.broker.waiting(link_) : 0) > most_waiting;
}

void StreamLink::shaken() {
    if (shaking_) board_.handshakes.under_way.erase(*shaking_);
    shaking_.reset();
}

void StreamLink::hear(const std::string& bytes) {
    if (!known_) return;
    if (log_) log_->received(mqtt::octets(bytes));
    board_.broker.receive(link_, mqtt::octets(bytes), board_.now());
}

// ---- writing --------------------------------------------------------------------

void StreamLink::collect() {
    postponed_ = waiting_;
    if (waiting_)
        board_.broker.postpone(link_);  // it waits there, within the broker's bounds
    else
        take();
}

void StreamLink::take() {
    if (!known_) return;
    bool close = false;
    std::string bytes = board_.broker.take(link_, close);
    if (close) {
        known_ = false;
        board_.links.remove(link_);  // a handler or the caller still holds this
    }
    if (!is_open()) return;
    if (!is_opening() && !bytes.empty()) {
        if (log_) log_->sent(mqtt::octets(bytes));
        layers_->send(mqtt::octets(bytes), out_);
    }
    board_.broker.recycle(std::move(bytes));
    if (layers_ && layers_->state() == net::Layer::State::failed) return ended(layers_->what(), false);
    if (close) return leave();
    if (!waiting_) write();
    resume();
}

void StreamLink::resume() {
    if (!is_open() || !paused_ || too_much_waits() || (known_ && !may_read())) return;
    paused_ = false;
    await_bytes();
}

void StreamLink::write() {
    while (is_open() && unwritten() != 0) {
        Code error;
        const std::size_t n = socket_.write_some(asio::buffer(out_.data() + written_, unwritten()), error);
        written_ += n;
        moved_ = moved_ || n != 0;
        if (error == asio::error::would_block) return await_room();
        if (error) break;  // reading tells how it ended
    }
    written_ = 0;
    out_ = {};  // idle links own no room
    if (!leaving_ || fin_sent_ || !is_open()) return;
    if (layers_ && !layers_->may_close() && !fin_seen_) return;  // the other side's close frame is awaited
    fin_sent_ = moved_ = true;
    if (log_) log_->event("FIN sent");
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    if (fin_seen_) let_go();
}

void StreamLink::await_room() {
    if (written_ > out_.size() / 2) {  // moving the rest costs no more than what was written
        out_.erase(0, written_);
        written_ = 0;
    }
    waiting_ = true;
    if (!std::exchange(watched_, true))
        board_.stuck.emplace_back(board_.now() + board_.options.write_patience, shared_from_this());
    socket_.async_wait(Socket::wait_write, [self = self()](Code error) {
        self->waiting_ = false;
        if (error || !self->is_open()) return;
        if (self->paused_) self->excuse();
        self->write();
        if (!self->waiting_ && std::exchange(self->postponed_, false)) self->take();
        self->resume();
    });
}

// ---- ending ---------------------------------------------------------------------

/// By FIN, by what the layers took for an end, or by a fault.
void StreamLink::ended(const std::string& why, bool orderly) {
    if (log_) log_->event(why);
    if (known_ && orderly) take();  // what was said before the client went still goes out
    forget();
    if (leaving_ && !waiting_) write();  // our FIN may have waited for theirs
    const bool failed = layers_ && layers_->state() == net::Layer::State::failed;
    if (fin_seen_ && (!orderly || fin_sent_)) return let_go();
    if (!orderly && !failed) return let_go();
    leave();
}

/// Writes what is queued and what the layers say at the end, then FIN; then reads on for a while, so that the client
/// sees FIN and not RST. Who has not even shaken hands is told nothing.
void StreamLink::leave() {
    if (!is_open() || std::exchange(leaving_, true)) return;
    ++board_.lingering;
    board_.leaving.emplace_back(board_.now() + linger, shared_from_this());
    if (is_opening()) return let_go();
    layers_->finish(out_);
    if (!waiting_) write();
}

void StreamLink::cut(std::string_view why) {
    if (log_) log_->event(std::string(why) + ": reset");
    Code ignored;
    if (is_open()) socket_.set_option(Socket::linger(true, 0), ignored);
    let_go();
}

void StreamLink::let_go() {
    if (!is_open()) return;
    Code ignored;
    socket_.close(ignored);
    shaken();
    if (leaving_) --board_.lingering;
    out_ = {};
    written_ = 0;
    forget();
}

}  // namespace reference
