#include "reference/server_link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "reference/journal.hpp"
#include "reference/statistics.hpp"

namespace reference {
namespace {

namespace asio = boost::asio;

}  // namespace

// ---- all of them --------------------------------------------------------------

void Switchboard::add(std::shared_ptr<ServerLink> link) {
    links.add(link);
    link->begin();
}

void Table::add(std::shared_ptr<ServerLink> link) {
    const auto slot = slot_of(link->id());
    if (slot >= places_.size()) places_.resize(slot + 1);
    places_[slot] = std::move(link);
    ++size_;
}

std::shared_ptr<ServerLink> Table::find(LinkId id) const {
    const auto slot = slot_of(id);
    return slot < places_.size() && places_[slot] && places_[slot]->id() == id ? places_[slot] : nullptr;
}

void Table::remove(LinkId id) {
    if (!find(id)) return;
    places_[slot_of(id)].reset();
    --size_;
}

Settings Switchboard::prepared(Settings settings) {
    if (options.sys_interval > Time{}) {
        settings.style.refuse_sys_publish = true;
        settings.limits.retained += SysTopics::most;
    }
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
    while (!broker.dirty().empty()) {
        const LinkId link = broker.dirty().back();
        bool close = false;
        if (const auto found = links.find(link))
            found->collect();  // takes or postpones: the mark is gone
        else
            broker.take(link, close);  // nobody is there to read it
    }
}

void Switchboard::commit() {
    if (options.journal) options.journal->commit(now());
}

void Switchboard::chase() {
    while (!leaving.empty() && leaving.front().first <= now()) {
        const auto link = std::move(leaving.front().second);
        leaving.pop_front();
        if (link->stayed_too_long())
            link->let_go();
        else
            leaving.emplace_back(now() + linger, link);
    }
    while (!stuck.empty() && stuck.front().first <= now()) {
        const auto link = std::move(stuck.front().second);
        stuck.pop_front();
        if (!link->is_stuck_still()) continue;
        if (link->stayed_too_long())
            link->cut("reads nothing");
        else
            stuck.emplace_back(now() + options.write_patience, link);
    }
}

std::optional<Time> Switchboard::deadline() const {
    auto next = broker.deadline();
    if (!leaving.empty() && (!next || leaving.front().first < *next)) next = leaving.front().first;
    if (!stuck.empty() && (!next || stuck.front().first < *next)) next = stuck.front().first;
    return next;
}

std::string name_of(const Socket& socket) {
    Code error;
    const auto from = socket.remote_endpoint(error);
    if (error) return "?";
    const int family = from.protocol().family();
    if (family != AF_INET && family != AF_INET6) return "unix";
    const auto address = from.address().to_string();
    return (from.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(from.port());
}

// ---- one ------------------------------------------------------------------------

void ServerLink::log_as(const std::string& name) {
    if (!is_watched()) return;
    log_ = std::make_unique<Watch>(board_, name);
    log_->event("opened");
}

void ServerLink::forget() {
    if (!std::exchange(known_, false)) return;
    board_.links.remove(link_);
    board_.broker.lost(link_, board_.now());
}

// ---- TCP ------------------------------------------------------------------------

TcpLink::TcpLink(Switchboard& board, Socket socket, LinkId link) : ServerLink(board, link), socket_(std::move(socket)) {
    if (is_watched()) log_as(name_of(socket_));
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
    paused_ = known_ && (!may_read() || too_much_waits());
    if (!paused_) await_bytes();
}

/// Answers are never dropped: a client that sends and does not read is not read any more.
bool TcpLink::too_much_waits() const {
    return out_ && out_->octets.size() - out_->written + board_.broker.waiting(link_) > most_waiting;
}

void TcpLink::ended(Code why) {
    const bool fin = why == asio::error::eof;
    if (log_) log_->event(fin ? "FIN received" : why.message());
    fin_seen_ = true;
    if (known_) {
        if (fin) take();  // what was said before the client went still goes out
        forget();
    }
    if (!fin || fin_sent_) return let_go();
    leave();
}

/// Writes what is queued, then FIN; then reads on for a while, so that the client sees FIN and not RST.
void TcpLink::leave() {
    if (!is_open()) return;
    leaving_begins();
    if (!out_) written_all();
}

void TcpLink::leaving_begins() {
    if (std::exchange(leaving_, true)) return;
    ++board_.lingering;
    board_.leaving.emplace_back(board_.now() + linger, shared_from_this());
}

void TcpLink::collect() {
    postponed_ = out_ != nullptr;
    if (out_)
        board_.broker.postpone(link_);  // it waits there, within the broker's bounds
    else
        take();
}

void TcpLink::take() {
    if (!known_) return;
    bool close = false;
    std::string bytes = board_.broker.take(link_, close);
    if (log_) log_->sent(mqtt::octets(bytes));
    if (close) {
        known_ = false;
        board_.links.remove(link_);  // a handler or the caller still holds this
    }
    if (!is_open()) return;
    if (out_) out_->octets += bytes;
    if (close) leaving_begins();
    if (!out_) write(std::move(bytes));
    resume();
}

void TcpLink::cut(std::string_view why) {
    if (log_) log_->event(std::string(why) + ": reset");
    Code ignored;
    socket_.set_option(Socket::linger(true, 0), ignored);
    let_go();
}

/// As much as there is room for now; the rest waits in out_.
void TcpLink::write(std::string bytes) {
    const std::size_t n = write_some(bytes);
    if (n < bytes.size() && is_open()) {
        out_ = std::make_unique<Output>(Output{std::move(bytes), n});
        return await_room();
    }
    board_.broker.recycle(std::move(bytes));
    written_all();
}

/// Octets written; less than all where there is no room, and all of them where reading will tell how it ended.
std::size_t TcpLink::write_some(std::string_view bytes) {
    std::size_t written = 0;
    while (is_open() && written < bytes.size()) {
        Code error;
        const std::size_t n = socket_.write_some(asio::buffer(bytes.data() + written, bytes.size() - written), error);
        written += n;
        moved_ = moved_ || n != 0;
        if (error == asio::error::would_block) return written;
        if (error) return bytes.size();
    }
    return written;
}

void TcpLink::write_on() {
    auto& [octets, written] = *out_;
    written += write_some(std::string_view(octets).substr(written));
    if (paused_) excuse();

    if (written < octets.size()) return await_room();
    out_.reset();
    written_all();
    if (postponed_) collect();
    resume();
}

/// Reads on, where nothing forbids it any more.
void TcpLink::resume() {
    if (!paused_ || !is_open() || too_much_waits() || (known_ && !may_read())) return;
    paused_ = false;
    await_bytes();
}

void TcpLink::written_all() {
    if (!leaving_ || fin_sent_ || !is_open()) return;
    fin_sent_ = moved_ = true;
    if (log_) log_->event("FIN sent");
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    if (fin_seen_) let_go();
}

void TcpLink::await_room() {
    auto& [octets, written] = *out_;
    if (written > octets.size() / 2) {  // moving the rest costs no more than what was written
        octets.erase(0, written);
        written = 0;
    }
    if (!std::exchange(watched_, true))
        board_.stuck.emplace_back(board_.now() + board_.options.write_patience, shared_from_this());
    socket_.async_wait(Socket::wait_write, [self = self()](Code error) {
        if (!error && self->is_open() && self->out_) self->write_on();
    });
}

void TcpLink::let_go() {
    if (!is_open()) return;
    Code ignored;
    socket_.close(ignored);
    if (leaving_) --board_.lingering;
    out_.reset();
    forget();
}

}  // namespace reference
