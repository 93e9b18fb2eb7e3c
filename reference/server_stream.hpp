// Private to the server: one accepted connection over TLS, WebSocket or both.
#pragma once
#include "net/layer.hpp"
#include "reference/server_link.hpp"

namespace reference {

/// Reads into the one buffer of the switchboard. The layers are made when the first octet comes, so that who connects
/// and says nothing costs no more than over TCP; how long a handshake may take is what the broker allows for CONNECT.
class StreamLink final : public ServerLink {
public:
    using MakeLayers = std::function<std::unique_ptr<net::Layer>()>;
    /// `make` outlives the loop.
    StreamLink(Switchboard& board, Socket socket, LinkId link, const MakeLayers& make);
    ~StreamLink() override;
    void begin() override { await_bytes(); }
    void collect() override;
    void let_go() override;
    bool waits_for_room() const override { return waiting_ && is_open(); }
    void cut(std::string_view why) override;

private:
    friend struct Handshakes;
    auto self() { return std::static_pointer_cast<StreamLink>(shared_from_this()); }
    void await_bytes();
    void read();
    void received(mqtt::View octets);
    void shaken();
    void hear(const std::string& bytes);
    bool too_much_waits() const;
    void take();
    void resume();
    void ended(const std::string& why, bool orderly);
    void leave();
    void write();
    void await_room();
    std::size_t unwritten() const { return out_.size() - written_; }
    bool is_open() const { return socket_.is_open(); }
    bool is_opening() const { return !layers_ || layers_->state() == net::Layer::State::opening; }

    Socket socket_;
    const MakeLayers& make_;
    std::optional<std::list<StreamLink*>::iterator> shaking_;
    std::unique_ptr<net::Layer> layers_;
    bool leaving_ = false;  // what the layers say at the end, and FIN, follow what is queued
    bool waiting_ = false;  // for room to write
    bool fin_sent_ = false, fin_seen_ = false;
    bool paused_ = false;     // reading: the login is pending, or too much waits to be written
    bool postponed_ = false;  // the broker has more to say than can be written
    std::size_t written_ = 0;
    std::string out_;
};

}  // namespace reference
