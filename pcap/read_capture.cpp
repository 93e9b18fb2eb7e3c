#include <algorithm>

#include "pcap/flows.hpp"
#include "pcap/read.hpp"
#include "pcap/tshark.hpp"

namespace pcap {
namespace {

constexpr std::uint64_t frames_between = 4'096;  // from one report of progress to the next

std::optional<Carried> carried(std::string_view word) {
    if (word == "mqtt") return Carried::mqtt;
    if (word == "ws" || word == "websocket") return Carried::web_socket;
    if (word == "mqtts" || word == "tls" || word == "wss") return Carried::tls;
    if (word == "none" || word == "other") return Carried::other;
    return std::nullopt;
}

}  // namespace

void add_port(std::map<std::uint16_t, Carried>& ports, const std::string& text) {
    const auto equals = text.find('=');
    const auto what = equals == text.npos ? std::nullopt : carried(std::string_view(text).substr(equals + 1));
    const auto digits = text.substr(0, equals);
    const bool number = !digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == digits.npos;
    if (!what || !number || std::stoul(digits) == 0 || std::stoul(digits) > 65'535)
        throw CaptureError("--port-map " + text + ": has to be PORT=mqtt, PORT=ws, PORT=mqtts or PORT=none");
    ports[std::uint16_t(std::stoul(digits))] = *what;
}

namespace {

/// A capture, or what tshark makes of it: frame by frame to connections of its own.
class Reading {
public:
    Reading(std::unique_ptr<Source> from, const std::string& name, Context& context)
        : frames_(std::move(from), name), flows_(context) {}
    /// False at the end; else time() is that of the next frame.
    bool advance() { return there_ = frames_.next(frame_); }
    bool there() const { return there_; }
    Time time() const { return frame_.time; }
    void take() {
        any_ = true;
        if (dissector_.segment(frame_, segment_)) flows_.segment(segment_);
    }
    bool any() const { return any_; }
    void end(Time now) { flows_.end(now); }
    const FrameReader& frames() const { return frames_; }

private:
    FrameReader frames_;
    Dissector dissector_;
    Flows flows_;
    Frame frame_;
    Segment segment_;
    bool there_ = false, any_ = false;
};

/// All frames of both, in the order of their times; `now`: the last one's.
void read_all(Reading& capture, Reading* decrypted, Context& context, Time& now) {
    const auto& options = context.options;
    if (decrypted) decrypted->advance();
    for (std::uint64_t count = 0; capture.advance(); ++count) {
        if (count == 0) context.listener.begins(capture.time());
        now = capture.time();
        for (; decrypted && decrypted->there() && decrypted->time() < now; decrypted->advance()) decrypted->take();
        capture.take();
        if (count % frames_between) continue;
        if (options.progress) options.progress(capture.frames().taken());
        if (options.stop && options.stop()) return;
    }
    for (; decrypted && decrypted->there(); decrypted->advance()) {
        now = std::max(now, decrypted->time());
        decrypted->take();
    }
}

}  // namespace

void read_capture(std::unique_ptr<Source> from, const std::string& name, const Options& options, Listener& listener,
                  std::unique_ptr<Source> decrypted) {
    Context context(options, listener);
    Reading capture(std::move(from), name, context);
    std::optional<Reading> second;
    if (decrypted) second.emplace(std::move(decrypted), "tshark's output", context);
    Time now{};
    const auto end = [&] {
        capture.end(now);
        if (second) second->end(now);
    };
    try {
        read_all(capture, second ? &*second : nullptr, context, now);
    } catch (const CaptureError&) {  // what was whole is told
        end();
        throw;
    }
    end();
    if (second && !second->any())
        listener.remark(
            {Remark::Kind::decryption, now, options.keylog + ": its secrets open no connection of " + name});
    if (options.progress) options.progress(capture.frames().taken());
    if (!capture.frames().cut().empty() && !(options.stop && options.stop()))
        listener.remark({Remark::Kind::cut, now, capture.frames().cut()});
}

void read_capture(const std::string& path, const Options& options, Listener& listener) {
    std::unique_ptr<Source> decrypted;
    auto from = open_source(path, options.stop);
    if (!options.keylog.empty()) decrypted = decrypted_by_tshark(path, options);
    read_capture(std::move(from), path == "-" ? "the standard input" : path, options, listener, std::move(decrypted));
}

}  // namespace pcap
