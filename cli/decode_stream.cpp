#include "cli/decode_stream.hpp"

#include <algorithm>

namespace cli {
namespace {

using mqtt::Explained;
using mqtt::Type;
using mqtt::Version;
using mqtt::View;

constexpr std::size_t fixed_header = 5;      // octets at most
constexpr std::size_t looked_at = 64 << 10;  // octets a guess is made of

/// Who sends packets of that type, where only one side may.
std::optional<bool> is_from_server(Type type, Version v) {
    switch (type) {
        case Type::connect:
        case Type::subscribe:
        case Type::unsubscribe:
        case Type::pingreq: return false;
        case Type::connack:
        case Type::suback:
        case Type::unsuback:
        case Type::pingresp: return true;
        case Type::disconnect: return v == Version::v5 ? std::nullopt : std::optional(false);
        default: return std::nullopt;
    }
}

/// The whole packets at the start of `in`; f is told each, and stops with false.
template <class F>
void each_packet(View in, F f) {
    for (auto frame = mqtt::declared_frame(in); frame.body && frame.size <= in.size() && f(frame, in.first(frame.size));
         frame = mqtt::declared_frame(in))
        in = in.subspan(frame.size);
}

std::size_t faults_in(View in, Version v) {
    std::size_t faults = 0, taken = 0;
    Explained packet;
    each_packet(in, [&](const mqtt::Frame& frame, View octets) {
        if (frame.type() == Type::connect) return false;
        mqtt::explain(packet, octets, v);
        faults += packet.faults.size() + packet.more_faults;
        taken += frame.size;
        return true;
    });
    return faults;
}

bool first_from_server(View in, Version v) {
    bool answer = false;
    each_packet(in, [&](const mqtt::Frame& frame, View) {
        const auto known = is_from_server(frame.type(), v);
        answer = known.value_or(false);
        return !known;
    });
    return answer;
}

class Stream {
public:
    Stream(Window& window, const StreamOptions& options, const std::function<void(const Piece&)>& tell,
           const std::function<void(const Guess&)>& tell_guess)
        : window_(window), options_(options), tell_(tell), tell_guess_(tell_guess) {}

