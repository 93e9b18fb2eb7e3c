// One side of a WebSocket connection (RFC 6455): HTTP, then frames, whose data are octets of MQTT.
#pragma once
#include <string>

#include "pcap/http.hpp"
#include "pcap/tcp_side.hpp"

namespace pcap {

class WebSocketSide {
public:
    class Sink {
    public:
        /// What comes behind the head.
        enum class Behind : std::uint8_t { frames, body, another_head };
        virtual Behind head(int side, const HttpHead&, Time) = 0;
        virtual void carried(int side, mqtt::View, Time) = 0;
        virtual void not_carried(int side, std::size_t missing, Time) = 0;
        /// What cannot be read; nothing more is told.
        virtual void refuse(int side, const std::string& why, Time) = 0;
        virtual Side role(int side) const = 0;
        /// Something was carried.
        virtual bool is_told() const = 0;

    protected:
        ~Sink() = default;
    };
    WebSocketSide(int side, Sink& sink) : sink_(sink), side_(side) {}

    void octets(mqtt::View in, Time now);
    void hole(std::size_t missing, Time now);
    /// The head was not captured.
    void join() { state_ = State::lost; }

private:
    enum class State : std::uint8_t { head, body, frame_head, payload, lost, over };
    void gather_head(mqtt::View& in, Time now);
    void pass_body(mqtt::View& in, Time now);
    void gather_frame_head(mqtt::View& in, Time now);
    void payload(mqtt::View& in, Time now);
    void search(mqtt::View& in, Time now);
    void refuse(const std::string& why, Time now);

    Sink& sink_;
    std::string held_;  // a head that is not whole
    HttpBody body_;
    std::uint64_t left_ = 0, passed_ = 0;  // octets of the frame's payload; of bodies
    std::uint8_t mask_[4]{}, opcode_ = 0;
    std::size_t mask_at_ = 0;
    bool masked_ = false, asked_ = false;  // asked_: for WebSocket, and no frame since
    State state_ = State::head;
    int side_;
};

}  // namespace pcap
