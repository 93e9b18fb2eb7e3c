#include "reference/server_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace reference {
namespace {

namespace asio = boost::asio;
constexpr Time linger = std::chrono::seconds(1);

}  // namespace

// ---- all of them --------------------------------------------------------------

void Switchboard::add(std::shared_ptr<ServerLink> link) {
    links.emplace(link->id(), link);
    link->begin();
}

Settings Switchboard::with_pool(Settings settings) {
    if (!options.login) return settings;
    settings.login = [this](const Credentials& c) { return logins->take(c); };
    return settings;
}

void Switchboard::start_pool() {
    if (!options.login) return;
    logins = std::make_unique<LoginPool>(options.logins, options.login, [this](LinkId link, Admission answer) {
        asio::post(io, [this, link, answer] { broker.decide(link, answer, now()); });
    });
}

void Switchboard::flush() {
    for (auto dirty = broker.dirty(); !dirty.empty(); dirty = broker.dirty()) {
        const std::vector<LinkId> now_dirty(dirty.begin(), dirty.end());
        for (const LinkId link : now_dirty) {
            const auto found = links.find(link);
            bool close = false;
            if (found != links.end()) std::shared_ptr(found->second)->collect();
            else broker.take(link, close);  // nobody is there to read it
        }
    }
}

void Switchboard::chase() {
    while (!leaving.empty() && leaving.front().first <= now()) {
        const auto link = std::move(leaving.front().second);
        leaving.pop_front();
        if (link->stayed_too_long()) link->let_go();
        else leaving.emplace_back(now() + linger, link);
    }
}

std::optional<Time> Switchboard::deadline() const {
    auto next = broker.deadline();
    if (!leaving.empty() && (!next || leaving.front().first < *next)) next = leaving.front().first;
    return next;
}

// ---- one ------------------------------------------------------------------------

void ServerLink::log_as(const std::string& name) {
    const auto& options = board_.options;
    if (options.log_level == LogLevel::quiet || !options.log) return;
    log_ = std::make_unique<WireLog>(name, options.log_level == LogLevel::packets, options.log);
    log_->event("opened");
}

void ServerLink::forget() {
    if (!std::exchange(known_, false)) return;
    board_.links.erase(link_);
    board_.broker.lost(link_, board_.now());
}

// ---- TCP ------------------------------------------------------------------------

TcpLink::TcpLink(Switchboard& board, Socket socket, LinkId link)
    : ServerLink(board, link), socket_(std::move(socket)) {
    if (board.options.log_level == LogLevel::quiet) return;
    Code error;
    const auto from = socket_.remote_endpoint(error);
    log_as(error ? "?" : from.address().to_string() + ':' + std::to_string(from.port()));
}

void TcpLink::await_bytes() {
    socket_.async_wait(Socket::wait_read, [self = self()](Code error) {
        if (!error && self->is_open()) self->read();
    });
}

void TcpLink::read() {
    Code error;
    const std::size_t n = socket_.read_some(asio::buffer(board_.buffer), error);
    if (error && error != asio::error::would_block && error != asio::error::interrupted) return ended(error);
    if (n && known_) {
        const auto bytes = mqtt::View(board_.buffer).first(n);
        if (log_) log_->received(bytes);
        board_.broker.receive(link_, bytes, board_.now());
    }
    paused_ = known_ && !may_read();
    if (!paused_) await_bytes();
}

void TcpLink::ended(Code why) {
    const bool fin = why == asio::error::eof;
    if (log_) log_->event(fin ? "FIN received" : why.message());
    fin_seen_ = true;
    if (known_) {
        if (fin) collect();  // what was said before the client went still goes out
        forget();
    }
    if (!fin || fin_sent_) return let_go();
    leave();
}

/// Writes what is queued, then FIN; then reads on for a while, so that the client sees FIN and not RST.
void TcpLink::leave() {
    if (!is_open() || std::exchange(leaving_, true)) return;
    ++board_.lingering;
    board_.leaving.emplace_back(board_.now() + linger, shared_from_this());
    if (!waiting_) write();
}

void TcpLink::collect() {
    if (!known_) return;
    bool close = false;
    std::string bytes = board_.broker.take(link_, close);
    if (log_) log_->sent(mqtt::octets(bytes));
    if (close) {
        known_ = false;
        board_.links.erase(link_);  // a handler or the caller still holds this
    }
    if (!is_open()) return;
    if (paused_ && may_read()) paused_ = false, await_bytes();
    if (out_.empty()) out_ = std::move(bytes);
    else out_ += bytes;
    if (close) return leave();
    if (!waiting_) write();
    if (out_.size() - written_ <= board_.options.outbox_octets) return;
    if (log_) log_->event("reads too slowly: reset");
    Code ignored;
    socket_.set_option(Socket::linger(true, 0), ignored);
    let_go();
}

void TcpLink::write() {
    while (is_open() && written_ < out_.size()) {
        Code error;
        const std::size_t n = socket_.write_some(asio::buffer(out_.data() + written_, out_.size() - written_), error);
        written_ += n;
        moved_ = moved_ || n != 0;
        if (error == asio::error::would_block) return await_room();
        if (error) break;  // reading tells how it ended
    }
    written_ = 0;
    board_.broker.recycle(std::exchange(out_, {}));
    if (!leaving_ || fin_sent_ || !is_open()) return;
    fin_sent_ = moved_ = true;
    if (log_) log_->event("FIN sent");
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    if (fin_seen_) let_go();
}

void TcpLink::await_room() {
    if (written_ > out_.size() / 2) {  // moving the rest costs no more than what was written
        out_.erase(0, written_);
        written_ = 0;
    }
    waiting_ = true;
    socket_.async_wait(Socket::wait_write, [self = self()](Code error) {
        self->waiting_ = false;
        if (!error && self->is_open()) self->write();
    });
}

void TcpLink::let_go() {
    if (!is_open()) return;
    Code ignored;
    socket_.close(ignored);
    if (leaving_) --board_.lingering;
    out_ = {};
    written_ = 0;
    forget();
}

}  // namespace reference