    void run() {
        for (;;) {
            const auto frame = next_frame();
            const View in = window_.fill(frame.body ? std::min(frame.size, options_.max_packet) : 0);
            if (in.empty()) return;
            if (offset_ == 0) begin(in, frame);
            if (frame.type() == Type::connack && guessed_ && frame.body) version_ = guess_version(in).version;
            const bool broken = !frame.body && in.size() >= fixed_header;
            if (broken)
                gap(in);
            else if (frame.size > options_.max_packet)
                large(in.first(std::min(in.size(), options_.max_packet)), frame);
            else if (!frame.body || in.size() < frame.size)
                truncated(in, 0, frame);
            else
                packet(in.first(frame.size), frame, frame.size);
        }
    }

private:
    /// Waits for no octet more than the fixed header has.
    mqtt::Frame next_frame() {
        for (std::size_t n = 2; n <= fixed_header; ++n) {
            const View in = window_.fill(n);
            const auto frame = mqtt::declared_frame(in);
            if (frame.body || in.size() < n) return frame;
        }
        return {};
    }
    void begin(View in, const mqtt::Frame& frame) {
        version_ = options_.version.value_or(Version::v5);
        const bool tells = frame.body && frame.type() == Type::connect;
        if (!tells && !options_.version && !in.empty()) {
            const Guess guess = guess_version(in.first(std::min(in.size(), looked_at)));
            version_ = guess.version;
            guessed_ = true;
            tell_guess_(guess);
            if (frame.body && frame.type() != Type::connack) midstream(guess);
        }
        from_server_ = options_.from_server.value_or(first_from_server(in, version_));
    }
    void midstream(const Guess& guess) {
        packet_.version = guess.version;
        tell_({.kind = Piece::Kind::midstream, .packet = &packet_, .reason = guess.why});
    }
    Piece piece(Piece::Kind kind, View octets, std::size_t length) {
        mqtt::explain(packet_, octets, version_);
        if (packet_.type() == Type::connect) {
            guessed_ = false;
            version_ = packet_.version;
        }
        if (!options_.from_server) from_server_ = is_from_server(packet_.type(), version_).value_or(from_server_);
        Piece p{.kind = kind,
                .offset = offset_,
                .length = length,
                .octets = octets,
                .from_server = from_server_,
                .packet = &packet_};
        offset_ += length;
        return p;
    }
    void packet(View octets, const mqtt::Frame&, std::size_t length) {
        tell_(piece(Piece::Kind::packet, octets, length));
        window_.take(octets.size());
    }
    /// `skipped`: octets of it that came and were not kept.
    void truncated(View octets, std::size_t skipped, const mqtt::Frame& frame) {
        Piece p = piece(Piece::Kind::truncated, octets, octets.size() + skipped);
        p.missing = frame.body ? frame.size - p.length : 0;
        p.reason = frame.body
                       ? "the stream ends in the middle of it; octets missing: " + std::to_string(p.missing)
                       : "the stream ends within the fixed header";
        tell_(p);
        window_.take(octets.size());
    }
    /// More than is held at a time: looked at as far as it is.
    void large(View octets, const mqtt::Frame& frame) {
        const auto rest = frame.size - octets.size();
        const auto buffered = window_.rest().size() - octets.size();
        const auto skipped = buffered >= rest ? 0 : window_.skip(rest - buffered);
        if (buffered + skipped < rest) {
            truncated(octets, buffered + skipped, frame);
            window_.take(buffered);
            return;
        }
        packet(octets, frame, frame.size);
        window_.take(std::min(rest, buffered));
    }
    void gap(View in) {
        Piece p = piece(Piece::Kind::gap, in.first(fixed_header), fixed_header);
        window_.take(in.size());
        const auto rest = in.size() - fixed_header + window_.skip(SIZE_MAX);
        p.length += rest;
        offset_ += rest;
        p.reason = "its fixed header is broken; " + std::to_string(p.length) + " octets were not decoded";
        tell_(p);
    }

    Window& window_;
    const StreamOptions& options_;
    const std::function<void(const Piece&)>& tell_;
    const std::function<void(const Guess&)>& tell_guess_;
    std::size_t offset_ = 0;
    Version version_ = Version::v5;
    bool guessed_ = false, from_server_ = false;
    Explained packet_;
};

}  // namespace

std::string_view Piece::type() const {
    switch (kind) {
        case Kind::packet: return packet->type_name();
        case Kind::truncated: return "TRUNCATED";
        case Kind::gap: return "GAP";
        case Kind::midstream: return "MIDSTREAM";
    }
    return "";
}

Guess guess_version(View in) {
    const auto frame = mqtt::declared_frame(in);
    const auto read_as = [](Version v, const std::string& why) {
        return Guess{v, "no CONNECT: read as MQTT " + std::string(mqtt::name(v)) + why};
    };
    if (frame.body && frame.type() == Type::connack)
        return read_as(frame.size == frame.body + 2 ? Version::v3_1_1 : Version::v5, " by the length of CONNACK");
    const auto of_5 = faults_in(in, Version::v5), of_3_1_1 = faults_in(in, Version::v3_1_1);
    if (of_3_1_1 < of_5) return read_as(Version::v3_1_1, ", which finds fewer faults than 5");
    return read_as(Version::v5,
                   of_5 < of_3_1_1 ? ", which finds fewer faults than 3.1.1" : " (3.1.1 finds as few faults)");
}

void take_apart(Window& window, const StreamOptions& options, const std::function<void(const Piece&)>& tell,
                const std::function<void(const Guess&)>& tell_guess) {
    Stream(window, options, tell, tell_guess).run();
}

}  // namespace cli
